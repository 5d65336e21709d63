//! Which meter a product of the list is.

use pgfleet_model::Availability;
use serde::Deserialize;

/// The attributes of a product that tell what it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attributes {
    database_engine: Option<String>,
    instance_type: Option<String>,
    deployment_option: Option<String>,
    license_model: Option<String>,
    usagetype: Option<String>,
    region_code: Option<String>,
}

/// A product of PostgreSQL.
#[derive(Debug)]
pub(super) struct Product {
    /// Its meter in the catalog.
    pub(super) meter: String,
    /// In one zone or two.
    pub(super) availability: Availability,
    /// Whether it is priced for every engine alike.
    pub(super) any_engine: bool,
    /// The region that it says to be of.
    pub(super) region: Option<String>,
}

/// The meters of disks and backups by the end of their usage type. What stands before it is a
/// region's prefix, which is none in the first region and differs elsewhere.
const USAGES: [(&str, &str); 10] = [
    ("StorageUsage", "magnetic"),
    ("GP2-Storage", "gp2"),
    ("GP3-Storage", "gp3"),
    ("PIOPS-Storage", "io1"),
    ("IO2-PIOPS-Storage", "io2"),
    ("GP3-PIOPS", "gp3/iops"),
    ("PIOPS", "io1/iops"),
    ("IO2-PIOPS", "io2/iops"),
    ("GP3-Throughput", "gp3/throughput"),
    ("ChargedBackupUsage", "backup"),
];

/// The meter of a product; `None` for what a PostgreSQL instance is not billed by.
pub(super) fn product(family: Option<&str>, attributes: Attributes) -> Option<Product> {
    let engine = attributes.database_engine.as_deref();
    let any_engine = matches!(engine, None | Some("Any"));
    if !any_engine && engine != Some("PostgreSQL") {
        return None;
    }
    let availability = match attributes.deployment_option.as_deref() {
        None | Some("Single-AZ") => Availability::Zonal,
        Some("Multi-AZ") => Availability::Regional,
        // Clusters with readable standbys, mirrors.
        Some(_) => return None,
    };
    let usage = attributes.usagetype.as_deref().unwrap_or_default();
    let (meter, availability) = if family == Some("Database Instance") {
        let licensed = attributes.license_model.as_deref();
        let free = matches!(licensed, None | Some("No license required"));
        let kind = match availability {
            Availability::Zonal => "InstanceUsage:",
            Availability::Regional => "Multi-AZUsage:",
        };
        let class = attributes
            .instance_type
            .filter(|name| name.starts_with("db."));
        // Other uses of the same class, such as extended support, have another usage type.
        let usual = usage.split_once(kind).is_some_and(|(prefix, class)| {
            (prefix.is_empty() || prefix.ends_with('-')) && class.starts_with("db.")
        });
        (
            class.filter(|_| free && usual && !any_engine)?,
            availability,
        )
    } else if family == Some("Provisioned Throughput") && usage.is_empty() {
        ("gp3/throughput".to_owned(), availability)
    } else {
        let (_, usage) = usage.split_once("RDS:")?;
        let (usage, standby) = match usage.strip_prefix("Multi-AZ-") {
            Some(usage) => (usage, Availability::Regional),
            None => (usage, Availability::Zonal),
        };
        let (_, meter) = USAGES.iter().find(|(name, _)| *name == usage)?;
        ((*meter).to_owned(), standby)
    };
    Some(Product {
        meter,
        availability,
        any_engine,
        region: attributes.region_code,
    })
}
