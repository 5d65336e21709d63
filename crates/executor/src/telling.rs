//! Events and their observer, and the two helpers of time that rounds and fleets share.

use std::time::Duration;

use pgfleet_model::{Event, EventKind, FleetName};
use tokio::time::Instant;

/// Hears what happens.
pub trait Observer: Send {
    /// Called for every event, in order.
    fn on_event(&mut self, event: &Event);

    /// How often [`Observer::tick`] is wanted while steps are in flight; `None`: never.
    fn tick_every(&self) -> Option<Duration> {
        None
    }

    /// Called now and then with the steps in flight: fleet, what is done, and for how long.
    fn tick(&mut self, _in_flight: &[(FleetName, String, Duration)]) {}
}

/// Emits events with the time since the run began.
pub(crate) struct Telling<'a> {
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) began: Instant,
}

impl Telling<'_> {
    pub(crate) fn tell(&mut self, fleet: &FleetName, kind: EventKind) {
        let elapsed = self.began.elapsed();
        self.observer.on_event(&Event {
            fleet: fleet.clone(),
            elapsed,
            kind,
        });
    }
}

/// Returns at the deadline; never, where there is none.
pub(crate) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Time that has passed since `then`.
pub(crate) fn since(then: Instant) -> Duration {
    Instant::now().saturating_duration_since(then)
}
