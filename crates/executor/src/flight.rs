//! One step on its way.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use pgfleet_model::{FleetName, ObjectVersion, ResourceRef, Step};
use pgfleet_provider::{ErrorKind, Operation, Provider, Scope};
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
    /// When the platform wants to be asked after it; `None`: it has not said.
    pub(crate) ask_at: Option<Instant>,
    /// What failed in other ways than by the instance being busy.
    trouble: Trouble,
    /// How often the call was turned away because the instance was busy. That may go on for long,
    /// and must not use up the patience with anything else.
    turned_away: Trouble,
    /// In which way a call about it failed last.
    pub(crate) failed_as: Option<ErrorKind>,
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
                ask_at: None,
                trouble: Trouble::default(),
                turned_away: Trouble::default(),
                failed_as: None,
                repeated: 0,
                took_effect: false,
            })
            .collect()
    }

    /// Whether the platform may be at work on it: not while a call that was turned away waits to be
    /// made again.
    pub(crate) fn may_go_on(&self) -> bool {
        match self.state {
            State::Pausing { .. } | State::Looking => self.took_effect,
            State::Beginning | State::InFlight(_) => true,
            State::Waiting | State::Done | State::Failed | State::Overdue | State::Skipped => false,
        }
    }

    /// Whether the call was refused for what passes, and so was not taken.
    pub(crate) fn was_turned_away(&self) -> bool {
        matches!(self.failed_as, Some(ErrorKind::Busy | ErrorKind::Conflict))
    }

    /// Whether it can be done only to an instance that is there.
    pub(crate) fn needs_it_there(&self) -> bool {
        use pgfleet_model::Operation as Change;
        matches!(
            self.step.mutation.operation,
            Change::Modify { .. } | Change::Start
        )
    }

    /// What the platform works on, if it does.
    pub(crate) fn operation(&self) -> Option<&Operation> {
        match &self.state {
            State::InFlight(operation) => Some(operation),
            _ => None,
        }
    }

    /// The way of a call about this step alone.
    pub(crate) fn route(&self) -> Route {
        let region = self.step.mutation.resource.region.clone();
        Route::new(self.provider.as_ref(), [region].into())
    }

    /// The platform works on it, and may have said when to ask after it. Troubles before this do
    /// not count any more.
    pub(crate) fn is_well(&mut self, retry_after: Option<Duration>) {
        self.trouble = Trouble::default();
        self.turned_away = Trouble::default();
        // No pause at all is no wish: it would be asked without end.
        let asked = retry_after.filter(|pause| !pause.is_zero());
        self.ask_at = asked.and_then(|pause| Instant::now().checked_add(pause));
    }

    /// Whether a call about it has failed since it was well.
    pub(crate) fn is_troubled(&self) -> bool {
        self.trouble.attempts + self.turned_away.attempts > 0
    }

    /// Counts a call that failed: how often it has in this way, and since when.
    pub(crate) fn count(&mut self, kind: ErrorKind) -> (u32, Duration) {
        let trouble = if kind == ErrorKind::Busy {
            // While the instance is busy nothing else can come to an end.
            self.trouble.since = None;
            &mut self.turned_away
        } else {
            &mut self.trouble
        };
        trouble.attempts += 1;
        let since = trouble.since.get_or_insert_with(Instant::now);
        (trouble.attempts, since.elapsed())
    }
}

/// Attempts that failed in one way.
#[derive(Debug, Clone, Copy, Default)]
struct Trouble {
    attempts: u32,
    /// When the first of them failed.
    since: Option<Instant>,
}
