//! Saved plans on each simulated cloud: applied exactly once, whatever is in them, and taken up by
//! the same file wherever a run of them was killed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

use std::{fs, time::Duration};

use pgfleet_simulator::Clock;
use pgfleet_tests::{Clouds, Ran, Vendor, on_each_cloud, say, side_by_side, wait_until};
use serde_json::json;

/// Words of the usual plan file, and those in their place.
type Edit = (&'static str, &'static str);

/// What a saved plan changes.
struct Case {
    what: &'static str,
    /// What is there before; `None`: nothing.
    before: Option<Vec<Edit>>,
    after: Vec<Edit>,
    /// Which instance was stopped meanwhile.
    stopped: Option<&'static str>,
}

fn case(what: &'static str, edit: Edit) -> Case {
    Case {
        what,
        before: Some(Vec::new()),
        after: vec![edit],
        stopped: None,
    }
}

/// Every kind of update, and a fleet that is made or loses an instance.
fn cases(vendor: Vendor) -> Vec<Case> {
    let (larger, bigger) = match vendor {
        Vendor::Aws => (("gib = 100", "gib = 200"), ("db.m5.large", "db.m5.2xlarge")),
        Vendor::Azure => (
            ("gib = 128", "gib = 256"),
            ("Standard_D2ds_v5", "Standard_D4ds_v5"),
        ),
        Vendor::Gcp => (
            ("gib = 100", "gib = 200"),
            ("db-custom-2-7680", "db-custom-4-15360"),
        ),
    };
    let password = ("password =", "password_version = 2\npassword =");
    let mut all = vec![
        case("the disk", larger),
        case("the size", bigger),
        case("tags", ("[primary]", "tags = { team = 'food' }\n[primary]")),
        case("the password", password),
        case("backups", ("storage =", "backup_days = 14\nstorage =")),
        case("the standby", ("storage =", "multi_az = true\nstorage =")),
        case("one replica more", ("count = 1", "count = 2")),
        case("a replica less", ("count = 1", "count = 0")),
        Case {
            after: vec![larger, bigger, password, ("count = 1", "count = 2")],
            ..case("many things at once", larger)
        },
        Case {
            stopped: Some("replica-1"),
            ..case("a stopped replica", ("", ""))
        },
        Case {
            before: None,
            ..case("a fleet from nothing", ("", ""))
        },
    ];
    if vendor == Vendor::Aws {
        let old = ("gib = 100", "gib = 100, type = 'gp2'");
        all.extend([
            Case {
                before: Some(vec![old]),
                ..case(
                    "the kind of the disk",
                    ("gib = 100", "gib = 100, type = 'gp3'"),
                )
            },
            // From 400 GiB on it is four times as fast.
            case("a disk that gets faster", ("gib = 100", "gib = 500")),
            Case {
                after: vec![bigger, ("[primary]", "apply_changes = 'window'\n[primary]")],
                ..case("what waits for the window", bigger)
            },
        ]);
    } else {
        all.push(Case {
            before: None,
            ..case(
                "a database of its own",
                ("[primary]", "[primary]\ndatabase = 'orders'"),
            )
        });
    }
    if vendor != Vendor::Azure {
        all.push(case("protection", ("deletion = false", "deletion = true")));
    }
    all
}

/// Clouds as a case finds them, with the plan file of what it wants and the saved plan of it.
fn planned(vendor: Vendor, case: &Case, clock: Clock) -> Clouds {
    let clouds = Clouds::new(clock);
    let file = vendor.file();
    let write = |edits: &[Edit]| {
        let mut text = vendor.plan(1);
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        fs::write(clouds.machine.path().join(&file), text).unwrap();
    };
    if let Some(before) = &case.before {
        write(before);
        finished(&clouds, &["apply", &file, "--auto-approve"]).exits(0);
    }
    if let Some(address) = case.stopped {
        stop(
            &clouds,
            vendor,
            &format!("truck-{}-{address}", vendor.name()),
        );
    }
    write(&case.after);
    clouds
        .run(&["plan", &file, "--out", "saved.json", "--detailed-exitcode"])
        .exits(2);
    clouds
}

/// Runs the binary to its end, while time passes on the clouds.
fn finished(clouds: &Clouds, arguments: &[&str]) -> Ran {
    let mut running = clouds.start(arguments);
    wait_until("the run ends", || {
        clouds.control().advance(Duration::from_secs(30)).unwrap();
        !running.goes_on()
    });
    running.wait()
}

fn stop(clouds: &Clouds, vendor: Vendor, id: &str) {
    let control = clouds.control();
    match vendor {
        Vendor::Aws => control.set_aws_status("us-east-1", id, "stopped"),
        Vendor::Azure => control.set_azure_state("eastus2", id, "Stopped"),
        Vendor::Gcp => {
            let never = json!({"settings": {"activationPolicy": "NEVER"}});
            control.change_gcp_instance("food", id, never.as_object().unwrap())
        }
    }
    .unwrap();
}

/// How many requests have changed something.
fn changes(clouds: &Clouds) -> u64 {
    let records = clouds.control().requests();
    let changes = records.iter().filter(|record| record.effect).count();
    u64::try_from(changes).unwrap()
}

const APPLY: [&str; 2] = ["apply", "saved.json"];

/// The fleet is as its plan file says, and so the saved plan has nothing to do.
#[track_caller]
fn is_settled(clouds: &Clouds, vendor: Vendor, what: &str) {
    let before = changes(clouds);
    let ran = clouds.run(&["plan", &vendor.file(), "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{what}: {ran}");
    let again = clouds.run(&APPLY);
    assert_eq!(again.code, 0, "{what}: {again}");
    again.says("Nothing to change");
    assert_eq!(changes(clouds), before, "{what}: {again}");
}

fn applied_a_second_time_it_has_nothing_left_to_do(vendor: Vendor) {
    let cases = cases(vendor);
    side_by_side(cases.len(), |number| {
        let case = &cases[number];
        let clouds = planned(vendor, case, Clock::AtOnce);
        let ran = clouds.run(&APPLY);
        assert_eq!(ran.code, 0, "{}: {ran}", case.what);
        is_settled(&clouds, vendor, case.what);
    });
}

/// Kills the run of a saved plan after each of its changes in turn, until one ends before that, and
/// takes each up with the same file. How many kills.
fn taken_up_wherever_it_was_killed(
    vendor: Vendor,
    what: &str,
    planned: impl Fn() -> Clouds,
) -> u64 {
    for kills in 0..20 {
        let clouds = planned();
        let killed = clouds.killed_after(changes(&clouds) + kills + 1, &["saved.json"]);
        let taken_up = clouds.run(&APPLY);
        let what = format!("{what}, killed after {}\n{killed}", kills + 1);
        assert_eq!(taken_up.code, 0, "{what}\n{taken_up}");
        is_settled(&clouds, vendor, &what);
        if killed.code == 0 {
            return kills;
        }
    }
    panic!("{what}: no run came to its end");
}

fn a_run_that_was_killed_after_any_change_is_taken_up(vendor: Vendor) {
    let cases = cases(vendor);
    side_by_side(cases.len(), |number| {
        let case = &cases[number];
        let planned = || planned(vendor, case, Clock::AtOnce);
        let kills = taken_up_wherever_it_was_killed(vendor, case.what, planned);
        say(&format!("{}: {kills} kills", case.what));
        assert!(kills > 0, "{}: it changes something", case.what);
    });
}

/// From one kind of standby to the other it goes by way of none.
#[test]
fn a_standby_that_moves_to_another_zone_is_taken_up() {
    let vendor = Vendor::Azure;
    let seeded = || {
        let clouds = Clouds::new(Clock::AtOnce);
        let primary = json!({
            "location": "eastus2",
            "tags": {
                "managed-by": "pgfleet",
                "pgfleet-fleet": "truck-azure",
                "pgfleet-address": "primary",
            },
            "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
            "properties": {
                "version": "16",
                "storage": {"storageSizeGB": 128},
                "backup": {"backupRetentionDays": 7},
                "highAvailability": {"mode": "SameZone"},
            },
        });
        let subscription = "00000000-0000-0000-0000-000000000001";
        let control = clouds.control();
        control
            .seed_azure(subscription, "food", "truck-azure-primary", primary)
            .unwrap();
        let text = vendor
            .plan(0)
            .replace("storage =", "multi_az = true\nstorage =");
        fs::write(clouds.machine.path().join(vendor.file()), text).unwrap();
        clouds
            .run(&["plan", &vendor.file(), "--out", "saved.json"])
            .exits(0);
        clouds
    };
    let kills = taken_up_wherever_it_was_killed(vendor, "the standby", seeded);
    assert_eq!(kills, 2);
}

fn what_a_grown_primary_makes_dearer_is_held_to_the_budget(vendor: Vendor) {
    let clouds = Clouds::new(Clock::AtOnce);
    let file = vendor.file();
    let write = |file: &str, text: &str| fs::write(clouds.machine.path().join(file), text).unwrap();
    clouds.write(vendor, 1);
    clouds.apply(&[&file]).exits(0);
    let protect = |limit: f64| {
        let limit = format!("[protect]\nmax_monthly_increase_usd = {limit:.2}");
        vendor.plan(2).replace("[protect]", &limit)
    };
    write(&file, &protect(10_000.0));
    let planned = clouds.run(&["plan", &file, "--format", "json"]).exits(0);
    let delta = &planned.json()["summary"]["monthly_delta"];
    let delta: f64 = delta.as_str().unwrap().parse().unwrap();
    let saved = |limit: f64| {
        write(&file, &protect(limit));
        clouds.run(&["plan", &file, "--out", "saved.json"]).exits(0);
    };
    saved(delta + 1.0);
    // Larger by what changes nothing else.
    let grown = vendor.plan(1).replace("gib = 100", "gib = 300");
    let grown = grown.replace("gib = 128", "gib = 512");
    write("grown.toml", &grown);
    clouds.apply(&["grown.toml"]).exits(0);
    let before = changes(&clouds);
    clouds
        .run(&["apply", "saved.json"])
        .exits(3)
        .says("max_monthly_increase_usd");
    assert_eq!(changes(&clouds), before);
    // Within the budget it is made as large as it has to be.
    write(&file, &vendor.plan(1));
    saved(10_000.0);
    clouds.run(&["apply", "saved.json"]).exits(0);
    let plan = ["plan", &file, "--detailed-exitcode"];
    let left = format!(
        "i replica-2 truck-{}-replica-2 storage_gib is",
        vendor.name()
    );
    clouds.run(&plan).exits(0).says(&left);
}

fn a_run_that_does_not_wait_is_attached_to(vendor: Vendor) {
    let bigger = &cases(vendor)[1];
    let clouds = planned(vendor, bigger, Clock::Manual);
    let file = vendor.file();
    let plan = || clouds.run(&["plan", &file, "--detailed-exitcode"]);
    clouds.run(&[&APPLY[..], &["--no-wait"]].concat()).exits(6);
    plan().exits(2);
    // It is some while before the cloud shows that it is at work.
    clouds.control().advance(Duration::from_secs(60)).unwrap();
    plan().exits(2);
    finished(&clouds, &["apply", &file, "--auto-approve"]).exits(0);
    is_settled(&clouds, vendor, bigger.what);
}

on_each_cloud!(
    applied_a_second_time_it_has_nothing_left_to_do,
    a_run_that_was_killed_after_any_change_is_taken_up,
    a_run_that_does_not_wait_is_attached_to,
    what_a_grown_primary_makes_dearer_is_held_to_the_budget,
);
