//! How often a platform is asked after what is in flight.

use std::time::Duration;

/// Quick at first and slower later: the pause is a share of the time that the youngest operation
/// has been running, within bounds.
///
/// With the defaults an operation of 600 s is noticed within 15 s of its end, after at most 45
/// polls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollSchedule {
    /// The pause before the first poll after a call: some platforms are done at once.
    pub first: Duration,
    /// The shortest pause after the first.
    pub shortest: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The pause as a share of the age.
    pub share: f64,
}

impl Default for PollSchedule {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(20),
            shortest: Duration::from_secs(2),
            longest: Duration::from_secs(15),
            share: 0.75,
        }
    }
}

impl PollSchedule {
    /// How long to wait before the next poll. What the platform itself asks for goes first.
    pub fn pause(&self, age: Duration, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_else(|| age.mul_f64(self.share).clamp(self.shortest, self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_are_noticed_within_fifteen_seconds_and_45_polls() {
        let schedule = PollSchedule::default();
        let end = Duration::from_secs(600);
        let (mut now, mut polls) = (schedule.first, 1);
        while now < end {
            now += schedule.pause(now, None);
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
