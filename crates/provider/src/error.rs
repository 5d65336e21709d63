//! Errors of a platform: what kind, what to do about it, and whether to try again.

use std::{fmt, time::Duration};

/// What went wrong, in the few kinds that make a difference to people and to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// Credentials are missing or wrong.
    Credentials,
    /// Credentials that were good have come to their end; the call had no effect. With others it may
    /// be made again.
    Expired,
    /// The caller may not do this.
    Permission,
    /// The platform refuses the request as such, and would again.
    Refused,
    /// It is there already.
    AlreadyExists,
    /// It is not there.
    NotFound,
    /// Somebody else's change came between.
    Conflict,
    /// The instance, or its lane, is busy with something else.
    Busy,
    /// Too many calls.
    Throttled,
    /// The platform did not answer, or it is not known what it did.
    Unreachable,
    /// The machine that pgfleet runs on lacks something: a program, room, a port.
    Environment,
    /// The platform has no such operation.
    Unsupported,
    /// An answer that makes no sense, or a failure inside the platform.
    Internal,
}

/// What may be done after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing: the same call fails again.
    Never,
    /// The same call, after a growing pause.
    Backoff,
    /// The same call, not before this time has passed.
    After(Duration),
    /// Look first: the call may have taken effect, or the instance is not what the call expected.
    Reobserve,
    /// Look first, and not before this time has passed.
    ReobserveAfter(Duration),
}

impl Retry {
    /// The same, not before the time has passed that the platform asks for. A refusal stays one.
    #[must_use]
    pub fn not_before(self, pause: Option<Duration>) -> Self {
        match (self, pause) {
            (Self::Backoff | Self::After(_), Some(pause)) => Self::After(pause),
            (Self::Reobserve | Self::ReobserveAfter(_), Some(pause)) => Self::ReobserveAfter(pause),
            (retry, _) => retry,
        }
    }

    /// How long the platform asks to wait.
    pub fn asked_pause(self) -> Option<Duration> {
        match self {
            Self::After(pause) | Self::ReobserveAfter(pause) => Some(pause),
            Self::Never | Self::Backoff | Self::Reobserve => None,
        }
    }

    /// Whether a listing has to tell first what became of the call.
    pub fn looks_first(self) -> bool {
        matches!(self, Self::Reobserve | Self::ReobserveAfter(_))
    }
}

/// An error of a platform, made for people to read: no secret, no request body in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    /// Its kind.
    pub kind: ErrorKind,
    /// What failed and why, as a sentence without a full stop.
    pub message: String,
    /// What to do about it; empty where nothing is known.
    pub remedy: String,
    /// Whether to try again.
    pub retry: Retry,
}

impl ProviderError {
    /// An error that is not retried.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            remedy: String::new(),
            retry: Retry::Never,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says whether to try again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProviderError {}
