//! The program as a whole process: how soon it answers, and how much memory it takes.

use std::{
    fs,
    process::{Command, Stdio},
};

use pgfleet_tests::Machine;

use super::figure::{Figure, Reference, Runs, milliseconds};

const RUNS: usize = 15;

pub(crate) fn figures() -> Vec<Figure> {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(4);
    fleet.apply();
    fleet.is_as_planned();
    let plan = fleet.write();
    let timed = |arguments: &[&str]| {
        Runs::of(RUNS, || {
            let mut command = machine.command(arguments);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            milliseconds(|| {
                let status = command.status().unwrap();
                assert!(status.success(), "{arguments:?} failed");
            })
        })
    };
    let figures = vec![
        Figure {
            what: "pgfleet --help".to_owned(),
            unit: "ms",
            runs: timed(&["--help"]),
            reference: Reference::Bound(10.0),
            ratio: 1.0,
        },
        Figure {
            what: "pgfleet plan, nothing to change, 1 + 4 servers".to_owned(),
            unit: "ms",
            runs: timed(&["plan", &plan]),
            reference: Reference::Bound(100.0),
            ratio: 1.0,
        },
        Figure {
            what: "pgfleet plan, most of its own memory, 1 + 4 servers".to_owned(),
            unit: "MB",
            runs: Runs::of(5, || peak(&machine, &["plan", &plan])),
            reference: Reference::Bound(30.0),
            ratio: 1.0,
        },
        Figure {
            what: "pgfleet verify, most of its own memory, 1 + 4 servers".to_owned(),
            unit: "MB",
            runs: Runs::of(5, || peak(&machine, &["verify", &plan])),
            reference: Reference::Bound(30.0),
            ratio: 1.0,
        },
    ];
    fleet.destroy();
    figures
}

/// The most memory that a run held at once, in megabytes, as the system counts it. The last look
/// before its end is what counts: the system's figure only grows.
fn peak(machine: &Machine, arguments: &[&str]) -> f64 {
    peak_of(machine.command(arguments))
}

/// The same of any command.
pub(crate) fn peak_of(mut command: Command) -> f64 {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        peak = kilobytes
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
            .max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?} failed");
            assert!(peak > 0, "the system tells no memory");
            return f64::from(peak) / 1000.0;
        }
        std::thread::yield_now();
    }
}
