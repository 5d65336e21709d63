//! `DescribeOrderableDBInstanceOptions` and `DescribeDBEngineVersions`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::pages::page;
use super::storage;
use super::xml::Xml;
use std::collections::BTreeMap;

pub(crate) fn orderable(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let engine = call.arguments.required("Engine");
    if engine != "postgres" {
        return Err(ApiError::value(format!(
            "Unrecognized engine name: {engine} (the simulator serves postgres)"
        )));
    }
    if let Some(filter) = call.arguments.filters().first() {
        return Err(ApiError::value(format!(
            "Unrecognized filter name: {}",
            filter.name
        )));
    }
    let exact = call.arguments.text("EngineVersion");
    let known = call.options.all_versions();
    if let Some(version) = exact
        && !known.iter().any(|one| call.options.word(*one) == version)
    {
        return Err(super::create::no_version(version));
    }
    let offered = !call.options.tells_no_offers
        && call
            .arguments
            .text("LicenseModel")
            .is_none_or(|name| name == "postgresql-license")
        && call.arguments.boolean("Vpc") != Some(false);
    let mut rows = BTreeMap::new();
    for (major, minor) in known.into_iter().filter(|_| offered) {
        let version = call.options.word((major, minor));
        if exact.is_some_and(|exact| exact != version) {
            continue;
        }
        for class in call.options.classes_for(&call.place.region, &version) {
            if call
                .arguments
                .text("DBInstanceClass")
                .is_some_and(|wanted| wanted != class)
            {
                continue;
            }
            for kind in ["gp2", "gp3", "io1", "io2", "standard"] {
                let name = format!("{class} {major:03}.{minor:03} {kind}");
                rows.insert(name, (class.clone(), version.clone(), kind));
            }
        }
    }
    let page = page(call, 1000, rows)?;
    let zones = call.options.zones(&call.place.region).unwrap_or_default();
    xml.list(
        "OrderableDBInstanceOptions",
        "OrderableDBInstanceOption",
        page.items,
        |xml, (class, version, kind)| option(xml, &class, &version, kind, &zones),
    );
    xml.optional("Marker", page.marker);
    Ok(())
}

fn option(xml: &mut Xml, class: &str, version: &str, kind: &str, zones: &[String]) {
    xml.leaf("Engine", "postgres");
    xml.leaf("EngineVersion", version);
    xml.leaf("DBInstanceClass", class);
    xml.leaf("LicenseModel", "postgresql-license");
    xml.list(
        "AvailabilityZones",
        "AvailabilityZone",
        zones,
        |xml, zone| xml.leaf("Name", zone),
    );
    xml.leaf("MultiAZCapable", true);
    xml.leaf("ReadReplicaCapable", true);
    xml.leaf("Vpc", true);
    xml.leaf("SupportsStorageEncryption", class != "db.t2.micro");
    xml.leaf("StorageType", kind);
    let (least, most) = storage::sizes(kind).unwrap_or_default();
    xml.leaf("MinStorageSize", least);
    xml.leaf("MaxStorageSize", most);
    let iops = match kind {
        "gp3" => Some((12_000, 64_000, "0.5", "500.0")),
        "io1" => Some((1_000, 256_000, "0.5", "50.0")),
        "io2" => Some((1_000, 256_000, "0.5", "1000.0")),
        _ => None,
    };
    xml.leaf("SupportsIops", iops.is_some());
    if let Some((least, most, least_per_gib, most_per_gib)) = iops {
        xml.leaf("MinIopsPerDbInstance", least);
        xml.leaf("MaxIopsPerDbInstance", most);
        xml.leaf("MinIopsPerGib", least_per_gib);
        xml.leaf("MaxIopsPerGib", most_per_gib);
    }
    xml.leaf("SupportsStorageThroughput", kind == "gp3");
    if kind == "gp3" {
        xml.leaf("MinStorageThroughputPerDbInstance", 500);
        xml.leaf("MaxStorageThroughputPerDbInstance", 4_000);
        xml.leaf("MaxStorageThroughputPerIops", "0.25");
    }
    xml.leaf("SupportsEnhancedMonitoring", true);
    xml.leaf("SupportsIAMDatabaseAuthentication", true);
    xml.leaf("SupportsPerformanceInsights", true);
    xml.leaf("SupportsStorageAutoscaling", kind != "standard");
    xml.leaf("SupportsKerberosAuthentication", true);
    xml.leaf("OutpostCapable", false);
    xml.leaf("SupportsGlobalDatabases", false);
    xml.leaf("SupportsClusters", false);
    xml.leaf("SupportsDedicatedLogVolume", matches!(kind, "io1" | "io2"));
    xml.texts("SupportedNetworkTypes", "member", ["IPV4"]);
}

pub(crate) fn engine_versions(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    for filter in call.arguments.filters() {
        if ![
            "db-parameter-group-family",
            "engine",
            "engine-mode",
            "engine-version",
            "status",
        ]
        .contains(&filter.name.as_str())
        {
            return Err(ApiError::value(format!(
                "Unrecognized filter name: {}",
                filter.name
            )));
        }
    }
    let known = call.options.all_versions();
    let ours = call
        .arguments
        .text("Engine")
        .is_none_or(|engine| engine == "postgres");
    let wanted = call.arguments.text("EngineVersion");
    let default = call.options.default_version();
    let options = call.options;
    let matches = |(major, minor): (u32, u32)| {
        let version = options.word((major, minor));
        let family = format!("postgres{major}");
        wanted.is_none_or(|wanted| wanted == version || wanted == major.to_string())
            && call
                .arguments
                .text("DBParameterGroupFamily")
                .is_none_or(|name| name == family)
            && (call.arguments.boolean("DefaultOnly") != Some(true) || version == default)
            && call.arguments.filters().iter().all(|filter| {
                filter
                    .values
                    .iter()
                    .any(|value| match filter.name.as_str() {
                        "engine" => value == "postgres",
                        "engine-version" => *value == version || *value == major.to_string(),
                        "db-parameter-group-family" => *value == family,
                        "status" => value == "available",
                        _ => value == "provisioned",
                    })
            })
    };
    let rows = known
        .iter()
        .copied()
        .filter(|version| ours && matches(*version));
    let rows = rows.map(|(major, minor)| (format!("{major:03}.{minor:03}"), (major, minor)));
    let page = page(call, 100, rows)?;
    xml.list(
        "DBEngineVersions",
        "DBEngineVersion",
        page.items,
        |xml, (major, minor)| {
            xml.leaf("Engine", "postgres");
            xml.leaf("MajorEngineVersion", major);
            xml.leaf("EngineVersion", options.word((major, minor)));
            xml.leaf("DBParameterGroupFamily", format_args!("postgres{major}"));
            xml.leaf("DBEngineDescription", "PostgreSQL");
            xml.leaf(
                "DBEngineVersionDescription",
                format_args!("PostgreSQL {}", options.word((major, minor))),
            );
            let newer = known.iter().filter(|other| **other > (major, minor));
            xml.list(
                "ValidUpgradeTarget",
                "UpgradeTarget",
                newer,
                |xml, target| {
                    let word = options.word(*target);
                    xml.leaf("Engine", "postgres");
                    xml.leaf("EngineVersion", &word);
                    xml.leaf("Description", format_args!("PostgreSQL {word}"));
                    xml.leaf("AutoUpgrade", false);
                    xml.leaf("IsMajorVersionUpgrade", target.0 != major);
                },
            );
            xml.texts("ExportableLogTypes", "member", ["postgresql", "upgrade"]);
            xml.leaf("SupportsLogExportsToCloudwatchLogs", true);
            xml.leaf("SupportsReadReplica", true);
            xml.leaf("Status", "available");
            xml.leaf("SupportsParallelQuery", false);
            xml.leaf("SupportsGlobalDatabases", false);
        },
    );
    xml.optional("Marker", page.marker);
    Ok(())
}
