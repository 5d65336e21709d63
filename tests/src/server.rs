//! One server as the system sees it: its folder, its processes, its port. Nothing here goes
//! through pgfleet's own eyes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use pgfleet_postgres::Installation;
use rustix::process::{Pid, Signal, kill_process};

use crate::{Process, processes_below, wait_until};

/// The folder of PostgreSQL's programs: the newest installation, as pgfleet takes it.
pub fn bindir() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| Installation::discover(None).unwrap().bindir)
}

/// A server's folder below the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `DATA_DIR/ID`.
    pub folder: PathBuf,
}

impl Server {
    /// PostgreSQL's own data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// One line of `postmaster.pid`.
    fn pid_line(&self, number: usize) -> Option<String> {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        text.lines().nth(number).map(|line| line.trim().to_owned())
    }

    /// Its first process, as it wrote it down; `None`: it was stopped properly.
    pub fn pid(&self) -> Option<u32> {
        self.pid_line(0)?.parse().ok()
    }

    /// The port it listens on, as it wrote it down.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let port = self.pid_line(3).and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("{} does not run", self.folder.display()))
    }

    /// Its processes.
    pub fn processes(&self) -> Vec<Process> {
        processes_below(&self.data())
    }

    /// The one of its processes that does this, such as `walreceiver` or `startup`.
    #[track_caller]
    pub fn process(&self, does: &str) -> u32 {
        let found = self.processes();
        let found = found.iter().find(|process| process.command.contains(does));
        found.unwrap_or_else(|| panic!("no {does} process")).pid
    }

    /// Ends its first process without warning, and waits until the others have followed.
    pub fn kill(&self) {
        send(self.pid().unwrap(), Signal::KILL);
        wait_until("a killed server is gone", || self.processes().is_empty());
    }

    /// Stops it as an administrator would.
    pub fn stop(&self) {
        send(self.pid().unwrap(), Signal::INT);
        wait_until("a stopped server is gone", || {
            self.processes().is_empty() && self.pid().is_none()
        });
    }
}

/// Sends a signal; a process that is gone hears nothing.
pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = kill_process(pid, signal);
}

/// A command that is run as the owner of a folder where we are root: PostgreSQL's programs refuse
/// root.
pub(crate) fn as_user(user: &str, program: &Path) -> Command {
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    }
}
