//! Google Cloud SQL for PostgreSQL.
//!
//! [`GcpPlatform`] knows Cloud SQL's rules, [`GcpProvider`] talks to it through Google's own client
//! of the Cloud SQL Admin API, but for what that cannot read or send (`client/raw.rs`). The client's own
//! retries are off: the executor repeats calls, by the one property of the error.
//!
//! An instance is known by its name, which is unique in its project, whatever the region. Its
//! labels (`settings.userLabels`) say whose it is, and are set in the call that creates it. One
//! list of the project shows everything; long operations have names and are asked after by them.
//! What changes an instance carries the `settingsVersion` that was read just before, so that
//! nobody's change is overwritten.

mod bodies;
mod client;
mod command;
mod errors;
mod mutate;
mod observe;
mod order;
mod platform;
mod preflight;
mod provider;
mod resolve;
mod rules;
mod seen;
mod size;

pub use client::endpoint::Endpoint;
pub use platform::GcpPlatform;
pub use provider::GcpProvider;

/// Where the rules of Cloud SQL are written down.
const DOCS: &str = "https://cloud.google.com/sql/docs/postgres/";

/// A page of theirs.
fn docs(page: &str) -> String {
    format!("{DOCS}{page}")
}

/// The administrator that every instance has.
const ADMIN: &str = "postgres";

/// Names of what only Cloud SQL knows of an instance; the first three are keys of `[gcp]`.
mod setting {
    /// `ENTERPRISE` or `ENTERPRISE_PLUS`.
    pub(super) const EDITION: &str = "edition";
    /// The VPC network of the private address, as `projects/P/global/networks/N`.
    pub(super) const NETWORK: &str = "network";
    /// Whether a replica may be smaller than the primary.
    pub(super) const SMALLER: &str = "allow_smaller_replicas";
    /// Whether there is a public address, where there is none.
    pub(super) const PUBLIC: &str = "public_address";
    /// Which connections are taken, where not every one is: `ENCRYPTED_ONLY`.
    pub(super) const SSL: &str = "ssl_mode";
    /// What an instance is, where it is neither a primary nor a replica like others:
    /// `READ_POOL_INSTANCE`.
    pub(super) const KIND: &str = "instance_type";
    /// Google's word for the version, where it is none of PostgreSQL that pgfleet knows: `MYSQL_8_0`.
    pub(super) const ENGINE: &str = "database_version";
    /// Whether point-in-time recovery is on.
    pub(super) const PITR: &str = "point_in_time_recovery";
}
