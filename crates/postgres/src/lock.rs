//! A lock on an instance that lasts as long as anybody works on it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use rustix::{fs::FlockOperation, io::Errno};

use crate::FileError;

/// Tries before a lock counts as held: [`InstanceLock::is_held`] takes it for an instant.
const TRIES: u32 = 5;

/// An exclusive lock, held until this and every child that got [`InstanceLock::child_stdin`] or
/// [`InstanceLock::share`] are gone. The system releases it, however they end.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
}

impl InstanceLock {
    /// Takes the lock, making its file (mode 0600) where there is none. `None`: somebody else has
    /// it. Blocks for a few milliseconds at most.
    ///
    /// # Errors
    /// The file cannot be opened or locked.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, FileError> {
        for attempt in 0..TRIES {
            if attempt > 0 {
                thread::sleep(Duration::from_millis(2));
            }
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
                .map_err(FileError::at("open the lock", path))?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Somebody may have removed the file between the two calls: a lock on a file that
                // nobody can find again keeps nobody out.
                Ok(()) if is_at(&file, path) => return Ok(Some(Self { file })),
                Ok(()) | Err(Errno::WOULDBLOCK) => {}
                Err(errno) => return Err(FileError::errno_at("lock", path)(errno)),
            }
        }
        Ok(None)
    }

    /// Whether somebody has the lock, without keeping it. `false` where there is no such file;
    /// `true` where we may not open it.
    pub fn is_held(path: &Path) -> bool {
        let file = match OpenOptions::new().read(true).open(path) {
            Ok(file) => file,
            // Somebody else's: to take it for free would be to work on what they work on.
            Err(error) => return error.kind() == io::ErrorKind::PermissionDenied,
        };
        // Shared, so that two who only look do not see each other.
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
    }

    /// The lock as a child's stdin: the child then holds it too, even if we are killed.
    ///
    /// # Errors
    /// No further file can be opened.
    pub fn child_stdin(&self) -> io::Result<Stdio> {
        self.share().map(Stdio::from)
    }

    /// A further handle on the same lock, for the options of this crate's long calls.
    ///
    /// # Errors
    /// No further file can be opened.
    pub fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// Whether `file` is what `path` names now.
fn is_at(file: &File, path: &Path) -> bool {
    let id = |meta: &fs::Metadata| (meta.dev(), meta.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if id(&a) == id(&b))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!InstanceLock::is_held(&path));
        let first = InstanceLock::try_acquire(&path).unwrap().unwrap();
        assert!(InstanceLock::is_held(&path));
        assert!(InstanceLock::try_acquire(&path).unwrap().is_none());
        drop(first);
        assert!(!InstanceLock::is_held(&path));
        assert!(InstanceLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn a_surviving_child_keeps_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = InstanceLock::try_acquire(&path).unwrap().unwrap();
        // `cat` waits for the pipe, which is its stderr, and never touches its stdin, the lock.
        let (reader, writer) = io::pipe().unwrap();
        let mut child = Command::new("cat")
            .arg("/dev/fd/2")
            .stdin(lock.child_stdin().unwrap())
            .stderr(reader)
            .spawn()
            .unwrap();
        drop(lock);
        let held = InstanceLock::is_held(&path);
        drop(writer);
        child.wait().unwrap();
        assert!(held);
        assert!(!InstanceLock::is_held(&path));
    }
}
