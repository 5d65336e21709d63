//! Which calls a mutation takes, what users notice of them, and what waits for what.

use std::cmp::Ordering;

use pgfleet_model::{
    Attributes, Disruption, Field, FieldChange, Mutation, ObservedInstance, ObservedState,
    Operation, Role, Value,
};
use pgfleet_planner::{Edge, PlannedCall};

use crate::shared::{
    calls::{changes, deletes, modify, with_database, without_protection},
    databases,
    passwords::{self, has_password, is_version},
};

use super::{resolve::is_setting, setting::PITR, size};

pub(super) fn calls(mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
    let mutations = match &mutation.operation {
        Operation::CreatePrimary { desired } => {
            let desired = desired.clone();
            with_database(mutation, &desired)
        }
        Operation::Modify { fields, .. } => {
            let parts = split(fields.clone()).into_iter();
            parts.map(|part| modify(&mutation, part)).collect()
        }
        Operation::Delete { .. } => without_protection(mutation, before).collect(),
        Operation::CreateReplica { .. } | Operation::Start => vec![mutation],
    };
    mutations.into_iter().map(planned).collect()
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

/// A mutation with Google's name for its call, what users notice, and how long it takes.
fn planned(mutation: Mutation) -> PlannedCall {
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

/// What has to wait for what, beyond the order that holds everywhere.
pub(super) fn order<'a>(calls: &'a [PlannedCall], observed: &'a ObservedState) -> Vec<Edge> {
    let primary = observed.primary().map(|primary| &primary.resource);
    let side = |call: &'a PlannedCall| Side {
        call,
        is_primary: Some(&call.mutation.resource) == primary,
        live: observed
            .owned()
            .find(|live| live.resource == call.mutation.resource),
    };
    let mut edges = Vec::new();
    for (first, one) in calls.iter().enumerate() {
        for (then, other) in calls.iter().enumerate().filter(|(then, _)| *then != first) {
            if RULES.iter().any(|goes| goes(side(one), side(other))) {
                edges.push(Edge { first, then });
            }
        }
    }
    edges
}

/// A call, what it is about, and whether that is the live primary.
#[derive(Clone, Copy)]
struct Side<'a> {
    call: &'a PlannedCall,
    is_primary: bool,
    /// The instance as it is.
    live: Option<&'a ObservedInstance>,
}

impl Side<'_> {
    fn role(self) -> Role {
        self.call.mutation.owner.address.role()
    }

    fn deletes_a_replica(self) -> bool {
        deletes(self.call) && self.role() == Role::Replica
    }
}

/// Whether one call goes before the other.
const RULES: [fn(Side<'_>, Side<'_>) -> bool; 6] = [
    grows_first,
    shrinks_later,
    goes_before_its_primary,
    needs_recovery,
    frees_the_name,
    is_outgrown,
];

/// A replica is never smaller than its primary on the way: up, replicas go first.
fn grows_first(one: Side<'_>, other: Side<'_>) -> bool {
    !one.is_primary
        && other.is_primary
        && direction(one.call).is_some()
        && direction(other.call) == Some(Ordering::Greater)
}

/// Down, the primary does.
fn shrinks_later(one: Side<'_>, other: Side<'_>) -> bool {
    one.is_primary
        && !other.is_primary
        && direction(one.call).is_some_and(|way| way != Ordering::Greater)
        && direction(other.call).is_some()
}

/// A promoted replica goes before its primary, too.
fn goes_before_its_primary(one: Side<'_>, other: Side<'_>) -> bool {
    one.deletes_a_replica()
        && deletes(other.call)
        && other.role() == Role::Primary
        && !other.call.mutation.resume
}

/// Google leaves point-in-time recovery on while the primary has replicas.
fn needs_recovery(one: Side<'_>, other: Side<'_>) -> bool {
    one.deletes_a_replica() && other.is_primary && ends_recovery(changes(other.call))
}

/// One name, two regions: the name must be free first.
fn frees_the_name(one: Side<'_>, other: Side<'_>) -> bool {
    let (one, other) = (one.call, other.call);
    deletes(one)
        && other.mutation.operation.is_create()
        && one.mutation.resource.id == other.mutation.resource.id
}

/// What goes is smaller than its primary is about to be. One that is not may stay until its successor
/// is there.
fn is_outgrown(one: Side<'_>, other: Side<'_>) -> bool {
    let grows = |replica: &Attributes| {
        let mut fields = changes(other.call).iter();
        fields.any(|change| match (&change.field, &change.from, &change.to) {
            (Field::Size, Some(Value::Text(from)), Value::Text(to)) => {
                let own = replica.size.as_deref();
                let fits = own.and_then(|own| size::compare(to, own));
                size::compare(to, from) == Some(Ordering::Greater)
                    && fits.is_none_or(|fits| fits == Ordering::Greater)
            }
            (Field::StorageGib, _, Value::Number(gib)) => {
                let own = replica.storage.gib;
                own.is_none_or(|own| u64::from(own) < *gib)
            }
            _ => false,
        })
    };
    one.deletes_a_replica()
        && other.is_primary
        && one.live.is_none_or(|live| grows(&live.attributes))
}

/// Whether a change switches point-in-time recovery off.
pub(super) fn ends_recovery(fields: &[FieldChange]) -> bool {
    let off = Value::Flag(false);
    let mut fields = fields.iter();
    fields.any(|change| is_setting(&change.field, PITR) && change.to == off)
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
