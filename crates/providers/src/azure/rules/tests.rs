//! A test for every rule, by plan files as people write them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use pgfleet_model::{
    Address, Attributes, Availability, Condition, DriftReason, Endpoint, Inventory,
    ObservedInstance, Owner, Phase, Region, ResourceId, ResourceRef, Role, Storage, Value,
};
use pgfleet_planner::{FleetPlan, Goal, plan};
use pgfleet_spec::SourceFile;

use crate::{
    azure::{AzurePlatform, setting},
    databases,
};

const SECRET: &str = "password = { env = 'P' }";
const SMALL: &str = "Standard_D2ds_v5";
const MIDDLE: &str = "Standard_D4ds_v5";
const LARGE: &str = "Standard_D8ds_v5";

/// A fleet `truck` with these keys of `[primary]` and `[[replicas]]`, and these tables besides.
fn file(primary: &str, replicas: &str, more: &str) -> String {
    format!(
        "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\npostgres = '16'\n[primary]\n\
         {primary}\n{SECRET}\n[[replicas]]\n{replicas}\n{more}\n[protect]\ndeletion = false\n"
    )
}

/// A fleet of this size and disk with two replicas.
fn usual(size: &str, more: &str) -> String {
    file(&format!("size = '{size}'\n{more}"), "count = 2", "")
}

fn planned(text: &str, live: Vec<ObservedInstance>) -> FleetPlan {
    let source = SourceFile {
        name: "truck.toml".to_owned(),
        text: text.to_owned(),
    };
    let spec = pgfleet_spec::parse(Arc::new(source), Path::new(".")).unwrap();
    let inventory: Inventory = live.into_iter().collect();
    plan(
        &spec,
        &inventory,
        &AzurePlatform::new("S", "food"),
        Goal::Apply,
    )
    .unwrap()
}

#[track_caller]
fn found(plan: &FleetPlan, code: &str) -> bool {
    let check = plan.checks.iter().find(|check| check.code == code);
    if let Some(check) = check {
        let source = &check.source;
        assert!(
            source.starts_with("https://learn.microsoft.com/"),
            "{check:?}"
        );
        assert!(!check.remedy.is_empty(), "{check:?}");
    }
    check.is_some()
}

#[track_caller]
fn refuses(text: &str, live: Vec<ObservedInstance>, code: &str) {
    let plan = planned(text, live);
    assert!(found(&plan, code), "{:?}", plan.checks);
    assert!(plan.is_refused(), "{code} does not refuse");
}

#[track_caller]
fn accepts(text: &str, live: Vec<ObservedInstance>) -> FleetPlan {
    let plan = planned(text, live);
    assert!(!plan.is_refused(), "{:?}", plan.checks);
    plan
}

/// What a fleet's steps do, in order: the server, and what is changed of it.
fn order(plan: &FleetPlan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| {
        let id = step.mutation.resource.id.to_string();
        let id = id.trim_start_matches("truck-");
        match &step.mutation.operation {
            pgfleet_model::Operation::Modify { fields, .. } => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|change| format!("{}={}", change.field, change.to))
                    .collect();
                format!("{id} {}", fields.join(" "))
            }
            other => format!("{id} {}", other.verb()),
        }
    });
    steps.collect()
}

fn server(address: &str, size: &str) -> ObservedInstance {
    let address: Address = address.parse().unwrap();
    let resource = |id: String| ResourceRef {
        region: Region::new("eastus2"),
        id: ResourceId::new(id),
    };
    let role = address.role();
    let is_primary = role == Role::Primary;
    ObservedInstance {
        resource: resource(format!("truck-{address}")),
        role,
        source: (!is_primary).then(|| resource("truck-primary".into())),
        owner: Some(Owner {
            fleet: "truck".parse().unwrap(),
            address,
        }),
        phase: Phase::Available,
        raw_phase: "Ready".into(),
        condition: Condition::Sound,
        endpoint: Some(Endpoint {
            host: "truck.postgres.database.azure.com".into(),
            port: 5432,
        }),
        version: None,
        attributes: Attributes {
            size: Some(size.into()),
            availability: is_primary.then_some(Availability::Zonal),
            postgres: Some("16".parse().unwrap()),
            storage: Storage {
                gib: Some(128),
                kind: Some("premium-ssd".into()),
                autogrow: Some(false),
                ..Storage::default()
            },
            backup_days: is_primary.then_some(7),
            ..Attributes::default()
        },
        pending: BTreeMap::new(),
    }
}

/// The usual fleet as it runs.
fn live(size: &str) -> Vec<ObservedInstance> {
    ["primary", "replica-1", "replica-2"]
        .map(|address| server(address, size))
        .into()
}

fn altered(size: &str, alter: impl Fn(&mut ObservedInstance)) -> Vec<ObservedInstance> {
    let mut all = live(size);
    all.iter_mut().for_each(alter);
    all
}

#[test]
fn a_fleet_as_planned_is_left_alone() {
    let plan = accepts(&usual(MIDDLE, "storage = { gib = 128 }"), live(MIDDLE));
    assert_eq!(order(&plan), [""; 0]);
}

#[test]
fn a_replica_with_a_standby_is_refused() {
    let text = file(
        &format!("size = '{MIDDLE}'\nmulti_az = true"),
        "count = 1\nmulti_az = true",
        "",
    );
    refuses(&text, Vec::new(), "azure/multi-az-replica");
}

#[test]
fn a_burstable_primary_with_replicas_is_refused_and_one_without_is_not() {
    refuses(
        &usual("Standard_B2s", ""),
        Vec::new(),
        "azure/burstable-primary",
    );
    accepts(&file("size = 'Standard_B2s'", "count = 0", ""), Vec::new());
}

#[test]
fn a_burstable_replica_is_refused() {
    let text = file(
        &format!("size = '{SMALL}'"),
        "count = 1\nsize = 'Standard_B20ms'",
        "",
    );
    refuses(&text, Vec::new(), "azure/burstable-replica");
}

#[test]
fn a_burstable_server_with_a_standby_is_refused() {
    let text = file("size = 'Standard_B2s'\nmulti_az = true", "count = 0", "");
    refuses(&text, Vec::new(), "azure/burstable-ha");
}

#[test]
fn a_replica_with_less_compute_than_its_primary_is_refused() {
    let replicas = format!("count = 1\nsize = '{SMALL}'");
    let text = file(&format!("size = '{MIDDLE}'"), &replicas, "");
    refuses(&text, Vec::new(), "azure/smaller-replica");
    let replicas = format!("count = 1\nsize = '{LARGE}'");
    accepts(
        &file(&format!("size = '{MIDDLE}'"), &replicas, ""),
        Vec::new(),
    );
}

#[test]
fn a_replica_with_a_smaller_disk_than_its_primary_is_refused() {
    let primary = format!("size = '{MIDDLE}'\nstorage = {{ gib = 256 }}");
    let text = file(&primary, "count = 1\nstorage = { gib = 128 }", "");
    refuses(&text, Vec::new(), "azure/smaller-replica");
}

#[test]
fn five_replicas_are_made_and_a_sixth_is_refused() {
    let of = |count: u32| {
        file(
            &format!("size = '{SMALL}'"),
            &format!("count = {count}"),
            "",
        )
    };
    accepts(&of(5), Vec::new());
    refuses(&of(6), Vec::new(), "azure/replica-limit");
}

#[test]
fn replicas_of_a_replica_are_not_made() {
    let follows = "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n\
                   [primary]\nexisting = 'orders'\n[[replicas]]\ncount = 1\n\
                   size = 'Standard_D2ds_v5'\n";
    let theirs = |source: Option<&str>| {
        let mut theirs = server("primary", SMALL);
        theirs.owner = None;
        theirs.resource.id = ResourceId::new("orders");
        theirs.source = source.map(|id| ResourceRef {
            id: ResourceId::new(id),
            ..theirs.resource.clone()
        });
        vec![theirs]
    };
    accepts(follows, theirs(None));
    refuses(follows, theirs(Some("first")), "azure/cascade");
    let nothing = planned(follows, Vec::new());
    let missing = |check: &pgfleet_model::Check| check.code == "primary/existing";
    assert!(nothing.is_refused() && nothing.checks.iter().any(missing));
}

#[test]
fn a_replica_that_the_plan_does_not_know_counts() {
    let mut all = live(SMALL);
    let mut stranger = server("replica-3", SMALL);
    stranger.owner = None;
    stranger.resource.id = ResourceId::new("theirs");
    all.push(stranger);
    let text = file(&format!("size = '{SMALL}'"), "count = 5", "");
    refuses(&text, all, "azure/replica-limit");
}

#[test]
fn what_grows_grows_on_the_replicas_first() {
    let plan = accepts(&usual(LARGE, "storage = { gib = 256 }"), live(MIDDLE));
    let grows = format!("size={LARGE} storage_gib=256");
    let expected = ["replica-1", "replica-2", "primary"].map(|id| format!("{id} {grows}"));
    assert_eq!(order(&plan), expected);
}

#[test]
fn compute_that_shrinks_shrinks_on_the_primary_first() {
    let plan = accepts(&usual(SMALL, ""), live(MIDDLE));
    let shrinks = format!("size={SMALL}");
    let expected = ["primary", "replica-1", "replica-2"].map(|id| format!("{id} {shrinks}"));
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_change_that_goes_both_ways_takes_two_calls() {
    let plan = accepts(&usual(SMALL, "storage = { gib = 256 }"), live(MIDDLE));
    let (shrinks, grows) = (format!("size={SMALL}"), "storage_gib=256");
    let steps = order(&plan);
    let at = |step: String| steps.iter().position(|one| *one == step).unwrap();
    assert_eq!(steps.len(), 6, "{steps:?}");
    for replica in ["replica-1", "replica-2"] {
        assert!(at(format!("primary {shrinks}")) < at(format!("{replica} {shrinks}")));
        assert!(at(format!("{replica} {grows}")) < at(format!("primary {grows}")));
    }
}

#[test]
fn autogrow_comes_to_the_replicas_first_and_leaves_the_primary_first() {
    let plan = accepts(&usual(SMALL, "storage = { autogrow = true }"), live(SMALL));
    let expected = ["replica-1", "replica-2", "primary"].map(|id| format!("{id} autogrow=true"));
    assert_eq!(order(&plan), expected);
    let on = altered(SMALL, |one| one.attributes.storage.autogrow = Some(true));
    let plan = accepts(&usual(SMALL, "storage = { autogrow = false }"), on);
    let expected = ["primary", "replica-1", "replica-2"].map(|id| format!("{id} autogrow=false"));
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_server_leaves_burstable_before_it_gets_a_standby() {
    let text = file(
        &format!("size = '{SMALL}'\nmulti_az = true"),
        "count = 0",
        "",
    );
    let plan = accepts(&text, vec![server("primary", "Standard_B2s")]);
    let expected = [
        format!("primary size={SMALL}"),
        "primary multi_az=true".to_owned(),
    ];
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_standby_goes_before_the_size_that_cannot_have_one() {
    let mut primary = server("primary", SMALL);
    primary.attributes.availability = Some(Availability::Regional);
    let text = file("size = 'Standard_B2s'", "count = 0", "");
    let plan = accepts(&text, vec![primary]);
    let expected = ["primary multi_az=false", "primary size=Standard_B2s"];
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_standby_in_the_same_zone_goes_before_one_in_another_comes() {
    let mut primary = server("primary", SMALL);
    let settings = &mut primary.attributes.settings;
    settings.insert(setting::SAME_ZONE.to_owned(), Value::Flag(true));
    let text = file(
        &format!("size = '{SMALL}'\nmulti_az = true"),
        "count = 0",
        "",
    );
    let plan = accepts(&text, vec![primary]);
    assert_eq!(
        order(&plan),
        ["primary multi_az=false", "primary multi_az=true"]
    );
}

#[test]
fn replicas_go_before_their_primary_becomes_burstable() {
    let text = file("size = 'Standard_B2s'", "count = 0", "");
    let plan = accepts(&text, live(SMALL));
    let steps = order(&plan);
    assert_eq!(
        steps.last().unwrap(),
        "primary size=Standard_B2s",
        "{steps:?}"
    );
    assert_eq!(steps.len(), 3);
}

#[test]
fn a_replica_that_is_too_small_goes_before_the_primary_grows_and_a_new_one_comes() {
    let text = file(&format!("size = '{LARGE}'"), "name = 'big'\ncount = 1", "");
    let plan = accepts(&text, live(MIDDLE));
    let steps = order(&plan);
    let expected = [
        "replica-1 delete".to_owned(),
        "replica-2 delete".to_owned(),
        format!("primary size={LARGE}"),
        "big-1 create".to_owned(),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_replica_of_somebody_else_s_that_is_too_small_keeps_the_primary_from_growing() {
    let mut all = live(MIDDLE);
    let mut stranger = server("replica-3", MIDDLE);
    stranger.owner = None;
    stranger.resource.id = ResourceId::new("theirs");
    all.push(stranger);
    refuses(&usual(LARGE, ""), all, "azure/smaller-replica");
}

#[test]
fn another_version_is_refused_up_and_down() {
    for version in ["15", "17"] {
        let text = usual(SMALL, "").replace("'16'", &format!("'{version}'"));
        refuses(&text, live(SMALL), "azure/version-change");
    }
}

#[test]
fn a_disk_that_has_grown_is_neither_shrunk_nor_replaced() {
    let grown = altered(SMALL, |one| one.attributes.storage.gib = Some(256));
    let plan = accepts(&usual(SMALL, "storage = { gib = 128 }"), grown);
    assert_eq!(order(&plan), [""; 0]);
    let drift = &plan.set.drift;
    assert!(
        drift.iter().all(|one| one.reason == DriftReason::Grown),
        "{drift:?}"
    );
    assert_eq!(drift.len(), 3);
}

#[test]
fn another_kind_of_disk_is_refused() {
    let text = usual(SMALL, "storage = { gib = 128, type = 'premium-ssd-v2' }");
    refuses(&text, live(SMALL), "azure/storage-type");
}

#[test]
fn another_subnet_is_refused_and_the_same_in_another_case_is_not() {
    let subnet = |id: &str| {
        let table = format!("[azure]\nsubnet_id = '{id}'");
        file(&format!("size = '{SMALL}'"), "count = 2", &table)
    };
    let inside = |one: &mut ObservedInstance| {
        let id = Value::Text("/subscriptions/S/subnets/Data".to_owned());
        let settings = &mut one.attributes.settings;
        settings.insert(setting::SUBNET.to_owned(), id);
    };
    refuses(
        &subnet("/subscriptions/S/subnets/other"),
        altered(SMALL, inside),
        "azure/subnet",
    );
    let plan = accepts(
        &subnet("/subscriptions/s/Subnets/data"),
        altered(SMALL, inside),
    );
    assert_eq!(order(&plan), [""; 0]);
}

#[test]
fn another_region_is_refused() {
    let mut all = live(SMALL);
    all[1].resource.region = Region::new("westus");
    refuses(&usual(SMALL, ""), all, "azure/location-change");
}

#[test]
fn another_name_of_the_primary_is_refused() {
    let text = usual(SMALL, "id = 'another-primary'");
    let plan = planned(&text, live(SMALL));
    assert!(plan.is_refused());
}

#[test]
fn names_are_as_azure_takes_them() {
    for id in ["ab", "Capital", "two--hyphens"] {
        let text = usual(SMALL, &format!("id = '{id}'"));
        refuses(&text, Vec::new(), "azure/identifier");
    }
    accepts(&usual(SMALL, "id = '7-eleven-food'"), Vec::new());
}

#[test]
fn disks_come_in_sizes() {
    let of = |storage: &str| usual(SMALL, &format!("storage = {{ {storage} }}"));
    refuses(&of("gib = 100"), Vec::new(), "azure/storage-size");
    refuses(
        &of("gib = 100, iops = 3000"),
        Vec::new(),
        "azure/premium-ssd-iops",
    );
    refuses(
        &of("gib = 100, type = 'premium-ssd-v2', autogrow = true"),
        Vec::new(),
        "azure/premium-ssd-v2-autogrow",
    );
    accepts(
        &of("gib = 100, type = 'premium-ssd-v2', iops = 4000, throughput = 200"),
        Vec::new(),
    );
}

#[test]
fn backups_are_kept_for_a_week_to_five() {
    for days in [0, 6] {
        let text = usual(SMALL, &format!("backup_days = {days}"));
        refuses(&text, Vec::new(), "azure/backup-days");
    }
}

#[test]
fn an_administrator_has_a_password_and_a_name_of_its_own() {
    let text = usual(SMALL, "").replace(SECRET, "");
    refuses(&text, Vec::new(), "azure/password");
    for admin in ["azure_superuser", "Admin"] {
        let text = usual(SMALL, &format!("admin = '{admin}'"));
        refuses(&text, Vec::new(), "azure/admin");
    }
}

#[test]
fn tags_are_as_azure_takes_them() {
    let text = format!("tags = {{ 'a/b' = 'c' }}\n{}", usual(SMALL, ""));
    refuses(&text, Vec::new(), "azure/tags");
}

#[test]
fn a_portable_size_is_the_cheapest_that_holds_as_much() {
    let text = file("size = { vcpus = 4, memory_gib = 16 }", "count = 1", "");
    let plan = accepts(&text, Vec::new());
    let sizes: Vec<_> = plan
        .set
        .effective()
        .filter_map(|change| change.after.as_ref()?.size.clone())
        .collect();
    assert!(
        sizes.iter().all(|size| size.starts_with("Standard_D4")),
        "{sizes:?}"
    );
    // What runs and fits is left.
    let text = file("size = { vcpus = 2, memory_gib = 8 }", "count = 2", "");
    assert_eq!(order(&accepts(&text, live(LARGE))), [""; 0]);
}

#[test]
fn a_region_and_a_size_there_have_to_be() {
    let elsewhere = usual(SMALL, "").replace("eastus2", "eastus9");
    refuses(&elsewhere, Vec::new(), "azure/region");
    accepts(
        &usual(SMALL, "").replace("eastus2", "italynorth"),
        Vec::new(),
    );
    refuses(&usual("Standard_D3ds_v5", ""), Vec::new(), "azure/size");
    let new = accepts(&usual("Standard_D4ds_v9", ""), Vec::new());
    assert!(found(&new, "azure/size"), "{:?}", new.checks);
}

#[test]
fn a_password_is_changed_in_one_call_with_its_version() {
    let text = usual(SMALL, "password_version = 2");
    assert_eq!(
        order(&accepts(&text, live(SMALL))),
        ["primary password_version=2"]
    );
    // A version that was there already is none to go back to.
    let mut changed = live(SMALL);
    let mut tags = [("pgfleet-password-version".to_owned(), "3".to_owned())].into();
    let version = crate::passwords::take_version(&mut tags);
    changed[0].attributes.settings.extend(version);
    assert_eq!(order(&accepts(&text, changed)), [""; 0]);
}

#[test]
fn a_database_is_made_in_a_step_of_its_own_and_taken_up() {
    let text = usual(SMALL, "database = 'food'");
    let steps = order(&accepts(&text, Vec::new()));
    let expected = [
        "primary create",
        "primary database=food",
        "primary pending_database=none",
        "replica-1 create",
        "replica-2 create",
    ];
    assert_eq!(steps, expected);
    // A run was ended after the first of them.
    let mut primary = server("primary", SMALL);
    let settings = &mut primary.attributes.settings;
    settings.extend([databases::observed(Some("food".to_owned()))]);
    let steps = order(&accepts(&text, vec![primary]));
    assert_eq!(steps, expected[1..]);
}

#[test]
fn a_fleet_that_goes_leaves_no_snapshot() {
    let text = usual(SMALL, "");
    let source = SourceFile {
        name: "truck.toml".to_owned(),
        text,
    };
    let spec = pgfleet_spec::parse(Arc::new(source), Path::new(".")).unwrap();
    let inventory: Inventory = live(SMALL).into_iter().collect();
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let plan = plan(&spec, &inventory, &AzurePlatform::new("S", "food"), goal).unwrap();
    assert!(found(&plan, "azure/no-snapshot"), "{:?}", plan.checks);
    assert_eq!(
        order(&plan),
        ["replica-1 delete", "replica-2 delete", "primary delete"]
    );
}
