//! Texts from anywhere, made harmless: what a vendor, a tag or a plan file says must not end a
//! table's cell, become markup, or call people by their names.

/// The longest text of one cell, in characters. A row is left out or stands whole, so a row must
/// not be able to outgrow the document.
const LONGEST: usize = 1_000;

/// Stands behind a sign that would otherwise begin a mention (`@name`) or a reference (`#12`). Those
/// are looked for in the rendered text, where escaping the sign itself does not help.
const NO_WIDTH: &str = "&#8203;";

/// A text as one line of plain words, in a table's cell or anywhere else. What it puts between two
/// backticks is shown as code.
pub(crate) fn cell(text: &str) -> String {
    // Line breaks and their like would end the row.
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * LONGEST {
            break;
        }
    }
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    let paired = line.matches('`').count().is_multiple_of(2);
    let mut out = String::with_capacity(line.len());
    let mut in_code = false;
    for sign in line.chars() {
        if sign == '`' && paired {
            in_code = !in_code;
            out.push_str(if in_code { "<code>" } else { "</code>" });
        } else {
            push(&mut out, sign);
        }
    }
    out
}

fn push(out: &mut String, sign: char) {
    match sign {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // Written as entities, these never are the beginning or the end of markup.
        '|' | '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '!' => {
            out.push_str("&#");
            out.push_str(&u32::from(sign).to_string());
            out.push(';');
        }
        '@' | '#' => {
            out.push(sign);
            out.push_str(NO_WIDTH);
        }
        // Nothing of this can be seen, and some of it turns the order of what can.
        sign if sign.is_control() || is_invisible(sign) => out.push('\u{fffd}'),
        sign => out.push(sign),
    }
}

/// Marks of direction and width, which let a text look like another.
fn is_invisible(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// A name as code. Names that are not plain go into an element, since no backtick ends that.
pub(crate) fn code(name: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./:".contains(sign);
    if !name.is_empty() && name.len() <= LONGEST && name.chars().all(plain) {
        format!("`{name}`")
    } else {
        format!("<code>{}</code>", cell(name))
    }
}

/// One row of a table; the cells are escaped already.
pub(crate) fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table. Columns whose name ends with `>` hold figures, and line up at the right.
pub(crate) fn table_head(columns: &[&str]) -> String {
    let names: Vec<&str> = columns
        .iter()
        .map(|name| name.strip_suffix('>').unwrap_or(name))
        .collect();
    let rules: Vec<&str> = columns
        .iter()
        .map(|name| if name.ends_with('>') { "---:" } else { "---" })
        .collect();
    format!("{}|{}|\n", row(&names), rules.join("|"))
}

/// The text without what a runner of GitHub Actions takes for a command: `::NAME::` at the beginning
/// of a line, and `##[NAME]` anywhere. A sign without width breaks them.
pub fn without_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let words = line.trim_start();
        let (blanks, words) = line.split_at(line.len() - words.len());
        out.push_str(blanks);
        if let Some(rest) = words.strip_prefix("::") {
            out.push_str(":\u{200b}:");
            out.push_str(&rest.replace("##[", "#\u{200b}#["));
        } else {
            out.push_str(&words.replace("##[", "#\u{200b}#["));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let hostile = "a|b `c <img src=x> **d** [e](f) @octocat #12 ~~g~~ \\| ![h](i) &lt; __j__";
        let shown = cell(hostile);
        for sign in ['|', '`', '<', '>', '*', '[', ']', '~', '\\', '_', '!'] {
            assert!(!shown.contains(sign), "{sign} in {shown}");
        }
        assert!(!shown.contains("@o") && !shown.contains(" #1"), "{shown}");
        assert!(shown.contains("@&#8203;octocat"), "{shown}");
        assert!(shown.contains("&amp;lt;"), "{shown}");
    }

    #[test]
    fn a_text_is_one_line_of_what_can_be_seen() {
        assert_eq!(cell(" one\r\n\n two\tthree "), "one two three");
        assert_eq!(
            cell("a\u{202e}b\u{0}c\u{200b}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}"
        );
        let long = cell(&"ä".repeat(5_000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(
            cell("set `usage.wal` to <1>"),
            "set <code>usage.wal</code> to &lt;1&gt;"
        );
        assert_eq!(cell("`a|b`"), "<code>a&#124;b</code>");
        // One that is cut off is none.
        assert!(!cell(&format!("`{}`", "x".repeat(2_000))).contains("<code>"));
    }

    #[test]
    fn no_line_is_a_command() {
        let text = "error: x\n  ::set-output name=changes::0\n##[add-mask]y and a::b\n";
        let shown = without_commands(text);
        assert_eq!(
            shown,
            "error: x\n  :\u{200b}:set-output name=changes::0\n#\u{200b}#[add-mask]y and a::b\n"
        );
        assert_eq!(without_commands("plain\n\n"), "plain\n\n");
    }

    #[test]
    fn a_name_ends_no_code() {
        assert_eq!(code("foodtruck-replica-1"), "`foodtruck-replica-1`");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(code("</code>@x"), "<code>&lt;/code&gt;@&#8203;x</code>");
        assert_eq!(code(""), "<code></code>");
    }

    #[test]
    fn tables_have_their_rules() {
        assert_eq!(table_head(&["a", "b>"]), "| a | b |\n|---|---:|\n");
        assert_eq!(row(&["1", "2"]), "| 1 | 2 |\n");
    }
}
