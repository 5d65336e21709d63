//! Writing answers: enums as the caller wants them.

use super::schema::{Enum, Kind, Message};
use serde_json::{Map, Value};

/// How a caller wants enums: `$alt=json;enum-encoding=int` asks for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Names,
    Numbers,
}

/// A message for an answer. What the description does not know is left out: it is the simulator's
/// own.
pub(crate) fn message(
    message: &'static Message,
    inside: &Map<String, Value>,
    encoding: Encoding,
) -> Value {
    let fields = inside.iter().filter_map(|(key, value)| {
        let field = message.fields.iter().find(|field| field.name == key)?;
        let value = match (field.kind, value) {
            (Kind::Enum(kind), Value::String(name)) => enumerated(kind, name, encoding),
            (Kind::Message(inner), Value::Object(value)) => self::message(inner, value, encoding),
            (Kind::Messages(inner), Value::Array(items)) => {
                let items = items.iter().filter_map(Value::as_object);
                items
                    .map(|item| self::message(inner, item, encoding))
                    .collect()
            }
            _ => value.clone(),
        };
        Some((key.clone(), value))
    });
    Value::Object(fields.collect())
}

/// A name that has no number is written as it is: clients have to bear what they do not know.
fn enumerated(kind: &Enum, name: &str, encoding: Encoding) -> Value {
    match encoding {
        Encoding::Names => name.into(),
        Encoding::Numbers => kind.number(name).map_or_else(|| name.into(), Value::from),
    }
}
