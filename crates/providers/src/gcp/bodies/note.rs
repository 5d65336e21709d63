//! A database's name as the value of a label, which takes small letters, digits, `_` and `-` only, at
//! most 63 of them: every other byte is a hyphen and its two hexadecimal digits.

use std::fmt::Write as _;

/// Longest value of a label.
const LONGEST: usize = 63;

/// The name as a label's value, where it is short enough for one.
pub(in crate::gcp) fn written(database: &str) -> Option<String> {
    let mut value = String::new();
    for byte in database.bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' {
            value.push(char::from(byte));
        } else {
            let _ = write!(value, "-{byte:02x}");
        }
    }
    (value.len() <= LONGEST).then_some(value)
}

/// The name that a label's value stands for; what somebody else has written is taken as it is.
pub(in crate::gcp) fn read(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value;
    while let Some((plain, coded)) = rest.split_once('-') {
        bytes.extend(plain.bytes());
        let byte = coded
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(byte) = byte else {
            return value.to_owned();
        };
        bytes.push(byte);
        rest = coded.get(2..).unwrap_or_default();
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_label() {
        for name in [
            "orders",
            "food-truck",
            "Orders 2",
            "a_b",
            "bücher",
            "-",
            "a$b",
        ] {
            let value = written(name).unwrap();
            let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(value.chars().all(fine), "{value}");
            assert_eq!(read(&value), name, "{value}");
        }
        assert_eq!(written("orders").as_deref(), Some("orders"));
        assert_eq!(written(&"A".repeat(22)), None);
    }

    #[test]
    fn what_is_no_code_is_taken_as_it_is() {
        for value in ["a-", "a-zz", "a-1", "-ff"] {
            assert_eq!(read(value), value);
        }
    }
}
