//! The switches that only the simulated Azure has.

use super::options::AzureOptions;
use crate::cloud::CloudName;
use crate::control;
use crate::simulator::Control;
use serde_json::Value;

impl Control {
    /// Changes how the simulated Azure behaves, from the next request on.
    pub fn change_azure(&self, change: impl FnOnce(&mut AzureOptions)) {
        let mut state = self.shared.state();
        let clock = state.time.mode();
        state.clouds.azure.change_options(clock, change);
    }

    /// Lets all tokens expire that have been issued so far; those issued from now on are good.
    pub fn revoke_azure_tokens(&self) {
        self.shared.state().clouds.azure.revoke();
    }

    /// Makes a flexible server that has been `Ready` all along. `body` is that of a PUT; of a
    /// server that is no replica, administrator and password may be left out. False, and no
    /// change, where the name is taken.
    ///
    /// # Errors
    ///
    /// What Azure would have refused, or when the state's file cannot be written.
    pub fn seed_azure(
        &self,
        subscription: &str,
        resource_group: &str,
        name: &str,
        body: Value,
    ) -> Result<bool, String> {
        self.shared.change(|clouds, moment| {
            let azure = &mut clouds.azure;
            let seeded = azure.seed(subscription, resource_group, name, body, moment);
            seeded.map(|seeded| (seeded, seeded))
        })
    }

    /// Lets the storage of a flexible server grow by itself to a size, in GiB.
    ///
    /// # Errors
    ///
    /// When there is no such server, its storage does not grow by itself or not so far, or the
    /// state's file cannot be written.
    pub fn grow_azure_disk(&self, name: &str, gib: i64) -> Result<(), String> {
        self.shared.change(|clouds, _| {
            let grown = clouds.azure.grow(name, gib);
            grown.map(|()| ((), true))
        })
    }

    /// Sets the state of a flexible server, such as `Disabled`, as something outside of all
    /// requests would. `Broken` is that of the replication of a replica that is `Ready` itself.
    ///
    /// # Errors
    ///
    /// When there is no such server, or the state's file cannot be written.
    pub fn set_azure_state(&self, region: &str, name: &str, state: &str) -> Result<(), String> {
        control::set_status(&self.shared, CloudName::Azure, region, name, state).map(drop)
    }
}
