//! The one place that writes to the terminal.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use pgfleet_render::Paint;

/// Whether it has been told that stdout cannot be written.
static TOLD: AtomicBool = AtomicBool::new(false);

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
            && !TOLD.swap(true, Ordering::Relaxed)
        {
            self.problem(
                &format!("stdout cannot be written: {error}"),
                "what was printed is not complete; what was done is what the exit code says",
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
        self.note(&pgfleet_render::problem(message, remedy, self.err));
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
