//! What is asked of Cloud SQL, what is waited out, and what is left as it is.

use std::{fs, time::Duration};

use pgfleet_simulator::Clock;
use pgfleet_tests::{Clouds, Vendor, say, wait_until};
use serde_json::{Value, json};

use crate::{APPLY, DESTROY, clouds, rewrite, seed, seed_ours};

#[test]
fn few_requests_do() {
    let clouds = clouds(4);
    let made = clouds.asked(&APPLY, 0);
    say(&format!("{made:?}"));
    // The list, then for each of the five an insert and a look at its operation, and the last list.
    assert!(made.len() <= 2 + 2 * 5, "{made:?}");
    assert_eq!(clouds.asked(&["plan", "gcp.toml"], 0), ["instances.list"]);
    let gone = clouds.asked(&DESTROY, 0);
    say(&format!("{gone:?}"));
    // Each is looked at before it is deleted.
    assert!(gone.len() <= 2 + 3 * 5, "{gone:?}");
    assert!(clouds.is_empty(Vendor::Gcp));
}

#[test]
fn all_fleets_of_a_project_are_seen_by_one_list() {
    let clouds = clouds(1);
    let path = clouds.machine.path();
    let text = fs::read_to_string(path.join("gcp.toml")).unwrap();
    fs::write(path.join("cart.toml"), text.replace("truck", "cart")).unwrap();
    let asked = clouds.asked(&["plan", "gcp.toml", "cart.toml"], 0);
    assert_eq!(asked, ["instances.list"]);
}

#[test]
fn what_is_going_on_is_waited_out_and_a_moved_revision_is_read_again() {
    let clouds = clouds(1);
    clouds.refuse("instances.insert", 409, "operationInProgress", 2);
    clouds.run(&APPLY).exits(0);
    rewrite(&clouds, "db-custom-2-7680", "db-custom-4-15360");
    clouds.refuse("instances.patch", 412, "staleData", 2);
    clouds.run(&APPLY).exits(0);
    rewrite(&clouds, "db-custom-4-15360", "db-custom-2-7680");
    clouds.refuse("instances.patch", 409, "operationInProgress", 2);
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Gcp, 1);
    clouds.refuse("instances.delete", 409, "operationInProgress", 2);
    clouds.run(&DESTROY).exits(0);
    assert!(clouds.is_empty(Vendor::Gcp));
}

#[test]
fn an_instance_whose_revision_is_not_told_is_changed_all_the_same() {
    let clouds = clouds(1);
    clouds
        .control()
        .change_gcp(|options| options.settings_versions = false);
    clouds.run(&APPLY).exits(0);
    rewrite(&clouds, "db-custom-2-7680", "db-custom-4-15360");
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Gcp, 1);
    for verb in ["release", "adopt"] {
        clouds.run(&[verb, "gcp.toml", "--auto-approve"]).exits(0);
    }
    clouds.is_whole(Vendor::Gcp, 1);
}

#[test]
fn adoption_sets_labels_and_release_takes_them_off() {
    let clouds = clouds(0);
    seed(&clouds, "truck-gcp-primary");
    let labels = || {
        let state = clouds.control().state().to_string();
        assert!(state.contains("stays"), "a label of theirs is gone");
        state.contains("pgfleet-fleet")
    };
    clouds.run(&APPLY).exits(3).says("pgfleet adopt");
    let adopt = ["adopt", "gcp.toml", "--auto-approve"];
    let first = clouds.asked(&adopt, 0);
    let begins = ["instances.list", "instances.get", "instances.patch"];
    assert_eq!(first[..3], begins);
    assert!(labels());
    assert_eq!(clouds.asked(&adopt, 0), ["instances.list"]);
    clouds.run(&["plan", "gcp.toml"]).exits(0);
    let release = ["release", "gcp.toml", "--auto-approve"];
    clouds.run(&release).exits(0);
    assert!(!labels());
    clouds.run(&APPLY).exits(3).says("without pgfleet's tags");
}

#[test]
fn a_disk_that_has_grown_stays_and_a_tier_changed_by_hand_is_put_right() {
    let clouds = clouds(1);
    clouds.run(&APPLY).exits(0);
    for name in ["truck-gcp-primary", "truck-gcp-replica-1"] {
        clouds.control().grow_gcp_disk("food", name, 150).unwrap();
    }
    let plan = ["plan", "gcp.toml", "--detailed-exitcode"];
    clouds.run(&plan).exits(0).says("150");
    let by_hand = json!({"settings": {"tier": "db-custom-4-15360"}});
    let by_hand = by_hand.as_object().unwrap();
    let control = clouds.control();
    control
        .change_gcp_instance("food", "truck-gcp-replica-1", by_hand)
        .unwrap();
    clouds.run(&plan).exits(2);
    clouds.run(&APPLY).exits(0);
    clouds.run(&plan).exits(0);
    // A new replica begins with the grown disk.
    rewrite(&clouds, "count = 1", "count = 2");
    clouds.run(&APPLY).exits(0);
    clouds.run(&plan).exits(0);
    let records = control.requests();
    let last = records
        .iter()
        .rfind(|record| record.action == "instances.insert");
    let last = last.and_then(|record| record.identifier.as_deref());
    assert_eq!(last, Some("truck-gcp-replica-2"));
}

#[test]
fn backups_are_switched_off_with_the_recovery_that_needs_them_and_on_again() {
    let clouds = clouds(1);
    clouds.run(&APPLY).exits(0);
    let plan = ["plan", "gcp.toml", "--detailed-exitcode"];
    let off = "count = 0";
    rewrite(&clouds, "[primary]", "[primary]\nbackup_days = 0");
    rewrite(&clouds, "count = 1", off);
    clouds.run(&APPLY).exits(0);
    clouds.run(&plan).exits(0);
    rewrite(&clouds, "backup_days = 0", "backup_days = 3");
    rewrite(&clouds, off, "count = 1");
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Gcp, 1);
}

#[test]
fn an_apply_sends_no_label_without_a_value() {
    let clouds = clouds(1);
    clouds
        .control()
        .change_gcp(|options| options.null_removes_labels = false);
    rewrite(&clouds, "[primary]", "[primary]\ndatabase = 'orders'");
    // A run that ends with the database made and its note not settled is taken up.
    clouds.killed_after(2, &["gcp.toml"]);
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Gcp, 1);
    let state = clouds.control().state().to_string();
    assert!(state.contains("orders"), "{state}");
}

#[test]
fn a_replica_begins_with_the_disk_that_its_primary_has_then() {
    let clouds = Clouds::new(Clock::Manual);
    clouds.write(Vendor::Gcp, 2);
    seed_ours(&clouds);
    let mut run = clouds.start(&APPLY);
    let control = clouds.control();
    let looked = || {
        let records = control.requests();
        let made = records
            .iter()
            .position(|record| record.action == "instances.insert" && record.effect);
        made.is_some_and(|made| {
            let later = records[made..].iter();
            later
                .clone()
                .any(|record| record.action == "operations.get")
        })
    };
    wait_until("the first replica is being made", looked);
    control
        .grow_gcp_disk("food", "truck-gcp-primary", 150)
        .unwrap();
    wait_until("both replicas are made", || {
        control.advance(Duration::from_secs(400)).unwrap();
        !run.goes_on()
    });
    run.wait().exits(0);
    let state = control.state();
    let disk = |name: &str| {
        let instances = &state["gcp"]["instances"];
        instances[format!("food/{name}")]["resource"]["settings"]["dataDiskSizeGb"].clone()
    };
    assert_eq!(disk("truck-gcp-replica-1"), "100", "{state}");
    assert_eq!(disk("truck-gcp-replica-2"), "150", "{state}");
}

#[test]
fn adoption_waits_for_an_instance_that_is_busy() {
    let clouds = clouds(0);
    seed(&clouds, "truck-gcp-primary");
    clouds.refuse("instances.patch", 409, "operationInProgress", 3);
    clouds
        .run(&["adopt", "gcp.toml", "--auto-approve"])
        .exits(0);
    clouds.run(&["plan", "gcp.toml"]).exits(0);
}

#[test]
fn a_simulated_run_needs_no_project() {
    let clouds = clouds(1);
    rewrite(&clouds, "project = 'food'", "");
    let simulated = |arguments: &[&str]| clouds.run(&[arguments, &["--simulate"]].concat());
    simulated(&APPLY).exits(0);
    simulated(&["plan", "gcp.toml", "--detailed-exitcode"]).exits(0);
    let status = simulated(&["status", "gcp.toml", "--format", "json"]).exits(0);
    let instances: Value = status.json()["fleets"][0]["instances"].clone();
    assert_eq!(instances.as_array().unwrap().len(), 2);
    assert_eq!(clouds.control().request_count(), 0);
    clouds.run(&APPLY).exits(1).says("GOOGLE_CLOUD_PROJECT");
}

#[test]
fn a_log_that_somebody_keeps_for_other_days_stays_when_the_backups_change() {
    let clouds = clouds(0);
    clouds.run(&APPLY).exits(0);
    let control = clouds.control();
    let name = "truck-gcp-primary";
    let by_hand = json!({"settings": {"backupConfiguration": {"transactionLogRetentionDays": 3}}});
    let by_hand = by_hand.as_object().unwrap();
    control.change_gcp_instance("food", name, by_hand).unwrap();
    rewrite(&clouds, "[primary]", "[primary]\nbackup_days = 14");
    clouds.run(&APPLY).exits(0);
    let state = control.state();
    let settings = &state["gcp"]["instances"][format!("food/{name}")]["resource"]["settings"];
    let backups = &settings["backupConfiguration"];
    assert_eq!(backups["backupRetentionSettings"]["retainedBackups"], 14);
    assert_eq!(backups["transactionLogRetentionDays"], 3, "{backups}");
}

#[test]
fn a_fleet_of_a_portable_size_that_was_larger_once_gets_further_replicas() {
    let clouds = clouds(1);
    let size = "'db-custom-2-7680'";
    rewrite(&clouds, size, "{ vcpus = 4, memory_gib = 16 }");
    clouds.run(&APPLY).exits(0);
    rewrite(&clouds, "memory_gib = 16", "memory_gib = 8");
    rewrite(&clouds, "count = 1", "count = 2");
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Gcp, 2);
}
