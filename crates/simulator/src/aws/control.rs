//! The switches that only the simulated AWS has.

use super::options::AwsOptions;
use crate::cloud::CloudName;
use crate::control;
use crate::simulator::Control;

impl Control {
    /// Sets the status of an instance of RDS, as something outside of all calls would.
    ///
    /// # Errors
    ///
    /// When there is no such instance, or the state's file cannot be written.
    pub fn set_aws_status(
        &self,
        region: &str,
        identifier: &str,
        status: &str,
    ) -> Result<(), String> {
        control::set_status(&self.shared, CloudName::Aws, region, identifier, status).map(drop)
    }

    /// Changes how the simulated AWS behaves, from the next request on.
    pub fn change_aws(&self, change: impl FnOnce(&mut AwsOptions)) {
        let mut state = self.shared.state();
        let clock = state.time.mode();
        state.clouds.aws.change_options(clock, change);
    }

    /// Makes a DB instance that has been available all along, for what the caller's own account
    /// already has. `parameters` are those of `CreateDBInstance`; engine, administrator and
    /// password may be left out. False, and no change, where the identifier is taken.
    ///
    /// # Errors
    ///
    /// What RDS would have refused, or when the state's file cannot be written.
    pub fn seed_aws(&self, region: &str, parameters: &[(&str, &str)]) -> Result<bool, String> {
        self.shared.change(|clouds, moment| {
            let seeded = clouds.aws.seed(region, parameters, moment);
            seeded.map(|seeded| (seeded, seeded))
        })
    }
}
