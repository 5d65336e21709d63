//! `instances.insert`, of a primary or a replica.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::operations::{Effect, Failure};
use super::replica;
use super::resource::Resource;
use super::rules;
use super::state::Instance;
use crate::clock::timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) fn insert(call: &mut Call<'_>) -> ApiResult<Value> {
    let mut wanted = call.read_instance()?;
    // Merged into nothing, what is null is not there.
    let given = std::mem::take(&mut wanted.0);
    wanted.merge(&given);
    let project = call.project().to_owned();
    let name = name(&wanted, &project)?;
    if call.world.instance(&project, &name).is_some() {
        return Err(ApiError::new(
            409,
            "instanceAlreadyExists",
            "The Cloud SQL instance already exists.",
        ));
    }
    if call.world.in_project(&project).count() >= call.options.instance_quota {
        return Err(ApiError::new(
            403,
            "errorMaxInstancePerLabel",
            "Failed to create instance because the project or creator has reached the max instance \
             per project/creator limit.",
        ));
    }
    for own in [
        "project",
        "name",
        "rootPassword",
        "includeReplicasForMajorVersionUpgrade",
    ] {
        wanted.0.shift_remove(own);
    }
    let source = replica::prepare(call, &name, &mut wanted)?;
    wanted.set_default("region", "us-central1");
    rules::defaults(&mut wanted);
    rules::check(&wanted, call.options)?;
    rules::check_standby(&wanted)?;
    if let Some(source) = &source {
        replica::check(call, &wanted, source)?;
    }
    settle(call, &name, &mut wanted);
    let stockout = wanted.text("settings.tier").is_some_and(|tier| {
        let full = &call.options.tiers_without_capacity;
        full.iter().any(|full| full == tier)
    });
    let instance = Instance {
        project,
        name: name.clone(),
        resource: wanted,
        databases: BTreeSet::new(),
    };
    call.world.instances.insert(instance.key(), instance);
    let (kind, seconds) = match source {
        Some(_) => ("CREATE_REPLICA", call.timing.create_replica),
        None => ("CREATE", call.timing.create),
    };
    let answer = call.begin(kind, &name, seconds, Effect::Create);
    if stockout && let Some(operation) = call.world.operations.last_mut() {
        operation.failure = Some(Failure {
            code: "ERROR_GCE_STOCKOUT".to_owned(),
            message: "The zone or region doesn't have sufficient resources to handle the request \
                      at the moment."
                .to_owned(),
        });
    }
    Ok(answer)
}

fn name(wanted: &Resource, project: &str) -> ApiResult<String> {
    let name = wanted.text("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ApiError::missing("name"))?;
    names::instance(project, name)?;
    if wanted.text("project").is_some_and(|other| other != project) {
        return Err(ApiError::new(
            400,
            "errorInvalidProject",
            "The project specified in the request is invalid.",
        ));
    }
    Ok(name.to_owned())
}

/// What the server itself says of a new instance.
fn settle(call: &Call<'_>, name: &str, wanted: &mut Resource) {
    rules::settle_zones(wanted, name, call.options);
    wanted.set("state", "PENDING_CREATE");
    wanted.set("createTime", timestamp(call.now));
    wanted.set_long("settings.settingsVersion", 1);
}
