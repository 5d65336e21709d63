//! What one test has to itself: a folder, a block of ports, and the servers below the folder.

use std::{
    cell::Cell,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    Fleet, Ran, Running, Server, Terminal,
    binary::pgfleet,
    bindir,
    ports::{Ports, is_free},
    processes_below, send,
    server::as_user,
    wait::comes_true,
};

/// A folder and a block of ports that no other test uses.
#[derive(Debug)]
pub struct Machine {
    folder: TempDir,
    ports: Ports,
    runs: Cell<u32>,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// An empty one.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pgfleet-e2e-")
            .tempdir()
            .unwrap();
        // Servers run as another user where the tests run as root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            ports: Ports::lease(),
            runs: Cell::new(0),
        }
    }

    /// Its folder. Plan files lie in it, and pgfleet is run in it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the servers, made by pgfleet.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// One of its ports; 0 is where [`Machine::fleet`] puts the primary.
    pub fn port(&self, number: u16) -> u16 {
        self.ports.nth(number)
    }

    /// A fleet of a primary without replicas, on the first port and not protected.
    pub fn fleet(&self, name: &str) -> Fleet<'_> {
        Fleet::new(self, name)
    }

    /// A server by its identifier.
    pub fn server(&self, id: &str) -> Server {
        Server {
            folder: self.data().join(id),
        }
    }

    /// The binary with these arguments, in this machine's folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(pgfleet());
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("NO_COLOR")
            .env("TERM", "xterm");
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_command(self.command(arguments))
    }

    /// Starts a command made by [`Machine::command`].
    pub fn start_command(&self, command: Command) -> Running {
        self.runs.set(self.runs.get() + 1);
        let output = self.path().join(format!("run-{}", self.runs.get()));
        Running::start(command, &output)
    }

    /// Starts the binary on a terminal of its own, of 80 columns.
    pub fn on_a_terminal(&self, arguments: &[&str]) -> Terminal {
        self.command_on_a_terminal(self.command(arguments), 80)
    }

    /// Starts a command made by [`Machine::command`] on a terminal of so many columns.
    pub fn command_on_a_terminal(&self, command: Command, columns: u16) -> Terminal {
        Terminal::start(command, columns)
    }

    /// Who runs the servers.
    pub fn user(&self) -> String {
        if rustix::process::geteuid().is_root() {
            "postgres".to_owned()
        } else {
            rustix::process::geteuid().as_raw().to_string()
        }
    }

    /// Makes a PostgreSQL data folder that pgfleet has nothing to do with.
    pub fn initdb(&self, folder: &Path) {
        let root = rustix::process::geteuid().is_root();
        let owner = root.then(|| format!("-o{}", self.user()));
        let missing = [folder.parent().unwrap(), folder];
        for folder in missing.into_iter().filter(|folder| !folder.exists()) {
            let mut install = Command::new("install");
            install.args(["-d", "-m", "0700"]).args(&owner).arg(folder);
            assert!(install.status().unwrap().success());
        }
        let output = as_user(&self.user(), &bindir().join("initdb"))
            .args(["--auth", "reject", "--no-sync", "--pgdata"])
            .arg(folder)
            .current_dir("/")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Fails the test if anything of any fleet is left: a process, a listener, a folder.
    #[track_caller]
    pub fn has_nothing_left(&self) {
        let processes = processes_below(self.path());
        assert!(processes.is_empty(), "still running: {processes:#?}");
        let listening: Vec<u16> = self.ports.all().filter(|port| !is_free(*port)).collect();
        assert!(listening.is_empty(), "still listening: {listening:?}");
        assert_eq!(self.folders(), [""; 0], "still there");
    }

    /// What lies in the data folder, hidden entries included, in order.
    pub fn folders(&self) -> Vec<String> {
        let entries = fs::read_dir(self.data()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The text with what differs from run to run replaced by words of the same kind: the folder by
    /// `/e2e`, the ports by 15440 and what follows.
    pub fn normal(&self, text: &str) -> String {
        let mut text = text.replace(&*self.path().to_string_lossy(), "/e2e");
        for (port, number) in self.ports.all().zip(15440..) {
            text = text.replace(&port.to_string(), &u16::to_string(&number));
        }
        text
    }

    /// A folder of PostgreSQL's programs in which these are replaced by shell scripts.
    pub fn bindir_with(&self, scripts: &[(&str, &str)]) -> PathBuf {
        let folder = self.path().join("bin");
        fs::create_dir(&folder).unwrap();
        for entry in fs::read_dir(bindir()).unwrap().flatten() {
            std::os::unix::fs::symlink(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        for (name, script) in scripts {
            let path = folder.join(name);
            fs::remove_file(&path).unwrap();
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    /// Every file below a folder with its contents.
    pub fn contents(&self, below: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![below.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    files.push((entry.path(), fs::read(entry.path()).unwrap_or_default()));
                } else {
                    files.push((entry.path(), Vec::new()));
                }
            }
        }
        files.sort();
        files
    }

    /// Ends everything below the folder. Servers get the signal that lets them give back what the
    /// system would otherwise keep.
    fn clear(&self) {
        let below = || processes_below(self.path());
        let first: Vec<_> = below();
        for process in &first {
            let is_server =
                process.command.contains("postgres") && process.folder.ends_with("data");
            send(
                process.pid,
                if is_server {
                    Signal::QUIT
                } else {
                    Signal::KILL
                },
            );
            send(process.pid, Signal::CONT);
        }
        if !comes_true(Duration::from_secs(10), || below().is_empty()) {
            for process in below() {
                send(process.pid, Signal::KILL);
            }
            comes_true(Duration::from_secs(5), || below().is_empty());
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.clear();
    }
}
