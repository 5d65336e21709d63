//! What `verify` finds out about each state that a replica can be in.
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::fs;

use pgfleet_tests::{Fleet, Machine, Ran, Signal, send, wait_until};
use serde_json::Value;

fn fleet(machine: &Machine) -> Fleet<'_> {
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    fleet
}

/// Replica 1 fails with these words, replica 2 does not, in both formats.
#[track_caller]
fn first_fails(fleet: &Fleet<'_>, words: &str) {
    let ran = fleet.run("verify", &["--timeout", "1s"]).exits(7);
    ran.says("✘ replica-1").says("✔ replica-2").says(words);
    let ran = fleet
        .run("verify", &["--timeout", "1s", "--format", "json"])
        .exits(7);
    let [first, second] = replicas(&ran);
    assert_eq!(
        (&first["ok"], &first["milliseconds"]),
        (&Value::Bool(false), &Value::Null)
    );
    let problem = first["problem"].as_str().unwrap();
    assert!(problem.contains(words), "{problem}");
    assert_eq!(
        (&second["ok"], &second["problem"]),
        (&Value::Bool(true), &Value::Null)
    );
    assert!(second["milliseconds"].as_f64().unwrap() > 0.0);
}

fn replicas(ran: &Ran) -> [Value; 2] {
    let document = ran.json();
    assert_eq!(document["fleets"][0]["fleet"], "truck");
    let replicas = document["fleets"][0]["replicas"].clone();
    assert_eq!(replicas.as_array().unwrap().len(), 2);
    assert_eq!(replicas[0]["address"], "replica-1");
    assert_eq!(replicas[1]["address"], "replica-2");
    [replicas[0].clone(), replicas[1].clone()]
}

#[test]
fn replicas_that_stream_show_the_marker_and_the_time_it_took() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    fleet
        .run("verify", &[])
        .exits(0)
        .says("saw the marker after");
    let ran = fleet.run("verify", &["--format", "json"]).exits(0);
    for replica in replicas(&ran) {
        assert_eq!(
            (&replica["ok"], &replica["problem"]),
            (&Value::Bool(true), &Value::Null)
        );
        assert!(replica["milliseconds"].as_f64().unwrap() > 0.0);
    }
    let markers = "SELECT count(*) FROM pgfleet.marker";
    assert_eq!(fleet.sql(&fleet.primary()).text(markers), "2");
    fleet.all_answer(2, markers, "2");
}

#[test]
fn a_replica_whose_replay_is_paused() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let replica = fleet.sql(&fleet.replica(1));
    replica.run("SELECT pg_wal_replay_pause()");
    replica.until("SELECT pg_get_wal_replay_pause_state()", "paused");
    first_fails(&fleet, "pg_wal_replay_resume()");
    fleet
        .run("verify", &["--timeout", "1s"])
        .says(&fleet.replica(1).port().to_string());
    replica.run("SELECT pg_wal_replay_resume()");
    fleet.run("verify", &[]).exits(0);
}

#[test]
fn a_replica_that_is_cut_off() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    // Only replica 1 is refused: it gets a role of its own that may not log in.
    let primary = fleet.sql(&fleet.primary());
    let hba = fleet.primary().data().join("pg_hba.conf");
    let rules = fs::read_to_string(&hba).unwrap();
    primary.run("CREATE ROLE cut REPLICATION LOGIN");
    fs::write(&hba, format!("host replication cut all reject\n{rules}")).unwrap();
    primary.run("SELECT pg_reload_conf()");
    let replica = fleet.sql(&fleet.replica(1));
    replica.run("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 user=cut'");
    replica.run("SELECT pg_reload_conf()");
    replica.until("SELECT count(*) FROM pg_stat_wal_receiver", "0");
    first_fails(&fleet, "disconnected");
    fleet.run("status", &[]).exits(0).says("not streaming");
}

#[test]
fn a_replica_that_is_stopped_and_one_that_hangs() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let port = fleet.replica(1).port().to_string();
    let startup = fleet.replica(1).process("startup");
    send(startup, Signal::STOP);
    first_fails(&fleet, "has not replayed the marker after 1");
    send(startup, Signal::CONT);
    fleet.run("verify", &[]).exits(0);
    fleet.replica(1).stop();
    first_fails(&fleet, &port);
}

#[test]
fn a_replica_that_was_promoted() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    fleet.sql(&fleet.replica(1)).run("SELECT pg_promote()");
    first_fails(&fleet, "it was promoted");
}

#[test]
fn a_replica_that_does_not_exist_and_a_primary_that_is_down() {
    let machine = Machine::new();
    let fleet = fleet(&machine);
    let three = fleet.clone().replicas(3);
    let ran = three.run("verify", &[]).exits(7);
    ran.says("✔ replica-1")
        .says("truck-replica-3 does not exist; run pgfleet apply");
    fleet.primary().stop();
    wait_until("nobody answers", || {
        fleet.try_sql(&fleet.replica(1)).is_ok()
    });
    let ran = fleet.run("verify", &["--timeout", "1s"]).exits(7);
    ran.says("✘ replica-1")
        .says("✘ replica-2")
        .says("the primary");
}
