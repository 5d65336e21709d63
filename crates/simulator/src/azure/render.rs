//! Servers as JSON, in the documented casing.

use super::call::Call;
use super::fields::Version;
use super::state::Server;
use crate::clock::timestamp;
use serde_json::{Map, Value, json};

fn word(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

impl Call<'_> {
    pub(super) fn render(&self, server: &Server) -> Value {
        let settings = &server.settings;
        // The service answers the region as people write it, whatever it was asked for.
        let region = self.options.region(&server.location);
        let location = region.map_or(server.location.clone(), |region| region.display_name);
        let mut body = json!({
            "sku": {"name": settings.sku, "tier": settings.tier},
            "systemData": {"createdAt": timestamp(server.created)},
            "properties": self.properties(server),
            "location": location,
            "id": server.id(),
            "name": server.name,
            "type": super::call::SERVERS,
        });
        if !settings.tags.is_empty() {
            body["tags"] = json!(settings.tags);
        }
        body
    }

    fn properties(&self, server: &Server) -> Value {
        let settings = &server.settings;
        let capacity = self.capacity(server);
        let window = settings.window;
        let mut properties = json!({
            "dataEncryption": {"type": "SystemManaged"},
            "storage": self.storage(server),
            "network": network(server),
            "authConfig": {
                "activeDirectoryAuth": word(settings.directory_sign_in),
                "passwordAuth": word(settings.password_sign_in),
            },
            "fullyQualifiedDomainName": format!("{}.postgres.database.azure.com", server.name),
            "version": settings.version,
            "minorVersion": settings.minor,
            // Its replication is what is broken, and not the server.
            "state": if server.state == BROKEN { "Ready" } else { &server.state },
            "backup": {
                "backupRetentionDays": settings.backup_days,
                "geoRedundantBackup": word(server.geo_backup),
                "earliestRestoreDate": timestamp(server.created),
            },
            "highAvailability": {
                "mode": settings.availability,
                "state": server.availability_state,
            },
            "maintenanceWindow": {
                "customWindow": word(window.is_some()),
                "dayOfWeek": window.map_or(0, |window| window.day),
                "startHour": window.map_or(0, |window| window.hour),
                "startMinute": window.map_or(0, |window| window.minute),
            },
            "replicationRole": server.role(),
            "replicaCapacity": capacity,
        });
        let optional = [
            ("administratorLogin", &server.administrator),
            ("availabilityZone", &server.zone),
            ("sourceServerResourceId", &self.source_id(server)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                properties[name] = json!(value);
            }
        }
        if let Some(zone) = &settings.standby_zone {
            properties["highAvailability"]["standbyAvailabilityZone"] = json!(zone);
        }
        if let Some(tenant) = &settings.tenant {
            properties["authConfig"]["tenantId"] = json!(tenant);
        }
        if self.version >= Version::V2024 {
            let mut replica = json!({"role": server.role(), "capacity": capacity});
            if server.source.is_some() {
                replica["replicationState"] = json!(replication(server));
            }
            properties["replica"] = replica;
            properties["privateEndpointConnections"] = json!([]);
        }
        properties
    }

    fn storage(&self, server: &Server) -> Value {
        let storage = &server.settings.storage;
        let mut shown = Map::new();
        shown.insert("storageSizeGB".to_owned(), json!(storage.gib));
        if self.version >= Version::V2024 {
            shown.insert("type".to_owned(), json!(storage.kind));
            shown.insert("iops".to_owned(), json!(storage.iops));
            shown.insert("autoGrow".to_owned(), json!(word(storage.auto_grow)));
            if !storage.tier.is_empty() {
                shown.insert("tier".to_owned(), json!(storage.tier));
            }
            if let Some(throughput) = storage.throughput {
                shown.insert("throughput".to_owned(), json!(throughput));
            }
        }
        Value::Object(shown)
    }

    /// The id of a replica's source; of one that is gone, as it was known.
    fn source_id(&self, server: &Server) -> Option<String> {
        let key = server.source.as_ref()?;
        let source = self.world.servers.get(key);
        Some(source.map_or_else(|| key.clone(), Server::id))
    }

    /// How many replicas a server may have.
    fn capacity(&self, server: &Server) -> usize {
        let Some(source) = &server.source else {
            return self.options.replica_quota;
        };
        let first_level = self
            .world
            .servers
            .get(source)
            .is_some_and(|source| source.source.is_none());
        let new_enough = super::catalog::major(&server.settings.version) >= 14;
        if first_level && new_enough && self.version >= Version::V2026 {
            self.options.replica_quota
        } else {
            0
        }
    }
}

fn network(server: &Server) -> Value {
    let mut network = json!({"publicNetworkAccess": word(server.settings.public)});
    if let Some(subnet) = &server.subnet {
        network["delegatedSubnetResourceId"] = json!(subnet);
    }
    if let Some(zone) = &server.dns_zone {
        network["privateDnsZoneArmResourceId"] = json!(zone);
    }
    network
}

/// The state of a replica that cannot be made to follow its source again.
pub(super) const BROKEN: &str = "Broken";

fn replication(server: &Server) -> &'static str {
    match server.state.as_str() {
        "Ready" => "Active",
        "Updating" | "Restarting" => "Updating",
        "Dropping" | "Disabled" | "Inaccessible" | BROKEN => BROKEN,
        _ => "Provisioning",
    }
}
