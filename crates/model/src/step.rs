//! Changes as calls in an order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Address, DesiredInstance, FieldChange, Owner, ResourceRef};

/// Number of a step in its plan, from 1.
pub type StepId = u32;

/// What the users of an instance notice of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disruption {
    /// Nothing.
    None,
    /// Connections end and come back within about a minute.
    Restart,
    /// Connections end while another machine takes over.
    Failover,
    /// Writes are refused for a while.
    ReadOnly,
}

impl fmt::Display for Disruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Restart => "restart",
            Self::Failover => "failover",
            Self::ReadOnly => "read-only",
        })
    }
}

/// Mutations of one lane run one at a time: the instance on AWS and this machine, the primary
/// with all its replicas on Google and Azure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lane(pub ResourceRef);

/// One call of a provider that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutation {
    /// Whose instance it is: these become its tags.
    pub owner: Owner,
    /// The instance that it changes.
    pub resource: ResourceRef,
    /// What it does.
    pub operation: Operation,
    /// An earlier run began it: attach to that where it still runs, and begin it anew where it
    /// does not.
    pub resume: bool,
}

/// What a mutation does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "operation")]
pub enum Operation {
    /// Makes a primary.
    CreatePrimary {
        /// What it shall be.
        desired: Box<DesiredInstance>,
    },
    /// Makes a replica.
    CreateReplica {
        /// What it shall be.
        desired: Box<DesiredInstance>,
        /// Whom it follows.
        source: ResourceRef,
    },
    /// Alters attributes in place.
    Modify {
        /// Which, from what to what.
        fields: Vec<FieldChange>,
        /// Leave it to the maintenance window.
        in_window: bool,
    },
    /// Starts what is stopped.
    Start,
    /// Removes it.
    Delete {
        /// Whether a last snapshot is taken.
        final_snapshot: bool,
        /// Whom a replica follows: on some platforms the source keeps something for it.
        source: Option<ResourceRef>,
    },
}

impl Operation {
    /// A verb for people: "create", "change", ...
    pub fn verb(&self) -> &'static str {
        match self {
            Self::CreatePrimary { .. } | Self::CreateReplica { .. } => "create",
            Self::Modify { .. } => "change",
            Self::Start => "start",
            Self::Delete { .. } => "delete",
        }
    }

    /// Whether it makes an instance.
    pub fn is_create(&self) -> bool {
        matches!(
            self,
            Self::CreatePrimary { .. } | Self::CreateReplica { .. }
        )
    }
}

/// A mutation in its place in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number in the fleet's plan, from 1. Steps are listed in an order that can be run.
    pub id: StepId,
    /// The instance's place in the fleet.
    pub address: Address,
    /// The call as the vendor names it.
    pub call: String,
    /// The steps that must have succeeded before.
    pub after: Vec<StepId>,
    /// What runs in the same lane runs one at a time.
    pub lane: Lane,
    /// What users notice.
    pub disruption: Disruption,
    /// About how long it takes, in seconds, where that is known.
    pub expected_seconds: Option<u32>,
    /// The call itself.
    pub mutation: Mutation,
}
