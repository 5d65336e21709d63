//! What exists: servers, what is below them, and the operations on them.

use super::operation::Operation;
use super::steps::Step;
use crate::clock::Millis;
use crate::uuid::uuid;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a change of a server changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) tags: BTreeMap<String, String>,
    pub(super) sku: String,
    pub(super) tier: String,
    pub(super) version: String,
    pub(super) minor: String,
    pub(super) storage: Storage,
    pub(super) backup_days: i64,
    /// `Disabled`, `SameZone` or `ZoneRedundant`.
    pub(super) availability: String,
    pub(super) standby_zone: Option<String>,
    pub(super) directory_sign_in: bool,
    pub(super) password_sign_in: bool,
    pub(super) tenant: Option<String>,
    pub(super) window: Option<Window>,
    pub(super) public: bool,
}

impl Settings {
    pub(super) fn highly_available(&self) -> bool {
        self.availability != "Disabled"
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storage {
    pub(super) gib: i64,
    pub(super) auto_grow: bool,
    /// `P10` and such; empty for what has no tiers.
    pub(super) tier: String,
    /// Empty: Premium SSD, as the service says it.
    pub(super) kind: String,
    pub(super) iops: i64,
    pub(super) throughput: Option<i64>,
}

/// A maintenance window that somebody has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
}

/// A flexible server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(super) subscription: String,
    pub(super) group: String,
    pub(super) name: String,
    /// The region, without spaces.
    pub(super) location: String,
    pub(super) administrator: Option<String>,
    pub(super) settings: Settings,
    pub(super) geo_backup: bool,
    pub(super) subnet: Option<String>,
    pub(super) dns_zone: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) availability_state: String,
    /// The key of the server that this one is a replica of.
    pub(super) source: Option<String>,
    /// That the source is in another region.
    pub(super) geo: bool,
    /// What a promoted server says that it is.
    pub(super) promoted: Option<String>,
    pub(super) state: String,
    pub(super) created: Millis,
    /// Until when it is still busy although it is `Ready`.
    pub(super) settled: Millis,
    pub(super) tier_changed: Option<Millis>,
    pub(super) databases: BTreeMap<String, Value>,
    pub(super) firewall_rules: BTreeMap<String, Value>,
    pub(super) virtual_endpoints: BTreeMap<String, Value>,
}

impl Server {
    pub(super) fn id(&self) -> String {
        server_path(&self.subscription, &self.group, &self.name)
    }

    pub(super) fn key(&self) -> String {
        key(&self.subscription, &self.group, &self.name)
    }

    pub(super) fn is_settled(&self, now: Millis) -> bool {
        self.state == "Ready" && self.settled <= now
    }

    pub(super) fn role(&self) -> &str {
        match (&self.source, self.geo) {
            (Some(_), true) => "GeoAsyncReplica",
            (Some(_), false) => "AsyncReplica",
            (None, _) => self.promoted.as_deref().unwrap_or("Primary"),
        }
    }
}

pub(super) fn server_path(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/\
         Microsoft.DBforPostgreSQL/flexibleServers/{name}"
    )
}

/// Ids are known in any case.
pub(super) fn key(subscription: &str, group: &str, name: &str) -> String {
    server_path(subscription, group, name).to_ascii_lowercase()
}

/// Everything that exists, in all subscriptions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    /// Counts what has been named, so that names are never given twice.
    pub(super) named: u64,
    pub(super) servers: BTreeMap<String, Server>,
    pub(super) operations: BTreeMap<String, Operation>,
    /// In the order in which they happen.
    pub(super) steps: Vec<Step>,
    #[serde(skip)]
    pub(super) listed: Listed,
}

/// What the last listing showed, and how many have shown it since something else is true.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    servers: BTreeMap<String, Server>,
    times: u32,
}

impl World {
    /// The servers that read directly from this one.
    pub(super) fn replicas_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Server> {
        self.servers
            .values()
            .filter(move |server| server.source.as_deref() == Some(key))
    }

    /// The servers as listings show them that do so many times what is true no more; none where they
    /// show what is. `first` is the first page of a listing.
    pub(super) fn stale(&mut self, times: u32, first: bool) -> Option<BTreeMap<String, Server>> {
        if times == 0 {
            return None;
        }
        let listed = &mut self.listed;
        if first && listed.servers != self.servers && listed.times < times {
            listed.times += 1;
        } else if first {
            listed.servers.clone_from(&self.servers);
            listed.times = 0;
        }
        Some(listed.servers.clone())
    }

    /// The server of this name, wherever it is: names are global.
    pub(super) fn named(&self, name: &str) -> Option<&Server> {
        self.servers
            .values()
            .find(|server| server.name.eq_ignore_ascii_case(name))
    }

    /// A key whose entry belongs to another one: a file that was edited by hand.
    pub(crate) fn misplaced(&self) -> Option<&str> {
        self.servers
            .iter()
            .find(|(key, server)| **key != server.key())
            .map(|(key, _)| key.as_str())
    }

    /// Sets the state of the server of this name in a region; false where there is none.
    pub(crate) fn set_state(&mut self, region: &str, name: &str, state: &str) -> bool {
        let region = super::catalog::plain(region);
        let mut servers = self.servers.values_mut();
        let found = servers
            .find(|server| server.location == region && server.name.eq_ignore_ascii_case(name));
        match found {
            Some(server) => {
                state.clone_into(&mut server.state);
                true
            }
            None => false,
        }
    }

    /// Lets the storage of a server grow by itself, as autogrow does when it fills up.
    pub(crate) fn grow(&mut self, name: &str, gib: i64) -> Result<(), String> {
        let mut servers = self.servers.values_mut();
        let server = servers
            .find(|server| server.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("there is no server {name}"))?;
        let storage = &mut server.settings.storage;
        let Some(tier) = super::catalog::own_tier(gib) else {
            return Err(format!("{gib} GiB is no size of Premium SSD"));
        };
        if !storage.auto_grow || gib <= storage.gib {
            return Err(format!(
                "the storage of {name} does not grow by itself from {} to {gib} GiB",
                storage.gib
            ));
        }
        storage.gib = gib;
        tier.clone_into(&mut storage.tier);
        storage.iops = super::catalog::iops(tier);
        Ok(())
    }

    /// A new id in the form of a UUID.
    pub(super) fn new_id(&mut self) -> String {
        self.named += 1;
        uuid(&format!("operation {}", self.named))
    }
}
