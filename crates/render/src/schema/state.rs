//! What runs: `status` and `verify`.

use serde_json::Value;

use super::{
    shapes::{address, array, boolean, number, object, or_null, seconds, text, whole, word},
    simulated, versioned,
};

pub(super) fn status() -> Value {
    let lag = object(vec![
        ("bytes", or_null(whole())),
        ("seconds", or_null(seconds())),
        ("unknown", or_null(text())),
    ]);
    let instance = object(vec![
        ("address", address()),
        ("resource_id", text()),
        ("role", role()),
        // What the plan wants and is not there, or is there without the fleet's tags.
        ("phase", phase(&["missing", "not-ours"])),
        ("raw_phase", text()),
        ("endpoint", or_null(endpoint())),
        ("streaming", or_null(boolean())),
        ("lag", lag),
        ("problem", or_null(text())),
    ]);
    let fleet = object(vec![("fleet", text()), ("instances", array(instance))]);
    versioned(vec![simulated(), ("fleets", array(fleet))])
}

/// Where to connect.
pub(super) fn endpoint() -> Value {
    object(vec![("host", text()), ("port", whole())])
}

/// Where an instance is in its life, or one of some more words.
pub(super) fn phase(more: &[&str]) -> Value {
    let phases = [
        "creating",
        "available",
        "modifying",
        "deleting",
        "failed",
        "stopped",
        "unknown",
    ];
    word(&[&phases, more].concat())
}

/// What an instance is.
pub(super) fn role() -> Value {
    word(&["primary", "replica"])
}

pub(super) fn verify() -> Value {
    let replica = object(vec![
        ("address", address()),
        ("ok", boolean()),
        ("milliseconds", or_null(number())),
        ("problem", or_null(text())),
    ]);
    let fleet = object(vec![
        ("fleet", text()),
        ("problem", or_null(text())),
        ("replicas", array(replica)),
    ]);
    versioned(vec![("fleets", array(fleet))])
}
