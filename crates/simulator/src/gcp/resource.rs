//! A message as it is kept: JSON in one form, asked by dotted paths.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Fields by their JSON names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Resource(pub(crate) Map<String, Value>);

impl Resource {
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let mut value = self.0.get(parts.next()?)?;
        for part in parts {
            value = value.get(part)?;
        }
        Some(value).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// A 64-bit integer is kept as a text, a 32-bit one as a number.
    pub(crate) fn integer(&self, path: &str) -> Option<i64> {
        match self.get(path)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        }
    }

    /// A switch; off where it is not set.
    pub(crate) fn is_on(&self, path: &str) -> bool {
        self.get(path).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Sets a value; what lies on the way to it is made.
    pub(crate) fn set(&mut self, path: &str, value: impl Into<Value>) {
        let (way, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut map = &mut self.0;
        for part in way.split('.').filter(|part| !part.is_empty()) {
            let next = map.entry(part).or_insert_with(|| Value::Object(Map::new()));
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            let Value::Object(inner) = next else {
                return;
            };
            map = inner;
        }
        map.insert(last.to_owned(), value.into());
    }

    /// Sets a 64-bit integer.
    pub(crate) fn set_long(&mut self, path: &str, value: i64) {
        self.set(path, value.to_string());
    }

    /// Sets what is not set yet.
    pub(crate) fn set_default(&mut self, path: &str, value: impl Into<Value>) {
        if self.get(path).is_none() {
            self.set(path, value);
        }
    }

    /// Lays a patch over it, as JSON Merge Patch (RFC 7396) does: objects and maps are merged, null
    /// takes away, everything else replaces.
    pub(crate) fn merge(&mut self, patch: &Map<String, Value>) {
        merge(&mut self.0, patch);
    }
}

fn merge(into: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                into.shift_remove(key);
            }
            Value::Object(patch) => {
                let inner = into.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if !inner.is_object() {
                    *inner = Value::Object(Map::new());
                }
                if let Value::Object(inner) = inner {
                    merge(inner, patch);
                }
            }
            value => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_merges_maps_and_null_takes_away() {
        let mut resource = Resource::default();
        resource.set("settings.userLabels.a", "1");
        resource.set("settings.userLabels.b", "2");
        resource.set_long("settings.dataDiskSizeGb", 10);
        let patch = json!({"settings": {"userLabels": {"a": null, "c": "3"}, "tier": "t"}});
        resource.merge(patch.as_object().unwrap());
        assert_eq!(
            Value::Object(resource.0.clone()),
            json!({"settings": {
                "userLabels": {"b": "2", "c": "3"}, "dataDiskSizeGb": "10", "tier": "t"
            }})
        );
        assert_eq!(resource.integer("settings.dataDiskSizeGb"), Some(10));
        assert_eq!(resource.text("settings.tier.more"), None);
    }
}
