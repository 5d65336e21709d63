//! Where things lie, and the marker that says whose they are.
//!
//! ```text
//! DATA_DIR/
//!   .locks/ID.lock      held while somebody works on the instance
//!   ID/
//!     pgfleet.json      the marker: tags, where in its life the instance is, its revision
//!     data/             the server's data folder; data/pgfleet.conf holds our settings
//!     pgpass            password file of pgfleet's own role
//!     admin.pgpass      the administrator's, where pgfleet made the password up
//!     server.log        the server's log
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use pgfleet_model::{Owner, ResourceId, Tags};
use pgfleet_postgres::{Account, FileError, InstanceLock};
use serde::{Deserialize, Serialize};

const MARKER: &str = "pgfleet.json";
/// Held while a port is chosen.
pub(crate) const PORTS_LOCK: &str = "ports.lock";

/// The folder of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    root: PathBuf,
    id: ResourceId,
}

impl Layout {
    pub(crate) fn new(root: &Path, id: &ResourceId) -> Self {
        Self {
            root: root.to_owned(),
            id: id.clone(),
        }
    }

    pub(crate) fn id(&self) -> &ResourceId {
        &self.id
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join(self.id.as_str())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.data().join("pgfleet.conf")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    pub(crate) fn pgpass(&self) -> PathBuf {
        self.folder().join("pgpass")
    }

    pub(crate) fn admin_pgpass(&self) -> PathBuf {
        self.folder().join("admin.pgpass")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        locks(&self.root).join(format!("{}.lock", self.id))
    }

    pub(crate) fn marker_path(&self) -> PathBuf {
        self.folder().join(MARKER)
    }

    /// Reads the marker. `None`: there is none, so the folder is not ours, or there is no folder.
    pub(crate) fn marker(&self) -> Result<Option<Marker>, FileError> {
        let path = self.marker_path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(FileError::new("read", &path, error)),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            FileError::new(
                "read",
                &path,
                io::Error::new(io::ErrorKind::InvalidData, error),
            )
        })
    }

    pub(crate) fn write_marker(&self, account: &Account, marker: &Marker) -> Result<(), FileError> {
        let path = self.marker_path();
        let text = serde_json::to_string_pretty(marker)
            .map_err(|error| FileError::new("write", &path, io::Error::other(error)))?;
        account.write_file(&path, text.as_bytes())
    }

    /// Whether there is a folder with something in it that the marker's drafts do not explain.
    pub(crate) fn is_occupied(&self) -> Result<bool, FileError> {
        let folder = self.folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(false),
            // A file, or a link to nowhere, is in the way as well.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(true),
            Err(error) => return Err(FileError::new("list", &folder, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| FileError::new("list", &folder, error))?;
            if !entry
                .file_name()
                .to_string_lossy()
                .starts_with(".pgfleet.json.")
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes all that belongs to the instance, the marker last, so that an interruption leaves
    /// a folder that is still known to be ours. Takes as long as the disk takes.
    pub(crate) fn remove(&self) -> Result<(), FileError> {
        self.remove_contents()?;
        let marker = self.marker_path();
        let folder = self.folder();
        fs::remove_file(&marker)
            .or_else(ignore_absent)
            .map_err(failed(&marker))?;
        fs::remove_dir(&folder)
            .or_else(ignore_absent)
            .map_err(failed(&folder))?;
        // The lock's file has no further use.
        let _ = fs::remove_file(self.lock());
        remove_locks_folder(&self.root);
        Ok(())
    }

    /// Removes all but the marker.
    pub(crate) fn remove_contents(&self) -> Result<(), FileError> {
        let folder = self.folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(FileError::new("list", &folder, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| FileError::new("list", &folder, error))?;
            if entry.file_name() == MARKER {
                continue;
            }
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let removed = if is_folder {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.or_else(ignore_absent).map_err(failed(&path))?;
        }
        Ok(())
    }
}

/// Removes the locks that nobody holds and whose instance is no more: runs leave them that fail
/// before there is an instance, or are killed behind one.
pub(crate) fn tidy_locks(root: &Path) {
    let folder = locks(root);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(id) = name.strip_suffix(".lock").filter(|_| name != PORTS_LOCK) else {
            continue;
        };
        let there = || fs::symlink_metadata(root.join(id)).is_ok();
        // Looked at again under the lock: somebody may just have begun to make it.
        if !there()
            && let Ok(Some(_lock)) = InstanceLock::try_acquire(&entry.path())
            && !there()
        {
            // Whatever stays is of no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
    remove_locks_folder(root);
}

/// Removes the folder of the locks when it holds no lock of an instance any more.
fn remove_locks_folder(root: &Path) {
    let folder = locks(root);
    let ports = folder.join(PORTS_LOCK);
    let mut entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    if entries.any(|entry| entry.file_name() != PORTS_LOCK) {
        return;
    }
    if ports.exists()
        && let Ok(Some(_unused)) = InstanceLock::try_acquire(&ports)
    {
        let _ = fs::remove_file(&ports);
    }
    let _ = fs::remove_dir(&folder);
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> FileError + use<> {
    let path = path.to_owned();
    move |error| FileError::new("remove", path, error)
}

/// The folder of the locks.
pub(crate) fn locks(root: &Path) -> PathBuf {
    root.join(".locks")
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    if is_absent(&error) {
        Ok(())
    } else {
        Err(error)
    }
}

/// Where an instance is in its life, as far as its marker tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Life {
    /// Being made; what is there is not complete.
    Creating,
    /// Complete.
    Ready,
    /// Being removed; what is there is not complete any more.
    Deleting,
}

/// What `pgfleet.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// pgfleet's tags and the plan's.
    pub(crate) tags: Tags,
    pub(crate) life: Life,
    /// Tells this instance from an earlier one in the same place.
    pub(crate) incarnation: String,
    /// Grows with every operation.
    pub(crate) revision: u64,
    /// The port that is kept for it while it is being made and has no settings yet.
    pub(crate) reserved_port: Option<u16>,
    /// The database that the plan asked for, for logins.
    pub(crate) database: String,
    /// The administrator's name.
    pub(crate) admin: String,
}

impl Marker {
    pub(crate) fn version(&self) -> String {
        format!("{}.{}", self.incarnation, self.revision)
    }

    /// Whose it is; `None` where somebody damaged the tags.
    pub(crate) fn owner(&self) -> Option<Owner> {
        Owner::take_from(&mut self.tags.clone())
    }

    /// Gives the instance a new owner's tags and keeps the others.
    pub(crate) fn set_owner(&mut self, owner: &Owner) {
        self.tags.extend(owner.tags());
    }
}

/// What the slots of replicas begin with whose primary is not ours. That primary may be another
/// fleet's, which must not take them for its own.
pub(crate) const FOREIGN_SLOT: &str = "pgfleet__";

/// The slot of a replica on a primary that is not ours.
pub(crate) fn foreign_slot_name(id: &ResourceId) -> String {
    format!("{FOREIGN_SLOT}{}", id.as_str().replace('-', "_"))
}

/// The replication slot of a replica: the identifier in the characters that slots may have.
pub(crate) fn slot_name(id: &ResourceId) -> String {
    format!("pgfleet_{}", id.as_str().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_have_names_that_postgresql_takes() {
        let slot = slot_name(&ResourceId::new("foodtruck-replica-1"));
        assert_eq!(slot, "pgfleet_foodtruck_replica_1");
    }
}
