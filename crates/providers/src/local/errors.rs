//! What goes wrong on this machine, turned into kind, remedy and how to retry.

use std::io;

use pgfleet_postgres::{AccountError, FileError, InstallError, StartError, StopError, ToolError};
use pgfleet_provider::{ErrorKind, ProviderError, Retry, SecretError};

use super::session::SessionError;

/// Turns an error of one of the lower crates into a provider's.
pub(crate) trait Explain {
    fn explain(self) -> ProviderError;
}

impl Explain for FileError {
    fn explain(self) -> ProviderError {
        let error = ProviderError::new(ErrorKind::Environment, self.to_string());
        match self.source.kind() {
            io::ErrorKind::PermissionDenied => error.remedy(
                "give the user who runs pgfleet access to it, or name another folder with \
                 `data_dir` in [local]",
            ),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                error.remedy("make room on that disk, then run the same command again")
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                error.remedy("name a folder that can be written with `data_dir` in [local]")
            }
            _ => error,
        }
    }
}

impl Explain for InstallError {
    fn explain(self) -> ProviderError {
        ProviderError::new(ErrorKind::Environment, self.to_string())
    }
}

impl Explain for AccountError {
    fn explain(self) -> ProviderError {
        ProviderError::new(ErrorKind::Environment, self.to_string())
    }
}

impl Explain for ToolError {
    fn explain(self) -> ProviderError {
        let text = self.to_string();
        let full = text.contains("No space left on device");
        // What a run that was killed has left behind came first. Who begins again sees it run.
        if text.contains("lock file \"postmaster.pid\" already exists") {
            return ProviderError::new(ErrorKind::Busy, text).retry(Retry::Backoff);
        }
        let error = ProviderError::new(ErrorKind::Environment, text);
        if full {
            error.remedy("make room on that disk, then run the same command again")
        } else {
            error
        }
    }
}

impl Explain for StartError {
    fn explain(self) -> ProviderError {
        let remedy = match &self {
            Self::PortTaken { .. } => {
                "end the program that listens there, or choose another port with `port` in [local]"
            }
            Self::Timeout { .. } | Self::StillInUse { .. } => {
                "run the same command again: it goes on from here"
            }
            _ => "",
        };
        ProviderError::new(ErrorKind::Environment, self.to_string()).remedy(remedy)
    }
}

impl Explain for StopError {
    fn explain(self) -> ProviderError {
        ProviderError::new(ErrorKind::Environment, self.to_string())
    }
}

impl Explain for SecretError {
    fn explain(self) -> ProviderError {
        ProviderError::new(ErrorKind::Credentials, self.to_string())
    }
}

impl Explain for SessionError {
    fn explain(self) -> ProviderError {
        ProviderError::new(ErrorKind::Unreachable, self.to_string())
    }
}

/// Somebody else works on the instance.
pub(crate) fn busy(id: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(
        ErrorKind::Busy,
        format!("another run works on {id} at this moment"),
    )
    .remedy("wait until it is done, then run the same command again")
    .retry(Retry::Reobserve)
}

/// A sentence of the provider's own.
pub(crate) fn refused(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, message)
}
