//! Without what a desk has: no home, nothing to read from, nobody who reads, files that cannot be
//! written.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
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

/// What is planned, saved, made, shown and removed on simulated clouds.
const RUNS: [(&str, i32); 6] = [
    ("plan truck.toml --simulate --detailed-exitcode", 2),
    ("plan truck.toml --simulate --out saved.json", 0),
    ("apply saved.json --simulate", 0),
    ("status truck.toml --simulate", 0),
    ("cost truck.toml", 0),
    ("destroy truck.toml --simulate --auto-approve", 0),
];

#[test]
fn no_home_and_one_that_takes_nothing_are_as_good() {
    for home in [None, Some("/proc/self"), Some("/nowhere"), Some("")] {
        let machine = machine();
        for (words, code) in RUNS {
            let mut command = command(&machine, words);
            command
                .env_remove("HOME")
                .envs(home.map(|home| ("HOME", home)));
            let ran = machine.start_command(command).wait();
            assert_eq!(ran.code, code, "{home:?}: {ran}");
        }
    }
}

#[test]
fn closed_streams_lose_nothing() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let machine = machine();
        for (words, code) in RUNS {
            let plain = command(&machine, words);
            let mut shell = Command::new("sh");
            shell
                .args(["-c", &format!("exec \"$@\" {closed}"), "sh"])
                .arg(plain.get_program())
                .args(plain.get_args())
                .current_dir(machine.path())
                .env("TRUCK_PASSWORD", "Planted4711");
            let status = shell.stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert_eq!(status.unwrap().code(), Some(code), "{words} {closed}");
        }
    }
    // Nobody is there to ask.
    let machine = machine();
    let plain = command(&machine, "apply truck.toml --simulate");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec \"$@\" <&-", "sh"])
        .arg(plain.get_program());
    shell.args(plain.get_args()).current_dir(machine.path());
    let status = shell.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert_eq!(status.unwrap().code(), Some(64));
}

#[test]
fn who_reads_the_first_line_alone_changes_nothing() {
    let machine = machine();
    // More than a pipe holds.
    let many = AWS.replace("[protect]", "[[replicas]]\ncount = 300\n[protect]");
    fs::write(machine.path().join("many.toml"), many).unwrap();
    for (words, code) in [
        ("schema", 0),
        ("plan many.toml --simulate --format json", 0),
        ("plan truck.toml --simulate --out saved.json", 0),
        ("apply saved.json --simulate --format json", 0),
        ("plan truck.toml --simulate --detailed-exitcode", 0),
    ] {
        let mut command = command(&machine, words);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{words}");
        drop(reader);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{words}");
    }
}
