//! The main job: from nothing to a primary with two replicas.

use std::collections::BTreeSet;

use pgfleet_tests::Machine;
use serde_json::{Value, json};

#[test]
fn a_fleet_comes_from_nothing_and_its_plan_is_empty_afterwards() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.run("plan", &[]).exits(0);
    fleet.run("plan", &["--detailed-exitcode"]).exits(2);
    assert!(!machine.data().exists(), "plan has made the data folder");

    fleet.apply().says("truck as planned: 3 instances");
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1", "replica-2"]);
    let primary = fleet.sql(&fleet.primary());
    primary.run("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");
    fleet.all_answer(2, "SELECT count(*) FROM t", "1000");

    let pids = || {
        let servers = [fleet.primary(), fleet.replica(1), fleet.replica(2)];
        servers.map(|server| server.pid())
    };
    let before = pids();
    fleet.apply().says("Nothing to change.");
    assert_eq!(pids(), before, "a second apply has restarted something");
}

#[test]
fn replicas_refuse_writes_and_everything_listens_on_loopback_only() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    let replica = fleet.sql(&fleet.replica(1));
    let refused = replica.try_column("CREATE TABLE t ()").unwrap_err();
    assert!(refused.contains("read-only transaction"), "{refused}");
    for server in [fleet.primary(), fleet.replica(1)] {
        let sql = fleet.sql(&server);
        assert_eq!(sql.text("SHOW listen_addresses"), "127.0.0.1");
        assert_eq!(sql.text("SHOW password_encryption"), "scram-sha-256");
        assert_eq!(sql.text("SHOW default_transaction_read_only"), "off");
        assert_ne!(sql.text("SHOW max_slot_wal_keep_size"), "-1");
    }
}

/// Fails unless the object has these keys at least.
#[track_caller]
fn has(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object.get(key).is_some(), "no `{key}` in {object:#}");
    }
}

#[test]
fn the_json_plan_has_the_shape_that_scripts_rely_on() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let document = fleet.run("plan", &["--format", "json"]).exits(0).json();
    assert_eq!(document["format_version"], "1");
    assert_eq!(document["simulated"], false);
    let summary = &document["summary"];
    assert_eq!(summary["create"], 3);
    assert_eq!(
        (&summary["update"], &summary["delete"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(summary["noop"], 0);
    for figure in ["monthly_before", "monthly_after", "monthly_delta"] {
        assert_eq!(summary[figure], "0.00", "money is a decimal string");
    }
    assert_eq!(document["fleets"].as_array().unwrap().len(), 1);
    let plan = &document["fleets"][0];
    assert_eq!(
        (&plan["fleet"], &plan["provider"]),
        (&json!("truck"), &json!("local"))
    );
    has(plan, &["region", "drift", "checks"]);
    let fingerprint = plan["observed_fingerprint"].as_str().unwrap();
    let digits = fingerprint.strip_prefix("sha256:").unwrap();
    assert!(digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit()));

    let changes = plan["changes"].as_array().unwrap();
    for (change, address) in changes.iter().zip(["primary", "replica-1", "replica-2"]) {
        assert_eq!(change["address"], address);
        assert_eq!(change["resource_id"], format!("truck-{address}"));
        assert_eq!(change["action"], "create");
        assert_eq!(change["reasons"], json!(["missing"]));
        assert_eq!(change["before"], Value::Null);
        assert!(change["after"].is_object());
    }
    assert_eq!(changes[0]["after"]["port"], machine.port(0));

    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    for (step, id) in steps.iter().zip(1..) {
        assert_eq!(step["id"], id);
        has(step, &["address", "call", "after"]);
        assert_eq!(step["disruption"], "none");
        assert!(step["expected_seconds"].is_u64());
    }
    assert_eq!(steps[0]["after"], json!([]));
    assert_eq!(
        (&steps[1]["after"], &steps[2]["after"]),
        (&json!([1]), &json!([1]))
    );
    let cost = &plan["cost"];
    assert_eq!(cost["currency"], "USD");
    has(cost, &["monthly_before", "monthly_after", "monthly_delta"]);
    assert!(cost["components"].is_array() && cost["unpriced"].is_array());
}

#[test]
fn a_live_fleet_is_noops_with_what_was_observed_and_the_fingerprint_follows_it() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let print = |fleet: &pgfleet_tests::Fleet<'_>| fleet.plan()["observed_fingerprint"].clone();
    let empty = print(&fleet);
    fleet.apply();
    let plan = fleet.plan();
    assert_eq!(plan["summary"]["noop"], 2);
    assert_eq!(plan["steps"], json!([]));
    let actions: BTreeSet<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, BTreeSet::from(["noop"]));
    assert_eq!(plan["changes"][0]["before"]["port"], machine.port(0));
    let live = print(&fleet);
    assert_ne!(live, empty);
    assert_eq!(print(&fleet), live, "nothing has changed");
    let two = fleet.clone().replicas(2);
    assert_eq!(print(&two), live, "it is of what is there, not of the plan");
    two.apply();
    assert_ne!(print(&two), live);
}
