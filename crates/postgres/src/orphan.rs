//! Servers whose data folder was removed under them.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::{
    StopError,
    status::{data_argument, pid_of, processes},
};

/// A server, or what is left of one, that runs in a folder that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its first process.
    pub pid: u32,
    /// Where its data folder was.
    pub data: PathBuf,
    /// How it was started.
    pub command_line: String,
    /// Tells it from a later process of the same number.
    seen: Seen,
}

/// A PostgreSQL process whose working folder is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// When it started, in the system's ticks.
    started: u64,
    parent: u32,
    /// The removed folder: a folder that is in use keeps its numbers.
    folder: (u64, u64),
}

/// How long an orphan may take to end at once; it gives its own children five seconds.
const WAIT: Duration = Duration::from_secs(10);

/// The servers whose data folder was below `root` and is gone, though a new one may stand in its
/// place. Linux only; elsewhere none are found. Those of other users are seen by root alone.
pub fn orphans(root: &Path) -> Vec<Orphan> {
    let root = fs::canonicalize(root).or_else(|_| std::path::absolute(root));
    let Ok(root) = root else { return Vec::new() };
    let all: Vec<(u32, PathBuf, Seen)> = processes()
        .filter_map(|pid| look(pid).map(|(data, seen)| (pid, data, seen)))
        .filter(|(_, data, _)| data.starts_with(&root))
        .collect();
    // A child whose parent works in the same folder ends with it.
    all.iter()
        .filter(|(_, _, seen)| {
            !all.iter()
                .any(|(pid, _, other)| *pid == seen.parent && other.folder == seen.folder)
        })
        .map(|(pid, data, seen)| Orphan {
            pid: *pid,
            data: data.clone(),
            command_line: command_line(*pid),
            seen: *seen,
        })
        .collect()
}

/// Ends an orphan and all its processes, at once, and returns when they are gone. One that is gone
/// already, or whose number now belongs to another, is left alone.
///
/// # Errors
/// It may not be signalled, or runs on even after `SIGKILL`.
pub async fn end_orphan(orphan: &Orphan) -> Result<(), StopError> {
    if look(orphan.pid).is_none_or(|(_, seen)| !orphan.is(seen)) {
        return Ok(());
    }
    signal(orphan.pid, Signal::QUIT)?;
    // One that is halted does not hear the first signal.
    signal(orphan.pid, Signal::CONT)?;
    if orphan.is_gone_within(WAIT).await {
        return Ok(());
    }
    for pid in orphan.members() {
        signal(pid, Signal::KILL)?;
    }
    if orphan.is_gone_within(WAIT).await {
        return Ok(());
    }
    Err(StopError::Stuck {
        data: orphan.data.clone(),
        pid: orphan.pid,
    })
}

impl Orphan {
    /// Whether a process is still the one that was found; its parent may have died meanwhile.
    fn is(&self, seen: Seen) -> bool {
        seen.started == self.seen.started && seen.folder == self.seen.folder
    }

    /// Every process in the same removed folder.
    fn members(&self) -> Vec<u32> {
        processes()
            .filter(|pid| look(*pid).is_some_and(|(_, seen)| seen.folder == self.seen.folder))
            .collect()
    }

    async fn is_gone_within(&self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        loop {
            if self.members().is_empty() {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn signal(pid: u32, signal: Signal) -> Result<(), StopError> {
    let Some(process) = pid_of(pid) else {
        return Ok(());
    };
    match rustix::process::kill_process(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(errno) => Err(StopError::Signal {
            pid,
            source: errno.into(),
        }),
    }
}

/// Looks at a process: where its working folder was, if it is PostgreSQL's and that folder is gone.
fn look(pid: u32) -> Option<(PathBuf, Seen)> {
    let (data, folder) = removed_folder(pid)?;
    // The name stands in brackets and may hold anything; the fields after it are plain.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    if name != "postgres" && name != "postmaster" {
        return None;
    }
    let mut fields = after.split(' ').skip(1);
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some((
        data,
        Seen {
            started,
            parent,
            folder,
        },
    ))
}

/// Where the working folder of a process was that is gone now, and the folder's numbers.
fn removed_folder(pid: u32) -> Option<(PathBuf, (u64, u64))> {
    let cwd = format!("/proc/{pid}/cwd");
    match fs::read_link(&cwd) {
        Ok(link) => {
            let data = PathBuf::from(link.to_str()?.strip_suffix(" (deleted)")?);
            let folder = fs::metadata(&cwd).ok()?;
            Some((data, (folder.dev(), folder.ino())))
        }
        // Where we may not look, the command line still names the folder; its numbers are lost, and
        // the process's own stand in for them.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let data = data_argument(pid).filter(|data| !data.exists())?;
            Some((data, (u64::MAX, pid.into())))
        }
        Err(_) => None,
    }
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes)
        .replace('\0', " ")
        .trim()
        .to_owned()
}
