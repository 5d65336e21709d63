//! `pgfleet destroy`.

use pgfleet_planner::Goal;

use super::carry_out::{Command, Source, carry_out};
use crate::{args::DestroyArgs, exit::Exit, ui::Ui};

/// Takes fleets down.
pub(super) async fn perform(args: &DestroyArgs, ui: Ui) -> Exit {
    let command = Command {
        verb: "destroy",
        goal: Goal::Destroy {
            replicas_only: args.replicas_only,
        },
        question: "Delete these instances and their data?",
        how: &args.how,
        approved: args.how.auto_approve,
    };
    carry_out(&command, Source::Files(&args.plans.plans), ui).await
}
