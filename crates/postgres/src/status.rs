//! Whether a server runs in a data folder, and as which process.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::process::Pid;

/// The state of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There is no data folder, or none with a version file, and no server runs in it. One whose
    /// making was cut short may count as stopped.
    NoData,
    /// No server runs in it.
    Stopped {
        /// Whether one ended there without tidying up.
        stale_pid_file: bool,
    },
    /// A server runs in it. One that is halted (`SIGSTOP`) counts too.
    Running {
        /// Its process.
        pid: u32,
        /// Whether it says that it takes connections.
        ready: bool,
    },
}

/// What a server writes about itself.
struct PidFile {
    pid: u32,
    ready: bool,
}

pub(crate) fn status(data: &Path) -> Status {
    // A server goes on when files are removed under it, so whether one runs is asked first.
    let none = |stale_pid_file| {
        if data.join("PG_VERSION").is_file() {
            Status::Stopped { stale_pid_file }
        } else {
            Status::NoData
        }
    };
    match fs::read_to_string(data.join("postmaster.pid")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => none(false),
        // A file that is unreadable, or half written by a machine that went down.
        Err(_) => none(true),
        Ok(text) => match parse(&text) {
            Some(PidFile { pid, ready }) if works_in(pid, data) => Status::Running { pid, ready },
            _ => none(true),
        },
    }
}

/// The process that the pid file of a folder names, alive or not, the folder's own or not.
pub(crate) fn recorded_pid(data: &Path) -> Option<u32> {
    parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?).map(|file| file.pid)
}

fn parse(text: &str) -> Option<PidFile> {
    let mut lines = text.lines();
    // A single-user server writes its number as a negative one.
    let pid = lines.next()?.trim().parse::<i32>().ok()?.unsigned_abs();
    let state = lines.nth(6).unwrap_or_default().trim();
    (pid > 0).then_some(PidFile {
        pid,
        ready: state == "ready" || state == "standby",
    })
}

/// A process number as rustix wants it.
pub(crate) fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Whether a process lives that we may signal; those of other users are never ours.
pub(crate) fn is_alive(pid: u32) -> bool {
    pid_of(pid).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// Whether the live process `pid` is a server of this folder rather than one that got the number of
/// a dead server. Servers make their data folder their working folder, which Linux shows.
pub(crate) fn works_in(pid: u32, data: &Path) -> bool {
    if !is_alive(pid) {
        return false;
    }
    if !cfg!(target_os = "linux") {
        return true;
    }
    // Of a dead process that nobody has waited for yet nothing can be read here: not running.
    let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
    match (fs::metadata(format!("/proc/{pid}/cwd")), fs::metadata(data)) {
        (Ok(cwd), Ok(data)) => id(cwd) == id(data),
        (Err(error), _) if error.kind() == io::ErrorKind::PermissionDenied => {
            data_argument(pid).is_some_and(|path| is_same(&path, data))
        }
        _ => false,
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// The data folder on the command line of a server, as [`Server::start`](crate::Server::start)
/// writes it. Containers often forbid even root to see another user's working folder; the command
/// line anybody may see. Those of a server's children say nothing.
pub(crate) fn data_argument(pid: u32) -> Option<PathBuf> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = bytes.split(|byte| *byte == 0);
    let program = Path::new(OsStr::from_bytes(words.next()?));
    if !program.ends_with("postgres") {
        return None;
    }
    words.find(|word| *word == b"-D")?;
    words
        .next()
        .map(|path| PathBuf::from(OsStr::from_bytes(path)))
}

/// Every process that works in this folder (Linux; elsewhere none).
pub(crate) fn workers_of(data: &Path) -> Vec<u32> {
    processes().filter(|pid| works_in(*pid, data)).collect()
}

/// The numbers of all processes (Linux; elsewhere none).
pub(crate) fn processes() -> impl Iterator<Item = u32> {
    let entries = cfg!(target_os = "linux")
        .then(|| fs::read_dir("/proc").ok())
        .flatten();
    entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_server_is_read() {
        let text = "4242\n/data\n1700000000\n5432\n/tmp\nlocalhost\n 1 2\nready   \n";
        let file = parse(text).unwrap();
        assert!(file.pid == 4242 && file.ready);
        assert_eq!(parse("-77\n/data\n").unwrap().pid, 77);
        assert!(!parse("77\n/data\n").unwrap().ready);
        assert!(parse("").is_none() && parse("0\n").is_none() && parse("x\n").is_none());
    }

    #[test]
    fn a_folder_without_a_server_and_one_with_anothers_number() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(status(folder.path()), Status::NoData);
        fs::write(folder.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(
            status(folder.path()),
            Status::Stopped {
                stale_pid_file: false
            }
        );
        let pid_file = folder.path().join("postmaster.pid");
        fs::write(&pid_file, "").unwrap();
        assert_eq!(
            status(folder.path()),
            Status::Stopped {
                stale_pid_file: true
            }
        );
        // We live and do not work in that folder.
        fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(
                status(folder.path()),
                Status::Stopped {
                    stale_pid_file: true
                }
            );
        }
    }
}
