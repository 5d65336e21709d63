//! Running PostgreSQL's programs as children that end with us.

use std::{
    env, io,
    path::Path,
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::{Account, Installation, ToolError};

/// What a child may see of our environment. A server lives long and its environment can be read:
/// no password that was meant for us may end up there, nor a `PG...` setting redirect it.
const KEPT: [&str; 5] = [
    "PATH",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
];

/// Most bytes of a program's messages that an error repeats.
const TAIL: usize = 4000;

/// A command for one of PostgreSQL's programs: as the account, in a process group of its own so
/// that Ctrl-C in the terminal does not reach it, speaking English.
pub(crate) fn tool(installation: &Installation, account: &Account, program: &str) -> Command {
    let mut command = Command::new(installation.program(program));
    command.env_clear().env("LC_ALL", "C");
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    account.apply(&mut command);
    command
}

/// A child and whatever it has started: all of them end when this is dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // The number is gone once the child was waited for; until then it cannot be recycled.
        let id = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(group) = id {
            // Nothing is left to do where the group is already gone.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

/// How a child ended and what it wrote.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The end as an error of `program`, unless it went well.
    pub(crate) fn checked(self, program: &str) -> Result<Self, ToolError> {
        if self.status.success() {
            return Ok(self);
        }
        let mut message = tail(if self.stderr.trim().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        });
        if message.is_empty() {
            message = self.status.to_string();
        }
        Err(ToolError::Failed {
            program: program.to_owned(),
            message,
        })
    }
}

/// Runs a child to its end, with `input` on its stdin where there is any, handing on each piece of
/// stderr as it comes.
pub(crate) async fn run(
    mut command: Command,
    input: Option<Vec<u8>>,
    mut heard: impl FnMut(&[u8]),
) -> Result<Ended, ToolError> {
    let program = name(command.as_std().get_program().as_ref());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let failed = |source| ToolError::Spawn {
        program: program.clone(),
        source,
    };
    let mut group = Group(command.spawn().map_err(failed)?);
    // The command still holds a copy of the lock that the child got as its stdin.
    drop(command);
    let (stdin, stdout, stderr) = (
        group.0.stdin.take(),
        group.0.stdout.take(),
        group.0.stderr.take(),
    );
    let feed = async {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // A child that ends early says why itself.
            let _ = stdin.write_all(&input).await;
        }
    };
    let read_out = async {
        let mut bytes = Vec::new();
        match stdout {
            Some(mut stdout) => stdout.read_to_end(&mut bytes).await.map(|_| bytes),
            None => Ok(bytes),
        }
    };
    let read_err = async {
        let mut bytes = Vec::new();
        let Some(mut stderr) = stderr else {
            return Ok(bytes);
        };
        let mut piece = [0; 4096];
        loop {
            match stderr.read(&mut piece).await {
                Ok(0) => return Ok::<_, io::Error>(bytes),
                Ok(read) => {
                    heard(&piece[..read]);
                    bytes.extend_from_slice(&piece[..read]);
                }
                Err(error) => return Err(error),
            }
        }
    };
    let ((), stdout, stderr, status) = tokio::join!(feed, read_out, read_err, group.0.wait());
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ended {
        stdout: text(stdout.map_err(failed)?),
        stderr: text(stderr.map_err(failed)?),
        status: status.map_err(failed)?,
    })
}

fn name(program: &Path) -> String {
    program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let text = text.trim();
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let lines: Vec<&str> = text[start..].lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
