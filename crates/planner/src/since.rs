//! What has changed since a plan was made, and was not done by the plan itself.
//!
//! A saved plan is applied to the world that it was made from, or to that world with some of its
//! own steps already taken (an earlier run of it was cut short). Anything else is told in words.

use std::collections::{BTreeMap, BTreeSet};

use pgfleet_model::{
    Action, Change, ChangeSet, Condition, Field, ObservedInstance, ObservedState, Phase,
    ResourceRef, Stranger, Value,
};

/// Every difference between the world as it was planned for and as it is now that no change of the
/// plan explains, a sentence each. Left out is what the fingerprint leaves out: phases, endpoints,
/// revisions, disks that have grown and zones.
pub(crate) fn changed_since(
    before: &ObservedState,
    planned: &ChangeSet,
    now: &ObservedState,
) -> Vec<String> {
    let ours: BTreeSet<&ResourceRef> = now.owned().map(|instance| &instance.resource).collect();
    let (before, now) = (everything(before), everything(now));
    let mut told = Vec::new();
    for (resource, was) in &before {
        let changes = of(planned, resource);
        match now.get(resource) {
            Some(is) => told.extend(differences(was, is, &changes)),
            None if has(&changes, Action::Delete) => {}
            None => told.push(format!("{resource} is gone")),
        }
    }
    for resource in now.keys().filter(|name| !before.contains_key(*name)) {
        let made = has(&of(planned, resource), Action::Create) && ours.contains(resource);
        if !made {
            told.push(format!("{resource} is new"));
        }
    }
    told
}

/// All instances that matter to a fleet, its own and others', by name.
fn everything(state: &ObservedState) -> BTreeMap<&ResourceRef, &ObservedInstance> {
    let strangers = state.strangers.iter().map(|stranger| match stranger {
        Stranger::Holds(_, instance) | Stranger::Follows(instance) => instance,
    });
    state
        .owned()
        .chain(&state.existing)
        .chain(strangers)
        .map(|instance| (&instance.resource, instance))
        .collect()
}

fn of<'a>(planned: &'a ChangeSet, resource: &ResourceRef) -> Vec<&'a Change> {
    planned
        .effective()
        .filter(|change| change.resource == *resource)
        .collect()
}

fn has(changes: &[&Change], action: Action) -> bool {
    changes.iter().any(|change| change.action == action)
}

/// What differs in one instance and is no effect of the changes planned for it.
fn differences(was: &ObservedInstance, is: &ObservedInstance, changes: &[&Change]) -> Vec<String> {
    // Taken apart in full, so that something new cannot be forgotten here.
    let ObservedInstance {
        resource,
        owner,
        role,
        source,
        phase: _,
        raw_phase: _,
        condition,
        endpoint: _,
        version: _,
        attributes,
        pending,
    } = was;
    // What goes away by the plan may go, and what the plan makes may be on any point of its way.
    if has(changes, Action::Delete) && is.phase == Phase::Deleting {
        return Vec::new();
    }
    let remade = has(changes, Action::Create);
    let altered = |field: &Field| {
        let fields = changes.iter().flat_map(|change| &change.fields);
        fields
            .filter(|change| change.field == *field)
            .map(|change| &change.to)
            .next_back()
    };
    let mut told = Vec::new();
    if is.owner != *owner && altered(&Field::Address).is_none() {
        let whose = |instance: &ObservedInstance| match &instance.owner {
            Some(owner) => format!("{} of fleet {}", owner.address, owner.fleet),
            None => "nobody's".to_owned(),
        };
        told.push(format!("{resource} was {}, is {}", whose(was), whose(is)));
    }
    // A replica that was promoted since may hold writes of its own, and is not removed for one that
    // follows.
    if is.role != *role && !remade {
        told.push(format!("{resource} was a {role}, is a {}", is.role));
    }
    if remade || has(changes, Action::Delete) {
        return told;
    }
    match (condition, &is.condition) {
        (Condition::Sound, Condition::Broken(why)) => {
            told.push(format!("{resource} has broken since: {why}"));
        }
        (Condition::Broken(_), Condition::Sound) => {
            told.push(format!("{resource} was broken and is not any more"));
        }
        (Condition::Sound, Condition::Sound) | (Condition::Broken(_), Condition::Broken(_)) => {}
    }
    if is.source != *source {
        let whom = |source: &Option<ResourceRef>| match source {
            Some(source) => source.to_string(),
            None => "nobody".to_owned(),
        };
        told.push(format!(
            "{resource} followed {}, follows {}",
            whom(source),
            whom(&is.source)
        ));
    }
    let was: BTreeMap<Field, Value> = attributes.fields().into_iter().collect();
    let now: BTreeMap<Field, Value> = is.attributes.fields().into_iter().collect();
    let mut fields: Vec<&Field> = was.keys().chain(now.keys()).collect();
    fields.sort();
    fields.dedup();
    for field in fields {
        let (from, to) = (was.get(field), now.get(field));
        let reached = altered(field).is_some_and(|wanted| to.is_some_and(|to| covers(wanted, to)));
        if from != to && !field.moves_by_itself() && !reached {
            told.push(format!(
                "{resource}: {field} was {}, is {}",
                shown(from),
                shown(to)
            ));
        }
    }
    for (field, value) in &is.pending {
        if pending.get(field) != Some(value) && altered(field) != Some(value) {
            told.push(format!("{resource}: {field} is about to become {value}"));
        }
    }
    told
}

/// Tags are merged into those that are there; everything else becomes what was wanted.
fn covers(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Map(wanted), Value::Map(live)) => wanted
            .iter()
            .all(|(name, value)| live.get(name) == Some(value)),
        (wanted, live) => wanted == live,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "not set".to_owned(), ToString::to_string)
}
