//! Which calls a mutation takes, what users notice of them, and what waits for what.

use std::cmp::Ordering;

use pgfleet_model::{
    Attributes, Disruption, Field, FieldChange, Mutation, ObservedState, Operation, Role, Value,
};
use pgfleet_planner::{Edge, PlannedCall};

use super::{resolve::is_setting, setting::PITR, tier};

pub(super) fn calls(mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
    let protected = before.is_some_and(|before| before.deletion_protection == Some(true));
    let deletes = matches!(mutation.operation, Operation::Delete { .. });
    if !(deletes && protected) || mutation.resume {
        return vec![call(mutation)];
    }
    // Google refuses to delete what it protects. The plan's own protection was asked before.
    let unprotect = Mutation {
        operation: Operation::Modify {
            fields: vec![FieldChange {
                field: Field::DeletionProtection,
                from: Some(Value::Flag(true)),
                to: Value::Flag(false),
            }],
            in_window: false,
        },
        ..mutation.clone()
    };
    vec![call(unprotect), call(mutation)]
}

fn call(mutation: Mutation) -> PlannedCall {
    let (call, disruption, seconds) = match &mutation.operation {
        Operation::CreatePrimary { .. } => ("instances.insert", Disruption::None, 480),
        Operation::CreateReplica { .. } => ("instances.insert", Disruption::None, 600),
        Operation::Start => ("instances.patch", Disruption::None, 120),
        Operation::Delete { .. } => ("instances.delete", Disruption::None, 120),
        Operation::Modify { fields, .. } => {
            let restarts = fields.iter().any(|change| {
                matches!(change.field, Field::Size | Field::MultiAz)
                    || is_setting(&change.field, PITR)
            });
            if restarts {
                ("instances.patch", Disruption::Restart, 300)
            } else {
                ("instances.patch", Disruption::None, 30)
            }
        }
    };
    PlannedCall {
        call: call.to_owned(),
        mutation,
        disruption,
        expected_seconds: Some(seconds),
    }
}

/// A replica is never smaller than its primary on the way: up, replicas go first; down, the primary.
pub(super) fn order(calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
    let primary = observed.primary().map(|primary| &primary.resource);
    let is_primary = |call: &PlannedCall| Some(&call.mutation.resource) == primary;
    let mut edges = Vec::new();
    for (first, one) in calls.iter().enumerate() {
        for (then, other) in calls.iter().enumerate().filter(|(then, _)| *then != first) {
            // `one` is the primary in both questions.
            if is_primary(one) && !is_primary(other) {
                match (direction(one), direction(other)) {
                    (Some(Ordering::Greater), Some(_)) => {
                        edges.push(Edge {
                            first: then,
                            then: first,
                        });
                    }
                    (Some(_), Some(_)) => edges.push(Edge { first, then }),
                    _ => {}
                }
            }
            let deletes =
                |call: &PlannedCall| matches!(call.mutation.operation, Operation::Delete { .. });
            let creates = |call: &PlannedCall| {
                matches!(
                    call.mutation.operation,
                    Operation::CreatePrimary { .. } | Operation::CreateReplica { .. }
                )
            };
            // A promoted replica goes before its primary too.
            let role = |call: &PlannedCall| call.mutation.owner.address.role();
            let last = deletes(one)
                && deletes(other)
                && role(one) == Role::Replica
                && role(other) == Role::Primary
                && !other.mutation.resume;
            // One name, two regions: the name must be free first.
            let moved = deletes(one)
                && creates(other)
                && one.mutation.resource.id == other.mutation.resource.id;
            if last || moved {
                edges.push(Edge { first, then });
            }
        }
    }
    edges
}

/// Whether a call makes an instance larger or smaller. The tier decides, then the disk.
fn direction(call: &PlannedCall) -> Option<Ordering> {
    let Operation::Modify { fields, .. } = &call.mutation.operation else {
        return None;
    };
    let tier = fields
        .iter()
        .find_map(|change| match (&change.field, &change.from, &change.to) {
            (Field::Size, Some(Value::Text(from)), Value::Text(to)) => {
                tier::compare(to, from).filter(|order| *order != Ordering::Equal)
            }
            _ => None,
        });
    let disk = fields
        .iter()
        .any(|change| change.field == Field::StorageGib);
    tier.or(disk.then_some(Ordering::Greater))
}
