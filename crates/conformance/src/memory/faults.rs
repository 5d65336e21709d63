//! What goes wrong between pgfleet and the platform, on demand or at random.

use std::time::Duration;

use pgfleet_model::Mutation;

/// A call as the platform hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Who am I?
    Identity,
    /// What is there?
    Observe,
    /// Would this go?
    Preflight,
    /// Do this.
    Begin(Box<Mutation>),
    /// How far are these? With how many operations were asked after.
    Poll(usize),
}

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, to be made again after this time.
    Throttled(Duration),
    /// It is turned away, since the instance is busy.
    Busy,
    /// It is turned away, since the instance is not at the revision that was named.
    Stale,
    /// It is refused for good.
    Refused,
    /// It takes effect, and its answer never arrives.
    LostAnswer,
    /// The connection breaks before it takes effect, which the caller cannot tell from the above.
    Reset,
    /// It has no effect, which the caller cannot tell, who is asked to come back after this time.
    Unavailable(Duration),
    /// It has no effect and is never answered.
    Hung,
    /// It takes effect and is never answered.
    HungAfter,
    /// It is taken, and what it begins ends in failure.
    EndsFailed,
    /// It is taken, and for this long the instance shows a word that nobody knows.
    OddWord(Duration),
}

/// How often each fault strikes a call, in thousandths, and how many strike in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultMix {
    /// [`Fault::Throttled`].
    pub throttled: u16,
    /// [`Fault::Refused`].
    pub refused: u16,
    /// [`Fault::LostAnswer`].
    pub lost: u16,
    /// [`Fault::Reset`].
    pub reset: u16,
    /// [`Fault::Hung`] and [`Fault::HungAfter`].
    pub hung: u16,
    /// [`Fault::EndsFailed`].
    pub ends_failed: u16,
    /// [`Fault::OddWord`].
    pub odd_word: u16,
    /// After this many faults there are no more.
    pub at_most: u32,
}

impl Default for FaultMix {
    fn default() -> Self {
        Self {
            throttled: 60,
            refused: 5,
            lost: 60,
            reset: 60,
            hung: 5,
            ends_failed: 10,
            odd_word: 60,
            at_most: 12,
        }
    }
}

/// Faults at random, the same for the same seed and the same calls.
pub fn seeded(seed: u64, mix: FaultMix) -> impl FnMut(&What) -> Option<Fault> + Send {
    let mut random = Random::new(seed);
    let mut left = mix.at_most;
    move |what| {
        if left == 0 {
            return None;
        }
        let begins = matches!(what, What::Begin(_));
        let FaultMix {
            throttled,
            refused,
            lost,
            reset,
            hung,
            ends_failed,
            odd_word,
            ..
        } = mix;
        let pause = Duration::from_secs(1 + random.below(20));
        let kinds = [
            (throttled, Fault::Throttled(pause)),
            (if begins { refused } else { 0 }, Fault::Refused),
            (lost, Fault::LostAnswer),
            (reset, Fault::Reset),
            (
                hung,
                if random.below(2) == 0 {
                    Fault::Hung
                } else {
                    Fault::HungAfter
                },
            ),
            (if begins { ends_failed } else { 0 }, Fault::EndsFailed),
            (
                if begins { odd_word } else { 0 },
                Fault::OddWord(pause * 20),
            ),
        ];
        let mut mark = random.below(1000);
        for (share, fault) in kinds {
            if mark < u64::from(share) {
                left -= 1;
                return Some(fault);
            }
            mark -= u64::from(share);
        }
        None
    }
}

/// A small random sequence (xorshift64*): the same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        // Seeds that lie close together shall not begin alike, and zero would stay zero.
        Self(
            seed.wrapping_add(0x9E37_79B9_7F4A_7C15)
                .wrapping_mul(0xD134_2543_DE82_EF95)
                | 1,
        )
    }

    /// The next number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16;
        high.checked_rem(end).unwrap_or_default()
    }

    /// Yes in `share` of 1000 cases.
    pub fn chance(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }
}
