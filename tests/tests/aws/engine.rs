//! Fleets on a simulated RDS, through the binary: what is asked of it, and what is told. What every
//! cloud survives is in `clouds_under_fire.rs`.

use std::fs;

use pgfleet_simulator::{AwsOptions, Fault, FaultEffect, Simulator};

use crate::cloud::Cloud;

const APPLY: [&str; 3] = ["apply", "truck.toml", "--auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "truck.toml", "--auto-approve"];

#[test]
fn from_nothing_to_one_and_n_takes_n_and_four_requests() {
    let simulator = Simulator::builder();
    let mut options = AwsOptions::default();
    options.finished_in_answer = true;
    let cloud = Cloud::of(simulator.aws(options));
    let replicas = 4;
    cloud.plan(replicas, "");
    let made = cloud.asked(&APPLY, 0);
    // The list, the offers, the creates, and the list at the end.
    assert_eq!(made.len(), replicas + 4, "{made:?}");
    let listed = cloud.asked(&["plan", "truck.toml"], 0);
    assert_eq!(listed, ["DescribeDBInstances"]);
}

#[test]
fn all_fleets_of_an_account_ask_once_for_what_is_on_offer() {
    let cloud = Cloud::new();
    let path = cloud.machine.path();
    let text = fs::read_to_string(path.join(cloud.plan(1, ""))).unwrap();
    fs::write(path.join("cart.toml"), text.replace("truck", "cart")).unwrap();
    let plan = ["plan", "truck.toml", "cart.toml"];
    let offers = "DescribeOrderableDBInstanceOptions";
    assert_eq!(cloud.asked(&plan, 0), ["DescribeDBInstances", offers]);
    // A refusal is an answer as well.
    let error = FaultEffect::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "no".to_owned(),
    };
    cloud
        .control()
        .fault(Fault::new(error).on(offers).times(100));
    assert_eq!(cloud.asked(&plan, 0), ["DescribeDBInstances", offers]);
}

#[test]
fn an_answer_that_says_creating_costs_one_list_more() {
    let cloud = Cloud::new();
    let replicas = 4;
    cloud.plan(replicas, "");
    let made = cloud.asked(&APPLY, 0);
    // A list sees the primary ready, another one all replicas; the run ends with that one.
    assert_eq!(made.len(), replicas + 5, "{made:?}");
    // The plan is saved, and with it what is on offer: it is not asked for again.
    cloud.run(&DESTROY).exits(0);
    cloud
        .run(&["plan", "truck.toml", "--out", "saved.json"])
        .exits(0);
    let made = cloud.asked(&["apply", "saved.json"], 0);
    let listed = made.iter().filter(|action| *action != "GetCallerIdentity");
    assert_eq!(listed.count(), replicas + 4, "{made:?}");
}

#[test]
fn an_endpoint_that_tells_of_no_offers_is_asked_for_them_once() {
    let mut options = AwsOptions::default();
    options.tells_no_offers = true;
    let cloud = Cloud::of(Simulator::builder().aws(options));
    let replicas = 4;
    cloud.plan(replicas, "");
    let made = cloud.asked(&APPLY, 0);
    assert_eq!(made.len(), replicas + 5, "{made:?}");
    let text = fs::read_to_string(cloud.machine.path().join("truck.toml")).unwrap();
    cloud.write(&text.replace("count = 4", "count = 5\nsize = 'db.m5.huge'"));
    let ran = cloud.run(&["plan", "truck.toml"]).exits(3);
    ran.says("pgfleet knows no class db.m5.huge");
}

#[test]
fn where_nobody_tells_the_account_a_saved_plan_is_bound_to_none() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    let no_such_service = FaultEffect::Error {
        status: 400,
        code: "InvalidAction".to_owned(),
        message: "no such action".to_owned(),
    };
    let untold = Fault::new(no_such_service).on("GetCallerIdentity");
    cloud.control().fault(untold.times(100));
    let save = ["plan", "truck.toml", "--out", "saved.json"];
    cloud.run(&save).exits(0).says("bound to none");
    cloud.run(&["apply", "saved.json"]).exits(0);
    cloud.is_as_planned(1);
    // A plan file that is bound to one is not carried out where it cannot be told.
    let text = fs::read_to_string(cloud.machine.path().join("truck.toml")).unwrap();
    cloud.write(&format!("{text}[aws]\naccount = '123456789012'\n"));
    cloud.run(&save).exits(1).says("no such call");
}

#[test]
fn removal_takes_n_and_four_requests_and_one_for_each_protection() {
    let cloud = Cloud::new();
    let replicas = 4;
    cloud.plan(replicas, "");
    cloud.apply().exits(0);
    let gone = cloud.asked(&DESTROY, 0);
    assert_eq!(gone.len(), replicas + 4, "{gone:?}");
    let primary = cloud.control().requests();
    let mut deleted = primary
        .iter()
        .filter(|record| record.action == "DeleteDBInstance");
    let last = deleted.next_back().unwrap();
    assert_eq!(last.identifier.as_deref(), Some("truck-primary"));

    let cloud = Cloud::new();
    cloud.plan(replicas, "");
    let text = fs::read_to_string(cloud.machine.path().join("truck.toml")).unwrap();
    cloud.write(&text.replace("deletion = false", "deletion = true"));
    cloud.apply().exits(0);
    cloud.write(&text);
    let gone = cloud.asked(&DESTROY, 0);
    assert_eq!(gone.len(), replicas + 4 + 1, "{gone:?}");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let cloud = Cloud::new();
    let theirs = [
        ("DBInstanceIdentifier", "truck-replica-1"),
        ("DBInstanceClass", "db.m5.large"),
        ("AllocatedStorage", "100"),
    ];
    cloud.control().seed_aws("us-east-1", &theirs).unwrap();
    cloud.plan(1, "");
    let before = cloud.control().request_count();
    let ran = cloud.apply().exits(3);
    ran.says("truck-replica-1 exists in us-east-1 without pgfleet's tags");
    assert_eq!(cloud.control().request_count(), before + 2);
}

#[test]
fn adoption_sets_tags_and_release_takes_them_off() {
    let cloud = Cloud::new();
    let theirs = [
        ("DBInstanceIdentifier", "truck-primary"),
        ("DBInstanceClass", "db.m5.large"),
        ("AllocatedStorage", "100"),
        ("BackupRetentionPeriod", "7"),
    ];
    cloud.control().seed_aws("us-east-1", &theirs).unwrap();
    cloud.plan(0, "");
    cloud.apply().exits(3).says("pgfleet adopt");
    let ran = cloud.run(&["status", "truck.toml"]).exits(0);
    ran.says("not ours").says("pgfleet adopt");
    ran.never_says("missing").never_says("pgfleet apply");
    cloud
        .run(&["adopt", "truck.toml"])
        .exits(64)
        .says("--auto-approve");
    let asked = cloud.asked(&["adopt", "truck.toml", "--auto-approve"], 0);
    assert_eq!(asked, ["DescribeDBInstances", "AddTagsToResource"]);
    cloud.run(&["plan", "truck.toml"]).exits(0);
    let again = cloud.asked(&["adopt", "truck.toml", "--auto-approve"], 0);
    assert_eq!(again, ["DescribeDBInstances"]);
    let ran = cloud.run(&["adopt", "truck.toml", "--auto-approve"]);
    ran.says("the 1 instance of the plan bears pgfleet's tags already");
    let ran = cloud.run(&["release", "truck.toml", "replica-1", "--auto-approve"]);
    ran.exits(3).says("no instance at replica-1");
    cloud
        .run(&["release", "truck.toml", "--auto-approve"])
        .exits(0);
    cloud.apply().exits(3).says("without pgfleet's tags");
}

#[test]
fn a_budget_refuses_and_an_unknown_price_is_no_small_one() {
    let cloud = Cloud::new();
    cloud.plan(2, "");
    let path = cloud.machine.path().join("truck.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}monthly_usd = 100\n")).unwrap();
    cloud.apply().exits(3).says("cost/budget");
    let unknown = text.replace("gib = 100", "gib = 100, type = 'io2', iops = 1000");
    let unknown = unknown.replace("us-east-1", "eu-west-1");
    fs::write(&path, format!("{unknown}monthly_usd = 100000\n")).unwrap();
    cloud.apply().exits(3).says("cost/unpriced");
    let records = cloud.control().requests();
    let changes = records.iter().filter(|record| {
        let record = serde_json::to_value(record).unwrap();
        record["action"]
            .as_str()
            .is_some_and(|action| action.starts_with("Create"))
    });
    assert_eq!(changes.count(), 0, "a refusal touches nothing");
}

#[test]
fn simulated_and_real_plans_are_not_mixed_up() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    cloud
        .run(&["plan", "truck.toml", "--simulate", "--out", "saved.json"])
        .exits(0);
    let ran = cloud.run(&["plan", "saved.json"]).exits(64);
    ran.says("saved.json is a saved plan, not a plan file");
    ran.says("pgfleet apply saved.json");
    cloud
        .run(&["apply", "saved.json"])
        .exits(4)
        .says("`pgfleet apply saved.json --simulate` applies it there");
    cloud.run(&["apply", "saved.json", "--simulate"]).exits(0);
    cloud
        .run(&["plan", "truck.toml", "--out", "saved.json"])
        .exits(0);
    cloud
        .run(&["apply", "saved.json", "--simulate"])
        .exits(4)
        .says("`pgfleet apply saved.json` applies it where it was planned");
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn a_password_is_changed_when_its_version_rises() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    cloud.apply().exits(0);
    let text = fs::read_to_string(cloud.machine.path().join("truck.toml")).unwrap();
    cloud.write(&text.replace("password =", "password_version = 2\npassword ="));
    let plan = ["plan", "truck.toml", "--format", "shell"];
    let script = cloud.run(&plan).exits(0).stdout;
    assert!(script.contains("--master-user-password \"$TRUCK_PASSWORD\""));
    assert!(script.contains("pgfleet-password-version"), "{script}");
    // The password is changed, and its version is not written down: it is changed again.
    let lost = FaultEffect::Error {
        status: 400,
        code: "InvalidParameterValue".to_owned(),
        message: "not now".to_owned(),
    };
    let lost = Fault::new(lost).on("AddTagsToResource");
    cloud.control().fault(lost);
    cloud.apply().exits(5);
    // Nor does an answer that is lost count for a change.
    let lost = Fault::new(FaultEffect::Reset).on("ModifyDBInstance");
    cloud.control().fault(lost);
    let asked = cloud.asked(&APPLY, 0);
    let count = |wanted: &str| asked.iter().filter(|action| *action == wanted).count();
    assert_eq!(
        (count("ModifyDBInstance"), count("AddTagsToResource")),
        (2, 1),
        "{asked:?}"
    );
    cloud.is_as_planned(1);
    // A version that was there already is none to go back to.
    cloud.write(&text);
    cloud.is_settled();
}
