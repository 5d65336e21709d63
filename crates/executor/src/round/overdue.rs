//! Steps that take longer than a step may take.

use pgfleet_model::EventKind;
use tokio::time::Instant;

use super::Round;
use crate::{
    flight::{Flight, State},
    telling::since,
};

impl Round<'_, '_> {
    /// Leaves what has taken too long to the next run. Nobody knows whether it still comes about, so
    /// it has not failed; but nothing that waits for it can begin.
    pub(super) fn leave_what_is_overdue(&mut self) {
        let now = Instant::now();
        for index in 0..self.flights.len() {
            let flight = &self.flights[index];
            if self.bound(flight).is_none_or(|bound| bound > now) {
                continue;
            }
            let flight = &mut self.flights[index];
            flight.state = State::Overdue;
            flight.took_effect = true;
            let kind = EventKind::StepOverdue {
                step: flight.step.id,
                address: flight.step.address.clone(),
                resource_id: flight.step.mutation.resource.to_string(),
                call: flight.step.call.clone(),
                waited: flight.began.map(since).unwrap_or_default(),
            };
            self.telling.tell(&flight.name, kind);
            let (fleet, id) = (flight.fleet, flight.step.id);
            self.skip_after(fleet, id);
        }
    }

    /// When the next step becomes overdue.
    pub(super) fn next_overdue(&self) -> Option<Instant> {
        let flights = self.flights.iter();
        flights.filter_map(|flight| self.bound(flight)).min()
    }

    /// When a step that is on its way has taken too long.
    fn bound(&self, flight: &Flight) -> Option<Instant> {
        let began = flight.began.filter(|_| flight.state.is_active())?;
        let patience = self.limits.options.patience;
        began.checked_add(patience.with(flight.step.expected_seconds))
    }
}
