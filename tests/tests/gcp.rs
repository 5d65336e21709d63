//! Fleets on a simulated Cloud SQL, through the binary: what is asked of it, what is waited out, and
//! what is told. What every cloud survives is in `clouds_under_fire.rs`.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{fs, time::Duration};

use pgfleet_simulator::{Clock, Fault, FaultEffect, GcpOptions};
use pgfleet_tests::{Clouds, Ran, Vendor, say, wait_until};
use serde_json::{Value, json};

const APPLY: [&str; 3] = ["apply", "gcp.toml", "--auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "gcp.toml", "--auto-approve"];

fn clouds(replicas: usize) -> Clouds {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(Vendor::Gcp, replicas);
    clouds
}

/// Writes the plan file with one word in another's place.
fn rewrite(clouds: &Clouds, from: &str, to: &str) {
    let path = clouds.machine.path().join("gcp.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// Somebody's instance of this name.
fn seed(clouds: &Clouds, name: &str) {
    let theirs = json!({
        "name": name,
        "region": "us-east1",
        "databaseVersion": "POSTGRES_17",
        "settings": {
            "tier": "db-custom-2-7680",
            "edition": "ENTERPRISE",
            "dataDiskSizeGb": "100",
            "userLabels": {"theirs": "stays"},
            "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true},
        },
    });
    clouds.control().seed_gcp("food", &theirs).unwrap();
}

/// The fleet's primary, as an earlier run has made it.
fn seed_ours(clouds: &Clouds) {
    seed(clouds, "truck-gcp-primary");
    let labels = json!({
        "managed-by": "pgfleet",
        "pgfleet-fleet": "truck-gcp",
        "pgfleet-address": "primary",
    });
    let ours = json!({"settings": {"userLabels": labels}});
    let name = "truck-gcp-primary";
    let control = clouds.control();
    control
        .change_gcp_instance("food", name, ours.as_object().unwrap())
        .unwrap();
}

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
fn what_is_not_ours_is_left_alone() {
    let clouds = clouds(1);
    seed(&clouds, "truck-gcp-replica-1");
    assert_eq!(clouds.asked(&APPLY, 3), ["instances.list"]);
    let ran = clouds.run(&APPLY).exits(3);
    ran.says("truck-gcp-replica-1 exists in us-east1 without pgfleet's tags");
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
fn refusals_have_their_remedies_and_change_nothing() {
    let clouds = clouds(1);
    let control = clouds.control();
    let refused = |words: &str| {
        let ran: Ran = clouds.run(&APPLY).exits(1);
        ran.says(words);
    };
    // Google gives the reason of an error, or nothing but its message.
    for reasons in [true, false] {
        control.change_gcp(|options| {
            *options = GcpOptions::default();
            options.error_reasons = reasons;
            options.api_disabled = vec!["food".to_owned()];
        });
        refused("gcloud services enable sqladmin.googleapis.com");
        control.change_gcp(|options| {
            options.api_disabled.clear();
            options.denied_permissions = vec!["cloudsql.instances.create".to_owned()];
        });
        refused("cloudsql.instances.create");
        control.change_gcp(|options| {
            options.denied_permissions.clear();
            options.instance_quota = 0;
        });
        refused("ask Google for a higher quota");
        control.change_gcp(|options| {
            options.instance_quota = 1;
            options.projects = vec!["another".to_owned()];
        });
        refused("food");
    }
    control.change_gcp(|options| *options = GcpOptions::default());
    control.fault(
        Fault::new(FaultEffect::Malformed)
            .on("instances.list")
            .times(20),
    );
    refused("does not answer as Cloud SQL does");
    control.clear_faults();
    assert!(clouds.is_empty(Vendor::Gcp));
}

#[test]
fn a_rate_is_waited_out_whatever_status_it_comes_with() {
    let clouds = clouds(1);
    clouds
        .control()
        .change_gcp(|options| options.error_reasons = false);
    for status in [403, 429] {
        let effect = FaultEffect::Error {
            status,
            code: "rateLimitExceeded".to_owned(),
            message: "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per \
                      user' of service 'sqladmin.googleapis.com'."
                .to_owned(),
        };
        let fault = Fault::new(effect).on("instances.list").times(2);
        clouds.control().fault(fault);
        clouds.run(&APPLY).exits(0);
    }
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
fn a_chain_of_replicas_that_is_too_long_is_refused_with_the_plan() {
    let clouds = clouds(1);
    seed(&clouds, "theirs-1");
    for level in 2..=4 {
        let replica = json!({
            "name": format!("theirs-{level}"),
            "region": "us-east1",
            "masterInstanceName": format!("theirs-{}", level - 1),
            "settings": {"tier": "db-custom-2-7680", "edition": "ENTERPRISE"},
        });
        clouds.control().seed_gcp("food", &replica).unwrap();
    }
    let follow = |name: &str| {
        let plan = format!(
            "fleet = 'truck-gcp'\nprovider = 'gcp'\nregion = 'us-east1'\n[primary]\n\
             existing = '{name}'\n[[replicas]]\ncount = 1\n[protect]\ndeletion = false\n\
             [gcp]\nproject = 'food'\n"
        );
        fs::write(clouds.machine.path().join("gcp.toml"), plan).unwrap();
        clouds.run(&APPLY)
    };
    follow("theirs-4").exits(3).says("gcp/cascade");
    follow("theirs-3").exits(0).never_says("gcp/cascade");
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
fn a_plain_endpoint_elsewhere_is_refused_before_anything_is_sent() {
    let clouds = clouds(1);
    let mut command = clouds.command(&APPLY);
    command.env(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL",
        "http://sqladmin.example.com",
    );
    let ran = clouds.machine.start_command(command).wait().exits(1);
    ran.says("PGFLEET_INSECURE_ENDPOINT_HOSTS");
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
fn a_plan_is_printed_as_commands_of_gcloud_without_its_secrets() {
    let clouds = clouds(1);
    let shell = clouds.run(&["plan", "gcp.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    shell.says("gcloud sql instances create truck-gcp-primary --region=us-east1");
    shell.says("--root-password \"$TRUCK_PASSWORD\"");
    shell.never_says("lanted");
    rewrite(
        &clouds,
        "[primary]",
        "[primary]\ndatabase = 'food-truck'\npassword_version = 2",
    );
    let create = ["plan", "gcp.toml", "--format", "shell"];
    let shell = clouds.run(&create).exits(0);
    shell.says("pgfleet-pending-database=food-2dtruck");
    shell.says("gcloud sql databases create food-truck --instance=truck-gcp-primary");
    shell.says("--update-labels=pgfleet-pending-database= ");
    clouds.run(&APPLY).exits(0);
    rewrite(&clouds, "password_version = 2", "password_version = 3");
    let shell = clouds.run(&create).exits(0);
    shell.says("gcloud sql users set-password postgres --instance=truck-gcp-primary");
    shell.says("--password \"$TRUCK_PASSWORD\"");
    shell.says("--update-labels=");
    shell.says("pgfleet-password-version=3");
    shell.never_says("lanted");
}

#[test]
fn a_region_and_a_tier_that_there_are_not_are_told_with_the_plan() {
    let clouds = clouds(1);
    rewrite(&clouds, "us-east1", "us-east11");
    let ran = clouds.run(&["plan", "gcp.toml"]).exits(3);
    ran.says("`us-east11` is no region of `gcp`")
        .says("`us-east1`");
    rewrite(&clouds, "us-east11", "us-east1");
    rewrite(&clouds, "db-custom-2-7680", "db-cutom-2-7680");
    let ran = clouds.run(&["plan", "gcp.toml"]).exits(3);
    ran.says("`db-cutom-2-7680` is no tier")
        .says("`db-custom-2-7680`");
}
