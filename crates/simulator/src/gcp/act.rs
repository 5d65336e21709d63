//! What is done to an instance as a whole: deletion, promotion, switchover, restart.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::operations::Effect;
use super::replica;
use serde_json::Value;

/// `instances.delete`. Replicas go before their primary.
pub(crate) fn delete(call: &mut Call<'_>) -> ApiResult<Value> {
    // The backup that it leaves is no instance: no method here shows it.
    call.route.switch("enableFinalBackup")?;
    let instance = call.existing()?;
    let name = instance.name.clone();
    let protected = instance
        .resource
        .is_on("settings.deletionProtectionEnabled");
    call.check_idle(&name)?;
    if protected {
        return Err(ApiError::new(
            400,
            "errorProtectedInstanceDeletionFailure",
            "The instance is protected. Please disable the deletion protection and try again. To \
             disable deletion protection, update the instance settings with \
             deletionProtectionEnabled set to false.",
        ));
    }
    if !call.world.replicas_of(call.project(), &name).is_empty() {
        return Err(ApiError::new(
            400,
            "errorReplicationMasterInvalidOperation",
            "The requested operation is not valid for a replication master instance.",
        ));
    }
    let answer = call.begin("DELETE", &name, call.timing.delete, Effect::Delete);
    set_state(call, &name, "PENDING_DELETE");
    Ok(answer)
}

/// `instances.promoteReplica`: the replica becomes an instance of its own. With `failover`, the
/// designated disaster recovery replica takes its primary's place instead.
pub(crate) fn promote(call: &mut Call<'_>) -> ApiResult<Value> {
    if call.route.switch("failover")? {
        return change_places(call, "PROMOTE_REPLICA", call.timing.promote);
    }
    check_no_body(call)?;
    let instance = call.existing()?;
    let name = instance.name.clone();
    let (is_replica, runs) = (instance.source().is_some(), instance.is_runnable());
    call.check_idle(&name)?;
    if !is_replica {
        return Err(ApiError::new(
            400,
            "invalidOperation",
            "The operation isn't valid for this instance.",
        ));
    }
    if !runs {
        return Err(replica::not_ready());
    }
    let seconds = call.timing.promote;
    Ok(call.begin("PROMOTE_REPLICA", &name, seconds, Effect::Promote))
}

/// `instances.switchover`: the replica and its primary change places.
pub(crate) fn switchover(call: &mut Call<'_>) -> ApiResult<Value> {
    let timeout = call.route.parameter("dbTimeout").unwrap_or("600s");
    let seconds = timeout
        .strip_suffix('s')
        .and_then(|text| text.parse::<f64>().ok());
    // At most a day.
    if !seconds.is_some_and(|seconds| (0.0..=86_400.0).contains(&seconds)) {
        return Err(ApiError::invalid(format_args!(
            "Invalid dbTimeout ({timeout})"
        )));
    }
    change_places(call, "SWITCHOVER", call.timing.switchover)
}

fn change_places(call: &mut Call<'_>, kind: &str, seconds: u64) -> ApiResult<Value> {
    check_no_body(call)?;
    call.existing()?;
    call.check_idle(call.target())?;
    let name = replica::check_pair(call)?;
    let primary = call.world.group(call.project(), &name);
    if !call.find(&name)?.is_runnable() || !call.find(&primary)?.is_runnable() {
        return Err(replica::not_ready());
    }
    Ok(call.begin(kind, &name, seconds, Effect::Switchover))
}

/// `instances.restart`.
pub(crate) fn restart(call: &mut Call<'_>) -> ApiResult<Value> {
    check_no_body(call)?;
    let instance = call.existing()?;
    let name = instance.name.clone();
    let stopped = instance.resource.text("settings.activationPolicy") == Some("NEVER");
    let runs = instance.is_runnable();
    call.check_idle(&name)?;
    if stopped || !runs {
        return Err(replica::not_ready());
    }
    let answer = call.begin("RESTART", &name, call.timing.restart, Effect::Restart);
    set_state(call, &name, "MAINTENANCE");
    Ok(answer)
}

fn set_state(call: &mut Call<'_>, name: &str, state: &str) {
    let project = call.project().to_owned();
    if let Some(instance) = call.world.instance_mut(&project, name) {
        instance.resource.set("state", state);
    }
}

/// These methods take no body; an empty object is none.
fn check_no_body(call: &Call<'_>) -> ApiResult<()> {
    let text = String::from_utf8_lossy(call.body);
    if matches!(text.trim(), "" | "{}" | "null") {
        return Ok(());
    }
    let text = "Invalid JSON payload received. The method takes no body.".to_owned();
    Err(ApiError::json(&[("body".to_owned(), text)]))
}
