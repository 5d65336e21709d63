//! What a primary that pgfleet did not make must have to be followed. What it lacks is explained
//! and refused, never changed.

use pgfleet_model::{Check, DesiredState, ObservedState, Phase, PrimaryPolicy, Role, Value};

use super::{
    config::{MAX_SENDERS, MAX_SLOTS, MAY_REPLICATE, WAL_LEVEL},
    platform::number,
};

const SOURCE: &str = "https://www.postgresql.org/docs/current/warm-standby.html";

/// The prerequisites, held against what was found. A fleet without replicas needs none.
pub(crate) fn check(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let PrimaryPolicy::Existing(name) = &desired.primary else {
        return Vec::new();
    };
    let wanted = u64::try_from(desired.replicas().count()).unwrap_or(u64::MAX);
    if wanted == 0 {
        return Vec::new();
    }
    let refuse = |message: String, remedy: &str| {
        Check::error("local/existing", message)
            .key("primary.existing")
            .remedy(remedy)
            .source(SOURCE)
    };
    let Some(live) = observed
        .existing
        .as_ref()
        .filter(|live| live.phase == Phase::Available)
    else {
        let why = observed
            .existing
            .as_ref()
            .map_or("it was not asked", |live| &live.raw_phase);
        let message = format!("the primary {name} cannot be followed: {why}");
        return vec![refuse(message, "start it, or correct the connection URL")];
    };
    let mut checks = Vec::new();
    if live.role == Role::Replica {
        let message = format!("{name} is itself a replica");
        checks.push(refuse(message, "name the primary that it follows"));
    }
    if let Some(Value::Text(level)) = live.attributes.settings.get(WAL_LEVEL)
        && level == "minimal"
    {
        let message =
            format!("{name} writes a log without what replicas need (wal_level = minimal)");
        checks.push(refuse(
            message,
            "set wal_level = replica on it and restart it",
        ));
    }
    if live.attributes.settings.get(MAY_REPLICATE) == Some(&Value::Flag(false)) {
        let message = format!("the user of the connection URL may not replicate from {name}");
        checks.push(refuse(
            message,
            "ALTER ROLE ... REPLICATION, or name another user",
        ));
    }
    for setting in [MAX_SENDERS, MAX_SLOTS] {
        let found = number(live, setting).unwrap_or(u64::MAX);
        if found < wanted {
            let message =
                format!("{name} allows {found} ({setting}) and the plan has {wanted} replicas");
            checks.push(refuse(message, "raise the setting on it and restart it"));
        }
    }
    checks
}
