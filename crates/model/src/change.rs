//! What would change, and what differs without being changed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Address, Attributes, Field, FieldChange, ResourceRef, Value};

/// What is done to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It is made.
    Create,
    /// It is altered in place.
    Update,
    /// It is removed.
    Delete,
}

/// Why a change is made. One function of the planner decides each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Reason {
    /// The plan wants it and it is not there.
    Missing,
    /// An earlier run began it and it is not finished.
    InFlight,
    /// It cannot be mended in place.
    Rebuild,
    /// It is not running.
    Stopped,
    /// The plan no longer wants it.
    NotInPlan,
    /// The whole fleet is taken down.
    Destroyed,
    /// An attribute differs.
    Field(Field),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Missing => "missing",
            Self::InFlight => "in-flight",
            Self::Rebuild => "rebuild",
            Self::Stopped => "stopped",
            Self::NotInPlan => "not-in-plan",
            Self::Destroyed => "destroyed",
            Self::Field(field) => field.as_str(),
        })
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.to_string()
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        match text.as_str() {
            "missing" => Self::Missing,
            "in-flight" => Self::InFlight,
            "rebuild" => Self::Rebuild,
            "stopped" => Self::Stopped,
            "not-in-plan" => Self::NotInPlan,
            "destroyed" => Self::Destroyed,
            _ => Self::Field(text.into()),
        }
    }
}

/// What happens to one instance. A change is known by (address, action): a rebuild is a delete
/// and a create at one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The place in the fleet.
    pub address: Address,
    /// The name with the provider.
    pub resource: ResourceRef,
    /// What is done.
    pub action: Action,
    /// Why; empty only for a no-op.
    pub reasons: Vec<Reason>,
    /// A sentence for people where the reasons alone do not tell enough.
    pub detail: Option<String>,
    /// What it is; `None` where it does not exist.
    pub before: Option<Attributes>,
    /// What it will be; `None` where it will not exist.
    pub after: Option<Attributes>,
    /// The attributes that an update alters.
    pub fields: Vec<FieldChange>,
}

/// Every change that a fleet needs, at most one per (address, action), no-ops included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// The changes in order of address; a delete stands before a create at the same address.
    pub changes: Vec<Change>,
    /// What differs and stays as it is.
    pub drift: Vec<Drift>,
}

impl ChangeSet {
    /// The changes that do something.
    pub fn effective(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|change| change.action != Action::NoOp)
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.effective().next().is_none()
    }

    /// How many changes have this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    }
}

/// Something observed that the plan does not declare, or that apply will not put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The instance; `None` where it has no address in this fleet.
    pub address: Option<Address>,
    /// The name with the provider.
    pub resource: ResourceRef,
    /// Which attribute, where it is about one.
    pub field: Option<Field>,
    /// What the plan says.
    pub wanted: Option<Value>,
    /// What is there.
    pub observed: Option<Value>,
    /// Why it is left as it is.
    pub reason: DriftReason,
}

/// Why a difference is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftReason {
    /// It is more than the plan asks for, which satisfies the plan.
    Grown,
    /// The platform will make it so without a further call.
    Pending,
    /// It is not ours.
    NotOurs,
}
