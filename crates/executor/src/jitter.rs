//! Numbers that spread pauses.

/// A random sequence (splitmix64) of a seed: pauses need to differ, not to be unpredictable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jitter(pub(crate) u64);

impl Jitter {
    /// The next number from 0 to 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(bits) / f64::from(u32::MAX)
    }
}
