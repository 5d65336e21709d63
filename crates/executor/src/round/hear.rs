//! What is decided when a provider has answered.

use std::{collections::BTreeSet, time::Duration};

use pgfleet_model::{EventKind, Inventory, StepId};
use pgfleet_planner::Standing;
use pgfleet_provider::{ErrorKind, Operation, PaceChange, Progress, ProviderError, Retry, Until};
use tokio::time::Instant;

use super::{Answer, Round};
use crate::{flight::State, telling::since, traffic::Change};

impl Round<'_, '_> {
    pub(super) fn hear(&mut self, answer: Answer) {
        self.tell_changes_of_pace(&answer);
        match answer {
            // It was left to the next run, whatever comes of it.
            Answer::Begun(index, _) | Answer::Looked(index, _)
                if self.flights[index].state == State::Overdue => {}
            Answer::Begun(index, Ok(operation)) => self.accepted(index, operation),
            Answer::Begun(index, Err(error)) => self.failed_once(index, &error),
            Answer::Looked(index, Ok(inventory)) => self.looked(index, &inventory),
            // Not being able to look is as passing as what made it necessary to look.
            Answer::Looked(index, Err(error)) => {
                let retry = match error.retry {
                    Retry::Never => Retry::Never,
                    passing => Retry::Reobserve.not_before(passing.asked_pause()),
                };
                self.failed_once(index, &error.retry(retry));
            }
            Answer::Polled(number, members, answers) => self.polled(number, &members, answers),
        }
    }

    /// Tells the fleet whose call it was how its platform's line has changed.
    fn tell_changes_of_pace(&mut self, answer: &Answer) {
        let index = match answer {
            Answer::Begun(index, _) | Answer::Looked(index, _) => Some(index),
            Answer::Polled(_, members, _) => members.first(),
        };
        let Some(flight) = index.and_then(|index| self.flights.get(*index)) else {
            return;
        };
        for Change {
            provider,
            region,
            pace,
        } in self.limits.traffic.changes()
        {
            let PaceChange {
                before,
                after,
                most,
            } = pace;
            let kind = EventKind::PaceChanged {
                provider,
                region,
                before,
                after,
                most,
            };
            self.telling.tell(&flight.name, kind);
        }
    }

    fn accepted(&mut self, index: usize, operation: Operation) {
        let flight = &mut self.flights[index];
        flight.took_effect = true;
        flight.is_well(operation.retry_after);
        let reached = operation.until == Until::Reached;
        flight.state = State::InFlight(operation);
        flight.asked_after = false;
        let kind = EventKind::StepAccepted {
            step: flight.step.id,
            address: flight.step.address.clone(),
        };
        self.telling.tell(&flight.name, kind);
        if reached {
            return self.done(index);
        }
        let number = self.poller_of(&self.flights[index]);
        self.schedule_poll(number);
    }

    /// Sets the time of a provider's next poll: when the platform wants to be asked after the first
    /// of its operations; where it has not said, at once for what it was not asked after yet, else by
    /// the age of the youngest.
    pub(super) fn schedule_poll(&mut self, number: usize) {
        let members: Vec<usize> = self.in_flight(number).collect();
        let members = || members.iter().map(|index| &self.flights[*index]);
        let asked = members().filter_map(|flight| flight.ask_at).min();
        let open = || members().filter(|flight| flight.ask_at.is_none());
        let polls = self.limits.options.polls;
        let pause = if open().any(|flight| !flight.asked_after) {
            // Steps that began together are asked after together: the first poll waits for the
            // last of their answers, though not for long.
            let waits = self.any_on_the_wire(number);
            Some(if waits {
                polls.shortest
            } else {
                Duration::ZERO
            })
        } else {
            let youngest = open().filter_map(|flight| flight.began).map(since).min();
            youngest.map(|age| polls.pause(age))
        };
        let ours = pause.map(|pause| Instant::now() + pause);
        self.pollers[number].next = [asked, ours].into_iter().flatten().min();
    }

    fn polled(
        &mut self,
        number: usize,
        members: &[usize],
        answers: Vec<Result<Progress, ProviderError>>,
    ) {
        let mut not_before = Duration::ZERO;
        for (index, answer) in members.iter().zip(answers) {
            match answer {
                _ if self.flights[*index].state == State::Overdue => {}
                Ok(Progress::Done) => self.done(*index),
                Ok(Progress::Running { retry_after }) => self.flights[*index].is_well(retry_after),
                Err(error) => not_before = not_before.max(self.poll_failed(*index, &error)),
            }
        }
        self.pollers[number].running = false;
        self.schedule_poll(number);
        // One poll asks for all: who was told to wait makes the others wait.
        let next = &mut self.pollers[number].next;
        *next = next.map(|next| next.max(Instant::now() + not_before));
    }

    /// A poll that fails in a way that passes is made again with the others; the operation goes
    /// on meanwhile. Returns how long the next poll has to wait.
    fn poll_failed(&mut self, index: usize, error: &ProviderError) -> Duration {
        match self.pause(index, error) {
            Err(error) => self.failed(index, &error),
            Ok(_) if error.retry.looks_first() => {
                let asked = error.retry.asked_pause().unwrap_or_default();
                self.flights[index].state = State::Pausing {
                    until: Instant::now() + asked,
                    look: true,
                };
            }
            Ok(wait) => {
                self.tell_retry(index, error, wait);
                return wait;
            }
        }
        Duration::ZERO
    }

    /// A call failed; it is repeated if its error allows.
    fn failed_once(&mut self, index: usize, error: &ProviderError) {
        let flight = &mut self.flights[index];
        flight.failed_as = Some(error.kind);
        // An answer that was lost may hide an effect.
        flight.took_effect |= error.retry.looks_first() && error.kind == ErrorKind::Unreachable;
        match self.pause(index, error) {
            Err(error) => self.failed(index, &error),
            Ok(wait) => {
                let flight = &mut self.flights[index];
                // What keeps an instance busy may be the same change, begun by an earlier run, which is
                // done by the time.
                let alters = matches!(
                    flight.step.mutation.operation,
                    pgfleet_model::Operation::Modify { .. }
                );
                let look = error.retry.looks_first() || (alters && error.kind == ErrorKind::Busy);
                flight.state = State::Pausing {
                    until: Instant::now() + wait,
                    look,
                };
                self.tell_retry(index, error, wait);
            }
        }
    }

    /// How long to wait until a call that failed is made again; the error to fail with where it is
    /// not.
    fn pause(&mut self, index: usize, error: &ProviderError) -> Result<Duration, ProviderError> {
        let flight = &mut self.flights[index];
        let (attempts, since) = flight.count(error.kind);
        let backoff = self.limits.options.backoff;
        let backoff = match error.kind {
            ErrorKind::Busy => backoff.while_busy(),
            // What was looked at has changed before the call: to look again is all it takes.
            ErrorKind::Conflict => backoff.while_moving(),
            // Somebody has deleted it: it does not come back, and to make it anew takes a new plan.
            ErrorKind::NotFound if flight.needs_it_there() => backoff.while_gone(),
            _ => backoff,
        };
        let route = flight.route();
        self.limits
            .traffic
            .pause(&route, error, backoff, attempts, since)
            .map_err(|why| why.told(error.clone(), &route))
    }

    fn tell_retry(&mut self, index: usize, error: &ProviderError, wait: Duration) {
        let flight = &self.flights[index];
        let kind = EventKind::StepRetried {
            step: flight.step.id,
            address: flight.step.address.clone(),
            why: error.message.clone(),
            wait,
        };
        self.telling.tell(&flight.name, kind);
    }

    /// Decides by a listing what became of a call whose answer does not tell.
    fn looked(&mut self, index: usize, inventory: &Inventory) {
        let flight = &mut self.flights[index];
        let mutation = &flight.step.mutation;
        let live = inventory.get(&mutation.resource);
        flight.expect = live.and_then(|live| live.version.clone());
        match flight.provider.platform().standing(mutation, live) {
            Standing::Done => self.done(index),
            // It is somebody else's change that goes on, and a call that was turned away was not taken.
            Standing::Running if flight.failed_as == Some(ErrorKind::Busy) => {
                flight.state = State::Pausing {
                    until: Instant::now(),
                    look: false,
                };
            }
            Standing::Running => {
                let operation = Operation {
                    mutation: mutation.clone(),
                    until: Until::Holds,
                    retry_after: None,
                };
                self.accepted(index, operation);
            }
            // What is taken again and again and never comes about is no passing trouble.
            Standing::NotBegun if flight.repeated >= self.limits.options.backoff.attempts => {
                let why = format!("{} never came about", flight.step.call);
                let error = ProviderError::new(ErrorKind::Internal, why)
                    .remedy("look at the platform's own log of the instance");
                self.failed(index, &error);
            }
            Standing::NotBegun => {
                let repeated = flight.repeated;
                flight.repeated += u32::from(!flight.was_turned_away());
                let until = Instant::now() + self.until_shown(repeated);
                self.flights[index].state = State::Pausing { until, look: false };
            }
            Standing::Failed(why) => {
                let error = ProviderError::new(ErrorKind::Conflict, why);
                self.failed(index, &error);
            }
        }
    }

    /// How long to wait before a call is made that was made so often and does not show in a listing,
    /// which may lag behind.
    fn until_shown(&self, repeated: u32) -> Duration {
        let backoff = self.limits.options.backoff;
        let pause = backoff.pause(Retry::Backoff, repeated, Duration::ZERO, 1.0);
        pause.unwrap_or_default()
    }

    fn done(&mut self, index: usize) {
        let flight = &mut self.flights[index];
        flight.state = State::Done;
        flight.took_effect = true;
        let kind = EventKind::StepDone {
            step: flight.step.id,
            address: flight.step.address.clone(),
            call: flight.step.call.clone(),
            took: flight.began.map(since).unwrap_or_default(),
        };
        self.telling.tell(&flight.name, kind);
        // The instance has moved on from the revision that the plan was made from.
        let (fleet, resource) = (flight.fleet, flight.step.mutation.resource.clone());
        for other in self.flights.iter_mut().filter(|other| other.fleet == fleet) {
            if other.step.mutation.resource == resource && other.state == State::Waiting {
                other.expect = None;
            }
        }
    }

    fn failed(&mut self, index: usize, error: &ProviderError) {
        let flight = &mut self.flights[index];
        flight.state = State::Failed;
        let kind = EventKind::StepFailed {
            step: flight.step.id,
            address: flight.step.address.clone(),
            why: error.message.clone(),
            remedy: error.remedy.clone(),
        };
        self.telling.tell(&flight.name, kind);
        let (fleet, id) = (flight.fleet, flight.step.id);
        self.skip_after(fleet, id);
    }

    /// Skips all that waits, directly or not, for a step that failed.
    pub(super) fn skip_after(&mut self, fleet: usize, failed: StepId) {
        let mut gone = BTreeSet::from([failed]);
        // Steps are listed in an order that can be run: one pass finds all that follow.
        for flight in self
            .flights
            .iter_mut()
            .filter(|flight| flight.fleet == fleet)
        {
            let waits_for_gone = flight.step.after.iter().any(|id| gone.contains(id));
            if flight.state == State::Waiting && waits_for_gone {
                flight.state = State::Skipped;
                gone.insert(flight.step.id);
                let kind = EventKind::StepSkipped {
                    step: flight.step.id,
                    address: flight.step.address.clone(),
                    because: failed,
                };
                self.telling.tell(&flight.name, kind);
            }
        }
    }
}
