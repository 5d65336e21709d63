//! The exit codes that scripts rely on, through the binary, with a terminal and without. More of 5 and
//! 6 is in `stopping.rs`, of 7 in `verifying.rs`.

use std::{fs, net::TcpListener, path::Path};

use pgfleet_tests::{Machine, Signal, send, wait_until};

/// How a command ends, on a terminal or without one; its programs are in another folder where one is
/// named.
fn ends(machine: &Machine, terminal: bool, arguments: &[&str], programs: Option<&Path>) -> i32 {
    let mut command = machine.command(arguments);
    command.envs(programs.map(|programs| ("PGFLEET_PG_BINDIR", programs)));
    if terminal {
        machine.command_on_a_terminal(command, 80).ends().0
    } else {
        machine.start_command(command).wait().code
    }
}

#[test]
fn each_code_is_the_same_with_a_terminal_and_without() {
    for terminal in [false, true] {
        let machine = Machine::new();
        let fleet = machine.fleet("truck").replicas(1);
        let file = fleet.write();
        let ends = |arguments: &[&str]| ends(&machine, terminal, arguments, None);
        let broken = machine.bindir_with(&[("pg_basebackup", "echo 'no copies' >&2; exit 1")]);

        assert_eq!(ends(&["plan", &file, "--detailed-exitcode"]), 2);
        assert_eq!(ends(&["plan", &file, "--what"]), 64);
        assert_eq!(ends(&["plan", &file, "--out", "saved.json"]), 0);
        let apply = ["apply", &*file, "--auto-approve", "--format=json"];
        let half_way = self::ends(&machine, terminal, &apply, Some(&broken));
        assert_eq!(half_way, 5);
        assert_eq!(ends(&["apply", "saved.json", "--format", "json"]), 0);
        assert_eq!(ends(&["apply", "saved.json"]), 0);
        assert_eq!(ends(&["status", &file, "--format=json"]), 0);
        assert_eq!(ends(&["plan", &file, "--format=json"]), 0);

        let replica = fleet.replica(1);
        let halted = ["walreceiver", "startup"].map(|name| replica.process(name));
        for process in halted {
            send(process, Signal::STOP);
        }
        let verify = ["verify", &file, "--timeout", "1s", "--format=json"];
        assert_eq!(ends(&verify), 7);
        // What is halted does not hear that its server is gone.
        for process in halted {
            send(process, Signal::CONT);
        }
        replica.kill();
        wait_until("the replica is gone", || replica.processes().is_empty());

        fleet.clone().replicas(2).write();
        assert_eq!(ends(&["apply", "saved.json"]), 4);
        let _taken = TcpListener::bind(("127.0.0.1", machine.port(5))).unwrap();
        fleet.clone().on_port(Some(machine.port(5))).write();
        assert_eq!(ends(&["plan", &file, "--detailed-exitcode"]), 3);
        assert_eq!(ends(&["apply", &file, "--auto-approve"]), 3);
    }
}

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
