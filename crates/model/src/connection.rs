//! How connections to databases are protected.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The protection that a connection must have, in the words of PostgreSQL's own clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS where the server has it.
    Prefer,
    /// TLS, whoever answers.
    Require,
    /// TLS, and an authority that is known has signed the certificate.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    /// Whether a connection without TLS will do.
    pub fn allows_plain(self) -> bool {
        matches!(self, Self::Disable | Self::Prefer)
    }

    /// The word in plan files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
