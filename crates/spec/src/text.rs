//! Places in a text, and texts in messages.

use crate::Place;

/// The bytes between two counts of characters: what a look-up reads at most.
const STRIDE: usize = 256;

/// Finds line and column of a byte without reading the text from its start.
pub(crate) struct LineIndex {
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before every [`STRIDE`]th byte.
    characters: Vec<usize>,
}

impl LineIndex {
    pub(crate) fn new(text: &str) -> Self {
        let mut lines = vec![0];
        lines.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(at, _)| at + 1),
        );
        let mut seen = 0;
        let mut characters = vec![0];
        for chunk in text.as_bytes().chunks(STRIDE) {
            seen += count_characters(chunk);
            characters.push(seen);
        }
        Self { lines, characters }
    }

    /// The place of some bytes of the text that the index was made from. Bytes outside it, or
    /// within a character, are moved to the nearest place in front that exists.
    pub(crate) fn place(&self, text: &str, span: std::ops::Range<usize>) -> Place {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line = self.lines.partition_point(|begin| *begin <= start);
        let begin = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.before(text, start) - self.before(text, begin) + 1;
        Place {
            line: line.max(1),
            column,
            span: start..end,
        }
    }

    fn before(&self, text: &str, at: usize) -> usize {
        let counted = self.characters.get(at / STRIDE).copied().unwrap_or(0);
        counted + count_characters(&text.as_bytes()[at / STRIDE * STRIDE..at])
    }
}

/// The nearest byte at or before `at` where a character of the text begins, or its end.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The nearest byte at or after `at` where a character of the text begins, or its end.
pub(crate) fn ceil(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

fn count_characters(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .filter(|byte| **byte & 0b1100_0000 != 0b1000_0000)
        .count()
}

/// The longest piece of a file that a message repeats, in characters.
const QUOTED: usize = 60;

/// A piece of a file as messages show it: in backquotes, on one line, and not too long.
pub(crate) fn quote(text: &str) -> String {
    let mut shown = String::from("`");
    for (count, c) in text.chars().enumerate() {
        if count == QUOTED {
            shown.push_str("...");
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    shown.push('`');
    shown
}

/// The word of a list that somebody most likely meant.
pub(crate) fn nearest<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // Whatever is much longer than every word of a plan file is no slip of the finger, and
    // measuring it would take long.
    if text.len() > 40 {
        return None;
    }
    let text = text.to_lowercase().replace('-', "_");
    words
        .into_iter()
        .map(|word| {
            (
                likeness(&text, &word.to_lowercase().replace('-', "_")),
                word,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

/// How alike two words are, from 0 to 1.
pub fn likeness(text: &str, word: &str) -> f64 {
    // The measure thinks little of two letters swapped at the start of a short word.
    let is_one_slip = text.len() > 2 && strsim::osa_distance(text, word) == 1;
    strsim::jaro_winkler(text, word).max(if is_one_slip { 0.9 } else { 0.0 })
}

/// Words as a sentence lists them: `a`, `b` or `c`.
pub fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => format!("`{word}`"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nb\u{e4}r = \u{1f600} x\n";
        let index = LineIndex::new(text);
        let at = text.find('x').unwrap();
        let place = index.place(text, at..at + 1);
        assert_eq!((place.line, place.column), (2, 9));
        assert_eq!(index.place(text, 0..1).column, 1);
    }

    #[test]
    fn columns_are_right_beyond_a_stride() {
        let text = format!("{}x", "\u{e4}".repeat(1000));
        let index = LineIndex::new(&text);
        assert_eq!(index.place(&text, 2000..2001).column, 1001);
    }

    #[test]
    fn places_outside_the_text_are_moved_into_it() {
        let index = LineIndex::new("\u{e4}");
        assert_eq!(index.place("\u{e4}", 1..99).span, 0..2);
        assert_eq!(index.place("\u{e4}", 50..60).span, 2..2);
        assert_eq!(LineIndex::new("").place("", 0..0).line, 1);
    }

    #[test]
    fn quotes_stay_short_and_on_one_line() {
        assert_eq!(quote("a\nb"), "`a\\nb`");
        assert!(quote(&"x".repeat(1000)).len() < 70);
    }

    #[test]
    fn slips_of_the_finger_are_recognised() {
        assert_eq!(nearest("siez", ["size", "storage"]), Some("size"));
        assert_eq!(nearest("pg3", ["gp2", "gp3"]), Some("gp3"));
        assert_eq!(
            nearest("multi-az", ["multi_az", "storage"]),
            Some("multi_az")
        );
        assert_eq!(nearest("zzz", ["size", "storage"]), None);
    }
}
