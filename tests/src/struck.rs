//! Runs that are struck by a signal at a chosen event or moment, told by their own events.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    Fleet, Machine,
    schemas::hold_events,
    send,
    wait::{PATIENCE, comes_true},
};

/// A run with `--auto-approve --format json` that has not ended as far as we know.
#[derive(Debug)]
pub struct Doomed {
    child: Child,
    command: String,
    lines: BufReader<ChildStdout>,
    stderr: PathBuf,
    events: Vec<Value>,
}

/// How it ended.
#[derive(Debug, Clone)]
pub struct Struck {
    /// What was run.
    pub command: String,
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Its events, in order.
    pub events: Vec<Value>,
    /// Standard error.
    pub stderr: String,
    /// From the last signal (or, without one, from the wait) to the end.
    pub took: Duration,
}

impl Doomed {
    /// Starts a verb on the fleet's plan file, which a run that goes on may be reading.
    pub fn start(machine: &Machine, fleet: &Fleet<'_>, verb: &str) -> Self {
        Self::start_as(machine, fleet, verb, "plan-of-a-doomed-run.toml")
    }

    /// The same with a plan file of this name.
    pub fn start_as(machine: &Machine, fleet: &Fleet<'_>, verb: &str, file: &str) -> Self {
        let path = machine.path().join(file);
        if fs::read_to_string(&path).ok() != Some(fleet.toml()) {
            fs::write(path, fleet.toml()).unwrap();
        }
        Self::spawn(machine, machine.command(&[verb, file]))
    }

    /// Starts a command made by [`Machine::command`], to which the two flags are added.
    pub fn spawn(machine: &Machine, mut command: Command) -> Self {
        command.args(["--auto-approve", "--format", "json"]);
        let stderr = machine.path().join(format!("struck-{}.err", unique()));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            command: format!("{command:?}"),
            lines,
            stderr,
            events: Vec::new(),
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Whether it has not ended.
    pub fn goes_on(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Reads on to the `number`-th event of a step (1 is the first): started, accepted, done.
    /// `false`: it ends before that.
    pub fn reaches(&mut self, number: usize) -> bool {
        let mut seen = steps(&self.events).count();
        while seen < number {
            let Some(event) = self.next_event() else {
                return false;
            };
            self.events.push(event);
            seen = steps(&self.events).count();
        }
        true
    }

    /// `None` at the end; also where the end tears a line apart.
    fn next_event(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let whole = line.ends_with('\n');
        whole.then(|| match serde_json::from_str(&line) {
            Ok(event) => event,
            Err(error) => panic!("{error} in {line}"),
        })
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn ends(self) -> Struck {
        self.ends_within(2 * PATIENCE)
    }

    /// Waits until it has ended; fails the test if it takes longer than this. What a run tells
    /// fits into a pipe, so that it ends unread.
    #[track_caller]
    pub fn ends_within(mut self, limit: Duration) -> Struck {
        let began = Instant::now();
        let mut status = None;
        let ended = comes_true(limit, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let took = began.elapsed();
        if !ended {
            send(self.child.id(), Signal::KILL);
        }
        while let Some(event) = self.next_event() {
            self.events.push(event);
        }
        let struck = Struck {
            command: self.command,
            code: status.and_then(|status| status.code()).unwrap_or(-1),
            events: self.events,
            stderr: fs::read_to_string(&self.stderr).unwrap(),
            took,
        };
        assert!(ended, "does not end within {limit:?}\n{struck}");
        hold_events(&struck.events);
        struck
    }
}

impl Struck {
    /// Fails the test unless it ended with this code.
    #[track_caller]
    pub fn exits(&self, code: i32) {
        assert!(self.code == code, "not {code}\n{self}");
    }

    /// The instances whose steps have this event.
    pub fn resources(&self, kind: &str) -> BTreeSet<String> {
        let started = of_kind(&self.events, "step-started");
        let ids: Vec<(u64, &Value)> = started
            .map(|event| (event["step"].as_u64().unwrap(), &event["resource_id"]))
            .collect();
        of_kind(&self.events, kind)
            .map(|event| {
                let step = event["step"].as_u64().unwrap();
                let named = ids.iter().rev().find(|(id, _)| *id == step);
                named.unwrap().1.as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// The steps that were begun and told neither their success nor their failure.
    pub fn in_flight(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for event in &self.events {
            let id = event["step"].to_string();
            match event["event"].as_str() {
                Some("step-started") => ids.insert(id),
                Some("step-done" | "step-failed") => ids.remove(&id),
                _ => false,
            };
        }
        ids
    }

    /// The steps that the run named as cut short.
    pub fn left(&self) -> BTreeSet<String> {
        of_kind(&self.events, "step-left")
            .map(|event| event["step"].to_string())
            .collect()
    }
}

impl std::fmt::Display for Struck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            command,
            code,
            events,
            stderr,
            took,
        } = self;
        writeln!(f, "$ {command}\n(exit {code} after {took:?})")?;
        for event in events {
            writeln!(f, "{event}")?;
        }
        write!(f, "--- stderr\n{stderr}---")
    }
}

fn of_kind<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["event"] == kind)
}

fn steps(events: &[Value]) -> impl Iterator<Item = &Value> {
    let kinds = ["step-started", "step-accepted", "step-done"];
    events
        .iter()
        .filter(move |event| kinds.iter().any(|kind| event["event"] == *kind))
}

fn unique() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
