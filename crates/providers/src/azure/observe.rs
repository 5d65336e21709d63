//! What Azure lists, in pgfleet's words.

use std::collections::BTreeMap;

use pgfleet_model::{
    Attributes, Availability, Condition, Endpoint, Inventory, ObservedInstance, Owner, Phase,
    Region, ResourceId, ResourceRef, Role, Storage, Tags, Value, ZONE,
};

use crate::shared::{
    databases::{self, TAG_PENDING},
    numbers, passwords,
};

use super::{
    client::models::{
        HighAvailability, ReplicationRole, Server, ServerProperties,
        high_availability::Mode,
        replica::ReplicationState,
        server_properties::State,
        storage::{AutoGrow, Type},
    },
    setting,
    tags::ours,
};

/// The port of every server.
const PORT: u16 = 5432;

/// Turns a list into an inventory. Names are unique: they say where a source is.
pub(super) fn inventory(listed: &[Server]) -> Inventory {
    let regions: BTreeMap<String, Region> = listed
        .iter()
        .map(|server| (name(server), region(server)))
        .collect();
    listed
        .iter()
        .filter(|server| !name(server).is_empty())
        .map(|server| observed(server, &regions))
        .collect()
}

/// One server by itself. A source outside of this answer is taken to be where its replica is.
pub(super) fn alone(server: &Server) -> ObservedInstance {
    observed(server, &BTreeMap::new())
}

/// Every tag, as text; pgfleet's own as it spells them.
pub(super) fn tags(server: &Server) -> Tags {
    let tags = server.tracked_resource.tags.as_ref();
    let tags = tags.and_then(|tags| tags.as_object()).into_iter().flatten();
    tags.map(|(name, value)| {
        let text = value.as_str().unwrap_or_default();
        (ours(name).unwrap_or(name).to_owned(), text.to_owned())
    })
    .collect()
}

/// The words that a model's value of an open list stands for.
fn word<T: serde::Serialize>(value: &T) -> String {
    let word = serde_json::to_value(value).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    word.unwrap_or_default().to_owned()
}

fn name(server: &Server) -> String {
    let resource = &server.tracked_resource.resource;
    let of_id = || resource.id.as_deref().and_then(|id| id.rsplit('/').next());
    let name = resource.name.as_deref().or_else(of_id);
    name.unwrap_or_default().to_ascii_lowercase()
}

/// `East US 2` and `eastus2` are one region.
fn region(server: &Server) -> Region {
    let location = &server.tracked_resource.location;
    let plain: String = location.chars().filter(|c| !c.is_whitespace()).collect();
    Region::new(plain.to_ascii_lowercase())
}

fn observed(server: &Server, regions: &BTreeMap<String, Region>) -> ObservedInstance {
    let mut tags = tags(server);
    let owner = Owner::take_from(&mut tags);
    let pending = tags.remove(TAG_PENDING);
    let password = passwords::take_version(&mut tags);
    let empty = ServerProperties::default();
    let properties = server.properties.as_ref().unwrap_or(&empty);
    let role = role(properties);
    let here = region(server);
    let source = properties
        .source_server_resource_id
        .as_deref()
        .filter(|id| role == Role::Replica && !id.is_empty())
        .and_then(|id| id.rsplit('/').next())
        .map(|id| {
            let id = id.to_ascii_lowercase();
            ResourceRef {
                region: regions.get(&id).unwrap_or(&here).clone(),
                id: ResourceId::new(id),
            }
        });
    let (phase, raw_phase) = phase(properties);
    ObservedInstance {
        resource: ResourceRef {
            region: here,
            id: ResourceId::new(name(server)),
        },
        owner,
        role,
        source,
        phase,
        raw_phase,
        condition: condition(properties),
        endpoint: properties
            .fully_qualified_domain_name
            .as_ref()
            .filter(|host| !host.is_empty())
            .map(|host| Endpoint {
                host: host.clone(),
                port: PORT,
            }),
        version: None,
        attributes: Attributes {
            size: server.sku.as_ref().map(|sku| sku.name.clone()),
            availability: (role == Role::Primary)
                .then(|| availability(properties.high_availability.as_ref())),
            postgres: properties
                .version
                .as_ref()
                .and_then(|version| word(version).parse().ok()),
            storage: storage(properties),
            backup_days: (role == Role::Primary)
                .then(|| numbers::seen(properties.backup.as_ref()?.backup_retention_days))
                .flatten(),
            deletion_protection: None,
            settings: settings(properties, role, pending)
                .into_iter()
                .chain(password)
                .collect(),
            tags,
        },
        pending: BTreeMap::new(),
    }
}

/// A promoted server may be called `Primary` or `None`, and may still name whom it followed.
fn role(properties: &ServerProperties) -> Role {
    let follows = properties
        .source_server_resource_id
        .as_ref()
        .is_some_and(|id| !id.is_empty());
    let named = properties.replication_role.as_ref();
    let named = named.or(properties
        .replica
        .as_ref()
        .and_then(|replica| replica.role.as_ref()));
    match named {
        Some(ReplicationRole::AsyncReplica | ReplicationRole::GeoAsyncReplica) => Role::Replica,
        Some(ReplicationRole::UnknownValue(_)) | None if follows => Role::Replica,
        _ => Role::Primary,
    }
}

/// Where a server is by Azure's word for it. A word that is not here means: keep waiting.
fn phase(properties: &ServerProperties) -> (Phase, String) {
    // A server that has no address yet is being made, whatever it is called meanwhile.
    let has_address = properties.fully_qualified_domain_name.is_some();
    let Some(state) = &properties.state else {
        let phase = if has_address {
            Phase::Unknown
        } else {
            Phase::Creating
        };
        return (phase, "unknown".to_owned());
    };
    let phase = match state {
        State::Ready => Phase::Available,
        State::Dropping => Phase::Deleting,
        State::Disabled => Phase::Failed,
        State::Stopped => Phase::Stopped,
        State::UnknownValue(word) if word == "Inaccessible" => Phase::Failed,
        State::UnknownValue(word) if word == "Provisioning" => Phase::Creating,
        State::Starting | State::Updating if !has_address => Phase::Creating,
        State::Starting | State::Stopping | State::Updating => Phase::Modifying,
        State::UnknownValue(word) if word == "Restarting" => Phase::Modifying,
        State::UnknownValue(_) => Phase::Unknown,
    };
    (phase, word(state))
}

/// A replica whose replication is broken cannot be attached again.
fn condition(properties: &ServerProperties) -> Condition {
    let state = properties
        .replica
        .as_ref()
        .and_then(|replica| replica.replication_state.as_ref());
    match state {
        Some(ReplicationState::Broken) => {
            Condition::Broken("Azure calls its replication broken".to_owned())
        }
        _ => Condition::Sound,
    }
}

fn availability(high: Option<&HighAvailability>) -> Availability {
    match high.and_then(|high| high.mode.as_ref()) {
        Some(Mode::ZoneRedundant) => Availability::Regional,
        _ => Availability::Zonal,
    }
}

fn storage(properties: &ServerProperties) -> Storage {
    let Some(storage) = &properties.storage else {
        return Storage::default();
    };
    let second = storage.type_ == Some(Type::PremiumV2Lrs);
    Storage {
        gib: numbers::seen(storage.storage_size_gb),
        kind: match &storage.type_ {
            Some(Type::PremiumV2Lrs) => Some("premium-ssd-v2".to_owned()),
            Some(Type::UnknownValue(word)) if !word.is_empty() => Some(word.clone()),
            // Servers that are older than the choice do not name it.
            _ => Some("premium-ssd".to_owned()),
        },
        // Those of the first kind follow from its size.
        iops: numbers::seen(storage.iops).filter(|_| second),
        throughput: numbers::seen(storage.throughput).filter(|_| second),
        autogrow: Some(storage.auto_grow == Some(AutoGrow::Enabled)),
        autogrow_to_gib: None,
    }
}

fn settings(
    properties: &ServerProperties,
    role: Role,
    pending: Option<String>,
) -> BTreeMap<String, Value> {
    let network = properties.network.as_ref();
    let text = |text: Option<&String>| {
        let text = text.filter(|text| !text.is_empty());
        text.map(|text| Value::Text(text.clone()))
    };
    let same_zone = properties
        .high_availability
        .as_ref()
        .is_some_and(|high| high.mode == Some(Mode::SameZone));
    [
        (
            setting::SUBNET,
            text(network.and_then(|network| network.delegated_subnet_resource_id.as_ref())),
        ),
        (
            setting::DNS_ZONE,
            text(network.and_then(|network| network.private_dns_zone_arm_resource_id.as_ref())),
        ),
        (setting::SAME_ZONE, same_zone.then_some(Value::Number(1))),
        (ZONE, text(properties.availability_zone.as_ref())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .chain((role == Role::Primary).then(|| databases::observed(pending)))
    .collect()
}

#[cfg(test)]
mod tests {
    use pgfleet_model::Field;
    use pgfleet_planner::{FieldRule, Platform as _};

    use super::{super::client::models::TrackedResource, *};
    use crate::azure::AzurePlatform;

    fn server(name: &str, properties: ServerProperties) -> Server {
        let mut resource = TrackedResource::new("East US 2".to_owned());
        resource.resource.name = Some(name.to_owned());
        let mut server = Server::new(resource);
        server.properties = Some(properties);
        server
    }

    fn replica(role: Option<ReplicationRole>) -> ServerProperties {
        let id = "/subscriptions/S/resourceGroups/g/providers/X/flexibleServers/Main";
        ServerProperties {
            source_server_resource_id: Some(id.to_owned()),
            replication_role: role,
            ..ServerProperties::default()
        }
    }

    #[test]
    fn a_source_is_known_by_its_name_in_any_case() {
        let main = server("main", ServerProperties::default());
        let copy = server("copy", replica(Some(ReplicationRole::GeoAsyncReplica)));
        let inventory = inventory(&[main, copy]);
        let there = |id: &str| ResourceRef {
            region: Region::new("eastus2"),
            id: ResourceId::new(id),
        };
        let copy = inventory.get(&there("copy")).unwrap();
        assert_eq!(copy.source, Some(there("main")));
        assert_eq!(copy.role, Role::Replica);
    }

    #[test]
    fn a_promoted_server_is_a_primary_by_either_word() {
        for role in [ReplicationRole::Primary, ReplicationRole::None] {
            let seen = alone(&server("x", replica(Some(role))));
            assert_eq!((seen.role, seen.source), (Role::Primary, None));
        }
        let new = Some(ReplicationRole::UnknownValue("FutureReplica".to_owned()));
        assert_eq!(alone(&server("x", replica(new))).role, Role::Replica);
        assert_eq!(alone(&server("x", replica(None))).role, Role::Replica);
    }

    #[test]
    fn a_word_that_is_not_known_is_waited_for() {
        let phase = |state, host: Option<&str>| {
            let properties = ServerProperties {
                state,
                fully_qualified_domain_name: host.map(ToOwned::to_owned),
                ..ServerProperties::default()
            };
            alone(&server("x", properties)).phase
        };
        let host = Some("x.postgres.database.azure.com");
        let new = Some(State::UnknownValue("Pondering".to_owned()));
        assert_eq!(phase(new, host), Phase::Unknown);
        assert_eq!(phase(Some(State::Updating), host), Phase::Modifying);
        assert_eq!(phase(Some(State::Updating), None), Phase::Creating);
        assert_eq!(phase(Some(State::Ready), host), Phase::Available);
    }

    #[test]
    fn a_zone_is_observed_and_compared_with_nothing() {
        let properties = ServerProperties {
            availability_zone: Some("2".to_owned()),
            ..ServerProperties::default()
        };
        let seen = alone(&server("x", properties));
        assert_eq!(seen.attributes.settings[ZONE], Value::Text("2".to_owned()));
        let platform = AzurePlatform::new("S", "food");
        let zone = Field::Setting(ZONE.to_owned());
        for role in [Role::Primary, Role::Replica] {
            assert!(matches!(platform.rule(&zone, role), FieldRule::Ignore));
        }
    }
}
