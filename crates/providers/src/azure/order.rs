//! Which calls a mutation takes, and what has to wait for what.
//!
//! The primary's compute and storage are never larger than those of its smallest replica: what grows
//! grows on the replicas first, what shrinks shrinks on the primary first. So a change that does both
//! takes two calls. ([`super::REPLICAS_PAGE`], "Considerations".) How long backups are kept is a call of
//! its own beside a change of the disk.

use pgfleet_model::{
    Attributes, Availability, Disruption, Field, FieldChange, Mutation, ObservedState, Operation,
    ResourceRef, Role, Value,
};
use pgfleet_planner::{Edge, PlannedCall};

use crate::shared::{
    calls::{changes, modify, with_database},
    databases,
};

use super::{
    platform::is_tag,
    setting,
    size::{is_burstable, is_less, is_step_down},
};

/// A disk is enlarged while it is used, but not across this size in GiB.
const ONLINE_TO_GIB: u64 = 4096;

/// How many seconds a replica in another region usually takes. It counts as made when it is less than
/// a gigabyte behind, which can take hours.
const ABROAD: u32 = 1800;

/// Which way an attribute goes, as far as it matters to the order of primary and replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Neither,
}

fn way(change: &FieldChange) -> Way {
    match (&change.field, &change.from, &change.to) {
        (Field::Size, Some(Value::Text(from)), Value::Text(to)) if is_step_down(from, to) => {
            Way::Down
        }
        (Field::Size | Field::StorageGib, ..) | (Field::Autogrow, _, Value::Flag(true)) => Way::Up,
        (Field::Autogrow, ..) => Way::Down,
        _ => Way::Neither,
    }
}

/// The calls of one mutation, in order.
pub(super) fn calls(mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
    let mutations = match &mutation.operation {
        Operation::CreatePrimary { desired } => {
            let desired = desired.clone();
            with_database(mutation, &desired)
        }
        Operation::Modify { fields, .. } => {
            let role = mutation.owner.address.role();
            let parts = split(fields.clone(), role, before).into_iter();
            parts.map(|part| modify(&mutation, part)).collect()
        }
        Operation::Delete { source, .. } => {
            let operation = Operation::Delete {
                // There is none; the rules say so.
                final_snapshot: false,
                source: source.clone(),
            };
            vec![Mutation {
                operation,
                ..mutation
            }]
        }
        Operation::CreateReplica { .. } | Operation::Start => vec![mutation],
    };
    let mutations = mutations.into_iter();
    mutations
        .map(|mutation| planned(mutation, before))
        .collect()
}

/// One change as calls that Azure takes one after the other.
fn split(
    fields: Vec<FieldChange>,
    role: Role,
    before: Option<&Attributes>,
) -> Vec<Vec<FieldChange>> {
    let (pending, fields): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|change| databases::is_note(&change.field));
    let database = pending.iter().find_map(databases::taken_up);
    let database = database.into_iter().flatten().map(|change| vec![change]);
    let to = fields.iter().find(|change| change.field == Field::Size);
    let to_burstable = to.is_some_and(|change| is_burstable(&change.to.to_string()));
    let from_burstable = to.is_some()
        && before
            .and_then(|before| before.size.as_deref())
            .is_some_and(is_burstable);
    let same_zone = before.is_some_and(|before| before.settings.contains_key(setting::SAME_ZONE));
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut rest = Vec::new();
    for change in fields {
        let standby = change.field == Field::MultiAz;
        let on = change.to == Value::Flag(true);
        match (standby, on) {
            // High availability goes before the size does that cannot have it, and comes after
            // the size that can.
            (true, false) if to_burstable => first.push(change),
            (true, true) if from_burstable => last.push(change),
            (true, true) if same_zone => {
                // From one kind of standby to the other there is no direct way.
                first.push(FieldChange {
                    field: Field::MultiAz,
                    from: Some(Value::Flag(true)),
                    to: Value::Flag(false),
                });
                last.push(change);
            }
            _ => rest.push(change),
        }
    }
    // Azure takes a change of the disk and of how long backups are kept in one call, and does only the
    // first of them (Azure/azure-rest-api-specs#22867).
    let of_disk = rest.iter().any(|change| is_of_disk(&change.field));
    let (backups, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|change| of_disk && change.field == Field::BackupDays);
    let (mut up, rest): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|change| way(change) == Way::Up);
    let (mut down, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|change| way(change) == Way::Down);
    if down.is_empty() {
        up.extend(rest);
    } else {
        down.extend(rest);
    }
    let between = match role {
        Role::Primary => [down, up],
        Role::Replica => [up, down],
    };
    [first, backups]
        .into_iter()
        .chain(between)
        .chain([last])
        .chain(database)
        .filter(|fields| !fields.is_empty())
        .collect()
}

/// Whether an attribute is one of the disk.
fn is_of_disk(field: &Field) -> bool {
    matches!(
        field,
        Field::StorageGib | Field::Iops | Field::Throughput | Field::Autogrow
    )
}

/// What has to wait for what, beyond the order that holds everywhere.
pub(super) fn order(calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
    let primary = observed.primary().map(|primary| &primary.resource);
    let is_primary = |call: &PlannedCall| Some(&call.mutation.resource) == primary;
    let numbered = || calls.iter().enumerate();
    let going = |way: Way, of_primary: bool| {
        numbered()
            .filter(move |(_, call)| is_primary(call) == of_primary && goes(call, way))
            .map(|(index, _)| index)
    };
    let mut edges = Vec::new();
    for then in going(Way::Up, true) {
        edges.extend(going(Way::Up, false).map(|first| Edge { first, then }));
    }
    for first in going(Way::Down, true) {
        edges.extend(going(Way::Down, false).map(|then| Edge { first, then }));
    }
    // A replica that would be in the way goes before the primary's change, and so before any new one
    // comes.
    for (then, call) in numbered().filter(|(_, call)| is_primary(call)) {
        for (first, doomed) in numbered() {
            if is_in_the_way(&doomed.mutation, call, observed) {
                edges.push(Edge { first, then });
                let creates = numbered().filter(|(_, call)| creates_replica(call));
                edges.extend(creates.map(|(then, _)| Edge { first, then }));
            }
        }
    }
    edges
}

fn goes(call: &PlannedCall, to: Way) -> bool {
    changes(call).iter().any(|change| way(change) == to)
}

fn creates_replica(call: &PlannedCall) -> bool {
    matches!(call.mutation.operation, Operation::CreateReplica { .. })
}

/// Whether the replica that a delete removes keeps its primary from becoming what it is to be.
fn is_in_the_way(delete: &Mutation, primary: &PlannedCall, observed: &ObservedState) -> bool {
    if !matches!(delete.operation, Operation::Delete { .. }) {
        return false;
    }
    let find = |resource: &ResourceRef| observed.owned().find(|live| live.resource == *resource);
    let replica = find(&delete.resource).filter(|live| live.role == Role::Replica);
    replica.is_some_and(|replica| outgrows(changes(primary), &replica.attributes))
}

/// Whether these changes make a primary more than a replica of it may be, or what may have none.
pub(super) fn outgrows(primary: &[FieldChange], replica: &Attributes) -> bool {
    let storage = &replica.storage;
    primary
        .iter()
        .any(|change| match (&change.field, &change.to) {
            (Field::Size, Value::Text(size)) => {
                let own = replica.size.as_deref();
                is_burstable(size) || own.is_some_and(|own| is_less(own, size))
            }
            (Field::StorageGib, Value::Number(gib)) => {
                storage.gib.is_some_and(|own| u64::from(own) < *gib)
            }
            (Field::Autogrow, Value::Flag(true)) => storage.autogrow != Some(true),
            _ => false,
        })
}

/// A mutation with Azure's name for its call, what users notice, and how long it takes.
fn planned(mutation: Mutation, before: Option<&Attributes>) -> PlannedCall {
    let (call, disruption, seconds) = match &mutation.operation {
        Operation::CreatePrimary { .. } => ("Servers_CreateOrUpdate", Disruption::None, 360),
        Operation::CreateReplica { source, .. } => {
            let there = source.region == mutation.resource.region;
            (
                "Servers_CreateOrUpdate",
                Disruption::None,
                if there { 480 } else { ABROAD },
            )
        }
        Operation::Start => ("Servers_Start", Disruption::None, 180),
        Operation::Delete { .. } => ("Servers_Delete", Disruption::None, 120),
        Operation::Modify { fields, .. } if databases::made_by(fields).is_some() => {
            ("Databases_Create", Disruption::None, 10)
        }
        Operation::Modify { fields, .. } => {
            let (disruption, seconds) = effect(fields, before);
            ("Servers_Update", disruption, seconds)
        }
    };
    PlannedCall {
        mutation,
        call: call.to_owned(),
        disruption,
        expected_seconds: Some(seconds),
    }
}

fn effect(fields: &[FieldChange], before: Option<&Attributes>) -> (Disruption, u32) {
    if fields.iter().all(|change| is_tag(&change.field)) {
        return (Disruption::None, 20);
    }
    let standby = before.is_some_and(|before| before.availability == Some(Availability::Regional));
    let restarts = fields
        .iter()
        .any(|change| match (&change.field, &change.from, &change.to) {
            (Field::Size, ..) => true,
            (Field::StorageGib, Some(Value::Number(from)), Value::Number(to)) => {
                *from <= ONLINE_TO_GIB && *to > ONLINE_TO_GIB
            }
            _ => false,
        });
    let disruption = match (restarts, standby) {
        (false, _) => Disruption::None,
        (true, false) => Disruption::Restart,
        (true, true) => Disruption::Failover,
    };
    let brings_standby = fields
        .iter()
        .any(|change| change.field == Field::MultiAz && change.to == Value::Flag(true));
    let seconds = if brings_standby { 480 } else { 240 };
    (disruption, seconds)
}
