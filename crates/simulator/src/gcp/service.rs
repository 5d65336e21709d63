//! Finding the method of a request, and answering.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::options::{GcpOptions, GcpTiming};
use super::route::{Action, Route};
use super::state::World;
use super::{act, databases, insert, list, patch, users};
use crate::clock::{Clock, Millis};
use crate::cloud::{Ending, Request};
use serde_json::Value;

/// How long things take under a clock.
pub(crate) fn timing(options: &GcpOptions, clock: Clock) -> GcpTiming {
    if clock != Clock::AtOnce {
        return options.timing.clone();
    }
    GcpTiming {
        pending: 0,
        create: 0,
        create_replica: 0,
        update: 0,
        update_with_restart: 0,
        upgrade: 0,
        restart: 0,
        promote: 0,
        switchover: 0,
        delete: 0,
        busy_after_delete: 0,
    }
}

/// The answer's body, and whether the request has changed what exists.
pub(crate) fn answer(
    request: &Request,
    ending: Option<&Ending>,
    options: &GcpOptions,
    timing: &GcpTiming,
    world: &mut World,
    now: Millis,
) -> ApiResult<(Value, bool)> {
    let route = Route::read(&request.method, &request.uri)?;
    check_access(&route, options)?;
    let is_json = |kind: &str| kind.trim_start().starts_with("application/json");
    if route.action.takes_body() && !request.header("content-type").is_some_and(is_json) {
        return Err(ApiError::new(
            400,
            "invalid",
            "The body must be of the type application/json.",
        ));
    }
    let mut call = Call {
        route: &route,
        body: &request.body,
        options,
        timing,
        now,
        world,
        begun: None,
    };
    let body = run(&mut call)?;
    let begun = call.begun.take();
    if let (Some(ending), Some(name)) = (ending, &begun) {
        world.end_otherwise(name, ending);
    }
    Ok((body, begun.is_some()))
}

fn check_access(route: &Route, options: &GcpOptions) -> ApiResult<()> {
    let project = route.project.as_str();
    if !options.projects.is_empty() && !options.projects.iter().any(|known| known == project) {
        return Err(ApiError::not_authorized());
    }
    let disabled = |off: &String| off == "*" || off == project;
    if options.api_disabled.iter().any(disabled) {
        return Err(ApiError::disabled(project));
    }
    let Some(permission) = route.action.permission() else {
        return Ok(());
    };
    if options
        .denied_permissions
        .iter()
        .any(|denied| denied == permission)
    {
        let resource = match &route.target {
            Some(name) => format!("instances/{name}"),
            None => format!("projects/{project}"),
        };
        return Err(ApiError::forbidden(permission, &resource));
    }
    Ok(())
}

pub(crate) fn run(call: &mut Call<'_>) -> ApiResult<Value> {
    match call.route.action {
        Action::Insert => insert::insert(call),
        Action::Get => list::instance(call),
        Action::List => list::instances(call),
        Action::Patch => patch::patch(call),
        Action::Update => patch::update(call),
        Action::Delete => act::delete(call),
        Action::PromoteReplica => act::promote(call),
        Action::Switchover => act::switchover(call),
        Action::Restart => act::restart(call),
        Action::InsertDatabase => databases::insert(call),
        Action::GetDatabase => databases::get(call),
        Action::ListDatabases => databases::list(call),
        Action::UpdateUser => users::update(call),
        Action::GetOperation => list::operation(call),
        Action::ListOperations => list::operations(call),
        Action::ListTiers => Ok(list::tiers(call)),
    }
}
