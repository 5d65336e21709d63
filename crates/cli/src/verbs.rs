//! One file per verb.

mod apply;
mod carry_out;
mod completions;
mod cost;
mod destroy;
mod plan;
mod prices;
mod retag;
mod schema;
mod simulate;
mod status;
mod verify;

use crate::{
    args::Verb,
    exit::Exit,
    signals::Signals,
    ui::{self, Ui},
};

/// Performs a verb. A signal ends the verbs that only look at once; those that change something
/// listen themselves, since they have to end in order.
pub(crate) async fn perform(verb: Verb, ui: Ui) -> Exit {
    match verb {
        Verb::Plan(args) => printed(plan::perform(&args, ui).await),
        Verb::Status(args) => printed(looking(status::perform(&args, ui), ui).await),
        Verb::Verify(args) => printed(looking(verify::perform(&args, ui), ui).await),
        Verb::Cost(args) => printed(cost::perform(&args, ui)),
        Verb::Prices(args) => printed(looking(prices::perform(&args, ui), ui).await),
        Verb::Adopt(args) => retag::adopt_instances(&args, ui).await,
        Verb::Release(args) => retag::release_instances(&args, ui).await,
        Verb::Simulate(args) => simulate::perform(&args, ui).await,
        Verb::Schema(args) => printed(schema::perform(&args, ui)),
        Verb::Completions(args) => printed(completions::perform(&args, ui)),
        Verb::Apply(args) => apply::perform(&args, ui).await,
        Verb::Destroy(args) => destroy::perform(&args, ui).await,
    }
}

/// The end of what only prints: it has failed where its output is not complete.
fn printed(exit: Exit) -> Exit {
    match exit {
        Exit::Done | Exit::Pending if ui::is_incomplete() => Exit::Failed,
        exit => exit,
    }
}

/// Runs what only looks; a signal ends it.
async fn looking(work: impl Future<Output = Exit>, ui: Ui) -> Exit {
    let mut signals = Signals::listen();
    tokio::select! {
        exit = work => exit,
        () = signals.next() => {
            ui.note("Stopped. Nothing was changed.");
            Exit::Stopped
        }
    }
}
