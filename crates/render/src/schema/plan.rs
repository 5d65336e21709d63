//! Plans.

use serde_json::{Value, json};

use super::{
    checks,
    cost::{cost, sums},
    shapes::{
        address, array, boolean, digest, object, optional, or_null, provider, text, value, whole,
        word,
    },
    simulated, versioned,
};

pub(super) fn document() -> Value {
    let mut summary = vec![
        ("create", whole()),
        ("update", whole()),
        ("delete", whole()),
        ("noop", whole()),
    ];
    summary.extend(sums());
    versioned(vec![
        simulated(),
        ("fleets", array(fleet())),
        ("summary", object(summary)),
    ])
}

fn fleet() -> Value {
    object(vec![
        ("fleet", text()),
        ("provider", provider()),
        ("region", or_null(text())),
        ("observed_fingerprint", digest()),
        ("changes", array(change())),
        ("drift", array(drift())),
        ("steps", array(step())),
        ("checks", checks()),
        ("cost", cost()),
    ])
}

fn change() -> Value {
    object(vec![
        ("address", address()),
        ("resource_id", text()),
        ("action", action()),
        ("reasons", reasons()),
        ("detail", or_null(text())),
        ("before", or_null(attributes())),
        ("after", or_null(attributes())),
    ])
}

pub(super) fn action() -> Value {
    word(&["create", "update", "delete", "noop"])
}

/// Words for what is made or goes away, and the names of attributes.
pub(super) fn reasons() -> Value {
    array(json!({
        "type": "string",
        "description": "missing, in-flight, rebuild, stopped, not-in-plan, destroyed, or the name of \
                        an attribute",
    }))
}

/// The attributes that have a value. Names that are not listed are those of the platform.
fn attributes() -> Value {
    let mut attributes = optional(vec![
        ("size", text()),
        ("multi_az", boolean()),
        ("postgres", text()),
        ("storage_gib", whole()),
        ("storage_type", text()),
        ("iops", whole()),
        ("throughput", whole()),
        ("autogrow", boolean()),
        ("autogrow_to_gib", whole()),
        ("backup_days", whole()),
        ("deletion_protection", boolean()),
        ("tags", super::shapes::map(text())),
    ]);
    attributes["additionalProperties"] = value();
    attributes
}

fn drift() -> Value {
    object(vec![
        ("address", or_null(address())),
        ("resource_id", text()),
        ("field", or_null(text())),
        ("wanted", or_null(value())),
        ("observed", or_null(value())),
        ("reason", drift_reason()),
    ])
}

pub(super) fn drift_reason() -> Value {
    word(&["grown", "pending", "not-ours"])
}

fn step() -> Value {
    object(vec![
        ("id", whole()),
        ("address", address()),
        ("resource_id", text()),
        ("call", text()),
        ("after", array(whole())),
        ("lane", text()),
        ("disruption", disruption()),
        ("expected_seconds", or_null(whole())),
    ])
}

pub(super) fn disruption() -> Value {
    word(&["none", "restart", "failover", "read-only"])
}
