//! Makes steps of changes: each change becomes calls, and the calls get an order in which they
//! can run, with as much side by side as the platform allows.
//!
//! The order that holds everywhere:
//! - a primary is made, started and altered before a replica is copied from it;
//! - replicas are gone before their primary goes;
//! - under one identifier a delete comes before a create (a rebuild);
//! - new replicas come before old ones go, unless a limit of the platform forbids it.
//!
//! The last is a preference where there is room for both: it gives way to whatever must be, also
//! where only several calls together stand against it (a name that is free only after a delete, a
//! replica that is in the way of its primary).

use std::collections::{BTreeMap, BTreeSet};

use pgfleet_model::{
    Action, Address, Change, ChangeSet, DesiredState, Mutation, ObservedState, Operation, Owner,
    Reason, Role, Step, StepId,
};

use crate::{Edge, PlannedCall, Platform};

/// The platform's order contradicts itself: a defect of the platform, never of a plan file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the order of the calls on {0} is circular; this is a defect of pgfleet, please report it")]
pub struct Cycle(pub String);

/// The steps that bring about a change set.
///
/// # Errors
/// [`Cycle`], when the order asked for by the platform has no beginning.
pub fn steps(
    platform: &dyn Platform,
    desired: &DesiredState,
    observed: &ObservedState,
    set: &ChangeSet,
    in_window: bool,
) -> Result<Vec<Step>, Cycle> {
    let mut calls: Vec<PlannedCall> = Vec::new();
    let mut addresses: Vec<Address> = Vec::new();
    let mut edges: BTreeSet<Edge> = BTreeSet::new();
    let mut rebuilds: BTreeSet<usize> = BTreeSet::new();
    for change in set.effective() {
        let mut previous: Option<usize> = None;
        for mutation in mutations(platform, desired, observed, change, in_window) {
            for call in platform.calls(mutation, change.before.as_ref()) {
                let index = calls.len();
                if change.reasons.contains(&Reason::Rebuild) {
                    rebuilds.insert(index);
                }
                edges.extend(previous.map(|first| Edge { first, then: index }));
                previous = Some(index);
                calls.push(call);
                addresses.push(change.address.clone());
            }
        }
    }
    edges.extend(general_order(platform, &calls, &addresses, observed));
    edges.extend(platform.order(&calls, observed));
    let replacement = replacement_order(platform, observed, &calls, &addresses, &rebuilds);
    let mut preferred = BTreeSet::new();
    match replacement {
        Replacement::Preferred(pairs) => preferred.extend(pairs),
        Replacement::Needed(pairs) => edges.extend(pairs),
    }
    let (order, kept) =
        sorted(calls.len(), &edges, preferred).ok_or_else(|| Cycle(platform.kind().to_string()))?;
    edges.extend(kept);

    let number: BTreeMap<usize, StepId> = order.iter().copied().zip(1..).collect();
    let mut waits: BTreeMap<usize, Vec<StepId>> = BTreeMap::new();
    for Edge { first, then } in edges {
        waits.entry(then).or_default().push(number[&first]);
    }
    let mut calls: Vec<Option<PlannedCall>> = calls.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(order.len());
    for index in order {
        let Some(PlannedCall {
            mutation,
            call,
            disruption,
            expected_seconds,
        }) = calls[index].take()
        else {
            continue;
        };
        let mut after = waits.remove(&index).unwrap_or_default();
        after.sort_unstable();
        steps.push(Step {
            id: number[&index],
            address: addresses[index].clone(),
            call,
            after,
            lane: platform.lane(&mutation, desired.primary_ref()),
            disruption,
            expected_seconds,
            mutation,
        });
    }
    Ok(steps)
}

/// What one change takes, before the platform splits it into its own calls.
fn mutations(
    platform: &dyn Platform,
    desired: &DesiredState,
    observed: &ObservedState,
    change: &Change,
    in_window: bool,
) -> Vec<Mutation> {
    let mutation = |operation| Mutation {
        owner: Owner {
            fleet: desired.fleet.clone(),
            address: change.address.clone(),
        },
        resource: change.resource.clone(),
        operation,
        resume: change.reasons.contains(&Reason::InFlight),
    };
    match change.action {
        Action::NoOp => Vec::new(),
        Action::Create => {
            let Some(wanted) = desired.instances.get(&change.address) else {
                return Vec::new();
            };
            let wanted = Box::new(wanted.clone());
            let operation = match change.address.role() {
                Role::Primary => Operation::CreatePrimary { desired: wanted },
                Role::Replica => Operation::CreateReplica {
                    desired: wanted,
                    source: desired.primary_ref().clone(),
                },
            };
            vec![mutation(operation)]
        }
        Action::Update => {
            let start = change.reasons.contains(&Reason::Stopped);
            let start = start.then(|| mutation(Operation::Start));
            let modify = (!change.fields.is_empty()).then(|| {
                mutation(Operation::Modify {
                    fields: change.fields.clone(),
                    in_window,
                })
            });
            if platform.capabilities().alters_stopped {
                modify.into_iter().chain(start).collect()
            } else {
                start.into_iter().chain(modify).collect()
            }
        }
        Action::Delete => {
            let live = observed
                .owned()
                .find(|live| live.resource == change.resource);
            let is_primary = live.is_some_and(|live| live.role == Role::Primary);
            let source = live
                .and_then(|live| live.source.clone())
                .or_else(|| (!is_primary).then(|| desired.primary_ref().clone()));
            vec![mutation(Operation::Delete {
                final_snapshot: is_primary && desired.final_snapshot,
                source,
            })]
        }
    }
}

fn creates(call: &PlannedCall) -> bool {
    call.mutation.operation.is_create()
}

fn creates_replica(call: &PlannedCall) -> bool {
    matches!(call.mutation.operation, Operation::CreateReplica { .. })
}

fn deletes(call: &PlannedCall) -> bool {
    matches!(call.mutation.operation, Operation::Delete { .. })
}

/// The order that holds on every platform. Who is a primary and who follows whom is what is
/// observed: a switchover leaves the addresses behind.
fn general_order(
    platform: &dyn Platform,
    calls: &[PlannedCall],
    addresses: &[Address],
    observed: &ObservedState,
) -> Vec<Edge> {
    let owned: BTreeMap<_, _> = observed
        .owned()
        .map(|live| (&live.resource, live))
        .collect();
    let live: Vec<_> = calls
        .iter()
        .map(|call| owned.get(&call.mutation.resource))
        .collect();
    let mut edges = Vec::new();
    for (first, one) in calls.iter().enumerate() {
        for (then, other) in calls.iter().enumerate().filter(|(then, _)| *then != first) {
            let primary_first = addresses[first] == Address::Primary
                && !deletes(one)
                && creates_replica(other)
                && platform.precedes_replicas(one);
            // What is going already cannot be made to wait.
            let follower_first = deletes(one)
                && deletes(other)
                && !other.mutation.resume
                && live[first].zip(live[then]).is_some_and(|(one, other)| {
                    let follows = one.source.as_ref() == Some(&other.resource);
                    let by_role = one.role == Role::Replica && other.role == Role::Primary;
                    follows || by_role
                });
            let rebuild =
                one.mutation.resource == other.mutation.resource && deletes(one) && creates(other);
            if primary_first || follower_first || rebuild {
                edges.push(Edge { first, then });
            }
        }
    }
    edges
}

/// What a fleet's new replicas and the old ones that go have to do with each other.
enum Replacement {
    /// There is room for both: the new ones better come first.
    Preferred(Vec<Edge>),
    /// There is none: the old ones have to go first.
    Needed(Vec<Edge>),
}

/// New replicas before old ones go; the other way round where there is no room for both.
fn replacement_order(
    platform: &dyn Platform,
    observed: &ObservedState,
    calls: &[PlannedCall],
    addresses: &[Address],
    rebuilds: &BTreeSet<usize>,
) -> Replacement {
    let replaced = |index: &usize| !rebuilds.contains(index);
    let creates: Vec<usize> = (0..calls.len())
        .filter(|i| creates_replica(&calls[*i]))
        .filter(replaced)
        .collect();
    let goes: Vec<usize> = (0..calls.len())
        .filter(|i| deletes(&calls[*i]) && addresses[*i].role() == Role::Replica)
        .filter(replaced)
        .collect();
    let primary = observed.primary();
    let strangers = primary.map_or(0, |primary| {
        observed.strangers_of(&primary.resource).count()
    });
    let ours = observed.owned().filter(|live| live.role == Role::Replica);
    let live = ours.count() + strangers;
    let begun = |index: &usize| calls[*index].mutation.resume;
    let new = creates.iter().filter(|create| !begun(create)).count();
    let limit = platform.capabilities().max_replicas;
    let room = limit.is_none_or(|limit| live + new <= limit as usize);
    let mut edges = Vec::new();
    for create in &creates {
        for go in &goes {
            let (first, then) = if room { (*create, *go) } else { (*go, *create) };
            // What is under way already cannot be made to wait.
            if !begun(&then) {
                edges.push(Edge { first, then });
            }
        }
    }
    if room {
        Replacement::Preferred(edges)
    } else {
        Replacement::Needed(edges)
    }
}

/// Who waits for whom, by the earlier call.
struct Waiting(Vec<BTreeSet<usize>>);

impl Waiting {
    fn new(count: usize, edges: &BTreeSet<Edge>) -> Self {
        let mut next = vec![BTreeSet::new(); count];
        for Edge { first, then } in edges {
            next[*first].insert(*then);
        }
        Self(next)
    }

    /// All that comes after a call, however many are in between.
    fn after(&self, call: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![call];
        while let Some(call) = open.pop() {
            open.extend(self.0[call].iter().filter(|then| found.insert(**then)));
        }
        found
    }
}

/// Kahn's algorithm; among what is free the lowest index comes first, so that the order is the
/// same in every run. What is preferred holds as far as what must be lets it: the preferred edges
/// that hold come back with the order. `None`: what must be is circular.
fn sorted(
    count: usize,
    must: &BTreeSet<Edge>,
    mut preferred: BTreeSet<Edge>,
) -> Option<(Vec<usize>, BTreeSet<Edge>)> {
    let waiting = Waiting::new(count, must);
    // One that the rest stands against by itself is given up first: it would cost others.
    let mut later: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    preferred.retain(|Edge { first, then }| {
        let after = later.entry(*then).or_insert_with(|| waiting.after(*then));
        !after.contains(first)
    });
    let wishes = Waiting::new(count, &preferred);
    let (mut needs, mut wants) = (vec![0_usize; count], vec![0_usize; count]);
    for edge in must {
        needs[edge.then] += 1;
    }
    for edge in &preferred {
        wants[edge.then] += 1;
    }
    let ranked = |index: usize, wants: &[usize]| (wants[index], index);
    let mut free: BTreeSet<(usize, usize)> = (0..count)
        .filter(|index| needs[*index] == 0)
        .map(|index| ranked(index, &wants))
        .collect();
    let mut place = vec![None; count];
    let mut order = Vec::with_capacity(count);
    // Where nothing is free of wishes, the one with the fewest goes without them.
    while let Some((_, index)) = free.pop_first() {
        place[index] = Some(order.len());
        order.push(index);
        for then in &wishes.0[index] {
            let was_free = free.remove(&ranked(*then, &wants));
            wants[*then] -= 1;
            if was_free {
                free.insert(ranked(*then, &wants));
            }
        }
        for then in &waiting.0[index] {
            needs[*then] -= 1;
            if needs[*then] == 0 {
                free.insert(ranked(*then, &wants));
            }
        }
    }
    preferred.retain(|edge| place[edge.first] < place[edge.then]);
    (order.len() == count).then_some((order, preferred))
}
