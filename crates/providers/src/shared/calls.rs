//! What is alike in the calls that mutations take on every cloud.

use pgfleet_model::{Attributes, DesiredInstance, Field, FieldChange, Mutation, Operation, Value};
use pgfleet_planner::PlannedCall;

use super::databases;

/// A change of the same instance. There is no window for changes that somebody asks for.
pub(crate) fn modify(mutation: &Mutation, fields: Vec<FieldChange>) -> Mutation {
    Mutation {
        operation: Operation::Modify {
            fields,
            in_window: false,
        },
        ..mutation.clone()
    }
}

/// The creation of a primary, and its database in calls of their own.
pub(crate) fn with_database(mutation: Mutation, desired: &DesiredInstance) -> Vec<Mutation> {
    let steps = databases::wanted(desired).map(databases::steps);
    let steps: Vec<Mutation> = steps
        .into_iter()
        .flatten()
        .map(|change| Mutation {
            // It is this run that makes it, whoever began the instance.
            resume: false,
            ..modify(&mutation, vec![change])
        })
        .collect();
    [mutation].into_iter().chain(steps).collect()
}

/// A deletion, after the protection is lifted that the cloud would refuse it for. The plan's own
/// protection was asked before.
pub(crate) fn without_protection(
    mutation: Mutation,
    before: Option<&Attributes>,
) -> impl Iterator<Item = Mutation> + use<> {
    let protected = before.is_some_and(|before| before.deletion_protection == Some(true));
    let lift = (protected && !mutation.resume).then(|| {
        let off = FieldChange {
            field: Field::DeletionProtection,
            from: Some(Value::Flag(true)),
            to: Value::Flag(false),
        };
        modify(&mutation, vec![off])
    });
    lift.into_iter().chain([mutation])
}

/// What a call changes.
pub(crate) fn changes(call: &PlannedCall) -> &[FieldChange] {
    match &call.mutation.operation {
        Operation::Modify { fields, .. } => fields,
        _ => &[],
    }
}

pub(crate) fn deletes(call: &PlannedCall) -> bool {
    matches!(call.mutation.operation, Operation::Delete { .. })
}
