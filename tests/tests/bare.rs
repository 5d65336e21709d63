//! Logs that nobody reads, and files that cannot be written.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    fs,
    process::{Command, Stdio},
};

use pgfleet_tests::Machine;

const AWS: &str = "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                   size = 'db.m5.large'\npassword = { env = 'TRUCK_PASSWORD' }\n\
                   [protect]\ndeletion = false\n";

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

/// A pipe that nobody reads any more.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
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
fn a_log_that_nobody_reads_ends_no_run() {
    let machine = machine();
    for (words, code) in [
        ("completions bash", 0),
        (
            "apply truck.toml --simulate --auto-approve --format json -v",
            0,
        ),
        // All of it was applied, though nobody heard of it.
        ("plan truck.toml --simulate --detailed-exitcode -v", 0),
        ("no-such-verb", 64),
    ] {
        let mut command = command(&machine, words);
        let status = command.stdout(nobody()).stderr(nobody()).status();
        assert_eq!(status.unwrap().code(), Some(code), "{words}");
    }
}
