//! Runs that are stopped, run out of time or fail half-way: they say what was in flight, and the
//! next run goes on.

use std::time::Duration;

use pgfleet_tests::{Fleet, Machine, Signal, fill, processes_below, wait_until};

/// The contract: after the first signal the command ends within five seconds.
const SOON: Duration = Duration::from_secs(5);

/// Stops an apply while replicas are being copied, and lets the next one converge.
fn stopped_by(signal: Signal) {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    fleet.apply();
    fill(&fleet, 10);
    let three = fleet.replicas(3);
    let run = three.start("apply", &["--auto-approve"]);
    wait_until("a replica's copy has begun", || {
        three.replica(1).data().is_dir()
    });
    run.signal(signal);
    let ran = run.wait_within(SOON).exits(6);
    ran.says("Stopped. No further calls were made.");
    ran.says("pg_basebackup truck-replica-1");
    ran.says("Run the same command again");
    let copying = |process: &pgfleet_tests::Process| process.command.contains("pg_basebackup");
    wait_until("no copy goes on", || {
        !processes_below(machine.path()).iter().any(copying)
    });
    three.run("plan", &["--detailed-exitcode"]).exits(2);
    converges(&three);
}

#[track_caller]
fn converges(fleet: &Fleet<'_>) {
    fleet.apply();
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1", "replica-2", "replica-3"]);
    fleet.all_answer(3, "SELECT count(*) FROM pgbench_accounts", "1000000");
}

#[test]
fn an_interrupt_stops_an_apply_and_the_next_one_converges() {
    stopped_by(Signal::INT);
}

#[test]
fn a_termination_stops_an_apply_and_the_next_one_converges() {
    stopped_by(Signal::TERM);
}

#[test]
fn an_apply_that_was_killed_is_taken_up_by_the_next_one() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    fleet.apply();
    fill(&fleet, 10);
    let three = fleet.replicas(3);
    let run = three.start("apply", &["--auto-approve"]);
    wait_until("a replica's copy has begun", || {
        three.replica(1).data().is_dir()
    });
    run.signal(Signal::KILL);
    run.wait();
    converges(&three);
}

#[test]
fn a_timeout_stops_an_apply_and_the_next_one_converges() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    // The call that takes its time is the one that reads the password.
    let slow = fleet
        .clone()
        .in_primary("password = { command = [\"sleep\", \"600\"] }");
    let ran = slow
        .run("apply", &["--auto-approve", "--timeout", "4s"])
        .exits(6);
    wait_until(
        "the command that was asked for the password has ended",
        || {
            !processes_below(machine.path())
                .iter()
                .any(|process| process.command.contains("sleep"))
        },
    );
    ran.says("initdb truck-primary")
        .says("Run the same command again");
    fleet.apply();
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1"]);
    // Planning counts as well.
    fleet
        .run("destroy", &["--auto-approve", "--timeout", "1ms"])
        .exits(6)
        .says("Nothing was changed");
    fleet.destroy();
    machine.has_nothing_left();
}

#[test]
fn a_failure_after_something_took_effect_is_5_and_before_that_1() {
    let machine = Machine::new();
    let broken = machine.bindir_with(&[("pg_basebackup", "echo 'no copies today' >&2; exit 1")]);
    let fleet = machine.fleet("truck").replicas(1);
    let without = fleet
        .clone()
        .env("PGFLEET_PG_BINDIR", broken.to_str().unwrap());
    let ran = without.run("apply", &["--auto-approve"]).exits(5);
    ran.says("no copies today")
        .says("run the same command again");
    assert!(fleet.primary().pid().is_some());
    assert_eq!(
        fleet.slots(),
        [""; 0],
        "a slot is left for a replica that is not there"
    );
    assert!(!fleet.replica(1).folder.exists());
    let ran = without.run("apply", &["--auto-approve"]);
    assert!([1, 5].contains(&ran.code), "{ran}");
    fleet.apply();
    fleet.is_as_planned();
}

#[test]
fn a_primary_that_cannot_be_made_leaves_nothing() {
    let machine = Machine::new();
    let broken = machine.bindir_with(&[("initdb", "echo 'no servers today' >&2; exit 1")]);
    let fleet = machine.fleet("truck").replicas(1);
    let without = fleet
        .clone()
        .env("PGFLEET_PG_BINDIR", broken.to_str().unwrap());
    let ran = without.run("apply", &["--auto-approve"]);
    assert!([1, 5].contains(&ran.code), "{ran}");
    ran.says("no servers today").says("not tried");
    assert!(!fleet.primary().folder.exists());
    fleet.apply();
    fleet.is_as_planned();
}
