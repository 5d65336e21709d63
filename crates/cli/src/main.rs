//! `pgfleet`: keeps a PostgreSQL primary and its read replicas in the shape that a plan file
//! declares.
//!
//! One file per verb under `verbs`. This is the only crate that prints; what it prints is made by
//! `pgfleet-render`.

mod accounts;
mod args;
mod bill;
mod credentials;
mod databases;
mod exit;
mod file;
mod github;
mod logs;
mod places;
mod prices;
mod problems;
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

use clap::{
    Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use pgfleet_provider::Secrets;

use crate::{
    args::{Cli, GithubFlag},
    exit::Exit,
    github::Github,
    ui::Ui,
};

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => perform(cli),
        Err(error) => refuse(error),
    };
    exit.into()
}

/// Prints what clap has to say. Asking for help is no error, and neither is a reader that goes away
/// while it is shown; everything else is the command line's fault, which is 64 here.
fn refuse(mut error: clap::Error) -> Exit {
    advise(&mut error);
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Done;
    }
    // The steps after this one read the exit code also where the command line is wrong.
    let github = std::env::args_os().any(|word| word == "--github");
    if let Ok(Some(github)) = Github::open(GithubFlag { github }, "", Ui::new(false)) {
        github.end(Exit::Usage, Ui::new(false));
    }
    Exit::Usage
}

/// Puts a fitting word beside a flag that the verb does not have. Clap's own, to pass it as a value, would
/// look for a plan file of that name.
fn advise(error: &mut clap::Error) {
    if error.kind() != ErrorKind::UnknownArgument {
        return;
    }
    let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let _ = match flag {
        Some(flag) if flag.starts_with("--simulate") => error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![WHERE_SIMULATED.into()]),
        ),
        _ => error.remove(ContextKind::Suggested),
    };
}

/// Which verbs know simulated clouds.
const WHERE_SIMULATED: &str = "plan, apply, destroy, adopt, release, status and cost take\n       \
                               --simulate; no database runs in a simulated cloud";

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
    Secrets.abandon();
    // Work on the disk that a stop left behind must not hold up the end.
    runtime.shutdown_background();
    exit
}
