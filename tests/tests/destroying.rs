//! Taking a fleet down, and not taking it down.

use pgfleet_tests::{Fleet, Machine, Server};

fn pids(fleet: &Fleet<'_>) -> Vec<Option<u32>> {
    let servers = [fleet.primary(), fleet.replica(1), fleet.replica(2)];
    servers.iter().map(Server::pid).collect()
}

#[test]
fn destroy_leaves_no_process_port_slot_or_folder() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    let ran = fleet.destroy();
    ran.says("removed with its data");
    machine.has_nothing_left();
    fleet.destroy().says("Nothing to change.");
    // And it comes again as if it had never been there.
    fleet.apply();
    fleet.streams_to(&["replica-1", "replica-2"]);
}

#[test]
fn replicas_only_leaves_the_primary_with_its_rows_and_no_slot() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    fleet
        .sql(&fleet.primary())
        .run("CREATE TABLE t AS SELECT 7 AS n");
    let pid = fleet.primary().pid();
    fleet
        .run("destroy", &["--replicas-only", "--auto-approve"])
        .exits(0);
    assert_eq!(fleet.primary().pid(), pid);
    assert_eq!(fleet.slots(), [""; 0]);
    assert_eq!(fleet.sql(&fleet.primary()).text("SELECT n FROM t"), "7");
    assert!(!fleet.replica(1).folder.exists() && !fleet.replica(2).folder.exists());
}

#[test]
fn protection_is_the_default_and_refuses_before_anything_is_touched() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2).protected();
    fleet.apply();
    let before = pids(&fleet);
    for flags in [
        &["--auto-approve"][..],
        &["--auto-approve", "--replicas-only"],
    ] {
        let ran = fleet.run("destroy", flags).exits(3);
        ran.says("protect/deletion");
        ran.says("Nothing was changed.");
    }
    assert_eq!(pids(&fleet), before);
    fleet.streams_to(&["replica-1", "replica-2"]);
    fleet.is_as_planned();
}

#[test]
fn where_nothing_is_there_protection_refuses_nothing() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2).protected();
    let ran = fleet.run("destroy", &["--auto-approve"]).exits(0);
    ran.says("no instance is there").never_says("Cost a month");
}

#[test]
fn without_a_terminal_and_without_consent_nothing_begins() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    for verb in ["apply", "destroy"] {
        fleet.run(verb, &[]).exits(64).says("--auto-approve");
    }
    assert!(!machine.data().exists());
    fleet.apply();
    let before = pids(&fleet);
    for verb in ["apply", "destroy"] {
        fleet.run(verb, &[]).exits(64).says("--auto-approve");
    }
    assert_eq!(pids(&fleet), before);
}

#[test]
fn max_deletes_refuses_a_run_that_would_delete_more() {
    let machine = Machine::new();
    let fleet = machine
        .fleet("truck")
        .replicas(2)
        .at_the_end("max_deletes = 1\n");
    fleet.apply();
    let before = pids(&fleet);
    let none = fleet.clone().replicas(0);
    none.run("apply", &["--auto-approve"])
        .exits(3)
        .says("protect/max-deletes");
    assert_eq!(pids(&fleet), before);
    fleet.clone().replicas(1).apply();
    none.apply();
    assert_eq!(fleet.slots(), [""; 0]);
}

#[test]
fn destroy_takes_a_promoted_replica_and_servers_that_do_not_run_too() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    fleet.sql(&fleet.replica(1)).run("SELECT pg_promote()");
    fleet.replica(2).kill();
    fleet.destroy();
    machine.has_nothing_left();
}

#[test]
fn destroy_takes_a_fleet_whose_primary_is_stopped() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    fleet.primary().stop();
    fleet.destroy();
    machine.has_nothing_left();
}
