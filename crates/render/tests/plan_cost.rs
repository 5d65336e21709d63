//! What a plan says of cost, in text and in JSON.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{path::Path, sync::Arc};

use pgfleet_conformance::memory::{MemoryPlatform, MemoryRules};
use pgfleet_model::Inventory;
use pgfleet_planner::{FleetPlan, Goal, plan};
use pgfleet_pricing::{Catalog, CostEstimate, Estimator, PriceCatalog};
use pgfleet_render::{Paint, PlanView, plan_costs, plan_json, plan_text};
use pgfleet_spec::{SourceFile, Spec, parse};

const PLAN: &str = "
fleet = 'foodtruck'
provider = 'aws'
region = 'us-east-1'
[primary]
size = 'db.t3.medium'
multi_az = true
storage = { gib = 100, type = 'gp3' }
[[replicas]]
count = 2
[[replicas]]
name = 'eu'
region = 'eu-west-1'
size = 'db.r6g.large'
";

fn planned() -> (Spec, FleetPlan, CostEstimate) {
    planned_from(PLAN)
}

fn planned_from(text: &str) -> (Spec, FleetPlan, CostEstimate) {
    let file = SourceFile {
        name: "plan.toml".to_owned(),
        text: text.to_owned(),
    };
    let spec = parse(Arc::new(file), Path::new("/")).unwrap();
    let platform = MemoryPlatform::new(MemoryRules::like_rds());
    let plan = plan(&spec, &Inventory::default(), &platform, Goal::Apply).unwrap();
    let prices = PriceCatalog::new(Catalog::embedded(), None);
    let estimator = Estimator {
        prices: &prices,
        provider: spec.provider,
        primary_region: &spec.region,
        wal_gib_per_day: None,
    };
    let cost = estimator.changes(&plan.set);
    (spec, plan, cost)
}

#[test]
fn a_plan_shows_before_after_and_change_and_names_what_is_missing() {
    let (spec, plan, cost) = planned();
    let view = PlanView {
        plan: &plan,
        spec: &spec,
        cost: &cost,
        account: "123456789012",
        simulated: false,
    };
    let text = plan_text(&view, Paint::new(false));
    let section = text.split("Cost a month").nth(1).unwrap();
    let section = format!("Cost a month{section}");
    assert!(
        section.lines().all(|line| line.chars().count() <= 80),
        "{section}"
    );
    let wanted = "\
Cost a month                                   before        after        change
  primary         db.t3.medium Multi-AZ         $0.00      $128.12      +$128.12
  replica-1 to 2  db.t3.medium Single-…, each   $0.00       $64.06       +$64.06
  eu-1            db.r6g.large Single-AZ        $0.00  $183.96 + ?  +$183.96 ± ?
  total                                         $0.00  $440.20 + ?  +$440.20 ± ?
  no price: eu-1 storage, 100 GiB gp3 Single-AZ in eu-west-1: run `pgfleet
            prices refresh`
  not included: primary backups beyond the free part: set
                `usage.wal_gib_per_day`
  not included: eu-1 replication from us-east-1 to eu-west-1: set
                `usage.wal_gib_per_day`
  list prices of 2023-03 to 2026-05; 1 of 7 derived or estimated, `pgfleet cost`
  shows which
";
    assert_eq!(section, wanted);
}

#[test]
fn the_json_of_a_plan_holds_its_cost() {
    let (_, plan, cost) = planned();
    let json = plan_json(&[(&plan, &cost)], false);
    let of = &json["fleets"][0]["cost"];
    assert_eq!(of["monthly_before"], "0.00");
    assert_eq!(of["monthly_after"], "440.20");
    assert_eq!(of["monthly_delta"], "440.20");
    assert_eq!(json["summary"]["monthly_after"], "440.20");
    assert_eq!(of["complete"], false);
    assert_eq!(of["unpriced"][0]["address"], "eu-1");
    assert_eq!(of["not_included"].as_array().unwrap().len(), 2);
    assert_eq!(plan_costs(&[&cost]), "");
    assert!(
        plan_costs(&[&cost, &cost]).starts_with("All fleets: $0.00 a month before, $880.40 + ?")
    );
}

fn shown(text: &str) -> String {
    let (spec, plan, cost) = planned_from(text);
    let view = PlanView {
        plan: &plan,
        spec: &spec,
        cost: &cost,
        account: "",
        simulated: false,
    };
    plan_text(&view, Paint::new(false))
}

#[test]
fn a_replica_abroad_is_shown_with_its_region() {
    let text = shown(PLAN);
    let of = |address: &str| {
        let mut lines = text.lines();
        lines
            .find(|line| line.starts_with(&format!("  + {address} ")))
            .unwrap()
    };
    assert!(of("eu-1").contains("gp3 in eu-west-1"), "{text}");
    assert!(!of("replica-1").contains("us-east-1"), "{text}");
}

#[test]
fn long_names_and_unknown_prices_fit_eighty_columns() {
    let name = "a-group-with-quite-a-long-name";
    let text = PLAN
        .replace("gib = 100", "gib = 60000, iops = 60000")
        .replace("'eu'", &format!("'{name}'"))
        .replace("region = 'eu-west-1'", "region = 'eu-west-1'\ncount = 12");
    let text = shown(&text);
    let section = text.split("Cost a month").nth(1).unwrap();
    for line in section.lines() {
        assert!(line.chars().count() <= 80, "{line}\n{text}");
    }
    assert!(
        section.contains(" + ?") && section.contains("long-name-1 to 12"),
        "{text}"
    );
}
