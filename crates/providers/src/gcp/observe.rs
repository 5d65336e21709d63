//! The project's list, turned into pgfleet's words.

use std::collections::BTreeMap;

use google_cloud_sql_v1::model::{
    DatabaseInstance, Settings, SqlAvailabilityType, SqlInstanceType, SqlIpAddressType,
    database_instance::SqlInstanceState as State, ip_configuration::SslMode,
    settings::SqlActivationPolicy,
};
use pgfleet_model::{
    Attributes, Availability, Condition, Endpoint, Inventory, ObjectVersion, ObservedInstance,
    Owner, PgVersion, Phase, Region, ResourceId, ResourceRef, Role, Storage, Tags, Value,
};

use crate::shared::{
    databases::{self, TAG_PENDING},
    passwords,
};

use super::bodies::note;
use super::setting::{EDITION, ENGINE, KIND, NETWORK, PITR, PUBLIC, SSL};

/// The port of every PostgreSQL on Cloud SQL.
const PORT: u16 = 5432;
/// How many backups Cloud SQL keeps where nobody says otherwise.
const DEFAULT_BACKUPS: u32 = 7;

/// Turns a list of a project into an inventory. Names are unique in it: they say where a source is.
pub(super) fn inventory(project: &str, listed: &[DatabaseInstance]) -> Inventory {
    let regions: BTreeMap<&str, &str> = listed
        .iter()
        .map(|instance| (instance.name.as_str(), instance.region.as_str()))
        .collect();
    listed
        .iter()
        .map(|instance| observed(project, instance, &regions))
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

fn observed(
    project: &str,
    instance: &DatabaseInstance,
    regions: &BTreeMap<&str, &str>,
) -> ObservedInstance {
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
        let named = instance.master_instance_name.as_str();
        let name = own_name(named, &[project, &instance.project]);
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

/// The name of an instance of these projects; with its own project where that is another: it is another
/// instance, whatever its name. It comes as `PROJECT:NAME`, and a project may hold a colon itself.
fn own_name<'a>(named: &'a str, projects: &[&str]) -> &'a str {
    match named.rsplit_once(':') {
        // A project may be told by its number.
        Some((project, name))
            if projects.contains(&project) || project.bytes().all(|b| b.is_ascii_digit()) =>
        {
            name
        }
        _ => named,
    }
}

/// The word of an instance that Google has taken out of service.
const SUSPENDED: &str = "SUSPENDED";

/// Whether Google has taken an instance out of service, by its own word for its state.
pub(super) fn is_suspended(raw_phase: &str) -> bool {
    raw_phase.starts_with(SUSPENDED)
}

pub(super) fn phase(instance: &DatabaseInstance) -> (Phase, String) {
    let off = instance
        .settings
        .as_ref()
        .is_some_and(|settings| settings.activation_policy == SqlActivationPolicy::Never);
    let phase = match &instance.state {
        State::Runnable if off => return (Phase::Stopped, "RUNNABLE, activation NEVER".to_owned()),
        State::Runnable => Phase::Available,
        State::PendingCreate => Phase::Creating,
        State::PendingDelete => Phase::Deleting,
        State::Suspended => {
            let why = instance.suspension_reason.iter();
            let why = why.filter_map(|reason| reason.name());
            let words: Vec<&str> = [SUSPENDED].into_iter().chain(why).collect();
            return (Phase::Unknown, words.join(", "));
        }
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
        .and_then(|version| version.parse::<PgVersion>().ok());
    let engine = instance
        .database_version
        .name()
        .filter(|_| version.is_none());
    let engine = engine.map(|engine| (ENGINE.to_owned(), Value::Text(engine.to_owned())));
    // One of its own machines is where Cloud SQL copies from, and has no settings.
    let kind = match &instance.instance_type {
        kind @ (SqlInstanceType::ReadPoolInstance | SqlInstanceType::OnPremisesInstance) => {
            kind.name()
        }
        _ => None,
    };
    let kind = kind.map(|kind| (KIND.to_owned(), Value::Text(kind.to_owned())));
    let Some(settings) = &instance.settings else {
        return Attributes {
            postgres: version,
            settings: kind.into_iter().chain(engine).collect(),
            ..Attributes::default()
        };
    };
    let mut tags: Tags = settings.user_labels.clone().into_iter().collect();
    let _ = Owner::take_from(&mut tags);
    let mut own = own_settings(settings, role);
    own.extend(kind.into_iter().chain(engine));
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
        // One that is known has both a name and a number.
        kind: settings
            .data_disk_type
            .name()
            .filter(|_| {
                settings
                    .data_disk_type
                    .value()
                    .is_some_and(|kind| kind != 0)
            })
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
    if let Some(ip) = &settings.ip_configuration {
        if ip.ipv4_enabled == Some(false) {
            own.insert(PUBLIC.to_owned(), Value::Flag(false));
        }
        let strict = match &ip.ssl_mode {
            SslMode::Unspecified | SslMode::AllowUnencryptedAndEncrypted => None,
            mode => mode.name(),
        };
        own.extend(strict.map(|mode| (SSL.to_owned(), Value::Text(mode.to_owned()))));
    }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn instance(text: &Json) -> DatabaseInstance {
        serde_json::from_value(text.clone()).unwrap()
    }

    #[test]
    fn a_primary_of_another_project_is_another_one_whatever_its_name() {
        let source = |named: &str| {
            let listed = [
                instance(&json!({"name": "truck-primary", "region": "us-east1"})),
                instance(&json!({"name": "copy", "masterInstanceName": named})),
            ];
            let inventory = inventory("example.com:food", &listed);
            let copy = inventory.instances().values();
            let mut copy = copy.filter(|live| live.resource.id.as_str() == "copy");
            copy.next().unwrap().source.clone().unwrap()
        };
        for named in [
            "truck-primary",
            "example.com:food:truck-primary",
            "1234:truck-primary",
        ] {
            let source = source(named);
            assert_eq!(source.id.as_str(), "truck-primary", "{named}");
            assert_eq!(source.region.as_str(), "us-east1", "{named}");
        }
        let named = "other:truck-primary";
        assert_eq!(source(named).id.as_str(), named);
    }

    #[test]
    fn a_suspended_instance_says_why_and_is_nothing_that_is_known() {
        let told = |text: Json| phase(&instance(&text));
        let word = "SUSPENDED, BILLING_ISSUE".to_owned();
        let why = json!({"state": "SUSPENDED", "suspensionReason": ["BILLING_ISSUE"]});
        assert_eq!(told(why), (Phase::Unknown, word));
        assert_eq!(told(json!({"state": "NEW_WORD"})).0, Phase::Unknown);
        assert_eq!(told(json!({"state": 4711})).0, Phase::Unknown);
    }

    #[test]
    fn a_version_that_is_not_known_is_told_in_google_s_words() {
        for (word, known) in [
            ("POSTGRES_17", true),
            ("POSTGRES_9_6", false),
            ("MYSQL_8_0", false),
        ] {
            for settings in [json!({"tier": "any"}), Json::Null] {
                let live = instance(&json!({"databaseVersion": word, "settings": settings}));
                let told = attributes(&live, Role::Primary);
                assert_eq!(told.postgres.is_some(), known, "{word}");
                assert_eq!(told.text(ENGINE), (!known).then_some(word));
            }
        }
    }

    #[test]
    fn a_kind_of_disk_that_is_not_known_is_none() {
        let kind = |kind: Json| {
            let live = instance(&json!({"settings": {"dataDiskType": kind}}));
            attributes(&live, Role::Replica).storage.kind
        };
        assert_eq!(kind(json!("PD_HDD")).as_deref(), Some("PD_HDD"));
        assert_eq!(kind(json!(1)).as_deref(), Some("PD_SSD"));
        for unknown in [json!("PD_NEW"), json!(4711), json!(0)] {
            assert_eq!(kind(unknown.clone()), None, "{unknown}");
        }
    }
}
