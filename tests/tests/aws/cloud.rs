//! A simulated AWS and one plan file, `truck.toml`.

use std::{fs, ops::Deref};

use pgfleet_simulator::{Builder, Clock, Simulator};
pub(crate) use pgfleet_tests::PASSWORD;
use pgfleet_tests::{Clouds, Ran};
use serde_json::Value;

/// A simulated AWS whose instances are ready at once, and a folder of plan files.
pub(crate) struct Cloud(Clouds);

impl Deref for Cloud {
    type Target = Clouds;

    fn deref(&self) -> &Clouds {
        &self.0
    }
}

impl Cloud {
    pub(crate) fn new() -> Self {
        Self::of(Simulator::builder())
    }

    pub(crate) fn of(builder: Builder) -> Self {
        Self(Clouds::of(builder.clock(Clock::AtOnce)))
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

    pub(crate) fn apply(&self) -> Ran {
        self.0.apply(&["truck.toml"])
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

    /// Whether a primary and so many replicas are there, and nothing is to be changed or kept
    /// that is a secret.
    #[track_caller]
    pub(crate) fn is_as_planned(&self, replicas: usize) {
        self.is_settled();
        let mut wanted = vec!["truck-primary".to_owned()];
        wanted.extend((1..=replicas).map(|number| format!("truck-replica-{number}")));
        assert_eq!(self.instances(), wanted);
        let state = self.control().state().to_string().to_lowercase();
        assert!(!state.contains("planted"), "a secret is kept");
    }
}
