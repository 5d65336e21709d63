//! `pgfleet apply`.

use pgfleet_planner::Goal;

use super::carry_out::{Command, carry_out};
use crate::{args::ApplyArgs, exit::Exit, ui::Ui};

/// Brings fleets into the shape of their plan files.
pub(super) async fn perform(args: &ApplyArgs, ui: Ui) -> Exit {
    let command = Command {
        verb: "apply",
        goal: Goal::Apply,
        question: "Make these changes?",
        how: &args.how,
        plans: &args.plans.plans,
    };
    carry_out(&command, ui).await
}
