//! What the platform in memory does, chosen by whoever makes one.

use std::time::Duration;

use pgfleet_model::{Operation, ProviderKind};

/// Which mutations the platform takes side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneKind {
    /// One at a time for each instance, as RDS does.
    Instance,
    /// One at a time for a primary and all that follow it, as Cloud SQL and Azure do.
    Primary,
}

/// What becomes of a primary that is to be deleted while replicas follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// The deletion is refused.
    Refused,
    /// Its replicas become primaries, as on RDS: billed, writable, and unwanted.
    Promoted,
}

/// How long the platform works on each kind of mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// Making a primary.
    pub create_primary: Duration,
    /// Making a replica.
    pub create_replica: Duration,
    /// Altering in place.
    pub modify: Duration,
    /// Starting.
    pub start: Duration,
    /// Deleting.
    pub delete: Duration,
    /// From the end of a modification until its values hold, where values can be pending.
    pub pending: Duration,
    /// From a call to its answer; half of it passes before the effect.
    pub answer: Duration,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            create_primary: Duration::from_secs(480),
            create_replica: Duration::from_secs(600),
            modify: Duration::from_secs(120),
            start: Duration::from_secs(180),
            delete: Duration::from_secs(90),
            pending: Duration::from_secs(30),
            answer: Duration::from_millis(200),
        }
    }
}

impl Durations {
    /// How long a mutation takes.
    pub fn of(&self, operation: &Operation) -> Duration {
        match operation {
            Operation::CreatePrimary { .. } => self.create_primary,
            Operation::CreateReplica { .. } => self.create_replica,
            Operation::Modify { .. } => self.modify,
            Operation::Start => self.start,
            Operation::Delete { .. } => self.delete,
        }
    }
}

/// A platform's rules. The pure half declares them and the cloud enforces them, each by code of
/// its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct MemoryRules {
    /// Whose plan files it takes.
    pub kind: ProviderKind,
    /// Replicas may live in other regions than their primary.
    pub regions: bool,
    /// A primary may be Multi-AZ.
    pub multi_az_primary: bool,
    /// A replica may be Multi-AZ.
    pub multi_az_replica: bool,
    /// Instances have a class.
    pub resize: bool,
    /// Stopped instances can be started.
    pub start: bool,
    /// A deleted primary can leave a snapshot.
    pub final_snapshot: bool,
    /// Calls may name the revision that they expect.
    pub compare_and_set: bool,
    /// Modified values are pending before they hold, and can wait for the window.
    pub pending_values: bool,
    /// Operations have names; otherwise their end shows in the listing only.
    pub named_operations: bool,
    /// What excludes each other.
    pub lanes: LaneKind,
    /// Replicas that one primary may have.
    pub max_replicas: Option<u32>,
    /// What becomes of replicas whose primary is deleted.
    pub orphans: Orphans,
    /// New replicas are in one zone whatever was asked for, as some versions of RDS made them.
    pub forgets_multi_az: bool,
    /// How long everything takes.
    pub durations: Durations,
}

impl MemoryRules {
    /// Every notion that RDS has: instance lanes, pending values, ends that only the listing shows.
    pub fn like_rds() -> Self {
        Self {
            kind: ProviderKind::Aws,
            regions: true,
            multi_az_primary: true,
            multi_az_replica: true,
            resize: true,
            start: true,
            final_snapshot: true,
            compare_and_set: false,
            pending_values: true,
            named_operations: false,
            lanes: LaneKind::Instance,
            max_replicas: Some(15),
            orphans: Orphans::Promoted,
            forgets_multi_az: false,
            durations: Durations::default(),
        }
    }

    /// Every notion that Cloud SQL has: one lane for each primary, compare-and-set, named operations.
    pub fn like_cloud_sql() -> Self {
        Self {
            kind: ProviderKind::Gcp,
            compare_and_set: true,
            pending_values: false,
            named_operations: true,
            lanes: LaneKind::Primary,
            max_replicas: Some(10),
            orphans: Orphans::Refused,
            ..Self::like_rds()
        }
    }

    /// Every notion that Azure has: few replicas, no Multi-AZ replica, one lane for each primary.
    pub fn like_azure() -> Self {
        Self {
            kind: ProviderKind::Azure,
            multi_az_replica: false,
            final_snapshot: false,
            max_replicas: Some(5),
            ..Self::like_cloud_sql()
        }
    }

    /// As little as a platform can do.
    pub fn bare() -> Self {
        Self {
            kind: ProviderKind::Azure,
            regions: false,
            multi_az_primary: false,
            multi_az_replica: false,
            resize: false,
            start: false,
            final_snapshot: false,
            compare_and_set: false,
            pending_values: false,
            named_operations: false,
            lanes: LaneKind::Instance,
            max_replicas: None,
            orphans: Orphans::Refused,
            forgets_multi_az: false,
            durations: Durations::default(),
        }
    }
}
