//! Which calls a mutation takes, what users notice of them, and what waits for what.

use pgfleet_model::{Attributes, Disruption, Field, Mutation, ObservedState, Operation};
use pgfleet_planner::{Edge, PlannedCall};

use crate::shared::{
    calls::{changes, without_protection},
    passwords::{self, is_version},
};

use super::{platform::is_tag, rules::disk};

pub(super) fn calls(mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
    match &mutation.operation {
        Operation::Modify { fields, in_window } => {
            let (version, fields): (Vec<_>, Vec<_>) = fields
                .iter()
                .cloned()
                .partition(|change| is_version(&change.field));
            let (tags, mut rest): (Vec<_>, Vec<_>) =
                fields.into_iter().partition(|change| is_tag(&change.field));
            let mut last = Vec::new();
            if let Some([password, version]) = version.first().map(passwords::steps) {
                rest.push(password);
                last.push(version);
            }
            [tags, disk::completed(rest, before), last]
                .into_iter()
                .filter(|fields| !fields.is_empty())
                .map(|fields| {
                    let in_window = *in_window;
                    let operation = Operation::Modify { fields, in_window };
                    planned(
                        Mutation {
                            operation,
                            ..mutation.clone()
                        },
                        before,
                    )
                })
                .collect()
        }
        Operation::Delete { .. } => without_protection(mutation, before)
            .map(|mutation| planned(mutation, before))
            .collect(),
        _ => vec![planned(mutation, before)],
    }
}

/// Replicas get a new version before their primary does: RDS refuses the other order with
/// `DBUpgradeDependencyFailure`.
pub(super) fn order(calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
    let upgrades: Vec<usize> = (0..calls.len())
        .filter(|index| {
            let mut fields = changes(&calls[*index]).iter();
            fields.any(|change| change.field == Field::Postgres)
        })
        .collect();
    let primary = observed.primary().map(|primary| &primary.resource);
    let (primaries, replicas): (Vec<_>, Vec<_>) = upgrades
        .into_iter()
        .partition(|index| Some(&calls[*index].mutation.resource) == primary);
    let edges = primaries.iter().flat_map(|then| {
        replicas.iter().map(|first| Edge {
            first: *first,
            then: *then,
        })
    });
    edges.collect()
}

/// A mutation with RDS's name for its call, what users notice, and how long it takes.
fn planned(mutation: Mutation, before: Option<&Attributes>) -> PlannedCall {
    let (call, disruption, seconds) = match &mutation.operation {
        Operation::CreatePrimary { .. } => ("CreateDBInstance", Disruption::None, 720),
        Operation::CreateReplica { .. } => ("CreateDBInstanceReadReplica", Disruption::None, 600),
        Operation::Start => ("StartDBInstance", Disruption::None, 300),
        Operation::Delete { .. } => ("DeleteDBInstance", Disruption::None, 300),
        Operation::Modify { fields, .. } if fields.iter().all(|change| is_tag(&change.field)) => {
            ("AddTagsToResource", Disruption::None, 2)
        }
        Operation::Modify { fields, in_window } => {
            let restarts = fields
                .iter()
                .any(|change| matches!(change.field, Field::Size | Field::Postgres));
            let two_zones = before.is_some_and(|before| {
                before.availability == Some(pgfleet_model::Availability::Regional)
            });
            let disruption = match (restarts, two_zones) {
                (false, _) => Disruption::None,
                (true, false) => Disruption::Restart,
                (true, true) => Disruption::Failover,
            };
            let seconds = if *in_window {
                2
            } else if restarts {
                600
            } else {
                120
            };
            ("ModifyDBInstance", disruption, seconds)
        }
    };
    PlannedCall {
        mutation,
        call: call.to_owned(),
        disruption,
        expected_seconds: Some(seconds),
    }
}
