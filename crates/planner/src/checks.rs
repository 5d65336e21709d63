//! The rules of the engine itself; those of a platform come from [`crate::Platform::check`].

use pgfleet_model::{
    Action, Address, ChangeSet, Check, Condition, DesiredState, ObservedState, Phase,
    PrimaryPolicy, ProviderKind, Reason, ResourceRef, Role, Severity,
};
use pgfleet_spec::{Protect, Spec};

use crate::{Goal, Platform};

const NEVER: &str = "README.md, \"What pgfleet never does\"";

/// Holds a fleet's changes against the rules that are the same everywhere.
pub(crate) fn engine(
    platform: &dyn Platform,
    desired: &DesiredState,
    observed: &ObservedState,
    set: &ChangeSet,
    goal: Goal,
    protect: &Protect,
) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.extend(protected(desired, observed, set, goal, protect));
    if goal == Goal::Apply {
        checks.extend(too_many_deletes(set, protect));
        checks.extend(being_made(platform, observed, set));
    }
    checks.extend(missing_source(desired, observed));
    checks.extend(unusable_source(observed, set));
    checks.extend(promoted(observed, set, protect));
    checks.extend(not_known(observed));
    checks.extend(unknown_replicas(observed, set));
    checks
}

/// `protect.deletion`: nothing takes a whole fleet down while it is true. Where nothing is there to
/// take down, nothing has to be protected.
fn protected(
    desired: &DesiredState,
    observed: &ObservedState,
    set: &ChangeSet,
    goal: Goal,
    protect: &Protect,
) -> Option<Check> {
    let empties = desired.instances.is_empty() && observed.owned().next().is_some();
    let what = match goal {
        Goal::Destroy { .. } if set.is_empty() => return None,
        Goal::Destroy { .. } => "destroy",
        Goal::Apply if empties => "apply would delete the last instance, and",
        Goal::Apply => return None,
    };
    protect.deletion.then(|| {
        Check::error(
            "protect/deletion",
            format!(
                "{what} is refused while the plan file protects {}",
                desired.fleet
            ),
        )
        .key("protect.deletion")
        .remedy("set `deletion = false` in [protect], in a commit that others can see")
        .source("README.md, \"Protection\"")
    })
}

/// Replicas of a primary that pgfleet does not own (`existing`), which is not there.
fn missing_source(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    let PrimaryPolicy::Existing(primary) = &desired.primary else {
        return None;
    };
    let is_missing = observed.existing.is_none() && !desired.instances.is_empty();
    is_missing.then(|| {
        let place = match primary.region.as_str() {
            "" => String::new(),
            region => format!(" in {region}"),
        };
        Check::error("primary/existing", format!("there is no {primary}{place}"))
            .key("primary.existing")
            .remedy("correct its name and region, and look whose account this is")
            .source("README.md, \"What pgfleet never does\"")
    })
}

/// New replicas of a primary that pgfleet does not own (`existing`), which cannot be copied now.
fn unusable_source(observed: &ObservedState, set: &ChangeSet) -> Option<Check> {
    let live = observed.existing.as_ref()?;
    set.effective()
        .find(|change| change.action == Action::Create)?;
    let (state, remedy) = match (&live.condition, live.phase) {
        (Condition::Broken(why), _) => (why.as_str(), "mend it first"),
        (_, Phase::Stopped) => (live.raw_phase.as_str(), "start it first"),
        (_, Phase::Failed) => (live.raw_phase.as_str(), "mend it first"),
        (_, Phase::Deleting) => (live.raw_phase.as_str(), "name another primary"),
        _ => return None,
    };
    let message = format!(
        "no replica can be made of {}, which is not running: {state}",
        live.resource
    );
    let check = Check::error("primary/existing", message).key("primary.existing");
    Some(check.remedy(remedy).source(NEVER))
}

/// `protect.max_deletes`. What is already being deleted does not count.
fn too_many_deletes(set: &ChangeSet, protect: &Protect) -> Option<Check> {
    let limit = protect.max_deletes?;
    let deletes = set
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter(|change| !change.reasons.contains(&Reason::InFlight))
        .count();
    (deletes > limit as usize).then(|| {
        Check::error(
            "protect/max-deletes",
            format!("this would delete {deletes}, and the plan file allows {limit} in one run"),
        )
        .key("protect.max_deletes")
        .remedy("raise `max_deletes` in [protect], or take fewer replicas away at once")
        .source("README.md, \"Protection\"")
    })
}

/// What the plan does not want and somebody is making at this moment: another run of another plan, it
/// may be. It is not taken away under their hands.
fn being_made(platform: &dyn Platform, observed: &ObservedState, set: &ChangeSet) -> Vec<Check> {
    let goes = |resource: &ResourceRef| {
        let mut changes = set.changes.iter();
        changes.any(|change| {
            change.action == Action::Delete
                && change.resource == *resource
                && change.reasons.contains(&Reason::NotInPlan)
        })
    };
    let made = observed.surplus.iter();
    let made = made.filter(|live| platform.is_being_made(live) && goes(&live.resource));
    made.map(|live| {
        let message = format!(
            "{} is not in the plan and is being made at this moment",
            live.resource
        );
        let check = Check::error("in-flight", message).remedy(
            "if another run makes it, let that end; run the same command again when it is there",
        );
        match &live.owner {
            Some(owner) => check.at(&owner.address),
            None => check,
        }
        .source(NEVER)
    })
    .collect()
}

/// A replica that was promoted may hold writes that exist nowhere else. It is not deleted along
/// the way while the plan file protects the fleet.
fn promoted(observed: &ObservedState, set: &ChangeSet, protect: &Protect) -> Vec<Check> {
    let deletes = set
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete && change.address.role() == Role::Replica)
        .filter(|change| !change.reasons.contains(&Reason::InFlight));
    let severity = if protect.deletion {
        Severity::Error
    } else {
        Severity::Warning
    };
    deletes
        .filter(|change| {
            observed
                .owned()
                .any(|live| live.resource == change.resource && live.role == Role::Primary)
        })
        .map(|change| {
            let message = format!(
                "{} was promoted and may hold writes that exist nowhere else; it would be deleted",
                change.resource
            );
            Check::new(severity, "role", message)
                .at(&change.address)
                .key("protect.deletion")
                .remedy(if protect.deletion {
                    "save what it holds, then set `deletion = false` in [protect]"
                } else {
                    "save what it holds first"
                })
                .source(NEVER)
        })
        .collect()
}

/// What does not tell its state is neither as planned nor not: people have to know.
fn not_known(observed: &ObservedState) -> Vec<Check> {
    let unknown = observed.wanted.iter();
    unknown
        .filter(|(_, live)| live.phase == Phase::Unknown)
        .map(|(address, live)| {
            let message = format!(
                "the state of {} is not known: {}",
                live.resource, live.raw_phase
            );
            Check::warning("observed/unknown", message)
                .at(address)
                .remedy(
                    "look at the server and its log; pgfleet waits and changes nothing by guess",
                )
                .source(NEVER)
        })
        .collect()
}

/// A primary is never deleted under replicas that the plan does not know.
fn unknown_replicas(observed: &ObservedState, set: &ChangeSet) -> Option<Check> {
    let mut doomed = set
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter(|change| {
            observed
                .owned()
                .any(|live| live.resource == change.resource && live.role == Role::Primary)
        });
    doomed.find_map(|change| {
        let strangers = observed.strangers_of(&change.resource);
        let strangers: Vec<String> = strangers.map(|live| live.resource.to_string()).collect();
        if strangers.is_empty() {
            return None;
        }
        let check = Check::error(
            "primary/unknown-replicas",
            format!(
                "{} has replicas that the plan does not know: {}",
                change.resource,
                strangers.join(", ")
            ),
        )
        .at(&Address::Primary)
        .remedy("delete or detach them first, by the tool that made them")
        .source(NEVER);
        Some(check)
    })
}

/// Keys that are about money.
const WITHOUT_BILL: [&str; 5] = [
    "usage",
    "prices",
    "protect.monthly_usd",
    "protect.max_monthly_increase_usd",
    "protect.allow_unpriced",
];

/// Keys that are valid and do nothing yet, each with a note, so that nobody relies on them.
pub(crate) fn without_effect(spec: &Spec, platform: &dyn Platform) -> Vec<Check> {
    let alerts = ("alerts", "alerts come with `pgfleet monitor`");
    let password = (
        "primary.password_version",
        "passwords are not rotated here yet",
    );
    let password = (!platform.rotates_passwords()).then_some(password);
    let mut checks: Vec<Check> = std::iter::once(&alerts)
        .chain(&password)
        .filter(|(key, _)| spec.places.contains_key(*key))
        .map(|(key, why)| {
            let message = format!("`{key}` has no effect yet ({why})");
            Check::note("spec/no-effect-yet", message).key(*key)
        })
        .collect();
    if spec.provider == ProviderKind::Local {
        for key in WITHOUT_BILL {
            if spec.places.contains_key(key) {
                let message = format!("`{key}` has no effect: this machine sends no bill");
                checks.push(Check::note("local/no-bill", message).key(key));
            }
        }
    }
    // What waits for a window is pending until then: where nothing ever is, nothing waits.
    if spec.in_window && !platform.capabilities().pending_values {
        let kind = spec.provider;
        let message = format!(
            "`apply_changes = \"window\"`: `{kind}` leaves no change to a maintenance window, so \
             changes are made at once"
        );
        checks.push(Check::note(&format!("{kind}/no-window"), message).key("apply_changes"));
    }
    checks
}
