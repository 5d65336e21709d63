//! The calls that change something: made once, and only on what bears the fleet's labels.

use google_cloud_sql_v1::model::{
    BackupConfiguration, BackupRetentionSettings, DatabaseInstance, IpConfiguration, Settings,
    SqlAvailabilityType, SqlDataDiskType, SqlDatabaseVersion, SqlInstanceType,
    backup_retention_settings::RetentionUnit,
    database_instance::SqlInstanceState,
    settings::{Edition as WireEdition, SqlActivationPolicy},
};
use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, ObjectVersion,
    Operation, ResourceRef, Tags, Value,
};
use pgfleet_provider::{ErrorKind, OperationName, ProviderError, Retry, Secrets, Until};
use secrecy::{ExposeSecret, SecretString};

use super::{
    EDITION, NETWORK, PITR,
    client::Api,
    errors::{no_secret, refused, without_secret},
    observe::{owner, version},
    tier::Edition,
};

/// Makes the call of one mutation.
pub(crate) async fn begin(
    api: &Api,
    mutation: &Mutation,
    expect: Option<&ObjectVersion>,
    secrets: Secrets,
) -> Result<Until, ProviderError> {
    match &mutation.operation {
        Operation::CreatePrimary { desired } => create(api, mutation, desired, None, secrets).await,
        Operation::CreateReplica { desired, source } => {
            create(api, mutation, desired, Some(source), secrets).await
        }
        Operation::Modify { fields, .. } => {
            alter(api, mutation, expect, |live| {
                changed(live, fields, mutation)
            })
            .await
        }
        Operation::Start => {
            alter(api, mutation, expect, |_| {
                Ok(Settings::new().set_activation_policy(SqlActivationPolicy::Always))
            })
            .await
        }
        Operation::Delete { final_snapshot, .. } => delete(api, mutation, *final_snapshot).await,
    }
}

fn named(operation: google_cloud_sql_v1::model::Operation) -> Until {
    if operation.name.is_empty() {
        Until::Holds
    } else {
        Until::Named(OperationName(operation.name))
    }
}

/// An instance that is there, and is the fleet's.
async fn ours(api: &Api, mutation: &Mutation) -> Result<DatabaseInstance, ProviderError> {
    let live = api.get(mutation.resource.id.as_str()).await?;
    belongs(&live, mutation)?;
    Ok(live)
}

fn belongs(live: &DatabaseInstance, mutation: &Mutation) -> Result<(), ProviderError> {
    let resource = &mutation.resource;
    if owner(live).is_none_or(|owner| owner.fleet != mutation.owner.fleet) {
        let why = format!(
            "{resource} does not bear the labels of {}",
            mutation.owner.fleet
        );
        return Err(refused(why).remedy("give the instance another name in the plan file"));
    }
    if live.region != resource.region.as_str() {
        let why = format!(
            "{resource} is in {} and not in {}",
            live.region, resource.region
        );
        return Err(refused(why).remedy("names are unique in a project, whatever the region"));
    }
    Ok(())
}

async fn create(
    api: &Api,
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: Option<&ResourceRef>,
    secrets: Secrets,
) -> Result<Until, ProviderError> {
    if mutation.resume {
        match ours(api, mutation).await {
            Ok(_) => return Ok(Until::Holds),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let bootstrap = desired.bootstrap.as_ref();
    let password: Option<SecretString> = bootstrap
        .and_then(|bootstrap| bootstrap.password.as_ref())
        .map(|source| secrets.read(source))
        .transpose()
        .map_err(|error| no_secret(&error))?;
    let secret = password.as_ref().map(ExposeSecret::expose_secret);
    let body = new_instance(mutation, desired, source, secret)?;
    match Box::pin(api.insert(body)).await {
        Ok(operation) => Ok(named(operation)),
        // The name may be taken, by us or by others, or the primary may be busy.
        Err(error) if error.kind == ErrorKind::Busy => match ours(api, mutation).await {
            Ok(live) if live.state == SqlInstanceState::PendingDelete => Err(error),
            Ok(_) => Ok(Until::Holds),
            Err(found) if found.kind == ErrorKind::Refused => Err(found),
            Err(_) => Err(without_secret(error, secret)),
        },
        Err(error) => Err(without_secret(error, secret)),
    }
}

/// The body of a creation: nothing in it that only Google sets.
pub(crate) fn new_instance(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: Option<&ResourceRef>,
    password: Option<&str>,
) -> Result<DatabaseInstance, ProviderError> {
    let attributes = &desired.attributes;
    let Some(tier) = &attributes.size else {
        return Err(refused(format!("no tier is known for {}", desired.address)));
    };
    let mut labels = attributes.tags.clone();
    labels.extend(mutation.owner.tags());
    let mut settings = Settings::new()
        .set_tier(tier)
        .set_edition(WireEdition::from(edition(attributes).as_str()))
        .set_availability_type(availability(attributes.availability))
        .set_storage_auto_resize(attributes.storage.autogrow.unwrap_or(true))
        .set_user_labels(labels)
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

fn edition(attributes: &Attributes) -> Edition {
    match attributes.settings.get(EDITION) {
        Some(Value::Text(text)) => Edition::parse(text).unwrap_or(Edition::Enterprise),
        _ => Edition::Enterprise,
    }
}

fn availability(availability: Option<Availability>) -> SqlAvailabilityType {
    match availability {
        Some(Availability::Regional) => SqlAvailabilityType::Regional,
        Some(Availability::Zonal) | None => SqlAvailabilityType::Zonal,
    }
}

fn addresses(attributes: &Attributes) -> IpConfiguration {
    match attributes.settings.get(NETWORK) {
        Some(Value::Text(network)) => IpConfiguration::new()
            .set_ipv4_enabled(false)
            .set_private_network(network),
        _ => IpConfiguration::new().set_ipv4_enabled(true),
    }
}

/// The backups of a primary. A log for point-in-time recovery is kept as long as they are.
fn backups(attributes: &Attributes) -> BackupConfiguration {
    let days = attributes.backup_days.unwrap_or(0);
    if days == 0 {
        return BackupConfiguration::new().set_enabled(false);
    }
    let recovery = attributes.settings.get(PITR) == Some(&Value::Flag(true));
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

/// Reads the instance, and alters it if it is still what the plan was made from.
async fn alter(
    api: &Api,
    mutation: &Mutation,
    expect: Option<&ObjectVersion>,
    change: impl FnOnce(&DatabaseInstance) -> Result<Settings, ProviderError>,
) -> Result<Until, ProviderError> {
    let live = ours(api, mutation).await?;
    let resource = &mutation.resource;
    let Some(now) = version(&live) else {
        let why = format!("Google names no settingsVersion of {resource}");
        return Err(ProviderError::new(ErrorKind::Internal, why).retry(Retry::Reobserve));
    };
    if expect.is_some_and(|expect| expect.0 != now.to_string()) {
        let why = format!("{resource} has changed since it was listed");
        return Err(ProviderError::new(ErrorKind::Conflict, why).retry(Retry::Reobserve));
    }
    let settings = change(&live)?.set_settings_version(now);
    let body = DatabaseInstance::new().set_settings(settings);
    let operation = Box::pin(api.patch(resource.id.as_str(), body)).await?;
    Ok(named(operation))
}

/// What a patch says: the altered settings alone, and whole where Google replaces the whole.
pub(crate) fn changed(
    live: &DatabaseInstance,
    fields: &[FieldChange],
    mutation: &Mutation,
) -> Result<Settings, ProviderError> {
    let before = live.settings.clone().unwrap_or_default();
    let mut settings = Settings::new();
    let mut after = Attributes::default();
    let mut labels: Option<Tags> = None;
    let mut backup = false;
    for FieldChange { field, to, .. } in fields {
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
                let all =
                    labels.get_or_insert_with(|| before.user_labels.clone().into_iter().collect());
                all.extend(tags.clone());
            }
            (Field::Address, _) => {
                let all =
                    labels.get_or_insert_with(|| before.user_labels.clone().into_iter().collect());
                all.extend(mutation.owner.tags());
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
        let mut wanted = super::observe::inventory(std::slice::from_ref(live))
            .instances()
            .values()
            .next()
            .map(|live| live.attributes.clone())
            .unwrap_or_default();
        for FieldChange { field, to, .. } in fields {
            wanted.set(field, to.clone());
        }
        settings = settings.set_backup_configuration(backups(&wanted));
    }
    Ok(settings)
}

async fn delete(api: &Api, mutation: &Mutation, last: bool) -> Result<Until, ProviderError> {
    let name = mutation.resource.id.as_str();
    let live = match ours(api, mutation).await {
        // Gone already: the list will say so.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Until::Holds),
        // Google says the same of what is not there. Only the list tells.
        Err(error) if error.kind == ErrorKind::Permission => {
            let listed = api.list().await?;
            let there = listed.iter().any(|instance| instance.name == name);
            return if there { Err(error) } else { Ok(Until::Holds) };
        }
        live => live?,
    };
    if live.state == SqlInstanceState::PendingDelete {
        return Ok(Until::Holds);
    }
    match api.delete(name, last).await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Until::Holds),
        answer => answer.map(named),
    }
}
