//! Control from outside the process: JSON below `/_simulator/`.

use crate::aws::AwsOptions;
use crate::faults::Fault;
use crate::shared::{Shared, State};
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Answers a control request with a status and JSON.
pub(crate) fn answer(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
    match (method.as_str(), path) {
        ("GET", "clock") => (200, json!({"now_milliseconds": shared.state().time.now()})),
        ("POST", "clock") => with(body, |Advance { advance_seconds }| {
            advance(shared, Duration::from_secs(advance_seconds))
        }),
        ("GET", "faults") => (200, json!(shared.state().faults.list())),
        ("POST", "faults") => with(body, |faults: OneOrMany| {
            let faults = match faults {
                OneOrMany::Many(faults) => faults,
                OneOrMany::One(fault) => vec![*fault],
            };
            let mut state = shared.state();
            for fault in faults {
                state.faults.arm(fault);
            }
            Ok(json!({"armed": state.faults.list().len()}))
        }),
        ("DELETE", "faults") => {
            shared.state().faults.clear();
            (200, json!({"armed": 0}))
        }
        ("POST", "credentials") => with(body, |Credentials { expired }| {
            let mut state = shared.state();
            state.expired = expired.into_iter().collect();
            Ok(json!({"expired": state.expired}))
        }),
        ("POST", "status") => with(
            body,
            |SetStatus {
                 region,
                 identifier,
                 status,
             }| { set_status(shared, &region, &identifier, &status) },
        ),
        ("GET", "options") => (200, json!(shared.state().service.options)),
        ("POST", "options") => with(body, |options: AwsOptions| {
            shared.change_options(|old| *old = options);
            Ok(json!({"changed": true}))
        }),
        ("GET", "state") => (200, state(shared)),
        ("GET", "requests") => {
            let state = shared.state();
            (
                200,
                json!({"count": state.log.count(), "requests": state.log.records()}),
            )
        }
        _ => (
            404,
            json!({"error": "there are GET and POST clock, GET, POST and DELETE faults, POST \
                    credentials, POST status, GET and POST options, GET state, GET requests"}),
        ),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Fault>),
    One(Box<Fault>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// Access keys; `*` means all.
    expired: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetStatus {
    region: String,
    identifier: String,
    status: String,
}

fn with<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    act: impl FnOnce(T) -> Result<Value, String>,
) -> (u16, Value) {
    match serde_json::from_slice(body) {
        Ok(parsed) => match act(parsed) {
            Ok(value) => (200, value),
            Err(error) => (400, json!({"error": error})),
        },
        Err(error) => (400, json!({"error": error.to_string()})),
    }
}

/// Moves the clock, and lets happen what is due by then.
pub(crate) fn advance(shared: &Shared, by: Duration) -> Result<Value, String> {
    let mut state = shared.state();
    state.time.advance(by);
    let now = state.catch_up();
    state.save().map_err(|error| error.to_string())?;
    Ok(json!({"now_milliseconds": now}))
}

/// Sets an instance's status, in the account that has one of this name.
pub(crate) fn set_status(
    shared: &Shared,
    region: &str,
    identifier: &str,
    status: &str,
) -> Result<Value, String> {
    let mut state = shared.state();
    state.catch_up();
    if !state.world.set_status(region, identifier, status) {
        return Err(format!("there is no DB instance {identifier} in {region}"));
    }
    state.save().map_err(|error| error.to_string())?;
    Ok(json!({"status": status}))
}

/// Everything that exists.
pub(crate) fn state(shared: &Shared) -> Value {
    let mut state = shared.state();
    state.catch_up();
    json!({"aws": state.world})
}

/// Makes an instance that has been there all along.
pub(crate) fn seed(
    shared: &Shared,
    region: &str,
    parameters: &[(&str, &str)],
) -> Result<bool, String> {
    let mut state = shared.state();
    let now = state.catch_up();
    let State { service, world, .. } = &mut *state;
    if !service.seed(region, parameters, world, now)? {
        return Ok(false);
    }
    state.save().map_err(|error| error.to_string())?;
    Ok(true)
}
