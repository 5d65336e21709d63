//! `pgfleet adopt` and `pgfleet release`: whose instances are, and nothing else of them.

use std::slice;

use pgfleet_model::{Inventory, Severity};
use pgfleet_planner::{Resolution, Retagging, adopt, release};

use crate::{
    accounts::Accounts,
    args::{AdoptArgs, ReleaseArgs, SimulateFlag},
    exit::Exit,
    run::{Run, load},
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

async fn retag(
    plan: &std::path::PathBuf,
    command: &Command<'_>,
    what: impl Fn(&Resolution, &Inventory) -> Retagging,
    ui: Ui,
) -> Exit {
    let Command {
        verb,
        simulate,
        auto_approve,
    } = command;
    let specs = match load(slice::from_ref(plan), ui) {
        Ok(specs) => specs,
        Err(exit) => return exit,
    };
    if !auto_approve && !ui.can_ask() {
        ui.problem(
            &format!("{verb} asks before it changes anything, and there is no terminal to ask on"),
            "look at `pgfleet plan` first, then give --auto-approve",
        );
        return Exit::Usage;
    }
    let run = match Run::serve(specs, simulate, Accounts::Guarded, ui).await {
        Ok(run) => run,
        Err(exit) => return exit,
    };
    let found = match run.retag(what, ui).await {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    for check in found.iter().flat_map(|retagging| &retagging.refusals) {
        ui.problem(&check.message, &check.remedy);
    }
    let refused = found.iter().flat_map(|retagging| &retagging.refusals);
    if refused
        .clone()
        .any(|check| check.severity == Severity::Error)
    {
        return Exit::Refused;
    }
    for (fleet, retagging) in run.fleets.iter().zip(&found) {
        ui.result(&pgfleet_render::retagging_text(
            verb,
            &fleet.spec.fleet,
            retagging,
        ));
    }
    if found.iter().all(|retagging| retagging.retags.is_empty()) {
        return Exit::Done;
    }
    if !auto_approve && !ui.ask("Change these tags?").await {
        ui.note("Nothing was changed.");
        return Exit::Failed;
    }
    let mut changed = false;
    for (fleet, retagging) in run.fleets.iter().zip(&found) {
        for tags in &retagging.retags {
            let provider = fleet.provider.as_ref();
            let regions = [tags.resource.region.clone()].into();
            let claim = async || provider.claim(&tags.resource, tags.owner.as_ref()).await;
            // The same tags may be set twice.
            if let Err(error) = run.traffic.ask(provider, regions, claim).await {
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
