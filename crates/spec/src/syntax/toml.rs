//! TOML to a tree.

use std::borrow::Cow;

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};
use toml_parser::{Source, lexer::TokenKind};

use super::{MAX_DEPTH, MAX_TOKENS, too_complex, too_deep};
use crate::{
    code,
    problems::{Problem, Problems},
    tree::{Entry, Node, Span, Table, Value},
};

/// How many names one dotted key may have.
const MAX_DOTS: usize = 16;

pub(super) fn parse<'t>(text: &'t str, problems: &mut Problems) -> Option<Table<'t>> {
    if let Some(problem) = beyond_limits(text) {
        problems.push(problem);
        return None;
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(table(root.into_inner()));
    }
    for error in errors {
        problems.push(problem(&error, text));
    }
    None
}

/// Looks through the words of the text alone, before anything is nested or allocated.
fn beyond_limits(text: &str) -> Option<Problem> {
    let (mut depth, mut dots) = (0_usize, 0);
    for (count, token) in Source::new(text).lex().enumerate() {
        let span = token.span().start()..token.span().end();
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                depth += 1;
                dots = 0;
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                depth = depth.saturating_sub(1);
            }
            TokenKind::Dot => dots += 1,
            TokenKind::Equals | TokenKind::Comma | TokenKind::Newline => dots = 0,
            _ => {}
        }
        if depth > MAX_DEPTH || dots > MAX_DOTS {
            return Some(too_deep(&span));
        }
        if count > MAX_TOKENS {
            return Some(too_complex(&span));
        }
    }
    None
}

fn problem(error: &toml::de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let message = error.message();
    if message.starts_with("duplicate key") {
        let key = text.get(span.clone()).unwrap_or_default();
        return Problem::new(
            code::DUPLICATE_KEY,
            &span,
            format!(
                "the key {} stands here a second time",
                crate::text::quote(key)
            ),
        )
        .label("second time")
        .remedy("keep one of the two");
    }
    if message.starts_with("recursion limit") {
        return too_deep(&span);
    }
    // The parser takes a bare word that begins with f, t, i or n for a misspelt `false` and the
    // like; in plan files it is a text whose quotes were forgotten. The word itself is not
    // repeated: it may be a password.
    let word = text.get(span.clone()).unwrap_or_default();
    if message.starts_with("invalid boolean") || message.contains("must be quoted") {
        let is_upper = ["true", "false"].contains(&word.to_lowercase().as_str());
        return Problem::new(
            code::SYNTAX,
            &span,
            "this is not TOML: text must stand in quotes",
        )
        .label(if is_upper {
            "in lowercase, or in quotes"
        } else {
            "needs quotes"
        })
        .remedy("write key = \"text\"; only numbers, true and false go without quotes");
    }
    Problem::new(code::SYNTAX, &span, format!("this is not TOML: {message}"))
        .label(expected(message))
        .remedy("keys are written `key = \"text\"`, `key = 2` or `key = true`; tables `[name]`")
}

/// The part of the parser's message that fits beside the place.
fn expected(message: &str) -> String {
    message
        .split_once(", expected ")
        .map_or_else(String::new, |(_, what)| format!("expected {what}"))
}

fn table<'t>(from: DeTable<'t>) -> Table<'t> {
    let mut entries: Vec<Entry<'t>> = from
        .into_iter()
        .map(|(key, value)| Entry {
            key_span: key.span(),
            key: key.into_inner(),
            node: node(value),
        })
        .collect();
    // The parser keeps keys in alphabetical order; people read the file from its top.
    entries.sort_by_key(|entry| entry.key_span.start);
    Table { entries }
}

fn node(from: Spanned<DeValue<'_>>) -> Node<'_> {
    let span: Span = from.span();
    let value = match from.into_inner() {
        DeValue::String(text) => Value::Text(text),
        DeValue::Integer(integer) => Value::Integer(digits(&integer)),
        DeValue::Float(float) => Value::Float(Cow::Owned(float.as_str().to_owned())),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(list) => Value::List(list.into_iter().map(node).collect()),
        DeValue::Table(inner) => Value::Table(table(inner)),
    };
    Node { span, value }
}

/// Decimal digits, whatever base the file uses.
fn digits(integer: &DeInteger<'_>) -> Cow<'static, str> {
    let text = integer.as_str();
    if integer.radix() == 10 {
        return Cow::Owned(text.strip_prefix('+').unwrap_or(text).to_owned());
    }
    match u128::from_str_radix(text, integer.radix()) {
        Ok(number) => Cow::Owned(number.to_string()),
        // Too large for every key that there is, as the range check will find.
        Err(_) => Cow::Owned(u128::MAX.to_string()),
    }
}
