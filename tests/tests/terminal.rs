//! What is shown on a terminal and what where there is none: colour, lines that are drawn over,
//! questions, columns.

use pgfleet_tests::{Machine, Terminal};

/// The beginning of every colour and of every movement.
const ESCAPE: char = '\u{1b}';
/// Colours and weights end with this.
const RESET: &str = "\u{1b}[0m";
const QUESTION: &str = "Only `yes` is taken for a yes";

fn apply(machine: &Machine, file: &str, variables: &[(&str, &str)]) -> Terminal {
    let mut command = machine.command(&["apply", file]);
    command.envs(variables.iter().copied());
    machine.command_on_a_terminal(command, 80)
}

#[test]
fn colour_and_spinners_are_for_terminals() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    let mut terminal = apply(&machine, &file, &[]);
    terminal.shows(QUESTION);
    assert!(terminal.screen().contains(RESET), "no colour");
    terminal.types("yes");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    // A line is drawn over: it is cleared, and the cursor goes up.
    assert!(
        screen.contains("\u{1b}[2K") || screen.contains("\u{1b}[1A"),
        "{screen:?}"
    );
    fleet.destroy();

    // Elsewhere a line for each step, and no sign that only a terminal understands.
    let ran = fleet.apply();
    assert!(
        !ran.stdout.contains(ESCAPE) && !ran.stderr.contains(ESCAPE),
        "{ran}"
    );
    ran.says("· primary initdb truck-primary");
    ran.says("✔ replica-1 pg_basebackup done");
}

#[test]
fn no_color_and_a_dumb_terminal_get_neither_and_are_asked_all_the_same() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let file = fleet.write();
    for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        let mut terminal = apply(&machine, &file, &variables);
        terminal.shows(QUESTION);
        terminal.types("yes");
        let (code, screen) = terminal.ends();
        assert_eq!(code, 0, "{screen}");
        assert!(!screen.contains(ESCAPE), "{variables:?}: {screen:?}");
        assert!(
            screen.contains("· primary     initdb truck-primary"),
            "{screen}"
        );
        fleet.destroy();
    }
    // An empty NO_COLOR says nothing.
    let mut command = machine.command(&["plan", &file]);
    command.env("NO_COLOR", "");
    let (_, screen) = machine.command_on_a_terminal(command, 80).ends();
    assert!(screen.contains(RESET), "{screen:?}");
}

#[test]
fn the_end_of_the_input_is_no_yes() {
    let machine = Machine::new();
    let file = machine.fleet("truck").write();
    let mut terminal = apply(&machine, &file, &[]);
    terminal.shows(QUESTION);
    // Ctrl-D.
    terminal.types_no_line("\u{4}");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("Nothing was changed."), "{screen}");
    assert!(!machine.data().exists());
}

#[test]
fn without_a_terminal_what_would_ask_is_refused_and_asks_no_platform() {
    let machine = Machine::new();
    let file = machine.fleet("truck").write();
    for arguments in [
        vec!["apply", &file],
        vec!["destroy", &file],
        vec!["adopt", &file],
        vec!["release", &file],
    ] {
        let ran = machine.run(&arguments).exits(64);
        ran.says("there is no terminal to ask on")
            .says("--auto-approve");
        assert!(ran.stdout.is_empty(), "{ran}");
    }
    assert!(!machine.data().exists());
}

#[test]
fn what_is_printed_lines_up_in_80_columns_and_is_the_same_in_more() {
    let machine = Machine::new();
    let fleet = machine.fleet("a-fleet-with-a-rather-long-name").replicas(3);
    let file = fleet.write();
    let shown = |arguments: &[&str], columns| {
        let mut command = machine.command(arguments);
        command.env("NO_COLOR", "1");
        let (code, screen) = machine.command_on_a_terminal(command, columns).ends();
        assert_eq!(code, 0, "{screen}");
        screen.replace('\r', "")
    };
    let cloud = "fleet = 'foodtruck'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                 size = 'db.m5.large'\nstorage = { gib = 100 }\npassword = { env = 'P' }\n\
                 [[replicas]]\ncount = 3\n";
    std::fs::write(machine.path().join("cloud.toml"), cloud).unwrap();
    let longest = cloud.replace("foodtruck", &"f".repeat(45));
    std::fs::write(machine.path().join("longest.toml"), longest).unwrap();
    for arguments in [
        ["plan", &file, "--format=text"],
        ["status", &file, "--format=text"],
        ["cost", "cloud.toml", "--format=text"],
        ["plan", "cloud.toml", "--simulate"],
        ["plan", "longest.toml", "--simulate"],
        ["cost", "longest.toml", "--format=text"],
        ["plan", "--help", "--simulate"],
    ] {
        let narrow = shown(&arguments, 80);
        let wide = shown(&arguments, 200);
        // Only the help uses more room.
        let is_help = arguments[1] == "--help";
        assert!(is_help || narrow == wide, "{narrow}\n{wide}");
        // An address is not broken: it could not be followed any more.
        for line in narrow.lines().filter(|line| !line.contains("https://")) {
            assert!(line.chars().count() <= 80, "longer than 80: {line}");
            assert!(
                is_help || line.trim_end() == line,
                "ends with blanks: {line}"
            );
        }
    }
    let plan = shown(&["plan", &file], 80);
    let columns: Vec<Option<usize>> = plan
        .lines()
        .filter(|line| line.starts_with("  + "))
        .map(|line| line.find("a-fleet-with"))
        .collect();
    assert_eq!(columns.len(), 4, "{plan}");
    assert!(columns.iter().all(|at| *at == columns[0]), "{plan}");
}
