//! Control from outside the process: JSON below `/_simulator/`.

use crate::cloud::{CloudName, NAMES};
use crate::faults::Fault;
use crate::shared::Shared;
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
        ("GET", "state") => told(state(shared)),
        ("GET", "requests") => {
            let state = shared.state();
            (
                200,
                json!({"count": state.log.count(), "requests": state.log.records()}),
            )
        }
        (method, path) => {
            let (cloud, path) = of_cloud(path);
            answer_of_cloud(shared, cloud, method, path, body)
        }
    }
}

/// The cloud that a path names first. `options` and `status` alone are those of AWS.
fn of_cloud(path: &str) -> (CloudName, &str) {
    let named = NAMES.into_iter().find_map(|name| {
        let rest = path.strip_prefix(name.as_str())?;
        Some((name, rest.strip_prefix('/')?))
    });
    named.unwrap_or((CloudName::Aws, path))
}

fn answer_of_cloud(
    shared: &Shared,
    cloud: CloudName,
    method: &str,
    path: &str,
    body: &[u8],
) -> (u16, Value) {
    match (method, path) {
        ("GET", "options") => told(
            shared
                .state()
                .clouds
                .get(cloud)
                .options()
                .map_err(|error| error.to_string()),
        ),
        ("POST", "options") => with(body, |options| {
            let mut state = shared.state();
            let clock = state.time.mode();
            state.clouds.get_mut(cloud).set_options(options, clock)?;
            Ok(json!({"changed": true}))
        }),
        ("POST", "status") => with(body, |status: SetStatus| {
            let SetStatus {
                region,
                identifier,
                status,
            } = status;
            set_status(shared, cloud, &region, &identifier, &status)
        }),
        ("POST", other) => {
            let body = match serde_json::from_slice(body) {
                Ok(body) => body,
                Err(error) => return (400, json!({"error": error.to_string()})),
            };
            let done = shared.change(|clouds, moment| {
                match clouds.get_mut(cloud).control(other, &body, moment) {
                    Some(done) => Ok((Some(done?), true)),
                    None => Ok((None, false)),
                }
            });
            match done {
                Ok(Some(value)) => (200, value),
                Ok(None) => unknown(),
                Err(error) => (400, json!({"error": error})),
            }
        }
        _ => unknown(),
    }
}

fn unknown() -> (u16, Value) {
    let text = "there are GET and POST clock, GET, POST and DELETE faults, POST credentials, \
                GET state, GET requests; below the name of a cloud GET and POST options, POST status; \
                below gcp and azure POST seed and disk, below gcp POST change, below azure POST \
                revoke";
    (404, json!({"error": text}))
}

fn told(result: Result<Value, String>) -> (u16, Value) {
    match result {
        Ok(value) => (200, value),
        Err(error) => (500, json!({"error": error})),
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
    /// Access keys and tokens; `*` means all.
    expired: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetStatus {
    #[serde(alias = "project")]
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
    let now = state.catch_up().now;
    state.save().map_err(|error| error.to_string())?;
    Ok(json!({"now_milliseconds": now}))
}

/// Sets the status of what is named so in a cloud.
pub(crate) fn set_status(
    shared: &Shared,
    cloud: CloudName,
    place: &str,
    identifier: &str,
    status: &str,
) -> Result<Value, String> {
    shared.change(|clouds, _| {
        let cloud = clouds.get_mut(cloud);
        cloud.set_status(place, identifier, status)?;
        Ok((json!({"status": status}), true))
    })
}

/// Everything that exists.
pub(crate) fn state(shared: &Shared) -> Result<Value, String> {
    let mut state = shared.state();
    state.catch_up();
    let saved = state.clouds.save().map_err(|error| error.to_string())?;
    Ok(Value::Object(saved))
}
