//! `pgfleet simulate`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pgfleet_simulator::Clock;

use crate::{
    args::SimulateArgs,
    exit::Exit,
    signals::Signals,
    simulation::{NotStarted, begin},
    ui::Ui,
};

/// Serves the simulated clouds until a signal ends it.
pub(super) async fn perform(args: &SimulateArgs, ui: Ui) -> Exit {
    let clock = match args.speed {
        0 => Clock::AtOnce,
        speed => Clock::Scaled(f64::from(speed)),
    };
    let mut signals = Signals::listen();
    let tls = args.tls.as_deref();
    let begun = begin(args.port, args.state.clone(), clock, tls.is_some()).await;
    let simulator = match begun {
        Ok(simulator) => simulator,
        Err(error) => return error.told(ui),
    };
    let certificate = tls.map(|file| kept(simulator.authority_pem(), file));
    let certificate = match certificate.transpose() {
        Ok(certificate) => certificate,
        Err(error) => {
            simulator.shutdown().await;
            return error.told(ui);
        }
    };
    ui.result(&pgfleet_render::simulated_environment(
        &simulator.endpoint(),
        certificate.as_deref(),
    ));
    ui.note("Serving on loopback until Ctrl-C.");
    signals.next().await;
    simulator.shutdown().await;
    Exit::Done
}

/// Writes the authority's certificate, and says where, wherever one stands.
fn kept(authority: Option<&str>, file: &Path) -> Result<PathBuf, NotStarted> {
    let written = fs::write(file, authority.unwrap_or_default());
    let place = written.and_then(|()| fs::canonicalize(file));
    place.map_err(|error| NotStarted::without(file, &error))
}
