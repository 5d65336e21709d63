//! How often a platform is asked after what is in flight, and for how long.

use std::{collections::BTreeMap, time::Duration};

use pgfleet_model::{Lane, Step, StepId};

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

/// How long a step may take, its repetitions included: a platform that says nothing at all, or
/// says for ever that it is still at work, must not hold a pipeline.
///
/// A platform takes now and then several times as long as it is known for, and a run that gives up
/// has done nothing wrong to wait too long: the bounds are generous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How many times as long as expected.
    pub times: u32,
    /// The shortest bound.
    pub least: Duration,
    /// The bound where nothing is known.
    pub unknown: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            times: 8,
            least: Duration::from_secs(3600),
            unknown: Duration::from_secs(4 * 3600),
        }
    }
}

impl Patience {
    /// The bound of a step.
    pub fn with(&self, expected_seconds: Option<u32>) -> Duration {
        expected_seconds.map_or(self.unknown, |expected| {
            Duration::from_secs(u64::from(expected))
                .saturating_mul(self.times)
                .max(self.least)
        })
    }
}

/// About how long the steps of a fleet take, in their order and with one at a time in each lane.
pub fn expected(steps: &[Step]) -> Duration {
    let mut ends: BTreeMap<StepId, u64> = BTreeMap::new();
    let mut lanes: BTreeMap<&Lane, u64> = BTreeMap::new();
    // Steps are listed in an order that can be run.
    for step in steps {
        let before = step.after.iter().filter_map(|id| ends.get(id).copied());
        let lane = lanes.entry(&step.lane).or_default();
        let begins = before.max().unwrap_or_default().max(*lane);
        let end = begins + u64::from(step.expected_seconds.unwrap_or_default());
        *lane = end;
        ends.insert(step.id, end);
    }
    Duration::from_secs(ends.into_values().max().unwrap_or_default())
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
    #[test]
    fn a_step_is_waited_for_eight_times_as_long_as_expected_and_an_hour_at_least() {
        let patience = Patience::default();
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        assert_eq!(patience.with(Some(720)), minutes(96));
        assert_eq!(patience.with(Some(3)), minutes(60));
        assert_eq!(patience.with(None), minutes(240));
        assert!(patience.with(Some(u32::MAX)) > minutes(60));
    }
}
