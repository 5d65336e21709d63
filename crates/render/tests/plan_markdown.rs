//! Plans for pull requests: what comes first, what is folded, what a hostile text can do, and what is
//! left when there is little room.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{collections::BTreeMap, path::Path, sync::Arc};

use pgfleet_conformance::memory::{MemoryPlatform, MemoryRules};
use pgfleet_model::{
    Attributes, Availability, Check, Condition, Event, EventKind, Inventory, ObservedInstance,
    Outcome, Owner, Phase, Region, ResourceId, ResourceRef, Role, Storage,
};
use pgfleet_planner::{FleetPlan, Goal, plan};
use pgfleet_pricing::{Catalog, CostEstimate, Estimator, PriceCatalog};
use pgfleet_render::{COMMENT_BYTES, PlanView, outcome_markdown, plan_markdown};
use pgfleet_spec::{SourceFile, Spec, parse};

/// One fleet with its plan and its cost.
struct Planned {
    spec: Spec,
    plan: FleetPlan,
    cost: CostEstimate,
}

fn here(id: &str) -> ResourceRef {
    ResourceRef {
        region: Region::new("us-east-1"),
        id: ResourceId::new(id),
    }
}

fn instance(fleet: &str, address: &str, role: Role) -> ObservedInstance {
    ObservedInstance {
        resource: here(&format!("{fleet}-{address}")),
        owner: Some(Owner {
            fleet: fleet.parse().unwrap(),
            address: address.parse().unwrap(),
        }),
        role,
        source: (role == Role::Replica).then(|| here(&format!("{fleet}-primary"))),
        phase: Phase::Available,
        raw_phase: "available".to_owned(),
        condition: Condition::Sound,
        endpoint: None,
        version: None,
        attributes: Attributes {
            size: Some("db.m5.large".to_owned()),
            availability: Some(Availability::Zonal),
            postgres: Some("16.4".parse().unwrap()),
            storage: Storage {
                gib: Some(100),
                kind: Some("gp3".to_owned()),
                ..Storage::default()
            },
            backup_days: (role == Role::Primary).then_some(7),
            deletion_protection: Some(false),
            ..Attributes::default()
        },
        pending: BTreeMap::new(),
    }
}

/// A primary and some replicas that run.
fn live(fleet: &str, replicas: u32) -> Vec<ObservedInstance> {
    let replicas = (1..=replicas).map(|n| instance(fleet, &format!("replica-{n}"), Role::Replica));
    [instance(fleet, "primary", Role::Primary)]
        .into_iter()
        .chain(replicas)
        .collect()
}

fn planned(fleet: &str, size: &str, replicas: u32, live: Vec<ObservedInstance>) -> Planned {
    let text = format!(
        "fleet = '{fleet}'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\nsize = '{size}'\n\
         storage = {{ gib = 100, type = 'gp3' }}\n[[replicas]]\ncount = {replicas}\n[protect]\n\
         deletion = false\n"
    );
    let file = SourceFile {
        name: format!("{fleet}.toml"),
        text,
    };
    let spec = parse(Arc::new(file), Path::new("/")).unwrap();
    let platform = MemoryPlatform::new(MemoryRules::like_rds());
    let inventory: Inventory = live.into_iter().collect();
    let plan = plan(&spec, &inventory, &platform, Goal::Apply).unwrap();
    let prices = PriceCatalog::new(Catalog::embedded(), None);
    let estimator = Estimator {
        prices: &prices,
        provider: spec.provider,
        primary_region: &spec.region,
        wal_gib_per_day: None,
    };
    let cost = estimator.changes(&plan.set);
    Planned { spec, plan, cost }
}

fn markdown(fleets: &[Planned], simulated: bool, limit: usize) -> String {
    let views: Vec<PlanView<'_>> = fleets
        .iter()
        .map(|fleet| PlanView {
            plan: &fleet.plan,
            spec: &fleet.spec,
            cost: &fleet.cost,
            account: "123456789012",
            simulated,
        })
        .collect();
    plan_markdown(&views, limit)
}

/// Fails unless the words stand in the text in this order.
#[track_caller]
fn in_order(text: &str, words: &[&str]) {
    let mut from = 0;
    for word in words {
        let at = text[from..].find(word);
        assert!(
            at.is_some(),
            "no `{word}` behind what comes before it:\n{text}"
        );
        from += at.unwrap() + word.len();
    }
}

#[test]
fn deletions_and_cost_come_first_and_details_are_folded() {
    let fleets = [
        planned("food", "db.m5.large", 1, live("food", 3)),
        planned("toys", "db.m5.large", 2, Vec::new()),
        planned("calm", "db.m5.large", 1, live("calm", 1)),
    ];
    let text = markdown(&fleets, false, COMMENT_BYTES);
    in_order(
        &text,
        &[
            "<!-- pgfleet plan -->\n## pgfleet plan: 3 to create, 0 to change, 2 to delete",
            "**2 instances will be deleted.**",
            "a month**: ",
            "### Deleted",
            "| food | `replica-2` | `food-replica-2` | no longer in the plan",
            "### Cost a month",
            "| **all fleets** |",
            "| food |",
            "| toys |",
            "| calm |",
            "<details><summary><b>food</b>",
            "| **delete** | `replica-2` |",
            "</details>",
            "<details><summary><b>toys</b>",
            "| create | `primary` |",
            "</details>",
            "<details><summary>1 fleet as planned",
            "| calm |",
            "</details>",
        ],
    );
    assert!(
        !text.contains("imulated") && !text.contains("eft out"),
        "{text}"
    );
}

#[test]
fn one_fleet_s_bill_is_shown_instance_by_instance() {
    let text = markdown(
        &[planned("food", "db.m5.xlarge", 1, live("food", 1))],
        true,
        20_000,
    );
    in_order(
        &text,
        &[
            "> **Simulated clouds.**",
            "### Interrupted",
            "| food | `primary` | `food-primary` |",
            "### Cost a month",
            "| **total** |",
            "| primary | db.m5.xlarge Single-AZ |",
            "<details>",
            "size: db.m5.large -&gt; db.m5.xlarge",
        ],
    );
    assert_eq!(text.matches("### Cost").count(), 1);
}

#[test]
fn nothing_to_change_is_said_in_a_line() {
    let text = markdown(
        &[planned("food", "db.m5.large", 1, live("food", 1))],
        false,
        20_000,
    );
    assert!(
        text.contains("## pgfleet plan: nothing to change\n"),
        "{text}"
    );
    assert!(
        text.contains("<details><summary>1 fleet as planned"),
        "{text}"
    );
}

#[test]
fn a_refusal_stands_above_everything_and_names_its_remedy() {
    let mut fleet = planned("food", "db.m5.large", 1, live("food", 2));
    fleet.plan.checks.push(
        Check::error("aws/refused", "`x` is not offered | <script>")
            .remedy("take another; ask @octocat about #12")
            .source("https://docs.aws.amazon.com/AmazonRDS/latest/x_y.html")
            .key("replicas[0].size"),
    );
    let text = markdown(&[fleet], false, 20_000);
    in_order(
        &text,
        &[
            "## pgfleet plan: refused, 1 error\n",
            "> [!CAUTION]",
            "### What stands against it",
            "- `aws/refused` **food**: <code>x</code> is not offered &#124; &lt;script&gt;",
            "(<code>replicas&#91;0&#93;.size</code>)",
            "@&#8203;octocat",
            "[Source](https://docs.aws.amazon.com/AmazonRDS/latest/x_y.html)",
            "### Deleted",
        ],
    );
    assert!(
        !text.contains("<script") && !text.contains("@octocat"),
        "{text}"
    );
}

#[test]
fn what_others_wrote_into_tags_stays_in_its_cell() {
    let mut live = live("food", 1);
    let hostile = "a|b\n\n</details> `c` @team #1 <img src=x onerror=y>";
    live[0].attributes.size = Some(hostile.to_owned());
    let text = markdown(&[planned("food", "db.m5.large", 1, live)], false, 20_000);
    assert!(!text.contains("<img") && !text.contains("@team"), "{text}");
    assert_eq!(
        text.matches("</details>").count(),
        text.matches("<details>").count()
    );
    let row = text.lines().find(|line| line.contains("size:")).unwrap();
    assert_eq!(row.matches('|').count(), 5, "{row}");
}

#[test]
fn two_hundred_fleets_are_cut_to_size_with_a_count_of_what_is_left_out() {
    let fleets: Vec<Planned> = (0..200)
        .map(|n| {
            let name = format!("fleet-{n}");
            let there = live(&name, 5);
            planned(&name, "db.m5.large", 4, there)
        })
        .collect();
    for limit in [COMMENT_BYTES, 20_000, 1_024] {
        let text = markdown(&fleets, false, limit);
        assert!(text.len() <= limit, "{} of {limit}", text.len());
        assert!(text.len() > limit / 2, "{} of {limit}", text.len());
        assert_eq!(
            text.matches("</details>").count(),
            text.matches("<details>").count()
        );
        let last = text.trim_end().lines().last().unwrap();
        assert!(last.starts_with("**Left out to stay within"), "{last}");
        assert!(last.contains("changes"), "{last}");
        assert!(text.contains("200 to delete"), "{text}");
    }
    let whole = markdown(&fleets, false, usize::MAX);
    assert!(whole.len() > COMMENT_BYTES && !whole.contains("eft out"));
}

#[test]
fn how_an_apply_ended_is_told_with_what_to_do() {
    let event = |fleet: &str, kind| Event {
        fleet: fleet.parse().unwrap(),
        elapsed: std::time::Duration::from_secs(62),
        kind,
    };
    let failed = EventKind::StepFailed {
        step: 2,
        address: "replica-1".parse().unwrap(),
        why: "no room | <b>".to_owned(),
        remedy: "make room".to_owned(),
    };
    let left = EventKind::StepLeft {
        step: 1,
        address: "primary".parse().unwrap(),
        resource_id: "toys-primary".to_owned(),
        call: "CreateDBInstance".to_owned(),
    };
    let ended = |outcome| EventKind::FleetFinished { outcome };
    let events = [
        event("food", failed),
        event("food", ended(Outcome::FailedPartly)),
        event("toys", left),
        event("toys", ended(Outcome::Stopped)),
    ];
    let text = outcome_markdown("apply", &events, COMMENT_BYTES);
    in_order(
        &text,
        &[
            "## pgfleet apply: 1 fleet stopped; 1 fleet failed half-way",
            "Run the same command again",
            "- **food** `replica-1`: no room &#124; &lt;b&gt;. *make room*",
            "| toys | `primary` | `CreateDBInstance` | `toys-primary` |",
            "| food | failed half-way | 1m 02s |",
        ],
    );
}
