//! What a replica takes from its source, and what is to be said against one.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::operations::DESIGNATED;
use super::resource::Resource;
use super::rules;
use super::state::Instance;
use super::tiers;

/// Levels of a chain of replicas, with the primary (`ERROR_REPLICA_DEPTH_LIMIT_EXCEEDED`).
const LEVELS: usize = 4;

/// Looks at what an insertion says of its kind. For a replica, sets what it takes from its source,
/// and gives the source's name.
pub(crate) fn prepare(
    call: &Call<'_>,
    name: &str,
    wanted: &mut Resource,
) -> ApiResult<Option<String>> {
    let kind = wanted.text("instanceType").unwrap_or_default();
    let named = wanted.text("masterInstanceName").unwrap_or_default();
    let named = named.to_owned();
    match (kind, named.is_empty()) {
        ("" | "CLOUD_SQL_INSTANCE", true) => {
            wanted.0.shift_remove("masterInstanceName");
            wanted.set("instanceType", "CLOUD_SQL_INSTANCE");
            return Ok(None);
        }
        ("" | "READ_REPLICA_INSTANCE", false) => {}
        ("READ_REPLICA_INSTANCE", true) => {
            return Err(ApiError::new(
                400,
                "errorInvalidInstanceTypeReadReplica",
                "A read replica must have an associated master instance.",
            ));
        }
        ("CLOUD_SQL_INSTANCE", false) => {
            return Err(ApiError::new(
                400,
                "errorInvalidInstanceTypeCloudsql",
                "A Cloud SQL instance that isn't a replica can't have an associated master instance \
                 name.",
            ));
        }
        (other, _) => {
            return Err(ApiError::uncovered(&format!(
                "instances of the type {other}"
            )));
        }
    }
    let source = bare(call.project(), &named)?;
    if source == name {
        return Err(ApiError::new(
            400,
            "errorMatchingSourceDestinationInstanceName",
            "The instance being created can't have the same name as the source instance.",
        ));
    }
    let primary = call.find(&source)?;
    call.check_idle(&source)?;
    if !primary.is_runnable() || primary.resource.text("settings.activationPolicy") == Some("NEVER")
    {
        return Err(not_ready());
    }
    wanted.set("masterInstanceName", source.clone());
    wanted.set("instanceType", "READ_REPLICA_INSTANCE");
    for (path, taken) in [
        ("region", "region"),
        ("databaseVersion", "databaseVersion"),
        ("settings.dataDiskSizeGb", "settings.dataDiskSizeGb"),
    ] {
        if let Some(value) = primary.resource.get(taken) {
            wanted.set_default(path, value.clone());
        }
    }
    Ok(Some(source))
}

/// The name of a source, which may be written with its project before it.
fn bare(project: &str, named: &str) -> ApiResult<String> {
    match named.rsplit_once(':') {
        None => Ok(named.to_owned()),
        Some((before, name)) if before == project => Ok(name.to_owned()),
        Some(_) => Err(ApiError::new(
            400,
            "errorInvalidReadReplicaProject",
            "The project containing the read replica doesn't match the project on the request URL.",
        )),
    }
}

pub(crate) fn not_ready() -> ApiError {
    ApiError::state(
        "The instance or operation is not in an appropriate state to handle the request.",
    )
}

/// Checks a new replica against its source.
pub(crate) fn check(call: &Call<'_>, wanted: &Resource, source: &str) -> ApiResult<()> {
    let primary = call.find(source)?;
    let project = call.project();
    if call.world.chain(project, source).len() >= LEVELS {
        return Err(ApiError::new(
            400,
            "errorReplicaDepthLimitExceeded",
            "Requested operation would cause exceeding the limit of 4 levels on the depth of \
             cascading replicas.",
        ));
    }
    let most = call.options.replica_quota;
    if call.world.replicas_of(project, source).len() >= most {
        return Err(ApiError::invalid(format_args!(
            "The instance ({source}) has the maximum number of read replicas ({most})"
        )));
    }
    if wanted.text("databaseVersion") != primary.resource.text("databaseVersion") {
        return Err(ApiError::new(
            400,
            "errorReadReplicaIncompatibleDatabaseTypes",
            "The database versions for the source and target instances are incompatible for \
             replication.",
        ));
    }
    let policy = wanted.text("settings.activationPolicy");
    if policy != Some("ALWAYS") {
        return Err(ApiError::new(
            400,
            "errorInvalidReadReplicaActivationPolicy",
            "The read replica is not specified as 'ALWAYS'.",
        ));
    }
    if !wanted.is_on("settings.databaseReplicationEnabled") {
        return Err(ApiError::new(
            400,
            "errorDisallowedDisabledDatabaseReplicationOnReplicaCreation",
            "The database replication flag must be enabled when creating a read replica.",
        ));
    }
    // A replica of a replica asks it of the primary at the top.
    let top = call.find(&call.world.group(project, source))?;
    if !call.options.replicas_without_backups && !rules::has_backups(&top.resource) {
        return Err(ApiError::invalid(format_args!(
            "The primary instance ({}) must have backups and point-in-time recovery enabled before \
             it can have read replicas",
            top.name
        )));
    }
    fits(call, wanted, primary)
}

/// Checks that a replica is as large as its source.
pub(crate) fn fits(call: &Call<'_>, replica: &Resource, source: &Instance) -> ApiResult<()> {
    let disk = |resource: &Resource| resource.integer("settings.dataDiskSizeGb").unwrap_or(0);
    let (own, needed) = (disk(replica), disk(&source.resource));
    if own < needed {
        return Err(ApiError::invalid(format_args!(
            "Invalid disk size ({own} GB): a read replica's disk must be at least as large as its \
             primary's ({needed} GB)"
        )));
    }
    reaches(call, replica, &source.resource)
}

/// Checks that a replica's tier is at least its source's.
pub(crate) fn reaches(call: &Call<'_>, replica: &Resource, source: &Resource) -> ApiResult<()> {
    let size = |resource: &Resource| tiers::size(resource.text("settings.tier")?);
    let smaller = match (size(replica), size(source)) {
        (Some(replica), Some(source)) => !replica.reaches(source),
        _ => false,
    };
    if smaller && !call.options.allow_smaller_replicas {
        return Err(ApiError::invalid(
            "The master instance can not be larger than the replica instance",
        ));
    }
    Ok(())
}

/// Checks that an instance and its disaster recovery replica can change places, and gives that
/// replica.
pub(crate) fn check_pair(call: &Call<'_>) -> ApiResult<String> {
    let replica = call.existing()?;
    let refuse = |message: &str| ApiError::new(400, "invalidOperation", message);
    let Some(source) = replica.source() else {
        return Err(refuse("The instance isn't a read replica."));
    };
    let primary = call.find(source)?;
    if primary.source().is_some() {
        return Err(refuse(
            "The instance isn't a direct replica of the primary instance.",
        ));
    }
    let plus = |instance: &Instance| rules::edition(&instance.resource) == "ENTERPRISE_PLUS";
    if !plus(replica) || !plus(primary) {
        return Err(refuse(
            "The operation is only supported for instances of the (ENTERPRISE_PLUS) Edition.",
        ));
    }
    let designated = primary.resource.text(DESIGNATED);
    if designated != Some(replica.name.as_str()) {
        return Err(refuse(
            "The instance isn't the designated DR replica of its primary.",
        ));
    }
    if !rules::has_backups(&primary.resource) {
        return Err(refuse(
            "The primary instance must have point-in-time recovery enabled.",
        ));
    }
    Ok(replica.name.clone())
}
