//! What messages of the API look like: the kinds of fields, and who sets them.
//!
//! The tables are in `fields` and `enums`; `read` takes requests in by them, `render` writes answers
//! by them. Inside, messages are kept in one form: enums by their names, 64-bit integers as texts,
//! as in an answer.

/// A message type.
#[derive(Debug)]
pub(crate) struct Message {
    /// Its proto name, for errors.
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
}

#[derive(Debug)]
pub(crate) struct Field {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) setter: Setter,
}

/// Who sets a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setter {
    /// The caller.
    Caller,
    /// The server alone.
    Server,
    /// It is always the same (`kind`): passed over, since Google's own tool sends it.
    Always,
}

/// What a field's value is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Bool,
    Int32,
    Int64,
    Text,
    /// RFC 3339.
    Time,
    Enum(&'static Enum),
    Message(&'static Message),
    Messages(&'static Message),
    Texts,
    /// Texts by texts.
    Map,
    /// A field of the API that the simulator does not cover: refused, so that nobody relies on an
    /// effect that does not come.
    Uncovered,
}

/// An enum: its proto name, and its values' names and numbers.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: &'static str,
    pub(crate) values: &'static [(&'static str, i64)],
}

impl Enum {
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        let found = self.values.iter().find(|(known, _)| *known == name);
        found.map(|(_, number)| *number)
    }

    pub(crate) fn value(&self, number: i64) -> Option<&'static str> {
        let found = self.values.iter().find(|(_, known)| *known == number);
        found.map(|(name, _)| *name)
    }
}

impl Message {
    /// The field of this name. As Google's parsers, it also takes the proto name: `data_disk_type`.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| field.name == name || (name.contains('_') && snake(field.name) == name))
    }
}

/// A field's proto name.
pub(crate) fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proto_names_are_those_of_json_in_small_letters() {
        assert_eq!(snake("dataDiskSizeGb"), "data_disk_size_gb");
        assert_eq!(snake("ipv4Enabled"), "ipv4_enabled");
        assert_eq!(snake("kind"), "kind");
    }
}
