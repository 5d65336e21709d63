//! `pgfleet completions`.

use clap::CommandFactory as _;

use crate::{
    args::{Cli, CompletionsArgs},
    exit::Exit,
    ui::Ui,
};

/// Prints a completion script.
pub(super) fn perform(args: &CompletionsArgs, ui: Ui) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pgfleet", &mut script);
    ui.result(&String::from_utf8_lossy(&script));
    Exit::Done
}
