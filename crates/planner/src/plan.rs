//! One fleet's plan, from its file and a listing.

use std::collections::BTreeSet;

use pgfleet_model::{
    Action, Address, Change, ChangeSet, Check, DesiredState, Inventory, ObservedState, Reason,
    Role, Severity, Step,
};
use pgfleet_spec::Spec;

use crate::{Cycle, Platform, checks, diff, fingerprint, resolve, steps};

/// What the run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Bring the fleet into the shape of its file.
    Apply,
    /// Take the fleet down.
    Destroy {
        /// Leave the primary.
        replicas_only: bool,
    },
}

/// Everything that is known about a fleet before anything is done.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetPlan {
    /// What the plan is for.
    pub goal: Goal,
    /// The fleet as it shall be.
    pub desired: DesiredState,
    /// The fleet as it is.
    pub observed: ObservedState,
    /// The digest of what was observed.
    pub fingerprint: String,
    /// What would change, and what differs and stays.
    pub set: ChangeSet,
    /// The calls, in order.
    pub steps: Vec<Step>,
    /// What stands against it, or is worth knowing; the gravest first.
    pub checks: Vec<Check>,
}

impl FleetPlan {
    /// Whether apply refuses it.
    pub fn is_refused(&self) -> bool {
        self.checks
            .iter()
            .any(|check| check.severity == Severity::Error)
    }
}

/// Plans one fleet.
///
/// # Errors
/// [`Cycle`], when the platform's order contradicts itself.
pub fn plan(
    spec: &Spec,
    inventory: &Inventory,
    platform: &dyn Platform,
    goal: Goal,
) -> Result<FleetPlan, Cycle> {
    let resolution = resolve(spec, inventory, platform);
    let mut found = resolution.checks;
    let (desired, observed) = match goal {
        Goal::Apply => {
            found.extend(checks::without_effect(spec, platform));
            (resolution.desired, resolution.observed)
        }
        Goal::Destroy { .. } => {
            // What a file asks of an instance that goes is of no account.
            found.clear();
            let desired = resolution.desired.emptied();
            let observed = select(inventory, &desired, goal);
            (desired, observed)
        }
    };
    let (mut set, of_diff) = diff(platform, &desired, &observed, spec.in_window);
    found.extend(of_diff);
    if let Goal::Destroy { .. } = goal {
        let reasons = set
            .changes
            .iter_mut()
            .flat_map(|change| &mut change.reasons);
        for reason in reasons.filter(|reason| **reason == Reason::NotInPlan) {
            *reason = Reason::Destroyed;
        }
    }
    found.extend(platform.check(&desired, &observed, &set));
    found.extend(checks::engine(
        platform,
        &desired,
        &observed,
        &set,
        goal,
        &spec.protect,
    ));
    found.sort_by_key(|check| std::cmp::Reverse(check.severity));
    let steps = steps(platform, &desired, &observed, &set, spec.in_window)?;
    let fingerprint = fingerprint(&observed);
    Ok(FleetPlan {
        goal,
        desired,
        observed,
        fingerprint,
        set,
        steps,
        checks: found,
    })
}

/// What of a listing the run is about.
fn select(inventory: &Inventory, desired: &DesiredState, goal: Goal) -> ObservedState {
    let mut observed = ObservedState::select(inventory, desired);
    if goal
        == (Goal::Destroy {
            replicas_only: true,
        })
    {
        observed.surplus.retain(|live| live.role == Role::Replica);
    }
    observed
}

/// What a new listing shows after steps have run.
#[derive(Debug, Clone)]
pub struct Replan {
    /// The fleet as it is now.
    pub observed: ObservedState,
    /// What still differs.
    pub set: ChangeSet,
    /// The calls for those differences that may be put right without asking again.
    pub steps: Vec<Step>,
    /// What cannot be put right at all: errors only.
    pub refusals: Vec<Check>,
}

/// What is left to do after steps have run.
///
/// An answer that is not what was wished (RDS versions that ignore Multi-AZ on a new replica, an
/// operation of an earlier run that ended early) needs another round of calls. It may finish what
/// the approved plan made or altered at the same address, deletes nothing, and makes nothing that
/// was not to be made.
///
/// # Errors
/// [`Cycle`], when the platform's order contradicts itself.
pub fn replan(
    before: &FleetPlan,
    inventory: &Inventory,
    platform: &dyn Platform,
    in_window: bool,
) -> Result<Replan, Cycle> {
    let observed = select(inventory, &before.desired, before.goal);
    let (set, checks) = diff(platform, &before.desired, &observed, in_window);
    let approved: BTreeSet<(&Address, Action)> = before
        .set
        .effective()
        .map(|change| (&change.address, change.action))
        .collect();
    let allows = |change: &&Change| match change.action {
        Action::Create => {
            approved.contains(&(&change.address, Action::Create))
                && !change.reasons.contains(&Reason::Rebuild)
        }
        Action::Update => [Action::Create, Action::Update]
            .iter()
            .any(|action| approved.contains(&(&change.address, *action))),
        Action::Delete | Action::NoOp => false,
    };
    let changes = set.effective().filter(allows).cloned().collect();
    let allowed = ChangeSet {
        changes,
        drift: Vec::new(),
    };
    let steps = steps(platform, &before.desired, &observed, &allowed, in_window)?;
    let refusals = checks
        .into_iter()
        .filter(|check| check.severity == Severity::Error);
    Ok(Replan {
        observed,
        set,
        steps,
        refusals: refusals.collect(),
    })
}
