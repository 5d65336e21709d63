//! Texts to trees.

mod json;
mod toml;

use crate::{
    code,
    problems::{Problem, Problems},
    tree::{Span, Table},
};

/// The two notations of a plan file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Json,
}

impl Format {
    /// What a file's name says: TOML but for `.json`.
    pub(crate) fn of(name: &str) -> Self {
        let is_json = std::path::Path::new(name)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Toml }
    }
}

/// How deep tables and lists may stand in each other. Plans need four levels; the limit is there
/// so that a hostile file cannot exhaust the stack.
const MAX_DEPTH: usize = 32;

/// How many words and signs a file may hold. A fleet of a thousand replicas, each in a group of
/// its own with every key, needs a fraction of it; the limit bounds the memory that parsing takes.
const MAX_TOKENS: usize = 500_000;

/// The tree of a text, or `None` where syntax errors leave none worth looking at.
pub(crate) fn parse<'t>(
    text: &'t str,
    format: Format,
    problems: &mut Problems,
) -> Option<Table<'t>> {
    match format {
        Format::Toml => toml::parse(text, problems),
        Format::Json => json::parse(text, problems),
    }
}

fn too_deep(span: &Span) -> Problem {
    Problem::new(
        code::TOO_DEEP,
        span,
        "tables and lists stand too deep in each other here",
    )
    .label("too deep")
    .remedy(format!(
        "a plan needs four levels; more than {MAX_DEPTH} are refused"
    ))
}

fn too_complex(span: &Span) -> Problem {
    Problem::new(
        code::TOO_COMPLEX,
        span,
        "the file holds too much to be a plan",
    )
    .label("the rest was not read")
    .remedy("a plan holds one fleet of at most 1,000 replicas; is this the right file?")
}
