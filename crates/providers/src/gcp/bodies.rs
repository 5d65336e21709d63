//! What is sent: only what the plan speaks of, and nothing that only Google sets.

pub(super) mod note;

use google_cloud_sql_v1::model::{
    BackupConfiguration, BackupRetentionSettings, DatabaseInstance, IpConfiguration, Settings,
    SqlAvailabilityType, SqlDataDiskType, SqlDatabaseVersion, SqlInstanceType,
    backup_retention_settings::RetentionUnit, ip_configuration::SslMode,
    settings::Edition as WireEdition,
};
use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, ResourceRef, Role,
    Tags, Value,
};
use pgfleet_provider::{ErrorKind, ProviderError};

use crate::shared::{
    databases::{self, TAG_PENDING},
    passwords,
};

use super::{
    observe,
    setting::{NETWORK, PITR, PUBLIC, SSL},
    size::edition,
};

/// The value of a note whose database is made. A patch merges labels: one that is left out stays.
pub(super) const SETTLED: &str = "";

/// The body of a creation: nothing in it that only Google sets.
pub(super) fn new_instance(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: Option<&ResourceRef>,
    password: Option<&str>,
) -> Result<DatabaseInstance, ProviderError> {
    let attributes = &desired.attributes;
    let Some(tier) = &attributes.size else {
        let why = format!("no tier is known for {}", desired.address);
        return Err(refused(why).remedy("set `size` in the plan file"));
    };
    let mut settings = Settings::new()
        .set_tier(tier)
        .set_edition(WireEdition::from(edition(attributes).as_str()))
        .set_availability_type(availability(attributes.availability))
        .set_storage_auto_resize(attributes.storage.autogrow.unwrap_or(true))
        .set_user_labels(new_labels(mutation, desired))
        .set_deletion_protection_enabled(attributes.deletion_protection.unwrap_or(false))
        .set_ip_configuration(addresses(attributes));
    if let Some(gib) = attributes.storage.gib {
        settings = settings.set_data_disk_size_gb(i64::from(gib));
    }
    if let Some(kind) = &attributes.storage.kind {
        settings = settings.set_data_disk_type(SqlDataDiskType::from(kind.as_str()));
    }
    if source.is_none() {
        settings = settings.set_backup_configuration(backups(attributes));
    }
    let mut body = DatabaseInstance::new()
        .set_name(mutation.resource.id.as_str())
        .set_region(mutation.resource.region.as_str())
        .set_settings(settings);
    if let Some(version) = attributes.postgres {
        let version = format!("POSTGRES_{}", version.major);
        body = body.set_database_version(SqlDatabaseVersion::from(version.as_str()));
    }
    body = match source {
        Some(source) => body
            .set_instance_type(SqlInstanceType::ReadReplicaInstance)
            .set_master_instance_name(source.id.as_str()),
        None => body.set_instance_type(SqlInstanceType::CloudSqlInstance),
    };
    if let Some(password) = password {
        body = body.set_root_password(password);
    }
    Ok(body)
}

/// The labels of a new instance: the plan's, pgfleet's own, and on a primary the version of its
/// password and the database that is still to be made.
pub(super) fn new_labels(mutation: &Mutation, desired: &DesiredInstance) -> Tags {
    let attributes = &desired.attributes;
    let mut labels = attributes.tags.clone();
    labels.extend(mutation.owner.tags());
    labels.extend(passwords::tag(&attributes.settings));
    let note = databases::wanted(desired).and_then(note::written);
    labels.extend(note.map(|note| (TAG_PENDING.to_owned(), note)));
    labels
}

fn availability(availability: Option<Availability>) -> SqlAvailabilityType {
    match availability {
        Some(Availability::Regional) => SqlAvailabilityType::Regional,
        Some(Availability::Zonal) | None => SqlAvailabilityType::Zonal,
    }
}

fn addresses(attributes: &Attributes) -> IpConfiguration {
    let mut addresses = IpConfiguration::new().set_ipv4_enabled(is_public(attributes));
    if let Some(network) = attributes.text(NETWORK) {
        addresses = addresses.set_private_network(network);
    }
    if let Some(mode) = attributes.text(SSL) {
        addresses = addresses.set_ssl_mode(SslMode::from(mode));
    }
    addresses
}

/// Whether a new instance gets a public address.
pub(super) fn is_public(attributes: &Attributes) -> bool {
    let barred = attributes.settings.get(PUBLIC) == Some(&Value::Flag(false));
    !barred && attributes.text(NETWORK).is_none()
}

/// The backups of a primary. A log for point-in-time recovery is kept as long as they are.
fn backups(attributes: &Attributes) -> BackupConfiguration {
    let days = attributes.backup_days.unwrap_or(0);
    if days == 0 {
        // Left on, point-in-time recovery needs the backups, and Google refuses.
        return BackupConfiguration::new()
            .set_enabled(false)
            .set_point_in_time_recovery_enabled(false);
    }
    let recovery = attributes.is_on(PITR);
    let kept = i32::try_from(days).unwrap_or(i32::MAX);
    let retention = BackupRetentionSettings::new()
        .set_retention_unit(RetentionUnit::Count)
        .set_retained_backups(kept);
    let backups = BackupConfiguration::new()
        .set_enabled(true)
        .set_point_in_time_recovery_enabled(recovery)
        .set_backup_retention_settings(retention);
    if !recovery {
        return backups;
    }
    // Not longer than the backups that the log is replayed on.
    let log = days.min(edition(attributes).longest_log());
    backups.set_transaction_log_retention_days(i32::try_from(log).unwrap_or(1))
}

/// What a patch says: the altered settings alone, and whole where Google replaces the whole.
pub(super) fn changed(
    live: &DatabaseInstance,
    fields: &[FieldChange],
    mutation: &Mutation,
) -> Result<Settings, ProviderError> {
    let before = live.settings.clone().unwrap_or_default();
    let mut settings = Settings::new();
    let mut after = Attributes::default();
    let mut labels: Option<Tags> = None;
    let mut backup = false;
    for change in fields {
        let FieldChange { field, to, .. } = change;
        after.set(field, to.clone());
        match (field, to) {
            (Field::Size, Value::Text(tier)) => settings = settings.set_tier(tier),
            (Field::MultiAz, Value::Flag(_)) => {
                settings = settings.set_availability_type(availability(after.availability));
            }
            (Field::StorageGib, Value::Number(gib)) => {
                let gib = i64::try_from(*gib).unwrap_or(i64::MAX);
                // It may have grown by itself since: a disk never shrinks.
                let gib = gib.max(before.data_disk_size_gb.unwrap_or(0));
                settings = settings.set_data_disk_size_gb(gib);
            }
            (Field::Autogrow, Value::Flag(on)) => settings = settings.set_storage_auto_resize(*on),
            (Field::DeletionProtection, Value::Flag(on)) => {
                settings = settings.set_deletion_protection_enabled(*on);
            }
            (Field::Tags, Value::Map(tags)) => {
                labels
                    .get_or_insert_with(|| self::labels(live))
                    .extend(tags.clone());
            }
            (Field::Address, _) => {
                labels
                    .get_or_insert_with(|| self::labels(live))
                    .extend(mutation.owner.tags());
            }
            (field, _) if databases::is_note(field) => {
                labels
                    .get_or_insert_with(|| self::labels(live))
                    .insert(TAG_PENDING.to_owned(), SETTLED.to_owned());
            }
            (field, _) if passwords::is_version(field) => {
                labels
                    .get_or_insert_with(|| self::labels(live))
                    .extend(passwords::changed_tag(change));
            }
            (Field::BackupDays, _) => backup = true,
            (Field::Setting(name), _) if name == PITR => backup = true,
            (field, _) => {
                return Err(refused(format!(
                    "{field} of {} cannot be altered",
                    mutation.resource
                )));
            }
        }
    }
    if let Some(labels) = labels {
        settings = settings.set_user_labels(labels);
    }
    if backup {
        let live = observe::attributes(live, Role::Primary);
        let mut wanted = live.clone();
        for FieldChange { field, to, .. } in fields {
            wanted.set(field, to.clone());
        }
        let mut backups = backups(&wanted);
        // What the plan does not speak of stays, whether Google merges or replaces.
        if let Some(before) = &before.backup_configuration {
            backups.start_time.clone_from(&before.start_time);
            backups.location.clone_from(&before.location);
            if let Some(log) = &mut backups.transaction_log_retention_days
                && let Some(theirs) = log_of_others(&live, before)
            {
                let most = wanted.backup_days.and_then(|days| i32::try_from(days).ok());
                *log = theirs.min(most.unwrap_or(theirs));
            }
        }
        settings = settings.set_backup_configuration(backups);
    }
    Ok(settings)
}

/// For how many days a log is kept, where that is not what pgfleet sets beside such backups: somebody
/// has set it.
fn log_of_others(live: &Attributes, before: &BackupConfiguration) -> Option<i32> {
    let ours = backups(live).transaction_log_retention_days?;
    let theirs = before.transaction_log_retention_days?;
    (theirs != ours).then_some(theirs)
}

/// The labels of a live instance.
pub(super) fn labels(live: &DatabaseInstance) -> Tags {
    let settings = live.settings.as_ref();
    let labels = settings.map(|settings| settings.user_labels.clone());
    labels.unwrap_or_default().into_iter().collect()
}

pub(super) fn refused(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, message)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pgfleet_model::{Operation, Owner, Region, ResourceId, Storage};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::gcp::setting::EDITION;

    fn named(id: &str) -> ResourceRef {
        ResourceRef {
            region: Region::new("us-east1"),
            id: ResourceId::new(id),
        }
    }

    fn instance(address: &str) -> (Mutation, DesiredInstance) {
        let owner = Owner {
            fleet: "truck".parse().unwrap(),
            address: address.parse().unwrap(),
        };
        let resource = named(&format!("truck-{address}"));
        let desired = DesiredInstance {
            address: owner.address.clone(),
            resource: resource.clone(),
            attributes: Attributes {
                size: Some("db-custom-2-7680".into()),
                availability: Some(Availability::Regional),
                postgres: Some("17".parse().unwrap()),
                storage: Storage {
                    gib: Some(100),
                    kind: Some("PD_SSD".into()),
                    ..Storage::default()
                },
                backup_days: Some(14),
                deletion_protection: Some(true),
                tags: BTreeMap::from([("team".into(), "food".into())]),
                settings: BTreeMap::from([
                    (EDITION.into(), Value::Text("ENTERPRISE".into())),
                    (PITR.into(), Value::Flag(true)),
                ]),
            },
            bootstrap: None,
            key: "primary".into(),
        };
        let mutation = Mutation {
            owner,
            resource,
            operation: Operation::Start,
            resume: false,
        };
        (mutation, desired)
    }

    /// The numbers of words are those of Google's published description.
    #[test]
    fn a_primary_is_made_by_these_fields_and_no_others() {
        let (mutation, desired) = instance("primary");
        let body = new_instance(&mutation, &desired, None, Some("planted")).unwrap();
        let settings = json!({
            "tier": "db-custom-2-7680",
            "edition": 2,
            "availabilityType": 2,
            "dataDiskSizeGb": "100",
            "dataDiskType": 1,
            "storageAutoResize": true,
            "deletionProtectionEnabled": true,
            "ipConfiguration": {"ipv4Enabled": true},
            "userLabels": {
                "managed-by": "pgfleet",
                "pgfleet-address": "primary",
                "pgfleet-fleet": "truck",
                "team": "food",
            },
            "backupConfiguration": {
                "enabled": true,
                "pointInTimeRecoveryEnabled": true,
                "transactionLogRetentionDays": 7,
                "backupRetentionSettings": {"retentionUnit": 1, "retainedBackups": 14},
            },
        });
        let wanted = json!({
            "name": "truck-primary",
            "region": "us-east1",
            "databaseVersion": 408,
            "instanceType": 1,
            "rootPassword": "planted",
            "settings": settings,
        });
        assert_eq!(serde_json::to_value(&body).unwrap(), wanted);
    }

    #[test]
    fn a_replica_names_its_source_and_has_no_backups() {
        let (mutation, mut desired) = instance("replica-1");
        desired.attributes.settings.insert(
            NETWORK.into(),
            Value::Text("projects/food/global/networks/main".into()),
        );
        let source = named("truck-primary");
        let body = new_instance(&mutation, &desired, Some(&source), None).unwrap();
        let body = serde_json::to_value(&body).unwrap();
        assert_eq!(body["instanceType"], 3);
        assert_eq!(body["masterInstanceName"], "truck-primary");
        assert_eq!(body["settings"]["backupConfiguration"], Json::Null);
        assert_eq!(
            body["settings"]["ipConfiguration"],
            json!({
                "ipv4Enabled": false,
                "privateNetwork": "projects/food/global/networks/main",
            })
        );
    }

    #[test]
    fn a_patch_says_what_changes_and_keeps_what_others_set() {
        let (mutation, _) = instance("primary");
        let live = Settings::new()
            .set_user_labels([("theirs", "stays")])
            .set_data_disk_size_gb(300)
            .set_backup_configuration(BackupConfiguration::new().set_start_time("04:00"));
        let live = DatabaseInstance::new().set_settings(live);
        let change = |field, to| FieldChange {
            field,
            from: None,
            to,
        };
        let tags = BTreeMap::from([("team".to_owned(), "food".to_owned())]);
        let fields = [
            change(Field::StorageGib, Value::Number(200)),
            change(Field::Tags, Value::Map(tags)),
            change(Field::BackupDays, Value::Number(3)),
        ];
        let patch = changed(&live, &fields, &mutation).unwrap();
        let patch = serde_json::to_value(patch).unwrap();
        assert_eq!(patch["dataDiskSizeGb"], "300", "a disk never shrinks");
        assert_eq!(
            patch["userLabels"],
            json!({"team": "food", "theirs": "stays"})
        );
        assert_eq!(patch["backupConfiguration"]["startTime"], "04:00");
        assert_eq!(patch.as_object().unwrap().len(), 3);
    }

    #[test]
    fn a_log_that_somebody_keeps_for_other_days_than_pgfleet_does_stays_so() {
        let (mutation, _) = instance("primary");
        let patched = |log: i32, to: u64| {
            let retention = BackupRetentionSettings::new().set_retained_backups(5);
            let backups = BackupConfiguration::new()
                .set_enabled(true)
                .set_point_in_time_recovery_enabled(true)
                .set_transaction_log_retention_days(log)
                .set_backup_retention_settings(retention);
            let live = Settings::new().set_backup_configuration(backups);
            let live = DatabaseInstance::new().set_settings(live);
            let days = FieldChange {
                field: Field::BackupDays,
                from: None,
                to: Value::Number(to),
            };
            let patch = changed(&live, &[days], &mutation).unwrap();
            let backups = patch.backup_configuration.unwrap();
            backups.transaction_log_retention_days
        };
        assert_eq!(patched(3, 14), Some(3), "theirs stays");
        assert_eq!(patched(3, 2), Some(2), "not longer than the backups");
        assert_eq!(patched(5, 14), Some(7), "ours goes with the backups");
    }
}
