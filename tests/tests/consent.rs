//! Being asked, on a terminal.

use pgfleet_tests::Machine;

const QUESTION: &str = "Only `yes` is taken for a yes";

#[test]
fn anything_but_yes_changes_nothing() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    for answer in ["no", "y", "", "YES please"] {
        let mut terminal = machine.on_a_terminal(&["apply", &file]);
        terminal.shows(QUESTION);
        assert!(terminal.screen().contains("2 to create"));
        terminal.types(answer);
        let (code, screen) = terminal.ends();
        assert_eq!(code, 1, "{screen}");
        assert!(screen.contains("Nothing was changed."), "{screen}");
        assert!(!machine.data().exists(), "after `{answer}`");
    }
}

#[test]
fn yes_applies_and_yes_destroys() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    let mut terminal = machine.on_a_terminal(&["apply", &file]);
    terminal.shows(QUESTION);
    terminal.types("yes");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("as planned: 2 instances"), "{screen}");
    fleet.is_as_planned();
    fleet.streams_to(&["replica-1"]);

    // With nothing to do there is nothing to ask.
    let (code, screen) = machine.on_a_terminal(&["apply", &file]).ends();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains(QUESTION), "{screen}");

    let mut terminal = machine.on_a_terminal(&["destroy", &file]);
    terminal.shows("Delete these instances and their data?");
    terminal.types("no");
    assert_eq!(terminal.ends().0, 1);
    fleet.is_as_planned();

    let mut terminal = machine.on_a_terminal(&["destroy", &file]);
    terminal.shows(QUESTION);
    terminal.types("yes");
    assert_eq!(terminal.ends().0, 0);
    machine.has_nothing_left();
}

#[test]
fn a_signal_at_the_question_stops_and_changes_nothing() {
    let machine = Machine::new();
    let file = machine.fleet("truck").write();
    let terminal = machine.on_a_terminal(&["apply", &file]);
    terminal.shows(QUESTION);
    terminal.signal(pgfleet_tests::Signal::INT);
    let (code, screen) = terminal.ends();
    assert_eq!(code, 6, "{screen}");
    assert!(screen.contains("Nothing was changed."), "{screen}");
    assert!(!machine.data().exists());
}

#[test]
fn json_asks_nobody() {
    let machine = Machine::new();
    let file = machine.fleet("truck").write();
    let (code, screen) = machine
        .on_a_terminal(&["apply", &file, "--format", "json"])
        .ends();
    assert_eq!(code, 64, "{screen}");
    assert!(!machine.data().exists());
}
