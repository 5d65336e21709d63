//! `CreateDBInstanceReadReplica`, and what RDS asks of a source.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::settings::Settings;
use super::state::{Instance, Source, World};
use super::steps::{Effect, Step, status};
use super::storage::{self, Volume};
use super::xml::Xml;

/// Replicas on the second and third level that one source may have.
const CASCADED_PER_SOURCE: usize = 5;
/// Levels of replicas below a primary.
const LEVELS: usize = 3;

pub(crate) fn create(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let mut replica = requested(call)?;
    replica.resource_id = call.world.resource_id(&call.place);
    let timing = call.timing;
    let mut steps = vec![(timing.create_replica, Effect::Born)];
    if replica.multi_az {
        steps.extend([
            (0, status("modifying")),
            (timing.modify, Effect::SecondZone),
        ]);
    }
    steps.push((0, Effect::Available));
    replica.then(call.now, steps);
    let key = replica.key();
    let source_key = replica.source.as_ref().map(Source::key).unwrap_or_default();
    call.world.instances.insert(key.clone(), replica);
    snapshot_source(call, &source_key);
    call.touched = Some(key.clone());
    call.answer_made(&key, xml)
}

/// The replica that the call asks for, where nothing is to be said against it.
fn requested(call: &Call<'_>) -> ApiResult<Instance> {
    let arguments = &call.arguments;
    let identifier = names::identifier(
        "DBInstanceIdentifier",
        arguments.required("DBInstanceIdentifier"),
    )?;
    let source = find_source(call)?;
    let cross_region = source.region != call.place.region;
    check_source(call, &source)?;
    if arguments.text("DBParameterGroupName").is_some() {
        return Err(ApiError::combination(
            "A parameter group can't be specified during Read Replica creation for the following \
             DB engine: postgres",
        ));
    }
    if arguments.text("DBSubnetGroupName").is_some() && !cross_region {
        return Err(ApiError::new(
            400,
            "DBSubnetGroupNotAllowedFault",
            "The DBSubnetGroup shouldn't be specified while creating read replicas that lie in the \
             same region as the source instance.",
        ));
    }
    let kms_key = kms_key(call, &source, cross_region)?;
    // Elsewhere RDS ignores the parameter.
    let apart = ["cn-", "us-gov-"]
        .iter()
        .any(|prefix| call.place.region.starts_with(prefix));
    if apart && cross_region && kms_key.is_some() && arguments.text("PreSignedUrl").is_none() {
        return Err(ApiError::value(
            "PreSignedUrl must be given for an encrypted read replica of another region.",
        ));
    }
    let class = arguments
        .owned("DBInstanceClass")
        .unwrap_or_else(|| source.class.clone());
    call.check_class(&class, &source.engine_version)?;
    let multi_az = arguments.boolean("MultiAZ").unwrap_or(false);
    let availability_zone = call.zone(multi_az)?;
    let (volume, iops, throughput) = volume(call, &source)?;
    let settings = Settings::read(call)?;
    let port = call.port("Port")?.unwrap_or(source.port);
    names::tags(arguments.tags("Tags"))?;
    call.check_free(&identifier)?;
    call.check_quotas(1, volume.gib)?;

    let blank = Instance::requested(&call.place, identifier, String::new());
    // Groups belong to a region: elsewhere it is the region's default ones.
    let (subnet_group, security_groups, parameter_group) = if cross_region {
        let family = super::catalog::major(&source.engine_version);
        (
            blank.subnet_group.clone(),
            blank.security_groups.clone(),
            format!("default.postgres{family}"),
        )
    } else {
        (
            source.subnet_group.clone(),
            source.security_groups.clone(),
            source.parameter_group.clone(),
        )
    };
    let subnet_group = call.subnet_group()?.unwrap_or(subnet_group);
    let mut replica = Instance {
        class,
        port,
        allocated_storage: volume.gib,
        storage_type: volume.kind.to_owned(),
        iops,
        throughput,
        max_allocated_storage: volume.max_gib.filter(|max| *max > volume.gib),
        kms_key,
        multi_az: multi_az && !call.options.ignore_multi_az_on_replica_create,
        availability_zone,
        // The API reference: public unless a subnet group of the account's own is used.
        publicly_accessible: subnet_group == "default",
        subnet_group,
        security_groups,
        parameter_group,
        engine_version: source.engine_version.clone(),
        master_username: source.master_username.clone(),
        db_name: source.db_name.clone(),
        backup_window: source.backup_window.clone(),
        maintenance_window: source.maintenance_window.clone(),
        auto_minor_upgrade: source.auto_minor_upgrade,
        ca_certificate: source.ca_certificate.clone(),
        lifecycle: source.lifecycle.clone(),
        tags: arguments.tags("Tags").to_vec(),
        ..blank
    };
    replica.source = Some(Source {
        account: source.account,
        region: source.region,
        identifier: source.identifier,
        replication: "replicating".to_owned(),
    });
    if let Some(certificate) = arguments.owned("CACertificateIdentifier") {
        replica.ca_certificate = certificate;
    }
    settings.apply(&mut replica);
    Ok(replica)
}

/// RDS takes a snapshot of the source, which is busy for a moment.
fn snapshot_source(call: &mut Call<'_>, key: &str) {
    let (now, after, busy) = (
        call.now,
        call.timing.source_busy_after,
        call.timing.source_busy,
    );
    let Some(source) = call.world.instances.get_mut(key) else {
        return;
    };
    let idle = source.steps.iter().all(|step| step.window);
    if busy == 0 || !idle || source.status != "available" {
        return;
    }
    let at = |seconds: u64| now.saturating_add(seconds.saturating_mul(1000));
    for (at, word) in [(at(after), "backing-up"), (at(after + busy), "available")] {
        source.insert_step(Step {
            at,
            window: false,
            effect: status(word),
        });
    }
}

fn find_source(call: &Call<'_>) -> ApiResult<Instance> {
    let arguments = &call.arguments;
    if arguments.text("SourceDBClusterIdentifier").is_some() {
        return Err(ApiError::new(
            404,
            "DBClusterNotFoundFault",
            "The source DB cluster does not exist (the simulator has no clusters).",
        ));
    }
    let Some(text) = arguments.text("SourceDBInstanceIdentifier") else {
        return Err(ApiError::combination(
            "SourceDBInstanceIdentifier or SourceDBClusterIdentifier must be specified.",
        ));
    };
    let (place, identifier) = names::instance(text, &call.place)?;
    let found = call.world.instances.get(&place.key(&identifier));
    let source = found.ok_or_else(|| ApiError::no_instance(&identifier))?;
    if place.account != call.place.account {
        return Err(ApiError::new(
            403,
            "AccessDenied",
            "User is not authorized to read the source DB instance of another account.",
        ));
    }
    if arguments
        .text("SourceRegion")
        .is_some_and(|region| region != place.region)
    {
        return Err(ApiError::value(
            "SourceRegion is not the region of the source's ARN.",
        ));
    }
    Ok(source.clone())
}

/// Refuses a source that cannot have one more replica.
fn check_source(call: &Call<'_>, source: &Instance) -> ApiResult<()> {
    if source.managed_secret.is_some() {
        return Err(ApiError::value(
            "Creating read replicas for source instance with engine postgres where \
             ManageMasterUserPassword is enabled is not supported.",
        ));
    }
    // A source that is busy because a replica is being made serves further replicas: they share
    // the snapshot.
    let shares = source.status == "backing-up" && source.created.is_some();
    if !(source.is_available() || shares) {
        return Err(ApiError::state(format!(
            "DB instance {} is not in the available state: it is {}.",
            source.identifier, source.status
        )));
    }
    if source.backup_retention == 0 {
        return Err(ApiError::state(
            "Automated backups are not enabled for this database instance. To enable automated \
             backups, use ModifyDBInstance to set the backup retention period to a non-zero value.",
        ));
    }
    if let Some(parent) = &source.source {
        if parent.replication != "replicating" {
            return Err(ApiError::state(format!(
                "Replication of the source {} is terminated.",
                source.identifier
            )));
        }
        if !source.is_major_at_least(14) || source.engine_version == "14.0" {
            return Err(ApiError::state(
                "Creating a read replica of a read replica needs PostgreSQL 14.1 or newer.",
            ));
        }
    }
    let level = level_of_replica(call.world, source);
    if level > LEVELS {
        return Err(ApiError::state(format!(
            "Read replicas can be cascaded up to {LEVELS} levels below the primary."
        )));
    }
    let quota = if level > 1 {
        CASCADED_PER_SOURCE
    } else {
        call.options.replica_quota
    };
    if call.world.replicas_of(&source.key()).len() >= quota {
        return Err(ApiError::new(
            400,
            "InstanceQuotaExceeded",
            format!("The source already has the maximum number of read replicas: {quota}."),
        ));
    }
    Ok(())
}

/// On which level a new replica of `source` would be: 1 below a primary.
fn level_of_replica(world: &World, source: &Instance) -> usize {
    let mut level = 1;
    let mut parent = source.source.as_ref();
    while let Some(source) = parent {
        level += 1;
        if level > LEVELS {
            break;
        }
        parent = world
            .instances
            .get(&source.key())
            .and_then(|found| found.source.as_ref());
    }
    level
}

fn kms_key(call: &Call<'_>, source: &Instance, cross_region: bool) -> ApiResult<Option<String>> {
    match (call.arguments.text("KmsKeyId"), &source.kms_key) {
        (Some(_), _) if !cross_region => Err(ApiError::combination(
            "Your request does not require the KMS key parameter. Please remove the KMS key \
             parameter and try your request again.",
        )),
        (None, Some(_)) if cross_region => Err(ApiError::combination(
            "Cannot create a cross region unencrypted read replica from encrypted source.",
        )),
        (Some(_), None) => Err(ApiError::combination(
            "Cannot create an encrypted read replica from an unencrypted source.",
        )),
        (Some(key), Some(_)) => call.kms_key(key).map(Some),
        (None, key) => Ok(key.clone()),
    }
}

/// The replica's volume: the source's, with what the call asks for instead.
fn volume<'a>(
    call: &'a Call<'_>,
    source: &'a Instance,
) -> ApiResult<(Volume<'a>, Option<i64>, Option<i64>)> {
    let arguments = &call.arguments;
    let kind = arguments.text("StorageType");
    let kind = kind.unwrap_or(if arguments.integer("Iops").is_some() {
        "io1"
    } else {
        "gp3"
    });
    let gib = arguments
        .integer("AllocatedStorage")
        .unwrap_or(source.allocated_storage);
    if gib < source.allocated_storage {
        return Err(ApiError::combination(format!(
            "The allocated storage of a read replica can't be less than that of its source: \
             {gib} is less than {}.",
            source.allocated_storage
        )));
    }
    let (mut iops, mut throughput) = (
        arguments.integer("Iops"),
        arguments.integer("StorageThroughput"),
    );
    let (default_iops, default_throughput) = storage::defaults(kind, gib);
    if kind == source.storage_type && matches!(kind, "io1" | "io2") {
        iops = iops.or(source.iops);
    }
    if kind == "gp3"
        && source.storage_type == "gp3"
        && gib >= 400
        && source.allocated_storage >= 400
    {
        iops = iops.or(source.iops);
        throughput = throughput.or(source.throughput);
    }
    let max_gib = arguments
        .integer("MaxAllocatedStorage")
        .or(source.max_allocated_storage);
    let max_gib =
        max_gib.filter(|max| arguments.integer("MaxAllocatedStorage").is_some() || *max > gib);
    let volume = Volume {
        kind,
        gib,
        iops,
        throughput,
        max_gib,
    };
    volume.check()?;
    Ok((
        volume,
        iops.or(default_iops),
        throughput.or(default_throughput),
    ))
}
