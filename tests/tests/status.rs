//! What `status` shows, and what it admits not to know.
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use pgfleet_tests::{Fleet, Machine, Signal, send, wait_until};
use serde_json::{Value, json};

#[track_caller]
fn instances(fleet: &Fleet<'_>) -> Vec<Value> {
    let document = fleet.run("status", &["--format", "json"]).exits(0).json();
    assert_eq!(document["format_version"], "1");
    assert_eq!(document["fleets"][0]["fleet"], "truck");
    document["fleets"][0]["instances"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn an_idle_fleet_in_sync_is_not_behind() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    wait_until("the replica is shown in sync", || {
        let lag = instances(&fleet)[1]["lag"].clone();
        lag == json!({"bytes": 0, "seconds": 0.0, "unknown": null})
    });
    let [primary, replica] = &instances(&fleet)[..] else {
        panic!("two instances")
    };
    assert_eq!(primary["address"], "primary");
    assert_eq!(primary["resource_id"], "truck-primary");
    assert_eq!(primary["role"], "primary");
    assert_eq!(primary["phase"], "available");
    assert!(primary["raw_phase"].is_string());
    assert_eq!(primary["streaming"], Value::Null);
    assert_eq!(
        primary["endpoint"],
        json!({"host": "127.0.0.1", "port": fleet.primary().port()})
    );
    assert_eq!(
        (&replica["role"], &replica["phase"]),
        (&json!("replica"), &json!("available"))
    );
    assert_eq!(replica["streaming"], true);
    assert_eq!(replica["endpoint"]["port"], fleet.replica(1).port());
    fleet
        .run("status", &[])
        .exits(0)
        .says("streaming 0 B 0.0 s behind");
}

#[test]
fn a_replica_that_does_not_replay_is_behind_by_what_was_written() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    let startup = fleet.replica(1).process("startup");
    send(startup, Signal::STOP);
    let primary = fleet.sql(&fleet.primary());
    primary.run("CREATE TABLE t AS SELECT generate_series(1, 10000) AS n");
    let lag = instances(&fleet)[1]["lag"].clone();
    assert!(lag["bytes"].as_u64().unwrap() > 100_000, "{lag}");
    assert_ne!(lag["seconds"], 0.0, "{lag}");
    assert_ne!(lag["seconds"], 0, "{lag}");
    assert!(
        lag["seconds"].is_f64() || lag["unknown"].is_string(),
        "{lag}"
    );
    send(startup, Signal::CONT);
    let replica = fleet.sql(&fleet.replica(1));
    replica.run("SELECT pg_wal_replay_pause()");
    fleet.run("status", &[]).exits(0).says("replay paused");
}

#[test]
fn what_is_not_known_is_never_zero() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    for replica in &instances(&fleet)[1..] {
        assert_eq!(replica["phase"], "missing");
        assert_eq!(replica["endpoint"], Value::Null);
        assert!(replica["lag"]["unknown"].is_string());
    }
    fleet.apply();
    fleet.replica(2).stop();
    let [_, first, second] = &instances(&fleet)[..] else {
        panic!("three instances")
    };
    assert!(first["lag"]["bytes"].is_u64());
    assert_eq!(second["phase"], "stopped");
    assert_ne!(second["streaming"], true);
    is_unknown(second);

    fleet.primary().stop();
    let shown = instances(&fleet);
    assert_eq!(shown[0]["phase"], "stopped");
    shown[1..].iter().for_each(is_unknown);
    fleet.run("status", &[]).exits(0).says("lag unknown:");
}

#[track_caller]
fn is_unknown(replica: &Value) {
    let lag = &replica["lag"];
    assert_eq!(
        (&lag["bytes"], &lag["seconds"]),
        (&Value::Null, &Value::Null),
        "{replica:#}"
    );
    assert!(!lag["unknown"].as_str().unwrap().is_empty());
}
