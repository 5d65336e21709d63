//! Markdown for pull requests and step summaries: words that stay words, and documents that are
//! cut to a size between two rows.

mod document;
mod words;

pub(crate) use document::{Document, Part, Section};
pub use words::without_commands;
pub(crate) use words::{cell, code, row, table_head};
