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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::cloud::{Cloud as _, Moment, Request};
    use crate::gcp::fields::{INSTANCES, OPERATIONS, TIERS};
    use crate::gcp::{Gcp, GcpOptions};
    use serde_json::json;

    /// Asserts that every value is of the kind that the description gives its field.
    fn check(message: &'static Message, value: &Value, encoding: Encoding) {
        for (key, value) in value.as_object().unwrap() {
            let field = message.fields.iter().find(|field| field.name == key);
            let field = field.unwrap_or_else(|| panic!("{} has no {key}", message.name));
            let fits = match field.kind {
                Kind::Bool => value.is_boolean(),
                Kind::Int32 => value.is_i64(),
                Kind::Int64 => value
                    .as_str()
                    .is_some_and(|text| text.parse::<i64>().is_ok()),
                Kind::Text => value.is_string(),
                Kind::Time => value.as_str().is_some_and(|text| text.ends_with('Z')),
                Kind::Enum(kind) => match encoding {
                    Encoding::Names => kind.number(value.as_str().unwrap()).is_some(),
                    Encoding::Numbers => kind.value(value.as_i64().unwrap()).is_some(),
                },
                Kind::Message(inner) => {
                    check(inner, value, encoding);
                    true
                }
                Kind::Messages(inner) => {
                    for item in value.as_array().unwrap() {
                        check(inner, item, encoding);
                    }
                    true
                }
                Kind::Texts => value.as_array().unwrap().iter().all(Value::is_string),
                Kind::Map => value.as_object().unwrap().values().all(Value::is_string),
                Kind::Uncovered => false,
            };
            assert!(fits, "{}.{key} is {value}", message.name);
        }
    }

    #[test]
    fn answers_are_what_the_description_says() {
        let mut gcp = Gcp::new(GcpOptions::default(), Clock::AtOnce);
        let moment = Moment {
            now: 1_700_000_000_000,
            clock: Clock::AtOnce,
        };
        let mut ask = |method: &str, uri: &str, body: &Value| {
            gcp.catch_up(moment);
            let request = Request {
                id: String::new(),
                method: method.parse().unwrap(),
                uri: uri.parse().unwrap(),
                headers: [("content-type", "application/json")]
                    .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                    .into_iter()
                    .collect(),
                secure: false,
                body: body.to_string().into(),
            };
            let answer = gcp.answer(&request, None, moment);
            assert_eq!(answer.status, 200, "{}", answer.body);
            serde_json::from_str::<Value>(&answer.body).unwrap()
        };
        let settings = json!({
            "tier": "db-perf-optimized-N-2",
            "availabilityType": "REGIONAL",
            "userLabels": {"a": "b"},
            "databaseFlags": [{"name": "max_connections", "value": "200"}],
            "ipConfiguration": {"authorizedNetworks": [{"name": "home", "value": "192.0.2.1"}]},
            "maintenanceWindow": {"day": 7, "hour": 3, "updateTrack": "stable"},
            "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true}
        });
        let primary = json!({"name": "a", "databaseVersion": "POSTGRES_16", "settings": settings});
        let settings = json!({"tier": "db-perf-optimized-N-2"});
        let replica = json!({"name": "b", "masterInstanceName": "a", "settings": settings});
        for body in [primary, replica] {
            ask("POST", "/v1/projects/p/instances", &body);
        }
        for (query, encoding) in [
            ("alt=json", Encoding::Names),
            ("$alt=json;enum-encoding=int", Encoding::Numbers),
        ] {
            for (path, message) in [
                ("instances", &INSTANCES),
                ("operations", &OPERATIONS),
                ("tiers", &TIERS),
            ] {
                let uri = format!("/v1/projects/p/{path}?{query}");
                let list = ask("GET", &uri, &Value::Null);
                assert!(list["items"].as_array().unwrap().len() > 1);
                check(message, &list, encoding);
            }
        }
    }
}
