//! Plans that outlive the run that made them: what a saved plan holds, and whether it still fits.

use std::path::PathBuf;

use pgfleet_model::{
    Action, Change, ChangeSet, Check, DesiredState, Inventory, ObservedState, Step,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Cycle, FleetPlan, Goal, Platform, diff, fingerprint, hash::sha256, since::changed_since, steps,
};

/// The version of the file's form.
const FORMAT: &str = "1";
/// What a file must call itself to be taken for a saved plan.
const KIND: &str = "pgfleet-saved-plan";

/// A plan for some fleets, to be applied as it is or not at all. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The account, project, subscription or folder.
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

/// Why a file is no saved plan that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedPlanError {
    /// It is something else.
    #[error("is no saved plan")]
    Other,
    /// It is of another form.
    #[error(
        "has the form `{0}`, which this pgfleet does not know; make it again with `plan --out`"
    )]
    Format(String),
    /// Somebody has edited it, or it was cut off.
    #[error("was changed after it was saved, or is damaged ({0}); make it again with `plan --out`")]
    Damaged(String),
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

impl SavedPlan {
    /// The file's text, with its digest.
    ///
    /// # Errors
    /// When something in it cannot be written as JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut document = Map::new();
        document.insert("format_version".to_owned(), FORMAT.into());
        document.insert("kind".to_owned(), KIND.into());
        if let Value::Object(fields) = serde_json::to_value(self)? {
            document.extend(fields);
        }
        let digest = digest(&document);
        document.insert("digest".to_owned(), digest.into());
        Ok(written(&document.into()))
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`SavedPlanError`], which says what it is instead.
    pub fn from_text(text: &str) -> Result<Self, SavedPlanError> {
        let damaged = |error: serde_json::Error| SavedPlanError::Damaged(error.to_string());
        let Value::Object(document) = serde_json::from_str(text).map_err(damaged)? else {
            return Err(SavedPlanError::Other);
        };
        if document.get("kind").and_then(Value::as_str) != Some(KIND) {
            return Err(SavedPlanError::Other);
        }
        match document.get("format_version").and_then(Value::as_str) {
            Some(FORMAT) => {}
            other => {
                let other = other.unwrap_or("none").to_owned();
                return Err(SavedPlanError::Format(other));
            }
        }
        let mut values = document.clone();
        let said = values.remove("digest");
        if said.as_ref().and_then(Value::as_str) != Some(&digest(&values)) {
            return Err(SavedPlanError::Damaged("its digest differs".to_owned()));
        }
        // The digest is that of the values. What else was edited, such as a name that stands there
        // twice, changed nothing; but somebody was at it.
        if written(&document.into()) != text {
            let why = "it is not laid out as it was written";
            return Err(SavedPlanError::Damaged(why.to_owned()));
        }
        serde_json::from_value(values.into()).map_err(damaged)
    }

    /// Whether a text means to be a saved plan, whole or damaged.
    pub fn is_meant_by(text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains(KIND)
    }
}

impl SavedFleet {
    /// What is kept of a plan.
    pub fn new(plan: &FleetPlan, plan_file: SavedPlanFile, account: &str, in_window: bool) -> Self {
        let FleetPlan {
            goal: _,
            desired,
            observed,
            fingerprint,
            set,
            steps,
            checks,
        } = plan.clone();
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

    /// Holds the plan against a new listing.
    ///
    /// # Errors
    /// [`Cycle`], when the platform's order contradicts itself.
    pub fn fit(&self, inventory: &Inventory, platform: &dyn Platform) -> Result<Fit, Cycle> {
        let observed = ObservedState::select(inventory, &self.desired);
        let mut plan = FleetPlan {
            goal: Goal::Apply,
            desired: self.desired.clone(),
            fingerprint: fingerprint(&observed),
            observed,
            set: self.set.clone(),
            steps: self.steps.clone(),
            checks: self.checks.clone(),
        };
        if plan.fingerprint == self.observed_fingerprint {
            return Ok(Fit::Fits(Box::new(plan)));
        }
        let moved = changed_since(&self.observed, &self.set, &plan.observed);
        if !moved.is_empty() {
            return Ok(Fit::Stale(moved));
        }
        let (set, _) = diff(platform, &self.desired, &plan.observed);
        let (left, beyond) = within(&set, &self.set);
        if !beyond.is_empty() {
            let words = |change: &Change| {
                let action = format!("{:?}", change.action).to_lowercase();
                format!(
                    "{} now needs {action}, which was not planned",
                    change.resource
                )
            };
            return Ok(Fit::Stale(beyond.iter().map(words).collect()));
        }
        plan.steps = steps(
            platform,
            &self.desired,
            &plan.observed,
            &left,
            self.in_window,
        )?;
        plan.set = left;
        Ok(Fit::Fits(Box::new(plan)))
    }
}

/// The changes that are still needed and were planned, and those that were not.
fn within(needed: &ChangeSet, planned: &ChangeSet) -> (ChangeSet, Vec<Change>) {
    let was_planned = |change: &Change| {
        planned.effective().any(|planned| {
            let finishes = planned.action == Action::Create && change.action == Action::Update;
            planned.resource == change.resource && (planned.action == change.action || finishes)
        })
    };
    let (changes, beyond) = needed.effective().cloned().partition(was_planned);
    let drift = needed.drift.clone();
    (ChangeSet { changes, drift }, beyond)
}

/// A document as it stands in a file.
fn written(document: &Value) -> String {
    format!("{document:#}\n")
}

fn digest(document: &Map<String, Value>) -> String {
    // The keys stand in the order of the file, so that the text is what was written.
    sha256(Value::from(document.clone()).to_string().as_bytes())
}
