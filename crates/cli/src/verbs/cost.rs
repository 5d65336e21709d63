//! `pgfleet cost`: from the plan files alone, without asking any cloud.

use pgfleet_model::ProviderKind;
use pgfleet_pricing::{compare, from_nothing, planned, reservations};
use pgfleet_render::{
    FleetComparison, FleetCost, compare_json, compare_markdown, compare_text, cost_markdown,
    cost_text, costs_json,
};
use pgfleet_spec::Spec;

use crate::{
    args::{CostArgs, Report},
    bill::Prices,
    exit::Exit,
    run::load,
    simulation::refuse_local,
    ui::Ui,
};

/// Estimates, or compares.
pub(super) fn perform(args: &CostArgs, ui: Ui) -> Exit {
    let specs = match load(&args.plans.plans, ui) {
        Ok(specs) => specs,
        Err(exit) => return exit,
    };
    // A bill comes from the files: it is the same for simulated clouds as for real ones.
    if args.simulate.file().is_some()
        && let Err(exit) = refuse_local(&specs, ui)
    {
        return exit;
    }
    let prices = Prices::of(&specs, ui);
    if args.compare {
        return side_by_side(args, &specs, &prices, ui);
    }
    let fleets: Vec<FleetCost> = specs.iter().map(|spec| one(spec, &prices)).collect();
    match args.format {
        Report::Text => ui.result(&cost_text(&fleets, ui.out())),
        Report::Json => ui.result(&format!("{:#}\n", costs_json(&fleets))),
        Report::Markdown => ui.result(&cost_markdown(&fleets, args.size.max_bytes)),
    }
    Exit::Done
}

fn one(spec: &Spec, prices: &Prices) -> FleetCost {
    let catalog = prices.catalog();
    let estimate = from_nothing(spec, catalog);
    let instances = planned(spec, catalog.embedded());
    FleetCost {
        fleet: spec.fleet.clone(),
        provider: spec.provider,
        region: spec.region.clone(),
        reservations: reservations(spec.provider, &instances, &estimate, catalog),
        checks: prices.checks_of_file(spec, &estimate),
        estimate,
    }
}

fn side_by_side(args: &CostArgs, specs: &[Spec], prices: &Prices, ui: Ui) -> Exit {
    if let Some(local) = specs
        .iter()
        .find(|spec| spec.provider == ProviderKind::Local)
    {
        ui.problem(
            &format!("{} runs on this machine: it has no sizes to compare", local.fleet),
            "give the plan file of a cloud, such as one with `size = { vcpus = 2, memory_gib = 8 }`",
        );
        return Exit::Usage;
    }
    let fleets: Vec<FleetComparison> = specs
        .iter()
        .map(|spec| FleetComparison {
            fleet: spec.fleet.clone(),
            clouds: compare(spec, prices.catalog()),
        })
        .collect();
    match args.format {
        Report::Text => ui.result(&compare_text(&fleets, ui.out())),
        Report::Json => ui.result(&format!("{:#}\n", compare_json(&fleets))),
        Report::Markdown => ui.result(&compare_markdown(&fleets, args.size.max_bytes)),
    }
    Exit::Done
}
