//! The state's file: one JSON document, replaced as a whole at each change.

use crate::clock::Anchor;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why the simulator could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port could not be had.
    #[error("cannot listen on 127.0.0.1:{port}: {error}; choose another port, or 0 for any")]
    Listen {
        /// The port.
        port: u16,
        /// What the system says.
        error: io::Error,
    },
    /// No certificate could be made for TLS.
    #[error("cannot make a certificate: {reason}; start the simulator without TLS")]
    Certificate {
        /// What is wrong.
        reason: String,
    },
    /// Another process serves the same state.
    #[error(
        "{} is in use by another simulator; stop that one, or name another file", .path.display()
    )]
    InUse {
        /// The state's file.
        path: PathBuf,
    },
    /// The file could not be read, or its lock not be made.
    #[error("cannot use {}: {error}", .path.display())]
    Unusable {
        /// The state's file, or its lock.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file is not what a simulator writes. It is left as it is.
    #[error(
        "{} is damaged, or no state of a simulator ({reason}); it has been left as it is: move it \
         away to begin anew", .path.display()
    )]
    Damaged {
        /// The state's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    format_version: String,
    pub(crate) clock: Anchor,
    /// What exists, by the names of clouds.
    #[serde(flatten)]
    pub(crate) clouds: Map<String, Value>,
}

const FORMAT: &str = "1";

/// A state's file that is ours alone while this lives.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    _lock: File,
}

impl Store {
    /// Takes the file's lock and reads it, where it exists.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Saved>), StartError> {
        // The file itself is replaced at each change, so the lock has a file of its own.
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |error| StartError::Unusable { path, error }
        };
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(unusable(&lock_path))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
            if error == rustix::io::Errno::WOULDBLOCK {
                StartError::InUse {
                    path: path.to_owned(),
                }
            } else {
                unusable(&lock_path)(error.into())
            }
        })?;
        let saved = match std::fs::read(path) {
            Ok(bytes) => Some(read(path, &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unusable(path)(error)),
        };
        Ok((
            Self {
                path: path.to_owned(),
                _lock: lock,
            },
            saved,
        ))
    }

    /// Replaces the file: a crash leaves the old state or the new one.
    pub(crate) fn save(&self, clock: Anchor, clouds: Map<String, Value>) -> io::Result<()> {
        let saved = Saved {
            format_version: FORMAT.to_owned(),
            clock,
            clouds,
        };
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".simulated-")
            .tempfile_in(folder)?;
        serde_json::to_writer(io::BufWriter::new(&mut file), &saved)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        File::open(folder)?.sync_all()
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<Saved, StartError> {
    let damaged = |reason| damaged(path, reason);
    let saved: Saved = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    if saved.format_version != FORMAT {
        return Err(damaged(format!(
            "its format version is {:?}",
            saved.format_version
        )));
    }
    Ok(saved)
}

/// A file that says what cannot be.
pub(crate) fn damaged(path: &Path, reason: String) -> StartError {
    StartError::Damaged {
        path: path.to_owned(),
        reason,
    }
}
