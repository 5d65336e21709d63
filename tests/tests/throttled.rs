//! A simulated RDS that throttles or hangs, and credentials that end soon.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::fs;

use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Machine, Ran, Running, Served, Signal, wait_until};

struct Cloud {
    machine: Machine,
    simulator: Served,
}

impl Cloud {
    fn new() -> Self {
        let machine = Machine::new();
        let plan = "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                    size = 'db.m5.large'\npassword = { env = 'TRUCK_PASSWORD' }\n\
                    [[replicas]]\ncount = 4\n";
        fs::write(machine.path().join("truck.toml"), plan).unwrap();
        Self {
            machine,
            simulator: Served::start(Simulator::builder().clock(Clock::AtOnce)),
        }
    }

    fn apply(&self, arguments: &[&str], ends: Option<&str>) -> Ran {
        self.start(arguments, ends).wait()
    }

    fn start(&self, arguments: &[&str], ends: Option<&str>) -> Running {
        let apply = ["apply", "truck.toml", "--auto-approve"];
        let mut command = self.machine.command(&[&apply, arguments].concat());
        command
            .env("AWS_ENDPOINT_URL", self.simulator.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("AWS_CREDENTIAL_EXPIRATION")
            .envs(ends.map(|ends| ("AWS_CREDENTIAL_EXPIRATION", ends)))
            .env("TRUCK_PASSWORD", "Planted4711");
        self.machine.start_command(command)
    }
}

#[test]
fn what_throttling_does_to_the_pace_is_told() {
    let throttled = Fault::new(FaultEffect::Throttle)
        .on("CreateDBInstanceReadReplica")
        .times(2);
    let cloud = Cloud::new();
    cloud.simulator.control().fault(throttled.clone());
    let words = "throttled by aws us-east-1: 16 -> 8 calls at once";
    cloud.apply(&[], None).exits(0).says(words);

    let cloud = Cloud::new();
    cloud.simulator.control().fault(throttled);
    let ran = cloud.apply(&["--format", "json"], None).exits(0);
    let changes: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &serde_json::Value| event["event"] == "pace-changed")
        .collect();
    let first = &changes[0];
    assert_eq!(first["provider"], "aws", "{ran}");
    assert_eq!(first["region"], "us-east-1", "{ran}");
    assert_eq!(
        (first["before"].as_u64(), first["after"].as_u64()),
        (Some(16), Some(8))
    );
    assert_eq!(first["most"], 16, "{ran}");
}

#[test]
fn a_stop_while_nothing_is_under_way_says_so() {
    let cloud = Cloud::new();
    let throttled = Fault::new(FaultEffect::Throttle)
        .on("CreateDBInstance")
        .times(0);
    cloud.simulator.control().fault(throttled);
    let running = cloud.start(&["--format", "json"], None);
    wait_until("a call is throttled", || {
        running.printed().contains("step-retried")
    });
    running.signal(Signal::INT);
    let ran = running.wait().exits(6);
    ran.says("Nothing was left under way")
        .never_says("What is named above");
}

#[test]
fn credentials_that_end_before_the_run_are_warned_of() {
    let soon = "the credentials for aws end in";
    for past in ["\"2020-01-01T00:00:00.000Z\"", "2020-01-01T00:00:00Z"] {
        let ran = Cloud::new().apply(&[], Some(past)).exits(0);
        ran.says(soon).says("Renew them first");
    }
    let cloud = Cloud::new();
    cloud.apply(&[], None).exits(0);
    // Nothing is left to do, so that nothing can be cut short.
    cloud
        .apply(&[], Some("2020-01-01T00:00:00+00:00"))
        .exits(0)
        .never_says(soon);
    for later in [None, Some("2200-01-01T00:00:00Z"), Some("soon")] {
        let cloud = Cloud::new();
        cloud.apply(&[], later).exits(0).never_says(soon);
    }
}
