//! Moments and choices that differ from run to run and can be had again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A sequence of numbers that follows from a seed.
#[derive(Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The seed is `PGFLEET_SEED`, or taken from the clock. It is printed, so that a test that fails
    /// can be run again with the same numbers.
    pub fn seeded() -> Self {
        let seed = match std::env::var("PGFLEET_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => clock(),
        };
        say(&format!("PGFLEET_SEED={seed}"));
        Self::of(seed)
    }

    /// The sequence of a seed.
    pub fn of(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, evenly below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // splitmix64: short, and its quality is beyond need.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A time from nothing up to `longest`.
    pub fn within(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap();
        Duration::from_micros(self.below(micros.max(1)))
    }
}

fn clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::from(since.subsec_nanos()) ^ since.as_secs()
}

/// How many times as many random moments as usual are wanted: `PGFLEET_SOAK`, or 1.
pub fn soak() -> usize {
    std::env::var("PGFLEET_SOAK").map_or(1, |times| times.parse().unwrap())
}

/// A word beside a test's result, shown where the test fails or its output is asked for.
#[expect(clippy::print_stderr, reason = "the test runner is who listens")]
pub fn say(text: &str) {
    eprintln!("{text}");
}
