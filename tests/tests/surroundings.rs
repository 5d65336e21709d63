//! Surroundings that are not as usual: readers that go away, no input, no home, one that cannot be
//! written to.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use pgfleet_tests::{Machine, PATIENCE, wait_until};

/// Runs a command whose standard output nobody reads: the reader is gone before it begins.
fn unread(mut command: Command) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(command);
    let mut status = None;
    wait_until("it ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    let mut told = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut told).unwrap();
    (status.unwrap().code().unwrap_or(-1), told)
}

#[test]
fn a_reader_that_goes_away_costs_nothing_but_what_it_would_have_read() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    for (arguments, code) in [
        (vec!["--help"], 0),
        (vec!["schema", "plan"], 0),
        (vec!["plan", &file, "--detailed-exitcode"], 2),
        (vec!["plan", &file, "--format", "json"], 0),
        (vec!["plan", &file, "--format", "markdown"], 0),
        (
            vec!["apply", &file, "--auto-approve", "--format", "json"],
            0,
        ),
        (vec!["plan", &file, "--detailed-exitcode"], 0),
        (vec!["status", &file], 0),
        (vec!["verify", &file], 0),
        (vec!["destroy", &file, "--auto-approve"], 0),
    ] {
        let (ended, told) = unread(machine.command(&arguments));
        assert_eq!(ended, code, "{arguments:?}: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
    machine.has_nothing_left();
}

#[test]
fn without_input_output_or_either_nothing_panics() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let file = fleet.write();
    let binary = machine.command(&[]).get_program().to_owned();
    for (closed, verb, code) in [
        ("<&-", "apply", 64),
        ("<&- >&-", "plan", 0),
        ("<&- >&- 2>&-", "plan", 0),
        (">&- 2>&-", "apply --auto-approve", 0),
        ("<&-", "destroy --auto-approve", 0),
    ] {
        let (verb, flags) = verb.split_once(' ').unwrap_or((verb, ""));
        let script = format!("exec \"$1\" {verb} \"$2\" {flags} {closed}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).arg(&binary).arg(&file);
        shell.current_dir(machine.path());
        let ran = machine.start_command(shell).wait_within(2 * PATIENCE);
        assert_eq!(ran.code, code, "{script}: {ran}");
        ran.never_says("panicked");
    }
    machine.has_nothing_left();
}

#[test]
fn no_home_and_one_that_takes_nothing_do() {
    let machine = Machine::new();
    let cloud = "fleet = 'cloud'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                 size = 'db.m5.large'\nstorage = { gib = 100 }\npassword = { env = 'P' }\n";
    fs::write(machine.path().join("cloud.toml"), cloud).unwrap();
    let local = machine.fleet("truck").write();
    let home = machine.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o500)).unwrap();
    // A file in its place takes nothing of root either.
    let file = machine.path().join("file");
    File::create(&file).unwrap();
    let homes = [
        None,
        Some("".into()),
        Some("/nonexistent".into()),
        Some(home),
        Some(file),
    ];
    for home in homes {
        for arguments in [
            vec!["plan", &local],
            vec!["apply", &local, "--auto-approve"],
            vec!["plan", "cloud.toml", "--simulate", "--out", "saved.json"],
            vec!["cost", "cloud.toml"],
            vec!["prices", "show"],
        ] {
            let mut command = machine.command(&arguments);
            for variable in ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
                command.env_remove(variable);
            }
            if let Some(home) = &home {
                command.env("HOME", home);
            }
            let ran = machine.start_command(command).wait().exits(0);
            ran.never_says("panicked");
        }
    }
}
