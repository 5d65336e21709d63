//! The time that simulated clouds live in.

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How simulated time passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Clock {
    /// Simulated time runs this many times as fast as real time, also while no process serves it.
    Scaled(f64),
    /// Time stands still until [`Control::advance`](crate::Control::advance) moves it.
    Manual,
    /// Whatever takes time is done by the next request. Time itself runs as it really does.
    AtOnce,
}

impl Default for Clock {
    /// A hundred simulated seconds in a real one: a new instance takes some seconds.
    fn default() -> Self {
        Self::Scaled(100.0)
    }
}

/// Milliseconds since 1970, in simulated time.
pub(crate) type Millis = u64;

pub(crate) fn wall_now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A point that simulated time is counted from; kept in the state's file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Anchor {
    pub(crate) simulated: Millis,
    pub(crate) wall: Millis,
}

impl Anchor {
    pub(crate) fn today() -> Self {
        let now = wall_now();
        Self {
            simulated: now,
            wall: now,
        }
    }
}

/// A running clock.
#[derive(Debug)]
pub(crate) struct Time {
    mode: Clock,
    base: Millis,
    since: Instant,
}

impl Time {
    /// Goes on from where `anchor` left off.
    pub(crate) fn resume(mode: Clock, anchor: Anchor) -> Self {
        let away = Duration::from_millis(wall_now().saturating_sub(anchor.wall));
        Self {
            mode,
            base: anchor.simulated.saturating_add(passed(mode, away)),
            since: Instant::now(),
        }
    }

    pub(crate) fn mode(&self) -> Clock {
        self.mode
    }

    pub(crate) fn now(&self) -> Millis {
        self.base
            .saturating_add(passed(self.mode, self.since.elapsed()))
    }

    pub(crate) fn anchor(&self) -> Anchor {
        Anchor {
            simulated: self.now(),
            wall: wall_now(),
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.base = self
            .base
            .saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a float's conversion saturates, and a millisecond more or less is no matter"
)]
fn passed(mode: Clock, real: Duration) -> Millis {
    match mode {
        Clock::Scaled(factor) => (real.as_millis() as f64 * factor.max(0.0)) as u64,
        Clock::Manual => 0,
        Clock::AtOnce => real.as_millis() as u64,
    }
}

/// A time as most APIs write it, such as `2026-01-31T07:05:09.120Z`.
pub(crate) fn timestamp(at: Millis) -> String {
    // The formatter panics beyond the year 9999.
    const LAST: Millis = 253_402_300_799_000;
    let time = UNIX_EPOCH + Duration::from_millis(at.min(LAST));
    humantime::format_rfc3339_millis(time).to_string()
}
