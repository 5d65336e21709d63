//! `pgfleet apply`.

use pgfleet_planner::Goal;

use super::carry_out::{Command, Source, carry_out};
use crate::{args::ApplyArgs, exit::Exit, saved, ui::Ui};

/// Brings fleets into the shape of their plan files.
pub(super) async fn perform(args: &ApplyArgs, ui: Ui) -> Exit {
    let source = match saved::find(&args.plans, ui) {
        Ok(None) => Source::Files(&args.plans),
        Ok(Some((path, plan))) => Source::Saved(path, plan),
        Err(exit) => return exit,
    };
    let command = Command {
        verb: "apply",
        goal: Goal::Apply,
        question: "Make these changes?",
        how: &args.how,
        approved: args.how.auto_approve || matches!(source, Source::Saved(..)),
    };
    carry_out(&command, source, ui).await
}
