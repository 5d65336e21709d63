//! Which calls a mutation takes, what users notice of them, and what waits for what.

use std::cmp::Ordering;

use pgfleet_model::{
    Attributes, Disruption, Field, FieldChange, Mutation, ObservedState, Operation, Role, Value,
};
use pgfleet_planner::{Edge, PlannedCall};

use crate::shared::{
    databases,
    passwords::{self, has_password, is_version},
};

use super::{resolve::is_setting, setting::PITR, size};

pub(super) fn calls(mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
    match &mutation.operation {
        Operation::CreatePrimary { desired } => {
            let steps = databases::wanted(desired).map(databases::steps);
            let steps = steps.into_iter().flatten().map(|change| Mutation {
                // It is this run that makes it, whoever began the instance.
                resume: false,
                ..modify(&mutation, vec![change])
            });
            let all = [mutation.clone()].into_iter().chain(steps);
            return all.map(call).collect();
        }
        Operation::Modify { fields, .. } => {
            let parts = split(fields.clone()).into_iter();
            return parts.map(|part| call(modify(&mutation, part))).collect();
        }
        Operation::CreateReplica { .. } | Operation::Start | Operation::Delete { .. } => {}
    }
    let protected = before.is_some_and(|before| before.deletion_protection == Some(true));
    let deletes = matches!(mutation.operation, Operation::Delete { .. });
    if !(deletes && protected) || mutation.resume {
        return vec![call(mutation)];
    }
    // Google refuses to delete what it protects. The plan's own protection was asked before.
    let lift = FieldChange {
        field: Field::DeletionProtection,
        from: Some(Value::Flag(true)),
        to: Value::Flag(false),
    };
    vec![call(modify(&mutation, vec![lift])), call(mutation)]
}

fn modify(mutation: &Mutation, fields: Vec<FieldChange>) -> Mutation {
    Mutation {
        operation: Operation::Modify {
            fields,
            // There is no window for changes that somebody asks for.
            in_window: false,
        },
        ..mutation.clone()
    }
}

/// One change as calls: an instance's password and its databases have calls of their own.
fn split(fields: Vec<FieldChange>) -> Vec<Vec<FieldChange>> {
    let (notes, fields): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|change| databases::is_note(&change.field));
    let (version, rest): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|change| is_version(&change.field));
    let password = version.iter().flat_map(passwords::steps);
    let database = notes.iter().find_map(databases::taken_up);
    let database = database.into_iter().flatten();
    [rest]
        .into_iter()
        .chain(password.chain(database).map(|change| vec![change]))
        .filter(|fields| !fields.is_empty())
        .collect()
}

fn call(mutation: Mutation) -> PlannedCall {
    let (call, disruption, seconds) = match &mutation.operation {
        Operation::CreatePrimary { .. } => ("instances.insert", Disruption::None, 480),
        Operation::CreateReplica { .. } => ("instances.insert", Disruption::None, 600),
        Operation::Start => ("instances.patch", Disruption::None, 120),
        Operation::Delete { .. } => ("instances.delete", Disruption::None, 120),
        Operation::Modify { fields, .. } if has_password(fields) => {
            ("users.update", Disruption::None, 10)
        }
        Operation::Modify { fields, .. } if databases::made_by(fields).is_some() => {
            ("databases.insert", Disruption::None, 10)
        }
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
            // Google leaves it on while the primary has replicas.
            let unneeded = deletes(one)
                && role(one) == Role::Replica
                && is_primary(other)
                && ends_recovery(changes(other));
            // One name, two regions: the name must be free first.
            let moved = deletes(one)
                && creates(other)
                && one.mutation.resource.id == other.mutation.resource.id;
            // What goes is smaller than its primary is about to be.
            let outgrown = deletes(one)
                && role(one) == Role::Replica
                && is_primary(other)
                && direction(other) == Some(Ordering::Greater);
            if last || unneeded || moved || outgrown {
                edges.push(Edge { first, then });
            }
        }
    }
    edges
}

/// Whether a change switches point-in-time recovery off.
pub(super) fn ends_recovery(fields: &[FieldChange]) -> bool {
    let off = Value::Flag(false);
    let mut fields = fields.iter();
    fields.any(|change| is_setting(&change.field, PITR) && change.to == off)
}

/// What a call changes.
pub(super) fn changes(call: &PlannedCall) -> &[FieldChange] {
    match &call.mutation.operation {
        Operation::Modify { fields, .. } => fields,
        _ => &[],
    }
}

/// Whether a call makes an instance larger or smaller. The tier decides, then the disk.
fn direction(call: &PlannedCall) -> Option<Ordering> {
    let fields = changes(call);
    let tier = fields
        .iter()
        .find_map(|change| match (&change.field, &change.from, &change.to) {
            (Field::Size, Some(Value::Text(from)), Value::Text(to)) => {
                size::compare(to, from).filter(|order| *order != Ordering::Equal)
            }
            _ => None,
        });
    let disk = fields
        .iter()
        .any(|change| change.field == Field::StorageGib);
    tier.or(disk.then_some(Ordering::Greater))
}
