//! A problem in a plan file, at its place.

use std::{ops::Range, sync::Arc};

/// A plan file's name and text.
///
/// What a [`Spec`](crate::Spec) or a [`Diagnostic`] holds is fit to be shown: passwords that
/// somebody wrote into the file are overwritten with asterisks, byte for byte, so that every
/// [`Place`] still fits. `Debug` leaves the text out all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The file's name as the user gave it.
    pub name: String,
    /// Its text; empty where it could not be read.
    pub text: String,
}

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, text } = self;
        f.debug_struct("SourceFile")
            .field("name", name)
            .field("bytes", &text.len())
            .finish()
    }
}

/// A place in a plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
}

/// One problem of a plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name, `spec/WHAT`, such as `spec/unknown-key`; one of [`CODES`](crate::CODES).
    pub code: &'static str,
    /// What is wrong, in a sentence that names the offending text.
    pub message: String,
    /// A few words beside the underlined text; may be empty.
    pub label: String,
    /// What would be right.
    pub remedy: String,
    /// The file.
    pub source: Arc<SourceFile>,
    /// Where in it; `None` where the file itself is the problem (missing, not readable).
    pub place: Option<Place>,
}
