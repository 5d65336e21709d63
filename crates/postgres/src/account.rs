//! Who runs the servers: ourselves, or another user where we are root.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::fs::OFlags;
use tokio::process::Command;

use crate::{AccountError, FileError, status::is_alive};

/// The user that servers run as and that owns their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// Whether programs must be told to run as this user, since we are root.
    switch: bool,
}

impl Account {
    /// The account for servers below `folder`: ourselves, unless we are root. Then it is the
    /// owner of `folder` where that exists and is not root's, else `postgres`, else `nobody`.
    ///
    /// # Errors
    /// We are root and there is no such user.
    pub fn for_folder(folder: &Path) -> Result<Self, AccountError> {
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self {
                name: name_of(&passwd, uid),
                uid,
                gid,
                switch: false,
            });
        }
        if let Ok(owner) = fs::metadata(folder)
            && owner.uid() != 0
        {
            let (uid, gid) = (owner.uid(), owner.gid());
            return Ok(Self {
                name: name_of(&passwd, uid),
                uid,
                gid,
                switch: true,
            });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| find(&passwd, name))
            .map(|(name, uid, gid)| Self {
                name,
                uid,
                gid,
                switch: true,
            })
            .ok_or(AccountError::NoUser)
    }

    /// Its name, or its number where it has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its user number.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Makes a folder for this account alone (mode 0700), and those of its parents that are
    /// missing. One that exists is left as it is.
    ///
    /// # Errors
    /// The folder cannot be made, or not be given to the account.
    pub fn create_folder(&self, path: &Path) -> Result<(), FileError> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            self.create_folder(parent)?;
        }
        let made = if self.switch {
            self.hand_over_folder(path)
        } else {
            DirBuilder::new().mode(0o700).create(path)
        };
        match made {
            // Somebody else made it meanwhile.
            Err(_) if path.is_dir() => Ok(()),
            made => made.map_err(FileError::at("create the folder", path)),
        }
    }

    /// Makes a folder under another name, gives it to the account and only then puts it in place:
    /// whoever looks meanwhile, or after we were killed in between, never finds one that the
    /// account may not use.
    fn hand_over_folder(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
        match fs::remove_dir(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&draft)?;
        // Through a handle that follows no link: the parent may be another user's, who could put a
        // link to somebody's folder in place of ours before it changes hands.
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let placed = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(&draft)
            .and_then(|folder| self.own(&folder))
            .and_then(|()| fs::rename(&draft, path));
        if placed.is_err() {
            // The first error is the one that counts.
            let _ = fs::remove_dir(&draft);
        }
        remove_dead_drafts(path, &name);
        placed
    }

    /// Writes a file of this account (mode 0600) so that a reader sees the old text or the new
    /// one, whole, and so that it is on disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written or put in place.
    pub fn write_file(&self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
        let written = self.write_draft(&draft, contents).and_then(|()| {
            fs::rename(&draft, path)?;
            sync_folder(path)
        });
        written.map_err(|error| {
            // The draft may be half written or never made; the first error is the one that counts.
            let _ = fs::remove_file(&draft);
            FileError::new("write", path, error)
        })
    }

    fn write_draft(&self, draft: &Path, contents: &[u8]) -> io::Result<()> {
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(draft)?;
        self.own(&file)?;
        file.write_all(contents)?;
        file.sync_all()
    }

    /// Makes an empty file (mode 0600) where there is none.
    ///
    /// # Errors
    /// It cannot be made or given to the account.
    pub fn create_file(&self, path: &Path) -> Result<(), FileError> {
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
        {
            Ok(file) => self
                .own(&file)
                .map_err(FileError::at("change the owner of", path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(FileError::new("create", path, error)),
        }
    }

    fn own(&self, file: &File) -> io::Result<()> {
        if self.switch {
            fchown(file, Some(self.uid), Some(self.gid))
        } else {
            Ok(())
        }
    }

    /// Checks that the account may pass through every folder down to `path`, as far as they exist.
    ///
    /// # Errors
    /// Names the first folder that is closed to it.
    pub async fn check_reachable(&self, path: &Path) -> Result<(), AccountError> {
        let absolute = std::path::absolute(path).map_err(FileError::at("find", path))?;
        let nearest = absolute
            .ancestors()
            .find_map(|folder| fs::canonicalize(folder).ok());
        let Some(nearest) = nearest else {
            return Ok(());
        };
        let mut folders: Vec<&Path> = nearest.ancestors().filter(|path| path.is_dir()).collect();
        folders.reverse();
        for folder in folders {
            let open = fs::metadata(folder).is_ok_and(|meta| self.may_pass(&meta));
            if !open && !self.passes_indeed(folder).await {
                let folder = folder.to_owned();
                return Err(AccountError::NotTraversable {
                    user: self.name.clone(),
                    folder,
                });
            }
        }
        Ok(())
    }

    /// Checks that servers can be made below `path`: that the account may write into it where it
    /// exists, and that it can be made where it does not.
    ///
    /// # Errors
    /// Names the folder that cannot be written to.
    pub async fn check_writable(&self, path: &Path) -> Result<(), AccountError> {
        let absolute = std::path::absolute(path).map_err(FileError::at("find", path))?;
        let nearest = absolute.ancestors().find(|folder| folder.exists());
        let Some(nearest) = nearest else {
            return Ok(());
        };
        let mut command = Command::new("test");
        command
            .arg("-d")
            .arg(nearest)
            .arg("-a")
            .arg("-w")
            .arg(nearest);
        command.stdin(Stdio::null()).kill_on_drop(true);
        // Folders on the way are made by us and then given to the account.
        if nearest == absolute {
            self.apply(&mut command);
        }
        if command.status().await.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        Err(AccountError::NotWritable {
            user: self.name.clone(),
            folder: nearest.to_owned(),
        })
    }

    /// What the mode bits say. Further groups do not count: they are given up with root.
    fn may_pass(&self, folder: &fs::Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }

    /// Asks the system as that user: access lists may allow what the mode bits do not.
    async fn passes_indeed(&self, folder: &Path) -> bool {
        let mut command = Command::new("test");
        command
            .arg("-x")
            .arg(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        self.apply(&mut command);
        command.status().await.is_ok_and(|status| status.success())
    }

    /// Makes a command run as this account.
    pub(crate) fn apply(&self, command: &mut Command) {
        // Not our own folder, which the account may be unable to enter.
        command.current_dir("/");
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
    }
}

/// Removes the empty drafts of a folder that runs left which were killed. What cannot be removed
/// is in nobody's way.
fn remove_dead_drafts(path: &Path, name: &str) {
    let prefix = format!(".{name}.");
    let entries = path.parent().and_then(|parent| fs::read_dir(parent).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        let pid = found
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix(".new"))
            .and_then(|pid| pid.parse().ok());
        if pid.is_some_and(|pid| !is_alive(pid)) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Makes a rename last.
fn sync_folder(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.map_or_else(|| PathBuf::from("."), Path::to_owned))?.sync_all()
}

/// One line of the user list: name, user and group number.
fn entry(line: &str) -> Option<(String, u32, u32)> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some((name, uid, gid))
}

fn find(passwd: &str, name: &str) -> Option<(String, u32, u32)> {
    passwd
        .lines()
        .filter_map(entry)
        .find(|(found, ..)| found == name)
}

fn name_of(passwd: &str, uid: u32) -> String {
    passwd
        .lines()
        .filter_map(entry)
        .find(|(_, found, _)| *found == uid)
        .map_or_else(|| uid.to_string(), |(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n# comment\n\
        postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn users_are_found_by_name_and_by_number() {
        assert_eq!(
            find(PASSWD, "postgres"),
            Some(("postgres".to_owned(), 101, 104))
        );
        assert_eq!(find(PASSWD, "nobody"), None);
        assert_eq!(name_of(PASSWD, 101), "postgres");
        assert_eq!(name_of(PASSWD, 4711), "4711");
    }

    #[test]
    fn files_and_folders_belong_to_the_account_alone() {
        let root = tempfile::tempdir().unwrap();
        let account = Account::for_folder(Path::new("/nonexistent")).unwrap();
        let folder = root.path().join("a/b");
        account.create_folder(&folder).unwrap();
        account.create_folder(&folder).unwrap();
        let file = folder.join("secret");
        account.write_file(&file, b"first").unwrap();
        account.write_file(&file, b"second").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"second");
        for (path, mode) in [(&folder, 0o700), (&file, 0o600)] {
            let meta = fs::metadata(path).unwrap();
            assert_eq!(meta.mode() & 0o777, mode);
            assert_eq!(meta.uid(), account.uid());
        }
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "a draft was left behind"
        );
    }

    #[test]
    fn a_folder_that_was_left_half_made_is_in_nobodys_way() {
        let root = tempfile::tempdir().unwrap();
        let account = Account::for_folder(Path::new("/nonexistent")).unwrap();
        // No process has so high a number.
        let dead = root.path().join(".folder.2147483647.new");
        let others = root.path().join(".other.2147483647.new");
        fs::create_dir(&dead).unwrap();
        fs::create_dir(&others).unwrap();
        remove_dead_drafts(&root.path().join("folder"), "folder");
        account.create_folder(&root.path().join("folder")).unwrap();
        assert!(!dead.exists() && others.exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn a_closed_folder_on_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let closed = root.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o600)).unwrap();
        let account = Account::for_folder(Path::new("/nonexistent")).unwrap();
        let error = account
            .check_reachable(&closed.join("x/y"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("chmod o+x"), "{error}");
        assert!(matches!(error, AccountError::NotTraversable { folder, .. }
            if folder == fs::canonicalize(&closed).unwrap()));
        account
            .check_reachable(&root.path().join("new"))
            .await
            .unwrap();
    }
}
