//! SIGINT and SIGTERM: the run ends with 6 within five seconds, names what was in flight, and the
//! next one goes on.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use pgfleet_tests::{
    Doomed, Fleet, Machine, Random, Signal, Struck, processes_below, say, send, soak, wait_until,
};

/// The contract: after the first signal the command ends within five seconds.
const SOON: Duration = Duration::from_secs(5);

/// Sends the signal after a while, and checks what the contract says of the end.
fn stopped_after(
    machine: &Machine,
    fleet: &Fleet<'_>,
    verb: &str,
    (delay, signal): (Duration, Signal),
) -> Struck {
    let run = Doomed::start(machine, fleet, verb);
    std::thread::sleep(delay);
    run.signal(signal);
    let struck = run.ends_within(SOON);
    say(&format!("{signal:?} after {delay:?}\n{struck}"));
    match struck.code {
        0 => assert_eq!(struck.in_flight(), BTreeSet::new(), "{struck}"),
        6 => {
            assert_eq!(struck.left(), struck.in_flight(), "{struck}");
            let said = struck
                .stderr
                .contains("Run the same command again to go on.");
            // Before the first step there is nothing to go on with.
            assert!(said || struck.events.is_empty(), "{struck}");
            assert!(struck.stderr.contains("Stopped."), "{struck}");
        }
        // It was too early for it to hear signals: nothing has been looked at yet.
        _ => assert!(
            struck.code == -1 && struck.events.is_empty() && struck.stderr.is_empty(),
            "{struck}"
        ),
    }
    struck
}

/// No program that the run started goes on; servers do.
fn no_program_goes_on(machine: &Machine) {
    let names = ["pg_basebackup", "initdb", "pg_ctl", "--single", "--boot"];
    wait_until("no program of a stopped run goes on", || {
        !processes_below(machine.path())
            .iter()
            .any(|process| names.iter().any(|name| process.command.contains(name)))
    });
}

fn stopped_at_random_moments(signal: Signal) {
    let mut random = Random::seeded();
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let began = Instant::now();
    fleet.apply();
    let apply = began.elapsed();
    let began = Instant::now();
    fleet.destroy();
    let destroy = began.elapsed();
    for _ in 0..5 * soak() {
        let moment = (random.within(apply), signal);
        stopped_after(&machine, &fleet, "apply", moment);
        no_program_goes_on(&machine);
        say(&fleet.apply().to_string());
        fleet.is_whole(&machine, 2);
        let moment = (random.within(destroy), signal);
        stopped_after(&machine, &fleet, "destroy", moment);
        say(&fleet.destroy().to_string());
        machine.has_nothing_left();
    }
}

#[test]
fn an_interrupt_at_a_random_moment_is_obeyed_and_the_next_run_converges() {
    stopped_at_random_moments(Signal::INT);
}

#[test]
fn a_termination_at_a_random_moment_is_obeyed_and_the_next_run_converges() {
    stopped_at_random_moments(Signal::TERM);
}

/// Whether a process has a handler of its own for SIGINT.
fn hears_signals(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    // The second bit is the second signal.
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 0b10 != 0)
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let machine = Machine::new();
    // The call that takes its time is the one that reads the password.
    let fleet = machine
        .fleet("truck")
        .in_primary("password = { command = [\"sh\", \"-c\", \"touch asked; exec sleep 30\"] }");
    let mut run = Doomed::start(&machine, &fleet, "apply");
    wait_until("the password is asked for", || {
        machine.path().join("asked").exists()
    });
    wait_until("enough signals were heard", || {
        run.signal(Signal::INT);
        !run.goes_on()
    });
    let struck = run.ends_within(SOON);
    struck.exits(6);
    assert!(struck.stderr.contains("Stopped at once."), "{struck}");
    assert_eq!(machine.folders(), [""; 0]);
    // The command that asks for the password is the user's own; it is not ours to end.
    for process in processes_below(machine.path()) {
        send(process.pid, Signal::KILL);
    }
    machine.fleet("truck").apply();
    machine.fleet("truck").is_whole(&machine, 0);
}

#[test]
fn a_signal_during_planning_changes_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let machine = Machine::new();
        let one = machine.fleet("truck").replicas(1);
        one.apply();
        let two = one.clone().replicas(2);
        let before = machine.folders();
        // A halted server takes connections and answers nothing, so that planning has to wait.
        let halted = one.replica(1).pid().unwrap();
        send(halted, Signal::STOP);
        let run = Doomed::start(&machine, &two, "apply");
        wait_until("signals are heard", || hears_signals(run.pid()));
        run.signal(signal);
        let struck = run.ends_within(SOON);
        struck.exits(6);
        send(halted, Signal::CONT);
        assert!(struck.stderr.contains("Nothing was changed"), "{struck}");
        assert!(struck.events.is_empty(), "{struck}");
        assert_eq!(machine.folders(), before);
        one.is_whole(&machine, 1);
    }
}

#[test]
fn a_signal_at_the_question_changes_nothing() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let file = fleet.write();
    for signal in [Signal::INT, Signal::TERM] {
        let terminal = machine.on_a_terminal(&["apply", &file]);
        terminal.shows("Only `yes`");
        terminal.signal(signal);
        let (code, screen) = terminal.ends();
        assert_eq!(code, 6, "{screen}");
        assert!(screen.contains("Nothing was changed"), "{screen}");
        machine.has_nothing_left();
    }
    fleet.apply();
    let terminal = machine.on_a_terminal(&["destroy", &file]);
    terminal.shows("Only `yes`");
    terminal.signal(Signal::INT);
    assert_eq!(terminal.ends().0, 6);
    fleet.is_whole(&machine, 1);
}
