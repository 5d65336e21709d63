//! The words and examples with which messages say what would be right.

use serde_json::Value;

use crate::{
    keys::{Key, Kind},
    syntax::Format,
};

/// What a key holds, for people.
pub(crate) fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text(_) | Kind::Word(_) => "text",
        Kind::Flag => "true or false",
        Kind::Whole(..) => "a whole number",
        Kind::Number(..) | Kind::Above(..) => "a number",
        Kind::Money => "an amount of money",
        Kind::Texts(_) | Kind::Command(_) => "a list of texts",
        Kind::Tags | Kind::Table(_) | Kind::Platform(..) | Kind::GroupPlatform(..) => "a table",
        Kind::Tables(_) => "a list of tables",
        Kind::Size(_) => "text or a table",
        Kind::Password(_) => "a table with one of env, file and command",
    }
}

/// A key with its example as somebody would write it in the file.
pub(crate) fn assign(key: &Key, format: Format) -> String {
    let value = serde_json::from_str(key.example).unwrap_or(Value::Null);
    write(key.name, &value, format)
}

/// A key with a text.
pub(crate) fn assign_text(name: &str, text: &str, format: Format) -> String {
    // Only digits come here in earnest, but a hostile file may hold a great many of them.
    let text: String = text.chars().take(24).collect();
    write(name, &Value::String(text), format)
}

fn write(name: &str, value: &Value, format: Format) -> String {
    match format {
        Format::Json => format!("\"{name}\": {value}"),
        Format::Toml => format!("{name} = {}", toml(value)),
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let inside: Vec<_> = table
                .iter()
                .map(|(k, v)| format!("{k} = {}", toml(v)))
                .collect();
            if inside.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", inside.join(", "))
            }
        }
        Value::Array(list) => {
            let inside: Vec<_> = list.iter().map(toml).collect();
            format!("[{}]", inside.join(", "))
        }
        other => other.to_string(),
    }
}
