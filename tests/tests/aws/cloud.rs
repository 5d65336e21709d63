//! A simulated AWS and a folder of plan files, for the tests through the binary.

use std::ops::Deref;

use pgfleet_simulator::{Builder, Simulator};
pub(crate) use pgfleet_tests::PASSWORD;
use pgfleet_tests::Vendor;

/// The words of AWS.
pub(crate) const AWS: Vendor = Vendor {
    provider: "aws",
    region: "us-east-1",
    size: "db.m5.large",
    gib: 100,
    tables: "",
    environment: |endpoint| {
        vec![
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "planted-key".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    },
};

/// A simulated AWS whose instances are ready at once, and a folder of plan files.
pub(crate) struct Cloud(pgfleet_tests::Cloud);

impl Cloud {
    pub(crate) fn new() -> Self {
        Self::of(Simulator::builder())
    }

    pub(crate) fn of(builder: Builder) -> Self {
        Self(pgfleet_tests::Cloud::of(AWS, builder))
    }
}

impl Deref for Cloud {
    type Target = pgfleet_tests::Cloud;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
