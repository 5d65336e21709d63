//! Fleets side by side: rounds of steps, each followed by a listing.

use std::sync::Arc;

use pgfleet_model::{EventKind, FleetName, ObservedState, Outcome, Remaining, Step};
use pgfleet_planner::{FleetPlan, Replan, replan};
use pgfleet_provider::{ErrorKind, Provider, ProviderError, Scope};
use tokio::time::Instant;

use crate::{
    Options, Stop, Traffic, Urgency,
    flight::{Flight, State},
    listing::{Listing, list},
    round::Round,
    telling::{Observer, Telling, until},
};

/// After how many rounds of steps the executor gives up on a fleet that does not become as
/// planned. One is the rule; a second puts right what the platform did otherwise than asked.
const ROUNDS: usize = 3;

/// One fleet's plan and who carries it out.
pub struct Work {
    /// What is to be done.
    pub plan: FleetPlan,
    /// By whom. Fleets that share a provider share its polls and listings.
    pub provider: Arc<dyn Provider>,
    /// What a listing must cover to show this fleet.
    pub scope: Scope,
    /// Leave modifications to the maintenance window.
    pub in_window: bool,
}

/// How one fleet's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetReport {
    /// The fleet.
    pub fleet: FleetName,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether any of its calls took effect.
    pub took_effect: bool,
    /// How many differences the last listing showed; `None` where there was none.
    pub remaining: Option<usize>,
    /// The fleet as it was when it was last listed.
    pub observed: ObservedState,
}

/// What holds for all rounds of a run.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'a> {
    pub(crate) options: Options,
    /// When the run ends as a stop signal would end it.
    pub(crate) deadline: Option<Instant>,
    pub(crate) traffic: &'a Arc<Traffic>,
    pub(crate) stop: &'a Stop,
}

/// Where one fleet stands in the run.
struct Fleet {
    work: Work,
    steps: Vec<Step>,
    state: FleetState,
    took_effect: bool,
    remaining: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FleetState {
    Going,
    Failed,
    Stopped,
    Done,
}

/// Runs the plans of any number of fleets. A failure in one does not stop the others.
pub async fn execute(
    works: Vec<Work>,
    options: Options,
    traffic: &Arc<Traffic>,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Vec<FleetReport> {
    let began = Instant::now();
    let deadline = options
        .timeout
        .and_then(|timeout| began.checked_add(timeout));
    let mut telling = Telling { observer, began };
    let mut fleets: Vec<Fleet> = works
        .into_iter()
        .map(|work| Fleet {
            steps: work.plan.steps.clone(),
            work,
            state: FleetState::Going,
            took_effect: false,
            remaining: None,
        })
        .collect();
    for fleet in &fleets {
        let steps = fleet.steps.len();
        telling.tell(
            &fleet.work.plan.desired.fleet,
            EventKind::FleetStarted { steps },
        );
    }
    for _ in 0..ROUNDS {
        let limits = Limits {
            options,
            deadline,
            traffic,
            stop,
        };
        run_round(&mut fleets, limits, &mut telling).await;
        if !look_again(&mut fleets, limits, &mut telling).await {
            break;
        }
    }
    fleets
        .into_iter()
        .map(|fleet| finish(fleet, &mut telling))
        .collect()
}

/// Runs the steps that are due in every fleet that is still going.
async fn run_round(fleets: &mut [Fleet], limits: Limits<'_>, telling: &mut Telling<'_>) {
    let mut flights = Vec::new();
    for (index, fleet) in fleets.iter().enumerate() {
        if fleet.state == FleetState::Going {
            flights.extend(Flight::of(index, &fleet.work, &fleet.steps));
        }
    }
    let flights = Round::new(flights, limits, telling).run().await;
    for flight in flights {
        let fleet = &mut fleets[flight.fleet];
        fleet.took_effect |= flight.took_effect;
        match flight.state {
            State::Failed | State::Skipped if fleet.state != FleetState::Stopped => {
                fleet.state = FleetState::Failed;
            }
            State::Done | State::Failed | State::Skipped => {}
            // Whatever did not come to an end was cut short.
            _ => fleet.state = FleetState::Stopped,
        }
    }
}

/// Lists every fleet that ran to its end, and plans what it still needs. Returns whether another
/// round has anything to do.
async fn look_again(fleets: &mut [Fleet], limits: Limits<'_>, telling: &mut Telling<'_>) -> bool {
    let going = |fleet: &Fleet| fleet.state == FleetState::Going;
    if !fleets.iter().any(going) {
        return false;
    }
    let asked: Vec<usize> = (0..fleets.len())
        .filter(|index| going(&fleets[*index]))
        .collect();
    let works = asked.iter().map(|index| &fleets[*index].work);
    let listing = list_unless_polled(works.collect(), limits.traffic);
    let listings = tokio::select! {
        // The stop goes first: after it no call is made, and listing is one.
        biased;
        () = limits.stop.stopped() => return cut_short(fleets),
        () = until(limits.deadline) => return cut_short(fleets),
        listings = listing => asked.into_iter().zip(listings),
    };
    let mut more = false;
    for (index, listing) in listings {
        more |= settle(&mut fleets[index], listing, telling);
    }
    more
}

/// Takes note of what a listing shows of a fleet. Returns whether it has steps for another round.
fn settle(fleet: &mut Fleet, listing: Listing, telling: &mut Telling<'_>) -> bool {
    let name = fleet.work.plan.desired.fleet.clone();
    let platform = fleet.work.provider.platform();
    let replanned = listing.and_then(|inventory| {
        replan(&fleet.work.plan, &inventory, platform, fleet.work.in_window)
            .map_err(|cycle| ProviderError::new(ErrorKind::Internal, cycle.to_string()))
    });
    let Replan {
        observed,
        set,
        steps,
        refusals,
    } = match replanned {
        Ok(replanned) => replanned,
        Err(error) => {
            fleet.state = FleetState::Failed;
            let (why, remedy) = (error.message, error.remedy);
            telling.tell(&name, EventKind::ObserveFailed { why, remedy });
            return false;
        }
    };
    let changes = set.effective().map(|change| Remaining {
        address: change.address.clone(),
        action: change.action,
        reasons: change.reasons.clone(),
    });
    let changes: Vec<Remaining> = changes.collect();
    let remaining = changes.len();
    fleet.remaining = Some(remaining);
    fleet.work.plan.observed = observed;
    telling.tell(&name, EventKind::Observed { remaining, changes });
    // A call that was made and changed nothing is not made again; one that an earlier run seemed to
    // have made is.
    let is_new = |step: &Step| {
        let mut done = fleet.steps.iter();
        !done.any(|done| done.mutation == step.mutation)
    };
    let goes_on = refusals.is_empty() && remaining > 0 && steps.iter().any(is_new);
    if refusals.is_empty() && remaining == 0 {
        fleet.state = FleetState::Done;
    } else if goes_on {
        fleet.steps = steps;
    } else {
        fleet.state = FleetState::Failed;
    }
    for check in refusals {
        let (why, remedy) = (check.message, check.remedy);
        telling.tell(&name, EventKind::ObserveFailed { why, remedy });
    }
    goes_on
}

/// The listings of fleets after their last step. One that a poll has just made serves as well.
async fn list_unless_polled(works: Vec<&Work>, traffic: &Arc<Traffic>) -> Vec<Listing> {
    let polled: Vec<Option<Listing>> = works
        .iter()
        .map(|work| Some(Ok(work.provider.polled(&work.scope)?)))
        .collect();
    let open = works.iter().zip(&polled);
    let open = open.filter(|(_, polled)| polled.is_none());
    let requests = open.map(|(work, _)| (Arc::clone(&work.provider), work.scope.clone()));
    let mut listed = list(requests.collect(), Urgency::Result, traffic)
        .await
        .into_iter();
    polled
        .into_iter()
        .filter_map(|polled| polled.or_else(|| listed.next()))
        .collect()
}

fn cut_short(fleets: &mut [Fleet]) -> bool {
    for fleet in fleets
        .iter_mut()
        .filter(|fleet| fleet.state == FleetState::Going)
    {
        fleet.state = FleetState::Stopped;
    }
    false
}

fn finish(fleet: Fleet, telling: &mut Telling<'_>) -> FleetReport {
    let outcome = match fleet.state {
        FleetState::Done => Outcome::Done,
        FleetState::Stopped => Outcome::Stopped,
        FleetState::Failed | FleetState::Going if fleet.took_effect => Outcome::FailedPartly,
        FleetState::Failed | FleetState::Going => Outcome::Failed,
    };
    let name = fleet.work.plan.desired.fleet;
    telling.tell(&name, EventKind::FleetFinished { outcome });
    let observed = fleet.work.plan.observed;
    FleetReport {
        fleet: name,
        outcome,
        took_effect: fleet.took_effect,
        remaining: fleet.remaining,
        observed,
    }
}
