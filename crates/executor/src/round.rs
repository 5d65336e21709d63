//! Steps side by side: a small event loop over calls, pauses and polls.
//!
//! Every call is a future; everything that is decided is decided here, between them, so that a
//! stop takes effect between two calls and never in the middle of a decision.

mod hear;
mod overdue;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use pgfleet_model::{EventKind, Inventory, Lane, StepId};
use pgfleet_provider::{ErrorKind, Operation, Progress, Provider, ProviderError, Secrets};
use tokio::time::Instant;

use crate::{
    fleet::Limits,
    flight::{Flight, State},
    telling::{Telling, since, until},
    traffic::{Opening, Route},
    watched::regions_of,
};

/// What came back from a provider.
enum Answer {
    Begun(usize, Result<Operation, ProviderError>),
    Looked(usize, Result<Inventory, ProviderError>),
    Polled(usize, Vec<usize>, Vec<Result<Progress, ProviderError>>),
}

/// The polls of one provider.
struct Poller {
    provider: Arc<dyn Provider>,
    next: Option<Instant>,
    running: bool,
}

pub(crate) struct Round<'a, 'b> {
    flights: Vec<Flight>,
    pollers: Vec<Poller>,
    calls: FuturesUnordered<BoxFuture<'static, Answer>>,
    limits: Limits<'a>,
    stopping: Option<Instant>,
    telling: &'a mut Telling<'b>,
    next_tick: Option<Instant>,
    /// For each flight, the flights that must have succeeded before it.
    forerunners: Vec<Vec<usize>>,
}

impl<'a, 'b> Round<'a, 'b> {
    pub(crate) fn new(
        flights: Vec<Flight>,
        limits: Limits<'a>,
        telling: &'a mut Telling<'b>,
    ) -> Self {
        let mut pollers: Vec<Poller> = Vec::new();
        for flight in &flights {
            if !pollers
                .iter()
                .any(|poller| Arc::ptr_eq(&poller.provider, &flight.provider))
            {
                let provider = Arc::clone(&flight.provider);
                pollers.push(Poller {
                    provider,
                    next: None,
                    running: false,
                });
            }
        }
        let places: BTreeMap<(usize, StepId), usize> = flights
            .iter()
            .enumerate()
            .map(|(index, flight)| ((flight.fleet, flight.step.id), index))
            .collect();
        let forerunners = flights
            .iter()
            .map(|flight| {
                let ids = flight.step.after.iter();
                ids.filter_map(|id| places.get(&(flight.fleet, *id)).copied())
                    .collect()
            })
            .collect();
        let next_tick = telling
            .observer
            .tick_every()
            .map(|every| Instant::now() + every);
        Self {
            next_tick,
            forerunners,
            flights,
            pollers,
            calls: FuturesUnordered::new(),
            limits,
            stopping: None,
            telling,
        }
    }

    /// Runs the steps until all have ended, or the run is stopped. Steps that were cut short keep
    /// the state in which they were.
    pub(crate) async fn run(mut self) -> Vec<Flight> {
        loop {
            let now = Instant::now();
            let late = self.limits.deadline.is_some_and(|deadline| now >= deadline);
            if self.stopping.is_none() && (late || self.limits.stop.is_stopped()) {
                self.stopping = Some(now + self.limits.options.grace);
            }
            if self.stopping.is_none() {
                self.leave_what_is_overdue();
                self.begin_what_is_due();
                self.poll_what_is_due();
            }
            if !self.goes_on() {
                break;
            }
            let wake = self.next_wake();
            let stopping = self.stopping.is_some();
            tokio::select! {
                Some(answer) = self.calls.next() => self.hear(answer),
                () = until(wake) => {
                    if self.stopping.is_some_and(|end| Instant::now() >= end) {
                        break;
                    }
                    self.tick();
                }
                () = self.limits.stop.stopped(), if !stopping => {}
            }
        }
        self.name_what_is_left();
        self.flights
    }

    /// Whether anything is still to be waited for.
    fn goes_on(&self) -> bool {
        let on_the_wire = self
            .flights
            .iter()
            .any(|flight| flight.state == State::Beginning);
        if self.stopping.is_some() {
            return on_the_wire;
        }
        if self.limits.options.no_wait {
            // What cannot be begun without waiting is left to the next run.
            return on_the_wire
                || self
                    .flights
                    .iter()
                    .any(|flight| matches!(flight.state, State::Pausing { .. } | State::Looking));
        }
        self.flights
            .iter()
            .any(|flight| flight.state.is_active() || flight.state == State::Waiting)
    }

    fn begin_what_is_due(&mut self) {
        let now = Instant::now();
        let active = self
            .flights
            .iter()
            .filter(|flight| flight.state.is_active());
        let mut room = self
            .limits
            .options
            .parallelism
            .max(1)
            .saturating_sub(active.clone().count());
        let mut lanes: BTreeSet<(usize, Lane)> = active
            .map(|flight| (self.poller_of(flight), flight.step.lane.clone()))
            .collect();
        for index in 0..self.flights.len() {
            let flight = &self.flights[index];
            match flight.state {
                State::Pausing { until, look } if until <= now && self.is_open(flight) => {
                    if look {
                        self.look(index);
                    } else {
                        self.begin(index);
                    }
                }
                // The lane is taken last: only by a step that is then begun.
                State::Waiting
                    if room > 0
                        && self.forerunners_are_done(index)
                        && self.is_open(flight)
                        && lanes.insert((self.poller_of(flight), flight.step.lane.clone())) =>
                {
                    room -= 1;
                    self.begin_first(index);
                }
                _ => {}
            }
        }
    }

    /// Whether its platform takes another call now.
    fn is_open(&self, flight: &Flight) -> bool {
        self.limits.traffic.opening(&flight.route()) == Opening::Now
    }

    fn forerunners_are_done(&self, index: usize) -> bool {
        self.forerunners[index]
            .iter()
            .all(|first| self.flights[*first].state == State::Done)
    }

    /// The number of a flight's provider. Lanes exclude each other within a provider only.
    fn poller_of(&self, flight: &Flight) -> usize {
        let same = |poller: &Poller| Arc::ptr_eq(&poller.provider, &flight.provider);
        self.pollers.iter().position(same).unwrap_or_default()
    }

    fn begin_first(&mut self, index: usize) {
        let flight = &mut self.flights[index];
        flight.began = Some(Instant::now());
        let kind = EventKind::StepStarted {
            step: flight.step.id,
            address: flight.step.address.clone(),
            resource_id: flight.step.mutation.resource.to_string(),
            call: flight.step.call.clone(),
            verb: flight.step.mutation.operation.verb().to_owned(),
            expected_seconds: flight.step.expected_seconds,
        };
        self.telling.tell(&flight.name, kind);
        self.begin(index);
    }

    fn begin(&mut self, index: usize) {
        let flight = &mut self.flights[index];
        flight.state = State::Beginning;
        let provider = Arc::clone(&flight.provider);
        let mutation = flight.step.mutation.clone();
        let expect = flight.expect.clone();
        let call = self
            .limits
            .traffic
            .enter(flight.route(), flight.is_troubled());
        self.calls.push(Box::pin(async move {
            let answer = provider.begin(&mutation, expect.as_ref(), &Secrets).await;
            call.end(answer.as_ref().err());
            Answer::Begun(index, answer)
        }));
    }

    fn look(&mut self, index: usize) {
        let flight = &mut self.flights[index];
        flight.state = State::Looking;
        let provider = Arc::clone(&flight.provider);
        let scope = flight.scope.clone();
        let route = Route::new(provider.as_ref(), scope.regions.clone());
        let call = self.limits.traffic.enter(route, true);
        self.calls.push(Box::pin(async move {
            let answer = provider.observe(&scope).await;
            call.end(answer.as_ref().err());
            Answer::Looked(index, answer)
        }));
    }

    fn poll_what_is_due(&mut self) {
        if self.limits.options.no_wait {
            return;
        }
        let now = Instant::now();
        for number in 0..self.pollers.len() {
            let poller = &self.pollers[number];
            if poller.running || poller.next.is_none_or(|next| next > now) {
                continue;
            }
            let provider = Arc::clone(&poller.provider);
            // An operation that the platform wants to be left alone for longer is.
            let is_due = |index: &usize| self.flights[*index].ask_at.is_none_or(|at| at <= now);
            let members: Vec<usize> = self.in_flight(number).filter(is_due).collect();
            if members.is_empty() {
                self.schedule_poll(number);
                continue;
            }
            let operations: Vec<Operation> = members
                .iter()
                .filter_map(|index| self.flights[*index].operation().cloned())
                .collect();
            let regions = regions_of(operations.iter().map(|operation| &operation.mutation));
            let route = Route::new(provider.as_ref(), regions);
            // There is one poll at a time: it waits for the platform, and for no other call.
            if let Opening::At(time) = self.limits.traffic.opening(&route) {
                self.pollers[number].next = Some(time);
                continue;
            }
            let call = self.limits.traffic.enter(route, false);
            for index in &members {
                self.flights[*index].asked_after = true;
            }
            self.pollers[number].running = true;
            self.calls.push(Box::pin(async move {
                let answers = provider.poll(&operations).await;
                call.end_by_region(|region| {
                    let of_region = operations.iter().zip(&answers);
                    of_region
                        .filter(|(operation, _)| operation.mutation.resource.region == *region)
                        .filter_map(|(_, answer)| answer.as_ref().err())
                        .max_by_key(|error| error.kind == ErrorKind::Throttled)
                });
                Answer::Polled(number, members, answers)
            }));
        }
    }

    /// The flights that one provider works on.
    fn in_flight(&self, poller: usize) -> impl Iterator<Item = usize> {
        let provider = &self.pollers[poller].provider;
        let flights = self.flights.iter().enumerate();
        let of_provider = flights.filter(|(_, flight)| Arc::ptr_eq(&flight.provider, provider));
        of_provider
            .filter(|(_, flight)| flight.operation().is_some())
            .map(|(index, _)| index)
    }

    /// Whether a call to this provider has not been answered yet.
    fn any_on_the_wire(&self, poller: usize) -> bool {
        self.flights
            .iter()
            .any(|flight| flight.state == State::Beginning && self.poller_of(flight) == poller)
    }

    /// When to look around again without having heard anything.
    fn next_wake(&self) -> Option<Instant> {
        if self.stopping.is_some() {
            return self.stopping;
        }
        let now = Instant::now();
        let pauses = self.flights.iter().filter_map(|flight| match flight.state {
            // What should have been made by now waits for its line.
            State::Pausing { until, .. } if until > now => Some(until),
            _ => None,
        });
        let polls = self.pollers.iter().filter(|poller| !poller.running);
        let polls = polls.filter_map(|poller| poller.next);
        pauses
            .chain(polls)
            .chain(self.limits.traffic.next_opening())
            .chain(self.next_overdue())
            .chain(self.limits.deadline)
            .chain(self.next_tick)
            .min()
    }

    /// Lets the observer hear now and then that long work goes on.
    fn tick(&mut self) {
        if self.next_tick.is_none_or(|next| next > Instant::now()) {
            return;
        }
        let flights = self
            .flights
            .iter()
            .filter(|flight| flight.state.is_active());
        let in_flight: Vec<_> = flights
            .map(|flight| {
                let what = format!("{} {}", flight.step.call, flight.step.mutation.resource);
                (
                    flight.name.clone(),
                    what,
                    flight.began.map(since).unwrap_or_default(),
                )
            })
            .collect();
        self.telling.observer.tick(&in_flight);
        let every = self.telling.observer.tick_every();
        self.next_tick = every.map(|every| Instant::now() + every);
    }

    /// Names what was begun and has not ended.
    fn name_what_is_left(&mut self) {
        for flight in self.flights.iter().filter(|flight| flight.may_go_on()) {
            let kind = EventKind::StepLeft {
                step: flight.step.id,
                address: flight.step.address.clone(),
                resource_id: flight.step.mutation.resource.to_string(),
                call: flight.step.call.clone(),
            };
            self.telling.tell(&flight.name, kind);
        }
    }
}
