//! The rules of RDS, each by its name, held against plans as they are made.

#![cfg(feature = "aws")]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics is one that fails"
)]

use std::{path::Path, sync::Arc};

use pgfleet_model::{
    Attributes, Availability, Condition, Field, Inventory, ObservedInstance, Operation, Owner,
    Phase, Region, ResourceId, ResourceRef, Role, Severity, Storage, Value,
};
use pgfleet_planner::{FleetPlan, Goal, Platform as _, Word, plan};
use pgfleet_providers::aws::AwsPlatform;
use pgfleet_spec::{SourceFile, Spec, parse};

const HERE: &str = "us-east-1";
const THERE: &str = "eu-west-1";

/// A plan file of a primary as [`live`] shows it.
fn file(primary: &str, rest: &str) -> String {
    format!(
        "fleet = 'truck'\nprovider = 'aws'\nregion = '{HERE}'\n{rest}\n[primary]\n\
         size = 'db.m5.large'\npassword = {{ env = 'SECRET' }}\n{primary}\n"
    )
}

/// A plan file with so many replicas, all of one group.
fn replicas(count: usize, group: &str) -> String {
    let alone = file("", "");
    format!("{alone}[[replicas]]\ncount = {count}\n{group}\n")
}

fn existing(replicas: usize) -> String {
    format!(
        "fleet = 'truck'\nprovider = 'aws'\nregion = '{HERE}'\n[primary]\nexisting = 'theirs'\n\
         [[replicas]]\ncount = {replicas}\nsize = 'db.m5.large'\n"
    )
}

fn spec(text: &str) -> Spec {
    let file = SourceFile {
        name: "plan.toml".to_owned(),
        text: text.to_owned(),
    };
    parse(Arc::new(file), Path::new("/")).unwrap()
}

fn named(region: &str, id: &str) -> ResourceRef {
    ResourceRef {
        region: Region::new(region),
        id: ResourceId::new(id),
    }
}

/// An instance of the fleet `truck` as RDS lists it.
fn live(address: &str) -> ObservedInstance {
    let address: pgfleet_model::Address = address.parse().unwrap();
    let role = address.role();
    let source = (role == Role::Replica).then(|| named(HERE, "truck-primary"));
    ObservedInstance {
        resource: named(HERE, &format!("truck-{address}")),
        owner: Some(Owner {
            fleet: "truck".parse().unwrap(),
            address,
        }),
        role,
        source,
        phase: Phase::Available,
        raw_phase: "available".to_owned(),
        condition: Condition::Sound,
        endpoint: None,
        version: None,
        attributes: Attributes {
            size: Some("db.m5.large".to_owned()),
            availability: Some(Availability::Zonal),
            postgres: Some("16.3".parse().unwrap()),
            storage: Storage {
                gib: Some(100),
                kind: Some("gp3".to_owned()),
                ..Storage::default()
            },
            backup_days: (role == Role::Primary).then_some(7),
            deletion_protection: Some(role == Role::Primary),
            ..Attributes::default()
        },
        pending: std::collections::BTreeMap::new(),
    }
}

/// An instance that bears no tags of pgfleet's.
fn theirs(id: &str, source: Option<&str>) -> ObservedInstance {
    ObservedInstance {
        resource: named(HERE, id),
        owner: None,
        role: if source.is_some() {
            Role::Replica
        } else {
            Role::Primary
        },
        source: source.map(|source| named(HERE, source)),
        ..live("primary")
    }
}

fn set(mut instance: ObservedInstance, setting: &str, value: Value) -> ObservedInstance {
    let settings = &mut instance.attributes.settings;
    settings.insert(setting.to_owned(), value);
    instance
}

fn planned(text: &str, there: impl IntoIterator<Item = ObservedInstance>) -> FleetPlan {
    aimed(text, there, Goal::Apply)
}

fn aimed(text: &str, there: impl IntoIterator<Item = ObservedInstance>, goal: Goal) -> FleetPlan {
    let inventory: Inventory = there.into_iter().collect();
    plan(&spec(text), &inventory, &AwsPlatform::default(), goal).unwrap()
}

/// The codes of checks of this severity.
fn codes(plan: &FleetPlan, severity: Severity) -> Vec<&str> {
    let checks = plan
        .checks
        .iter()
        .filter(|check| check.severity == severity);
    checks.map(|check| check.code.as_ref()).collect()
}

#[track_caller]
fn refuses(plan: &FleetPlan, code: &str) {
    let checks = plan.checks.iter();
    let mut found = checks.filter(|check| check.severity == Severity::Error && check.code == code);
    let check = found.next();
    let check = check.unwrap_or_else(|| panic!("{code} is not among {:?}", plan.checks));
    assert!(
        !check.remedy.is_empty(),
        "{code} says nothing of what to do"
    );
    let source = &check.source;
    assert!(
        source.starts_with("https://docs.aws.amazon.com/"),
        "{source}"
    );
}

/// Either the plan file itself is refused, or the plan.
#[track_caller]
fn refuses_file(text: &str, code: &str) {
    let file = SourceFile {
        name: "plan.toml".to_owned(),
        text: text.to_owned(),
    };
    if parse(Arc::new(file), Path::new("/")).is_ok() {
        refuses(&planned(text, []), code);
    }
}

#[track_caller]
fn takes(plan: &FleetPlan) {
    assert_eq!(codes(plan, Severity::Error), [""; 0], "{:?}", plan.checks);
}

fn calls(plan: &FleetPlan) -> Vec<String> {
    let steps = plan.steps.iter();
    steps
        .map(|step| format!("{} {}", step.call, step.mutation.resource.id))
        .collect()
}

/// What a plan sends, as words for a shell.
fn words(plan: &FleetPlan, step: usize) -> String {
    let platform = AwsPlatform::default();
    let commands = platform.commands(&plan.steps[step].mutation);
    let words = commands.into_iter().flatten().map(|word| match word {
        Word::Plain(word) => word,
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn more_than_15_replicas_are_warned_of() {
    assert!(
        codes(&planned(&replicas(16, ""), []), Severity::Warning).contains(&"aws/replica-limit")
    );
    let plan = planned(&replicas(15, ""), []);
    assert!(!codes(&plan, Severity::Warning).contains(&"aws/replica-limit"));
    takes(&plan);
}

#[test]
fn more_than_5_replicas_abroad_are_warned_of() {
    let abroad = format!("region = '{THERE}'\naws = {{ kms_key = 'a-key' }}\n");
    let plan = planned(&replicas(6, &abroad), []);
    assert!(codes(&plan, Severity::Warning).contains(&"aws/replicas-abroad"));
    let plan = planned(&replicas(5, &abroad), []);
    assert!(!codes(&plan, Severity::Warning).contains(&"aws/replicas-abroad"));
    takes(&plan);
}

#[test]
fn a_replica_has_at_most_5_replicas() {
    let source = theirs("theirs", Some("another"));
    takes(&planned(&existing(5), [source.clone()]));
    refuses(
        &planned(&existing(6), [source.clone()]),
        "aws/cascade-limit",
    );
    // Somebody else's count as well, those of its replicas do not.
    let other = theirs("other", Some("theirs"));
    let below = theirs("below", Some("other"));
    let there = [source, other, below];
    takes(&planned(&existing(4), there.clone()));
    refuses(&planned(&existing(5), there), "aws/cascade-limit");
}

#[test]
fn replicas_are_made_down_to_three_levels_below_a_primary() {
    let chain = |sources: &[&str]| {
        let names = ["theirs"].iter().chain(sources);
        let all = names
            .zip(sources)
            .map(|(id, source)| theirs(id, Some(*source)));
        all.collect::<Vec<_>>()
    };
    takes(&planned(&existing(1), chain(&["two", "one"])));
    let too_deep = chain(&["three", "two", "one"]);
    refuses(
        &planned(&existing(1), too_deep.clone()),
        "aws/cascade-levels",
    );
    // What follows it already is none of RDS's making now.
    let mut there = too_deep;
    let mut ours = live("replica-1");
    ours.source = Some(named(HERE, "theirs"));
    there.push(ours);
    takes(&planned(&existing(1), there));
}

#[test]
fn a_replica_has_replicas_from_14_1_on() {
    let mut source = theirs("theirs", Some("another"));
    source.attributes.postgres = Some("14.0".parse().unwrap());
    refuses(
        &planned(&existing(1), [source.clone()]),
        "aws/cascade-version",
    );
    source.attributes.postgres = Some("14.1".parse().unwrap());
    takes(&planned(&existing(1), [source]));
}

#[test]
fn a_member_of_a_cluster_is_no_source() {
    let source = set(theirs("theirs", None), "cluster", Value::Text("all".into()));
    refuses(&planned(&existing(1), [source]), "aws/cluster-source");
}

#[test]
fn a_managed_password_forbids_replicas() {
    let primary = set(live("primary"), "managed_password", Value::Flag(true));
    refuses(
        &planned(&replicas(1, ""), [primary.clone()]),
        "aws/managed-password",
    );
    takes(&planned(&replicas(1, ""), [primary, live("replica-1")]));
}

#[test]
fn backup_retention_0_forbids_replicas() {
    let none = file("backup_days = 0", "");
    refuses(
        &planned(&format!("{none}[[replicas]]\ncount = 1\n"), []),
        "aws/backup-retention",
    );
    takes(&planned(&none, []));
    let mut source = theirs("theirs", None);
    source.attributes.backup_days = Some(0);
    refuses(&planned(&existing(1), [source]), "aws/backup-retention");
}

#[test]
fn storage_never_shrinks() {
    let mut primary = live("primary");
    primary.attributes.storage.gib = Some(200);
    let plan = planned(&file("storage = { gib = 100 }", ""), [primary]);
    assert_eq!(calls(&plan), [""; 0]);
    assert_eq!(plan.set.drift.len(), 1);
}

#[test]
fn storage_changes_once_in_six_hours_and_not_while_it_is_optimized() {
    let larger = file("storage = { gib = 500 }", "");
    let plan = planned(&larger, [live("primary")]);
    takes(&plan);
    assert!(codes(&plan, Severity::Note).contains(&"aws/storage-once-in-six-hours"));
    let mut primary = live("primary");
    primary.raw_phase = "storage-optimization".to_owned();
    refuses(
        &planned(&larger, [primary.clone()]),
        "aws/storage-optimization",
    );
    // Everything else can be done meanwhile.
    let resized = file("", "").replace("db.m5.large", "db.m5.xlarge");
    takes(&planned(&resized, [primary]));
}

#[test]
fn size_and_iops_go_in_one_call() {
    let larger = file("storage = { gib = 500, iops = 13000 }", "");
    let plan = planned(&larger, [live("primary")]);
    assert_eq!(calls(&plan), ["ModifyDBInstance truck-primary"]);
}

#[test]
fn gp3_below_400_gib_takes_no_iops() {
    for more in ["iops = 4000", "throughput = 250"] {
        let small = file(&format!("storage = {{ gib = 399, {more} }}"), "");
        refuses(&planned(&small, []), "aws/gp3-iops");
    }
    takes(&planned(
        &file("storage = { gib = 400, iops = 13000 }", ""),
        [],
    ));
}

#[test]
fn io1_and_io2_are_made_with_a_number_of_iops() {
    for kind in ["io1", "io2"] {
        let without = file(&format!("storage = {{ gib = 100, type = '{kind}' }}"), "");
        refuses(&planned(&without, []), "aws/iops-required");
        let with = without.replace("gib = 100", "gib = 100, iops = 1000");
        takes(&planned(&with, []));
    }
}

#[test]
fn a_disk_grows_by_itself_to_a_tenth_more_at_least() {
    let to = |gib| {
        file(
            &format!("storage = {{ gib = 100, autogrow_to_gib = {gib} }}"),
            "",
        )
    };
    refuses(&planned(&to(109), []), "aws/autogrow");
    takes(&planned(&to(110), []));
    // What has grown since stays as it is.
    let mut primary = live("primary");
    primary.attributes.storage.gib = Some(109);
    primary.attributes.storage.autogrow_to_gib = Some(110);
    takes(&planned(&to(110), [primary]));
}

#[test]
fn deleting_a_primary_promotes_replicas_that_the_plan_does_not_know() {
    let text = format!("{}[protect]\ndeletion = false\n", file("", ""));
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let stranger = theirs("analysts", Some("truck-primary"));
    let plan = aimed(&text, [live("primary"), stranger], goal);
    refuses(&plan, "aws/promotes-replicas");
    let said = plan.checks.iter().map(|check| check.message.as_str());
    assert!(
        said.clone()
            .any(|said| said.contains("RDS would promote them"))
    );
    takes(&aimed(&text, [live("primary")], goal));
}

#[test]
fn replicas_are_deleted_before_their_primary_and_leave_no_snapshot() {
    let text = format!("{}[protect]\ndeletion = false\n", replicas(1, ""));
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let plan = aimed(&text, [live("primary"), live("replica-1")], goal);
    let order = calls(&plan);
    let place = |call: &str| order.iter().position(|made| made == call).unwrap();
    let (replica, primary) = (
        place("DeleteDBInstance truck-replica-1"),
        place("DeleteDBInstance truck-primary"),
    );
    assert!(
        place("ModifyDBInstance truck-primary") < primary,
        "{order:?}"
    );
    assert!(replica < primary, "{order:?}");
    let waits = &plan.steps[primary].after;
    assert!(waits.contains(&plan.steps[replica].id), "{waits:?}");
    assert!(words(&plan, replica).contains("--skip-final-snapshot"));
    assert!(words(&plan, primary).contains("--final-db-snapshot-identifier truck-primary-final"));
}

#[test]
fn an_encrypted_replica_abroad_needs_a_key_of_its_region() {
    let without = format!("region = '{THERE}'");
    refuses(&planned(&replicas(1, &without), []), "aws/kms-cross-region");
    let with = format!("{without}\naws = {{ kms_key = 'a-key' }}");
    takes(&planned(&replicas(1, &with), []));
    // What is not encrypted is copied as it is.
    let plain = set(live("primary"), "storage_encrypted", Value::Flag(false));
    takes(&planned(&replicas(1, &without), [plain]));
}

#[test]
fn a_replica_in_its_primary_s_region_takes_no_key() {
    let with = "aws = { kms_key = 'a-key' }";
    refuses(&planned(&replicas(1, with), []), "aws/kms-same-region");
}

#[test]
fn copies_between_regions_of_china_need_a_signed_url() {
    let text = replicas(1, "region = 'cn-northwest-1'\naws = { kms_key = 'a-key' }");
    let text = text.replace(HERE, "cn-north-1");
    refuses(&planned(&text, []), "aws/pre-signed-url");
}

#[test]
fn identifiers_are_letters_digits_and_single_hyphens() {
    let long = "a".repeat(64);
    for id in [
        "1st",
        "orders--eu",
        "orders-",
        "or_ders",
        "Orders",
        long.as_str(),
    ] {
        refuses_file(&file(&format!("id = '{id}'"), ""), "aws/identifier");
    }
    for id in ["o", "orders-eu-1", &long[..63]] {
        takes(&planned(&file(&format!("id = '{id}'"), ""), []));
    }
}

#[test]
fn tags_are_letters_digits_spaces_and_a_few_signs() {
    let long = "v".repeat(257);
    for tag in [
        "\"it's\" = 'x'",
        "x = \"it's\"",
        "'aws:x' = 'y'",
        &format!("x = '{long}'"),
    ] {
        let text = file("", &format!("tags = {{ {tag} }}"));
        refuses_file(&text, "aws/tag");
    }
    takes(&planned(
        &file("", "tags = { 'cost: centre' = 'küche @ 1/2' }"),
        [],
    ));
}

#[test]
fn a_minor_upgrade_reaches_the_replicas_first() {
    let text = replicas(2, "").replace("[primary]", "postgres = '16.4'\n[primary]");
    let there = ["primary", "replica-1", "replica-2"].map(live);
    let plan = planned(&text, there);
    takes(&plan);
    let primary = plan.steps.iter();
    let primary = primary.filter(|step| step.mutation.resource.id.as_str() == "truck-primary");
    let upgraded: Vec<usize> = primary.map(|step| step.after.len()).collect();
    assert_eq!(upgraded, [2], "{:?}", calls(&plan));
    assert_eq!(calls(&plan)[2], "ModifyDBInstance truck-primary");
}

#[test]
fn a_major_upgrade_is_done_by_hand_since_it_takes_the_replicas_along() {
    for (wanted, code) in [("17", "aws/major-upgrade"), ("16.2", "aws/downgrade")] {
        let text = file("", &format!("postgres = '{wanted}'"));
        refuses(&planned(&text, [live("primary")]), code);
    }
}

#[test]
fn a_replica_s_two_zones_are_its_own_and_put_right_alone() {
    let text = file("multi_az = true", "");
    let text =
        format!("{text}[[replicas]]\ncount = 1\n[[replicas]]\nname = 'two'\nmulti_az = true\n");
    let mut primary = live("primary");
    primary.attributes.availability = Some(Availability::Regional);
    // RDS has made the second one in one zone, whatever was asked of it.
    let plan = planned(&text, [primary, live("replica-1"), live("two-1")]);
    takes(&plan);
    let [step] = plan.steps.as_slice() else {
        panic!("{:?}", calls(&plan));
    };
    let Operation::Modify { fields, .. } = &step.mutation.operation else {
        panic!("{step:?}");
    };
    let fields: Vec<&Field> = fields.iter().map(|change| &change.field).collect();
    assert_eq!(
        (step.address.to_string().as_str(), fields),
        ("two-1", vec![&Field::MultiAz])
    );
}

#[test]
fn a_replica_is_made_without_what_it_takes_from_its_source() {
    let text = replicas(1, "").replace(
        "[[replicas]]",
        "[aws]\nparameter_group = 'ours'\n[[replicas]]",
    );
    let plan = planned(
        &text.replace("[primary]", "postgres = '16'\n[primary]"),
        [live("primary")],
    );
    let create = calls(&plan)
        .iter()
        .position(|call| call.starts_with("CreateDBInstanceReadReplica"))
        .unwrap();
    let words = words(&plan, create);
    for never in [
        "engine",
        "master",
        "backup",
        "encrypted",
        "kms",
        "parameter-group",
        "window",
    ] {
        assert!(!words.contains(never), "{never} in {words}");
    }
}

#[test]
fn a_primary_needs_a_password_and_a_public_address_is_warned_of() {
    let without = file("", "").replace("password = { env = 'SECRET' }", "");
    refuses(&planned(&without, []), "aws/password");
    let public = format!("{}[aws]\npublicly_accessible = true\n", file("", ""));
    assert!(codes(&planned(&public, []), Severity::Warning).contains(&"aws/public"));
}

#[test]
fn a_changed_subnet_group_is_refused() {
    let text = format!("{}[aws]\nsubnet_group = 'other'\n", file("", ""));
    let primary = set(live("primary"), "subnet_group", Value::Text("mine".into()));
    refuses(&planned(&text, [primary]), "aws/subnet-group");
}
