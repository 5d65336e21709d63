//! What schemas are made of.

use serde_json::{Map, Value, json};

/// Names and schemas of an object's fields.
pub(super) type Fields = Vec<(&'static str, Value)>;

/// An object that always has all of these fields.
pub(super) fn object(fields: Fields) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "required": names, "properties": properties(fields)})
}

/// An object that may have these fields.
pub(super) fn optional(fields: Fields) -> Value {
    json!({"type": "object", "properties": properties(fields)})
}

fn properties(fields: Fields) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// An object whose names are data.
pub(super) fn map(values: Value) -> Value {
    let mut map = json!({"type": "object"});
    map["additionalProperties"] = values;
    map
}

pub(super) fn array(items: Value) -> Value {
    let mut array = json!({"type": "array"});
    array["items"] = items;
    array
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn boolean() -> Value {
    json!({"type": "boolean"})
}

/// A whole number, never negative.
pub(super) fn whole() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// A number, never negative.
pub(super) fn number() -> Value {
    json!({"type": "number", "minimum": 0})
}

/// One of these words.
pub(super) fn word(words: &[&str]) -> Value {
    json!({"enum": words})
}

pub(super) fn matching(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

/// The same, or null.
pub(super) fn or_null(schema: Value) -> Value {
    let either = vec![schema, json!({"type": "null"})];
    json!({"anyOf": either})
}

/// `primary`, `replica-1`, `eu-1`.
pub(super) fn address() -> Value {
    matching("^(primary|[a-z][a-z0-9-]*-[1-9][0-9]*)$")
}

/// A day.
pub(super) fn day() -> Value {
    matching("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
}

/// An amount in dollars, in cents.
pub(super) fn money() -> Value {
    matching("^-?[0-9]+\\.[0-9]{2}$")
}

/// A price or a quantity, in as many places as it has.
pub(super) fn decimal() -> Value {
    matching("^-?[0-9]+(\\.[0-9]+)?$")
}

/// `sha256:` and its digits.
pub(super) fn digest() -> Value {
    matching("^sha256:[0-9a-f]{64}$")
}

pub(super) fn provider() -> Value {
    word(&["aws", "gcp", "azure", "local"])
}

/// The value of an attribute.
pub(super) fn value() -> Value {
    json!({"anyOf": [
        boolean(),
        whole(),
        text(),
        array(text()),
        map(text()),
    ]})
}

/// A number of seconds.
pub(super) fn seconds() -> Value {
    number()
}
