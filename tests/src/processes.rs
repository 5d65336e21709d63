//! Which processes run below a folder, by what the system says of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A process whose working folder is, or was, below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's number.
    pub parent: u32,
    /// How it was started; PostgreSQL writes there what a process does.
    pub command: String,
    /// Its working folder.
    pub folder: PathBuf,
}

/// Every process that works below `folder`, also where that has been removed, or that bears it
/// in its command line. Linux only.
pub fn processes_below(folder: &Path) -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap();
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
        .filter_map(look)
        .filter(|process| {
            process.folder.starts_with(folder)
                || process.command.contains(&*folder.to_string_lossy())
        })
        .collect()
}

/// `None`: it has ended, or is not ours to look at.
fn look(pid: u32) -> Option<Process> {
    let link = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    let text = link.to_str()?;
    let folder = PathBuf::from(text.strip_suffix(" (deleted)").unwrap_or(text));
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let parent = fields.split(' ').nth(1)?.parse().ok()?;
    Some(Process {
        pid,
        parent,
        command: command.trim().to_owned(),
        folder,
    })
}
