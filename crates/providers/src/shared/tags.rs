//! How many tags an instance bears: services take so many, and refuse the call that would set more.

use pgfleet_model::{Check, DesiredInstance, DesiredState, ObservedInstance, ObservedState};
use pgfleet_planner::PASSWORD_VERSION;

/// The tags that say whose an instance is.
const OWNER: usize = 3;
/// How the names of tags begin that a service sets for itself, and does not count.
const SYSTEM: &str = "aws:";

/// What stands against a fleet of which an instance would bear more than `most` tags: the plan's, those of
/// others, which stay, and pgfleet's own, as many of which are about databases as `notes` says.
pub(crate) fn too_many(
    desired: &DesiredState,
    observed: &ObservedState,
    notes: impl Fn(&DesiredInstance, Option<&ObservedInstance>) -> usize,
    most: usize,
) -> Option<Check> {
    let counted = desired.instances.values().map(|wanted| {
        let live = observed.wanted.get(&wanted.address);
        (wanted, Count::of(wanted, live, notes(wanted, live)))
    });
    // The plan gives all of them the same tags: one is told of.
    let (wanted, count) = counted.max_by_key(|(_, count)| count.all())?;
    if count.all() <= most {
        return None;
    }
    let Count { plan, own, others } = count;
    let others = match others {
        0 => String::new(),
        others => format!(", {others} that others have set"),
    };
    let why = format!(
        "{most} tags are taken, and there are {plan} in the plan, {own} of pgfleet's own{others}"
    );
    let check = Check::error(&format!("{}/tags", desired.provider), why);
    let remedy = format!("leave out {} of them", count.all() - most);
    Some(check.at(&wanted.address).key("tags").remedy(remedy))
}

struct Count {
    plan: usize,
    own: usize,
    others: usize,
}

impl Count {
    fn of(wanted: &DesiredInstance, live: Option<&ObservedInstance>, notes: usize) -> Self {
        let wanted = &wanted.attributes;
        let live = live.map(|live| &live.attributes);
        let names = live.map(|live| live.tags.keys()).into_iter().flatten();
        let others =
            names.filter(|name| !(wanted.tags.contains_key(*name) || name.starts_with(SYSTEM)));
        let mut settings = live
            .map(|live| &live.settings)
            .into_iter()
            .chain([&wanted.settings]);
        let version = settings.any(|settings| settings.contains_key(PASSWORD_VERSION));
        Self {
            plan: wanted.tags.len(),
            own: OWNER + notes + usize::from(version),
            others: others.count(),
        }
    }

    fn all(&self) -> usize {
        self.plan + self.own + self.others
    }
}
