//! Fleets on a simulated Cloud SQL, through the binary: what is asked of it, and what a run
//! survives.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use pgfleet_simulator::{Fault, FaultEffect};
use pgfleet_tests::{
    Cloud, Vendor, say, survives_kills, survives_lost_answers, survives_throttling,
};
use serde_json::json;

const APPLY: [&str; 3] = ["apply", "truck.toml", "--auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "truck.toml", "--auto-approve"];

/// The words of Google.
const GCP: Vendor = Vendor {
    provider: "gcp",
    region: "us-east1",
    size: "db-custom-2-7680",
    gib: 100,
    tables: "[gcp]\nproject = 'food'\n",
    environment: |endpoint| vec![("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", endpoint.to_owned())],
};

fn cloud(replicas: usize) -> Cloud {
    let cloud = Cloud::new(GCP);
    cloud.plan(replicas, "");
    cloud
}

/// Refuses a request of this method for a while.
fn refuse(cloud: &Cloud, method: &str, status: u16, code: &str, times: u64) {
    let effect = FaultEffect::Error {
        status,
        code: code.to_owned(),
        message: "not now".to_owned(),
    };
    let fault = Fault::new(effect).on(method).times(times);
    cloud.simulator.control().fault(fault);
}

#[test]
fn few_requests_do() {
    let cloud = cloud(4);
    let made = cloud.asked(&APPLY, 0);
    say(&format!("{made:?}"));
    // The list, then for each of the five an insert and a look at its operation, and the last list.
    assert!(made.len() <= 2 + 2 * 5, "{made:?}");
    assert_eq!(cloud.asked(&["plan", "truck.toml"], 0), ["instances.list"]);
    let gone = cloud.asked(&DESTROY, 0);
    say(&format!("{gone:?}"));
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn all_fleets_of_a_project_are_seen_by_one_list() {
    let cloud = cloud(1);
    let other = cloud.written().replace("'truck'", "'cart'");
    std::fs::write(cloud.machine.path().join("cart.toml"), other).unwrap();
    let asked = cloud.asked(&["plan", "truck.toml", "cart.toml"], 0);
    assert_eq!(asked, ["instances.list"]);
}

#[test]
fn an_apply_that_is_killed_after_each_request_is_taken_up() {
    survives_kills(GCP, 2);
}

#[test]
fn answers_that_are_lost_after_each_create_make_no_second_instance() {
    survives_lost_answers(GCP, &["instances.insert"]);
}

#[test]
fn throttling_at_each_request_in_turn_is_waited_out() {
    survives_throttling(GCP, 5);
}

#[test]
fn what_is_going_on_is_waited_out_and_a_moved_revision_is_read_again() {
    let cloud = cloud(1);
    refuse(&cloud, "instances.insert", 409, "operationInProgress", 3);
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    let larger = cloud
        .written()
        .replace("db-custom-2-7680", "db-custom-4-15360");
    cloud.write(&larger);
    refuse(&cloud, "instances.patch", 412, "staleData", 2);
    refuse(&cloud, "instances.patch", 409, "operationInProgress", 2);
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    refuse(&cloud, "instances.delete", 409, "operationInProgress", 3);
    cloud.run(&DESTROY).exits(0);
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let cloud = cloud(1);
    let theirs = json!({
        "name": "truck-replica-1",
        "region": "us-east1",
        "databaseVersion": "POSTGRES_15",
        "settings": {"tier": "db-custom-1-3840", "edition": "ENTERPRISE"},
    });
    let control = cloud.simulator.control();
    control.seed_gcp("food", &theirs).unwrap();
    let asked = cloud.asked(&APPLY, 3);
    assert_eq!(asked, ["instances.list"]);
    let ran = cloud.apply().exits(3);
    ran.says("truck-replica-1 exists in us-east1 without pgfleet's tags");
}

#[test]
fn adoption_sets_labels_and_release_takes_them_off() {
    let cloud = cloud(0);
    let theirs = json!({
        "name": "truck-primary",
        "region": "us-east1",
        "databaseVersion": "POSTGRES_17",
        "settings": {
            "tier": "db-custom-2-7680",
            "edition": "ENTERPRISE",
            "dataDiskSizeGb": "100",
            "userLabels": {"team": "food"},
            "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true},
        },
    });
    let control = cloud.simulator.control();
    control.seed_gcp("food", &theirs).unwrap();
    cloud.apply().exits(3).says("pgfleet adopt");
    let adopt = ["adopt", "truck.toml", "--auto-approve"];
    let asked = cloud.asked(&adopt, 0);
    assert_eq!(
        asked[..3],
        ["instances.list", "instances.get", "instances.patch"]
    );
    assert_eq!(cloud.asked(&adopt, 0), ["instances.list"]);
    cloud.run(&["plan", "truck.toml"]).exits(0);
    let state = control.state().to_string();
    assert!(state.contains("pgfleet-fleet") && state.contains("food"));
    cloud
        .run(&["release", "truck.toml", "--auto-approve"])
        .exits(0);
    let state = control.state().to_string();
    assert!(!state.contains("pgfleet-fleet"), "a label has stayed");
    assert!(state.contains("\"team\""), "a label of theirs is gone");
    cloud.apply().exits(3).says("without pgfleet's tags");
}

#[test]
fn a_disk_that_has_grown_stays_and_a_tier_changed_by_hand_is_put_right() {
    let cloud = cloud(1);
    cloud.apply().exits(0);
    let control = cloud.simulator.control();
    control.grow_gcp_disk("food", "truck-primary", 150).unwrap();
    let plan = ["plan", "truck.toml", "--detailed-exitcode"];
    cloud.run(&plan).exits(0).says("150");
    let by_hand = json!({"settings": {"tier": "db-custom-4-15360"}});
    let by_hand = by_hand.as_object().unwrap();
    control
        .change_gcp_instance("food", "truck-replica-1", by_hand)
        .unwrap();
    cloud.run(&plan).exits(2);
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    // A new replica begins with the grown disk.
    cloud.plan(2, "");
    cloud.apply().exits(0);
    let state = control.state();
    let state = state.to_string();
    assert!(state.contains("truck-replica-2"), "{state}");
    cloud.is_as_planned(2);
}

#[test]
fn refusals_have_their_remedies_and_change_nothing() {
    let cloud = cloud(1);
    let control = cloud.simulator.control();
    control.change_gcp(|options| options.api_disabled = vec!["food".to_owned()]);
    cloud
        .apply()
        .exits(1)
        .says("gcloud services enable sqladmin.googleapis.com");
    control.change_gcp(|options| {
        options.api_disabled.clear();
        options.denied_permissions = vec!["cloudsql.instances.create".to_owned()];
    });
    cloud.apply().exits(1).says("cloudsql.instances.create");
    control.change_gcp(|options| {
        options.denied_permissions.clear();
        options.projects = vec!["another".to_owned()];
    });
    cloud.apply().exits(1).says("food");
    control.change_gcp(|options| options.projects.clear());
    let nonsense = Fault::new(FaultEffect::Malformed).on("instances.list");
    control.fault(nonsense.times(20));
    cloud
        .apply()
        .exits(1)
        .says("does not answer as Cloud SQL does");
    control.clear_faults();
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn a_plain_endpoint_elsewhere_is_refused_before_anything_is_sent() {
    let cloud = cloud(1);
    let mut command = cloud.command(&APPLY);
    command.env(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL",
        "http://sqladmin.example.com",
    );
    let ran = cloud.machine.start_command(command).wait().exits(1);
    ran.says("PGFLEET_INSECURE_ENDPOINT_HOSTS");
}

#[test]
fn a_simulated_run_needs_no_project_and_prints_commands_of_gcloud() {
    let cloud = cloud(1);
    let text = cloud.written().replace("project = 'food'\n", "");
    cloud.write(&text);
    cloud
        .run(&["apply", "truck.toml", "--simulate", "--auto-approve"])
        .exits(0);
    cloud
        .run(&["plan", "truck.toml", "--simulate", "--detailed-exitcode"])
        .exits(0);
    assert_eq!(cloud.simulator.control().request_count(), 0);
    cloud.write(&format!("{text}project = 'food'\n"));
    let shell = cloud.run(&["plan", "truck.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    shell.says("gcloud sql instances create truck-primary --region=us-east1");
    shell.says("\"$TRUCK_PASSWORD\"");
}
