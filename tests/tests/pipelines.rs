//! What a pipeline gets: markdown, and the summary and outputs of a step of GitHub Actions.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path, process::Command};

use pgfleet_tests::{Machine, Ran, Signal, wait_until};

/// What the steps after this one read, as the runner reads it.
fn outputs(machine: &Machine) -> BTreeMap<String, String> {
    let text = fs::read_to_string(machine.path().join("output")).unwrap();
    let mut lines = text.lines();
    let mut found = BTreeMap::new();
    while let Some(line) = lines.next() {
        let (name, end) = line.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        found.insert(name.to_owned(), value.join("\n"));
    }
    found
}

fn summary(machine: &Machine) -> String {
    fs::read_to_string(machine.path().join("summary")).unwrap()
}

/// A run as a step of GitHub Actions; each step has files of its own.
fn step(machine: &Machine, arguments: &[&str]) -> Ran {
    for name in ["summary", "output"] {
        fs::write(machine.path().join(name), "").unwrap();
    }
    again(machine, arguments)
}

/// One more run in the same step.
fn again(machine: &Machine, arguments: &[&str]) -> Ran {
    let mut command = machine.command(arguments);
    command
        .env("GITHUB_STEP_SUMMARY", machine.path().join("summary"))
        .env("GITHUB_OUTPUT", machine.path().join("output"));
    machine.start_command(command).wait()
}

#[track_caller]
fn has(machine: &Machine, wanted: &[(&str, &str)]) {
    let outputs = outputs(machine);
    for (name, value) in wanted {
        assert_eq!(
            outputs.get(*name).map(String::as_str),
            Some(*value),
            "{name}"
        );
    }
}

#[test]
fn a_step_learns_what_a_plan_and_its_apply_came_to() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    step(
        &machine,
        &["plan", &file, "--github", "--out", "saved plan.json"],
    )
    .exits(0);
    has(
        &machine,
        &[
            ("changes", "2"),
            ("create", "2"),
            ("update", "0"),
            ("delete", "0"),
            ("refusals", "0"),
            ("simulated", "false"),
            ("saved_plan", "saved plan.json"),
            ("exit_code", "0"),
        ],
    );
    assert!(summary(&machine).contains("## pgfleet plan: 2 to create"));

    step(&machine, &["apply", "saved plan.json", "--github"]).exits(0);
    has(&machine, &[("changes", "2"), ("exit_code", "0")]);
    assert!(summary(&machine).contains("## pgfleet apply: 1 fleet done"));

    step(
        &machine,
        &["plan", &file, "--github", "--detailed-exitcode"],
    )
    .exits(0);
    has(&machine, &[("changes", "0"), ("exit_code", "0")]);
    fleet.clone().replicas(2).write();
    step(
        &machine,
        &["plan", &file, "--github", "--detailed-exitcode"],
    )
    .exits(2);
    has(&machine, &[("changes", "1"), ("exit_code", "2")]);
    // A second run of one step adds to what is there.
    again(&machine, &["plan", &file, "--github"]).exits(0);
    has(&machine, &[("exit_code", "0")]);
    assert_eq!(summary(&machine).matches("## pgfleet plan").count(), 2);

    step(&machine, &["destroy", &file, "--auto-approve", "--github"]).exits(0);
    has(&machine, &[("delete", "2"), ("exit_code", "0")]);
    assert!(summary(&machine).contains("2 instances will be deleted"));
    machine.has_nothing_left();
}

#[test]
fn a_step_learns_the_exit_code_of_what_fails_too() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1).protected();
    let file = fleet.write();
    step(&machine, &["plan", "missing.toml", "--github"]).exits(64);
    has(&machine, &[("exit_code", "64")]);
    step(&machine, &["apply", &file, "--github"]).exits(64);
    has(&machine, &[("exit_code", "64")]);
    let timeout = [
        "apply",
        &file,
        "--auto-approve",
        "--github",
        "--timeout",
        "1ms",
    ];
    step(&machine, &timeout).exits(6);
    has(&machine, &[("exit_code", "6")]);
    fleet.apply();
    step(&machine, &["destroy", &file, "--auto-approve", "--github"]).exits(3);
    has(&machine, &[("refusals", "1"), ("exit_code", "3")]);
    assert!(summary(&machine).contains("`protect/deletion`"));
}

#[test]
fn the_summary_says_why_there_is_no_plan() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    let failed = |arguments: &[&str], code, title: &str, words: &str| {
        step(&machine, arguments).exits(code);
        let summary = summary(&machine);
        assert!(
            summary.contains(title) && summary.contains(words),
            "{summary}"
        );
    };
    let title = "## pgfleet plan: not begun";
    failed(&["plan", "no.toml", "--github"], 64, title, "no.toml");
    fleet.apply();
    fleet.clone().replicas(2).write();
    fleet.run("plan", &["--out", "saved.json"]).exits(0);
    fleet.clone().replicas(2).write();
    machine
        .run(&["plan", &file, "--out", "saved.json"])
        .exits(0);
    fleet.clone().replicas(0).apply();
    fleet.clone().replicas(2).write();
    failed(
        &["apply", "saved.json", "--github"],
        4,
        "## pgfleet apply: the saved plan no longer fits",
        "truck-replica-1 is gone",
    );
    fs::remove_dir_all(machine.data()).ok();
    fs::write(machine.data(), "in the way").unwrap();
    let title = "## pgfleet plan: failed, nothing was changed";
    failed(&["plan", &file, "--github"], 1, title, "truck: ");
}

#[test]
fn output_that_finds_no_room_is_a_failure_of_what_only_prints() {
    let machine = Machine::new();
    let file = machine.fleet("truck").write();
    for arguments in [
        &["plan", &file, "--format", "json"][..],
        &["plan", &file, "--format", "markdown"],
        &["status", &file],
        &["cost", &file],
        &["schema"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = machine.command(arguments);
        let ended = command.stdout(full).output().unwrap();
        let words = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {words}");
        assert!(words.contains("stdout cannot be written"), "{words}");
    }
}

#[test]
fn the_cost_of_a_plan_is_an_output() {
    let machine = Machine::new();
    let text = "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                size = 'db.m5.large'\nstorage = { gib = 100 }\npassword = { env = 'P' }\n";
    fs::write(machine.path().join("truck.toml"), text).unwrap();
    step(&machine, &["plan", "truck.toml", "--simulate", "--github"]).exits(0);
    let outputs = outputs(&machine);
    assert_eq!(outputs["monthly_before"], "0.00");
    assert_eq!(outputs["monthly_delta"], outputs["monthly_after"]);
    let cents = outputs["monthly_delta"].split('.').next_back().unwrap();
    assert_eq!(cents.len(), 2);
    assert_eq!(outputs["simulated"], "true");
    assert_eq!(outputs["cost_complete"], "true");
    assert!(summary(&machine).contains("**Simulated clouds.**"));
}

#[test]
fn outside_of_github_actions_the_flag_is_refused_before_anything_is_asked() {
    let machine = Machine::new();
    let file = machine.fleet("truck").write();
    for verb in ["plan", "apply", "destroy"] {
        let mut command = machine.command(&[verb, &file, "--github"]);
        command
            .env_remove("GITHUB_STEP_SUMMARY")
            .env_remove("GITHUB_OUTPUT");
        let ran = machine.start_command(command).wait().exits(64);
        ran.says("GITHUB_STEP_SUMMARY is not set; GITHUB_OUTPUT is not set");
        ran.says("leave --github out elsewhere");
    }
    let mut command = machine.command(&["plan", &file, "--github"]);
    command
        .env("GITHUB_STEP_SUMMARY", machine.path().join("summary"))
        .env("GITHUB_OUTPUT", machine.path().join("no/such/folder"));
    let ran = machine.start_command(command).wait().exits(64);
    ran.says("GITHUB_OUTPUT: ").says("no/such/folder");
}

#[test]
fn a_summary_that_is_nearly_full_takes_what_fits() {
    const LIMIT: usize = 1024 * 1024;
    let machine = Machine::new();
    let file = machine.fleet("truck").replicas(19).write();
    for (there, grows) in [(LIMIT - 1_600, true), (LIMIT - 500, false)] {
        step(&machine, &["plan", &file, "--github"]).exits(0);
        fs::write(machine.path().join("summary"), "x".repeat(there)).unwrap();
        let ran = again(&machine, &["plan", &file, "--github"]).exits(0);
        let size = summary(&machine).len();
        assert!(size <= LIMIT);
        assert_eq!(size > there, grows);
        assert_eq!(summary(&machine).contains("**Left out"), grows);
        assert_eq!(ran.text().contains("summary is full"), !grows);
    }
}

#[test]
fn markdown_is_cut_to_the_size_that_is_asked_for() {
    let machine = Machine::new();
    let file = machine.fleet("truck").replicas(19).write();
    let run =
        |size: &str| machine.run(&["plan", &file, "--format", "markdown", "--max-bytes", size]);
    let whole = run("65536").exits(0).stdout;
    assert!(whole.contains("`truck-replica-19`") && !whole.contains("Left out"));
    let cut = run("2000").exits(0).stdout;
    assert!(cut.len() <= 2_000 && cut.contains("**Left out to stay within 2,000 bytes:**"));
    assert!(cut.contains("20 to create") && cut.contains("</details>"));
    for wrong in ["0", "1023", "much"] {
        run(wrong).exits(64);
    }
    let ran = machine
        .run(&["plan", &file, "--format", "markdown"])
        .exits(0);
    assert!(ran.stderr.is_empty(), "{ran}");
}

/// The last step of action.yml, with its inputs.
fn action(machine: &Machine, inputs: &[(&str, &str)]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/action");
    let programs = machine.path().join("temp/pgfleet/bin");
    if !programs.exists() {
        fs::create_dir_all(&programs).unwrap();
        symlink(machine.command(&[]).get_program(), programs.join("pgfleet")).unwrap();
    }
    let mut command = Command::new(script);
    command
        .arg("run")
        .current_dir(machine.path())
        .env("RUNNER_TEMP", machine.path().join("temp"))
        .env("GITHUB_STEP_SUMMARY", machine.path().join("summary"))
        .env("GITHUB_OUTPUT", machine.path().join("output"));
    command.envs(
        inputs
            .iter()
            .map(|(name, value)| (format!("PGFLEET_{name}"), value)),
    );
    command
}

#[test]
fn the_action_plans_comments_applies_and_eats_no_exit_code() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let folder = machine.path().join("two fleets");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("truck.toml"), fleet.toml()).unwrap();
    let run = |inputs: &[(&str, &str)]| machine.start_command(action(&machine, inputs)).wait();
    let plans = ("PLANS", "two fleets");
    run(&[
        ("COMMAND", "plan"),
        plans,
        ("OUT", "plan.json"),
        ("COMMENT", "plan.md"),
        ("ARGUMENTS", "--max-bytes\n2000"),
    ])
    .exits(0);
    let comment = fs::read_to_string(machine.path().join("plan.md")).unwrap();
    assert!(comment.starts_with("<!-- pgfleet plan -->"), "{comment}");
    run(&[plans, ("ARGUMENTS", "--detailed-exitcode")]).exits(2);
    run(&[("COMMAND", "apply"), plans]).exits(64);
    run(&[("COMMAND", "apply"), ("PLANS", "plan.json")]).exits(0);
    has(&machine, &[("exit_code", "0"), ("changes", "2")]);
    // All that a run has told is an output of the action, too.
    let action = Path::new(env!("CARGO_MANIFEST_DIR")).join("../action.yml");
    let action = fs::read_to_string(action).unwrap();
    for name in outputs(&machine).keys() {
        let passed_on = format!("${{{{ steps.run.outputs.{name} }}}}");
        assert!(action.contains(&passed_on), "{name}");
    }
    fleet.is_as_planned();
    run(&[("COMMAND", "drop"), plans])
        .exits(64)
        .says("plan, apply or destroy");
    let destroy = [
        ("COMMAND", "destroy"),
        plans,
        ("APPROVE", "true"),
        ("TIMEOUT", "5m"),
    ];
    run(&destroy).exits(0);
    machine.has_nothing_left();
}

#[test]
fn the_signals_of_a_cancelled_job_reach_the_program() {
    let machine = Machine::new();
    let slow = machine.bindir_with(&[("initdb", "sleep 600")]);
    let fleet = machine.fleet("truck");
    let file = fleet.write();
    let inputs = [("COMMAND", "apply"), ("PLANS", &*file), ("APPROVE", "true")];
    let mut command = action(&machine, &inputs);
    command.env("PGFLEET_PG_BINDIR", slow);
    let run = machine.start_command(command);
    wait_until("the first call is made", || fleet.primary().folder.is_dir());
    run.signal(Signal::INT);
    // The runner waits for 7.5 seconds before it sends more.
    let ran = run
        .wait_within(std::time::Duration::from_millis(7_500))
        .exits(6);
    ran.says("initdb truck-primary");
    has(&machine, &[("exit_code", "6")]);
    assert!(summary(&machine).contains("In flight at the end"));
    fleet.apply();
    fleet.is_as_planned();
}
