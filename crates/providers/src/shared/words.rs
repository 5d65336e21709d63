//! Somebody else's words in sentences of ours.

use std::error::Error;

/// Longest part, in characters, that is repeated.
const LONGEST: usize = 600;

/// What stands where the rest was cut off.
pub(crate) const CUT: &str = " ...";

/// An error and what it came from, the outermost first.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error with its causes, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in causes(error) {
        let said = sentence(&cause.to_string());
        if !said.is_empty() && words.last().is_none_or(|last| !last.contains(&said)) {
            words.push(said);
        }
    }
    sentence(&words.join(": "))
}

/// As part of a sentence: one line, bounded, no full stop.
pub(crate) fn sentence(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}{CUT}", &line[..end]),
        None => line.trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_one_line_and_says_where_it_was_cut() {
        assert_eq!(sentence(" It\n is\u{7} \r\n busy.\n"), "It is busy");
        let long = sentence(&"ä ".repeat(1_000));
        assert!(long.ends_with(" ..."), "{long}");
        assert_eq!(long.chars().count(), LONGEST + 4);
    }
}
