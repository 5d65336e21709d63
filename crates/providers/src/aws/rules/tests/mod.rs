//! The rules of RDS, each by its name, held against plans as they are made.

mod disks;
mod names;
mod places;
mod sources;
mod states;

use pgfleet_model::{
    Attributes, Availability, Condition, Field, ObservedInstance, Operation, Owner, Phase, Region,
    ResourceId, ResourceRef, Role, Severity, Storage, Value,
};
use pgfleet_planner::{FleetPlan, Goal, Platform as _, Word};

use crate::{aws::AwsPlatform, shared::planning};

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
    planning::planned(&AwsPlatform::default(), text, there, goal)
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
    if planning::parsed(text).is_ok() {
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
        refuses_file(&text, "aws/tags");
    }
    takes(&planned(
        &file("", "tags = { 'cost: centre' = 'küche @ 1/2' }"),
        [],
    ));
}

#[test]
fn an_instance_has_50_tags_with_pgfleet_s_own() {
    let tagged = |count: u32, primary: &str| {
        let tags: Vec<String> = (0..count)
            .map(|number| format!("t{number} = 'x'"))
            .collect();
        file(primary, &format!("tags = {{ {} }}", tags.join(", ")))
    };
    takes(&planned(&tagged(47, ""), []));
    refuses(&planned(&tagged(48, ""), []), "aws/tags");
    // The version of the password is one more.
    refuses(
        &planned(&tagged(47, "password_version = 2"), []),
        "aws/tags",
    );
    // Those that somebody else has set count, and the same ones once; RDS's own do not.
    let mut primary = live("primary");
    let theirs = ["t0", "theirs", "aws:cloudformation:stack-name"];
    let theirs = theirs.map(|key| (key.to_owned(), "x".to_owned()));
    primary.attributes.tags.extend(theirs);
    takes(&planned(&tagged(46, ""), [primary.clone()]));
    refuses(&planned(&tagged(47, ""), [primary]), "aws/tags");
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
fn a_pinned_version_that_rds_has_raised_by_itself_is_told_with_what_to_write() {
    let text = file("", "postgres = '16.2'");
    let plan = planned(&text, [live("primary")]);
    let told = plan
        .checks
        .iter()
        .find(|check| check.code == "aws/downgrade");
    let remedy = &told.unwrap().remedy;
    for word in ["\"16\"", "\"16.3\"", "--no-auto-minor-version-upgrade"] {
        assert!(remedy.contains(word), "{remedy}");
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
    assert!(codes(&planned(&public, []), Severity::Warning).contains(&"aws/public-address"));
}

#[test]
fn a_replica_abroad_is_switched_to_its_parameter_group_when_it_is_there() {
    let abroad =
        format!("region = '{THERE}'\naws = {{ kms_key = 'a-key', parameter_group = 'ours' }}\n");
    let plan = planned(&replicas(1, &abroad), [live("primary")]);
    let words = words(&plan, 0);
    let switch = "modify-db-instance --db-instance-identifier truck-replica-1 \
                  --db-parameter-group-name ours --apply-immediately --region eu-west-1";
    let wait = words.find("wait db-instance-available").unwrap();
    assert!(words.find(switch).unwrap() > wait, "{words}");
    // Beside its source it has the source's.
    let near = planned(
        &replicas(1, "aws = { parameter_group = 'ours' }"),
        [live("primary")],
    );
    assert!(!self::words(&near, 0).contains("modify-db-instance"));
}

#[test]
fn tags_are_counted_with_pgfleet_s_own_and_those_of_others() {
    let tagged = |count, keys: &str| file(keys, &planning::tags(count));
    for (keys, most) in [("", 47), ("password_version = 2", 46)] {
        takes(&planned(&tagged(most, keys), []));
        refuses_file(&tagged(most + 1, keys), "aws/tags");
    }
    let mut primary = live("primary");
    let theirs = ["theirs", "aws:cloudformation:stack-id"];
    primary.attributes.tags = theirs.map(|tag| (tag.to_owned(), "v".to_owned())).into();
    takes(&planned(&tagged(46, ""), [primary.clone()]));
    refuses(&planned(&tagged(47, ""), [primary]), "aws/tags");
}

#[test]
fn replicas_begin_with_the_class_of_a_primary_that_is_larger_than_it_need_be() {
    let sized = |group: &str| {
        let text = replicas(2, group).replace("'db.m5.large'", "{ vcpus = 2, memory_gib = 8 }");
        let mut all = ["primary", "replica-1"].map(live);
        for one in &mut all {
            one.attributes.size = Some("db.m5.xlarge".to_owned());
        }
        let plan = planned(&text, all);
        let wanted = &plan.desired.instances[&"replica-2".parse().unwrap()];
        wanted.attributes.size.clone().unwrap()
    };
    for same in ["", "size = { vcpus = 2, memory_gib = 8 }"] {
        assert_eq!(sized(same), "db.m5.xlarge");
    }
    assert_ne!(
        sized("size = { vcpus = 2, memory_gib = 4 }"),
        "db.m5.xlarge"
    );
}
