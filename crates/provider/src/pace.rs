//! How many calls are on the way to a platform at once. Pure: the time comes in.

use std::time::Duration;

/// Halves the calls at once when the platform throttles, and lets one more in after each round of
/// calls that it answers: as networks share a line without asking each other.
///
/// Times are counted from any one moment, such as the beginning of the run.
///
/// ```
/// use std::time::Duration;
/// use pgfleet_provider::Pace;
///
/// let mut pace = Pace::new(8);
/// let now = Duration::from_secs(1);
/// let change = pace.throttled(now, now, None).unwrap();
/// assert_eq!((change.before, change.after), (8, 4));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    most: u32,
    allowed: u32,
    /// Answers since `allowed` was last changed.
    answered: u32,
    /// When it was last lowered.
    lowered: Option<Duration>,
    quiet_until: Duration,
}

/// How the number of calls at once has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceChange {
    /// What it was.
    pub before: u32,
    /// What it is.
    pub after: u32,
    /// What it is where nothing is throttled.
    pub most: u32,
}

/// Longest that all calls wait since one of them was told to: a platform that asks for more is
/// asked again now and then.
const LONGEST_QUIET: Duration = Duration::from_secs(120);

impl Pace {
    /// At most this many calls at once, and at least one.
    pub fn new(most: u32) -> Self {
        let most = most.max(1);
        Self {
            most,
            allowed: most,
            answered: 0,
            lowered: None,
            quiet_until: Duration::ZERO,
        }
    }

    /// When the next call may be made while so many are on the way: now or later; `None` where one
    /// of them has to end first.
    pub fn opens(&self, on_the_way: u32, now: Duration) -> Option<Duration> {
        (on_the_way < self.allowed).then_some(self.quiet_until.max(now))
    }

    /// A call that was made at `sent` was throttled. Calls that left together count once, or a
    /// burst would bring them down to one at once. What the platform asks one of them to wait
    /// (`retry_after`) they all wait.
    pub fn throttled(
        &mut self,
        sent: Duration,
        now: Duration,
        retry_after: Option<Duration>,
    ) -> Option<PaceChange> {
        self.answered = 0;
        if let Some(wait) = retry_after {
            self.quiet_until = self.quiet_until.max(now + wait.min(LONGEST_QUIET));
        }
        if self.lowered.is_some_and(|lowered| sent < lowered) {
            return None;
        }
        self.lowered = Some(now);
        self.change_to((self.allowed / 2).max(1))
    }

    /// A call was answered.
    pub fn answered(&mut self) -> Option<PaceChange> {
        if self.allowed == self.most {
            return None;
        }
        self.answered += 1;
        if self.answered < self.allowed {
            return None;
        }
        self.change_to(self.allowed + 1)
    }

    fn change_to(&mut self, after: u32) -> Option<PaceChange> {
        self.answered = 0;
        let before = std::mem::replace(&mut self.allowed, after);
        (before != after).then_some(PaceChange {
            before,
            after,
            most: self.most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_halves_down_to_one_and_never_to_none() {
        let mut pace = Pace::new(8);
        let steps: Vec<_> = (1..6)
            .map(|second| pace.throttled(at(second), at(second), None))
            .map(|change| change.map(|change| (change.before, change.after)))
            .collect();
        assert_eq!(
            steps,
            [Some((8, 4)), Some((4, 2)), Some((2, 1)), None, None]
        );
        assert_eq!(pace.opens(0, at(9)), Some(at(9)));
        assert_eq!(pace.opens(1, at(9)), None);
    }

    #[test]
    fn a_burst_that_left_together_counts_once() {
        let mut pace = Pace::new(8);
        assert!(pace.throttled(at(1), at(3), None).is_some());
        for _ in 0..7 {
            assert_eq!(pace.throttled(at(2), at(4), None), None);
        }
        assert!(pace.throttled(at(4), at(5), None).is_some());
    }

    #[test]
    fn it_recovers_by_one_after_each_round_of_answers() {
        let mut pace = Pace::new(4);
        pace.throttled(at(1), at(1), None);
        pace.throttled(at(2), at(2), None);
        let mut answers = Vec::new();
        let mut since = 0;
        while pace.opens(3, at(3)).is_none() {
            since += 1;
            if let Some(change) = pace.answered() {
                answers.push((since, change.before, change.after));
            }
        }
        assert_eq!(answers, [(1, 1, 2), (3, 2, 3), (6, 3, 4)]);
        assert_eq!(pace.answered(), None, "never above the most");
    }

    #[test]
    fn a_throttled_call_begins_the_count_of_answers_anew() {
        let mut pace = Pace::new(4);
        pace.throttled(at(1), at(1), None);
        assert_eq!(pace.answered(), None);
        pace.throttled(at(0), at(2), None);
        assert_eq!(pace.answered(), None);
        assert!(pace.answered().is_some());
    }

    #[test]
    fn what_one_is_asked_to_wait_all_wait_within_a_bound() {
        let mut pace = Pace::new(4);
        pace.throttled(at(1), at(10), Some(at(30)));
        assert_eq!(pace.opens(0, at(11)), Some(at(40)));
        pace.throttled(at(1), at(12), Some(at(1)));
        assert_eq!(pace.opens(0, at(13)), Some(at(40)), "the longest counts");
        assert_eq!(pace.opens(0, at(41)), Some(at(41)));
        pace.throttled(at(1), at(50), Some(at(86_400)));
        assert_eq!(pace.opens(0, at(50)), Some(at(50) + LONGEST_QUIET));
    }

    #[test]
    fn none_at_all_is_one() {
        assert_eq!(Pace::new(0), Pace::new(1));
    }
}
