//! A password in what somebody else says: as it is, as one line, escaped for XML, JSON or an address,
//! and its first part where the words were cut off.

use std::collections::BTreeSet;

use crate::shared::words::CUT;

/// What stands where a password stood.
const HIDDEN: &str = "***";
/// A shorter part, in characters, before a cut tells nothing.
const SHORTEST: usize = 3;
/// The longest spelling of one sign.
const LONGEST_ESCAPE: usize = "\\ud83d\\ude00".len();

/// The words without the password.
pub(crate) fn hidden(text: &str, password: &str) -> String {
    let signs: Vec<char> = password.chars().collect();
    // Written as one line, what stands around it goes.
    let trimmed: Vec<char> = password
        .trim_matches(|c: char| c.is_whitespace() || c.is_control())
        .chars()
        .collect();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let found = length(rest, &signs).max(length(rest, &trimmed));
        if let Some(length) = found {
            clean.push_str(HIDDEN);
            rest = &rest[length..];
        } else {
            clean.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    clean
}

/// How much of a text, from its beginning, is the password in one of its spellings.
fn length(text: &str, signs: &[char]) -> Option<usize> {
    if signs.is_empty() {
        return None;
    }
    // Wherever one spelling or another of the signs so far may have ended.
    let mut ends = BTreeSet::from([0]);
    let mut part = None;
    for (done, sign) in signs.iter().enumerate() {
        // At the end of a sentence full stops are left out.
        let only_stops = signs[done..].iter().all(|sign| *sign == '.');
        let parts = ends.iter().filter_map(|end| {
            let cut = to_cut(&text[*end..]).filter(|_| done >= SHORTEST);
            let stopped = (done > 0 && only_stops).then_some(0);
            cut.or(stopped).map(|more| end + more)
        });
        // The cut may be in the middle of a sign that begins like another.
        part = part.max(parts.max());
        let further: BTreeSet<usize> = ends
            .iter()
            .flat_map(|end| spelled(&text[*end..], *sign).map(move |length| end + length))
            .collect();
        if further.is_empty() {
            return part;
        }
        ends = further;
    }
    ends.last().copied()
}

/// How far it is to a cut that follows at once, or in the middle of an escaped sign.
fn to_cut(rest: &str) -> Option<usize> {
    let length = rest.find(CUT)?;
    let escape = &rest[..length];
    let is_part = escape.starts_with(['&', '\\', '%']) && length <= LONGEST_ESCAPE;
    (length == 0 || is_part && !escape.contains(char::is_whitespace)).then_some(length)
}

/// How long one sign may be at the beginning of a text, in each of its spellings that is there.
fn spelled(text: &str, sign: char) -> impl Iterator<Item = usize> {
    let number = u32::from(sign);
    let mut spellings = vec![sign.to_string(), format!("\\{sign}")];
    let mut units = [0; 2];
    let units = sign.encode_utf16(&mut units).iter();
    let json: Vec<String> = units.map(|unit| format!("\\u{unit:04x}")).collect();
    spellings.push(json.concat());
    let mut bytes = [0; 4];
    let address = sign.encode_utf8(&mut bytes).bytes();
    let address: Vec<String> = address.map(|byte| format!("%{byte:02x}")).collect();
    spellings.push(address.concat());
    let named = match sign {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&apos;",
        _ => "",
    };
    let numbered = [format!("&#{number};"), format!("&#x{number:x};")];
    for entity in numbered.into_iter().chain([named.to_owned()]) {
        // Escaped twice over.
        spellings.push(entity.replacen('&', "&amp;", 1));
        spellings.push(entity);
    }
    match sign {
        '\n' => spellings.push("\\n".to_owned()),
        '\r' => spellings.push("\\r".to_owned()),
        '\t' => spellings.push("\\t".to_owned()),
        ' ' => spellings.push("+".to_owned()),
        _ => {}
    }
    let begins = |spelling: &String| {
        let head = text.get(..spelling.len());
        // As a sign it has one case, as a number either.
        let same = head.is_some_and(|head| head.eq_ignore_ascii_case(spelling));
        (!spelling.is_empty() && same && (spelling.chars().count() > 1 || text.starts_with(sign)))
            .then_some(spelling.len())
    };
    let mut lengths: Vec<usize> = spellings.iter().filter_map(begins).collect();
    // In one line, a run of gaps is one space: its first sign stands for all, and the others for none.
    if sign.is_whitespace() || sign.is_control() {
        let run = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        lengths.extend([0, text.len() - run.len()]);
    }
    lengths.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words::sentence;

    const PASSWORD: &str = "pl<a>n&t'ed\\4711.";

    #[test]
    fn a_password_is_found_in_each_of_its_spellings() {
        for said in [
            "pl<a>n&t'ed\\4711.",
            "pl&lt;a&gt;n&amp;t&apos;ed\\4711.",
            "pl&amp;lt;a&amp;gt;n&amp;amp;t&amp;#39;ed\\4711.",
            "pl\\u003ca\\u003En\\u0026t'ed\\\\4711.",
            "pl%3Ca%3en%26t%27ed%5C4711.",
            "pl<a>n&t'ed\\4711",
        ] {
            let told = hidden(&format!("bad: {said} it is"), PASSWORD);
            assert_eq!(told, "bad: *** it is", "{said}");
        }
        assert_eq!(hidden("pl<a>N&t'ed\\4711", PASSWORD), "pl<a>N&t'ed\\4711");
        assert_eq!(hidden("as it was", ""), "as it was");
    }

    #[test]
    fn a_password_is_found_in_one_line_and_before_a_cut() {
        let password = " two \t words\n";
        for said in [" two \t words\n", "two words", "two \\t words"] {
            let told = hidden(&format!("x{said}x"), password);
            assert!(!told.contains("words"), "{said}: {told}");
        }
        for length in 585..600 {
            let told = sentence(&format!("{} {PASSWORD}", "x".repeat(length)));
            let told = hidden(&format!("{told} (HTTP status 400)"), PASSWORD);
            assert!(!told.contains("pl<a"), "{told}");
        }
        for length in 585..600 {
            let escaped = "pl&lt;a&gt;n&amp;t&apos;ed\\4711.";
            let told = sentence(&format!("{} {escaped}", "x".repeat(length)));
            assert!(!hidden(&told, PASSWORD).contains("pl&lt;a&"), "{told}");
        }
    }
}
