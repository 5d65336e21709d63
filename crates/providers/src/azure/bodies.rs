//! Bodies of the calls: what is sent, and nothing that only Azure sets.

use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, Owner, Tags, Value,
};
use pgfleet_provider::{ErrorKind, ProviderError};
use secrecy::{ExposeSecret as _, SecretString};

use crate::shared::{
    databases::{self, TAG_PENDING},
    numbers,
    passwords::{self, is_version},
};

use super::{
    client::models::{
        Backup, HighAvailability, Network, Server, ServerForUpdate, ServerProperties,
        ServerPropertiesForUpdate, ServerVersion, Sku, Storage, TrackedResource,
        high_availability::Mode,
        server_properties::CreateMode,
        storage::{AutoGrow, Type},
    },
    observe::tags,
    setting,
    size::{full_name, tier_of},
    tags::put,
};

/// What every creation holds.
fn body(
    mutation: &Mutation,
    attributes: &Attributes,
    note: Option<&str>,
    properties: ServerProperties,
) -> Result<Server, ProviderError> {
    let Some(size) = &attributes.size else {
        let why = format!("no size is known for {}", mutation.resource);
        return Err(ProviderError::new(ErrorKind::Refused, why)
            .remedy("set `size` in [primary] or in the group"));
    };
    let mut tags = attributes.tags.clone();
    tags.extend(mutation.owner.tags());
    tags.extend(passwords::tag(&attributes.settings));
    tags.extend(note.map(|database| (TAG_PENDING.to_owned(), database.to_owned())));
    let mut resource = TrackedResource::new(mutation.resource.region.to_string());
    resource.tags = Some(wire_tags(&tags));
    let mut server = Server::new(resource);
    server.sku = Some(sku(size));
    server.properties = Some(properties);
    Ok(server)
}

pub(super) fn primary(
    mutation: &Mutation,
    desired: &DesiredInstance,
    password: Option<&SecretString>,
) -> Result<Server, ProviderError> {
    let attributes = &desired.attributes;
    let bootstrap = desired.bootstrap.as_ref();
    let mode = match attributes.availability {
        Some(Availability::Regional) => Mode::ZoneRedundant,
        Some(Availability::Zonal) | None => Mode::Disabled,
    };
    let properties = ServerProperties {
        create_mode: Some(CreateMode::Create),
        administrator_login: bootstrap.map(|bootstrap| bootstrap.admin.clone()),
        administrator_login_password: password.map(|text| text.expose_secret().to_owned()),
        version: attributes
            .postgres
            .map(|version| wire_version(version.major)),
        storage: storage(attributes),
        backup: attributes.backup_days.map(|days| Backup {
            backup_retention_days: i32::try_from(days).ok(),
            ..Backup::default()
        }),
        high_availability: Some(high_availability(mode)),
        network: network(attributes),
        ..ServerProperties::default()
    };
    body(mutation, attributes, databases::wanted(desired), properties)
}

/// A replica takes its version, administrator, backups and encryption from its source.
pub(super) fn replica(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: String,
) -> Result<Server, ProviderError> {
    let attributes = &desired.attributes;
    let properties = ServerProperties {
        create_mode: Some(CreateMode::Replica),
        source_server_resource_id: Some(source),
        storage: storage(attributes),
        network: network(attributes),
        ..ServerProperties::default()
    };
    body(mutation, attributes, None, properties)
}

/// All attributes in one call, and of the tags every one: Azure replaces them all. The version of a
/// new password is set with it.
pub(super) fn changed(
    live: &Server,
    owner: &Owner,
    fields: &[FieldChange],
    password: Option<&SecretString>,
) -> ServerForUpdate {
    let mut update = ServerForUpdate::default();
    let mut properties = ServerPropertiesForUpdate::default();
    let mut storage = Storage::default();
    let mut tags = tags(live);
    let mut retags = false;
    for change in fields {
        let FieldChange { field, to, .. } = change;
        let number = match to {
            Value::Number(number) => i32::try_from(*number).ok(),
            _ => None,
        };
        let on = *to == Value::Flag(true);
        match field {
            Field::Size => update.sku = Some(sku(&to.to_string())),
            Field::StorageGib => storage.storage_size_gb = number,
            Field::Iops => storage.iops = number,
            Field::Throughput => storage.throughput = number,
            Field::Autogrow => storage.auto_grow = Some(auto_grow(on)),
            Field::BackupDays => {
                properties.backup = Some(Backup {
                    backup_retention_days: number,
                    ..Backup::default()
                });
            }
            Field::MultiAz => {
                let mode = if on {
                    Mode::ZoneRedundant
                } else {
                    Mode::Disabled
                };
                properties.high_availability = Some(high_availability(mode));
            }
            Field::Tags => {
                retags = true;
                if let Value::Map(wanted) = to {
                    put(&mut tags, wanted.clone());
                }
            }
            Field::Address => retags = true,
            field if databases::is_note(field) => {
                retags = true;
                tags.remove(TAG_PENDING);
            }
            field if is_version(field) => {
                retags = true;
                properties.administrator_login_password =
                    password.map(|text| text.expose_secret().to_owned());
                tags.extend(passwords::changed_tag(change));
            }
            Field::Postgres
            | Field::StorageType
            | Field::AutogrowToGib
            | Field::DeletionProtection
            | Field::Setting(_) => {}
        }
    }
    if retags {
        tags.extend(owner.tags());
        update.tags = Some(wire_tags(&tags));
    }
    if storage != Storage::default() {
        properties.storage = Some(storage);
    }
    if properties != ServerPropertiesForUpdate::default() {
        update.properties = Some(properties);
    }
    update
}

fn sku(size: &str) -> Sku {
    Sku::new(full_name(size), tier_of(size).on_the_wire())
}

fn high_availability(mode: Mode) -> HighAvailability {
    HighAvailability {
        mode: Some(mode),
        ..HighAvailability::default()
    }
}

fn auto_grow(on: bool) -> AutoGrow {
    if on {
        AutoGrow::Enabled
    } else {
        AutoGrow::Disabled
    }
}

fn storage(attributes: &Attributes) -> Option<Storage> {
    let wanted = &attributes.storage;
    let storage = Storage {
        storage_size_gb: numbers::sent(wanted.gib),
        auto_grow: wanted.autogrow.map(auto_grow),
        iops: numbers::sent(wanted.iops),
        throughput: numbers::sent(wanted.throughput),
        type_: match wanted.kind.as_deref() {
            Some("premium-ssd-v2") => Some(Type::PremiumV2Lrs),
            Some("premium-ssd") => Some(Type::PremiumLrs),
            _ => None,
        },
        tier: None,
    };
    (storage != Storage::default()).then_some(storage)
}

fn network(attributes: &Attributes) -> Option<Network> {
    let text = |name: &str| attributes.text(name).map(ToOwned::to_owned);
    let network = Network {
        delegated_subnet_resource_id: text(setting::SUBNET),
        private_dns_zone_arm_resource_id: text(setting::DNS_ZONE),
        public_network_access: None,
    };
    (network != Network::default()).then_some(network)
}

/// The generated client is older than the newest versions.
fn wire_version(major: u32) -> ServerVersion {
    match major {
        11 => ServerVersion::N11,
        12 => ServerVersion::N12,
        13 => ServerVersion::N13,
        14 => ServerVersion::N14,
        15 => ServerVersion::N15,
        16 => ServerVersion::N16,
        newer => ServerVersion::UnknownValue(newer.to_string()),
    }
}

pub(super) fn wire_tags(tags: &Tags) -> serde_json::Value {
    let pairs = tags.iter();
    let pairs = pairs.map(|(name, value)| (name.clone(), value.clone().into()));
    serde_json::Value::Object(pairs.collect())
}
