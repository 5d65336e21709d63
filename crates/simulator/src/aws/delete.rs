//! `DeleteDBInstance`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::state::{Instance, Snapshot};
use super::steps::Effect;
use super::xml::Xml;

pub(crate) fn delete(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let key = call.existing("DBInstanceIdentifier")?;
    let instance = call.instance(&key)?.clone();
    if instance.status == "deleting" {
        return Err(ApiError::state(format!(
            "Instance {} is already being deleted.",
            instance.identifier
        )));
    }
    let skip = call.arguments.boolean("SkipFinalSnapshot").unwrap_or(false);
    let snapshot = match (skip, call.arguments.text("FinalDBSnapshotIdentifier")) {
        (true, Some(_)) => {
            return Err(ApiError::combination(
                "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.",
            ));
        }
        (true, None) => None,
        // A replica takes no final snapshot; RDS refuses to be told otherwise.
        (false, _) if instance.source.is_some() => {
            return Err(ApiError::combination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance",
            ));
        }
        (false, None) => {
            return Err(ApiError::combination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            ));
        }
        (false, Some(name)) => Some(names::identifier("FinalDBSnapshotIdentifier", name)?),
    };
    if instance.deletion_protection {
        return Err(ApiError::combination(
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ));
    }
    if let Some(name) = &snapshot {
        if !instance.is_available() {
            return Err(ApiError::state(format!(
                "Cannot create a snapshot because the database instance {} is not currently in the \
                 available state.",
                instance.identifier
            )));
        }
        if call.world.snapshots.contains_key(&call.place.key(name)) {
            return Err(ApiError::new(
                400,
                "DBSnapshotAlreadyExists",
                format!(
                    "Cannot create the snapshot because a snapshot with the identifier {name} already exists."
                ),
            ));
        }
    }
    let timing = call.timing;
    let mut steps = Vec::new();
    if let Some(name) = snapshot {
        let snapshot_key = call.place.key(&name);
        let snapshot = snapshot_of(&instance, name, call.now);
        call.world.snapshots.insert(snapshot_key.clone(), snapshot);
        steps.push((timing.backup, Effect::SnapshotReady(snapshot_key)));
    }
    steps.push((timing.delete, Effect::Gone));
    let now = call.now;
    let doomed = call.change(&key)?;
    doomed.steps.clear();
    doomed.status = "deleting".to_owned();
    doomed.then(now, steps);
    call.answer(&key, xml)
}

pub(crate) fn snapshot_of(instance: &Instance, identifier: String, now: u64) -> Snapshot {
    Snapshot {
        account: instance.account.clone(),
        region: instance.region.clone(),
        identifier,
        instance: instance.identifier.clone(),
        resource_id: instance.resource_id.clone(),
        engine_version: instance.engine_version.clone(),
        master_username: instance.master_username.clone(),
        allocated_storage: instance.allocated_storage,
        storage_type: instance.storage_type.clone(),
        availability_zone: instance.availability_zone.clone(),
        port: instance.port,
        kms_key: instance.kms_key.clone(),
        created: now,
        ready: false,
        tags: if instance.copy_tags {
            instance.tags.clone()
        } else {
            Vec::new()
        },
    }
}
