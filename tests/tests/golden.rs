//! What people read, word for word. After a wanted change: `INSTA_UPDATE=always cargo test -p
//! pgfleet-tests --test golden`, then read the difference.

use std::net::TcpListener;

use pgfleet_tests::{Fleet, Machine, Ran};

/// The text of `plan`, without what differs from run to run, and in 80 columns.
#[track_caller]
fn shown(machine: &Machine, ran: &Ran) -> String {
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "longer than 80: {line}");
        assert_eq!(line.trim_end(), line, "ends with blanks");
    }
    assert!(ran.stderr.is_empty(), "{ran}");
    machine.normal(&ran.stdout)
}

fn plan(machine: &Machine, fleet: &Fleet<'_>, code: i32) -> String {
    shown(machine, &fleet.run("plan", &[]).exits(code))
}

#[test]
fn a_fleet_s_life_in_plans() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(3);
    insta::assert_snapshot!("new", plan(&machine, &fleet, 0));
    fleet.apply();
    insta::assert_snapshot!("nothing_to_do", plan(&machine, &fleet, 0));
    insta::assert_snapshot!("scale_down", plan(&machine, &fleet.clone().replicas(1), 0));
    insta::assert_snapshot!(
        "growth_with_restarts",
        plan(&machine, &fleet.clone().replicas(7), 0)
    );
    let moved = fleet.clone().on_port(Some(machine.port(9)));
    insta::assert_snapshot!("another_port", plan(&machine, &moved, 0));

    let destroy = fleet
        .clone()
        .protected()
        .run("destroy", &["--auto-approve"])
        .exits(3);
    insta::assert_snapshot!("protected", shown(&machine, &destroy));

    // Made by hand: one is stopped, one has lost its slot.
    fleet.replica(1).stop();
    fleet.replica(2).stop();
    let drop = "SELECT pg_drop_replication_slot('pgfleet_truck_replica_2')";
    let primary = fleet.sql(&fleet.primary());
    pgfleet_tests::wait_until("the slot is dropped", || primary.try_column(drop).is_ok());
    insta::assert_snapshot!("changed_by_hand", plan(&machine, &fleet, 0));
    fleet.sql(&fleet.replica(3)).run("SELECT pg_promote()");
    insta::assert_snapshot!("promoted_by_hand", plan(&machine, &fleet, 3));
}

#[test]
fn a_port_that_is_taken() {
    let machine = Machine::new();
    let _taken = TcpListener::bind(("127.0.0.1", machine.port(0))).unwrap();
    let fleet = machine.fleet("truck").replicas(1);
    insta::assert_snapshot!("port_taken", plan(&machine, &fleet, 3));
}

#[test]
fn not_ours() {
    let machine = Machine::new();
    machine.initdb(&machine.data().join("truck-replica-1"));
    let fleet = machine.fleet("truck").replicas(1);
    insta::assert_snapshot!("not_ours", plan(&machine, &fleet, 3));
}
