//! How far a replica is behind, from positions and times alone. Pure: the clock comes in from
//! outside, so that it is one clock, of one machine, that never jumps.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use pgfleet_model::{Lag, Lsn};

use crate::text::seconds;

/// The primary's recent positions, against which replicas are held.
#[derive(Debug, Clone)]
pub struct LagEstimator {
    /// When the primary had flushed its log up to where, oldest first. Of a stretch in which it
    /// wrote nothing only the ends are kept.
    ring: VecDeque<(Instant, Lsn)>,
    keep: Duration,
    stale_after: Duration,
}

/// What the ring says of one replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes of the primary's log that the replica has not replayed; `None` without a fresh
    /// position of the primary.
    pub bytes: Option<u64>,
    /// The same in time.
    pub lag: Lag,
    /// Where the time is unknown: the least that it is, as far as the ring proves it.
    pub at_least: Option<Duration>,
}

impl LagEstimator {
    /// An empty ring that reaches back `keep`, and believes the primary's last position for
    /// `stale_after`.
    pub fn new(keep: Duration, stale_after: Duration) -> Self {
        Self {
            ring: VecDeque::new(),
            keep,
            stale_after,
        }
    }

    /// Takes down that the primary had flushed its log up to `lsn` at the moment `at`.
    ///
    /// Positions that run backwards are those of another primary, and begin a new ring; a moment
    /// that does is an answer that was overtaken, and is passed over.
    pub fn record(&mut self, at: Instant, lsn: Lsn) {
        if let Some(&(last_at, last)) = self.ring.back() {
            if at < last_at {
                return;
            }
            if lsn < last {
                self.ring.clear();
            }
        }
        let idle = |(_, before): &(Instant, Lsn)| *before == lsn;
        let count = self.ring.len();
        if count >= 2 && self.ring.range(count - 2..).all(idle) {
            self.ring.pop_back();
        }
        self.ring.push_back((at, lsn));
        // One sample from beyond the horizon stays, or the ring would not reach back to it.
        while self
            .ring
            .get(1)
            .is_some_and(|(second, _)| at.duration_since(*second) > self.keep)
        {
            self.ring.pop_front();
        }
    }

    /// How far a replica is behind that had replayed the log up to `replay` at the moment `now`.
    pub fn estimate(&self, now: Instant, replay: Lsn) -> Estimate {
        let (Some(&(newest_at, newest)), Some(&(oldest_at, oldest))) =
            (self.ring.back(), self.ring.front())
        else {
            return Estimate::unknown(None, "no position of the primary is known".to_owned(), None);
        };
        let age = now.saturating_duration_since(newest_at);
        if age > self.stale_after {
            let why = format!(
                "the last known position of the primary is {} old",
                seconds(age)
            );
            return Estimate::unknown(None, why, None);
        }
        let bytes = Some(replay.bytes_behind(newest));
        if replay >= newest {
            return Estimate {
                bytes,
                lag: Lag::Known(Duration::ZERO),
                at_least: None,
            };
        }
        if replay < oldest {
            let at_least = now.saturating_duration_since(oldest_at);
            let why = format!("behind by more than {}", seconds(at_least));
            return Estimate::unknown(bytes, why, Some(at_least));
        }
        let lag = now.saturating_duration_since(self.moment(replay));
        Estimate {
            bytes,
            lag: Lag::Known(lag),
            at_least: None,
        }
    }

    /// The last moment at which the primary had written no more than `replay`, which lies within
    /// the ring: what came after it is what is missing.
    fn moment(&self, replay: Lsn) -> Instant {
        let after = self.ring.partition_point(|(_, lsn)| *lsn <= replay);
        let Some(&(from_at, from)) = after
            .checked_sub(1)
            .and_then(|before| self.ring.get(before))
        else {
            return self.ring[0].0;
        };
        let Some(&(to_at, to)) = self.ring.get(after) else {
            return from_at;
        };
        #[expect(clippy::cast_precision_loss, reason = "a share of a short time")]
        let share = from.bytes_behind(replay) as f64 / from.bytes_behind(to).max(1) as f64;
        from_at + to_at.duration_since(from_at).mul_f64(share)
    }
}

impl Estimate {
    fn unknown(bytes: Option<u64>, why: String, at_least: Option<Duration>) -> Self {
        Self {
            bytes,
            lag: Lag::Unknown(why),
            at_least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: u64 = 100;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A primary that is at `position(ms)` every 100 ms for 12 seconds.
    fn watch(start: Instant, position: impl Fn(u64) -> u64) -> LagEstimator {
        let mut estimator = LagEstimator::new(ms(60_000), ms(1000));
        for at in (0..=12_000).step_by(usize::try_from(TICK).unwrap()) {
            estimator.record(start + ms(at), Lsn(position(at)));
        }
        estimator
    }

    fn known(estimate: &Estimate) -> Duration {
        match &estimate.lag {
            Lag::Known(lag) => *lag,
            Lag::Unknown(why) => panic!("unknown: {why}"),
        }
    }

    fn assert_near(lag: Duration, wanted: u64) {
        assert!(
            lag.abs_diff(ms(wanted)) <= ms(TICK),
            "{lag:?} is not {wanted} ms"
        );
    }

    #[test]
    fn a_busy_primary_and_a_replica_close_behind() {
        let start = Instant::now();
        let busy = watch(start, |at| 1000 + at * 50);
        let estimate = busy.estimate(start + ms(12_000), Lsn(1000 + 12_000 * 50));
        assert_eq!(
            (known(&estimate), estimate.bytes),
            (Duration::ZERO, Some(0))
        );
        let estimate = busy.estimate(start + ms(12_000), Lsn(1000 + 11_650 * 50));
        assert_near(known(&estimate), 350);
        assert_eq!(estimate.bytes, Some(350 * 50));
    }

    #[test]
    fn an_idle_primary_has_no_lag_however_long() {
        let start = Instant::now();
        let idle = watch(start, |at| 1000 + at.min(4000));
        let estimate = idle.estimate(start + ms(12_000), Lsn(5000));
        assert_eq!(
            (known(&estimate), estimate.bytes),
            (Duration::ZERO, Some(0))
        );
    }

    #[test]
    fn stray_writes_of_an_idle_primary_count_from_when_they_were_made() {
        let start = Instant::now();
        // Eight idle seconds, then a few bytes that the replica is yet to replay.
        let stray = watch(start, |at| if at <= 11_900 { 1000 } else { 1100 });
        let estimate = stray.estimate(start + ms(12_050), Lsn(1000));
        assert_near(known(&estimate), 150);
        assert_eq!(estimate.bytes, Some(100));
    }

    #[test]
    fn paused_frozen_and_refused_replicas_fall_behind_alike() {
        let start = Instant::now();
        let busy = watch(start, |at| 1000 + at * 50);
        // All three stop replaying at 2 s; what the replica received does not matter.
        for (now, lag) in [(3000, 1000), (11_000, 9000), (12_000, 10_000)] {
            let mut seen = LagEstimator::new(ms(60_000), ms(1000));
            for (at, lsn) in busy.ring.iter().filter(|(at, _)| *at <= start + ms(now)) {
                seen.record(*at, *lsn);
            }
            assert_near(
                known(&seen.estimate(start + ms(now), Lsn(1000 + 2000 * 50))),
                lag,
            );
        }
    }

    #[test]
    fn a_ring_that_is_too_short_knows_only_a_bound() {
        let start = Instant::now();
        let busy = watch(start, |at| 1000 + at);
        let estimate = busy.estimate(start + ms(12_000), Lsn(10));
        assert_eq!(
            estimate.lag,
            Lag::Unknown("behind by more than 12.0 s".to_owned())
        );
        assert_eq!(
            (estimate.bytes, estimate.at_least),
            (Some(12_990), Some(ms(12_000)))
        );
    }

    #[test]
    fn an_old_position_of_the_primary_proves_nothing() {
        let start = Instant::now();
        let busy = watch(start, |at| 1000 + at);
        for replay in [10, 5000, 13_000] {
            let estimate = busy.estimate(start + ms(13_500), Lsn(replay));
            assert!(matches!(&estimate.lag, Lag::Unknown(why) if why.ends_with("is 1.5 s old")));
            assert_eq!((estimate.bytes, estimate.at_least), (None, None));
        }
        let empty = LagEstimator::new(ms(1000), ms(1000));
        assert!(matches!(empty.estimate(start, Lsn(1)).lag, Lag::Unknown(_)));
    }

    #[test]
    fn the_ring_forgets_what_is_too_old_and_keeps_idle_stretches_short() {
        let start = Instant::now();
        let mut estimator = LagEstimator::new(ms(1000), ms(1000));
        for at in 0..100 {
            estimator.record(start + ms(at * TICK), Lsn(at));
        }
        assert_eq!(estimator.ring.len(), 12);
        for at in 100..200 {
            estimator.record(start + ms(at * TICK), Lsn(99));
        }
        assert_eq!(estimator.ring.len(), 2);
    }

    #[test]
    fn another_primary_begins_anew_and_overtaken_answers_are_passed_over() {
        let start = Instant::now();
        let mut estimator = watch(start, |at| 100_000 + at);
        estimator.record(start + ms(11_000), Lsn(999_999));
        assert_eq!(estimator.ring.back().unwrap().1, Lsn(112_000));
        estimator.record(start + ms(12_100), Lsn(500));
        assert_eq!(estimator.ring.len(), 1);
        let estimate = estimator.estimate(start + ms(12_100), Lsn(400));
        assert_eq!(estimate.at_least, Some(Duration::ZERO));
    }
}
