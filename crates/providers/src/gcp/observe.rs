//! The project's list, turned into pgfleet's words.

use std::collections::BTreeMap;

use google_cloud_sql_v1::model::{
    DatabaseInstance, Settings, SqlAvailabilityType, SqlInstanceType, SqlIpAddressType,
    database_instance::SqlInstanceState as State, settings::SqlActivationPolicy,
};
use pgfleet_model::{
    Attributes, Availability, Condition, Endpoint, Inventory, ObjectVersion, ObservedInstance,
    Owner, Phase, Region, ResourceId, ResourceRef, Role, Storage, Tags, Value,
};

use crate::shared::{
    databases::{self, TAG_PENDING},
    passwords,
};

use super::bodies::note;
use super::setting::{EDITION, NETWORK, PITR};

/// The port of every PostgreSQL on Cloud SQL.
const PORT: u16 = 5432;
/// How many backups Cloud SQL keeps where nobody says otherwise.
const DEFAULT_BACKUPS: u32 = 7;

/// Turns a list into an inventory. Names are unique in a project: they say where a source is.
pub(super) fn inventory(listed: &[DatabaseInstance]) -> Inventory {
    let regions: BTreeMap<&str, &str> = listed
        .iter()
        .map(|instance| (instance.name.as_str(), instance.region.as_str()))
        .collect();
    listed
        .iter()
        .map(|instance| observed(instance, &regions))
        .collect()
}

/// Whose an instance is by its labels.
pub(super) fn owner(instance: &DatabaseInstance) -> Option<Owner> {
    let labels = instance.settings.as_ref()?.user_labels.clone();
    Owner::take_from(&mut labels.into_iter().collect())
}

/// The revision of an instance's settings.
pub(super) fn version(instance: &DatabaseInstance) -> Option<i64> {
    instance.settings.as_ref()?.settings_version
}

fn observed(instance: &DatabaseInstance, regions: &BTreeMap<&str, &str>) -> ObservedInstance {
    let follows = !instance.master_instance_name.is_empty();
    let copies = matches!(
        instance.instance_type,
        SqlInstanceType::ReadReplicaInstance | SqlInstanceType::ReadPoolInstance
    );
    let role = if follows || copies {
        Role::Replica
    } else {
        Role::Primary
    };
    let source = follows.then(|| {
        // `PROJECT:NAME`, and a project may hold a colon itself.
        let named = &instance.master_instance_name;
        let name = named.rsplit(':').next().unwrap_or(named);
        ResourceRef {
            region: Region::new(regions.get(name).copied().unwrap_or_default()),
            id: ResourceId::new(name),
        }
    });
    let (phase, raw_phase) = phase(instance);
    ObservedInstance {
        resource: ResourceRef {
            region: Region::new(&instance.region),
            id: ResourceId::new(&instance.name),
        },
        owner: owner(instance),
        role,
        source,
        phase,
        raw_phase,
        condition: Condition::Sound,
        endpoint: endpoint(instance),
        version: version(instance).map(|version| ObjectVersion(version.to_string())),
        attributes: attributes(instance, role),
        pending: BTreeMap::new(),
    }
}

fn phase(instance: &DatabaseInstance) -> (Phase, String) {
    let off = instance
        .settings
        .as_ref()
        .is_some_and(|settings| settings.activation_policy == SqlActivationPolicy::Never);
    let phase = match &instance.state {
        State::Runnable if off => return (Phase::Stopped, "RUNNABLE, activation NEVER".to_owned()),
        State::Runnable => Phase::Available,
        State::PendingCreate => Phase::Creating,
        State::PendingDelete => Phase::Deleting,
        State::Maintenance | State::Repairing => Phase::Modifying,
        State::Failed => Phase::Failed,
        _ => Phase::Unknown,
    };
    let word = instance.state.name().map(ToOwned::to_owned);
    let number = || instance.state.value().map(|value| value.to_string());
    let word = word.or_else(number).unwrap_or_else(|| "unknown".to_owned());
    (phase, word)
}

/// The private address first: where there is one, it is the one meant.
fn endpoint(instance: &DatabaseInstance) -> Option<Endpoint> {
    let of = |kind: &SqlIpAddressType| {
        instance
            .ip_addresses
            .iter()
            .find(|address| address.r#type == *kind && !address.ip_address.is_empty())
    };
    let address = of(&SqlIpAddressType::Private).or_else(|| of(&SqlIpAddressType::Primary))?;
    Some(Endpoint {
        host: address.ip_address.clone(),
        port: PORT,
    })
}

/// What an instance is set to.
pub(super) fn attributes(instance: &DatabaseInstance, role: Role) -> Attributes {
    let version = instance
        .database_version
        .name()
        .and_then(|name| name.strip_prefix("POSTGRES_"))
        .and_then(|version| version.parse().ok());
    let Some(settings) = &instance.settings else {
        return Attributes {
            postgres: version,
            ..Attributes::default()
        };
    };
    let mut tags: Tags = settings.user_labels.clone().into_iter().collect();
    let _ = Owner::take_from(&mut tags);
    let mut own = own_settings(settings, role);
    own.extend(passwords::take_version(&mut tags));
    // Empty, it has been settled.
    let note = tags.remove(TAG_PENDING).filter(|note| !note.is_empty());
    if role == Role::Primary {
        own.extend([databases::observed(note.as_deref().map(note::read))]);
    }
    Attributes {
        size: (!settings.tier.is_empty()).then(|| settings.tier.clone()),
        availability: match settings.availability_type {
            SqlAvailabilityType::Zonal => Some(Availability::Zonal),
            SqlAvailabilityType::Regional => Some(Availability::Regional),
            _ => None,
        },
        postgres: version,
        storage: storage(settings),
        backup_days: (role == Role::Primary).then(|| backup_days(settings)),
        deletion_protection: Some(settings.deletion_protection_enabled.unwrap_or(false)),
        tags,
        settings: own,
    }
}

fn storage(settings: &Settings) -> Storage {
    Storage {
        gib: settings
            .data_disk_size_gb
            .and_then(|gib| u32::try_from(gib).ok()),
        kind: settings
            .data_disk_type
            .name()
            .filter(|_| settings.data_disk_type.value() != Some(0))
            .map(ToOwned::to_owned),
        autogrow: Some(settings.storage_auto_resize.unwrap_or(false)),
        ..Storage::default()
    }
}

fn backup_days(settings: &Settings) -> u32 {
    let Some(backup) = &settings.backup_configuration else {
        return 0;
    };
    if !backup.enabled.unwrap_or(false) {
        return 0;
    }
    let retention = backup.backup_retention_settings.as_ref();
    retention
        .and_then(|retention| retention.retained_backups)
        .and_then(|kept| u32::try_from(kept).ok())
        .unwrap_or(DEFAULT_BACKUPS)
}

fn own_settings(settings: &Settings, role: Role) -> pgfleet_model::Settings {
    let mut own = pgfleet_model::Settings::new();
    // What is older than the editions is of the first.
    let edition = match settings.edition.value() {
        None | Some(0) => Some("ENTERPRISE"),
        Some(_) => settings.edition.name(),
    };
    own.extend(edition.map(|edition| (EDITION.to_owned(), Value::Text(edition.to_owned()))));
    let network = settings
        .ip_configuration
        .as_ref()
        .map(|ip| network(&ip.private_network))
        .filter(|network| !network.is_empty());
    own.extend(network.map(|network| (NETWORK.to_owned(), Value::Text(network))));
    if role == Role::Primary {
        let on = settings
            .backup_configuration
            .as_ref()
            .and_then(|backup| backup.point_in_time_recovery_enabled);
        own.insert(PITR.to_owned(), Value::Flag(on.unwrap_or(false)));
    }
    own
}

/// A network as `projects/P/global/networks/N`, however it was written.
pub(super) fn network(text: &str) -> String {
    text.find("projects/")
        .map_or(text, |place| &text[place..])
        .to_owned()
}
