//! A simulated AWS and a folder of plan files, for the tests through the binary.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use pgfleet_simulator::{Builder, Clock, Record, Simulator};
use pgfleet_tests::{Machine, Ran, Signal, send};
use serde_json::Value;

/// The password of every primary made here; nothing may show or keep it.
pub(crate) const PASSWORD: &str = "planted-password";

/// A simulated AWS whose instances are ready at once, and a folder of plan files.
pub(crate) struct Cloud {
    pub(crate) machine: Machine,
    pub(crate) simulator: Simulator,
    /// The process that is killed after the request of this number has taken effect.
    doomed: Arc<(AtomicU64, Mutex<Option<u32>>)>,
    /// Serves the simulator until the test ends.
    _runtime: tokio::runtime::Runtime,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        Self::of(Simulator::builder())
    }

    pub(crate) fn of(builder: Builder) -> Self {
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
            doomed,
            _runtime: runtime,
        }
    }

    /// Kills a process after the request of this number has taken effect.
    pub(crate) fn kills(&self, process: u32, number: u64) {
        *self.doomed.1.lock().unwrap() = Some(process);
        self.doomed.0.store(number, Ordering::SeqCst);
    }

    pub(crate) fn kills_nothing(&self) {
        self.doomed.0.store(0, Ordering::SeqCst);
    }

    /// Writes a plan file for so many replicas.
    pub(crate) fn plan(&self, replicas: usize, more: &str) -> String {
        self.write(&format!(
            "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n{more}\n\
             [primary]\nsize = 'db.m5.large'\nstorage = {{ gib = 100 }}\n\
             password = {{ env = 'TRUCK_PASSWORD' }}\n\
             [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n"
        ))
    }

    /// Writes the plan file.
    pub(crate) fn write(&self, text: &str) -> String {
        let path = self.machine.path().join("truck.toml");
        fs::write(&path, text).unwrap();
        "truck.toml".to_owned()
    }

    /// Any command in the environment that leads to the simulated AWS.
    pub(crate) fn at_home(&self, mut command: Command) -> Command {
        command
            .current_dir(self.machine.path())
            .env("HOME", self.machine.path())
            .env("AWS_ENDPOINT_URL", self.simulator.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "planted-key")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("TRUCK_PASSWORD", PASSWORD);
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.at_home(self.machine.command(arguments))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.machine.start_command(self.command(arguments)).wait()
    }

    pub(crate) fn apply(&self) -> Ran {
        self.run(&["apply", "truck.toml", "--auto-approve"])
    }

    /// The requests of a run.
    pub(crate) fn records(&self, arguments: &[&str], code: i32) -> Vec<Record> {
        let before = usize::try_from(self.simulator.control().request_count()).unwrap();
        self.run(arguments).exits(code);
        self.simulator.control().requests()[before..].to_vec()
    }

    /// The actions that a run asked for.
    pub(crate) fn asked(&self, arguments: &[&str], code: i32) -> Vec<String> {
        let records = self.records(arguments, code);
        records.into_iter().map(|record| record.action).collect()
    }

    /// The instances of the plan file that exist.
    pub(crate) fn status(&self) -> Vec<Value> {
        let seen = self
            .run(&["status", "truck.toml", "--format", "json"])
            .exits(0);
        let document = seen.json();
        let instances = document["fleets"][0]["instances"].as_array().unwrap();
        let there = instances.iter().filter(|one| one["phase"] != "missing");
        there.cloned().collect()
    }

    /// Their identifiers, in order.
    pub(crate) fn instances(&self) -> Vec<String> {
        let there = self.status();
        there
            .iter()
            .map(|one| one["resource_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether nothing is to be changed.
    #[track_caller]
    pub(crate) fn is_settled(&self) {
        self.run(&["plan", "truck.toml", "--detailed-exitcode"])
            .exits(0);
    }

    #[track_caller]
    pub(crate) fn is_as_planned(&self, replicas: usize) {
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
