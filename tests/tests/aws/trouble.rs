//! What goes wrong between pgfleet and RDS: each time a clear error with its remedy, and nothing
//! half-done.

use std::fs;

use pgfleet_simulator::{Fault, FaultEffect};
use pgfleet_tests::wait_until;

use crate::cloud::Cloud;

const PLAN: [&str; 2] = ["plan", "truck.toml"];

pub(crate) fn refusal(action: &str, code: &str) -> Fault {
    let error = FaultEffect::Error {
        status: 403,
        code: code.to_owned(),
        message: "no".to_owned(),
    };
    Fault::new(error).on(action).times(100)
}

#[test]
fn a_permission_that_is_missing_is_named() {
    for (action, code) in [
        ("DescribeDBInstances", "AccessDenied"),
        ("CreateDBInstance", "UnauthorizedOperation"),
    ] {
        let cloud = Cloud::new();
        cloud.plan(1, "");
        cloud.control().fault(refusal(action, code));
        cloud.apply().exits(1).says(&format!("rds:{action}"));
        cloud.has_nothing();
    }
    // Offers may be left unasked, or unknown to what stands in for RDS.
    let offers = "DescribeOrderableDBInstanceOptions";
    for (code, remedy) in [
        ("AccessDenied", "rds:DescribeOrderableDBInstanceOptions"),
        ("NotAuthorized", "rds:DescribeOrderableDBInstanceOptions"),
        ("InvalidAction", "AWS_ENDPOINT_URL"),
    ] {
        let cloud = Cloud::new();
        cloud.plan(1, "");
        cloud.control().fault(refusal(offers, code));
        cloud.apply().exits(0).says(remedy);
    }
    // The embedded catalog knows the classes then.
    let cloud = Cloud::new();
    cloud.plan(1, "");
    cloud.control().fault(refusal(offers, "AccessDenied"));
    let path = cloud.machine.path().join("truck.toml");
    let text = fs::read_to_string(path).unwrap();
    cloud.write(&text.replace("count = 1", "count = 2\nsize = 'db.m5.huge'"));
    let ran = cloud.apply().exits(3);
    ran.says("pgfleet knows no class db.m5.huge");
}

#[test]
fn answers_that_are_cut_off_or_no_xml_are_asked_for_again() {
    for effect in [FaultEffect::Truncate, FaultEffect::Malformed] {
        let cloud = Cloud::new();
        cloud.plan(1, "");
        let control = cloud.control();
        let once = Fault::new(effect.clone());
        control.fault(once.clone().on("DescribeDBInstances"));
        control.fault(once.clone().on("CreateDBInstance"));
        control.fault(once.on("CreateDBInstanceReadReplica"));
        cloud.apply().exits(0);
        cloud.is_as_planned(1);
        assert_eq!(cloud.instances().len(), 2);
        let always = Fault::new(effect).on("DescribeDBInstances").times(100);
        control.fault(always);
        let ran = cloud.run(&PLAN).exits(1);
        ran.says("the answer is cut off or is not what RDS answers");
        ran.says("AWS_ENDPOINT_URL");
    }
}

#[test]
fn a_class_and_a_region_that_do_not_exist_are_told() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    let text = fs::read_to_string(cloud.machine.path().join(name)).unwrap();
    cloud.write(&text.replace("db.m5.large", "db.m5.huge"));
    cloud.apply().exits(3).says("aws/size");
    // This one ran nothing newer than 13.
    let old = text.replace("db.m5.large", "db.m4.large");
    cloud.write(&old.replace("[primary]", "postgres = '16'\n[primary]"));
    let ran = cloud.apply().exits(3);
    ran.says("RDS offers no db.m4.large for PostgreSQL 16 in us-east-1");
    cloud.write(&text.replace("us-east-1", "us-nowhere-1"));
    let ran = cloud.run(&PLAN).exits(1);
    ran.says("look at `region` in the plan file: AWS knows no such region");
    // A version that there is not is told with the plan.
    for pinned in ["16.99", "61"] {
        cloud.write(&text.replace("[primary]", &format!("postgres = '{pinned}'\n[primary]")));
        let ran = cloud.apply().exits(3);
        ran.says(&format!("PostgreSQL {pinned}"));
    }
    cloud.has_nothing();
}

#[test]
fn a_minor_version_that_there_is_not_is_told_before_an_upgrade() {
    let cloud = Cloud::new();
    let path = cloud.machine.path().join(cloud.plan(1, ""));
    let text = fs::read_to_string(path).unwrap();
    let pinned = |version: &str| {
        cloud.write(&text.replace("[primary]", &format!("postgres = '{version}'\n[primary]")));
    };
    pinned("16.3");
    cloud.apply().exits(0);
    pinned("16.99");
    let ran = cloud.apply().exits(3);
    ran.says("aws/version")
        .says("RDS offers no PostgreSQL 16.99");
    pinned("16.4");
    cloud.apply().exits(0);
    cloud.is_settled();
}

#[test]
fn a_version_that_rds_has_a_longer_word_for_is_made_and_kept() {
    let cloud = Cloud::new();
    let path = cloud.machine.path().join(cloud.plan(1, ""));
    let text = fs::read_to_string(path).unwrap();
    let pinned = |version: &str| {
        cloud.write(&text.replace("[primary]", &format!("postgres = '{version}'\n[primary]")));
    };
    pinned("13.23");
    let ran = cloud.apply().exits(3);
    ran.says("aws/version").says("as 13.23-rds.20260514 only");
    cloud.has_nothing();
    pinned("13");
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    let state = cloud.control().state().to_string();
    assert!(state.contains("13.23-rds.20260514"), "{state}");
    // The number does for what runs.
    pinned("13.23");
    cloud.is_settled();
}

#[test]
fn tags_that_lists_show_late_are_waited_for() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    let control = cloud.control();
    let primary = ["truck-primary".to_owned()];
    control.change_aws(|options| options.untagged = primary.to_vec());
    let run = cloud.start(&["apply", &name, "--auto-approve"]);
    let lists = || {
        let records = control.requests();
        let made = records
            .iter()
            .position(|one| one.action == "CreateDBInstance");
        let after = made.map(|made| &records[made..]).unwrap_or_default();
        let mut lists = after
            .iter()
            .filter(|one| one.action == "DescribeDBInstances");
        lists.nth(1).is_some()
    };
    wait_until("it was listed without its tags", lists);
    control.change_aws(|options| options.untagged.clear());
    run.wait().exits(0);
    cloud.is_as_planned(1);
}

#[test]
fn what_has_failed_is_taken_down_without_a_last_snapshot_or_not_at_all() {
    let cloud = Cloud::new();
    let name = cloud.plan(0, "");
    let text = fs::read_to_string(cloud.machine.path().join(&name)).unwrap();
    cloud.apply().exits(0);
    let destroy = ["destroy", name.as_str(), "--auto-approve"];
    let control = cloud.control();
    let status = |word| {
        control
            .set_aws_status("us-east-1", "truck-primary", word)
            .unwrap();
    };
    status("incompatible-network");
    let ran = cloud.run(&destroy).exits(3);
    ran.says("aws/final-snapshot")
        .says("final_snapshot = false");
    // In other states that do not pass, RDS is asked and says no, once.
    status("incompatible-parameters");
    let asked = cloud.records(&destroy, 1);
    let deletes = asked.iter().filter(|one| one.action == "DeleteDBInstance");
    assert_eq!(deletes.count(), 1);
    status("incompatible-network");
    cloud.write(&text.replace("[primary]", "[primary]\nfinal_snapshot = false"));
    cloud.run(&destroy).exits(0);
    cloud.has_nothing();
}

#[test]
fn somebody_s_replica_in_a_region_that_is_not_enabled_is_warned_of() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    cloud.apply().exits(0);
    let theirs = "fleet = 'theirs'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                  existing = 'truck-primary'\n[[replicas]]\ncount = 1\nregion = 'eu-south-1'\n\
                  size = 'db.m5.large'\n[replicas.aws]\nkms_key = '1234abcd-12ab-34cd-56ef-1234567890ab'\n";
    fs::write(cloud.machine.path().join("theirs.toml"), theirs).unwrap();
    cloud
        .run(&["apply", "theirs.toml", "--auto-approve"])
        .exits(0);
    let control = cloud.control();
    for code in ["OptInRequired", "InvalidClientTokenId", "AccessDenied"] {
        control.clear_faults();
        let closed = refusal("DescribeDBInstances", code).in_region("eu-south-1");
        control.fault(closed);
        cloud
            .run(&["plan", &name, "--detailed-exitcode"])
            .exits(0)
            .says("aws/region-not-listed")
            .says("theirs-replica-1 in eu-south-1");
        cloud.run(&["status", &name]).exits(0);
        let ran = cloud.run(&["destroy", &name, "--auto-approve"]).exits(3);
        ran.says("theirs-replica-1 in eu-south-1");
    }
    // A region of the plan's own is another matter.
    control.clear_faults();
    control.fault(refusal("DescribeDBInstances", "OptInRequired").in_region("us-east-1"));
    cloud.run(&PLAN).exits(1).says("enable the region");
}

#[test]
fn a_fleet_can_be_taken_down_more_than_once() {
    let cloud = Cloud::new();
    cloud.plan(0, "");
    for _ in 0..3 {
        cloud.apply().exits(0);
        cloud
            .run(&["destroy", "truck.toml", "--auto-approve"])
            .exits(0);
    }
    let state = cloud.control().state().to_string();
    for name in [
        "truck-primary-final",
        "truck-primary-final-2",
        "truck-primary-final-3",
    ] {
        assert!(
            state.contains(&format!("\"{name}\"")),
            "{name} is not there"
        );
    }
}

#[test]
fn an_instance_that_is_busy_with_something_else_is_changed_when_it_is_free() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    cloud.apply().exits(0);
    let text = fs::read_to_string(cloud.machine.path().join(&name)).unwrap();
    cloud.write(&text.replace("db.m5.large", "db.m5.xlarge"));
    let status = |word| {
        let control = cloud.control();
        control.set_aws_status("us-east-1", "truck-replica-1", word)
    };
    status("backing-up").unwrap();
    let run = cloud.start(&["apply", &name, "--auto-approve"]);
    let listed = || {
        let records = cloud.control().requests();
        let turned_away = |record: &pgfleet_simulator::Record| {
            let of_replica = record.identifier.as_deref() == Some("truck-replica-1");
            record.action == "ModifyDBInstance" && of_replica && !record.effect
        };
        // From then on it looks and asks again by turns.
        let first = records.iter().position(turned_away);
        let after = first.map(|first| &records[first..]).unwrap_or_default();
        let lists = after
            .iter()
            .filter(|record| record.action == "DescribeDBInstances");
        lists.count()
    };
    wait_until("it was looked what keeps it busy", || listed() > 1);
    status("available").unwrap();
    run.wait().exits(0);
    cloud.is_settled();
}

#[test]
fn a_replica_that_is_not_listed_yet_keeps_its_primary_from_being_deleted() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    cloud.apply().exits(0);
    let hidden = ["truck-replica-1".to_owned()];
    let control = cloud.control();
    control.change_aws(|options| options.unlisted = hidden.to_vec());
    let destroy = ["destroy", "truck.toml", "--auto-approve"];
    let ran = cloud.run(&destroy).exits(3);
    ran.says("truck-replica-1 in us-east-1, which RDS does not list");
    ran.says("run the same command again in a moment");
    let state = control.state();
    assert_eq!(state["aws"]["instances"].as_object().unwrap().len(), 2);
    // Listed while it is looked for.
    let run = cloud.start(&destroy);
    let before = control.request_count();
    wait_until("it was listed", || control.request_count() > before);
    control.change_aws(|options| options.unlisted.clear());
    run.wait().exits(0);
    cloud.has_nothing();
}
