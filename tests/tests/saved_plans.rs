//! Plans that are saved, looked at, and applied later: exactly as they are, or not at all.

#![expect(clippy::panic, reason = "a test that panics is one that fails")]

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink},
};

use pgfleet_planner::SavedPlan;
use pgfleet_tests::{Doomed, Fleet, Machine, Signal, bindir, processes_below, send, wait_until};
use rustix::fs::{CWD, Mode, mkfifoat};

#[test]
fn a_saved_plan_is_applied_without_a_question_and_a_second_time_has_nothing_to_do() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    let path = machine.path().join("saved.json");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!machine.data().exists(), "a plan changes nothing");
    // It holds all that is needed: its plan file may be gone.
    fs::remove_file(machine.path().join("truck.toml")).unwrap();
    machine.run(&["apply", "saved.json"]).exits(0);
    fleet.is_as_planned();
    machine
        .run(&["apply", "saved.json"])
        .exits(0)
        .says("Nothing to change");
}

#[test]
fn a_world_that_has_moved_is_told_and_left_alone() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    let two = fleet.clone().replicas(2);
    two.run("plan", &["--out", "saved.json"]).exits(0);
    fleet.clone().replicas(0).apply();
    two.write();
    let ran = machine.run(&["apply", "saved.json"]).exits(4);
    ran.says("truck-replica-1 is gone").says("plan anew");
    assert_eq!(
        machine
            .folders()
            .iter()
            .filter(|name| name.starts_with("truck"))
            .count(),
        1
    );
}

#[test]
fn a_plan_file_that_has_changed_is_another_plan() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    fleet.clone().replicas(2).write();
    let ran = machine.run(&["apply", "saved.json"]).exits(4);
    ran.says("truck.toml has changed");
    assert!(!machine.data().exists());
}

/// Applies a saved plan that leads from one fleet to another, kills the run at every event of its
/// steps in turn, until one ends before that, and takes each up with the same file. How many kills.
fn taken_up_wherever_it_was_killed(
    machine: &Machine,
    from: Option<&Fleet<'_>>,
    to: &Fleet<'_>,
    replicas: usize,
) -> usize {
    for event in 1..100 {
        if let Some(from) = from {
            from.apply();
        }
        to.run("plan", &["--out", "saved.json"]).exits(0);
        let mut run = Doomed::spawn(machine, machine.command(&["apply", "saved.json"]));
        let reached = run.reaches(event);
        if reached {
            run.signal(Signal::KILL);
        }
        let killed = run.ends();
        let again = machine.run(&["apply", "saved.json"]);
        assert_eq!(again.code, 0, "{killed}\n{again}");
        to.is_whole(machine, replicas);
        if !reached {
            return event - 1;
        }
        if from.is_none() {
            to.destroy();
        }
    }
    panic!("it never came to its end");
}

#[test]
fn a_run_that_was_killed_is_taken_up_by_the_same_saved_plan() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    // Two steps, each started, accepted and done.
    assert_eq!(
        taken_up_wherever_it_was_killed(&machine, None, &fleet, 1),
        6
    );
}

#[test]
fn a_removal_that_was_killed_is_taken_up_by_the_same_saved_plan() {
    let machine = Machine::new();
    let two = machine.fleet("truck").replicas(2);
    let one = two.clone().replicas(1);
    assert_eq!(
        taken_up_wherever_it_was_killed(&machine, Some(&two), &one, 1),
        3
    );
}

#[test]
fn a_move_that_was_killed_is_taken_up_by_the_same_saved_plan() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let moved = fleet.clone().on_port(Some(machine.port(9)));
    assert_eq!(
        taken_up_wherever_it_was_killed(&machine, Some(&fleet), &moved, 1),
        6
    );
}

#[test]
fn a_run_that_was_killed_in_the_middle_of_a_restart_is_taken_up() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    fleet.apply();
    let moved = fleet.clone().on_port(Some(machine.port(9)));
    moved.run("plan", &["--out", "saved.json"]).exits(0);
    let script = format!(
        "case \" $* \" in *' start '*) exec tail -f /dev/null '{}';; *) exec '{}' \"$@\";; esac",
        machine.path().join("saved.json").display(),
        bindir().join("pg_ctl").display()
    );
    let hanging = machine.bindir_with(&[("pg_ctl", &script)]);
    let mut command = machine.command(&["apply", "saved.json"]);
    command.env("PGFLEET_PG_BINDIR", hanging);
    let run = Doomed::spawn(&machine, command);
    let pid = fleet.primary().folder.join("data/postmaster.pid");
    wait_until("the server is stopped", || !pid.exists());
    run.signal(Signal::KILL);
    run.ends();
    // The program that would start it may have begun by then, holds the server, and never ends.
    let left = processes_below(machine.path()).into_iter();
    let hangs = |command: &str| command.contains("pg_ctl") || command.contains("tail -f");
    for hanging in left.filter(|process| hangs(&process.command)) {
        send(hanging.pid, Signal::KILL);
    }
    machine.run(&["apply", "saved.json"]).exits(0);
    moved.is_whole(&machine, 0);
}

#[test]
fn a_start_that_was_saved_is_made_once() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    for server in [fleet.primary(), fleet.replica(1)] {
        server.stop();
        fleet.run("plan", &["--out", "saved.json"]).exits(0);
        machine.run(&["apply", "saved.json"]).exits(0);
        machine
            .run(&["apply", "saved.json"])
            .exits(0)
            .says("Nothing to change");
    }
}

#[test]
fn what_is_no_regular_file_is_written_into_and_links_are_followed() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let saved = |name: &str| fleet.run("plan", &["--out", name]);
    let path = |name: &str| machine.path().join(name);

    // A pipe stays one, and its reader gets the plan.
    let pipe = path("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    saved("pipe").exits(0);
    let text = reader.join().unwrap();
    assert_eq!(SavedPlan::from_text(&text).unwrap().fleets.len(), 1);
    // It is not taken from one.
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, text).unwrap()
    });
    machine
        .run(&["apply", "pipe"])
        .exits(64)
        .says("a saved plan is taken from a file only");
    writer.join().unwrap();
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

    // A link stays one, wherever it leads, and be there nothing yet.
    fs::create_dir(path("real")).unwrap();
    symlink("real/plan.json", path("first.json")).unwrap();
    symlink("first.json", path("second.json")).unwrap();
    for name in ["first.json", "second.json"] {
        saved(name).exits(0);
        assert!(path(name).is_symlink(), "{name}");
        let mode = fs::metadata(path("real/plan.json")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
    machine.run(&["apply", "second.json"]).exits(0);

    // In a circle, or to a folder, there is no file.
    symlink("round.json", path("round.json")).unwrap();
    for name in ["round.json", "real"] {
        saved(name).exits(1).says(&format!("{name}: "));
    }
    assert!(path("round.json").is_symlink() && path("real").is_dir());
}

#[test]
fn what_is_damaged_edited_or_not_alone_is_refused() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    let path = machine.path().join("saved.json");
    let text = fs::read_to_string(&path).unwrap();
    machine
        .run(&["apply", "saved.json", "truck.toml"])
        .exits(64)
        .says("alone");
    for damaged in [
        text.replacen("truck-replica-1", "truck-replica-7", 1),
        text[..text.len() / 3].to_owned(),
    ] {
        fs::write(&path, damaged).unwrap();
        machine
            .run(&["apply", "saved.json"])
            .exits(64)
            .says("saved.json was changed after it was saved, or is damaged");
    }
    assert!(!machine.data().exists());
}

#[test]
fn what_the_plan_is_made_from_is_not_overwritten() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let file = fleet.write();
    let ran = fleet.run("plan", &["--out", &file]).exits(64);
    ran.says("would overwrite");
    let ran = fleet.run("plan", &["--out", "nowhere/saved.json"]);
    ran.exits(64).says("there is no folder nowhere");
    let path = machine.path().join(&file);
    assert_eq!(fs::read_to_string(path).unwrap(), fleet.toml());
}

#[test]
fn a_refused_plan_is_not_saved() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    let two_zones = fleet
        .clone()
        .no_groups()
        .group("count = 1\nmulti_az = true");
    two_zones.run("plan", &["--out", "saved.json"]).exits(3);
    assert!(!machine.path().join("saved.json").exists());
}

#[test]
fn no_password_is_saved() {
    let machine = Machine::new();
    let fleet = machine
        .fleet("truck")
        .with_password("planted-password")
        .replicas(1);
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    let text = fs::read_to_string(machine.path().join("saved.json")).unwrap();
    assert!(!text.contains("planted-password"));
}

#[test]
fn no_edit_anywhere_gets_through() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    let path = machine.path().join("saved.json");
    let whole = fs::read(&path).unwrap();
    // All bytes are tried where the planner is tested; here some, and what the program makes of them.
    let last = whole.len() - 1;
    let some = (0..whole.len()).step_by(whole.len() / 20).chain([last]);
    for at in some {
        let mut bytes = whole.clone();
        bytes[at] = if bytes[at] == b'#' { b'!' } else { b'#' };
        fs::write(&path, bytes).unwrap();
        machine.run(&["apply", "saved.json"]).exits(64);
    }
    let mut bytes = whole.clone();
    bytes[last / 2] = 0xff;
    for damaged in [&bytes[..], &whole[..last], &whole[..1], &[]] {
        fs::write(&path, damaged).unwrap();
        machine.run(&["apply", "saved.json"]).exits(64);
    }
    assert!(!machine.data().exists());
    fs::write(&path, whole).unwrap();
    machine.run(&["apply", "saved.json"]).exits(0);
}

#[test]
fn a_plan_of_another_account_or_another_pgfleet_is_refused() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    let path = machine.path().join("saved.json");
    let saved = SavedPlan::from_text(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut of_another = saved.clone();
    "0.0.1".clone_into(&mut of_another.pgfleet);
    let mut elsewhere = saved.clone();
    "/another/folder".clone_into(&mut elsewhere.fleets[0].account);
    let mut simulated = saved;
    simulated.simulated = true;
    for (plan, words) in [
        (of_another, "it was made by pgfleet 0.0.1, this is"),
        (elsewhere, "truck was planned in /another/folder, this is"),
        (simulated, "was planned on simulated clouds"),
    ] {
        plan.write(fs::File::create(&path).unwrap()).unwrap();
        machine.run(&["apply", "saved.json"]).exits(4).says(words);
    }
    assert!(!machine.data().exists());
}
