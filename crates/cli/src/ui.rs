//! The one place that writes to the terminal.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use pgfleet_model::Check;
use pgfleet_render::Paint;
use pgfleet_spec::{Diagnostic, Spec};

/// Whether stdout could not be written, which has been told then.
static INCOMPLETE: AtomicBool = AtomicBool::new(false);
/// The problems that were told, each with its remedy, for the summary of a pipeline's step.
static TOLD: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());
/// So many problems are kept at most.
const KEPT: usize = 100;

/// The problems that were told so far.
pub(crate) fn told() -> Vec<(String, String)> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Whether something that was to be printed is not on stdout, other than for a reader that has gone.
pub(crate) fn is_incomplete() -> bool {
    INCOMPLETE.load(Ordering::Relaxed)
}

/// Where output goes, and what the terminal can show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    out: Paint,
    err: Paint,
    live: bool,
    asks: bool,
    /// Whether a runner of GitHub Actions reads along, which takes some lines for commands.
    obeyed: bool,
}

impl Ui {
    /// `logs`: others write lines to stderr too.
    pub(crate) fn new(logs: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let color = |is_terminal: bool| Paint::new(is_terminal && !plain && !dumb);
        Self {
            out: color(io::stdout().is_terminal()),
            err: color(io::stderr().is_terminal()),
            live: io::stderr().is_terminal() && !plain && !dumb && !logs,
            asks: io::stdin().is_terminal() && io::stderr().is_terminal(),
            obeyed: std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
        }
    }

    /// The colours of stdout.
    pub(crate) fn out(self) -> Paint {
        self.out
    }

    /// The colours of stderr.
    pub(crate) fn err(self) -> Paint {
        self.err
    }

    /// Whether lines may be drawn over.
    pub(crate) fn is_live(self) -> bool {
        self.live
    }

    /// Whether somebody can be asked.
    pub(crate) fn can_ask(self) -> bool {
        self.asks
    }

    /// A result. A reader that has gone away is no error of ours; that a file does not hold what was
    /// printed is told, once.
    pub(crate) fn result(self, text: &str) {
        let text = self.without_commands(text);
        let wrote = {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        };
        if let Err(error) = wrote
            && error.kind() != io::ErrorKind::BrokenPipe
            && !INCOMPLETE.swap(true, Ordering::Relaxed)
        {
            self.problem(
                &format!("stdout cannot be written: {error}"),
                "what was printed is not complete",
            );
        }
    }

    /// Progress, or a word to the user.
    pub(crate) fn note(self, text: &str) {
        let text = self.without_commands(text.trim_end_matches('\n'));
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// The text so that no word in it, which may be a vendor's or a tag's, is obeyed.
    fn without_commands(self, text: &str) -> Cow<'_, str> {
        // Within JSON no line begins like a command, and it is not ours to change.
        if self.obeyed && !text.starts_with('{') {
            pgfleet_render::without_commands(text).into()
        } else {
            text.into()
        }
    }

    /// An error with its remedy, which may be empty.
    pub(crate) fn problem(self, message: &str, remedy: &str) {
        keep(message, remedy);
        self.note(&pgfleet_render::problem(message, remedy, self.err));
    }

    /// What is wrong with plan files, each with its place.
    pub(crate) fn diagnostics(self, problems: &[Diagnostic]) {
        for problem in problems {
            let file = &problem.source.name;
            keep(&format!("{file}: {}", problem.message), &problem.remedy);
        }
        self.note(&pgfleet_render::diagnostics(problems, self.err()));
    }

    /// What refuses a fleet, each with its place, where its plan is not shown.
    pub(crate) fn refusals(self, spec: &Spec, checks: &[Check]) {
        for check in checks {
            keep(&format!("{}: {}", spec.fleet, check.message), &check.remedy);
        }
        self.note(&pgfleet_render::refusals_text(spec, checks, self.err()));
    }

    /// Asks a question that only `yes` agrees to.
    pub(crate) async fn ask(self, question: &str) -> bool {
        let prompt = format!("{question} Only `yes` is taken for a yes: ");
        let answer = tokio::task::spawn_blocking(move || {
            // Held no longer than it takes: whoever waits here for an answer must not keep a
            // signal's last words from being printed.
            {
                let mut err = io::stderr().lock();
                let _ = err.write_all(prompt.as_bytes()).and_then(|()| err.flush());
            }
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        });
        matches!(answer.await, Ok(Ok(line)) if line.trim() == "yes")
    }
}

fn keep(message: &str, remedy: &str) {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() < KEPT {
        told.push((message.to_owned(), remedy.to_owned()));
    }
}
