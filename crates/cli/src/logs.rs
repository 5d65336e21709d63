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
            let targets = text.parse::<Targets>().map_err(|error| {
                format!("RUST_LOG is no list of targets and levels such as pgfleet=info: {error}")
            })?;
            Ok(Some(targets))
        }
        _ => Ok(match verbose {
            0 => None,
            1 => Some(Targets::new().with_target(OURS, LevelFilter::INFO)),
            _ => Some(Targets::new().with_target(OURS, LevelFilter::TRACE)),
        }),
    }
}

/// Whether a line can be shown, whatever `RUST_LOG` says. Below `info` the libraries underneath log
/// requests and answers whole, with the passwords in them; ours never do.
fn holds_no_secret(line: &Metadata<'_>) -> bool {
    line.target().starts_with(OURS) || *line.level() <= Level::INFO
}
