//! A plan file after validation: everything in it is possible, nothing in it is guessed.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use pgfleet_model::{
    Availability, FleetName, GroupName, PasswordSource, PgVersion, ProviderKind, Region,
    ResourceId, Settings, SslMode, Storage, Tags,
};

use crate::{Place, SourceFile};

/// One validated plan file.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The file it came from.
    pub source: Arc<SourceFile>,
    /// `fleet`.
    pub fleet: FleetName,
    /// `provider`.
    pub provider: ProviderKind,
    /// `region`; [`Region::local`] for local fleets.
    pub region: Region,
    /// `postgres`.
    pub postgres: Option<PgVersion>,
    /// `tags`.
    pub tags: Tags,
    /// `apply_changes = "window"`.
    pub in_window: bool,
    /// `[primary]`.
    pub primary: PrimarySpec,
    /// `[[replicas]]`, in the order of the file.
    pub replicas: Vec<ReplicaGroup>,
    /// `[protect]`.
    pub protect: Protect,
    /// `[connect]`.
    pub connect: Connect,
    /// `[alerts]`.
    pub alerts: Alerts,
    /// `usage.wal_gib_per_day`.
    pub wal_gib_per_day: Option<f64>,
    /// `prices.max_age_days`.
    pub max_price_age_days: Option<u32>,
    /// The table of the plan's own provider (`[aws]`, `[gcp]`, `[azure]` or `[local]`), key by
    /// key. The keys and types are those of the file; `data_dir` is absolute.
    pub platform: Settings,
    /// Where each key that the file holds stands, by its path (`replicas[0].multi_az`).
    pub places: BTreeMap<String, Place>,
}

/// `[primary]`.
#[derive(Debug, Clone, PartialEq)]
pub enum PrimarySpec {
    /// pgfleet's own.
    Managed(Box<ManagedPrimary>),
    /// `existing`: the identifier of a primary that pgfleet does not own; for local fleets a
    /// connection URL, which may hold a password.
    Existing(ExistingPrimary),
}

/// A primary that pgfleet does not own. `Debug` leaves the text out: a URL may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct ExistingPrimary {
    /// What `existing` says.
    pub reference: String,
}

impl std::fmt::Debug for ExistingPrimary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExistingPrimary(..)")
    }
}

/// A primary that pgfleet creates and keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedPrimary {
    /// `id`: the vendor's identifier, where it is not the derived one.
    pub id: Option<ResourceId>,
    /// `size`; always there but for local fleets.
    pub size: Option<InstanceSize>,
    /// `multi_az`.
    pub availability: Availability,
    /// `storage`.
    pub storage: Storage,
    /// `admin`, default `postgres`.
    pub admin: String,
    /// `database`, default `postgres`.
    pub database: String,
    /// `password`.
    pub password: Option<PasswordSource>,
    /// `password_version`, default 1.
    pub password_version: u32,
    /// `backup_days`, default 7.
    pub backup_days: u32,
    /// `final_snapshot`, default true.
    pub final_snapshot: bool,
}

/// One `[[replicas]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaGroup {
    /// `name`; `None` is the unnamed group.
    pub name: Option<GroupName>,
    /// `count`, or the length of `ids` where there is no `count`. At most 1,000.
    pub count: u32,
    /// `region`, where it is not the primary's.
    pub region: Option<Region>,
    /// `size`; `None` inherits the primary's.
    pub size: Option<InstanceSize>,
    /// `multi_az`, default false: never inherited.
    pub availability: Availability,
    /// `storage`; each `None` inherits the primary's.
    pub storage: Storage,
    /// `ids`: the vendor's identifiers, one per replica. Empty where they are the derived ones.
    pub ids: Option<Vec<ResourceId>>,
    /// The table of the plan's own provider inside the group; it overrides [`Spec::platform`].
    pub platform: Settings,
    /// Where the group stands in `replicas`, from 0: its keys are `replicas[INDEX].KEY`.
    pub index: usize,
}

/// `size`: the vendor's class, or what it must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum InstanceSize {
    /// The vendor's word.
    Class(String),
    /// The cheapest class that has at least this.
    AtLeast {
        /// Virtual processors.
        vcpus: u32,
        /// Memory in GiB.
        memory_gib: f64,
        /// Whether a burstable class will do.
        burstable: bool,
        /// Whether an ARM class is wanted.
        arm64: bool,
    },
}

/// `[protect]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Protect {
    /// `deletion`, default true.
    pub deletion: bool,
    /// `max_deletes`, default no limit.
    pub max_deletes: Option<u32>,
    /// `monthly_usd`, as the file writes it: a decimal, never rounded through a float.
    pub monthly_usd: Option<String>,
    /// `max_monthly_increase_usd`, likewise.
    pub max_monthly_increase_usd: Option<String>,
    /// `allow_unpriced`, default false.
    pub allow_unpriced: bool,
}

/// `[connect]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    /// `user`, where it is given.
    pub user: Option<String>,
    /// `password`.
    pub password: Option<PasswordSource>,
    /// `sslmode`, where it is given.
    pub sslmode: Option<SslMode>,
    /// `root_cert`, absolute.
    pub root_cert: Option<PathBuf>,
}

/// `[alerts]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerts {
    /// `lag`.
    pub lag: Option<Duration>,
    /// `error_rate`, a share from 0 to 1.
    pub error_rate: Option<f64>,
}
