//! Azure Database for PostgreSQL, Flexible Server.
//!
//! [`AzurePlatform`] knows the service's rules, [`AzureProvider`] talks to Azure Resource Manager.
//! Everything that is on the wire, the generated client included, stays behind `client`: it is
//! unofficial and no longer updated, and no other file knows where its models come from.
//!
//! A server is known by its name, which is unique in all of Azure. Its tags say whose it is and are
//! set in the call that makes it. One list of the resource group shows every server; a long
//! operation is asked after at the address that Azure gave for it.

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
mod sent;
mod size;
mod tags;

pub use client::AzureOptions;
pub use platform::AzurePlatform;
pub use provider::AzureProvider;

/// Where the rules of the service are written down.
const DOCS: &str = "https://learn.microsoft.com/azure/postgresql/";

/// A page of theirs.
fn docs(page: &str) -> String {
    format!("{DOCS}{page}")
}
/// The page about replicas, which most rules come from.
const REPLICAS_PAGE: &str =
    "https://learn.microsoft.com/azure/postgresql/read-replica/concepts-read-replicas";

/// The type of what is managed, as resource IDs have it.
const SERVERS: &str = "Microsoft.DBforPostgreSQL/flexibleServers";

/// Names of what only Azure knows of a server, as plan files have them below `[azure]`.
mod setting {
    pub(super) const SUBNET: &str = "subnet_id";
    pub(super) const DNS_ZONE: &str = "private_dns_zone_id";
    /// How many standbys there are in the primary's own zone, which is not what `multi_az` means. It is
    /// observed, and never asked for.
    pub(super) const SAME_ZONE: &str = "same_zone_standby";
}
