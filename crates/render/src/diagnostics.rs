//! What is wrong with a plan file, with the line that says so.

use std::{collections::BTreeSet, fmt::Write as _};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use pgfleet_spec::{Diagnostic, Place, SourceFile};

use crate::Paint;

/// The width to which source lines are cut, in columns.
const WIDTH: usize = 80;

/// The width to which remedies are broken: that of the page without `  = help: `.
const REMEDY: usize = 66;

/// The most that is underlined, in bytes.
const UNDERLINED: usize = 60;

/// How much of a line around a place is looked at, in bytes on each side. Drawing costs time by
/// the length of the line, and a hostile file has one line of megabytes.
const AROUND: usize = 300;

/// Every problem with its place, and a last line that counts them. Empty for an
/// empty list.
pub fn diagnostics(list: &[Diagnostic], paint: Paint) -> String {
    if list.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    for Diagnostic {
        code,
        message,
        label,
        remedy,
        source,
        place,
    } in list
    {
        let (title, help) = (titled(code, message), wrapped(remedy, REMEDY));
        let mut group = Group::with_title(Level::ERROR.primary_title(title).id(*code));
        group = match place {
            Some(place) => at_place(group, source, place, label),
            None => group.element(Origin::path(&source.name)),
        };
        if !help.is_empty() {
            group = group.element(Level::HELP.message(&help));
        }
        let _ = writeln!(text, "{}\n", renderer(paint.has_color()).render(&[group]));
    }
    let files: BTreeSet<&str> = list
        .iter()
        .map(|found| found.source.name.as_str())
        .collect();
    // The one that only counts what was left out is no problem of its own.
    let shown = list
        .iter()
        .filter(|found| found.code != "spec/too-many-problems")
        .count();
    let more = if shown < list.len() { "more than " } else { "" };
    let _ = writeln!(
        text,
        "{more}{} in {}",
        counted(shown, "problem"),
        counted(files.len(), "file")
    );
    text
}

/// One error of a check at the place of the plan file that it is about: `title` beside its code,
/// then the line, then `remedy` and `reference` (where the rule is written down) where they are
/// not empty.
pub fn snippet(
    source: &SourceFile,
    place: &Place,
    code: &str,
    title: &str,
    remedy: &str,
    reference: &str,
    paint: Paint,
) -> String {
    let help = wrapped(remedy, REMEDY);
    let title = Level::ERROR.primary_title(titled(code, title)).id(code);
    let mut group = at_place(Group::with_title(title), source, place, "");
    if !help.is_empty() {
        group = group.element(Level::HELP.message(&help));
    }
    if !reference.is_empty() {
        group = group.element(Level::NOTE.message(reference));
    }
    renderer(paint.has_color()).render(&[group])
}

fn renderer(color: bool) -> Renderer {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.term_width(WIDTH)
}

/// Adds the line at a place. A place of several lines is shown by its first.
fn at_place<'t>(
    group: Group<'t>,
    source: &'t SourceFile,
    place: &Place,
    label: &'t str,
) -> Group<'t> {
    let text = &source.text;
    let start = floor(text, place.span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let from = floor(text, line_start.max(start.saturating_sub(AROUND)));
    let to = floor(text, line_end.min(start + AROUND));
    let line = text[from..to].trim_end_matches('\r');
    let origin = Origin::path(&source.name)
        .line(place.line)
        .char_column(place.column);
    if line.trim().is_empty() {
        return group.element(origin);
    }
    let begin = (start - from).min(line.len());
    let end = place
        .span
        .end
        .saturating_sub(from)
        .min(begin + UNDERLINED)
        .max(begin);
    let end = floor(line, end);
    let annotation = AnnotationKind::Primary.span(begin..end);
    let annotation = if label.is_empty() {
        annotation
    } else {
        annotation.label(label)
    };
    let snippet = Snippet::source(line)
        .line_start(place.line)
        .annotation(annotation);
    if from == line_start {
        group.element(snippet.path(&source.name))
    } else {
        // The column that the snippet would count itself begins at the cut.
        group.element(origin).element(snippet)
    }
}

/// The nearest byte at or before `at` where a character of the text begins, or its end.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// A message in lines that fit beside `error[CODE]: `.
fn titled(code: &str, message: &str) -> String {
    wrapped(
        message,
        WIDTH
            .saturating_sub("error[]: ".len() + code.len())
            .max(WIDTH / 2),
    )
}

/// A text in lines of some width.
fn wrapped(text: &str, most: usize) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 {
            let fits = width + 1 + length <= most;
            lines.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        lines.push_str(word);
        width += length;
    }
    lines
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;

    fn problems(text: &str) -> Vec<Diagnostic> {
        let source = SourceFile {
            name: "plan.toml".to_owned(),
            text: text.to_owned(),
        };
        pgfleet_spec::parse(Arc::new(source), Path::new("/")).unwrap_err()
    }

    #[test]
    fn places_are_named_as_file_line_and_column() {
        let text = diagnostics(
            &problems("fleet = 'a'\nprovider = 'locla'\n"),
            Paint::new(false),
        );
        assert!(text.contains("plan.toml:2:12"), "{text}");
        assert!(text.contains("did you mean `local`?"), "{text}");
        assert!(text.ends_with("\n1 problem in 1 file\n"), "{text}");
    }

    #[test]
    fn passwords_are_not_shown() {
        let plan = "fleet = 'a'\nprovider = 'local'\nprimary = { password = 'hunter2', x = 1 }\n";
        let text = diagnostics(&problems(plan), Paint::new(false));
        assert!(text.contains("'*******', x = 1"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn long_lines_are_cut() {
        let tail = "x".repeat(100_000);
        let plan = format!("tags = {{ a = '{tail}', b = 1, c = '{tail}' }}\n");
        let text = diagnostics(&problems(&plan), Paint::new(false));
        assert!(text.contains("plan.toml:1:100022"), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(WIDTH + 20), "{widest:?}\n{text}");
    }

    #[test]
    fn a_whole_file_may_be_the_problem() {
        let list = pgfleet_spec::load(&["/no/such/plan.toml".into()]).unwrap_err();
        let text = diagnostics(&list, Paint::new(false));
        assert!(
            text.contains("there is no file /no/such/plan.toml"),
            "{text}"
        );
    }
}
