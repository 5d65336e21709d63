//! Filters of lists: `FIELD:VALUE` and `FIELD=VALUE`, joined by spaces, AND, OR, NOT and parentheses.
//!
//! As AIP-160 has it, a space is AND, and OR binds tighter than AND. `:` and `=` mean the same here;
//! a value may end or begin with `*`, and `*` alone asks whether the field is there.

use super::errors::{ApiError, ApiResult};
use serde_json::{Map, Value};
use std::iter::Peekable;
use std::vec::IntoIter;

/// A filter, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Is { field: String, value: String },
}

/// The fields that a filter may ask for.
const FIELDS: [&str; 12] = [
    "name",
    "state",
    "region",
    "gceZone",
    "project",
    "instanceType",
    "backendType",
    "databaseVersion",
    "connectionName",
    "masterInstanceName",
    "replicaNames",
    "createTime",
];

impl Filter {
    pub(crate) fn read(text: &str) -> ApiResult<Self> {
        let mut tokens = tokens(text)?.into_iter().peekable();
        let filter = all(&mut tokens, 0)?;
        match tokens.next() {
            None => Ok(filter),
            Some(token) => Err(wrong(&format!("unexpected {token}"))),
        }
    }

    /// Whether an instance, as the API tells of it, fits.
    pub(crate) fn fits(&self, instance: &Map<String, Value>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.fits(instance)),
            Self::Any(parts) => parts.iter().any(|part| part.fits(instance)),
            Self::Not(part) => !part.fits(instance),
            Self::Is { field, value } => {
                let found = find(instance, field);
                found.is_some_and(|found| is(found, field, value))
            }
        }
    }
}

/// The field's value. A label's key may itself hold no dot, so the path is plain.
fn find<'a>(instance: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    let mut parts = field.split('.');
    let mut found = instance.get(parts.next()?)?;
    for part in parts {
        found = found.get(part)?;
    }
    Some(found).filter(|found| !found.is_null())
}

fn is(found: &Value, field: &str, wanted: &str) -> bool {
    match found {
        Value::Array(items) => items.iter().any(|item| is(item, field, wanted)),
        Value::Object(map) => wanted == "*" || map.contains_key(wanted),
        Value::String(text) => {
            // A source is told with its project, and asked for without it as well.
            let bare = text.rsplit(':').next().unwrap_or(text);
            let source = field == "masterInstanceName" && matches(bare, wanted);
            source || matches(text, wanted)
        }
        other => matches(&other.to_string(), wanted),
    }
}

fn matches(text: &str, wanted: &str) -> bool {
    let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(_), Some(_)) => text.contains(wanted.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == wanted,
    }
}

/// Splits a filter: parentheses and the operators `:`, `=`, `!=` are tokens of their own, and so is
/// `-` before a term. A text in quotes keeps a quote before it, so that it is no operator.
fn tokens(text: &str) -> ApiResult<Vec<String>> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let starts = word.is_empty();
        let ends = letter.is_whitespace() || "():=!\"".contains(letter);
        if ends && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match letter {
            _ if letter.is_whitespace() => {}
            '(' | ')' | ':' | '=' => tokens.push(letter.to_string()),
            '!' if letters.next_if_eq(&'=').is_some() => tokens.push("!=".to_owned()),
            '!' => return Err(wrong("unexpected !")),
            '-' if starts && !tokens.last().is_some_and(|last| is_operator(last)) => {
                tokens.push("-".to_owned());
            }
            '"' => {
                let mut quoted = String::from("\"");
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => quoted.extend(letters.next()),
                        Some(letter) => quoted.push(letter),
                        None => return Err(wrong("a quote is not closed")),
                    }
                }
                tokens.push(quoted);
            }
            letter => word.push(letter),
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    Ok(tokens)
}

fn is_operator(token: &str) -> bool {
    matches!(token, ":" | "=" | "!=")
}

type Tokens = Peekable<IntoIter<String>>;

/// Filters inside each other, at most: a filter is written by hand.
const DEEPEST: usize = 16;

fn all(tokens: &mut Tokens, depth: usize) -> ApiResult<Filter> {
    let mut parts = Vec::new();
    while tokens.peek().is_some_and(|token| token != ")") {
        if !parts.is_empty() {
            tokens.next_if(|token| token == "AND");
        }
        parts.push(any(tokens, depth)?);
    }
    Ok(Filter::All(parts))
}

fn any(tokens: &mut Tokens, depth: usize) -> ApiResult<Filter> {
    let first = term(tokens, depth)?;
    if tokens.peek().is_none_or(|token| token != "OR") {
        return Ok(first);
    }
    let mut parts = vec![first];
    while tokens.next_if(|token| token == "OR").is_some() {
        parts.push(term(tokens, depth)?);
    }
    Ok(Filter::Any(parts))
}

fn term(tokens: &mut Tokens, depth: usize) -> ApiResult<Filter> {
    if depth > DEEPEST {
        return Err(wrong("it is nested too deeply"));
    }
    let token = tokens.next().ok_or_else(|| wrong("it ends too early"))?;
    match token.as_str() {
        "NOT" | "-" => Ok(Filter::Not(Box::new(term(tokens, depth + 1)?))),
        "(" => {
            let inner = all(tokens, depth + 1)?;
            match tokens.next().as_deref() {
                Some(")") => Ok(inner),
                _ => Err(wrong("a parenthesis is not closed")),
            }
        }
        ")" | "AND" | "OR" | ":" | "=" | "!=" => Err(wrong(&format!("unexpected {token}"))),
        _ => comparison(token, tokens),
    }
}

fn comparison(field: String, tokens: &mut Tokens) -> ApiResult<Filter> {
    let known = FIELDS.contains(&field.as_str()) || field.starts_with("settings.");
    if !known {
        return Err(wrong(&format!("unknown field {field}")));
    }
    let operator = tokens.next_if(|token| is_operator(token));
    let value = tokens.next_if(|token| !matches!(token.as_str(), "(" | ")"));
    let (Some(operator), Some(value)) = (operator, value) else {
        return Err(wrong(&format!("{field} lacks a value")));
    };
    let value = value.strip_prefix('"').unwrap_or(&value).to_owned();
    let is = Filter::Is { field, value };
    Ok(if operator == "!=" {
        Filter::Not(Box::new(is))
    } else {
        is
    })
}

fn wrong(why: &str) -> ApiError {
    ApiError::invalid(format_args!("Invalid filter: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(filter: &str) -> bool {
        let instance = json!({
            "name": "shop-1",
            "state": "RUNNABLE",
            "instanceType": "READ_REPLICA_INSTANCE",
            "masterInstanceName": "p:shop",
            "settings": {
                "tier": "db-f1-micro",
                "storageAutoResize": true,
                "userLabels": {"managed-by": "pgfleet", "fleet": "shop", "note": ""}
            }
        });
        Filter::read(filter)
            .unwrap()
            .fits(instance.as_object().unwrap())
    }

    #[test]
    fn filters_ask_for_fields_and_labels() {
        for yes in [
            "",
            "settings.userLabels.managed-by:pgfleet",
            "settings.userLabels.managed-by=pgfleet AND settings.userLabels.fleet:shop",
            "state:RUNNABLE instanceType:READ_REPLICA_INSTANCE",
            "state:FAILED OR state:runnable",
            "NOT state:FAILED",
            "-state:FAILED name!=shop",
            "masterInstanceName:shop",
            "masterInstanceName=\"p:shop\"",
            "name:shop*",
            "settings.userLabels.fleet:*",
            "settings.userLabels:fleet",
            "settings.userLabels.note:\"\"",
            "settings.storageAutoResize:true",
            "(state:FAILED OR name:shop-1) AND settings.tier:db-f1-micro",
        ] {
            assert!(fits(yes), "{yes}");
        }
        for no in [
            "settings.userLabels.managed-by:other",
            "settings.userLabels.absent:*",
            "state:RUNNABLE AND instanceType:CLOUD_SQL_INSTANCE",
            "name:shop",
            "NOT (state:RUNNABLE)",
        ] {
            assert!(!fits(no), "{no}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in [
            "state",
            "state:",
            "colour:red",
            "state:RUNNABLE AND",
            "(state:RUNNABLE",
            "state:RUNNABLE)",
            "name:\"shop",
            "OR state:RUNNABLE",
        ] {
            assert!(Filter::read(bad).is_err(), "{bad}");
        }
        assert!(Filter::read(&"(".repeat(1000)).is_err());
        assert!(Filter::read(&"NOT ".repeat(100_000)).is_err());
    }
}
