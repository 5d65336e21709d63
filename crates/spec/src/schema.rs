//! The table of keys as a JSON Schema.

use pgfleet_model::{TAG_MANAGED_BY, TAG_PREFIX};
use serde_json::{Map, Value, json};

use crate::{
    keys::{Key, Kind, ROOT},
    rules::{self, Rule},
};

/// The JSON Schema (draft 2020-12) of plan files. It says what each key may hold; what keys must
/// agree on with each other, only loading a file tells.
pub fn schema() -> Value {
    let mut root = object(ROOT, false);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pgfleet plan file",
        "description": "One fleet of PostgreSQL servers: a primary and its read replicas.",
    });
    if let (Value::Object(root), Value::Object(head)) = (&mut root, head) {
        root.extend(head);
    }
    root
}

fn object(keys: &[Key], per_group: bool) -> Value {
    let keys = || keys.iter().filter(|key| !per_group || key.per_group);
    let properties: Map<String, Value> = keys()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<_> = keys()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(key: &Key) -> Value {
    let mut schema = kind(&key.kind);
    schema["description"] = json!(key.doc);
    let literal = |text: &str| serde_json::from_str::<Value>(text).ok();
    if let Some(example) = literal(key.example) {
        schema["examples"] = json!([example]);
    }
    if let Some(default) = key.default.and_then(literal) {
        schema["default"] = default;
    }
    schema
}

/// The names of pgfleet's own tags as a pattern, in any case.
fn own_tags() -> String {
    let in_any_case = |text: &str| -> String {
        let letter = |c: char| match c {
            'a'..='z' => format!("[{}{c}]", c.to_ascii_uppercase()),
            _ => c.to_string(),
        };
        text.chars().map(letter).collect()
    };
    let (one, prefix) = (in_any_case(TAG_MANAGED_BY), in_any_case(TAG_PREFIX));
    format!("^({one}$|{prefix})")
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text(rule) => text(rule),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Whole(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Number(min, max) => json!({"type": "number", "minimum": min, "maximum": max}),
        Kind::Above(min, max) => {
            json!({"type": "number", "exclusiveMinimum": min, "maximum": max})
        }
        Kind::Money => json!({"anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": rules::MONEY},
        ]}),
        Kind::Texts(rule) => json!({"type": "array", "items": text(rule)}),
        Kind::Command(rule) => json!({"type": "array", "items": text(rule), "minItems": 1}),
        Kind::Tags => json!({
            "type": "object",
            "propertyNames": {
                "minLength": 1,
                "maxLength": rules::TAG_NAME,
                "not": {"pattern": own_tags()},
            },
            "additionalProperties": {
                "type": "string",
                "maxLength": rules::TAG_TEXT,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
            },
        }),
        Kind::Table(keys) | Kind::Platform(_, keys) => object(keys, false),
        Kind::GroupPlatform(_, keys) => object(keys, true),
        Kind::Tables(keys) => json!({"type": "array", "items": object(keys, false)}),
        Kind::Size(keys) => json!({"anyOf": [text(&rules::LABEL), object(keys, false)]}),
        Kind::Password(keys) => {
            let mut schema = object(keys, false);
            schema["minProperties"] = json!(1);
            schema["maxProperties"] = json!(1);
            schema
        }
    }
}

fn text(rule: &Rule) -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": rule.max,
        "pattern": rule.pattern.unwrap_or("^[^\\u0000-\\u001f\\u007f-\\u009f]+$"),
    })
}
