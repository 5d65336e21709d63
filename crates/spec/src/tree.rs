//! A plan file as a tree of values that know their places: the same for TOML and JSON.

use std::{borrow::Cow, ops::Range};

/// Bytes of the file.
pub(crate) type Span = Range<usize>;

/// A value at its place.
#[derive(Debug, PartialEq)]
pub(crate) struct Node<'t> {
    pub(crate) span: Span,
    pub(crate) value: Value<'t>,
}

/// What stands there. Numbers keep the digits of the file, since money must not pass a float.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'t> {
    Flag(bool),
    /// Decimal digits, perhaps with a sign.
    Integer(Cow<'t, str>),
    /// What [`f64`] can read, underscores removed.
    Float(Cow<'t, str>),
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    Table(Table<'t>),
    Date,
    Null,
}

/// Keys with values, in the order of the file; no key stands twice.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Table<'t> {
    pub(crate) entries: Vec<Entry<'t>>,
}

/// One key with its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Cow<'t, str>,
    pub(crate) key_span: Span,
    pub(crate) node: Node<'t>,
}

impl<'t> Table<'t> {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry<'t>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node<'t>> {
        self.entry(key).map(|entry| &entry.node)
    }

    // The readers below answer `None` for a value of another kind: the walk over the structure
    // has reported that already.

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn whole(&self, key: &str) -> Option<u32> {
        match &self.get(key)?.value {
            Value::Integer(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.number()
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Table<'t>> {
        self.get(key)?.table()
    }

    pub(crate) fn list(&self, key: &str) -> Option<&[Node<'t>]> {
        match &self.get(key)?.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Option<Vec<&str>> {
        self.list(key)?.iter().map(Node::text).collect()
    }
}

impl<'t> Node<'t> {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn table(&self) -> Option<&Table<'t>> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match &self.value {
            Value::Integer(digits) | Value::Float(digits) => digits
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Flag(_) => "a boolean",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number with a fraction",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Date => "a date or time",
            Value::Null => "null",
        }
    }
}
