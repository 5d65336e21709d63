//! `instances.patch` and `instances.update`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::operations::{DESIGNATED, Effect};
use super::replica;
use super::resource::Resource;
use super::rules;
use super::state::Instance;
use serde_json::Value;

const NETWORK: &str = "settings.ipConfiguration.privateNetwork";

/// What restarts an instance when it changes.
const RESTARTING: [&str; 8] = [
    "settings.tier",
    "settings.edition",
    "settings.availabilityType",
    "settings.activationPolicy",
    "settings.databaseFlags",
    "settings.backupConfiguration.pointInTimeRecoveryEnabled",
    NETWORK,
    "settings.locationPreference",
];

/// Merges what the call says with what is.
pub(crate) fn patch(call: &mut Call<'_>) -> ApiResult<Value> {
    change(call, false)
}

/// Replaces the settings: what the call does not say becomes the default.
pub(crate) fn update(call: &mut Call<'_>) -> ApiResult<Value> {
    change(call, true)
}

fn change(call: &mut Call<'_>, replaces: bool) -> ApiResult<Value> {
    let said = call.read_instance()?;
    let old = call.existing()?.clone();
    call.check_idle(&old.name)?;
    if !old.is_runnable() {
        return Err(replica::not_ready());
    }
    let version = said.integer("settings.settingsVersion");
    if replaces && version.is_none() {
        return Err(ApiError::missing("settings.settingsVersion"));
    }
    if version.is_some() && version != old.resource.integer("settings.settingsVersion") {
        return Err(ApiError::stale());
    }
    let includes_replicas = said.is_on("includeReplicasForMajorVersionUpgrade");
    let mut new = merged(&said, &old, replaces)?;
    rules::settle_zones(&mut new, &old.name, call.options);
    check_fixed(&new, &old.resource)?;
    rules::check(&new, call.options)?;
    let changes = |path: &str| new.get(path) != old.resource.get(path);
    if changes("settings.availabilityType") || changes("settings.backupConfiguration") {
        rules::check_standby(&new)?;
    }
    check_others(call, &new, &old)?;
    let upgrades = check_version(call, &new, &old, includes_replicas)?;
    let restarts = RESTARTING.iter().any(|path| changes(path));
    let new = Box::new(new);
    let timing = call.timing;
    let (kind, seconds, effect) = match (upgrades, restarts) {
        (true, _) => (
            "MAJOR_VERSION_UPGRADE",
            timing.upgrade,
            Effect::Upgrade(new),
        ),
        (false, true) => ("UPDATE", timing.update_with_restart, Effect::Change(new)),
        (false, false) => ("UPDATE", timing.update, Effect::Change(new)),
    };
    Ok(call.begin(kind, &old.name, seconds, effect))
}

/// What the instance would be. Names of what it is and of what it belongs to cannot change.
fn merged(said: &Resource, old: &Instance, replaces: bool) -> ApiResult<Resource> {
    let mut said = said.clone();
    if said.get("rootPassword").is_some() {
        return Err(ApiError::invalid("rootPassword is used only on creation"));
    }
    let source = old
        .source()
        .map(|source| format!("{}:{source}", old.project));
    for (name, own) in [
        ("name", Some(old.name.as_str())),
        ("project", Some(old.project.as_str())),
        ("region", Some(old.region())),
        ("instanceType", old.resource.text("instanceType")),
        ("masterInstanceName", old.source()),
    ] {
        let value = said.0.shift_remove(name);
        let text = value.as_ref().and_then(Value::as_str);
        let with_project = name == "masterInstanceName" && text == source.as_deref();
        if text.is_some() && text != own && !with_project {
            return Err(ApiError::invalid(format_args!("{name} cannot be changed")));
        }
    }
    if said.get("tags").is_some() {
        return Err(ApiError::invalid("tags cannot be changed"));
    }
    for input_only in [
        "includeReplicasForMajorVersionUpgrade",
        "skipPrecheck",
        "switchTransactionLogsToCloudStorageEnabled",
    ] {
        said.0.shift_remove(input_only);
    }
    let mut new = old.resource.clone();
    if replaces {
        new.0.shift_remove("settings");
        // What belongs to the disk and the machine stays as it is.
        for kept in [
            "dataDiskSizeGb",
            "dataDiskType",
            "edition",
            "locationPreference",
        ] {
            let path = format!("settings.{kept}");
            if let Some(value) = old.resource.get(&path) {
                new.set(&path, value.clone());
            }
        }
    }
    new.merge(&said.0);
    if let Some(version) = old.resource.get("settings.settingsVersion") {
        new.set("settings.settingsVersion", version.clone());
    }
    // It may be named with its project.
    if let Some((_, bare)) = new.text(DESIGNATED).and_then(|name| name.rsplit_once(':')) {
        let bare = bare.to_owned();
        new.set(DESIGNATED, bare);
    }
    rules::defaults(&mut new);
    Ok(new)
}

/// Refuses changes of what stays as it was made.
fn check_fixed(new: &Resource, old: &Resource) -> ApiResult<()> {
    let size = |resource: &Resource| resource.integer("settings.dataDiskSizeGb").unwrap_or(0);
    if size(new) < size(old) {
        return Err(ApiError::invalid(format_args!(
            "Disk size cannot be decreased, from {} GB to {} GB",
            size(old),
            size(new)
        )));
    }
    for (path, what) in [
        ("settings.dataDiskType", "The disk type"),
        ("diskEncryptionConfiguration", "The disk encryption"),
    ] {
        if new.get(path) != old.get(path) {
            return Err(ApiError::invalid(format_args!("{what} cannot be changed")));
        }
    }
    if old.get(NETWORK).is_some() && new.get(NETWORK).is_none() {
        return Err(ApiError::invalid("The private network cannot be removed"));
    }
    Ok(())
}

/// Checks a change against the instance's source and replicas.
fn check_others(call: &Call<'_>, new: &Resource, old: &Instance) -> ApiResult<()> {
    let changes = |path: &str| new.get(path) != old.resource.get(path);
    let replicas = call.world.replicas_of(call.project(), &old.name);
    if let Some(source) = old.source() {
        if changes("settings.tier") || changes("settings.dataDiskSizeGb") {
            replica::fits(call, new, call.find(source)?)?;
        }
        if new.text("settings.activationPolicy") != Some("ALWAYS") {
            return Err(ApiError::new(
                400,
                "errorInvalidReadReplicaActivationPolicy",
                "The read replica is not specified as 'ALWAYS'.",
            ));
        }
    } else if !replicas.is_empty()
        && !call.options.replicas_without_backups
        && !rules::has_backups(new)
    {
        return Err(ApiError::new(
            400,
            "errorInvalidHasReplicaOperation",
            "The requested operation isn't valid for an instance that has a replica.",
        ));
    }
    if changes("settings.tier") {
        for replica in &replicas {
            replica::reaches(call, &replica.resource, new)?;
        }
    }
    if changes(DESIGNATED) {
        check_designated(new, &replicas)?;
    }
    Ok(())
}

/// Checks the disaster recovery replica that a primary names.
fn check_designated(new: &Resource, replicas: &[&Instance]) -> ApiResult<()> {
    let Some(designated) = new.text(DESIGNATED).filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let found = replicas.iter().find(|replica| replica.name == designated);
    let Some(replica) = found else {
        return Err(ApiError::invalid(format_args!(
            "The DR replica ({designated}) is no read replica of the instance"
        )));
    };
    let same_region = Some(replica.region()) == new.text("region");
    let plus = |resource: &Resource| rules::edition(resource) == "ENTERPRISE_PLUS";
    if same_region || !plus(new) || !plus(&replica.resource) || !rules::has_backups(new) {
        return Err(ApiError::invalid(format_args!(
            "The DR replica ({designated}) must be in another region than its primary, both of the \
             (ENTERPRISE_PLUS) Edition, with point-in-time recovery enabled"
        )));
    }
    Ok(())
}

/// Whether the change is an upgrade to another major version; a downgrade is refused.
fn check_version(
    call: &Call<'_>,
    new: &Resource,
    old: &Instance,
    includes_replicas: bool,
) -> ApiResult<bool> {
    let major = |resource: &Resource| names::major(resource.text("databaseVersion")?);
    let (from, to) = (major(&old.resource), major(new));
    if to == from {
        return Ok(false);
    }
    if to < from {
        return Err(ApiError::invalid(
            "The database version cannot be downgraded",
        ));
    }
    if old.source().is_some() {
        return Err(ApiError::new(
            400,
            "errorReadReplicaInvalidOperation",
            "The requested operation isn't valid for a read replica.",
        ));
    }
    let has_replicas = !call.world.replicas_of(call.project(), &old.name).is_empty();
    if has_replicas && !includes_replicas {
        return Err(ApiError::new(
            400,
            "errorReplicationMasterInvalidOperation",
            "The requested operation is not valid for a replication master instance.",
        ));
    }
    Ok(true)
}
