//! Several fleets in one run end differently: the first that applies of 64, 4, 3, 6, 5, 1, 0 speaks for
//! all, through the binary.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{fs, net::TcpListener};

use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Machine, Ran, Served};

/// Two fleets in two regions of a simulated cloud whose instances are ready at once.
struct Two {
    machine: Machine,
    simulator: Served,
}

impl Two {
    fn new() -> Self {
        let two = Self {
            machine: Machine::new(),
            simulator: Served::start(Simulator::builder().clock(Clock::AtOnce)),
        };
        two.file("one", "us-east-1", "");
        two.file("two", "us-west-2", "");
        two
    }

    fn file(&self, fleet: &str, region: &str, protect: &str) {
        let text = format!(
            "fleet = '{fleet}'\nprovider = 'aws'\nregion = '{region}'\n[primary]\n\
             size = 'db.m5.large'\nstorage = {{ gib = 100 }}\npassword = {{ env = 'PASSWORD' }}\n\
             [[replicas]]\ncount = 1\n[protect]\ndeletion = false\n{protect}\n"
        );
        fs::write(self.machine.path().join(format!("{fleet}.toml")), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.machine.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", self.simulator.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PASSWORD", "long-enough");
        self.machine.start_command(command).wait()
    }

    fn apply(&self, more: &[&str]) -> Ran {
        let arguments = [&["apply", "one.toml", "two.toml", "--auto-approve"], more];
        self.run(&arguments.concat())
    }

    /// Every request of an instance is answered like this from now on.
    fn fault(&self, identifier: &str, effect: FaultEffect) {
        let fault = Fault::new(effect).of(identifier).times(0);
        self.simulator.control().fault(fault);
    }

    /// The cloud lets nobody list what is there.
    fn closed(&self) {
        let fault = Fault::new(refusal()).on("DescribeDBInstances").times(0);
        self.simulator.control().fault(fault);
    }

    fn made(&self) -> usize {
        let records = self.simulator.control().requests();
        let of_creates = records.iter().filter(|record| {
            let record = serde_json::to_value(record).unwrap();
            let action = record["action"].as_str().unwrap_or_default();
            action.starts_with("Create")
        });
        of_creates.count()
    }
}

/// An answer that no repetition changes.
fn refusal() -> FaultEffect {
    FaultEffect::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "not you".to_owned(),
    }
}

/// What is wrong with which instances, more arguments, and the one code of the run.
type Case<'a> = (&'a [(&'a str, FaultEffect)], &'a [&'a str], i32);

#[test]
fn what_happens_while_changes_are_made() {
    let half_way = "two-replica-1";
    let before = "one-primary";
    let other = "two-primary";
    let cases: [Case<'_>; 7] = [
        (&[], &[], 0),
        (&[(before, refusal()), (other, refusal())], &[], 1),
        // Nothing was changed in one fleet, but the other is done.
        (&[(before, refusal())], &[], 5),
        (&[(half_way, refusal())], &[], 5),
        (&[(before, refusal()), (half_way, refusal())], &[], 5),
        (&[(before, FaultEffect::Hang)], &["--timeout", "2s"], 6),
        (
            &[(before, FaultEffect::Hang), (half_way, refusal())],
            &["--timeout", "2s"],
            6,
        ),
    ];
    for (faults, flags, code) in cases {
        let two = Two::new();
        for (identifier, effect) in faults {
            two.fault(identifier, effect.clone());
        }
        let ran = two.apply(flags).exits(code);
        for fleet in ["one", "two"] {
            let ends = ["as planned: 2 instances", "failed", "stopped"];
            let named = |end: &&str| ran.stdout.contains(&format!("{fleet} {end}"));
            assert!(ends.iter().any(named), "{fleet}: {ran}");
        }
    }
}

#[test]
fn an_account_that_cannot_be_asked_hides_no_refusal_of_another_fleet() {
    let two = Two::new();
    let bound = two.machine.path().join("one.toml");
    let text = fs::read_to_string(&bound).unwrap();
    fs::write(&bound, format!("{text}[aws]\naccount = '123456789012'\n")).unwrap();
    let fault = Fault::new(refusal()).on("GetCallerIdentity").times(0);
    two.simulator.control().fault(fault);
    two.file("two", "us-west-2", "monthly_usd = 1");
    let ran = two.apply(&[]).exits(3);
    ran.says("one: ")
        .says("sts:GetCallerIdentity")
        .says("the plan file allows");
    assert_eq!(two.made(), 0);
    // Where nothing is refused, the other fleet does not have to wait.
    two.file("two", "us-west-2", "");
    let ran = two.apply(&[]).exits(5);
    ran.says("one: ")
        .says("one failed; nothing was changed in it")
        .says("two as planned: 2 instances");
    // What was left out has failed, also where there is nothing to do elsewhere.
    let again = two.apply(&[]).exits(1);
    again.says("one failed; nothing was changed in it");
}

#[test]
fn a_refusal_outranks_what_cannot_be_asked_and_makes_nothing() {
    let two = Two::new();
    two.closed();
    // One platform answers, the other does not.
    let local = two.machine.fleet("here").on_port(Some(two.machine.port(5)));
    let local = local.write();
    let runs = || {
        [
            two.run(&["apply", "one.toml", &local, "--auto-approve"]),
            two.run(&["plan", "one.toml", &local, "--detailed-exitcode"]),
        ]
    };
    let taken = TcpListener::bind(("127.0.0.1", two.machine.port(5))).unwrap();
    for ran in runs() {
        // With the fleet and the code, as where every plan is shown.
        ran.exits(3)
            .says("not you")
            .says("here local")
            .says("error[local/port-taken]");
    }
    // And a file that is wrong outranks both.
    fs::write(two.machine.path().join("one.toml"), "fleet = 7\n").unwrap();
    for ran in runs() {
        ran.exits(64);
    }
    drop(taken);
    assert_eq!(two.made(), 0);
    assert!(!two.machine.data().exists());
    // With nothing to refuse, a plan fails, and an apply does what it can.
    two.file("one", "us-east-1", "");
    let [applied, planned] = runs();
    planned.exits(1).says("not you");
    applied
        .exits(5)
        .says("not you")
        .says("one failed; nothing was changed in it")
        .says("here as planned: 1 instance");
    // And status shows what it can see.
    let ran = two.run(&["status", "one.toml", &local]).exits(1);
    ran.says("one: ")
        .says("here local")
        .says("available primary");
    let ran = two.run(&["status", "one.toml", &local, "--format", "json"]);
    let seen = ran.exits(1).json();
    assert_eq!(seen["fleets"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen["simulated"], false);
}

#[test]
fn a_saved_plan_that_does_not_fit_outranks_what_cannot_be_asked_and_makes_nothing() {
    let two = Two::new();
    let local = two.machine.fleet("here").replicas(1);
    let file = local.write();
    local.apply();
    local.clone().replicas(2).write();
    two.run(&["plan", "one.toml", &file, "--out", "saved.json"])
        .exits(0);
    let path = two.machine.path().join("saved.json");
    let text = fs::read_to_string(&path).unwrap();
    two.closed();
    two.run(&["apply", "saved.json"]).exits(1).says("not you");
    local.clone().replicas(0).apply();
    local.clone().replicas(2).write();
    let ran = two.run(&["apply", "saved.json"]).exits(4);
    ran.says("here-replica-1 is gone").says("not you");
    // Damaged, it is no plan at all.
    fs::write(&path, text.replace("us-east-1", "us-east-2")).unwrap();
    two.run(&["apply", "saved.json"]).exits(64);
    assert_eq!(two.made(), 0);
    assert!(!local.replica(2).folder.exists());
}
