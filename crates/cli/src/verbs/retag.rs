//! `pgfleet adopt` and `pgfleet release`: whose instances are, and nothing else of them.

use std::{path::PathBuf, slice};

use pgfleet_model::{Inventory, Severity};
use pgfleet_planner::{Resolution, Retagging, adopt, release};

use crate::{
    accounts::Accounts,
    args::{AdoptArgs, ReleaseArgs, SimulateFlag},
    exit::Exit,
    run::{Run, load},
    signals::Signals,
    ui::Ui,
};

/// Puts the fleet's tags on the instances that its plan file names.
pub(super) async fn adopt_instances(args: &AdoptArgs, ui: Ui) -> Exit {
    let command = Command {
        verb: "adopt",
        simulate: &args.simulate,
        auto_approve: args.auto_approve,
    };
    let what = |found: &Resolution, inventory: &Inventory| adopt(&found.desired, inventory);
    retag(&args.plan, &command, what, ui).await
}

/// Takes the fleet's tags off.
pub(super) async fn release_instances(args: &ReleaseArgs, ui: Ui) -> Exit {
    let command = Command {
        verb: "release",
        simulate: &args.simulate,
        auto_approve: args.auto_approve,
    };
    let only = args.address.as_ref();
    let what = |found: &Resolution, inventory: &Inventory| release(&found.desired, inventory, only);
    retag(&args.plan, &command, what, ui).await
}

struct Command<'a> {
    verb: &'static str,
    simulate: &'a SimulateFlag,
    auto_approve: bool,
}

/// Changes the tags, after a look and with consent. A signal ends it between two calls.
async fn retag(
    plan: &PathBuf,
    command: &Command<'_>,
    what: impl Fn(&Resolution, &Inventory) -> Retagging,
    ui: Ui,
) -> Exit {
    let mut signals = Signals::listen();
    let approved = tokio::select! {
        approved = look_and_ask(plan, command, what, ui) => approved,
        () = signals.next() => {
            ui.note("Stopped. Nothing was changed.");
            return Exit::Stopped;
        }
    };
    match approved {
        Ok((run, found)) => change_tags(&run, &found, &mut signals, ui).await,
        Err(exit) => exit,
    }
}

/// What is to be changed, shown and approved; else how the command ends, since nothing is.
async fn look_and_ask(
    plan: &PathBuf,
    command: &Command<'_>,
    what: impl Fn(&Resolution, &Inventory) -> Retagging,
    ui: Ui,
) -> Result<(Run, Vec<Retagging>), Exit> {
    let Command {
        verb,
        simulate,
        auto_approve,
    } = command;
    let specs = load(slice::from_ref(plan), ui)?;
    if !auto_approve && !ui.can_ask() {
        ui.problem(
            &format!("{verb} asks before it changes anything, and there is no terminal to ask on"),
            "look at `pgfleet plan` first, then give --auto-approve",
        );
        return Err(Exit::Usage);
    }
    let run = Run::serve(specs, simulate, Accounts::Guarded, ui).await?;
    let found = run.retag(what, ui).await?;
    let refusals = || found.iter().flat_map(|retagging| &retagging.refusals);
    for check in refusals() {
        ui.problem(&check.message, &check.remedy);
    }
    if refusals().any(|check| check.severity == Severity::Error) {
        return Err(Exit::Refused);
    }
    for (fleet, retagging) in run.fleets.iter().zip(&found) {
        ui.result(&pgfleet_render::retagging_text(
            verb,
            &fleet.spec.fleet,
            retagging,
        ));
    }
    if found.iter().all(|retagging| retagging.retags.is_empty()) {
        return Err(Exit::Done);
    }
    if !auto_approve && !ui.ask("Change these tags?").await {
        ui.note("Nothing was changed.");
        return Err(Exit::Failed);
    }
    Ok((run, found))
}

async fn change_tags(run: &Run, found: &[Retagging], signals: &mut Signals, ui: Ui) -> Exit {
    let mut changed = false;
    for (fleet, retagging) in run.fleets.iter().zip(found) {
        for tags in &retagging.retags {
            let provider = fleet.provider.as_ref();
            let regions = [tags.resource.region.clone()].into();
            let claim = async || provider.claim(&tags.resource, tags.owner.as_ref()).await;
            let claimed = tokio::select! {
                // After a signal no new call is made.
                biased;
                () = signals.next() => {
                    ui.note(&format!(
                        "Stopped; the tags of {} may be changed or not. Run it again to go on.",
                        tags.resource
                    ));
                    return Exit::Stopped;
                }
                // The same tags may be set twice.
                claimed = run.traffic.ask(provider, regions, claim) => claimed,
            };
            if let Err(error) = claimed {
                ui.problem(&error.message, &error.remedy);
                return if changed {
                    Exit::FailedPartly
                } else {
                    Exit::Failed
                };
            }
            changed = true;
        }
    }
    ui.result("Done. Nothing else was changed.\n");
    Exit::Done
}
