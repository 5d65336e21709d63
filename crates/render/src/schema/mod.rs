//! The JSON Schemas (draft 2020-12) of what pgfleet prints and saves as JSON.
//!
//! They allow fields that they do not name, since fields are only added within a format version.
//! The tests hold every output of theirs against them, and there no unnamed field is let through.

mod cost;
mod events;
mod plan;
mod saved;
mod shapes;
mod state;

use serde_json::{Value, json};

use shapes::{Fields, array, boolean, object, text};

/// A form of JSON that pgfleet writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JsonForm {
    /// `plan --format json`.
    Plan,
    /// What `plan --out` saves.
    SavedPlan,
    /// One line of `apply --format json` and `destroy --format json`.
    Event,
    /// `status --format json`.
    Status,
    /// `verify --format json`.
    Verify,
    /// `cost --format json`.
    Cost,
    /// `cost --compare --format json`.
    Comparison,
    /// `prices show --format json`.
    Prices,
}

impl JsonForm {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::SavedPlan,
        Self::Event,
        Self::Status,
        Self::Verify,
        Self::Cost,
        Self::Comparison,
        Self::Prices,
    ];

    /// Its name on the command line, and of its file in `schemas/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::SavedPlan => "saved-plan",
            Self::Event => "event",
            Self::Status => "status",
            Self::Verify => "verify",
            Self::Cost => "cost",
            Self::Comparison => "comparison",
            Self::Prices => "prices",
        }
    }

    /// Its schema.
    pub fn schema(self) -> Value {
        let (title, body) = match self {
            Self::Plan => ("pgfleet plan --format json", plan::document()),
            Self::SavedPlan => ("pgfleet plan --out", saved::document()),
            Self::Event => ("pgfleet apply --format json, one line", events::line()),
            Self::Status => ("pgfleet status --format json", state::status()),
            Self::Verify => ("pgfleet verify --format json", state::verify()),
            Self::Cost => ("pgfleet cost --format json", cost::document()),
            Self::Comparison => ("pgfleet cost --compare --format json", cost::comparison()),
            Self::Prices => ("pgfleet prices show --format json", cost::prices()),
        };
        let mut schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title,
        });
        if let (Value::Object(schema), Value::Object(body)) = (&mut schema, body) {
            schema.extend(body);
        }
        schema
    }
}

impl JsonForm {
    /// The schema with no room for fields that it does not name: what this very pgfleet writes.
    pub fn closed_schema(self) -> Value {
        let mut schema = self.schema();
        close(&mut schema);
        schema
    }
}

/// Lets no object have fields that the schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                let open = fields.entry("additionalProperties");
                open.or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A document of version 1 with these fields.
fn versioned(fields: Fields) -> Value {
    let version = ("format_version", json!({"const": "1"}));
    let fields = [version].into_iter().chain(fields).collect();
    object(fields)
}

/// A check, in plans and in costs.
fn check() -> Value {
    object(vec![
        ("severity", shapes::word(&["note", "warning", "error"])),
        ("code", text()),
        ("address", shapes::or_null(shapes::address())),
        ("message", text()),
        ("remedy", text()),
        ("source", text()),
        ("key", shapes::or_null(text())),
    ])
}

/// Several checks.
fn checks() -> Value {
    array(check())
}

/// Whether the clouds are simulated.
fn simulated() -> (&'static str, Value) {
    ("simulated", boolean())
}
