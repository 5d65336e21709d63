//! Reading request bodies, as strictly as Google's JSON parser.

use super::errors::{ApiError, ApiResult};
use super::schema::{Enum, Field, Kind, Message, Setter, snake};
use serde_json::{Map, Value};

/// What is taken that the description does not have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leniency {
    /// Fields that only the server sets are passed over.
    pub(crate) ignores_output_only: bool,
    /// Those of them are that gcloud sends back, and no others.
    pub(crate) takes_backups_back: bool,
    /// A null takes an entry of a map away.
    pub(crate) empties_maps: bool,
}

/// Reads a body as a message. A field that is null stays null: a patch takes it away.
pub(crate) fn body(
    bytes: &[u8],
    message: &'static Message,
    leniency: Leniency,
) -> ApiResult<Map<String, Value>> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let text = format!("Invalid JSON payload received. Unexpected token.\n{error}");
        ApiError::json(&[(String::new(), text)])
    })?;
    let mut reader = Reader {
        leniency,
        violations: Vec::new(),
        uncovered: None,
    };
    let read = reader.message(message, &value, "body");
    if !reader.violations.is_empty() {
        return Err(ApiError::json(&reader.violations));
    }
    if let Some(path) = reader.uncovered {
        return Err(ApiError::uncovered(&format!("the field {path}")));
    }
    Ok(read)
}

struct Reader {
    leniency: Leniency,
    /// Each with its field: all are told at once.
    violations: Vec<(String, String)>,
    uncovered: Option<String>,
}

/// What gcloud sends back as it has read it, though only the server sets it: it changes the settings of
/// backups by sending all of them.
const SENT_BACK: [&str; 2] = [
    "body.settings.backup_configuration.transactional_log_storage_state",
    "body.settings.backup_configuration.backup_tier",
];

impl Reader {
    fn say(&mut self, path: &str, text: String) {
        self.violations.push((path.to_owned(), text));
    }

    fn message(
        &mut self,
        message: &'static Message,
        value: &Value,
        path: &str,
    ) -> Map<String, Value> {
        let mut read = Map::new();
        let Some(given) = value.as_object() else {
            self.wrong(
                &format!("type.googleapis.com/{}", message.name),
                value,
                path,
            );
            return read;
        };
        for (key, value) in given {
            let Some(field) = message.field(key) else {
                self.say(
                    path,
                    format!(
                        "Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot \
                         find field."
                    ),
                );
                continue;
            };
            let inner = format!("{path}.{}", snake(field.name));
            if let Some(value) = self.field(field, value, &inner) {
                read.insert(field.name.to_owned(), value);
            }
        }
        read
    }

    /// The field's value; none where it is passed over or refused.
    fn field(&mut self, field: &Field, value: &Value, path: &str) -> Option<Value> {
        match field.setter {
            Setter::Always => return None,
            Setter::Server if self.leniency.ignores_output_only => return None,
            Setter::Server if self.leniency.takes_backups_back && SENT_BACK.contains(&path) => {
                return None;
            }
            Setter::Server => {
                self.say(
                    path,
                    format!("Invalid value at '{path}': it is output only."),
                );
                return None;
            }
            Setter::Caller => {}
        }
        if value.is_null() {
            return Some(Value::Null);
        }
        let read = match field.kind {
            Kind::Bool => value.as_bool().map(Value::from),
            Kind::Int32 => {
                let number = integer(value).and_then(|number| i32::try_from(number).ok());
                number.map(Value::from)
            }
            Kind::Int64 => integer(value).map(|number| number.to_string().into()),
            Kind::Text | Kind::Time => value.as_str().map(Value::from),
            Kind::Enum(kind) => {
                let name = enumerated(kind, value);
                // Zero, "unspecified", is as good as not there.
                if name.is_some() && name == kind.value(0) {
                    return None;
                }
                name.map(Value::from)
            }
            Kind::Message(message) => {
                return Some(Value::Object(self.message(message, value, path)));
            }
            Kind::Messages(message) => {
                let items = value.as_array().map(|items| {
                    let items = items.iter().enumerate();
                    items
                        .map(|(at, item)| {
                            let path = format!("{path}[{at}]");
                            Value::Object(self.message(message, item, &path))
                        })
                        .collect()
                });
                items.map(Value::Array)
            }
            Kind::Texts => {
                let texts = value
                    .as_array()
                    .filter(|all| all.iter().all(Value::is_string));
                texts.map(|texts| Value::Array(texts.clone()))
            }
            Kind::Map => {
                let goes = |value: &Value| value.is_null() && self.leniency.empties_maps;
                let plain = |value: &Value| value.is_string() || goes(value);
                let map = value.as_object().filter(|map| map.values().all(plain));
                map.map(|map| Value::Object(map.clone()))
            }
            Kind::Uncovered => {
                self.uncovered.get_or_insert_with(|| path.to_owned());
                return None;
            }
        };
        if read.is_none() {
            self.wrong(&kind_name(field.kind), value, path);
        }
        read
    }

    fn wrong(&mut self, kind: &str, value: &Value, path: &str) {
        self.say(path, format!("Invalid value at '{path}' ({kind}), {value}"));
    }
}

/// An integer, also one that is written as a text, or as a float without a fraction.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            // Beyond 2^53 a float is no integer for certain.
            let exact = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
            exact.then(|| format!("{float:.0}").parse().ok())?
        }),
        _ => None,
    }
}

fn enumerated(kind: &Enum, value: &Value) -> Option<&'static str> {
    match value {
        Value::String(name) => {
            let found = kind.values.iter().find(|(known, _)| known == name);
            found.map(|(name, _)| *name)
        }
        Value::Number(number) => kind.value(number.as_i64()?),
        _ => None,
    }
}

/// As the parser names kinds of values. Booleans and integers of this API are wrapped, so that
/// zero and absence differ.
fn kind_name(kind: Kind) -> String {
    let name = match kind {
        Kind::Bool => "google.protobuf.BoolValue",
        Kind::Int32 => "google.protobuf.Int32Value",
        Kind::Int64 => "google.protobuf.Int64Value",
        Kind::Time => "google.protobuf.Timestamp",
        Kind::Enum(kind) => kind.name,
        Kind::Message(message) | Kind::Messages(message) => message.name,
        Kind::Text | Kind::Texts | Kind::Map | Kind::Uncovered => return "TYPE_STRING".to_owned(),
    };
    format!("type.googleapis.com/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gcp::fields::INSTANCE;
    use serde_json::json;

    fn read(value: &Value) -> ApiResult<Map<String, Value>> {
        lenient(value, false)
    }

    fn lenient(value: &Value, empties_maps: bool) -> ApiResult<Map<String, Value>> {
        let leniency = Leniency {
            ignores_output_only: false,
            takes_backups_back: false,
            empties_maps,
        };
        body(value.to_string().as_bytes(), &INSTANCE, leniency)
    }

    #[test]
    fn values_are_brought_into_one_form() {
        let given = json!({
            "database_version": 408,
            "settings": {
                "dataDiskSizeGb": 20, "storageAutoResizeLimit": "0", "edition": "ENTERPRISE",
                "replicationLagMaxSeconds": "5", "storageAutoResize": null
            }
        });
        let expected = json!({
            "databaseVersion": "POSTGRES_17",
            "settings": {
                "dataDiskSizeGb": "20", "storageAutoResizeLimit": "0", "edition": "ENTERPRISE",
                "replicationLagMaxSeconds": 5, "storageAutoResize": null
            }
        });
        assert_eq!(Value::Object(read(&given).unwrap()), expected);
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let error = read(&json!({
            "colour": "red",
            "settings": {"size": 1, "storageAutoResize": "yes", "edition": "CHEAP"}
        }))
        .unwrap_err();
        assert_eq!(
            error.message,
            "Invalid JSON payload received. Unknown name \"colour\" at 'body': Cannot find field.\n\
             Invalid JSON payload received. Unknown name \"size\" at 'body.settings': Cannot find \
             field.\nInvalid value at 'body.settings.storage_auto_resize' \
             (type.googleapis.com/google.protobuf.BoolValue), \"yes\"\n\
             Invalid value at 'body.settings.edition' \
             (type.googleapis.com/google.cloud.sql.v1.Settings.Edition), \"CHEAP\""
        );
    }

    #[test]
    fn an_entry_of_a_map_is_a_text_but_where_null_takes_it_away() {
        let given = json!({"settings": {"userLabels": {"a": null}}});
        assert_eq!(Value::Object(lenient(&given, true).unwrap()), given);
        let error = read(&given).unwrap_err();
        assert!(error.message.contains("user_labels"), "{}", error.message);
    }

    #[test]
    fn of_what_only_the_server_sets_no_more_is_passed_over_than_gcloud_sends_back() {
        let leniency = Leniency {
            ignores_output_only: false,
            takes_backups_back: true,
            empties_maps: false,
        };
        let read = |value: &Value| body(value.to_string().as_bytes(), &INSTANCE, leniency);
        let backups = json!({"enabled": true, "backupTier": "STANDARD",
            "transactionalLogStorageState": "CLOUD_STORAGE"});
        let sent = json!({"settings": {"backupConfiguration": backups}});
        let kept = json!({"settings": {"backupConfiguration": {"enabled": true}}});
        assert_eq!(Value::Object(read(&sent).unwrap()), kept);
        let all = INSTANCE.fields.iter();
        for field in all.filter(|field| field.setter == Setter::Server) {
            let error = read(&json!({ field.name: null })).unwrap_err();
            assert!(error.message.contains("output only"), "{}", field.name);
        }
    }

    #[test]
    fn what_only_the_server_sets_is_refused_but_for_the_kind() {
        let all = INSTANCE.fields.iter();
        let set = all.filter(|field| field.setter == Setter::Server);
        for name in set.map(|field| field.name) {
            let error = read(&json!({ name: null })).unwrap_err();
            assert!(error.message.contains("output only"), "{name}");
        }
        let kinds = json!({"kind": "sql#instance", "settings": {"kind": "sql#settings"}});
        let read = Value::Object(read(&kinds).unwrap());
        assert_eq!(read, json!({"settings": {}}));
    }
}
