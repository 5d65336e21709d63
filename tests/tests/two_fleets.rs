//! Several fleets in one run, side by side on one machine.

use std::fs;

use pgfleet_tests::{Fleet, Machine};
use serde_json::Value;

/// Two fleets below one data folder.
fn two(machine: &Machine) -> [Fleet<'_>; 2] {
    let food = machine.fleet("food").replicas(1);
    let toys = machine
        .fleet("toys")
        .replicas(2)
        .on_port(Some(machine.port(8)));
    [food, toys]
}

#[test]
fn a_folder_of_plan_files_is_one_run() {
    let machine = Machine::new();
    let [food, toys] = two(&machine);
    let plans = machine.path().join("plans");
    fs::create_dir(&plans).unwrap();
    fs::write(plans.join("food.toml"), food.toml()).unwrap();
    fs::write(plans.join("toys.toml"), toys.toml()).unwrap();
    let run = |verb: &str, flags: &[&str]| machine.run(&[&[verb, "plans"], flags].concat());

    run("plan", &["--detailed-exitcode"])
        .exits(2)
        .says("5 to create");
    let ran = run("apply", &["--auto-approve"]).exits(0);
    ran.says("food as planned: 2 instances")
        .says("toys as planned: 3 instances");
    run("plan", &["--detailed-exitcode"]).exits(0);
    food.streams_to(&["replica-1"]);
    toys.streams_to(&["replica-1", "replica-2"]);
    let document = run("status", &["--format", "json"]).exits(0).json();
    let fleets = document["fleets"].as_array().unwrap();
    let names: Vec<&Value> = fleets.iter().map(|fleet| &fleet["fleet"]).collect();
    assert_eq!(names, ["food", "toys"]);
    assert_eq!(fleets[0]["instances"].as_array().unwrap().len(), 2);
    assert_eq!(fleets[1]["instances"].as_array().unwrap().len(), 3);
    run("verify", &[]).exits(0);
    toys.replica(2).stop();
    run("verify", &["--timeout", "1s"])
        .exits(7)
        .says("✔ replica-1");
    run("destroy", &["--auto-approve"]).exits(0);
    machine.has_nothing_left();
}

#[test]
fn fleets_that_share_a_data_folder_leave_each_other_alone() {
    let machine = Machine::new();
    let [food, toys] = two(&machine);
    food.apply();
    food.sql(&food.primary())
        .run("CREATE TABLE t AS SELECT 1 AS n");
    toys.apply();
    let pids = || [food.primary().pid(), food.replica(1).pid()];
    let before = pids();
    let none = toys.clone().replicas(0);
    none.apply();
    toys.destroy();
    assert_eq!(pids(), before);
    food.is_as_planned();
    food.streams_to(&["replica-1"]);
    food.all_answer(1, "SELECT n FROM t", "1");
    let folders: Vec<String> = machine.folders();
    assert!(
        folders
            .iter()
            .all(|name| name.starts_with("food-") || name == ".locks"),
        "{folders:?}"
    );
}

#[test]
fn replicas_made_at_the_same_time_by_two_runs_get_different_ports() {
    let machine = Machine::new();
    let [food, toys] = two(&machine);
    let toys = toys.on_port(Some(machine.port(1)));
    food.clone().replicas(0).apply();
    toys.clone().replicas(0).apply();
    // The replicas of both look for a port from the same one on.
    let runs = [&food, &toys].map(|fleet| fleet.start("apply", &["--auto-approve"]));
    for run in runs {
        run.wait().exits(0);
    }
    food.is_as_planned();
    toys.is_as_planned();
    food.streams_to(&["replica-1"]);
    toys.streams_to(&["replica-1", "replica-2"]);
}

#[test]
fn two_runs_of_one_plan_at_the_same_time_make_one_fleet() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let runs = [(); 2].map(|()| fleet.start("apply", &["--auto-approve"]));
    let codes = runs.map(|run| run.wait().code);
    assert!(codes.contains(&0), "{codes:?}");
    fleet.apply();
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1", "replica-2"]);
}

#[test]
fn what_another_fleet_holds_is_not_ours() {
    let machine = Machine::new();
    let food = machine.fleet("food").replicas(1);
    food.apply();
    let pid = food.replica(1).pid();
    let thief = machine
        .fleet("toys")
        .on_port(Some(machine.port(8)))
        .group("ids = [\"food-replica-1\"]\ncount = 1");
    let ran = thief.run("apply", &["--auto-approve"]).exits(3);
    ran.says("ownership").says("belongs to the fleet food");
    assert_eq!(food.replica(1).pid(), pid);
    food.is_as_planned();
}
