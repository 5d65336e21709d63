//! What is asked of Azure, and what comes of it.

use std::{
    fs,
    time::{Duration, Instant},
};

use pgfleet_simulator::{Fault, FaultEffect};
use pgfleet_tests::{Vendor, say, wait_until};
use serde_json::json;

use crate::cloud::{APPLY, DESTROY, LIST, by_hand, clouds, seed, write, written};

#[test]
fn few_requests_do() {
    let clouds = clouds(4);
    let made = clouds.asked(&APPLY, 0);
    say(&format!("{made:?}"));
    // The list, and whether the five names are free; for each of the five the call and a look at
    // its operation; and the last list.
    assert!(made.len() <= 2 + 5 + 2 * 5, "{made:?}");
    assert_eq!(clouds.asked(&["plan", "azure.toml"], 0), [LIST]);
    let gone = clouds.asked(&DESTROY, 0);
    say(&format!("{gone:?}"));
    assert!(gone.len() <= 2 + 3 * 5, "{gone:?}");
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn all_fleets_of_a_resource_group_are_seen_by_one_list() {
    let clouds = clouds(1);
    let other = written(&clouds).replace("'truck-azure'", "'cart-azure'");
    fs::write(clouds.machine.path().join("cart.toml"), other).unwrap();
    let asked = clouds.asked(&["plan", "azure.toml", "cart.toml"], 0);
    let lists = asked.iter().filter(|action| *action == LIST).count();
    assert_eq!(lists, 1, "{asked:?}");
}

#[test]
fn a_name_that_another_run_of_the_fleet_has_taken_meanwhile_is_no_refusal() {
    let clouds = clouds(1);
    let slow = FaultEffect::Slow {
        milliseconds: 1_500,
    };
    let names = Fault::new(slow).on("NameAvailability_Check").times(2);
    clouds.control().fault(names);
    let late = clouds.start(&APPLY);
    wait_until("the first run has its list", || {
        clouds.control().request_count() > 0
    });
    clouds.run(&APPLY).exits(0);
    late.wait().exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    // A PUT to a server that is there would have changed it.
    let records = clouds.control().requests();
    let puts = records
        .iter()
        .filter(|record| record.action == "Servers_CreateOrUpdate");
    assert_eq!(puts.count(), 2, "{records:?}");
}

#[test]
fn a_name_that_somebody_else_takes_while_apply_asks_is_left_to_them() {
    let clouds = clouds(0);
    let command = clouds.command(&["apply", "azure.toml"]);
    let mut terminal = clouds.machine.command_on_a_terminal(command, 80);
    terminal.shows("Only `yes` is taken for a yes");
    let asked = Instant::now();
    seed(&clouds, "truck-azure-primary");
    let theirs = clouds.control().state();
    // Azure's word that the name was free holds for two seconds.
    wait_until("somebody has thought for long enough", || {
        asked.elapsed() > Duration::from_secs(2)
    });
    terminal.types("yes");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("truck-azure-primary"), "{screen}");
    assert_eq!(clouds.control().state(), theirs);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let clouds = clouds(1);
    seed(&clouds, "truck-azure-replica-1");
    let asked = clouds.asked(&APPLY, 3);
    let looks = |action: &String| action == LIST || action.contains("Name");
    assert!(asked.iter().all(looks), "{asked:?}");
    clouds
        .run(&APPLY)
        .exits(3)
        .says("truck-azure-replica-1 exists in eastus2 without pgfleet's tags");
}

#[test]
fn adoption_sets_tags_and_release_takes_them_off() {
    let clouds = clouds(0);
    seed(&clouds, "truck-azure-primary");
    clouds.run(&APPLY).exits(3).says("pgfleet adopt");
    let adopt = ["adopt", "azure.toml", "--auto-approve"];
    let first = clouds.asked(&adopt, 0);
    assert_eq!(first[..3], [LIST, "Servers_Get", "Servers_Update"]);
    assert_eq!(clouds.asked(&adopt, 0), [LIST]);
    clouds.run(&["plan", "azure.toml"]).exits(0);
    let state = clouds.control().state().to_string();
    assert!(state.contains("pgfleet-fleet"), "no tag was set");
    clouds
        .run(&["release", "azure.toml", "--auto-approve"])
        .exits(0);
    let state = clouds.control().state().to_string();
    assert!(!state.contains("pgfleet-fleet"), "a tag has stayed");
    assert!(state.contains("\"team\""), "a tag of theirs is gone");
    clouds.run(&APPLY).exits(3).says("without pgfleet's tags");
}

#[test]
fn a_disk_that_has_grown_stays_and_a_new_replica_begins_with_it() {
    let clouds = clouds(1);
    let text = written(&clouds).replace("gib = 128", "gib = 128, autogrow = true");
    write(&clouds, &text);
    clouds.apply(&["azure.toml"]).exits(0);
    // The primary's alone: its replica's may grow later.
    let grown = clouds.control().grow_azure_disk("truck-azure-primary", 256);
    grown.unwrap();
    let plan = ["plan", "azure.toml", "--detailed-exitcode"];
    clouds.run(&plan).exits(0).says("256");
    clouds.apply(&["azure.toml"]).exits(0);
    write(&clouds, &text.replace("count = 1", "count = 2"));
    clouds.apply(&["azure.toml"]).exits(0);
    clouds.run(&plan).exits(0);
}

#[test]
fn three_clouds_are_planned_and_applied_in_one_run() {
    let clouds = clouds(0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../plans/foodtruck-multicloud");
    let mut command = clouds.command(&["apply", folder, "--simulate", "--auto-approve"]);
    command.env("FOODTRUCK_DB_PASSWORD", "Planted-passw0rd");
    clouds.machine.start_command(command).wait().exits(0);
    let plan = ["plan", folder, "--simulate", "--detailed-exitcode"];
    clouds.run(&plan).exits(0);
    assert_eq!(clouds.control().request_count(), 0);
}

#[test]
fn a_plan_prints_commands_of_az() {
    let clouds = clouds(1);
    let shell = clouds.run(&["plan", "azure.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    for words in [
        "az postgres flexible-server create --name truck-azure-primary",
        "az postgres flexible-server replica create --name truck-azure-replica-1",
        "--source-server truck-azure-primary",
        "--admin-password \"$TRUCK_PASSWORD\"",
    ] {
        shell.says(words);
    }
    clouds.apply(&["azure.toml"]).exits(0);
    let text = written(&clouds);
    write(
        &clouds,
        &text.replace("password =", "password_version = 2\npassword ="),
    );
    let shell = clouds.run(&["plan", "azure.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    shell.says("az postgres flexible-server update --name truck-azure-primary");
    shell.says("--admin-password \"$TRUCK_PASSWORD\"");
    shell.says("pgfleet-password-version=2");
    shell.never_says("lanted");
}

#[test]
fn a_failover_that_swaps_zones_is_no_change() {
    let clouds = clouds(0);
    let text = written(&clouds).replace("[primary]", "[primary]\nmulti_az = true");
    write(&clouds, &text);
    clouds.apply(&["azure.toml"]).exits(0);
    write(&clouds, &text.replace("D2ds", "D4ds"));
    let save = [
        "plan",
        "azure.toml",
        "--format",
        "json",
        "--out",
        "saved.json",
    ];
    let zone = |clouds: &pgfleet_tests::Clouds| {
        let plan = clouds
            .run(&["plan", "azure.toml", "--format", "json"])
            .exits(0);
        let change = &plan.json()["fleets"][0]["changes"][0];
        assert_eq!(change["before"]["zone"], change["after"]["zone"]);
        change["before"]["zone"].as_str().unwrap().to_owned()
    };
    clouds.run(&save).exits(0);
    let before = zone(&clouds);
    let failover = json!({"restartWithFailover": true, "failoverMode": "PlannedFailover"});
    by_hand(&clouds, "POST", "truck-azure-primary/restart", &failover);
    assert_ne!(zone(&clouds), before);
    // It still fits, and does nothing but what it was made for.
    let resize = clouds.asked(&["apply", "saved.json"], 0);
    let updates = resize.iter().filter(|action| *action == "Servers_Update");
    assert_eq!(updates.count(), 1, "{resize:?}");
    let plan = ["plan", "azure.toml", "--detailed-exitcode"];
    clouds.run(&plan).exits(0);
}
