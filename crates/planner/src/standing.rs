//! How far a mutation has come, to judge by a listing: the rule that serves most platforms.

use pgfleet_model::{
    Condition, Field, FieldChange, Mutation, ObservedInstance, Operation, Phase, Value,
};

use crate::{FieldRule, Platform, Standing, satisfies};

/// Judges by phase, condition and values. A platform whose phases tell more may look at those
/// first and come here for the rest.
pub fn standing(
    platform: &dyn Platform,
    mutation: &Mutation,
    live: Option<&ObservedInstance>,
) -> Standing {
    let Some(live) = live else {
        return match mutation.operation {
            Operation::Delete { .. } => Standing::Done,
            _ => Standing::NotBegun,
        };
    };
    if live
        .owner
        .as_ref()
        .is_none_or(|owner| owner.fleet != mutation.owner.fleet)
    {
        return Standing::Failed(format!("{} exists and is not this fleet's", live.resource));
    }
    match (&mutation.operation, live.phase) {
        (Operation::Delete { .. }, Phase::Deleting) => return Standing::Running,
        (Operation::Delete { .. }, _) => return Standing::NotBegun,
        (_, Phase::Deleting) => {
            return Standing::Failed(format!("{} is being deleted", live.resource));
        }
        _ => {}
    }
    if let Condition::Broken(why) = &live.condition {
        return Standing::Failed(why.clone());
    }
    if live.phase == Phase::Failed {
        return Standing::Failed(format!("it is `{}`", live.raw_phase));
    }
    match (&mutation.operation, live.phase) {
        (Operation::Modify { fields, in_window }, _) => {
            modified(platform, fields, *in_window, mutation.resume, live)
        }
        (_, Phase::Available) => Standing::Done,
        (Operation::Start, Phase::Stopped) => Standing::NotBegun,
        // It was made, and somebody has stopped it since.
        (Operation::CreatePrimary { .. } | Operation::CreateReplica { .. }, Phase::Stopped) => {
            Standing::Done
        }
        _ => Standing::Running,
    }
}

fn modified(
    platform: &dyn Platform,
    fields: &[FieldChange],
    in_window: bool,
    resume: bool,
    live: &ObservedInstance,
) -> Standing {
    let all = |wanted: fn(&Reach) -> bool| {
        let mut reaches = fields.iter().map(|change| reach(platform, change, live));
        reaches.all(|reach| wanted(&reach))
    };
    let reached = if in_window {
        all(|reach| *reach != Reach::Not)
    } else {
        all(|reach| *reach == Reach::Holds)
    };
    match (reached, live.phase) {
        (true, Phase::Available) => Standing::Done,
        // What an earlier run seemed to have begun is over, and this was left for the window.
        (false, Phase::Available) if resume => Standing::Done,
        // The platform has taken it, and it will hold without a further call.
        (false, Phase::Available) if all(|reach| *reach != Reach::Not) => Standing::Running,
        (false, Phase::Available) => Standing::NotBegun,
        (_, Phase::Stopped) => Standing::Failed(format!("{} is stopped", live.resource)),
        _ => Standing::Running,
    }
}

/// How far one attribute has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Not,
    Pending,
    Holds,
}

fn reach(platform: &dyn Platform, change: &FieldChange, live: &ObservedInstance) -> Reach {
    if change.field == Field::Address {
        let owner = live.owner.as_ref();
        let address = owner.map(|owner| Value::Text(owner.address.to_string()));
        let holds = address.as_ref() == Some(&change.to);
        return if holds { Reach::Holds } else { Reach::Not };
    }
    let compare = match platform.rule(&change.field, live.role) {
        FieldRule::Ignore => return Reach::Holds,
        FieldRule::InPlace(compare)
        | FieldRule::Rebuild(compare)
        | FieldRule::Refuse { compare, .. } => compare,
    };
    let reaches = |value: &Value| satisfies(compare, &change.to, value);
    let holds = live.attributes.get(&change.field);
    if holds.as_ref().is_some_and(reaches) {
        Reach::Holds
    } else if live.pending.get(&change.field).is_some_and(reaches) {
        Reach::Pending
    } else {
        Reach::Not
    }
}
