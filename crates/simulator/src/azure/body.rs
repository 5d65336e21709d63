//! Reading bodies strictly: what an object does not have is refused, and so is what only the
//! service sets.

use super::fields::{Field, Kind, Object, Use, Version};
use super::refusal::{Outcome, Refusal};
use serde_json::{Map, Value};

/// How a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// PATCH rather than PUT or POST.
    pub(super) patch: bool,
    pub(super) version: Version,
    /// Refuse what the object does not have, and what is read-only.
    pub(super) strict: bool,
}

/// Reads a body as this object. Names come back as documented, and so do the values of
/// enumerations; fields that are null are left out, as Azure's own clients send them.
pub(super) fn read(body: &[u8], object: &Object, reading: Reading) -> Outcome<Map<String, Value>> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        // The text of the error names places, never what the body holds.
        Refusal::content(&format!(
            "Unexpected content while parsing: line {}, position {}",
            error.line(),
            error.column()
        ))
    })?;
    read_object(value, object, "", reading)
}

fn read_object(
    value: Value,
    object: &Object,
    path: &str,
    reading: Reading,
) -> Outcome<Map<String, Value>> {
    let Value::Object(given) = value else {
        return Err(wrong_type(object.name, path));
    };
    let mut read = Map::new();
    for (name, value) in given {
        let at = join(path, &name);
        let known = object
            .fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(&name))
            .map(|field| (field, usage(field, reading)));
        let field = match known {
            Some((field, Use::Written)) => field,
            Some((_, Use::ReadOnly)) => {
                // Null is what clients send for what they do not set.
                if value.is_null() || !reading.strict {
                    continue;
                }
                return Err(Refusal::parameter_since(&at, "It is read-only."));
            }
            _ if !reading.strict => continue,
            _ => {
                return Err(Refusal::content(&format!(
                    "Could not find member '{name}' on object of type '{}'. Path '{at}'",
                    object.name
                )));
            }
        };
        if let Some(value) = read_value(value, field, &at, reading)? {
            read.insert(field.name.to_owned(), value);
        }
    }
    Ok(read)
}

fn usage(field: &Field, reading: Reading) -> Use {
    if reading.version < field.since {
        return Use::Absent;
    }
    let usage = if reading.patch {
        field.patch
    } else {
        field.put
    };
    let read_only = |until| reading.version <= until;
    if usage == Use::Written && field.read_only_until.is_some_and(read_only) {
        return Use::ReadOnly;
    }
    usage
}

fn read_value(value: Value, field: &Field, at: &str, reading: Reading) -> Outcome<Option<Value>> {
    if value.is_null() {
        // A date has no null on the service's side.
        if matches!(field.kind, Kind::Date) && reading.strict {
            return Err(Refusal::content(&format!(
                "Error converting value {{null}} to type 'System.DateTime'. Path '{at}'"
            )));
        }
        return Ok(None);
    }
    match field.kind {
        Kind::Any => Ok(Some(value)),
        Kind::Text | Kind::Secret | Kind::Date if value.is_string() => Ok(Some(value)),
        Kind::Text | Kind::Secret | Kind::Date => Err(wrong_type("System.String", at)),
        Kind::Number if value.is_i64() => Ok(Some(value)),
        Kind::Number => Err(wrong_type("System.Int32", at)),
        Kind::OneOf(words) => {
            let given = value
                .as_str()
                .ok_or_else(|| wrong_type("System.String", at))?;
            let known = words.iter().find(|word| word.eq_ignore_ascii_case(given));
            let word = known.ok_or_else(|| {
                let words = words.join(", ");
                Refusal::parameter_since(at, &format!("It is one of: {words}."))
            })?;
            Ok(Some(Value::from(*word)))
        }
        Kind::Object(object) => {
            let read = read_object(value, object, at, reading)?;
            Ok(Some(Value::Object(read)))
        }
        Kind::Tags => tags(value, at, reading.patch).map(Some),
        Kind::Texts => {
            let texts = value
                .as_array()
                .ok_or_else(|| wrong_type("System.String[]", at))?;
            if texts.iter().all(Value::is_string) {
                Ok(Some(value))
            } else {
                Err(wrong_type("System.String", at))
            }
        }
    }
}

/// Tags within ARM's bounds: at most 50, names of up to 512 letters without `<>%&\?/`, values of up
/// to 256.
fn tags(value: Value, at: &str, patch: bool) -> Outcome<Value> {
    let Value::Object(tags) = value else {
        return Err(wrong_type("System.Collections.Generic.Dictionary", at));
    };
    if tags.len() > 50 {
        return Err(Refusal::new(
            400,
            "TooManyTags",
            format!(
                "The request contains too many tags: '{}'. The maximum number of tags allowed per \
                 resource is '50'.",
                tags.len()
            ),
        ));
    }
    for (name, value) in &tags {
        // A patch takes a tag off with null.
        let text = match value {
            Value::Null if patch => "",
            other => other
                .as_str()
                .ok_or_else(|| wrong_type("System.String", &join(at, name)))?,
        };
        if name.is_empty()
            || name.chars().count() > 512
            || name.contains(['<', '>', '%', '&', '\\', '?', '/'])
        {
            return Err(Refusal::new(
                400,
                "InvalidTagNameCharacters",
                format!(
                    "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control \
                     characters."
                ),
            ));
        }
        if text.chars().count() > 256 {
            return Err(Refusal::new(
                400,
                "InvalidTagValueLength",
                format!("The value of the tag '{name}' exceeds the maximum length of '256'."),
            ));
        }
    }
    Ok(Value::Object(tags))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn wrong_type(name: &str, path: &str) -> Refusal {
    Refusal::content(&format!(
        "Error converting value to type '{name}'. Path '{path}'"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::fields::SERVER;
    use super::*;

    fn put(body: &str, version: Version) -> Outcome<Map<String, Value>> {
        let reading = Reading {
            patch: false,
            version,
            strict: true,
        };
        read(body.as_bytes(), &SERVER, reading)
    }

    #[test]
    fn names_and_words_are_read_in_any_case_and_come_back_as_documented() {
        let body = r#"{"LOCATION": "eastus", "properties": {"storage": {"storagesizegb": 64},
            "createMode": "replica", "replica": null}}"#;
        let read = put(body, Version::V2024).unwrap();
        assert_eq!(read["properties"]["createMode"], "Replica");
        assert_eq!(read["properties"]["storage"]["storageSizeGB"], 64);
    }

    #[test]
    fn what_a_version_does_not_have_is_refused_in_it() {
        let body = r#"{"properties": {"storage": {"autoGrow": "Enabled"}}}"#;
        assert!(put(body, Version::V2024).is_ok());
        let refusal = put(body, Version::V2022).unwrap_err();
        assert_eq!(refusal.code, "InvalidRequestContent");
        assert!(refusal.message.contains("'properties.storage.autoGrow'"));
    }

    #[test]
    fn a_point_in_time_of_null_is_refused() {
        let refusal = put(
            r#"{"properties": {"pointInTimeUTC": null}}"#,
            Version::V2024,
        );
        assert_eq!(refusal.unwrap_err().code, "InvalidRequestContent");
    }
}
