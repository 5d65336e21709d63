//! How long to wait before a call is made again. Pure: time and randomness come in.

use std::time::Duration;

use crate::Retry;

/// Growing pauses with jitter, bounded in count and in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause, before jitter.
    pub first: Duration,
    /// The longest pause, before jitter.
    pub longest: Duration,
    /// How many times a call is made again.
    pub attempts: u32,
    /// How long after its first failure a call may be made again.
    pub within: Duration,
}

impl Default for Backoff {
    /// From half a second to twenty, ten times: about two minutes in all, and a quarter of an hour
    /// where the platform asks for longer pauses.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(20),
            attempts: 10,
            within: Duration::from_secs(15 * 60),
        }
    }
}

/// How many times as often, and as long, a call is made again whose instance is busy: somebody
/// else's operation may take as long as one of ours.
const BUSY: u32 = 12;
/// How many times a call is made again whose instance somebody else changes between a look and the call.
const MOVING: u32 = 60;
/// The longest pause then: looking anew helps at once, or somebody is quicker still.
const LOOK: Duration = Duration::from_secs(3);
/// How many times a call is made again whose instance is gone: a listing may lag behind for a moment.
const GONE: u32 = 3;

impl Backoff {
    /// The same for an instance that is busy: for twenty to forty minutes, by the jitter.
    #[must_use]
    pub fn while_busy(self) -> Self {
        Self {
            attempts: self.attempts.saturating_mul(BUSY),
            within: self.within.saturating_mul(BUSY),
            ..self
        }
    }

    /// The same for an instance that somebody else keeps changing: often, and after short pauses.
    #[must_use]
    pub fn while_moving(self) -> Self {
        Self {
            longest: self.longest.min(LOOK),
            attempts: self.attempts.max(MOVING),
            ..self
        }
    }

    /// The same for an instance that is not there: for a few seconds.
    #[must_use]
    pub fn while_gone(self) -> Self {
        Self {
            attempts: self.attempts.min(GONE),
            ..self
        }
    }

    /// How long to wait before attempt number `attempt` (the first repetition is 1), where the
    /// first failure was `since` ago; or `None` when no further attempt is due. `jitter` is a
    /// random number from 0 to 1: the pause is between half of its length and all of it, so that
    /// callers who failed together do not come back together. What the platform itself asks for
    /// is kept, with a little more.
    pub fn pause(
        &self,
        retry: Retry,
        attempt: u32,
        since: Duration,
        jitter: f64,
    ) -> Option<Duration> {
        if attempt == 0 || attempt > self.attempts {
            return None;
        }
        let grown = self
            .first
            .saturating_mul(1_u32 << (attempt - 1).min(16))
            .min(self.longest);
        let jittered = grown.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        let pause = match retry {
            Retry::Never => return None,
            Retry::Backoff | Retry::Reobserve => jittered,
            Retry::After(least) | Retry::ReobserveAfter(least) => {
                least.saturating_add(jittered.min(Duration::from_secs(1)))
            }
        };
        (since.saturating_add(pause) <= self.within).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_end() {
        let backoff = Backoff::default();
        let pauses: Vec<_> = (1..=11)
            .map(|attempt| backoff.pause(Retry::Backoff, attempt, Duration::ZERO, 1.0))
            .collect();
        assert_eq!(pauses[0], Some(Duration::from_millis(500)));
        assert_eq!(pauses[1], Some(Duration::from_secs(1)));
        assert_eq!(pauses[9], Some(Duration::from_secs(20)));
        assert_eq!(pauses[10], None);
    }

    #[test]
    fn jitter_takes_up_to_half_away() {
        let pause = Backoff::default().pause(Retry::Backoff, 1, Duration::ZERO, 0.0);
        assert_eq!(pause, Some(Duration::from_millis(250)));
    }

    #[test]
    fn the_platform_s_own_pause_is_kept_and_a_refusal_is_final() {
        let backoff = Backoff::default();
        let asked = Duration::from_secs(30);
        let pause = |retry| backoff.pause(retry, 1, Duration::ZERO, 0.5);
        for retry in [Retry::After(asked), Retry::ReobserveAfter(asked)] {
            assert!(pause(retry).unwrap() >= asked);
        }
        assert_eq!(pause(Retry::Never), None);
    }

    #[test]
    fn no_attempt_is_due_after_the_time_is_up_nor_where_the_pause_would_outlast_it() {
        let backoff = Backoff::default();
        let late = backoff.within.saturating_sub(Duration::from_millis(100));
        assert_eq!(backoff.pause(Retry::Backoff, 1, late, 1.0), None);
        for asked in [Duration::from_secs(3600), Duration::MAX] {
            let pause = backoff.pause(Retry::After(asked), 1, Duration::ZERO, 0.0);
            assert_eq!(pause, None);
        }
    }

    #[test]
    fn a_busy_instance_is_waited_for_longer() {
        let backoff = Backoff::default().while_busy();
        let half_an_hour = Duration::from_secs(1800);
        assert!(
            backoff
                .pause(Retry::Backoff, 100, half_an_hour, 0.5)
                .is_some()
        );
        assert_eq!(
            backoff.pause(Retry::Backoff, 121, Duration::ZERO, 0.5),
            None
        );
    }

    #[test]
    fn an_instance_that_moves_is_looked_at_often() {
        let backoff = Backoff::default().while_moving();
        let pause = |attempt| backoff.pause(Retry::Reobserve, attempt, Duration::ZERO, 1.0);
        assert_eq!(pause(60), Some(Duration::from_secs(3)));
        assert_eq!(pause(61), None);
    }

    #[test]
    fn an_instance_that_is_gone_is_not_waited_for() {
        let backoff = Backoff::default().while_gone();
        let pause = |attempt| backoff.pause(Retry::Reobserve, attempt, Duration::ZERO, 1.0);
        assert_eq!(pause(3), Some(Duration::from_secs(2)));
        assert_eq!(pause(4), None);
    }
}
