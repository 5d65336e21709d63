//! Google Cloud SQL for PostgreSQL, through Google's own client of the Cloud SQL Admin API.
//!
//! An instance is known by its name, which is unique in its project, whatever the region. Its
//! labels (`settings.userLabels`) say whose it is, and are set in the call that creates it. One
//! list of the project shows everything; long operations have names and are asked after by them.
//! What changes an instance carries the `settingsVersion` that was read just before, so that
//! nobody's change is overwritten.
//!
//! The rules come from Google's documentation, each with its page in `rules.rs`.

mod client;
mod command_line;
mod endpoint;
mod errors;
mod mutate;
mod observe;
mod order;
mod platform;
mod provider;
mod resolve;
mod rules;
mod tier;

pub use endpoint::Endpoint;
pub use platform::GcpPlatform;
pub use provider::GcpProvider;

/// Setting: the Cloud SQL edition, `ENTERPRISE` or `ENTERPRISE_PLUS`.
const EDITION: &str = "edition";
/// Setting: the VPC network of the private address, as `projects/P/global/networks/N`.
const NETWORK: &str = "network";
/// Setting: whether point-in-time recovery is on.
const PITR: &str = "point_in_time_recovery";
/// Setting: whether a replica may be smaller than the primary.
const SMALLER: &str = "allow_smaller_replicas";
