//! A run of the binary: its output and how it ended.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    schemas::hold_against_schemas,
    send,
    wait::{PATIENCE, comes_true},
};

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What was typed.
    pub command: String,
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless the run ended with this code.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "many tests want to know no more than this"
    )]
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(
            self.code == code,
            "ended with {} instead of {code}\n{self}",
            self.code
        );
        self
    }

    /// Fails the test unless the words stand in the output, however its lines are broken.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(
            self.text().contains(words),
            "does not say `{words}`\n{self}"
        );
        self
    }

    /// Fails the test if the words stand in the output.
    #[track_caller]
    pub fn never_says(&self, words: &str) -> &Self {
        assert!(!self.text().contains(words), "says `{words}`\n{self}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// All that was printed in one line, every run of blanks a single one.
    pub fn text(&self) -> String {
        let all = format!("{} {}", self.stdout, self.stderr);
        all.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            command,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "$ {command}\n(exit {code})\n--- stdout\n{stdout}--- stderr\n{stderr}---"
        )
    }
}

/// A run that goes on. What it prints goes to files, so that it can be read meanwhile.
#[derive(Debug)]
pub struct Running {
    child: Child,
    arguments: Vec<String>,
    folder: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// `name` is the beginning of a file name in a folder of the test.
    pub(crate) fn start(mut command: Command, name: &std::path::Path) -> Self {
        let (stdout, stderr) = (name.with_extension("out"), name.with_extension("err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&stdout).unwrap())
            .stderr(fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let arguments = command.get_args();
        let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        Self {
            child,
            arguments: arguments.collect(),
            folder: command.get_current_dir().unwrap().to_owned(),
            stdout,
            stderr,
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

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap()
    }

    /// Waits until it has ended.
    pub fn wait(self) -> Ran {
        self.wait_within(2 * PATIENCE)
    }

    /// Waits until it has ended; fails the test if it takes longer than this.
    pub fn wait_within(mut self, limit: Duration) -> Ran {
        let mut status = None;
        let ended = comes_true(limit, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let command = format!("pgfleet {}", self.arguments.join(" "));
        assert!(ended, "`{command}` does not end");
        let read = |path: &PathBuf| String::from_utf8(fs::read(path).unwrap()).unwrap();
        let ran = Ran {
            command,
            code: status.and_then(|status| status.code()).unwrap_or(-1),
            stdout: read(&self.stdout),
            stderr: read(&self.stderr),
        };
        hold_against_schemas(&self.arguments, &self.folder, ran.code, &ran.stdout);
        ran
    }
}
