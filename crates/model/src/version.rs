//! PostgreSQL versions as plans and servers write them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that is no PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a PostgreSQL version; write the major version such as \"16\", or \"16.3\"")]
pub struct VersionError(String);

/// A PostgreSQL version: the major number, and the minor where it is known or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PgVersion {
    /// The major version, such as 16.
    pub major: u32,
    /// The minor version, such as the 3 of 16.3.
    pub minor: Option<u32>,
}

impl PgVersion {
    /// A major version, whichever its minor one.
    pub fn of(major: u32) -> Self {
        Self { major, minor: None }
    }

    /// Whether a server of version `live` serves a plan that asks for `self`: the major versions
    /// are equal, and the minors too where the plan names one.
    pub fn is_served_by(self, live: Self) -> bool {
        self.major == live.major && (self.minor.is_none() || self.minor == live.minor)
    }
}

impl fmt::Display for PgVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            None => write!(f, "{}", self.major),
            Some(minor) => write!(f, "{}.{minor}", self.major),
        }
    }
}

impl FromStr for PgVersion {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let wrong = || VersionError(text.to_owned());
        let number = |part: &str| -> Result<u32, VersionError> {
            if part.is_empty() || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            part.parse().map_err(|_| wrong())
        };
        let (major, minor) = match text.split_once('.') {
            None => (number(text)?, None),
            Some((major, minor)) => (number(major)?, Some(number(minor)?)),
        };
        if major < 10 {
            return Err(wrong());
        }
        Ok(Self { major, minor })
    }
}

impl TryFrom<String> for PgVersion {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<PgVersion> for String {
    fn from(version: PgVersion) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_is_served_by_any_minor() {
        let wanted: PgVersion = "16".parse().unwrap();
        assert!(wanted.is_served_by("16.3".parse().unwrap()));
        assert!(!wanted.is_served_by("15.3".parse().unwrap()));
        let pinned: PgVersion = "16.3".parse().unwrap();
        assert!(!pinned.is_served_by("16.4".parse().unwrap()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "16.", ".3", "16.3.1", "sixteen", "9", "16beta1", "99999",
        ] {
            assert!(text.parse::<PgVersion>().is_err(), "{text} was taken");
        }
    }
}
