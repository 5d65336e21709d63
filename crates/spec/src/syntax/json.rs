//! JSON to a tree: strict JSON, the parser's leniences all turned off.

use std::{borrow::Cow, collections::HashSet};

use jsonc_parser::{
    CollectOptions, ParseOptions, ast, common::Ranged, errors::ParseErrorKind, parse_to_ast,
};

use super::{MAX_DEPTH, MAX_TOKENS, too_complex, too_deep};
use crate::{
    code,
    problems::{Problem, Problems},
    text::quote,
    tree::{Entry, Node, Span, Table, Value},
};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse<'t>(text: &'t str, problems: &mut Problems) -> Option<Table<'t>> {
    if let Some(problem) = beyond_limits(text) {
        problems.push(problem);
        return None;
    }
    let parsed = match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let range = error.range();
            let span = range.start..range.end;
            problems.push(match error.kind() {
                ParseErrorKind::NestingDepthExceeded => too_deep(&span),
                kind => syntax(&span, &kind.to_string().to_lowercase()),
            });
            return None;
        }
    };
    let span = parsed
        .as_ref()
        .map_or(text.len()..text.len(), |value| value.start()..value.end());
    let Some(ast::Value::Object(root)) = parsed else {
        problems.push(
            Problem::new(code::SYNTAX, &span, "the file holds no JSON object")
                .remedy("begin with {\"fleet\": \"NAME\", \"provider\": \"aws\"}"),
        );
        return None;
    };
    let before = problems.is_empty();
    let table = table(root, problems);
    (before == problems.is_empty()).then_some(table)
}

fn syntax(span: &Span, what: &str) -> Problem {
    Problem::new(code::SYNTAX, span, format!("this is not JSON: {what}"))
        .label(what)
        .remedy("strict JSON has quoted keys, no comments and no comma after the last entry")
}

/// Looks through the brackets and commas alone, before anything is nested or allocated.
fn beyond_limits(text: &str) -> Option<Problem> {
    let (mut depth, mut count) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => {}
            _ => continue,
        }
        count += 1;
        if depth > MAX_DEPTH {
            return Some(too_deep(&(at..at + 1)));
        }
        if count > MAX_TOKENS / 2 {
            return Some(too_complex(&(at..at + 1)));
        }
    }
    None
}

fn table<'t>(object: ast::Object<'t>, problems: &mut Problems) -> Table<'t> {
    let mut entries: Vec<Entry<'t>> = Vec::with_capacity(object.properties.len());
    let mut seen = HashSet::new();
    for property in object.properties {
        let key_span = property.name.start()..property.name.end();
        let key = match property.name {
            ast::ObjectPropName::String(name) => name.value,
            ast::ObjectPropName::Word(word) => Cow::Borrowed(word.value),
        };
        if !seen.insert(key.clone()) {
            problems.push(
                Problem::new(
                    code::DUPLICATE_KEY,
                    &key_span,
                    format!("the key {} stands here a second time", quote(&key)),
                )
                .label("second time")
                .remedy("keep one of the two"),
            );
            continue;
        }
        entries.push(Entry {
            key,
            key_span,
            node: node(property.value, problems),
        });
    }
    Table { entries }
}

fn node<'t>(from: ast::Value<'t>, problems: &mut Problems) -> Node<'t> {
    let span = from.start()..from.end();
    let value = match from {
        ast::Value::StringLit(text) => Value::Text(text.value),
        ast::Value::NumberLit(number) => {
            let digits = number.value;
            let body = digits.strip_prefix('-').unwrap_or(digits);
            if body.len() > 1
                && body.starts_with('0')
                && !body.starts_with("0.")
                && !body.starts_with("0e")
                && !body.starts_with("0E")
            {
                problems.push(syntax(&span, "a number may not begin with 0"));
            }
            if digits.contains(['.', 'e', 'E']) {
                Value::Float(Cow::Borrowed(digits))
            } else {
                Value::Integer(Cow::Borrowed(digits))
            }
        }
        ast::Value::BooleanLit(flag) => Value::Flag(flag.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(list) => Value::List(
            list.elements
                .into_iter()
                .map(|value| node(value, problems))
                .collect(),
        ),
        ast::Value::Object(object) => Value::Table(table(object, problems)),
    };
    Node { span, value }
}
