//! The settings that pgfleet keeps in `data/pgfleet.conf`, which `postgresql.conf` includes.

use std::{collections::BTreeMap, path::Path};

use pgfleet_model::Endpoint;
use pgfleet_postgres::{Account, FileError, conninfo, read_config, socket_setting, write_config};

use super::layout::Layout;

/// Settings of a standby that must be at least its primary's, or it stops replaying.
pub(crate) const STANDBY_SETTINGS: [&str; 5] = [
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
];
/// Grows with the number of replicas, like `max_wal_senders`.
pub(crate) const MAX_SLOTS: &str = "max_replication_slots";
pub(crate) const MAX_SENDERS: &str = "max_wal_senders";
/// The server's port.
pub(crate) const PORT: &str = "port";
/// On a replica: `HOST:PORT` of the primary that it follows.
pub(crate) const UPSTREAM: &str = "upstream";
/// On a primary: slots of ours that no replica uses.
pub(crate) const ORPHAN_SLOTS: &str = "orphan_slots";

/// On a primary that is not ours: its `wal_level`, and whether our login may replicate.
pub(crate) const WAL_LEVEL: &str = "wal_level";
pub(crate) const MAY_REPLICATE: &str = "may_replicate";

/// PostgreSQL's own default: no restart for want of it in small fleets.
const LEAST: u64 = 10;
/// Log that a slot may keep for a replica that is away. Beyond it the replica is rebuilt rather
/// than the primary's disk filled.
const SLOT_KEEPS: &str = "4GB";

/// Senders for `replicas` replicas that are all being copied at once: a copy takes two, and two
/// are spare for people and backups.
pub(crate) fn senders(replicas: usize) -> u64 {
    (replicas as u64 * 2 + 2).max(LEAST)
}

/// Slots for `replicas` replicas, and two for people.
pub(crate) fn slots(replicas: usize) -> u64 {
    (replicas as u64 + 2).max(LEAST)
}

/// What `pgfleet.conf` says, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerConfig(BTreeMap<String, String>);

impl ServerConfig {
    /// Reads it; an empty one where there is no file.
    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        match read_config(path) {
            Ok(pairs) => Ok(Self(pairs.into_iter().collect())),
            // Also where another run has just removed it.
            Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(error) => Err(error),
        }
    }

    /// What is the same on every server.
    pub(crate) fn common(layout: &Layout) -> Self {
        let mut config = Self::default();
        config.set("listen_addresses", "127.0.0.1");
        config.set("unix_socket_directories", socket_setting(&layout.folder()));
        config.set("password_encryption", "scram-sha-256");
        config.set("wal_level", "replica");
        config.set("hot_standby", "on");
        config.set("max_slot_wal_keep_size", SLOT_KEEPS);
        // A replica whose primary was restarted comes back within a second, not within five.
        config.set("wal_retrieve_retry_interval", "1s");
        config
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.parse().ok()
    }

    pub(crate) fn port(&self) -> Option<u16> {
        self.0.get(PORT)?.parse().ok()
    }

    /// Makes the server follow another one, as this user over this slot.
    pub(crate) fn follow(&mut self, layout: &Layout, upstream: &Endpoint, user: &str, slot: &str) {
        let port = upstream.port.to_string();
        let passfile = layout.pgpass();
        let passfile = passfile.to_string_lossy();
        let conninfo = conninfo([
            ("host", upstream.host.as_str()),
            ("port", port.as_str()),
            ("user", user),
            ("passfile", &passfile),
            ("application_name", layout.id().as_str()),
        ]);
        self.set("primary_conninfo", conninfo);
        self.set("primary_slot_name", slot);
    }

    /// The slot that it follows over.
    pub(crate) fn slot(&self) -> Option<String> {
        self.0.get("primary_slot_name").cloned()
    }

    /// The server that it follows, as written by [`ServerConfig::follow`].
    pub(crate) fn upstream(&self) -> Option<Endpoint> {
        upstream_in(self.0.get("primary_conninfo")?)
    }

    pub(crate) fn write(&self, account: &Account, path: &Path) -> Result<(), FileError> {
        let pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        write_config(account, path, &pairs)
    }
}

/// The server that a `primary_conninfo` names.
pub(crate) fn upstream_in(conninfo: &str) -> Option<Endpoint> {
    let word = |name: &str| {
        let mut words = conninfo.split_whitespace();
        let word = words.find_map(|word| word.strip_prefix(name))?;
        Some(word.trim_matches('\''))
    };
    Some(Endpoint {
        host: word("host=")?.to_owned(),
        port: word("port=")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use pgfleet_model::ResourceId;

    use super::*;

    #[test]
    fn a_server_s_upstream_is_read_back() {
        let layout = Layout::new(Path::new("/srv/a b"), &ResourceId::new("x-replica-1"));
        let mut config = ServerConfig::common(&layout);
        let upstream = Endpoint {
            host: "127.0.0.1".to_owned(),
            port: 5440,
        };
        config.follow(&layout, &upstream, "pgfleet", "pgfleet_x_replica_1");
        assert_eq!(config.upstream(), Some(upstream));
    }

    #[test]
    fn senders_and_slots_grow_with_the_plan() {
        assert_eq!((senders(2), slots(2)), (10, 10));
        assert_eq!((senders(5), slots(5)), (12, 10));
        assert_eq!((senders(20), slots(20)), (42, 22));
    }
}
