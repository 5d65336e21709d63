//! A bare environment: no home, a home that takes nothing, output that nobody reads, no input.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use pgfleet_tests::{Machine, Ran};

const AWS: &str = "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                   size = 'db.m5.large'\npassword = { env = 'TRUCK_PASSWORD' }\n\
                   [[replicas]]\ncount = 1\n[protect]\ndeletion = false\n";

fn machine() -> Machine {
    let machine = Machine::new();
    fs::write(machine.path().join("truck.toml"), AWS).unwrap();
    machine
}

fn command(machine: &Machine, words: &str) -> Command {
    let arguments: Vec<&str> = words.split(' ').collect();
    let mut command = machine.command(&arguments);
    command.env("TRUCK_PASSWORD", "Planted4711");
    command
}

/// Runs with both outputs read, unless they are given away before.
fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    output
}

/// A pipe that nobody reads any more.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn without_a_home_or_with_one_that_takes_nothing_everything_works() {
    // Nothing can be made below any of these, not even by root.
    for home in [
        None,
        Some("/proc"),
        Some("/dev/null"),
        Some("/no/such/folder"),
        Some(""),
    ] {
        let machine = machine();
        let run = |words: &str| -> Ran {
            let mut command = command(&machine, words);
            for name in [
                "HOME",
                "XDG_DATA_HOME",
                "XDG_STATE_HOME",
                "XDG_CONFIG_HOME",
                "PGFLEET_PRICES",
            ] {
                command.env_remove(name);
            }
            if let Some(home) = home {
                command.env("HOME", home);
            }
            let ran = machine.start_command(command).wait();
            ran.never_says("panicked").never_says("arning:");
            ran
        };
        for words in [
            "plan truck.toml --simulate --out saved.json",
            "apply saved.json --simulate",
            "plan truck.toml --simulate --detailed-exitcode",
            "status truck.toml --simulate",
            "cost truck.toml",
            "prices show",
            "destroy truck.toml --simulate --auto-approve",
        ] {
            run(words).exits(0);
        }
    }
}

#[test]
fn what_cannot_be_saved_is_said_with_its_place() {
    let machine = machine();
    let run = |words: &str| machine.start_command(command(&machine, words)).wait();
    run("plan truck.toml --simulate --out /proc/saved.json")
        .exits(1)
        .says("/proc/saved.json");
    run("apply truck.toml --auto-approve --simulate=/proc/clouds.json")
        .exits(1)
        .says("/proc/clouds.json");
}

#[test]
fn output_that_nobody_reads_ends_no_run() {
    let machine = machine();
    for (words, code) in [
        ("--help", 0),
        ("plan --help", 0),
        ("--version", 0),
        ("schema", 0),
        ("completions bash", 0),
        ("plan truck.toml --simulate", 0),
        ("plan truck.toml --simulate --format json", 0),
        ("plan truck.toml --simulate --detailed-exitcode -v", 2),
        (
            "apply truck.toml --simulate --auto-approve --format json",
            0,
        ),
        // All of it was applied, though nobody heard of it.
        ("plan truck.toml --simulate --detailed-exitcode", 0),
        ("status truck.toml --simulate", 0),
        ("cost truck.toml", 0),
        ("destroy truck.toml --simulate --auto-approve -v", 0),
        ("no-such-verb", 64),
    ] {
        // Whoever reads errors is still there, and then nobody is.
        let output = output(command(&machine, words).stdout(nobody()));
        let heard = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words}: {heard}");
    }
    let words = "plan truck.toml --simulate -v --detailed-exitcode";
    let output = output(command(&machine, words).stdout(nobody()).stderr(nobody()));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn closed_input_and_output_are_nobody_as_well() {
    let machine = machine();
    let bare = |words: &str, closed: &str| {
        let pgfleet = command(&machine, words);
        let program = Path::new(pgfleet.get_program()).display().to_string();
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("exec '{program}' {words} {closed}"))
            .current_dir(machine.path())
            .env("TRUCK_PASSWORD", "Planted4711");
        let output = output(&mut shell);
        output.status.code()
    };
    let all = "<&- >&- 2>&-";
    assert_eq!(
        bare("plan truck.toml --simulate --detailed-exitcode", all),
        Some(2)
    );
    assert_eq!(
        bare("apply truck.toml --simulate", all),
        Some(64),
        "nobody agreed"
    );
    assert_eq!(
        bare("apply truck.toml --simulate --auto-approve", all),
        Some(0)
    );
    assert_eq!(
        bare("plan truck.toml --simulate --detailed-exitcode", "<&-"),
        Some(0)
    );
    assert_eq!(
        bare("destroy truck.toml --simulate --auto-approve", "<&- >&-"),
        Some(0)
    );
}

#[test]
fn local_servers_outlive_the_reader_of_their_run() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    let mut apply = machine.command(&["apply", &file, "--auto-approve", "--format", "json"]);
    let output = output(apply.stdout(nobody()).env_remove("HOME"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    fleet.is_whole(&machine, 1);
}
