//! What has changed since a plan was made, and was not done by the plan itself.
//!
//! A saved plan is applied to the world that it was made from, or to that world with some of its
//! own steps already taken (an earlier run of it was cut short). Anything else is told in words.

use std::collections::{BTreeMap, BTreeSet};

use pgfleet_model::{
    Action, Change, ChangeSet, Condition, Field, FieldChange, ObservedInstance, ObservedState,
    Phase, ResourceRef, Stranger, Value,
};

use crate::{Compare, Platform, satisfies};

/// Every difference between the world as it was planned for and as it is now that no change of the
/// plan explains, a sentence each. Left out is what the fingerprint leaves out: phases, endpoints,
/// revisions, disks that have grown and zones.
pub(crate) fn changed_since(
    platform: &dyn Platform,
    before: &ObservedState,
    planned: &ChangeSet,
    now: &ObservedState,
) -> Vec<String> {
    let ours: BTreeSet<&ResourceRef> = now.owned().map(|instance| &instance.resource).collect();
    let planned = |resource| Planned::of(platform, planned, resource);
    let mut told = Vec::new();
    if before.above != now.above {
        told.push("whom the existing primary follows has changed".to_owned());
    }
    let (before, now) = (everything(before), everything(now));
    for (resource, was) in &before {
        let planned = planned(resource);
        match now.get(resource) {
            Some(is) => told.extend(differences(was, is, &planned)),
            None if planned.has(Action::Delete) => {}
            None => told.push(format!("{resource} is gone")),
        }
    }
    for (resource, is) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let planned = planned(resource);
        if planned.has(Action::Create) && ours.contains(resource) {
            told.extend(resized(is, &planned));
        } else {
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

/// What the plan does to one instance.
struct Planned<'a> {
    platform: &'a dyn Platform,
    changes: Vec<&'a Change>,
}

impl<'a> Planned<'a> {
    fn of(platform: &'a dyn Platform, set: &'a ChangeSet, resource: &ResourceRef) -> Self {
        let changes = set.effective();
        let changes = changes.filter(|change| change.resource == *resource);
        Self {
            platform,
            changes: changes.collect(),
        }
    }

    fn has(&self, action: Action) -> bool {
        self.changes.iter().any(|change| change.action == action)
    }

    /// The changes that can move a field, directly or by what the platform does with them.
    fn movers(&self, field: &Field) -> impl Iterator<Item = &'a FieldChange> {
        let fields = self.changes.iter().flat_map(|change| &change.fields);
        fields.filter(move |change| {
            change.field == *field || self.platform.brings(&change.field, field)
        })
    }

    /// Whether it is by the plan that a field has another value now.
    fn explains(&self, field: &Field, was: Option<&Value>, is: Option<&Value>) -> bool {
        // Some platforms delete only what has lost its protection.
        let lifted = self.has(Action::Delete) && *field == Field::DeletionProtection;
        lifted && is == Some(&Value::Flag(false))
            || self.movers(field).any(|change| {
                let reached = || is.is_some_and(|is| reaches(field, &change.to, was, is));
                change.field != *field || reached()
            })
    }
}

/// What differs in one instance and is no effect of the changes planned for it.
fn differences(
    was: &ObservedInstance,
    is: &ObservedInstance,
    planned: &Planned<'_>,
) -> Vec<String> {
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
        attributes: _,
        pending: _,
    } = was;
    // What goes away by the plan may go, and what the plan makes may be on any point of its way.
    if planned.has(Action::Delete) && is.phase == Phase::Deleting {
        return Vec::new();
    }
    let remade = planned.has(Action::Create);
    let mut told = Vec::new();
    if is.owner != *owner && planned.movers(&Field::Address).next().is_none() {
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
    if remade {
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
    if is.source != *source && is.role == *role {
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
    told.extend(attributes(was, is, planned));
    told.extend(pending(was, is, planned));
    told
}

/// The size of an instance that the plan has made and somebody has changed since. Platforms make what
/// was asked for in this; other attributes may take another round of calls.
fn resized(is: &ObservedInstance, planned: &Planned<'_>) -> Option<String> {
    let mut made = planned.changes.iter();
    let made = made.find(|change| change.action == Action::Create)?;
    let wanted = made.after.as_ref()?.size.as_ref()?;
    let size = is.attributes.size.as_ref()?;
    let rests = is.phase == Phase::Available && !is.pending.contains_key(&Field::Size);
    (rests && size != wanted)
        .then(|| format!("{}: size is {size}, and was made as {wanted}", is.resource))
}

/// The attributes that have another value now, or have one, or have none any more.
fn attributes(was: &ObservedInstance, is: &ObservedInstance, planned: &Planned<'_>) -> Vec<String> {
    let before: BTreeMap<Field, Value> = was.attributes.fields().into_iter().collect();
    let now: BTreeMap<Field, Value> = is.attributes.fields().into_iter().collect();
    let fields: BTreeSet<&Field> = before.keys().chain(now.keys()).collect();
    let mut told = Vec::new();
    for field in fields {
        let (from, to) = (before.get(field), now.get(field));
        let explained = same(field, from, to) || planned.explains(field, from, to);
        if !field.moves_by_itself() && !explained {
            told.push(format!(
                "{}: {field} was {}, is {}",
                was.resource,
                shown(from),
                shown(to)
            ));
        }
    }
    told
}

/// What was about to come and is not any more, and what is only now.
fn pending(was: &ObservedInstance, is: &ObservedInstance, planned: &Planned<'_>) -> Vec<String> {
    let fields: BTreeSet<&Field> = was.pending.keys().chain(is.pending.keys()).collect();
    let mut told = Vec::new();
    for field in fields {
        let (from, to) = (was.pending.get(field), is.pending.get(field));
        let grows = *field == Field::StorageGib;
        // Platforms round what they were asked for, so its value proves nothing.
        if grows || from == to || planned.movers(field).next().is_some() {
            continue;
        }
        let resource = &was.resource;
        match (from, to) {
            (_, Some(to)) => told.push(format!("{resource}: {field} is about to become {to}")),
            // It has come, which the attributes tell.
            (from, None) if is.attributes.get(field).as_ref() == from => {}
            (from, None) => told.push(format!(
                "{resource}: {field} was about to become {}, and is not any more",
                shown(from)
            )),
        }
    }
    told
}

/// Whether two values of a field say the same.
fn same(field: &Field, was: Option<&Value>, is: Option<&Value>) -> bool {
    match (field, was, is) {
        // A server that does not run tells less of its version.
        (Field::Postgres, Some(was), Some(is)) => {
            satisfies(Compare::Serves, was, is) || satisfies(Compare::Serves, is, was)
        }
        (_, was, is) => was == is,
    }
}

/// Whether a change to this value has made the live one of what was there.
fn reaches(field: &Field, wanted: &Value, was: Option<&Value>, live: &Value) -> bool {
    match (field, wanted, live) {
        (Field::Postgres, wanted, live) => satisfies(Compare::Serves, wanted, live),
        // Tags are merged into those that are there; everything else becomes what was wanted.
        (_, Value::Map(wanted), Value::Map(live)) => {
            let mut merged = match was {
                Some(Value::Map(was)) => was.clone(),
                _ => BTreeMap::new(),
            };
            merged.extend(wanted.clone());
            merged == *live
        }
        (_, wanted, live) => wanted == live,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "not set".to_owned(), ToString::to_string)
}
