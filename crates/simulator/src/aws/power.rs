//! `StartDBInstance`, `StopDBInstance`, `RebootDBInstance` and `PromoteReadReplica`.

use super::call::Call;
use super::delete::snapshot_of;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::state::{Instance, Pending};
use super::steps::{Effect, status};
use super::xml::Xml;

/// `StopDBInstance`.
pub(crate) fn stop(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let key = call.existing("DBInstanceIdentifier")?;
    let instance = call.instance(&key)?.clone();
    if instance.source.is_some() || !call.world.replicas_of(&key).is_empty() {
        return Err(ApiError::state(
            "A DB instance that is a read replica or has read replicas can't be stopped.",
        ));
    }
    require_available(&instance)?;
    let timing = call.timing;
    let mut steps = Vec::new();
    if let Some(name) = call.arguments.text("DBSnapshotIdentifier") {
        let name = names::identifier("DBSnapshotIdentifier", name)?;
        let snapshot_key = call.place.key(&name);
        if call.world.snapshots.contains_key(&snapshot_key) {
            return Err(ApiError::new(
                400,
                "DBSnapshotAlreadyExists",
                format!(
                    "Cannot create the snapshot because a snapshot with the identifier {name} already exists."
                ),
            ));
        }
        let snapshot = snapshot_of(&instance, name, call.now);
        call.world.snapshots.insert(snapshot_key.clone(), snapshot);
        steps.push((timing.backup, Effect::SnapshotReady(snapshot_key)));
    }
    steps.push((timing.stop, status("stopped")));
    let now = call.now;
    let instance = call.change(&key)?;
    instance.status = "stopping".to_owned();
    instance.then(now, steps);
    call.answer(&key, xml)
}

/// `StartDBInstance`.
pub(crate) fn start(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let key = call.existing("DBInstanceIdentifier")?;
    let instance = call.instance(&key)?;
    if instance.status != "stopped" {
        return Err(ApiError::state(format!(
            "Instance {} is not stopped.",
            instance.identifier
        )));
    }
    let (now, seconds) = (call.now, call.timing.start);
    let instance = call.change(&key)?;
    instance.status = "starting".to_owned();
    instance.then(now, [(seconds, Effect::Available)]);
    call.answer(&key, xml)
}

/// `RebootDBInstance`.
pub(crate) fn reboot(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let key = call.existing("DBInstanceIdentifier")?;
    let instance = call.instance(&key)?.clone();
    require_available(&instance)?;
    if call.arguments.boolean("ForceFailover") == Some(true) && !instance.multi_az {
        return Err(ApiError::combination(
            "The DB instance is not Multi-AZ: a failover can't be forced.",
        ));
    }
    let (now, seconds) = (call.now, call.timing.reboot);
    let instance = call.change(&key)?;
    instance.status = "rebooting".to_owned();
    instance.then(
        now,
        [(seconds, Effect::ParametersInSync), (0, Effect::Available)],
    );
    call.answer(&key, xml)
}

/// `PromoteReadReplica`: one way, with a reboot.
pub(crate) fn promote(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let key = call.existing("DBInstanceIdentifier")?;
    let instance = call.instance(&key)?.clone();
    if instance.source.is_none() {
        return Err(ApiError::state("DB Instance is not a read replica."));
    }
    require_available(&instance)?;
    let days = call.backup_retention()?.unwrap_or(1);
    let window = call
        .arguments
        .text("PreferredBackupWindow")
        .map(names::backup_window);
    let window = window.transpose()?;
    let timing = call.timing;
    let now = call.now;
    let instance = call.change(&key)?;
    if let Some(window) = window {
        instance.backup_window = window;
    }
    let backups = Pending {
        backup_retention: Some(days),
        ..Pending::default()
    };
    instance.pending.merge(backups.clone());
    let mut steps = vec![
        (timing.modify_lag, status("modifying")),
        (timing.modify, status("rebooting")),
        (timing.reboot, Effect::Promoted),
        (0, Effect::ParametersInSync),
        (0, Effect::Apply(Box::new(backups))),
    ];
    if days > 0 {
        steps.extend([(0, status("backing-up")), (timing.backup, Effect::BackedUp)]);
    }
    steps.push((0, Effect::Available));
    instance.then(now, steps);
    call.answer(&key, xml)
}

fn require_available(instance: &Instance) -> ApiResult<()> {
    if instance.is_available() {
        return Ok(());
    }
    Err(ApiError::state(format!(
        "Instance {} is not in available state.",
        instance.identifier
    )))
}
