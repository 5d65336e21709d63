//! Overwrites passwords in a text that is going to be shown.

use crate::{
    text::{ceil, floor},
    tree::Span,
};

/// The text with every byte of the spans overwritten. Its length and its lines stay as they are,
/// so that places found in the one fit the other.
pub(crate) fn mask(text: &str, secrets: &[Span]) -> String {
    let mut secrets: Vec<&Span> = secrets.iter().collect();
    secrets.sort_by_key(|span| span.start);
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for span in secrets {
        let start = floor(text, span.start.max(at));
        let end = ceil(text, span.end).max(start);
        masked.push_str(&text[at..start]);
        for c in text[start..end].chars() {
            match c {
                '\n' | '\r' => masked.push(c),
                // The quotes and brackets around it may stay: they show what was there.
                '"' | '\'' if masked.len() == start || masked.len() + 1 == end => masked.push(c),
                _ => masked.extend(std::iter::repeat_n('*', c.len_utf8())),
            }
        }
        at = end;
    }
    masked.push_str(&text[at..]);
    masked
}

/// What looks like a password in a text that could not be parsed. Rather too much than too
/// little: nobody needs the rest of such a line to find a missing bracket.
pub(crate) fn guess(text: &str) -> Vec<Span> {
    let lower = text.to_ascii_lowercase();
    let mut secrets = Vec::new();
    for word in ["password", "passwd", "secret"] {
        let mut seen = 0;
        for (at, _) in lower.match_indices(word) {
            if at < seen {
                continue;
            }
            let Some(value) = value_after(&lower, at + word.len()) else {
                continue;
            };
            let rest = &lower[value..];
            let end = match rest.get(..3) {
                Some(quotes @ ("\"\"\"" | "'''")) => rest[3..]
                    .find(quotes)
                    .map_or(text.len(), |end| value + 6 + end),
                _ => rest.find('\n').map_or(text.len(), |end| value + end),
            };
            secrets.push(value..end);
            seen = end;
        }
    }
    let mut seen = 0;
    for (at, mark) in lower.match_indices("://") {
        let start = at + mark.len();
        if start < seen {
            continue;
        }
        let end = lower[start..]
            .find(|c: char| c.is_whitespace() || c == '"' || c == '\'')
            .map_or(text.len(), |end| start + end);
        if lower[start..end].contains('@') {
            secrets.push(start..end);
        }
        seen = end;
    }
    secrets
}

/// Where the value of a key begins whose last word ends at `at`; `None` where no value follows,
/// or one that only says where to read the password.
fn value_after(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..]
        .trim_start_matches(['"', '\''])
        .trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix(['=', ':'])?;
    let rest = rest.trim_start_matches([' ', '\t']);
    if let Some(inside) = rest.strip_prefix('{') {
        let inside = inside.trim_start().trim_start_matches(['"', '\'']);
        if ["env", "file", "command"]
            .iter()
            .any(|key| inside.starts_with(key))
        {
            return None;
        }
    }
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_length_and_lines() {
        let text = "a = \"h\u{fc}nter\n2\"\nb = 1\n";
        let masked = mask(text, &[4..15, 5..7]);
        assert_eq!(masked, "a = \"*******\n*\"\nb = 1\n");
        assert_eq!(masked.len(), text.len());
    }

    #[test]
    fn guesses_cover_what_follows_a_password_key() {
        for text in [
            "password = \"hunter2",
            "\"password\" : \"hunter2\"]",
            "password = { value = \"hunter2\"",
            "password = \"\"\"\nhunter2\n\"\"\"",
            "existing = postgres://me:hunter2@host/db",
        ] {
            let masked = mask(text, &guess(text));
            assert!(!masked.contains("hunter2"), "{masked}");
            assert_eq!(masked.len(), text.len());
        }
    }

    #[test]
    fn guesses_leave_the_rest_alone() {
        for text in [
            "password = { env = \"X\" }",
            "password_version = 2",
            "https://example.com/x",
        ] {
            assert_eq!(guess(text), []);
        }
    }
}
