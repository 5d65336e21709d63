//! `pgfleet`: keeps a PostgreSQL primary and its read replicas in the shape that a plan file
//! declares.
//!
//! One file per verb under `verbs`. This is the only crate that prints and the only one that
//! reads the environment; what it prints is made by `pgfleet-render`.

mod args;
mod bill;
mod credentials;
mod databases;
mod exit;
mod github;
mod logs;
mod prices;
mod progress;
mod providers;
mod run;
mod saved;
mod seeding;
mod signals;
mod simulation;
mod ui;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{args::Cli, exit::Exit, ui::Ui};

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => perform(cli),
        Err(error) => refuse(&error),
    };
    exit.into()
}

/// Prints what clap has to say. Asking for help is no error, and neither is a reader that goes away
/// while it is shown; everything else is the command line's fault, which is 64 here.
fn refuse(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}

fn perform(cli: Cli) -> Exit {
    let logs = logs::begin(&cli.log);
    // Lines that are drawn over and lines of a log do not go together.
    let ui = Ui::new(matches!(logs, Ok(true)));
    if let Err(why) = logs {
        ui.problem(&why, "");
        return Exit::Usage;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.problem(&format!("cannot start: {error}"), "");
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(verbs::perform(cli.verb, ui));
    // Work on the disk that a stop left behind must not hold up the end.
    runtime.shutdown_background();
    exit
}
