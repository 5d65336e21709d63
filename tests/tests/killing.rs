//! pgfleet is killed without warning at every step and at random moments; the same command, run
//! again, ends where the untouched one would have.

use std::{
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use pgfleet_tests::{
    Doomed, Fleet, Machine, Random, Signal, Struck, bindir, say, soak, wait_until,
};

/// More events than any run here has.
const ALL: usize = 100;
const ROWS: &str = "SELECT count(*) || ' ' || sum(n) FROM kept";
const KEPT: &str = "1000 500500";

fn write_rows(fleet: &Fleet<'_>) {
    let primary = fleet.sql(&fleet.primary());
    primary.run("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
}

/// Kills the run at this event of its steps. `None`: it ended before that, and well.
#[track_caller]
fn killed_at(machine: &Machine, fleet: &Fleet<'_>, verb: &str, event: usize) -> Option<Struck> {
    let mut run = Doomed::start(machine, fleet, verb);
    let reached = run.reaches(event);
    if reached {
        run.signal(Signal::KILL);
    }
    let struck = run.ends();
    if reached {
        return Some(struck);
    }
    struck.exits(0);
    None
}

/// Writes rows where the killed run has told that the primary is there. Whether it has.
fn write_rows_if_made(fleet: &Fleet<'_>, killed: &Struck) -> bool {
    let primary = &fleet.ids(0)[0];
    let made = killed.resources("step-done").contains(primary);
    if made {
        write_rows(fleet);
    }
    made
}

#[track_caller]
fn is_whole_with(fleet: &Fleet<'_>, machine: &Machine, replicas: usize, rows: bool) {
    fleet.is_whole(machine, replicas);
    if rows {
        fleet.all_answer(replicas, ROWS, KEPT);
    }
}

#[test]
fn an_apply_and_a_destroy_that_are_killed_at_each_step_are_taken_up() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let mut moments = [0, 0];
    for event in 1..ALL {
        let applying = killed_at(&machine, &fleet, "apply", event);
        let mut rows = false;
        if let Some(killed) = &applying {
            moments[0] = event;
            say(&format!("killed\n{killed}"));
            rows = write_rows_if_made(&fleet, killed);
            say(&fleet.apply().to_string());
        }
        is_whole_with(&fleet, &machine, 2, rows);
        let destroying = killed_at(&machine, &fleet, "destroy", event);
        if let Some(killed) = &destroying {
            moments[1] = event;
            say(&format!("killed\n{killed}"));
            say(&fleet.destroy().to_string());
        }
        machine.has_nothing_left();
        if applying.is_none() && destroying.is_none() {
            break;
        }
    }
    // Three steps, each started, accepted and done.
    assert_eq!(moments, [9, 9]);
    // Then there is nothing to destroy, which is no failure.
    fleet.destroy();
}

#[test]
fn a_scaling_down_that_is_killed_at_each_step_is_taken_up() {
    let machine = Machine::new();
    let four = machine.fleet("truck").replicas(4);
    let one = four.clone().replicas(1);
    four.apply();
    write_rows(&four);
    for moments in 0..ALL {
        four.apply();
        let killed = killed_at(&machine, &one, "apply", moments + 1);
        if let Some(killed) = &killed {
            say(&format!("killed\n{killed}"));
            say(&one.apply().to_string());
        }
        is_whole_with(&one, &machine, 1, true);
        if killed.is_none() {
            assert_eq!(moments, 9);
            return;
        }
    }
}

/// Drops the slot of replica-1 under it.
fn drop_slot(fleet: &Fleet<'_>) {
    let primary = fleet.sql(&fleet.primary());
    let slot = "pgfleet_truck_replica_1";
    wait_until("the slot is dropped", || {
        // The replica takes it again at once; it has to be quicker.
        let _ = primary.try_column(&format!(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots \
             WHERE slot_name = '{slot}' AND active"
        ));
        primary
            .try_column(&format!("SELECT pg_drop_replication_slot('{slot}')"))
            .is_ok()
    });
}

#[test]
fn a_rebuild_that_is_killed_at_each_step_is_taken_up() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    write_rows(&fleet);
    for moments in 0..ALL {
        drop_slot(&fleet);
        let killed = killed_at(&machine, &fleet, "apply", moments + 1);
        if let Some(killed) = &killed {
            say(&format!("killed\n{killed}"));
            say(&fleet.apply().to_string());
        }
        is_whole_with(&fleet, &machine, 2, true);
        if killed.is_none() {
            // A delete and a create.
            assert_eq!(moments, 6);
            return;
        }
    }
}

/// Every start of a server is followed by a pause, in which the run is killed.
#[test]
fn an_apply_that_is_killed_behind_a_start_is_taken_up() {
    let machine = Machine::new();
    let script = format!(
        "'{}' \"$@\"; code=$?; echo >> '{}/started'; sleep 3; exit $code",
        bindir().join("pg_ctl").display(),
        machine.path().display(),
    );
    // The script runs as the servers' user.
    std::fs::set_permissions(machine.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let pausing = machine.bindir_with(&[("pg_ctl", &script)]);
    let fleet = machine.fleet("truck").replicas(1);
    let started = || {
        let text = std::fs::read_to_string(machine.path().join("started"));
        text.unwrap_or_default().lines().count()
    };
    for starts in 1..=2 {
        let mut command = machine.command(&["apply", &fleet.write()]);
        command.env("PGFLEET_PG_BINDIR", &pausing);
        let run = Doomed::spawn(&machine, command);
        wait_until("a server was started", || started() >= starts);
        run.signal(Signal::KILL);
        say(&format!("killed\n{}", run.ends()));
        if starts == 1 {
            // The primary; the next time round it is there.
            let none = fleet.clone().replicas(0);
            say(&none.apply().to_string());
            none.is_whole(&machine, 0);
        }
    }
    say(&fleet.apply().to_string());
    fleet.is_whole(&machine, 1);
}

/// How long an untouched run takes.
fn measured(run: impl FnOnce()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed()
}

#[test]
fn runs_that_are_killed_at_random_moments_are_taken_up() {
    killed_at_random_moments(8);
}

/// The same on a machine of its own, side by side.
#[test]
fn more_runs_that_are_killed_at_random_moments_are_taken_up() {
    killed_at_random_moments(7);
}

/// Each round kills an apply and a destroy.
fn killed_at_random_moments(rounds: usize) {
    let mut random = Random::seeded();
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let apply = measured(|| drop(fleet.apply()));
    let destroy = measured(|| drop(fleet.destroy()));
    for _ in 0..rounds * soak() {
        let killed = killed_after(&machine, &fleet, "apply", random.within(apply));
        let rows = write_rows_if_made(&fleet, &killed);
        say(&fleet.apply().to_string());
        is_whole_with(&fleet, &machine, 2, rows);
        killed_after(&machine, &fleet, "destroy", random.within(destroy));
        say(&fleet.destroy().to_string());
        machine.has_nothing_left();
    }
}

/// Kills the run after a while; it may have ended by then.
fn killed_after(machine: &Machine, fleet: &Fleet<'_>, verb: &str, delay: Duration) -> Struck {
    let run = Doomed::start(machine, fleet, verb);
    std::thread::sleep(delay);
    run.signal(Signal::KILL);
    let struck = run.ends();
    say(&format!("killed after {delay:?}\n{struck}"));
    assert!([-1, 0].contains(&struck.code), "{struck}");
    struck
}
