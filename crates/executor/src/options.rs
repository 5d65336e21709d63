//! How a run behaves, and how it is stopped.

use std::time::Duration;

use pgfleet_provider::Backoff;
use tokio::sync::watch;

use crate::{Patience, PollSchedule};

/// How a run behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Steps under way at once, waiting included, over all fleets; at least 1.
    pub parallelism: usize,
    /// Ends the run after this time, as a stop signal would.
    pub timeout: Option<Duration>,
    /// Makes the calls that can be made at once, and waits for none of them.
    pub no_wait: bool,
    /// How failed calls are repeated.
    pub backoff: Backoff,
    /// How often the platform is asked.
    pub polls: PollSchedule,
    /// How long a step may take.
    pub patience: Patience,
    /// How long calls that are on the wire when the run is stopped may take to answer.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // A platform works on an instance for minutes; only the calls themselves strain it, and their
            // number is bounded elsewhere.
            parallelism: 64,
            timeout: None,
            no_wait: false,
            backoff: Backoff::default(),
            polls: PollSchedule::default(),
            patience: Patience::default(),
            grace: Duration::from_secs(2),
        }
    }
}

/// Tells a run to stop. Clones belong to the same run.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// No further call is made from now on.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether [`Stop::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when [`Stop::stop`] is called, at once if it was.
    pub async fn stopped(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
