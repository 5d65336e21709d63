//! The log on stderr: what `-v` and `RUST_LOG` ask for.

use std::io;

use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::{FilterExt as _, Targets, filter_fn},
    fmt,
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};

use crate::args::{Format, LogArgs};

/// What the targets of pgfleet's own crates begin with.
const OURS: &str = "pgfleet";

/// Begins to log where it is asked for; false where it is not.
///
/// # Errors
/// A `RUST_LOG` that is no list of targets and levels.
pub(crate) fn begin(args: &LogArgs) -> Result<bool, String> {
    let Some(targets) = targets(args.verbose)? else {
        return Ok(false);
    };
    let lines = fmt::layer()
        .with_ansi(false)
        .with_writer(io::stderr)
        // A reader that has gone away is no error of ours.
        .log_internal_errors(false);
    let lines = match args.log_format {
        Format::Text => lines.boxed(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
    };
    let filter = targets.and(filter_fn(holds_no_secret));
    registry().with(lines.with_filter(filter)).init();
    Ok(true)
}

/// What is logged: by `RUST_LOG`, or else as often as `-v` was given.
fn targets(verbose: u8) -> Result<Option<Targets>, String> {
    match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => {
            let wrong = |why: &str| {
                format!("RUST_LOG is no list of targets and levels such as pgfleet=info: {why}")
            };
            if let Some(target) = text.split(',').map(target_of).find(|name| !is_target(name)) {
                return Err(wrong(&format!("`{target}` is no target")));
            }
            let targets = text.parse::<Targets>();
            targets.map(Some).map_err(|error| wrong(&error.to_string()))
        }
        _ => Ok(match verbose {
            0 => None,
            1 => Some(Targets::new().with_target(OURS, LevelFilter::INFO)),
            _ => Some(Targets::new().with_target(OURS, LevelFilter::TRACE)),
        }),
    }
}

/// The target that an element of the list is about, or its level alone.
fn target_of(element: &str) -> &str {
    element.split('=').next().unwrap_or_default().trim()
}

/// Whether this can be the path of a module. The parser takes anything, and what nothing is called
/// would be silence.
fn is_target(name: &str) -> bool {
    let may_be = |c: char| c.is_ascii_alphanumeric() || "_-:".contains(c);
    !name.is_empty() && name.chars().all(may_be)
}

/// Whether a line can be shown, whatever `RUST_LOG` says. Below `info` the libraries underneath log
/// requests and answers whole, with the passwords in them; ours never do.
fn holds_no_secret(line: &Metadata<'_>) -> bool {
    line.target().starts_with(OURS) || *line.level() <= Level::INFO
}
