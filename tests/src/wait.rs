//! Waiting: a condition, and a bound beyond which it is held never to come.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives it up. Far longer than it ever takes, so that a
/// busy machine fails no test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something holds, and fails the test where it does not come to that.
pub fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    assert!(comes_true(PATIENCE, holds), "waited in vain until {what}");
}

/// Whether something comes to hold in time.
pub(crate) fn comes_true(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
