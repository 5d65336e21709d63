//! What stands against a plan, or is worth knowing about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Address;

/// How much a check weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing follows from it.
    Note,
    /// Worth a second thought; apply goes on.
    Warning,
    /// apply refuses, and touches no fleet of the run.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding about a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Check {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable name: `ROOM/WHAT`, such as `aws/replica-limit`.
    pub code: String,
    /// The instance it is about, where it is about one.
    pub address: Option<Address>,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What to do about it, in a sentence; empty where there is nothing to do.
    pub remedy: String,
    /// Where the rule is written down: a vendor's page, or a section of our documents.
    pub source: String,
    /// The key of the plan file that asks for it, such as `replicas[0].multi_az`.
    pub key: Option<String>,
}

impl Check {
    /// A check with a code and a message; the rest is added by the other functions.
    pub fn new(severity: Severity, code: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            address: None,
            message: message.into(),
            remedy: String::new(),
            source: String::new(),
            key: None,
        }
    }

    /// Apply refuses.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Apply goes on.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Only worth knowing.
    pub fn note(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// Says which instance it is about.
    #[must_use]
    pub fn at(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says where the rule is written down.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Points at the key of the plan file.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}
