//! `pgfleet prices show` and `pgfleet prices refresh`.

use pgfleet_model::{ProviderKind, Region};
use pgfleet_pricing::Catalog;
use pgfleet_render::{PricesView, prices_json, prices_text};

use crate::{
    args::{Cloud, Format, PricesArgs, PricesOf, PricesVerb, RefreshArgs, ShowArgs},
    exit::Exit,
    prices::{Asked, Refused, load, path, refresh},
    ui::Ui,
};

/// Shows or fetches prices.
pub(super) async fn perform(args: &PricesArgs, ui: Ui) -> Exit {
    match &args.verb {
        PricesVerb::Show(args) => show(args, ui),
        PricesVerb::Refresh(args) => fetch(args, ui).await,
    }
}

fn clouds(of: &PricesOf) -> Vec<ProviderKind> {
    let kinds = of.cloud.iter().map(|cloud| match cloud {
        Cloud::Aws => ProviderKind::Aws,
        Cloud::Gcp => ProviderKind::Gcp,
        Cloud::Azure => ProviderKind::Azure,
    });
    let mut kinds: Vec<ProviderKind> = kinds.collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn show(args: &ShowArgs, ui: Ui) -> Exit {
    let refreshed = load(ui);
    let mut shown = clouds(&args.of);
    if shown.is_empty() {
        shown = vec![ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure];
    }
    let view = PricesView {
        embedded: Catalog::embedded(),
        refreshed: refreshed.as_ref(),
        file: path().map(|path| path.display().to_string()),
        clouds: shown,
        regions: args.of.region.clone(),
    };
    match args.format {
        Format::Text => ui.result(&prices_text(&view, ui.out())),
        Format::Json => ui.result(&format!("{:#}\n", prices_json(&view))),
    }
    Exit::Done
}

async fn fetch(args: &RefreshArgs, ui: Ui) -> Exit {
    let mut regions: Vec<Region> = args.of.region.iter().map(Region::new).collect();
    regions.sort();
    regions.dedup();
    let asked = Asked {
        clouds: clouds(&args.of),
        regions,
    };
    match refresh(&asked, ui).await {
        Ok(counts) => {
            for (cloud, regions) in counts {
                let words = pgfleet_render::count(regions, "region");
                ui.result(&format!("{cloud}: prices of {words}\n"));
            }
            Exit::Done
        }
        Err(Refused::Asked(problem)) => {
            ui.problem(&problem, "`pgfleet prices show` lists the regions");
            Exit::Usage
        }
        Err(Refused::Failed(problem)) => {
            let remedy = "nothing was changed: the prices from before are still there";
            ui.problem(&problem, remedy);
            Exit::Failed
        }
    }
}
