//! What can be set about the simulated Azure.

use crate::Rate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the simulated Azure behaves. All of it can be written as JSON, with the same names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct AzureOptions {
    /// The subscriptions that exist; others are `SubscriptionNotFound`.
    pub subscriptions: Vec<String>,
    /// Take every subscription id of the right form as existing.
    pub any_subscription: bool,
    /// The resource groups that exist; others are `ResourceGroupNotFound`.
    pub resource_groups: Vec<ResourceGroup>,
    /// Take every resource group as existing.
    pub any_resource_group: bool,
    /// The tenant of all subscriptions, and the one that the token endpoint knows beside those
    /// that are named in requests.
    pub tenant: String,
    /// Demand a bearer token on plain http too. Over TLS one is always demanded.
    pub require_token: bool,
    /// Take only tokens that the simulator's token endpoint has issued.
    pub only_issued_tokens: bool,
    /// The clients that the token endpoint knows, with their secrets; none: it takes any client,
    /// and any secret that is not empty.
    pub clients: BTreeMap<String, String>,
    /// For how many real seconds a token is good (Microsoft Entra: about an hour).
    pub token_seconds: u64,
    /// Actions that a caller may not do, by scope.
    pub denied: Vec<Denied>,
    /// What callers may do, by scope; none: all that is not denied.
    pub roles: Vec<Role>,
    /// Refuse fields that an object does not have, and read-only ones.
    pub strict_fields: bool,
    /// vCores per subscription and region; more are refused.
    pub core_quota: u32,
    /// Read replicas per source (Azure: 5).
    pub replica_quota: usize,
    /// Requests per second and subscription that are answered; more are throttled. None: no limit.
    pub rate: Option<Rate>,
    /// What `Retry-After` says when throttled, in real seconds.
    pub throttled_seconds: u64,
    /// How long every request takes, in real milliseconds.
    pub latency_milliseconds: u64,
    /// What `Retry-After` says while an operation runs, in simulated seconds. None: it is left out.
    pub retry_after: Option<u64>,
    /// The addresses that a running operation is answered with.
    pub operation_addresses: OperationAddresses,
    /// Parts of an operation's status that are left out: `name`, `startTime`, `error`,
    /// `error.code`, `error.message`.
    pub operation_parts_left_out: Vec<String>,
    /// The message of operations that a fault lets fail; Azure has been seen to send `{0}`.
    pub failure_message: String,
    /// Answer a creation with 201 and the new server rather than with 202.
    pub answer_created: bool,
    /// A PATCH with tags adds them to those that there are, rather than replace all.
    pub merge_tags: bool,
    /// The state while a server is created.
    pub creating_state: String,
    /// The role that a promoted server reports: `Primary` or `None`.
    pub promoted_role: String,
    /// Servers on one page of a listing.
    pub page_size: usize,
    /// How many listings after a change still show what was before.
    pub stale_listings: u32,
    /// Further regions.
    pub regions: BTreeMap<String, Region>,
    /// Regions that the subscriptions may not use.
    pub restricted_regions: Vec<String>,
    /// Further SKUs.
    pub sizes: BTreeMap<String, Size>,
    /// SKUs without capacity.
    pub sizes_without_capacity: Vec<String>,
    /// Further major versions of PostgreSQL, with their minor version.
    pub versions: BTreeMap<String, String>,
    /// How long things take, in simulated seconds.
    pub timing: AzureTiming,
}

impl Default for AzureOptions {
    fn default() -> Self {
        let subscription = "00000000-0000-0000-0000-000000000001".to_owned();
        Self {
            subscriptions: vec![subscription.clone()],
            any_subscription: false,
            resource_groups: vec![ResourceGroup {
                subscription,
                name: "Food".to_owned(),
                location: "eastus".to_owned(),
            }],
            any_resource_group: false,
            tenant: "00000000-0000-0000-0000-0000000000aa".to_owned(),
            require_token: false,
            only_issued_tokens: false,
            clients: BTreeMap::new(),
            token_seconds: 3599,
            denied: Vec::new(),
            roles: Vec::new(),
            strict_fields: true,
            core_quota: 500,
            replica_quota: 5,
            rate: None,
            throttled_seconds: 1,
            latency_milliseconds: 0,
            retry_after: Some(15),
            operation_addresses: OperationAddresses::Both,
            operation_parts_left_out: Vec::new(),
            failure_message: "An unexpected error occured while processing the request.".to_owned(),
            answer_created: false,
            merge_tags: false,
            creating_state: "Provisioning".to_owned(),
            promoted_role: "Primary".to_owned(),
            page_size: 100,
            stale_listings: 0,
            regions: BTreeMap::new(),
            restricted_regions: Vec::new(),
            sizes: BTreeMap::new(),
            sizes_without_capacity: Vec::new(),
            versions: BTreeMap::new(),
            timing: AzureTiming::default(),
        }
    }
}

/// A resource group that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct ResourceGroup {
    /// Its subscription.
    pub subscription: String,
    /// Its name; known in any case, answered in this one.
    pub name: String,
    /// Where it is; its servers may be elsewhere.
    pub location: String,
}

/// An action that callers may not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct Denied {
    /// Such as `Microsoft.DBforPostgreSQL/flexibleServers/write`; `*` means all.
    pub action: String,
    /// The scope and all below it, such as `/subscriptions/S/resourceGroups/G`.
    pub scope: String,
}

/// What a role that callers have lets them do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct Role {
    /// Such as `Microsoft.DBforPostgreSQL/flexibleServers/write`.
    pub actions: Vec<String>,
    /// The scope and all below it, such as `/subscriptions/S/resourceGroups/G`.
    pub scope: String,
}

/// Which addresses an answer to a long-running operation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationAddresses {
    /// `Azure-AsyncOperation` and `Location`.
    Both,
    /// `Azure-AsyncOperation` only.
    AsyncOperation,
    /// `Location` only.
    Location,
    /// None: a change of a server is answered with 200, as where it is made before the answer, the
    /// rest with 202 and nothing to follow.
    Nowhere,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct Region {
    /// As people write it, such as `East US 2`.
    pub display_name: String,
    /// Whether it has availability zones.
    pub zones: bool,
}

/// A compute size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct Size {
    /// `Burstable`, `GeneralPurpose` or `MemoryOptimized`.
    pub tier: String,
    /// vCores.
    pub cores: u32,
    /// Memory, in MiB.
    pub memory_mib: u32,
}

/// How long things take, in simulated seconds. Typical figures; `Clock::AtOnce` ignores all but
/// `tier_pause`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AzureTiming {
    /// Creation of a server.
    pub create: u64,
    /// Creation of a replica in its source's region.
    pub create_replica: u64,
    /// Creation of a replica in another region.
    pub create_geo_replica: u64,
    /// How long a server that says `Ready` is still busy after a creation.
    pub settle: u64,
    /// Change of compute, with its restart.
    pub scale: u64,
    /// Change of storage.
    pub grow: u64,
    /// High availability on.
    pub high_availability: u64,
    /// High availability off.
    pub high_availability_off: u64,
    /// Backup, password, sign-in, tags.
    pub settings: u64,
    /// A major version upgrade.
    pub upgrade: u64,
    /// Promotion to a server of its own.
    pub promote: u64,
    /// Switchover.
    pub switchover: u64,
    /// Deletion.
    pub delete: u64,
    /// Start.
    pub start: u64,
    /// Stop.
    pub stop: u64,
    /// Restart.
    pub restart: u64,
    /// Creation or deletion of a database, a firewall rule or a virtual endpoint.
    pub child: u64,
    /// How long must be between two changes of the storage tier (Azure: twelve hours).
    pub tier_pause: u64,
}

impl Default for AzureTiming {
    fn default() -> Self {
        Self {
            create: 360,
            create_replica: 480,
            create_geo_replica: 1500,
            settle: 20,
            scale: 240,
            grow: 180,
            high_availability: 480,
            high_availability_off: 120,
            settings: 30,
            upgrade: 900,
            promote: 180,
            switchover: 240,
            delete: 120,
            start: 240,
            stop: 120,
            restart: 60,
            child: 15,
            tier_pause: 12 * 3600,
        }
    }
}

impl AzureTiming {
    /// With everything done at once, but for the pause between two changes of the tier.
    pub(super) fn at_once(&self) -> Self {
        Self {
            create: 0,
            create_replica: 0,
            create_geo_replica: 0,
            settle: 0,
            scale: 0,
            grow: 0,
            high_availability: 0,
            high_availability_off: 0,
            settings: 0,
            upgrade: 0,
            promote: 0,
            switchover: 0,
            delete: 0,
            start: 0,
            stop: 0,
            restart: 0,
            child: 0,
            tier_pause: self.tier_pause,
        }
    }
}
