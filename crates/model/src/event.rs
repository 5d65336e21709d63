//! What happens during an apply, as data. The executor emits events; the renderer turns them into
//! lines; nothing else tells people how a run goes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Action, Address, FleetName, ProviderKind, Reason, Region, StepId};

/// Something that happened in a fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Where.
    pub fleet: FleetName,
    /// Since the run began.
    #[serde(with = "seconds", rename = "elapsed_seconds")]
    pub elapsed: Duration,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The fleet's steps are about to run.
    FleetStarted {
        /// How many steps there are.
        steps: usize,
    },
    /// A step's call is about to be made.
    StepStarted {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// The vendor's identifier.
        resource_id: String,
        /// The call.
        call: String,
        /// What is done, for people: "create", "delete", ...
        verb: String,
        /// About how long it takes, in seconds.
        expected_seconds: Option<u32>,
    },
    /// A call failed in a way that passes, and is made again.
    StepRetried {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// What failed.
        why: String,
        /// How long is waited, in seconds.
        #[serde(with = "seconds", rename = "wait_seconds")]
        wait: Duration,
    },
    /// The platform took the call; its work goes on.
    StepAccepted {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
    },
    /// The step's work is done.
    StepDone {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// The call.
        call: String,
        /// How long it took, in seconds.
        #[serde(with = "seconds", rename = "took_seconds")]
        took: Duration,
    },
    /// The step failed for good.
    StepFailed {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// What failed.
        why: String,
        /// What to do about it; empty where nothing is known.
        remedy: String,
    },
    /// The step has taken longer than a step may take. What the platform does of it goes on, and the
    /// next run attaches to it.
    StepOverdue {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// The vendor's identifier.
        resource_id: String,
        /// The call.
        call: String,
        /// How long it was waited for, in seconds.
        #[serde(with = "seconds", rename = "waited_seconds")]
        waited: Duration,
    },
    /// A platform throttles, or takes more calls again: how many are made at once has changed.
    PaceChanged {
        /// The platform.
        provider: ProviderKind,
        /// The region.
        region: Region,
        /// Calls at once before.
        before: u32,
        /// Calls at once from now on: fewer than before where the platform throttles.
        after: u32,
        /// Calls at once where nothing is throttled.
        most: u32,
    },
    /// The step was not run, since one that it waits for failed.
    StepSkipped {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// The step that failed.
        because: StepId,
    },
    /// The step was in flight when the run stopped.
    StepLeft {
        /// Which step.
        step: StepId,
        /// The instance.
        address: Address,
        /// The vendor's identifier.
        resource_id: String,
        /// The call.
        call: String,
    },
    /// The fleet was listed once more after the steps.
    Observed {
        /// How much is still to change; 0: the plan is empty.
        remaining: usize,
        /// What that is.
        changes: Vec<Remaining>,
    },
    /// The fleet could not be listed after the steps, so it is not known whether it is as planned.
    ObserveFailed {
        /// What failed.
        why: String,
        /// What to do about it; empty where nothing is known.
        remedy: String,
    },
    /// The fleet's run is over.
    FleetFinished {
        /// How it ended.
        outcome: Outcome,
    },
}

/// A change that is still to be made after the last step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Where.
    pub address: Address,
    /// What is to be done.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// How the run of one fleet ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything is as planned.
    Done,
    /// It failed before anything took effect.
    Failed,
    /// It failed after something took effect.
    FailedPartly,
    /// It was stopped while work was unfinished.
    Stopped,
}

mod seconds {
    //! Durations as seconds with three places: what a script wants to read.
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(input)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}
