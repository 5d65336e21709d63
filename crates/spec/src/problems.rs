//! Collects what is wrong with one file.

use std::sync::Arc;

use crate::{Diagnostic, SourceFile, code, redact, text::LineIndex, tree::Span};

/// At most so many diagnostics are kept of one file, the one that counts the rest included.
const KEPT: usize = 100;

/// One problem before it knows its file.
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) remedy: String,
}

impl Problem {
    pub(crate) fn new(code: &'static str, span: &Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span: span.clone(),
            message: message.into(),
            label: String::new(),
            remedy: String::new(),
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

/// The problems of one file, and what of it nobody may see.
pub(crate) struct Problems {
    source: Arc<SourceFile>,
    pub(crate) index: LineIndex,
    kept: Vec<Problem>,
    left_out: usize,
    secrets: Vec<Span>,
}

impl Problems {
    pub(crate) fn new(source: Arc<SourceFile>) -> Self {
        let index = LineIndex::new(&source.text);
        Self {
            source,
            index,
            kept: Vec::new(),
            left_out: 0,
            secrets: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.kept.len() < KEPT {
            self.kept.push(problem);
        } else {
            self.left_out += 1;
        }
    }

    /// Marks bytes of the file as not to be shown.
    pub(crate) fn hide(&mut self, span: &Span) {
        self.secrets.push(span.clone());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The file as it may be shown, and its problems in the order of the file.
    pub(crate) fn finish(self) -> (Arc<SourceFile>, LineIndex, Vec<Diagnostic>) {
        let Self {
            source,
            index,
            mut kept,
            mut left_out,
            secrets,
        } = self;
        let source = if secrets.is_empty() {
            source
        } else {
            let text = redact::mask(&source.text, &secrets);
            Arc::new(SourceFile {
                name: source.name.clone(),
                text,
            })
        };
        kept.sort_by_key(|problem| problem.span.start);
        if left_out > 0 {
            // One more goes, so that its place is free for the number of those left out.
            left_out += kept.drain(KEPT - 1..).len();
        }
        let mut list: Vec<Diagnostic> = kept
            .into_iter()
            .map(|problem| {
                let Problem {
                    code,
                    span,
                    message,
                    label,
                    remedy,
                } = problem;
                let place = Some(index.place(&source.text, span));
                Diagnostic {
                    code,
                    message,
                    label,
                    remedy,
                    source: source.clone(),
                    place,
                }
            })
            .collect();
        if left_out > 0 {
            list.push(Diagnostic {
                code: code::TOO_MANY_PROBLEMS,
                message: format!("{left_out} more problems in this file are not shown"),
                label: String::new(),
                remedy: "correct those above and run the command again".to_owned(),
                source: source.clone(),
                place: None,
            });
        }
        (source, index, list)
    }
}
