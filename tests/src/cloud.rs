//! A simulated cloud and a folder of plan files, for the tests through the binary.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use pgfleet_simulator::{Builder, Clock, Record, Simulator};
use serde_json::Value;

use crate::{Machine, Ran, Signal, send};

/// The password of every primary made here; nothing may show or keep it.
pub const PASSWORD: &str = "planted-password";

/// The words of one vendor.
#[derive(Debug, Clone, Copy)]
pub struct Vendor {
    /// As plan files name it.
    pub provider: &'static str,
    /// A region.
    pub region: &'static str,
    /// A class.
    pub size: &'static str,
    /// A disk, in GiB.
    pub gib: u32,
    /// Further lines of a plan file, at its end.
    pub tables: &'static str,
    /// The variables that lead to a simulator at this endpoint.
    pub environment: fn(&str) -> Vec<(&'static str, String)>,
}

/// A simulated cloud whose instances are ready at once, and a folder of plan files.
#[derive(Debug)]
pub struct Cloud {
    /// Where the plan files are.
    pub machine: Machine,
    /// The cloud.
    pub simulator: Simulator,
    vendor: Vendor,
    /// The process that is killed after the request of this number has taken effect.
    doomed: Arc<(AtomicU64, Mutex<Option<u32>>)>,
    /// Serves the simulator until the test ends.
    _runtime: tokio::runtime::Runtime,
}

impl Cloud {
    /// A cloud as the simulator is by default.
    pub fn new(vendor: Vendor) -> Self {
        Self::of(vendor, Simulator::builder())
    }

    /// A cloud with options of its own.
    pub fn of(vendor: Vendor, builder: Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let doomed = Arc::new((AtomicU64::new(0), Mutex::new(None)));
        let watched = Arc::clone(&doomed);
        let simulator = runtime.block_on(async {
            let builder = builder.clock(Clock::AtOnce);
            let builder = builder.after_effect(move |number, _| {
                if number == watched.0.load(Ordering::SeqCst)
                    && let Some(pid) = watched.1.lock().unwrap().take()
                {
                    send(pid, Signal::KILL);
                }
            });
            builder.start().await.unwrap()
        });
        Self {
            machine: Machine::new(),
            simulator,
            vendor,
            doomed,
            _runtime: runtime,
        }
    }

    /// Kills a process after the request of this number has taken effect.
    pub fn kills(&self, process: u32, number: u64) {
        *self.doomed.1.lock().unwrap() = Some(process);
        self.doomed.0.store(number, Ordering::SeqCst);
    }

    /// Kills nothing from now on.
    pub fn kills_nothing(&self) {
        self.doomed.0.store(0, Ordering::SeqCst);
    }

    /// Writes a plan file for so many replicas; `more` are further keys at its beginning.
    pub fn plan(&self, replicas: usize, more: &str) -> String {
        let Vendor {
            provider,
            region,
            size,
            gib,
            tables,
            environment: _,
        } = self.vendor;
        self.write(&format!(
            "fleet = 'truck'\nprovider = '{provider}'\nregion = '{region}'\n{more}\n\
             [primary]\nsize = '{size}'\nstorage = {{ gib = {gib} }}\n\
             password = {{ env = 'TRUCK_PASSWORD' }}\n\
             [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n{tables}"
        ))
    }

    /// Writes the plan file.
    pub fn write(&self, text: &str) -> String {
        fs::write(self.machine.path().join("truck.toml"), text).unwrap();
        "truck.toml".to_owned()
    }

    /// What is in the plan file.
    pub fn written(&self) -> String {
        fs::read_to_string(self.machine.path().join("truck.toml")).unwrap()
    }

    /// Any command in the environment that leads to the simulated cloud.
    pub fn at_home(&self, mut command: Command) -> Command {
        command
            .current_dir(self.machine.path())
            .env("HOME", self.machine.path())
            .env("TRUCK_PASSWORD", PASSWORD)
            .envs((self.vendor.environment)(&self.simulator.endpoint()));
        command
    }

    /// pgfleet with these arguments, in that environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.at_home(self.machine.command(arguments))
    }

    /// Runs pgfleet with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.machine.start_command(self.command(arguments)).wait()
    }

    /// Applies the plan file.
    pub fn apply(&self) -> Ran {
        self.run(&["apply", "truck.toml", "--auto-approve"])
    }

    /// The requests of a run.
    pub fn records(&self, arguments: &[&str], code: i32) -> Vec<Record> {
        let before = usize::try_from(self.simulator.control().request_count()).unwrap();
        self.run(arguments).exits(code);
        self.simulator.control().requests()[before..].to_vec()
    }

    /// The actions that a run asked for.
    pub fn asked(&self, arguments: &[&str], code: i32) -> Vec<String> {
        let records = self.records(arguments, code);
        records.into_iter().map(|record| record.action).collect()
    }

    /// The instances of the plan file that exist.
    pub fn status(&self) -> Vec<Value> {
        let seen = self
            .run(&["status", "truck.toml", "--format", "json"])
            .exits(0);
        let document = seen.json();
        let instances = document["fleets"][0]["instances"].as_array().unwrap();
        let there = instances.iter().filter(|one| one["phase"] != "missing");
        there.cloned().collect()
    }

    /// Their identifiers, in order.
    pub fn instances(&self) -> Vec<String> {
        let there = self.status();
        there
            .iter()
            .map(|one| one["resource_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether nothing is to be changed.
    #[track_caller]
    pub fn is_settled(&self) {
        self.run(&["plan", "truck.toml", "--detailed-exitcode"])
            .exits(0);
    }

    /// Whether a primary and so many replicas are there, and nothing is to be changed.
    #[track_caller]
    pub fn is_as_planned(&self, replicas: usize) {
        self.is_settled();
        let state = self.simulator.control().state().to_string();
        let mut wanted = vec!["truck-primary".to_owned()];
        wanted.extend((1..=replicas).map(|number| format!("truck-replica-{number}")));
        for id in &wanted {
            assert!(state.contains(id.as_str()), "{id} is not there");
        }
        assert!(!state.contains("planted"), "a secret is kept");
    }
}
