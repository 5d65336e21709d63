//! `pgfleet simulate`.

use pgfleet_simulator::Clock;

use crate::{args::SimulateArgs, exit::Exit, signals::Signals, simulation::begin, ui::Ui};

/// Serves the simulated clouds until a signal ends it.
pub(super) async fn perform(args: &SimulateArgs, ui: Ui) -> Exit {
    let clock = match args.speed {
        0 => Clock::AtOnce,
        speed => Clock::Scaled(f64::from(speed)),
    };
    let mut signals = Signals::listen();
    let simulator = match begin(args.port, args.state.clone(), clock).await {
        Ok(simulator) => simulator,
        Err(error) => return error.told(ui),
    };
    ui.result(&pgfleet_render::simulated_environment(
        &simulator.endpoint(),
    ));
    ui.note("Serving on loopback until Ctrl-C.");
    signals.next().await;
    simulator.shutdown().await;
    Exit::Done
}
