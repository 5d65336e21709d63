//! The exit codes that scripts rely on, through the binary. 5 and 6 are in `stopping.rs`, 7 is in
//! `verifying.rs`.

use std::{fs, net::TcpListener};

use pgfleet_tests::Machine;

#[test]
fn zero_for_done_and_help_and_two_for_pending() {
    let machine = Machine::new();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["plan", "--help"],
        &["schema"],
    ] {
        machine.run(arguments).exits(0);
    }
    let fleet = machine.fleet("truck");
    fleet.run("plan", &["--detailed-exitcode"]).exits(2);
    fleet.run("plan", &[]).exits(0);
    fleet.apply();
    fleet.run("plan", &["--detailed-exitcode"]).exits(0);
}

#[test]
fn sixty_four_for_what_was_typed_and_what_stands_in_the_file() {
    let machine = Machine::new();
    machine.fleet("truck").write();
    for arguments in [
        &[][..],
        &["plan"],
        &["plan", "missing.toml"],
        &["plan", "truck.toml", "--what"],
        &["what", "truck.toml"],
        &["apply", "truck.toml", "--auto-approve", "--timeout", "soon"],
        &["apply", "truck.toml", "--auto-approve", "--no-wait"],
    ] {
        let ran = machine.run(arguments).exits(64);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{ran}");
    }
    fs::write(machine.path().join("bad.toml"), "fleet = 7\nwhat = 1\n").unwrap();
    let ran = machine.run(&["plan", "bad.toml"]).exits(64);
    ran.says("bad.toml:1:").says("bad.toml:2:");
    assert!(!machine.data().exists());
}

#[test]
fn three_outranks_two_and_one_refusal_touches_no_fleet() {
    let machine = Machine::new();
    let refused = machine.fleet("refused").on_port(Some(machine.port(5)));
    let fine = machine.fleet("fine");
    let _taken = TcpListener::bind(("127.0.0.1", machine.port(5))).unwrap();
    let files = [refused.write(), fine.write()];
    let run = |verb: &str, flag: &str| machine.run(&[verb, &files[0], &files[1], flag]);
    run("plan", "--detailed-exitcode").exits(3);
    let ran = run("apply", "--auto-approve").exits(3);
    ran.says("local/port-taken");
    assert!(!machine.data().exists(), "the other fleet was touched");
    // A file that cannot be read outranks the refusal.
    fs::write(machine.path().join("fine.toml"), "fleet = 7\n").unwrap();
    run("apply", "--auto-approve").exits(64);
}

#[test]
fn json_goes_to_stdout_and_what_is_for_people_to_stderr() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let ran = fleet.run("plan", &["--format", "json"]).exits(0);
    assert!(ran.stderr.is_empty(), "{ran}");
    ran.json();
    let ran = fleet
        .run("apply", &["--auto-approve", "--format", "json"])
        .exits(0);
    assert!(
        ran.stdout.lines().all(|line| line.starts_with('{')),
        "{ran}"
    );
    let ran = fleet.run("plan", &[]).exits(0);
    assert!(
        !ran.stdout.contains('\u{1b}'),
        "colours without a terminal: {ran}"
    );
}

#[test]
fn what_is_wrong_with_the_files_is_told_before_what_is_wrong_with_the_terminal() {
    let machine = Machine::new();
    for verb in ["apply", "destroy", "adopt", "release"] {
        let ran = machine.run(&[verb, "nope.json"]).exits(64);
        ran.says("nope.json").never_says("--auto-approve");
    }
}

#[test]
fn a_flag_of_other_verbs_is_answered_with_what_fits() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").write();
    let ran = machine.run(&["verify", &fleet, "--simulate"]).exits(64);
    ran.says("take --simulate").never_says("as a value");
    let ran = machine.run(&["plan", &fleet, "--nope"]).exits(64);
    ran.never_says("as a value");
    // A bill is the same on simulated clouds, and servers of this machine are never simulated.
    let ran = machine.run(&["cost", &fleet, "--simulate"]).exits(64);
    ran.says("leave --simulate out");
    fs::write(
        machine.path().join("cloud.toml"),
        "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
         size = 'db.m5.large'\nstorage = { gib = 100 }\npassword = { env = 'P' }\n",
    )
    .unwrap();
    let simulated = machine.run(&["cost", "cloud.toml", "--simulate"]).exits(0);
    let plain = machine.run(&["cost", "cloud.toml"]).exits(0);
    assert_eq!(simulated.stdout, plain.stdout);
    let ran = machine.run(&["apply", &fleet, "--timeout", "20"]).exits(64);
    ran.says("write 20s for seconds");
}
