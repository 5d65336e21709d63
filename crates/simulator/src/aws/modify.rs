//! `ModifyDBInstance`: what is refused, what waits for the window, and what the work looks like.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::options::AwsTiming;
use super::settings::Settings;
use super::state::{Instance, Pending};
use super::steps::{Effect, Step, status};
use super::storage::{self, Volume};
use super::xml::Xml;

pub(crate) fn modify(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let key = call.existing("DBInstanceIdentifier")?;
    let instance = call.instance(&key)?.clone();
    if !instance.is_available() {
        return Err(ApiError::state(
            "Database instance is not in available state.",
        ));
    }
    let mut wanted = Pending {
        class: class(call, &instance)?,
        engine_version: version(call, &instance)?,
        multi_az: call
            .arguments
            .boolean("MultiAZ")
            .filter(|wanted| *wanted != instance.multi_az),
        port: call
            .port("DBPortNumber")?
            .filter(|port| *port != instance.port),
        ca_certificate: call
            .arguments
            .owned("CACertificateIdentifier")
            .filter(|name| *name != instance.ca_certificate),
        identifier: new_identifier(call, &instance)?,
        backup_retention: retention(call, &instance)?,
        master_password: password(call, &instance)?,
        ..Pending::default()
    };
    storage(call, &instance, &mut wanted)?;
    let parameter_group = call
        .parameter_group(
            wanted
                .engine_version
                .as_deref()
                .unwrap_or(&instance.engine_version),
        )?
        .filter(|name| *name != instance.parameter_group);
    at_once(call, &key, parameter_group)?;

    let apply_now = call.arguments.boolean("ApplyImmediately").unwrap_or(false);
    let (now, timing) = (call.now, call.timing);
    let instance = call.change(&key)?;
    if apply_now {
        // Everything that still waits is applied with it (user guide, `USER_ModifyInstance`).
        let mut all = instance.pending.clone();
        all.merge(wanted.clone());
        instance.steps.retain(|step| !step.window);
        instance.pending = all.clone();
        if !all.is_empty() {
            let work = work(instance, all, timing);
            instance.then(now, work);
        }
    } else {
        let asap = Pending {
            master_password: wanted.master_password,
            port: wanted.port,
            backup_retention: wanted
                .backup_retention
                .filter(|days| *days > 0 && instance.backup_retention > 0),
            ..Pending::default()
        };
        instance.pending.merge(wanted.clone());
        wanted.settle(&asap);
        if !asap.is_empty() {
            let work = work(instance, asap, timing);
            instance.then(now, work);
        }
        if !wanted.is_empty() {
            let at = names::window_opens(&instance.maintenance_window, now);
            let effect = Effect::Apply(Box::new(wanted));
            instance.insert_step(Step {
                at,
                window: true,
                effect,
            });
        }
    }
    call.answer(&key, xml)
}

/// How changed values come into effect: the status stays `available` for a while, then changes.
pub(crate) fn work(instance: &Instance, values: Pending, timing: &AwsTiming) -> Vec<(u64, Effect)> {
    let only_password = Pending {
        master_password: true,
        ..Pending::default()
    };
    let (word, seconds) = if values == only_password {
        ("resetting-master-credentials", timing.reboot)
    } else if values.engine_version.is_some() {
        ("upgrading", timing.upgrade)
    } else if values.identifier.is_some() {
        ("renaming", timing.reboot)
    } else {
        ("modifying", timing.modify)
    };
    let storage = values.touches_storage();
    let backs_up = values.backup_retention.is_some_and(|days| days > 0) && !instance.backed_up;
    let mut steps = vec![(timing.modify_lag, status(word))];
    steps.push((seconds, Effect::Apply(Box::new(values))));
    if backs_up {
        steps.extend([(0, status("backing-up")), (timing.backup, Effect::BackedUp)]);
    }
    steps.push((0, Effect::Available));
    if storage {
        steps.push((timing.optimize, Effect::OptimizationEnds));
    }
    steps
}

fn class(call: &Call<'_>, instance: &Instance) -> ApiResult<Option<String>> {
    let Some(class) = call.arguments.text("DBInstanceClass") else {
        return Ok(None);
    };
    if class == instance.class {
        return Ok(None);
    }
    let wanted = call
        .arguments
        .text("EngineVersion")
        .and_then(|text| call.options.version(text));
    call.check_class(class, wanted.as_deref().unwrap_or(&instance.engine_version))?;
    Ok(Some(class.to_owned()))
}

fn version(call: &Call<'_>, instance: &Instance) -> ApiResult<Option<String>> {
    use super::catalog::{major, split};
    let Some(text) = call.arguments.text("EngineVersion") else {
        return Ok(None);
    };
    if text == instance.engine_version || text.parse() == Ok(major(&instance.engine_version)) {
        return Ok(None);
    }
    let version = call
        .options
        .version(text)
        .ok_or_else(|| super::create::no_version(text))?;
    if split(&version) < split(&instance.engine_version) {
        return Err(ApiError::combination(format!(
            "Cannot upgrade postgres from {} to {version}",
            instance.engine_version
        )));
    }
    let is_major = major(&version) != major(&instance.engine_version);
    if is_major
        && !call
            .arguments
            .boolean("AllowMajorVersionUpgrade")
            .unwrap_or(false)
    {
        return Err(ApiError::combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major \
             version.",
        ));
    }
    if is_major && instance.source.is_some() {
        return Err(ApiError::combination(
            "A read replica's major version is upgraded with its source.",
        ));
    }
    let class = call
        .arguments
        .text("DBInstanceClass")
        .unwrap_or(&instance.class);
    call.check_class(class, &version)?;
    // Minor versions: replicas first. A major upgrade takes the replicas of the region along.
    let behind: Vec<String> = call
        .world
        .replicas_of(&instance.key())
        .iter()
        .filter_map(|key| call.world.instances.get(key))
        .filter(|replica| {
            let old = split(&replica.engine_version) < split(&version);
            old && (!is_major || replica.region != instance.region)
        })
        .map(|replica| replica.identifier.clone())
        .collect();
    if !behind.is_empty() {
        return Err(ApiError::new(
            400,
            "DBUpgradeDependencyFailure",
            format!(
                "One or more of the DB Instance's read replicas need to be upgraded: {}",
                behind.join(", ")
            ),
        ));
    }
    Ok(Some(version))
}

fn new_identifier(call: &Call<'_>, instance: &Instance) -> ApiResult<Option<String>> {
    let Some(text) = call.arguments.text("NewDBInstanceIdentifier") else {
        return Ok(None);
    };
    let name = names::identifier("NewDBInstanceIdentifier", text)?;
    if name == instance.identifier {
        return Ok(None);
    }
    call.check_free(&name)?;
    Ok(Some(name))
}

fn retention(call: &Call<'_>, instance: &Instance) -> ApiResult<Option<i64>> {
    let Some(days) = call.backup_retention()? else {
        return Ok(None);
    };
    if days == instance.backup_retention {
        return Ok(None);
    }
    if instance.source.is_some() && !instance.is_major_at_least(14) {
        return Err(ApiError::state(
            "DB Backups not supported on a read replica for engine postgres",
        ));
    }
    if days == 0 && !call.world.replicas_of(&instance.key()).is_empty() {
        return Err(ApiError::combination(
            "The backup retention period can't be set to 0: the DB instance is a source to read \
             replicas.",
        ));
    }
    Ok(Some(days))
}

fn password(call: &Call<'_>, instance: &Instance) -> ApiResult<bool> {
    let Some(password) = call.arguments.text("MasterUserPassword") else {
        return Ok(false);
    };
    if instance.source.is_some() {
        return Err(ApiError::combination(
            "The master user password can't be changed on a read replica: change it on the source.",
        ));
    }
    if instance.managed_secret.is_some()
        && call.arguments.boolean("ManageMasterUserPassword") != Some(false)
    {
        return Err(ApiError::combination(
            "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword \
             enabled.",
        ));
    }
    names::password(password)?;
    Ok(true)
}

fn storage(call: &Call<'_>, instance: &Instance, wanted: &mut Pending) -> ApiResult<()> {
    let arguments = &call.arguments;
    let size = arguments.integer("AllocatedStorage");
    let gib = size.unwrap_or(instance.allocated_storage);
    if gib < instance.allocated_storage {
        return Err(ApiError::combination(
            "Requested storage size is less than the current: the storage of a DB instance can't \
             be reduced.",
        ));
    }
    // Less than 10 % more is rounded up to it.
    let least = instance.allocated_storage + (instance.allocated_storage + 9) / 10;
    let gib = if gib > instance.allocated_storage {
        gib.max(least)
    } else {
        gib
    };
    let kind = arguments
        .text("StorageType")
        .unwrap_or(&instance.storage_type);
    let (iops, throughput) = (
        arguments.integer("Iops"),
        arguments.integer("StorageThroughput"),
    );
    let new =
        |wanted: Option<i64>, live: Option<i64>| wanted.filter(|wanted| Some(*wanted) != live);
    let grows = gib != instance.allocated_storage;
    let retyped = kind != instance.storage_type;
    // Less than 10 % more iops are rounded up too.
    let iops = match (iops, instance.iops) {
        (Some(wanted), Some(live)) if wanted > live && !retyped => {
            Some(wanted.max((live * 11 + 9) / 10))
        }
        (wanted, _) => wanted,
    };
    let changes = grows
        || retyped
        || new(iops, instance.iops).is_some()
        || new(throughput, instance.throughput).is_some();
    let provisioned = storage::is_provisioned(kind, gib);
    // What the disk has of its own it keeps, as long as it stays a disk of the same sort.
    let keeps = !retyped
        && provisioned
        && storage::is_provisioned(&instance.storage_type, instance.allocated_storage);
    if arguments.integer("MaxAllocatedStorage").is_some() || changes {
        let volume = Volume {
            kind,
            gib,
            iops: iops.or(instance.iops.filter(|_| keeps)),
            throughput: throughput.or(instance.throughput.filter(|_| keeps)),
            max_gib: arguments.integer("MaxAllocatedStorage"),
        };
        volume.check()?;
    }
    if !changes {
        return Ok(());
    }
    let both = size.is_some() && iops.is_some();
    if provisioned && (size.is_some() || iops.is_some() || retyped) && !both {
        return Err(ApiError::combination(
            "You must specify both the storage size and iops when modifying the storage size or \
             iops on a DB instance that has iops.",
        ));
    }
    let pause = call.timing.storage_pause.saturating_mul(1000);
    let recent = instance
        .storage_modified
        .is_some_and(|at| call.now < at.saturating_add(pause));
    let under_way = instance.steps.iter().any(|step| {
        !step.window && matches!(&step.effect, Effect::Apply(values) if values.touches_storage())
    });
    if instance.storage_optimizing || recent || under_way {
        return Err(ApiError::combination(
            "You can't currently modify the storage of this DB instance because the previous \
             storage change is being optimized.",
        ));
    }
    call.check_quotas(0, gib - instance.allocated_storage)?;
    wanted.allocated_storage = grows.then_some(gib);
    wanted.storage_type = retyped.then(|| kind.to_owned());
    // A disk of another sort begins with that sort's figures, so that the same number is new.
    let live = |figure: Option<i64>| figure.filter(|_| keeps);
    wanted.iops = new(iops, live(instance.iops));
    wanted.throughput = new(throughput, live(instance.throughput));
    Ok(())
}

/// Sets what takes effect with the call, whatever `ApplyImmediately` says.
fn at_once(call: &mut Call<'_>, key: &str, parameter_group: Option<String>) -> ApiResult<()> {
    let settings = Settings::read(call)?;
    let live = call.instance(key)?;
    if call
        .subnet_group()?
        .is_some_and(|group| group != live.subnet_group)
    {
        return Err(ApiError::combination(
            "Moving a DB instance to another subnet group isn't covered by this simulator.",
        ));
    }
    let manage = call.arguments.boolean("ManageMasterUserPassword");
    if manage == Some(true) && (live.source.is_some() || !call.world.replicas_of(key).is_empty()) {
        return Err(ApiError::combination(
            "ManageMasterUserPassword can't be enabled on a DB instance that is or has a read \
             replica.",
        ));
    }
    let secret_key = match call.arguments.text("MasterUserSecretKmsKeyId") {
        Some(key) => call.kms_key(key)?,
        None => call.default_kms_key(),
    };
    let limit = call.arguments.integer("MaxAllocatedStorage");
    let (now, seconds) = (call.now, call.timing.modify_lag);
    let instance = call.change(key)?;
    settings.apply(instance);
    if let Some(limit) = limit {
        // A limit at the size itself turns autoscaling off.
        instance.max_allocated_storage =
            Some(limit).filter(|limit| *limit > instance.allocated_storage);
    }
    match manage {
        Some(true) => instance.managed_secret = Some(secret_key),
        Some(false) => instance.managed_secret = None,
        None => {}
    }
    if let Some(group) = parameter_group {
        instance.parameter_group = group;
        instance.parameter_status = "applying".to_owned();
        // Static parameters come into effect with a reboot.
        let at = now.saturating_add(seconds.saturating_mul(1000));
        instance.insert_step(Step {
            at,
            window: false,
            effect: Effect::ParametersWait,
        });
    }
    Ok(())
}
