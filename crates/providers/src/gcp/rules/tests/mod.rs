//! A test for every rule, by plan files as people write them.

mod order;

use std::collections::BTreeMap;

use pgfleet_model::{
    Address, Attributes, Availability, Condition, ObservedInstance, Owner, Phase, Region,
    ResourceId, ResourceRef, Role, Storage, Value,
};
use pgfleet_planner::{FleetPlan, Goal};

use crate::{
    gcp::{
        GcpPlatform,
        setting::{EDITION, ENGINE, NETWORK, PITR, PUBLIC, SSL},
    },
    shared::planning,
};

const SECRET: &str = "password = { env = 'P' }";

/// A fleet `truck` with these keys of `[primary]`, so many replicas, and these tables besides.
fn file(primary: &str, replicas: u32, more: &str) -> String {
    format!(
        "fleet = 'truck'\nprovider = 'gcp'\nregion = 'us-east1'\npostgres = '16'\n[primary]\n\
         {primary}\n[[replicas]]\ncount = {replicas}\n{more}\n"
    )
}

/// The usual fleet with two replicas.
fn usual() -> String {
    file(&format!("size = 'db-custom-2-7680'\n{SECRET}"), 2, "")
}

fn planned(text: &str, live: Vec<ObservedInstance>, goal: Goal) -> FleetPlan {
    planning::planned(&GcpPlatform::new("food"), text, live, goal)
}

fn fresh(text: &str) -> FleetPlan {
    planned(text, Vec::new(), Goal::Apply)
}

/// Whether a check of this code and gravity came up, with a source and a remedy or a note.
fn says(plan: &FleetPlan, code: &str) -> bool {
    let found = plan.checks.iter().find(|check| check.code == code);
    if let Some(check) = found {
        let source = &check.source;
        assert!(source.starts_with("https://cloud.google.com/"), "{check:?}");
    }
    found.is_some()
}

#[track_caller]
fn refuses(text: &str, code: &str) {
    let plan = fresh(text);
    assert!(says(&plan, code), "{:?}", plan.checks);
    assert!(plan.is_refused(), "{code} does not refuse");
}

#[track_caller]
fn warns(text: &str, code: &str) {
    let plan = fresh(text);
    assert!(says(&plan, code), "{:?}", plan.checks);
    assert!(!plan.is_refused(), "{:?}", plan.checks);
}

#[track_caller]
fn accepts(text: &str) {
    let plan = fresh(text);
    assert!(!plan.is_refused(), "{:?}", plan.checks);
}

/// An instance of the usual fleet as it is after an apply.
fn live(address: &str) -> ObservedInstance {
    let address: Address = address.parse().unwrap();
    let resource = |id: String| ResourceRef {
        region: Region::new("us-east1"),
        id: ResourceId::new(id),
    };
    let role = address.role();
    let mut settings = BTreeMap::from([(EDITION.to_owned(), Value::Text("ENTERPRISE".into()))]);
    if role == Role::Primary {
        settings.insert(PITR.to_owned(), Value::Flag(true));
    }
    ObservedInstance {
        resource: resource(format!("truck-{address}")),
        role,
        source: (role == Role::Replica).then(|| resource("truck-primary".into())),
        owner: Some(Owner {
            fleet: "truck".parse().unwrap(),
            address,
        }),
        phase: Phase::Available,
        raw_phase: "RUNNABLE".into(),
        condition: Condition::Sound,
        endpoint: None,
        version: None,
        attributes: Attributes {
            size: Some("db-custom-2-7680".into()),
            availability: Some(Availability::Zonal),
            postgres: Some("16".parse().unwrap()),
            storage: Storage {
                gib: Some(100),
                kind: Some("PD_SSD".into()),
                autogrow: Some(true),
                ..Storage::default()
            },
            backup_days: (role == Role::Primary).then_some(7),
            deletion_protection: Some(role == Role::Primary),
            tags: BTreeMap::new(),
            settings,
        },
        pending: BTreeMap::new(),
    }
}

fn all_live() -> Vec<ObservedInstance> {
    ["primary", "replica-1", "replica-2"].map(live).into()
}

/// What a fleet's steps do, in order: the verb and the identifier.
fn order(plan: &FleetPlan) -> Vec<String> {
    let steps = plan.steps.iter();
    steps
        .map(|step| {
            format!(
                "{} {}",
                step.mutation.operation.verb(),
                step.mutation.resource.id
            )
        })
        .collect()
}

fn primary_with(keys: &str) -> String {
    file(&format!("{keys}\n{SECRET}"), 1, "")
}

#[test]
fn a_usual_fleet_is_accepted_and_nothing_is_left_to_do_on_it() {
    accepts(&usual());
    let plan = planned(&usual(), all_live(), Goal::Apply);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
}

#[test]
fn more_than_ten_replicas_are_warned_of() {
    let primary = format!("size = 'db-custom-2-7680'\n{SECRET}");
    warns(&file(&primary, 11, ""), "gcp/replica-limit");
    assert!(!says(&fresh(&file(&primary, 10, "")), "gcp/replica-limit"));
}

#[test]
fn replicas_are_counted_by_whom_they_follow() {
    let ten = file(&format!("size = 'db-custom-2-7680'\n{SECRET}"), 10, "");
    let mut below = live("replica-3");
    below.owner = None;
    below.resource.id = ResourceId::new("below");
    below.source = Some(live("replica-1").resource);
    let mut all = all_live();
    all.push(below.clone());
    let plan = planned(&ten, all, Goal::Apply);
    assert!(!says(&plan, "gcp/replica-limit"), "{:?}", plan.checks);
    // One of the primary itself counts.
    below.source = Some(live("primary").resource);
    let mut all = all_live();
    all.push(below);
    assert!(says(&planned(&ten, all, Goal::Apply), "gcp/replica-limit"));
}

#[test]
fn replicas_need_backups_on_their_primary() {
    let text = primary_with("size = 'db-custom-2-7680'\nbackup_days = 0");
    refuses(&text, "gcp/replica-backups");
    accepts(&file(
        &format!("size = 'db-custom-2-7680'\nbackup_days = 0\n{SECRET}"),
        0,
        "",
    ));
}

#[test]
fn point_in_time_recovery_is_on_where_there_are_replicas() {
    let plan = fresh(&usual());
    let primary = &plan.desired.instances[&Address::Primary];
    assert_eq!(primary.attributes.settings[PITR], Value::Flag(true));
    // Where it is off on a live primary it is put on first, which restarts it.
    let mut was_off = live("primary");
    was_off
        .attributes
        .settings
        .insert(PITR.into(), Value::Flag(false));
    let plan = planned(&usual(), vec![was_off], Goal::Apply);
    assert_eq!(order(&plan)[0], "change truck-primary");
    assert_eq!(plan.steps[0].disruption.to_string(), "restart");
    assert_eq!(plan.steps[1].after, [1]);
}

#[test]
fn a_primary_in_two_zones_needs_backups() {
    let text = file(
        &format!("size = 'db-custom-2-7680'\nmulti_az = true\nbackup_days = 0\n{SECRET}"),
        0,
        "",
    );
    refuses(&text, "gcp/ha-backups");
}

#[test]
fn the_edition_is_always_said_and_has_tiers_of_its_own() {
    for wanted in fresh(&usual()).desired.instances.values() {
        let edition = &wanted.attributes.settings[EDITION];
        assert_eq!(*edition, Value::Text("ENTERPRISE".into()));
    }
    refuses(&primary_with("size = 'db-perf-optimized-N-2'"), "gcp/size");
    let plus = "[gcp]\nedition = 'ENTERPRISE_PLUS'";
    let primary = format!("size = 'db-perf-optimized-N-2'\n{SECRET}");
    accepts(&file(&primary, 1, plus));
    let small = format!("size = 'db-g1-small'\n{SECRET}");
    refuses(&file(&small, 1, plus), "gcp/size");
}

#[test]
fn a_custom_tier_has_to_be_possible() {
    refuses(&primary_with("size = 'db-custom-3-7680'"), "gcp/size");
    warns(&primary_with("size = 'db-of-tomorrow'"), "gcp/size");
}

#[test]
fn a_portable_size_that_nothing_holds_is_refused() {
    refuses(
        &primary_with("size = { vcpus = 4000, memory_gib = 8 }"),
        "gcp/size",
    );
}

#[test]
fn a_disk_has_its_limits_and_kinds() {
    let tier = "size = 'db-custom-2-7680'";
    refuses(
        &primary_with(&format!("{tier}\nstorage = {{ gib = 9 }}")),
        "gcp/storage-size",
    );
    refuses(
        &primary_with("size = 'db-g1-small'\nstorage = { gib = 4000 }"),
        "gcp/storage-size",
    );
    let hdd = format!("size = 'db-perf-optimized-N-2'\nstorage = {{ type = 'PD_HDD' }}\n{SECRET}");
    let plus = "[gcp]\nedition = 'ENTERPRISE_PLUS'";
    refuses(&file(&hdd, 0, plus), "gcp/storage-type");
}

#[test]
fn a_new_replica_has_the_disk_of_the_live_primary() {
    let mut grown = live("primary");
    grown.attributes.storage.gib = Some(250);
    let text = primary_with("size = 'db-custom-2-7680'\nstorage = { gib = 100 }");
    let plan = planned(&text, vec![grown], Goal::Apply);
    let replica = plan.desired.replicas().next().unwrap();
    assert_eq!(replica.attributes.storage.gib, Some(250));
}

#[test]
fn a_disk_that_has_grown_by_itself_is_left_as_it_is() {
    let mut grown = all_live();
    grown[0].attributes.storage.gib = Some(250);
    let text = file(
        &format!("size = 'db-custom-2-7680'\nstorage = {{ gib = 100 }}\n{SECRET}"),
        2,
        "",
    );
    let plan = planned(&text, grown, Goal::Apply);
    assert!(plan.steps.is_empty() && !plan.is_refused());
    let drift: Vec<String> = plan
        .set
        .drift
        .iter()
        .map(|drift| format!("{:?}", drift.reason))
        .collect();
    assert_eq!(drift, ["Grown"]);
}

#[test]
fn a_replica_whose_disk_cannot_grow_with_its_primary_s_is_warned_of() {
    let text = usual().replace("count = 2", "count = 2\nstorage = { autogrow = false }");
    warns(&text, "gcp/replica-autogrow");
}

#[test]
fn a_replica_smaller_than_its_primary_is_refused_unless_that_is_allowed() {
    let text = file(
        &format!("size = 'db-custom-4-15360'\n{SECRET}"),
        1,
        "size = 'db-custom-2-7680'",
    );
    refuses(&text, "gcp/smaller-replica");
    accepts(&format!("{text}[gcp]\nallow_smaller_replicas = true\n"));
}

#[test]
fn a_name_is_short_lowercase_and_begins_with_a_letter() {
    let long = "x".repeat(94);
    for id in ["1st", "ends-", long.as_str()] {
        let text = primary_with(&format!("size = 'db-custom-2-7680'\nid = '{id}'"));
        refuses(&text, "gcp/identifier");
    }
    accepts(&primary_with("size = 'db-custom-2-7680'\nid = 'orders-db'"));
}

#[test]
fn tags_have_to_be_labels() {
    let text = usual().replace(
        "postgres = '16'",
        "postgres = '16'\ntags = { Team = 'Food' }",
    );
    refuses(&text, "gcp/tags");
    let text = usual().replace(
        "postgres = '16'",
        "postgres = '16'\ntags = { team = 'food' }",
    );
    accepts(&text);
}

#[test]
fn the_administrator_is_postgres_and_one_database_is_made() {
    let tier = "size = 'db-custom-2-7680'";
    refuses(
        &primary_with(&format!("{tier}\nadmin = 'boss'")),
        "gcp/admin",
    );
    let long = "x".repeat(22) + &"Y".repeat(22);
    refuses(
        &primary_with(&format!("{tier}\ndatabase = '{long}'")),
        "gcp/database",
    );
    warns(&file(tier, 0, ""), "gcp/password");
}

#[test]
fn a_region_and_a_tier_there_have_to_be() {
    let elsewhere = usual().replace("us-east1", "us-east11");
    refuses(&elsewhere, "gcp/region");
    accepts(&usual().replace("us-east1", "europe-north2"));
    for tier in ["db-perf-optimized-N-3", "db-cutom-2-7680", "D4ds_v5"] {
        refuses(&primary_with(&format!("size = '{tier}'")), "gcp/size");
    }
    warns(&primary_with("size = 'db-c5-highmem-4'"), "gcp/size");
}

#[test]
fn a_version_is_offered_or_chosen() {
    let later = usual().replace("postgres = '16'", "postgres = '21'");
    refuses(&later, "gcp/version");
    warns(
        &usual().replace("postgres = '16'\n", ""),
        "gcp/version-chosen",
    );
}

#[test]
fn what_is_chosen_at_creation_is_refused_afterwards() {
    let refused = |text: &str, code: &str| {
        let plan = planned(text, all_live(), Goal::Apply);
        assert!(says(&plan, code) && plan.is_refused(), "{:?}", plan.checks);
    };
    let newer = usual().replace("postgres = '16'", "postgres = '17'");
    refused(&newer, "gcp/version-change");
    let network = format!("{}[gcp]\nnetwork = 'main'\n", usual());
    refused(&network, "gcp/network-change");
    let plus = usual().replace("db-custom-2-7680", "db-perf-optimized-N-2");
    refused(
        &format!("{plus}[gcp]\nedition = 'ENTERPRISE_PLUS'\n"),
        "gcp/edition-change",
    );
    let kind = usual().replace(
        "[[replicas]]",
        "storage = { type = 'PD_HDD' }\n[[replicas]]",
    );
    refused(&kind, "gcp/storage-type");
}

#[test]
fn a_public_address_is_told_and_a_network_gives_a_private_one() {
    assert!(says(&fresh(&usual()), "gcp/public-address"));
    let plan = fresh(&format!("{}[gcp]\nnetwork = 'main'\n", usual()));
    assert!(!says(&plan, "gcp/public-address"));
    for wanted in plan.desired.instances.values() {
        let network = &wanted.attributes.settings[NETWORK];
        let whole = "projects/food/global/networks/main";
        assert_eq!(*network, Value::Text(whole.into()));
    }
}

/// What a plan creates under this address.
fn created(plan: &FleetPlan, address: &str) -> Attributes {
    let address: Address = address.parse().unwrap();
    plan.desired.instances[&address].attributes.clone()
}

#[test]
fn a_new_replica_is_as_private_and_as_slow_as_what_it_is_copied_from() {
    let mut primary = live("primary");
    let network = "projects/food/global/networks/main";
    primary.attributes.storage.kind = Some("PD_HDD".into());
    let settings = &mut primary.attributes.settings;
    settings.insert(PUBLIC.into(), Value::Flag(false));
    settings.insert(NETWORK.into(), Value::Text(network.into()));
    settings.insert(SSL.into(), Value::Text("ENCRYPTED_ONLY".into()));
    let mut theirs = primary.clone();
    theirs.owner = None;
    let existing = "fleet = 'truck'\nprovider = 'gcp'\nregion = 'us-east1'\n[primary]\n\
                    existing = 'truck-primary'\n[[replicas]]\ncount = 1\n";
    for (text, primary) in [(usual(), primary), (existing.to_owned(), theirs)] {
        let plan = planned(&text, vec![primary], Goal::Apply);
        assert!(!plan.is_refused() && !says(&plan, "gcp/public-address"));
        let new = created(&plan, "replica-1");
        assert_eq!(new.storage.kind.as_deref(), Some("PD_HDD"), "{text}");
        assert_eq!(new.settings[PUBLIC], Value::Flag(false));
        assert_eq!(new.text(NETWORK), Some(network));
        assert_eq!(new.text(SSL), Some("ENCRYPTED_ONLY"));
    }
    // One that is there already is not made anew for it.
    let mut slow = all_live();
    slow[0].attributes.storage.kind = Some("PD_HDD".into());
    assert!(planned(&usual(), slow, Goal::Apply).set.is_empty());
}

#[test]
fn a_disk_of_a_kind_that_is_not_known_is_left_as_it_is() {
    let text = file(
        &format!("size = 'db-custom-2-7680'\nstorage = {{ type = 'PD_SSD' }}\n{SECRET}"),
        2,
        "",
    );
    let mut live = all_live();
    live[1].attributes.storage.kind = None;
    let plan = planned(&text, live, Goal::Apply);
    assert!(plan.set.is_empty(), "{:?}", plan.set);
    assert!(says(&plan, "gcp/storage-type") && !plan.is_refused());
}

#[test]
fn what_google_has_suspended_is_not_changed_and_has_no_new_replicas() {
    let suspended = |mut live: Vec<ObservedInstance>| {
        live[0].phase = Phase::Unknown;
        live[0].raw_phase = "SUSPENDED, BILLING_ISSUE".into();
        live
    };
    let larger = usual().replace("db-custom-2-7680", "db-custom-4-15360");
    for (text, live) in [(larger, all_live()), (usual(), vec![live("primary")])] {
        let plan = planned(&text, suspended(live), Goal::Apply);
        assert!(says(&plan, "gcp/suspended") && plan.is_refused());
        let check = plan.checks.iter().find(|c| c.code == "gcp/suspended");
        assert!(check.unwrap().remedy.contains("billing"));
    }
    // Where nothing is to be done, it is told and no more.
    let plan = planned(&usual(), suspended(all_live()), Goal::Apply);
    assert!(plan.set.is_empty() && !plan.is_refused());
}

#[test]
fn labels_are_counted_with_pgfleet_s_own_and_those_of_others() {
    let tagged = |count, keys: &str| {
        let primary = format!("size = 'db-custom-2-7680'\n{keys}\n{SECRET}");
        planning::tags(count) + &file(&primary, 2, "")
    };
    for (keys, most) in [
        ("", 61),
        ("database = 'orders'", 60),
        ("database = 'orders'\npassword_version = 2", 59),
    ] {
        accepts(&tagged(most, keys));
        refuses(&tagged(most + 1, keys), "gcp/tags");
    }
    let mut all = all_live();
    let theirs = ["theirs-1", "t1"].map(|tag| (tag.to_owned(), "v".to_owned()));
    all[1].attributes.tags = theirs.into();
    for (count, refused) in [(60, false), (61, true)] {
        let plan = planned(&tagged(count, ""), all.clone(), Goal::Apply);
        assert_eq!(says(&plan, "gcp/tags"), refused, "{:?}", plan.checks);
    }
}

#[test]
fn a_tier_of_mysql_is_refused_with_the_names_most_like_it() {
    let text = primary_with("size = 'db-n1-standard-2'");
    refuses(&text, "gcp/size");
    let checks = fresh(&text).checks;
    let check = checks.iter().find(|check| check.code == "gcp/size");
    assert!(
        check.unwrap().remedy.contains("`db-custom-2-7680`"),
        "{checks:?}"
    );
}

#[test]
fn replicas_begin_with_the_tier_of_a_primary_that_is_larger_than_it_need_be() {
    let mut all = all_live();
    for one in &mut all {
        one.attributes.size = Some("db-custom-4-16384".into());
    }
    let sized = |replicas: &str| {
        let primary = format!("size = {{ vcpus = 2, memory_gib = 8 }}\n{SECRET}");
        let text = file(&primary, 3, replicas);
        let plan = planned(&text, all.clone(), Goal::Apply);
        let wanted = &plan.desired.instances[&"replica-3".parse().unwrap()];
        (wanted.attributes.size.clone().unwrap(), plan.is_refused())
    };
    for same in ["", "size = { vcpus = 2, memory_gib = 8 }"] {
        assert_eq!(sized(same), ("db-custom-4-16384".to_owned(), false));
    }
    let less = sized("size = { vcpus = 2, memory_gib = 4 }");
    assert_eq!(less, ("db-custom-2-4096".to_owned(), true));
}

#[test]
fn an_existing_instance_that_is_too_old_or_no_postgresql_is_told_as_what_it_is() {
    let existing = "fleet = 'truck'\nprovider = 'gcp'\nregion = 'us-east1'\n[primary]\n\
                    existing = 'truck-primary'\n[[replicas]]\ncount = 1\n";
    for (word, told) in [
        ("POSTGRES_9_6", "runs PostgreSQL 9.6: pgfleet takes 10 to"),
        ("MYSQL_8_0", "is not PostgreSQL: it is `MYSQL_8_0`"),
    ] {
        let mut theirs = live("primary");
        theirs.owner = None;
        theirs.attributes.postgres = None;
        let engine = Value::Text(word.to_owned());
        theirs.attributes.settings.insert(ENGINE.into(), engine);
        let plan = planned(existing, vec![theirs], Goal::Apply);
        assert!(says(&plan, "gcp/existing"), "{:?}", plan.checks);
        let checks = format!("{:?}", plan.checks);
        assert!(checks.contains(told), "{checks}");
    }
}
