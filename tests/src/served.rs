//! A simulator that serves beside a test that waits.

use std::ops::Deref;

use pgfleet_simulator::{Builder, Simulator};

/// A simulator whose tasks run on a thread of their own, until it is dropped.
pub struct Served {
    simulator: Simulator,
    // Last: the simulator's tasks live in it.
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    /// Starts it.
    pub fn start(builder: Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let simulator = runtime.block_on(builder.start()).unwrap();
        Self {
            simulator,
            _runtime: runtime,
        }
    }
}

impl Deref for Served {
    type Target = Simulator;

    fn deref(&self) -> &Simulator {
        &self.simulator
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}
