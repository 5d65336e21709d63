//! Which calls a mutation takes, what users notice of them, and what waits for what.

use pgfleet_model::{Disruption, Field, FieldChange, Mutation, ObservedState, Operation, Role};
use pgfleet_planner::{Edge, PlannedCall};

use super::config::{MAX_SLOTS, ORPHAN_SLOTS, PORT, STANDBY_SETTINGS, UPSTREAM};

pub(super) fn calls(mutation: Mutation) -> Vec<PlannedCall> {
    let plain = |mutation: Mutation, call: &str, seconds: u32| PlannedCall {
        mutation,
        call: call.to_owned(),
        disruption: Disruption::None,
        expected_seconds: Some(seconds),
    };
    match &mutation.operation {
        Operation::CreatePrimary { .. } => vec![plain(mutation, "initdb", 3)],
        Operation::CreateReplica { .. } => vec![plain(mutation, "pg_basebackup", 3)],
        Operation::Start => vec![plain(mutation, "pg_ctl start", 2)],
        Operation::Delete { .. } => vec![plain(mutation, "stop and remove", 2)],
        Operation::Modify { fields, in_window } => {
            // Two calls where both kinds change, so that standbys can be raised before their
            // primary, and pointed at its new port after it.
            let (sizes, others): (Vec<_>, Vec<_>) = fields
                .iter()
                .cloned()
                .partition(|change| is_standby_setting(&change.field));
            [sizes, others]
                .into_iter()
                .filter(|fields| !fields.is_empty())
                .map(|fields| {
                    let (call, disruption, seconds) = modification(&fields);
                    let operation = Operation::Modify {
                        fields,
                        in_window: *in_window,
                    };
                    PlannedCall {
                        mutation: Mutation {
                            operation,
                            ..mutation.clone()
                        },
                        call: call.to_owned(),
                        disruption,
                        expected_seconds: Some(seconds),
                    }
                })
                .collect()
        }
    }
}

pub(super) fn order(calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
    let primary = observed.primary().map(|primary| &primary.resource);
    let on_primary = |call: &PlannedCall| Some(&call.mutation.resource) == primary;
    let alters = |call: &PlannedCall, wanted: &dyn Fn(&Field) -> bool| {
        matches!(&call.mutation.operation, Operation::Modify { fields, .. }
            if fields.iter().any(|change| wanted(&change.field)))
    };
    let deletes = |call: &PlannedCall, role: Role| {
        matches!(call.mutation.operation, Operation::Delete { .. })
            && call.mutation.owner.address.role() == role
    };
    let mut edges = Vec::new();
    for (first, one) in calls.iter().enumerate() {
        for (then, other) in calls.iter().enumerate() {
            let up = !on_primary(one)
                && on_primary(other)
                && alters(one, &is_standby_setting)
                && alters(other, &is_standby_setting);
            let moved = on_primary(one)
                && !on_primary(other)
                && alters(one, &|field| *field == Field::Setting(PORT.into()))
                && alters(other, &|field| *field == Field::Setting(UPSTREAM.into()));
            // A replica's slot is dropped on the running primary.
            let slot = on_primary(one)
                && one.mutation.operation == Operation::Start
                && !on_primary(other)
                && matches!(other.mutation.operation, Operation::Delete { .. });
            // A replica that was promoted is one of the fleet's all the same, and its primary
            // is not removed before it.
            let last = deletes(one, Role::Replica) && deletes(other, Role::Primary);
            if up || moved || slot || last {
                edges.push(Edge { first, then });
            }
        }
    }
    edges
}

pub(super) fn is_standby_setting(field: &Field) -> bool {
    matches!(field, Field::Setting(name)
        if STANDBY_SETTINGS.contains(&name.as_str()) || name == MAX_SLOTS)
}

/// The name of a modification, what users notice of it, and how long it takes.
fn modification(fields: &[FieldChange]) -> (&'static str, Disruption, u32) {
    let any = |wanted: &dyn Fn(&Field) -> bool| fields.iter().any(|change| wanted(&change.field));
    if any(&|field| is_standby_setting(field) || *field == Field::Setting(PORT.into())) {
        ("pg_ctl restart", Disruption::Restart, 3)
    } else if any(&|field| *field == Field::Setting(UPSTREAM.into())) {
        ("pg_ctl reload", Disruption::None, 1)
    } else if any(&|field| *field == Field::Setting(ORPHAN_SLOTS.into())) {
        ("pg_drop_replication_slot", Disruption::None, 1)
    } else {
        ("write tags", Disruption::None, 1)
    }
}
