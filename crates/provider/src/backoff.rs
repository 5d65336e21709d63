//! How long to wait before a call is made again. Pure: the randomness comes in.

use std::time::Duration;

use crate::Retry;

/// Growing pauses with jitter, bounded in count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause, before jitter.
    pub first: Duration,
    /// The longest pause, before jitter.
    pub longest: Duration,
    /// How many times a call is made again.
    pub attempts: u32,
}

impl Default for Backoff {
    /// From half a second to twenty, ten times: about two minutes in all.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(20),
            attempts: 10,
        }
    }
}

impl Backoff {
    /// How long to wait before attempt number `attempt` (the first repetition is 1), or `None`
    /// when no further attempt is due. `jitter` is a random number from 0 to 1: the pause is
    /// between half of its length and all of it, so that callers who failed together do not come
    /// back together.
    pub fn pause(&self, retry: Retry, attempt: u32, jitter: f64) -> Option<Duration> {
        if attempt == 0 || attempt > self.attempts {
            return None;
        }
        let grown = self
            .first
            .saturating_mul(1_u32 << (attempt - 1).min(16))
            .min(self.longest);
        let jittered = grown.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        match retry {
            Retry::Never => None,
            Retry::Backoff | Retry::Reobserve => Some(jittered),
            Retry::After(least) => Some(least + jittered.min(Duration::from_secs(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_end() {
        let backoff = Backoff::default();
        let pauses: Vec<_> = (1..=11)
            .map(|attempt| backoff.pause(Retry::Backoff, attempt, 1.0))
            .collect();
        assert_eq!(pauses[0], Some(Duration::from_millis(500)));
        assert_eq!(pauses[1], Some(Duration::from_secs(1)));
        assert_eq!(pauses[9], Some(Duration::from_secs(20)));
        assert_eq!(pauses[10], None);
    }

    #[test]
    fn jitter_takes_up_to_half_away() {
        let pause = Backoff::default().pause(Retry::Backoff, 1, 0.0);
        assert_eq!(pause, Some(Duration::from_millis(250)));
    }

    #[test]
    fn the_platform_s_own_pause_is_kept_and_a_refusal_is_final() {
        let backoff = Backoff::default();
        let asked = Duration::from_secs(30);
        assert!(backoff.pause(Retry::After(asked), 1, 0.0).unwrap() >= asked);
        assert_eq!(backoff.pause(Retry::Never, 1, 0.5), None);
    }
}
