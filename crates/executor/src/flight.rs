//! One step on its way.

use std::{collections::BTreeMap, sync::Arc};

use pgfleet_model::{FleetName, ObjectVersion, ResourceRef, Step};
use pgfleet_provider::{Operation, Provider, Scope};
use tokio::time::Instant;

use crate::{Work, traffic::Route};

/// Where a step is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    /// Not begun: it waits for others, for its lane, or for room.
    Waiting,
    /// Its call is on the wire.
    Beginning,
    /// Its call failed in a way that passes, and is made again at this time.
    Pausing {
        until: Instant,
        /// Whether to look first what became of the call.
        look: bool,
    },
    /// The provider is being listed to see what became of its call.
    Looking,
    /// The platform works on it.
    InFlight(Operation),
    Done,
    Failed,
    /// It has taken longer than a step may take, and is left to the next run.
    Overdue,
    /// One that it waits for failed.
    Skipped,
}

impl State {
    /// Whether it has a lane and counts against the parallelism.
    pub(crate) fn is_active(&self) -> bool {
        match self {
            Self::Beginning | Self::Pausing { .. } | Self::Looking | Self::InFlight(_) => true,
            Self::Waiting | Self::Done | Self::Failed | Self::Overdue | Self::Skipped => false,
        }
    }
}

/// One step, with all that is needed to carry it out.
pub(crate) struct Flight {
    pub(crate) fleet: usize,
    pub(crate) name: FleetName,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) scope: Scope,
    pub(crate) step: Step,
    pub(crate) state: State,
    pub(crate) expect: Option<ObjectVersion>,
    pub(crate) began: Option<Instant>,
    /// Whether the platform has been asked after the operation in flight.
    pub(crate) asked_after: bool,
    pub(crate) attempts: u32,
    /// When the first of these attempts failed.
    pub(crate) troubled: Option<Instant>,
    /// Whether the last call was turned away because something else was going on.
    pub(crate) busy: bool,
    /// How often a listing showed that the call has to be made again.
    pub(crate) repeated: u32,
    /// Whether the call may have changed something.
    pub(crate) took_effect: bool,
}

impl Flight {
    pub(crate) fn of(fleet: usize, work: &Work, steps: &[Step]) -> Vec<Self> {
        let observed = &work.plan.observed;
        let versions: BTreeMap<&ResourceRef, &ObjectVersion> = observed
            .owned()
            .filter_map(|live| Some((&live.resource, live.version.as_ref()?)))
            .collect();
        steps
            .iter()
            .map(|step| Self {
                fleet,
                name: work.plan.desired.fleet.clone(),
                provider: Arc::clone(&work.provider),
                scope: work.scope.clone(),
                expect: versions
                    .get(&step.mutation.resource)
                    .map(|version| (*version).clone()),
                step: step.clone(),
                state: State::Waiting,
                began: None,
                asked_after: false,
                attempts: 0,
                troubled: None,
                busy: false,
                repeated: 0,
                took_effect: false,
            })
            .collect()
    }

    /// The way of a call about this step alone.
    pub(crate) fn route(&self) -> Route {
        let region = self.step.mutation.resource.region.clone();
        Route::new(self.provider.as_ref(), [region].into())
    }

    /// The platform has answered well: troubles before this do not count any more.
    pub(crate) fn is_well(&mut self) {
        self.attempts = 0;
        self.troubled = None;
    }
}
