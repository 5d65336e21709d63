//! Positions in the write-ahead log, and how far a replica is behind.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A text that is no position in the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a write-ahead log position such as 16/B374D848")]
pub struct LsnError(String);

/// A position in the write-ahead log, in bytes from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lsn(pub u64);

impl Lsn {
    /// How many bytes `self` is behind `other`; 0 where it is not.
    pub fn bytes_behind(self, other: Self) -> u64 {
        other.0.saturating_sub(self.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = LsnError;
    fn from_str(text: &str) -> Result<Self, LsnError> {
        let wrong = || LsnError(text.to_owned());
        let half = |part: &str| u32::from_str_radix(part, 16).map_err(|_| wrong());
        let (high, low) = text.split_once('/').ok_or_else(wrong)?;
        Ok(Self(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
    }
}

impl TryFrom<String> for Lsn {
    type Error = LsnError;
    fn try_from(text: String) -> Result<Self, LsnError> {
        text.parse()
    }
}

impl From<Lsn> for String {
    fn from(lsn: Lsn) -> Self {
        lsn.to_string()
    }
}

/// How far a replica is behind in time. Not knowing is an answer of its own, never 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lag {
    /// Known within one or two sampling intervals.
    Known(Duration),
    /// Not known; the text says why.
    Unknown(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_read_back_what_they_print() {
        let lsn: Lsn = "16/B374D848".parse().unwrap();
        assert_eq!(lsn.to_string(), "16/B374D848");
        assert_eq!(Lsn(100).bytes_behind(Lsn(40)), 0);
        assert_eq!(Lsn(40).bytes_behind(Lsn(100)), 60);
        assert!("16-B3".parse::<Lsn>().is_err());
    }
}
