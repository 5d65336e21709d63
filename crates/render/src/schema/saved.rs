//! Saved plans: what `apply` needs to do exactly this, or to refuse.

use serde_json::{Value, json};

use super::{
    checks, plan,
    shapes::{
        address, array, boolean, digest, map, object, or_null, provider, text, value, whole, word,
    },
    simulated, state, versioned,
};

pub(super) fn document() -> Value {
    versioned(vec![
        ("kind", json!({"const": "pgfleet-saved-plan"})),
        ("pgfleet", text()),
        simulated(),
        ("fleets", array(fleet())),
        ("digest", digest()),
    ])
}

fn fleet() -> Value {
    let plan_file = object(vec![
        ("path", text()),
        ("digest", digest()),
        ("text", text()),
        ("has_secrets", boolean()),
    ]);
    object(vec![
        ("plan_file", plan_file),
        ("account", text()),
        ("in_window", boolean()),
        ("desired", desired()),
        ("observed", observed()),
        ("observed_fingerprint", digest()),
        ("set", set()),
        ("steps", array(step())),
        ("checks", checks()),
    ])
}

/// An instance's name with its provider.
fn resource() -> Value {
    object(vec![("region", text()), ("id", text())])
}

fn attributes() -> Value {
    let storage = object(vec![
        ("gib", or_null(whole())),
        ("kind", or_null(text())),
        ("iops", or_null(whole())),
        ("throughput", or_null(whole())),
        ("autogrow", or_null(boolean())),
        ("autogrow_to_gib", or_null(whole())),
    ]);
    object(vec![
        ("size", or_null(text())),
        ("availability", or_null(word(&["zonal", "regional"]))),
        ("postgres", or_null(text())),
        ("storage", storage),
        ("backup_days", or_null(whole())),
        ("deletion_protection", or_null(boolean())),
        ("tags", map(text())),
        ("settings", map(value())),
    ])
}

/// One of some objects with a single field, which says what it is.
fn one_of(kinds: Vec<(&'static str, Value)>) -> Value {
    let kinds: Vec<Value> = kinds.into_iter().map(|kind| object(vec![kind])).collect();
    json!({"oneOf": kinds})
}

fn desired() -> Value {
    object(vec![
        ("fleet", text()),
        ("provider", provider()),
        ("region", text()),
        (
            "primary",
            one_of(vec![("managed", resource()), ("existing", resource())]),
        ),
        ("final_snapshot", boolean()),
        ("instances", map(desired_instance())),
    ])
}

fn desired_instance() -> Value {
    // Where a password is read from, never the password.
    let password = one_of(vec![
        ("env", text()),
        ("file", text()),
        ("command", array(text())),
    ]);
    let bootstrap = object(vec![
        ("admin", text()),
        ("database", text()),
        ("password", or_null(password)),
    ]);
    object(vec![
        ("address", address()),
        ("resource", resource()),
        ("attributes", attributes()),
        ("bootstrap", or_null(bootstrap)),
        ("key", text()),
    ])
}

fn observed() -> Value {
    let holds = json!({"type": "array", "prefixItems": [address(), instance()], "items": false});
    object(vec![
        ("wanted", map(instance())),
        ("surplus", array(instance())),
        (
            "strangers",
            array(one_of(vec![("Holds", holds), ("Follows", instance())])),
        ),
        ("existing", or_null(instance())),
        ("above", array(resource())),
    ])
}

fn owner() -> Value {
    object(vec![("fleet", text()), ("address", address())])
}

fn instance() -> Value {
    let condition = json!({"oneOf": [
        object(vec![("state", json!({"const": "sound"}))]),
        object(vec![("state", json!({"const": "broken"})), ("why", text())]),
    ]});
    object(vec![
        ("resource", resource()),
        ("owner", or_null(owner())),
        ("role", state::role()),
        ("source", or_null(resource())),
        ("phase", state::phase(&[])),
        ("raw_phase", text()),
        ("condition", condition),
        ("endpoint", or_null(state::endpoint())),
        ("version", or_null(text())),
        ("attributes", attributes()),
        ("pending", map(value())),
    ])
}

/// What becomes of an attribute.
fn field() -> Value {
    object(vec![
        ("field", text()),
        ("from", or_null(value())),
        ("to", value()),
    ])
}

fn set() -> Value {
    let change = object(vec![
        ("address", address()),
        ("resource", resource()),
        ("action", plan::action()),
        ("reasons", plan::reasons()),
        ("detail", or_null(text())),
        ("before", or_null(attributes())),
        ("after", or_null(attributes())),
        ("fields", array(field())),
    ]);
    let drift = object(vec![
        ("address", or_null(address())),
        ("resource", resource()),
        ("field", or_null(text())),
        ("wanted", or_null(value())),
        ("observed", or_null(value())),
        ("reason", plan::drift_reason()),
    ]);
    object(vec![("changes", array(change)), ("drift", array(drift))])
}

fn step() -> Value {
    let mutation = object(vec![
        ("owner", owner()),
        ("resource", resource()),
        ("operation", operation()),
        ("resume", boolean()),
    ]);
    object(vec![
        ("id", whole()),
        ("address", address()),
        ("call", text()),
        ("after", array(whole())),
        ("lane", resource()),
        ("disruption", plan::disruption()),
        ("expected_seconds", or_null(whole())),
        ("mutation", mutation),
    ])
}

fn operation() -> Value {
    let named = |name: &str, fields: super::Fields| {
        let name = ("operation", json!({"const": name}));
        object([name].into_iter().chain(fields).collect())
    };
    json!({"oneOf": [
        named("create-primary", vec![("desired", desired_instance())]),
        named(
            "create-replica",
            vec![("desired", desired_instance()), ("source", resource())],
        ),
        named("modify", vec![("fields", array(field())), ("in_window", boolean())]),
        named("start", Vec::new()),
        named(
            "delete",
            vec![("final_snapshot", boolean()), ("source", or_null(resource()))],
        ),
    ]})
}
