//! `CreateDBInstanceReadReplica`, and what RDS asks of a source.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::state::{Instance, Pending, Place, Source, World};
use super::steps::{Effect, Step, status};
use super::storage::{self, Volume};
use super::xml::Xml;

/// Replicas on the second and third level that one source may have.
const CASCADED_PER_SOURCE: usize = 5;
/// Levels of replicas below a primary.
const LEVELS: usize = 3;

pub(crate) fn create(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let arguments = &call.arguments;
    let identifier = names::identifier(
        "DBInstanceIdentifier",
        arguments.required("DBInstanceIdentifier"),
    )?;
    let (source_place, source) = find_source(call)?;
    let cross_region = source_place.region != call.place.region;
    if arguments
        .text("SourceRegion")
        .is_some_and(|region| region != source_place.region)
    {
        return Err(ApiError::value(
            "SourceRegion is not the region of the source's ARN.",
        ));
    }
    check_source(call, &source)?;
    if arguments.text("DBParameterGroupName").is_some() {
        return Err(ApiError::combination(
            "A parameter group can't be specified during Read Replica creation for the following \
             DB engine: postgres",
        ));
    }
    let kms_key = kms_key(call, &source, cross_region)?;
    let class = arguments
        .owned("DBInstanceClass")
        .unwrap_or_else(|| source.class.clone());
    call.check_class(&class, &source.engine_version)?;
    let multi_az = arguments.boolean("MultiAZ").unwrap_or(false);
    let zone = call.zone(multi_az)?;
    let multi_az = multi_az && !call.options.ignore_multi_az_on_replica_create;
    let (volume, iops, throughput) = volume(call, &source)?;
    let subnet_group = call.subnet_group()?;
    let security_groups = call.security_groups()?;
    let (monitoring_interval, monitoring_role) = call.monitoring()?;
    let port = call.port("Port")?;
    names::tags(arguments.tags("Tags"))?;
    call.check_free(&identifier)?;
    call.check_quotas(1, volume.gib)?;

    let public = subnet_group
        .as_deref()
        .is_none_or(|group| group == "default")
        && (cross_region || source.subnet_group == "default");
    let flag = |name: &str, otherwise| arguments.boolean(name).unwrap_or(otherwise);
    let max_gib = volume.max_gib.filter(|max| *max > volume.gib);
    let (gib, kind) = (volume.gib, volume.kind.to_owned());
    let mut replica = Instance {
        account: call.place.account.clone(),
        region: call.place.region.clone(),
        identifier,
        resource_id: String::new(),
        status: "creating".to_owned(),
        requested: call.now,
        created: None,
        class,
        port: port.unwrap_or(source.port),
        allocated_storage: gib,
        storage_type: kind,
        iops,
        throughput,
        max_allocated_storage: max_gib,
        storage_modified: None,
        storage_optimizing: false,
        kms_key,
        multi_az,
        availability_zone: zone,
        // Groups belong to a region.
        subnet_group: match subnet_group {
            Some(group) => group,
            None if cross_region => "default".to_owned(),
            None => source.subnet_group.clone(),
        },
        security_groups: match security_groups {
            Some(groups) => groups,
            None if cross_region => vec![super::groups::default_security_group(&call.place)],
            None => source.security_groups.clone(),
        },
        parameter_group: if cross_region {
            format!(
                "default.postgres{}",
                super::catalog::major(&source.engine_version)
            )
        } else {
            source.parameter_group.clone()
        },
        parameter_status: "in-sync".to_owned(),
        publicly_accessible: flag("PubliclyAccessible", public),
        backup_retention: 0,
        backed_up: false,
        auto_minor_upgrade: flag("AutoMinorVersionUpgrade", source.auto_minor_upgrade),
        copy_tags: flag("CopyTagsToSnapshot", false),
        deletion_protection: flag("DeletionProtection", false),
        iam_authentication: flag("EnableIAMDatabaseAuthentication", false),
        performance_insights: flag("EnablePerformanceInsights", false),
        insights_retention: arguments.integer("PerformanceInsightsRetentionPeriod"),
        monitoring_interval: monitoring_interval.unwrap_or(0),
        monitoring_role,
        log_exports: arguments
            .texts("EnableCloudwatchLogsExports")
            .unwrap_or_default()
            .to_vec(),
        network_type: arguments
            .owned("NetworkType")
            .unwrap_or_else(|| "IPV4".to_owned()),
        source: Some(Source {
            account: source.account.clone(),
            region: source.region.clone(),
            identifier: source.identifier.clone(),
            replication: "replicating".to_owned(),
        }),
        tags: arguments.tags("Tags").to_vec(),
        pending: Pending::default(),
        steps: Vec::new(),
        ..source
    };
    if let Some(certificate) = arguments.owned("CACertificateIdentifier") {
        replica.ca_certificate = certificate;
    }
    replica.resource_id = call.world.resource_id(&call.place);
    let timing = call.timing;
    let mut steps = vec![(timing.create_replica, Effect::Born)];
    if multi_az {
        steps.extend([
            (0, status("modifying")),
            (timing.modify, status("available")),
        ]);
    } else {
        steps.push((0, status("available")));
    }
    replica.then(call.now, steps);
    let key = replica.key();
    let source_key = replica.source.as_ref().map(Source::key).unwrap_or_default();
    call.world.instances.insert(key.clone(), replica);
    snapshot_source(call, &source_key);
    call.touched = Some(key.clone());
    call.answer(&key, xml)
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

fn find_source(call: &Call<'_>) -> ApiResult<(Place, Instance)> {
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
    Ok((place, source.clone()))
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
    if !source.is_available() && !(source.status == "backing-up" && source.created.is_some()) {
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
