//! How often a platform is asked after what is in flight.

use std::time::Duration;

/// At once, since some changes are done as soon as they are taken; then slower and slower: the
/// pause is a share of the time that the youngest operation has been running, within bounds.
///
/// With the defaults an operation of 600 s is noticed within 15 s of its end, after at most 45
/// polls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollSchedule {
    /// The shortest pause between two polls.
    pub shortest: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The pause as a share of the age.
    pub share: f64,
}

impl Default for PollSchedule {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(2),
            longest: Duration::from_secs(15),
            share: 1.0,
        }
    }
}

impl PollSchedule {
    /// How long to wait after a poll before the next, where the platform does not say so itself.
    pub fn pause(&self, age: Duration) -> Duration {
        age.mul_f64(self.share).clamp(self.shortest, self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_are_noticed_within_fifteen_seconds_and_45_polls() {
        let schedule = PollSchedule::default();
        let end = Duration::from_secs(600);
        let (mut now, mut polls) = (Duration::ZERO, 1);
        while now < end {
            now += schedule.pause(now);
            polls += 1;
        }
        assert!(polls <= 45, "{polls} polls");
        assert!(
            now.saturating_sub(end) <= Duration::from_secs(15),
            "noticed {:?} late",
            now.checked_sub(end)
        );
    }
}
