//! That a data folder holds exactly the wanted servers, as the system sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    time::Duration,
};

use pgfleet_postgres::InstanceLock;

use crate::{Fleet, Machine, Process, Server, ports::is_free, processes_below, wait::comes_true};

/// How long what has been told to go may take to be gone.
const SOON: Duration = Duration::from_secs(20);

/// What an instance's folder may hold, beside a server's sockets.
const KNOWN: [&str; 5] = [
    "data",
    "pgfleet.json",
    "pgpass",
    "admin.pgpass",
    "server.log",
];

impl Machine {
    /// Fails the test unless the data folder holds exactly the servers of these fleets, each once,
    /// and beside them nothing: no process, folder, file, held lock or listener.
    #[track_caller]
    pub fn holds_exactly(&self, ids: &[String]) {
        let mut wrong = Vec::new();
        let came = comes_true(SOON, || {
            wrong = self.what_is_wrong(ids);
            wrong.is_empty()
        });
        assert!(came, "beside or instead of {ids:?}: {wrong:#?}");
    }

    fn what_is_wrong(&self, ids: &[String]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut folders: BTreeSet<String> = self.folders().into_iter().collect();
        folders.remove(".locks");
        let wanted: BTreeSet<String> = ids.iter().cloned().collect();
        if folders != wanted {
            wrong.push(format!("the folders are {folders:?}"));
        }
        for id in ids {
            let folder = self.server(id).folder;
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if !KNOWN.contains(&name.as_str()) && !name.starts_with(".s.PGSQL.") {
                    wrong.push(format!("{} lies about", entry.path().display()));
                }
            }
        }
        wrong.extend(self.stray_locks(ids));
        wrong.extend(self.stray_processes(ids));
        let ports: BTreeSet<u16> = ids
            .iter()
            .filter_map(|id| listens_on(&self.server(id)))
            .collect();
        if ports.len() != ids.len() {
            wrong.push(format!("{} servers listen on {ports:?}", ids.len()));
        }
        for port in (0..19).map(|number| self.port(number)) {
            if is_free(port) == ports.contains(&port) {
                wrong.push(format!("port {port} is free or taken, and should not be"));
            }
        }
        wrong
    }

    fn stray_locks(&self, ids: &[String]) -> Vec<String> {
        let mut wrong = Vec::new();
        let locks = fs::read_dir(self.data().join(".locks"));
        for entry in locks.into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let id = name.strip_suffix(".lock").unwrap_or_default();
            if id != "ports" && !ids.iter().any(|wanted| wanted == id) {
                wrong.push(format!("the lock {name} is nobody's"));
            }
            if InstanceLock::is_held(&entry.path()) {
                wrong.push(format!("the lock {name} is held"));
            }
        }
        wrong
    }

    /// Processes that belong to no wanted server, and servers that run twice or not at all.
    fn stray_processes(&self, ids: &[String]) -> Vec<String> {
        let mut wrong = Vec::new();
        let homes: BTreeMap<PathBuf, Option<u32>> = ids
            .iter()
            .map(|id| self.server(id))
            .map(|server| (server.data(), server.pid()))
            .collect();
        for (home, pid) in &homes {
            match pid {
                // A number in a file is no process yet.
                Some(pid) if PathBuf::from(format!("/proc/{pid}")).exists() => {}
                _ => wrong.push(format!("no server runs in {}", home.display())),
            }
        }
        for process in processes_below(self.path()) {
            let Process {
                pid,
                parent,
                folder,
                ..
            } = &process;
            let first = homes.get(folder).copied().flatten();
            let belongs = first.is_some_and(|first| first == *pid || first == *parent);
            // A removed folder's name stays with whom it belonged to.
            let in_place = fs::read_link(format!("/proc/{pid}/cwd"))
                .is_ok_and(|link| !link.to_string_lossy().ends_with(" (deleted)"));
            if !belongs || !in_place {
                wrong.push(format!("{process:?} should not run"));
            }
        }
        wrong
    }
}

/// The port in the file of a server that runs.
fn listens_on(server: &Server) -> Option<u16> {
    let text = fs::read_to_string(server.data().join("postmaster.pid")).ok()?;
    text.lines().nth(3)?.trim().parse().ok()
}

impl Fleet<'_> {
    /// Fails the test unless the plan is empty and exactly the primary and these replicas of the
    /// unnamed group run and stream.
    #[track_caller]
    pub fn is_whole(&self, machine: &Machine, replicas: usize) {
        self.is_as_planned();
        let names: Vec<String> = (1..=replicas).map(|n| format!("replica-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.streams_to(&names);
        machine.holds_exactly(&self.ids(replicas));
    }

    /// The identifiers of the primary and of this many replicas.
    pub fn ids(&self, replicas: usize) -> Vec<String> {
        let id = |server: Server| {
            let name = server.folder.file_name().unwrap().to_string_lossy();
            name.into_owned()
        };
        let replicas = (1..=replicas).map(|number| id(self.replica(number)));
        [id(self.primary())].into_iter().chain(replicas).collect()
    }
}
