//! Documents that are cut to a size: what comes first stays, a row stands whole or not at all, and
//! what was opened is closed. What was left out is counted.

use std::collections::BTreeMap;

use crate::units::{count, thousands};

/// Markdown in the order of its weight.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// What is never left out; it must be short.
    pub(crate) title: String,
    /// The rest, the weightiest first.
    pub(crate) sections: Vec<Section>,
}

/// Some parts between what opens and what closes them.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Before the parts, such as a heading or `<details>`.
    pub(crate) open: String,
    /// What is in it.
    pub(crate) parts: Vec<Part>,
    /// Behind the parts.
    pub(crate) close: &'static str,
}

/// A table or a list.
#[derive(Debug)]
pub(crate) struct Part {
    /// What stands above the rows and makes no sense without one.
    pub(crate) head: String,
    /// The rows, each a line or some that belong together.
    pub(crate) rows: Vec<String>,
    /// What a row is called when it is counted.
    pub(crate) noun: &'static str,
}

/// How many rows are not there, by their name.
#[derive(Debug, Clone, Default)]
struct LeftOut(BTreeMap<&'static str, usize>);

impl LeftOut {
    fn add(&mut self, part: &Part, rows: usize) {
        if rows > 0 {
            *self.0.entry(part.noun).or_default() += rows;
        }
    }

    fn words(&self, limit: usize) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let counts: Vec<String> = self.0.iter().map(|(noun, n)| count(*n, noun)).collect();
        format!(
            "**Left out to stay within {} bytes:** {}. The text and the JSON of the same plan hold \
             everything.\n",
            thousands(limit),
            counts.join(", "),
        )
    }
}

impl Document {
    /// The document in at most so many bytes.
    pub(crate) fn within(&self, limit: usize) -> String {
        let size: usize = self.sections.iter().map(Section::size).sum();
        let mut left = LeftOut::default();
        let mut out = self.title.clone();
        if out.len() + size <= limit {
            for section in &self.sections {
                section.write(&mut out);
            }
            return out;
        }
        // The last words are longest where everything is left out.
        let mut all = LeftOut::default();
        for part in self.sections.iter().flat_map(|section| &section.parts) {
            all.add(part, part.rows.len());
        }
        let limit_of_rows = limit.saturating_sub(all.words(limit).len());
        for section in &self.sections {
            section.write_within(&mut out, limit_of_rows, &mut left);
        }
        out.push_str(&left.words(limit));
        out
    }
}

impl Section {
    /// A heading with parts below it.
    pub(crate) fn titled(title: &str, parts: Vec<Part>) -> Self {
        Self {
            open: format!("### {title}\n\n"),
            parts,
            close: "",
        }
    }

    /// Parts that are folded below a line, which is HTML.
    pub(crate) fn folded(summary: &str, parts: Vec<Part>) -> Self {
        Self {
            open: format!("<details><summary>{summary}</summary>\n\n"),
            parts,
            close: "</details>\n\n",
        }
    }

    /// Nothing to say: no heading either.
    fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.rows.is_empty())
    }

    fn size(&self) -> usize {
        let Self { open, parts, close } = self;
        if self.is_empty() {
            return 0;
        }
        let parts: usize = parts.iter().map(Part::size).sum();
        open.len() + parts + close.len()
    }

    fn write(&self, out: &mut String) {
        if self.is_empty() {
            return;
        }
        out.push_str(&self.open);
        for part in &self.parts {
            part.write(out, part.rows.len());
        }
        out.push_str(self.close);
    }

    /// Writes what fits, which may be nothing.
    fn write_within(&self, out: &mut String, limit: usize, left: &mut LeftOut) {
        let start = out.len();
        let end = limit.saturating_sub(self.close.len());
        out.push_str(&self.open);
        let opened = out.len();
        for part in &self.parts {
            let rows = part.fitting(end.saturating_sub(out.len()));
            if rows > 0 {
                part.write(out, rows);
            }
            left.add(part, part.rows.len() - rows);
        }
        if out.len() == opened {
            out.truncate(start);
        } else {
            out.push_str(self.close);
        }
    }
}

impl Part {
    /// A table or a list; `head` is written where at least one row is.
    pub(crate) fn new(head: String, rows: Vec<String>, noun: &'static str) -> Self {
        Self { head, rows, noun }
    }

    fn size(&self) -> usize {
        if self.rows.is_empty() {
            return 0;
        }
        let rows: usize = self.rows.iter().map(String::len).sum();
        self.head.len() + rows + 1
    }

    /// How many rows fit, with the line that counts the others.
    fn fitting(&self, room: usize) -> usize {
        if self.size() <= room {
            return self.rows.len();
        }
        let fixed = self.head.len() + 1 + self.more(self.rows.len()).len();
        let mut room = room.saturating_sub(fixed);
        let fits = |row: &&String| {
            let fits = row.len() <= room;
            room = room.saturating_sub(row.len());
            fits
        };
        self.rows.iter().take_while(fits).count()
    }

    fn more(&self, rows: usize) -> String {
        format!("*Left out here: {}.*\n\n", count(rows, self.noun))
    }

    fn write(&self, out: &mut String, rows: usize) {
        if self.rows.is_empty() {
            return;
        }
        out.push_str(&self.head);
        for row in self.rows.iter().take(rows) {
            out.push_str(row);
        }
        // A table or a list ends with an empty line.
        out.push('\n');
        if rows < self.rows.len() {
            out.push_str(&self.more(self.rows.len() - rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let table = |noun| {
            let rows = (0..40).map(|n| format!("| {noun} {n} |\n")).collect();
            Part::new(format!("| {noun} |\n|---|\n"), rows, noun)
        };
        Document {
            title: "## title\n\n".to_owned(),
            sections: vec![
                Section::titled("First", vec![table("deletion")]),
                Section::folded("second", vec![table("change"), table("call")]),
                Section::folded("empty", vec![Part::new("x".to_owned(), Vec::new(), "note")]),
                Section::folded("third", vec![table("check")]),
            ],
        }
    }

    #[test]
    fn at_every_size_it_fits_and_nothing_is_cut_in_two() {
        let document = document();
        let whole = document.within(usize::MAX);
        for limit in 300..whole.len() + 10 {
            let text = document.within(limit);
            assert!(text.len() <= limit, "{limit}:\n{text}");
            assert_eq!(
                text.matches("<details>").count(),
                text.matches("</details>").count()
            );
            for line in text.lines().filter(|line| line.starts_with('|')) {
                assert!(line.ends_with('|'), "{line}");
            }
            // What is there and what is counted is everything.
            for noun in ["deletion", "change", "call", "check"] {
                let there = text.matches(&format!("| {noun} ")).count();
                let there = there - usize::from(text.contains(&format!("| {noun} |\n")));
                let last = text.lines().last().unwrap();
                let counted = last.split([',', ':', '.']).find_map(|words| {
                    let (number, what) = words.trim().trim_start_matches("** ").split_once(' ')?;
                    what.starts_with(noun).then(|| number.parse().unwrap())
                });
                assert_eq!(
                    there + counted.unwrap_or(0),
                    40,
                    "{noun} in {limit}:\n{text}"
                );
            }
        }
        assert!(!whole.contains("eft out"));
    }

    #[test]
    fn what_comes_first_stays_longest() {
        let text = document().within(700);
        assert!(
            text.contains("deletion 0") && !text.contains("call 0"),
            "{text}"
        );
    }
}
