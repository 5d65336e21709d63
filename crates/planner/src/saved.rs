//! Plans that outlive the run that made them: what a saved plan holds, and whether it still fits.

use std::path::PathBuf;

use pgfleet_model::{
    Action, Change, ChangeSet, Check, DesiredState, FieldChange, Inventory, ObservedState, Reason,
    Role, Severity, Step,
};
use serde::{Deserialize, Serialize};

use crate::{Cycle, FleetPlan, Goal, Platform, diff, fingerprint, since::changed_since, steps};

/// A plan for some fleets, to be applied as it is or not at all. It holds no secret.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SavedPlan {
    /// The pgfleet that made it.
    pub pgfleet: String,
    /// Whether the clouds were simulated.
    pub simulated: bool,
    /// The fleets.
    pub fleets: Vec<SavedFleet>,
}

/// One fleet of a saved plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedFleet {
    /// The plan file that it was made from.
    pub plan_file: SavedPlanFile,
    /// The account, project, subscription or folder; empty where nobody told it.
    pub account: String,
    /// Whether modifications wait for the maintenance window.
    pub in_window: bool,
    /// The fleet as it shall be.
    pub desired: DesiredState,
    /// The fleet as it was.
    pub observed: ObservedState,
    /// The digest of what was observed.
    pub observed_fingerprint: String,
    /// What would change.
    pub set: ChangeSet,
    /// The calls, in order.
    pub steps: Vec<Step>,
    /// What was worth knowing.
    pub checks: Vec<Check>,
}

/// The plan file that a saved plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlanFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// `sha256:` and the digest of its bytes.
    pub digest: String,
    /// Its text, with every secret in it overwritten.
    pub text: String,
    /// Whether something was overwritten, so that the text alone does not do.
    pub has_secrets: bool,
}

/// How a saved plan stands to the world as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Fit {
    /// The world is what it was made from, or has only moved by the plan's own steps: what is left
    /// of it, which may be nothing.
    Fits(Box<FleetPlan>),
    /// The world has moved otherwise; each sentence says how.
    Stale(Vec<String>),
}

impl SavedFleet {
    /// What is kept of a plan.
    pub fn new(plan: FleetPlan, plan_file: SavedPlanFile, account: &str, in_window: bool) -> Self {
        let FleetPlan {
            goal: _,
            desired,
            observed,
            fingerprint,
            set,
            steps,
            checks,
        } = plan;
        Self {
            plan_file,
            account: account.to_owned(),
            in_window,
            desired,
            observed,
            observed_fingerprint: fingerprint,
            set,
            steps,
            checks,
        }
    }

    /// Holds the plan against a new listing. What is left of it is found anew even where nothing
    /// has moved: what the fingerprint leaves out may have been brought about already.
    ///
    /// # Errors
    /// [`Cycle`], when the platform's order contradicts itself.
    pub fn fit(self, inventory: &Inventory, platform: &dyn Platform) -> Result<Fit, Cycle> {
        let Self {
            plan_file: _,
            account: _,
            in_window,
            mut desired,
            observed: before,
            observed_fingerprint: _,
            set: planned,
            steps: _,
            mut checks,
        } = self;
        let observed = ObservedState::select(inventory, &desired);
        let moved = changed_since(platform, &before, &planned, &observed);
        if !moved.is_empty() {
            return Ok(Fit::Stale(moved));
        }
        enlarge_new_replicas(&mut desired, &observed);
        let (needed, found) = diff(platform, &desired, &observed, in_window);
        let (set, beyond) = within(needed, &planned, platform);
        if !beyond.is_empty() {
            return Ok(Fit::Stale(beyond));
        }
        let refusals = found
            .into_iter()
            .filter(|check| check.severity == Severity::Error);
        checks.extend(refusals);
        Ok(Fit::Fits(Box::new(FleetPlan {
            goal: Goal::Apply,
            steps: steps(platform, &desired, &observed, &set, in_window)?,
            fingerprint: fingerprint(&observed),
            desired,
            observed,
            set,
            checks,
        })))
    }
}

/// The primary's disk may have grown since, and no replica is made with a smaller one.
fn enlarge_new_replicas(desired: &mut DesiredState, observed: &ObservedState) {
    let live = observed.primary();
    let gib = live.and_then(|primary| primary.attributes.storage.gib);
    for (address, wanted) in &mut desired.instances {
        if address.role() == Role::Replica && !observed.wanted.contains_key(address) {
            let storage = &mut wanted.attributes.storage;
            storage.gib = storage.gib.max(gib);
        }
    }
}

/// The changes that are still needed, and in words those that were not planned.
fn within(
    needed: ChangeSet,
    planned: &ChangeSet,
    platform: &dyn Platform,
) -> (ChangeSet, Vec<String>) {
    let ChangeSet { changes, drift } = needed;
    let beyond = changes
        .iter()
        .filter_map(|change| {
            let what = unplanned(change, planned, platform)?;
            Some(format!(
                "{} now needs {what}, which was not planned",
                change.resource
            ))
        })
        .collect();
    (ChangeSet { changes, drift }, beyond)
}

/// What of a change was not planned, if anything.
fn unplanned(change: &Change, planned: &ChangeSet, platform: &dyn Platform) -> Option<String> {
    let planned = planned.effective();
    let planned: Vec<&Change> = planned
        .filter(|planned| planned.resource == change.resource)
        .collect();
    let find = |action| planned.iter().find(|planned| planned.action == action);
    match change.action {
        Action::NoOp => None,
        Action::Delete => {
            let word = || "to be deleted".to_owned();
            find(Action::Delete).is_none().then(word)
        }
        // What the plan makes it also finishes.
        Action::Create | Action::Update if find(Action::Create).is_some() => None,
        Action::Create => Some("to be made".to_owned()),
        Action::Update => {
            let planned = find(Action::Update);
            let is_new = |field: &&FieldChange| {
                let same =
                    |planned: &FieldChange| planned.field == field.field && planned.to == field.to;
                !planned.is_some_and(|planned| planned.fields.iter().any(same))
            };
            let starts = change.reasons.contains(&Reason::Stopped)
                && !planned.is_some_and(|planned| may_stop(planned, platform));
            let fields = change.fields.iter().filter(is_new);
            let words: Vec<String> = fields
                .map(|field| format!("{} {}", field.field, field.to))
                .chain(starts.then(|| "to be started".to_owned()))
                .collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
    }
}

/// Whether a planned update starts the instance. One that ends with this run may have been cut short
/// between a stop and a start.
fn may_stop(planned: &Change, platform: &dyn Platform) -> bool {
    planned.reasons.contains(&Reason::Stopped) || !platform.capabilities().outlives_us
}
