//! Answers, made to fit the generated models.
//!
//! The models want fields that the service leaves out at times (`sku.tier`, `location`), and one
//! such server would spoil a whole list. So an answer is cut down to what pgfleet reads, and what
//! the models insist on is filled in.

use serde_json::{Map, Value};

use super::{failure::Failure, models::Server};
use crate::azure::size::tier_of;

/// The fields of `properties` that are read, each with those that are read within it.
const READ: &[(&str, &[&str])] = &[
    ("administratorLogin", &[]),
    ("availabilityZone", &[]),
    ("version", &[]),
    ("minorVersion", &[]),
    ("state", &[]),
    ("fullyQualifiedDomainName", &[]),
    (
        "storage",
        &["storageSizeGB", "autoGrow", "iops", "throughput", "type"],
    ),
    ("backup", &["backupRetentionDays"]),
    (
        "network",
        &["delegatedSubnetResourceId", "privateDnsZoneArmResourceId"],
    ),
    ("highAvailability", &["mode", "state"]),
    ("sourceServerResourceId", &[]),
    ("replicationRole", &[]),
    ("replica", &["role", "replicationState"]),
];

/// One server of an answer.
pub(super) fn server(answer: &Value) -> Result<Server, Failure> {
    let name = answer.get("name").and_then(Value::as_str);
    let wrong = |why: &str| {
        let name = name.unwrap_or("a server without a name");
        Failure::Malformed(format!(
            "{name} is not described as Azure describes servers: {why}"
        ))
    };
    let Value::Object(all) = answer else {
        return Err(wrong("it is no object"));
    };
    let mut kept = pick(all, &["id", "name", "tags", "location"]);
    kept.entry("location").or_insert_with(|| "".into());
    if let Some(Value::Object(sku)) = all.get("sku")
        && let Some(name) = sku.get("name").and_then(Value::as_str)
    {
        let tier = sku.get("tier").and_then(Value::as_str);
        let tier = tier.unwrap_or_else(|| tier_of(name).as_str());
        kept.insert(
            "sku".to_owned(),
            serde_json::json!({"name": name, "tier": tier}),
        );
    }
    if let Some(Value::Object(properties)) = all.get("properties") {
        let names: Vec<&str> = READ.iter().map(|(name, _)| *name).collect();
        let mut picked = pick(properties, &names);
        for (name, fields) in READ.iter().filter(|(_, fields)| !fields.is_empty()) {
            if let Some(Value::Object(inner)) = picked.get(*name) {
                let inner = pick(inner, fields);
                picked.insert((*name).to_owned(), Value::Object(inner));
            }
        }
        kept.insert("properties".to_owned(), Value::Object(picked));
    }
    serde_json::from_value(Value::Object(kept)).map_err(|error| wrong(&error.to_string()))
}

fn pick(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let there = names.iter().filter_map(|name| {
        let value = fields.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    there.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::azure::client::models::sku::Tier;

    #[test]
    fn a_server_whose_sku_lacks_its_tier_is_read() {
        let answer = json!({"name": "x", "sku": {"name": "Standard_B2s"}, "properties": {}});
        let sku = server(&answer).unwrap().sku.unwrap();
        assert_eq!(sku.tier, Tier::Burstable);
    }

    #[test]
    fn what_nobody_reads_spoils_nothing() {
        let answer = json!({
            "name": "x", "location": "East US 2", "systemData": {"createdAt": "yesterday"},
            "sku": {"name": "Standard_Z9_v9", "tier": "Quantum"},
            "properties": {
                "pointInTimeUTC": "never", "state": "Pondering", "version": "21",
                "backup": {"backupRetentionDays": 7, "earliestRestoreDate": "soon"},
                "maintenanceWindow": 3, "storage": null,
            },
        });
        let server = server(&answer).unwrap();
        let properties = server.properties.unwrap();
        assert_eq!(properties.backup.unwrap().backup_retention_days, Some(7));
        assert_eq!(server.tracked_resource.location, "East US 2");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let answer = json!({"name": "x", "properties": {"storage": {"storageSizeGB": "big"}}});
        let Err(Failure::Malformed(why)) = server(&answer) else {
            panic!("it was read");
        };
        assert!(why.starts_with("x is not described"), "{why}");
    }
}
