//! Paths, queries and forms as bytes on the wire.

use crate::percent;
use std::fmt::Write as _;

/// Resolves `%XX`; what is encoded wrongly stays as it is.
pub(super) fn decode(text: &str) -> String {
    percent::decode(text.as_bytes(), false).unwrap_or_else(|| text.to_owned())
}

/// Writes all but letters, digits and `-_.~` as `%XX`.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The pairs of a query.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// The pairs of a form, in which a space may be a plus sign.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    pairs(&String::from_utf8_lossy(body).replace('+', " "))
}

/// The value of a name, which is known in any case.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let text = "Canada Central/100%?&=ä";
        assert_eq!(decode(&encode(text)), text);
        assert_eq!(decode("50%"), "50%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
