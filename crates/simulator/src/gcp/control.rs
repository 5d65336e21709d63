//! The switches that only the simulated Cloud SQL has.

use super::options::GcpOptions;
use crate::cloud::CloudName;
use crate::control;
use crate::simulator::Control;
use serde_json::{Map, Value};

impl Control {
    /// Changes how the simulated Cloud SQL behaves, from the next request on.
    pub fn change_gcp(&self, change: impl FnOnce(&mut GcpOptions)) {
        let mut state = self.shared.state();
        let clock = state.time.mode();
        state.clouds.gcp.change_options(clock, change);
    }

    /// Makes a Cloud SQL instance that has been there all along. `instance` is the body of
    /// `instances.insert`. False, and no change, where the name is taken.
    ///
    /// # Errors
    ///
    /// What Cloud SQL would have refused, or when the state's file cannot be written.
    pub fn seed_gcp(&self, project: &str, instance: &Value) -> Result<bool, String> {
        self.shared.change(|clouds, moment| {
            let seeded = clouds.gcp.seed(project, instance, moment);
            seeded.map(|seeded| (seeded, seeded))
        })
    }

    /// Lets the disk of a Cloud SQL instance grow by itself to a size, in GiB.
    ///
    /// # Errors
    ///
    /// When there is no such instance, its storage does not increase by itself or not so far, or the
    /// state's file cannot be written.
    pub fn grow_gcp_disk(&self, project: &str, name: &str, gib: i64) -> Result<(), String> {
        self.shared.change(|clouds, _| {
            let grown = clouds.gcp.grow_disk(project, name, gib);
            grown.map(|()| ((), true))
        })
    }

    /// Merges JSON into a Cloud SQL instance, without a look at any rule, as if somebody had changed
    /// it elsewhere; such as `{"settings": {"activationPolicy": "NEVER"}}`.
    ///
    /// # Errors
    ///
    /// When there is no such instance, or the state's file cannot be written.
    pub fn change_gcp_instance(
        &self,
        project: &str,
        name: &str,
        change: &Map<String, Value>,
    ) -> Result<(), String> {
        self.shared.change(|clouds, _| {
            let changed = clouds.gcp.change(project, name, change);
            changed.map(|()| ((), true))
        })
    }

    /// Sets the state of a Cloud SQL instance, as something outside of all requests would. Any word
    /// is taken.
    ///
    /// # Errors
    ///
    /// When there is no such instance, or the state's file cannot be written.
    pub fn set_gcp_state(&self, project: &str, name: &str, state: &str) -> Result<(), String> {
        control::set_status(&self.shared, CloudName::Gcp, project, name, state).map(drop)
    }
}
