//! What an instance may be: defaults of what is not said, and the rules for a whole instance,
//! however it came about.

use super::errors::{ApiError, ApiResult};
use super::names;
use super::options::GcpOptions;
use super::resource::Resource;
use super::tiers;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// The newest version that can be had.
pub(crate) const NEWEST: u32 = 18;

pub(crate) fn is_replica(resource: &Resource) -> bool {
    resource.get("masterInstanceName").is_some()
}

pub(crate) fn edition(resource: &Resource) -> &str {
    resource.text("settings.edition").unwrap_or_default()
}

/// The edition of a version where none is said: Enterprise Plus from PostgreSQL 16 on.
fn usual_edition(version: &str) -> &'static str {
    if names::major(version).is_some_and(|major| major >= 16) {
        "ENTERPRISE_PLUS"
    } else {
        "ENTERPRISE"
    }
}

/// Sets what is not said.
pub(crate) fn defaults(resource: &mut Resource) {
    const BACKUPS: &str = "settings.backupConfiguration";
    let version = resource.text("databaseVersion").unwrap_or_default();
    resource.set_default("settings.edition", usual_edition(version));
    let plus = edition(resource) == "ENTERPRISE_PLUS";
    let tier = resource.text("settings.tier");
    let hyperdisk = tier.is_some_and(tiers::takes_hyperdisk);
    let replica = is_replica(resource);
    resource.set("settings.kind", "sql#settings");
    for (path, value) in [
        ("settings.availabilityType", json!("ZONAL")),
        ("settings.pricingPlan", json!("PER_USE")),
        ("settings.replicationType", json!("SYNCHRONOUS")),
        ("settings.activationPolicy", json!("ALWAYS")),
        ("settings.storageAutoResize", json!(true)),
        ("settings.storageAutoResizeLimit", json!("0")),
        ("settings.dataDiskSizeGb", json!("10")),
        ("settings.connectorEnforcement", json!("NOT_REQUIRED")),
        ("settings.deletionProtectionEnabled", json!(false)),
        ("settings.ipConfiguration.ipv4Enabled", json!(true)),
        ("settings.ipConfiguration.requireSsl", json!(false)),
        (
            "settings.ipConfiguration.sslMode",
            json!("ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
        ),
        (
            "settings.ipConfiguration.serverCaMode",
            json!("GOOGLE_MANAGED_INTERNAL_CA"),
        ),
    ] {
        resource.set_default(path, value);
    }
    resource.set_default(
        "settings.dataDiskType",
        if hyperdisk {
            "HYPERDISK_BALANCED"
        } else {
            "PD_SSD"
        },
    );
    let mut backups = |name: &str, value: Value| {
        resource.set_default(&format!("{BACKUPS}.{name}"), value);
    };
    backups("enabled", json!(false));
    backups("pointInTimeRecoveryEnabled", json!(false));
    backups("kind", json!("sql#backupConfiguration"));
    if replica {
        resource.set_default("settings.databaseReplicationEnabled", true);
        return;
    }
    backups("startTime", json!("03:00"));
    backups(
        "transactionLogRetentionDays",
        json!(if plus { 14 } else { 7 }),
    );
    backups("backupTier", json!("STANDARD"));
    backups("backupRetentionSettings.retentionUnit", json!("COUNT"));
    backups(
        "backupRetentionSettings.retainedBackups",
        json!(if plus { 15 } else { 7 }),
    );
    if resource.is_on("settings.backupConfiguration.pointInTimeRecoveryEnabled") {
        resource.set_default(
            "settings.backupConfiguration.transactionalLogStorageState",
            "CLOUD_STORAGE",
        );
    }
}

/// Checks a whole instance, without a look at others.
pub(crate) fn check(resource: &Resource, options: &GcpOptions) -> ApiResult<()> {
    versions(resource)?;
    let tier = resource
        .text("settings.tier")
        .filter(|tier| !tier.is_empty())
        .ok_or_else(|| ApiError::missing("settings.tier"))?;
    let edition = edition(resource);
    if !matches!(edition, "ENTERPRISE" | "ENTERPRISE_PLUS") {
        return Err(ApiError::invalid(format_args!(
            "Invalid Edition ({edition})"
        )));
    }
    tiers::check(tier, edition, options)?;
    disk(resource, tier)?;
    names::labels(resource)?;
    place(resource, options)?;
    network(resource)?;
    switches(resource)?;
    backups(resource)
}

fn versions(resource: &Resource) -> ApiResult<()> {
    let Some(version) = resource.text("databaseVersion") else {
        return Err(ApiError::uncovered(
            "an instance without databaseVersion, which would be one of MySQL",
        ));
    };
    let major = names::major(version);
    let Some(major) = major.filter(|major| (9..=NEWEST).contains(major)) else {
        return Err(ApiError::invalid(format_args!(
            "Invalid database version ({version})"
        )));
    };
    if edition(resource) == "ENTERPRISE_PLUS" && major < 12 {
        return Err(ApiError::invalid(format_args!(
            "database version ({version}) is not supported for (ENTERPRISE_PLUS) Edition"
        )));
    }
    Ok(())
}

fn disk(resource: &Resource, tier: &str) -> ApiResult<()> {
    let size = resource.integer("settings.dataDiskSizeGb").unwrap_or(0);
    let most = tiers::most_gib(tier);
    if !(10..=most).contains(&size) {
        return Err(ApiError::invalid(format_args!(
            "Invalid disk size ({size} GB): it must be between 10 and {most}"
        )));
    }
    let kind = resource.text("settings.dataDiskType").unwrap_or_default();
    let hyperdisk = kind == "HYPERDISK_BALANCED";
    let plus = edition(resource) == "ENTERPRISE_PLUS";
    let fits = match kind {
        "PD_SSD" => !tiers::takes_hyperdisk(tier),
        "PD_HDD" => !plus && !tiers::takes_hyperdisk(tier),
        "HYPERDISK_BALANCED" => tiers::takes_hyperdisk(tier),
        _ => false,
    };
    if !fits {
        return Err(ApiError::invalid(format_args!(
            "Invalid disk type ({kind}) for the Tier ({tier})"
        )));
    }
    let provisioned = ["dataDiskProvisionedIops", "dataDiskProvisionedThroughput"];
    for name in provisioned {
        if resource.get(&format!("settings.{name}")).is_some() && !hyperdisk {
            return Err(ApiError::invalid(format_args!(
                "{name} is only for disks of the type HYPERDISK_BALANCED"
            )));
        }
    }
    let limit = resource.integer("settings.storageAutoResizeLimit");
    if limit.is_some_and(|limit| limit != 0 && limit < size) {
        return Err(ApiError::invalid(
            "the storage auto resize limit must be 0, or at least the disk's size",
        ));
    }
    Ok(())
}

fn place(resource: &Resource, options: &GcpOptions) -> ApiResult<()> {
    let region = resource.text("region").unwrap_or_default();
    let Some(zones) = names::zones(region, options) else {
        return Err(ApiError::invalid(format_args!("Invalid region ({region})")));
    };
    let wanted = |name: &str| resource.text(&format!("settings.locationPreference.{name}"));
    for zone in [wanted("zone"), wanted("secondaryZone")]
        .into_iter()
        .flatten()
    {
        if zones.iter().any(|known| known == zone) {
            continue;
        }
        let elsewhere = zone
            .rsplit_once('-')
            .and_then(|(region, _)| names::zones(region, options))
            .is_some_and(|zones| zones.iter().any(|known| known == zone));
        return Err(if elsewhere {
            ApiError::new(
                400,
                "errorGceZoneRegion",
                "The Compute Engine zone is in a different geographical region.",
            )
        } else {
            ApiError::new(
                400,
                "errorUnrecognizedGceZone",
                "The request contains an unrecognized Compute Engine zone.",
            )
        });
    }
    if wanted("zone").is_some() && wanted("zone") == wanted("secondaryZone") {
        return Err(ApiError::invalid("the secondary zone must be another zone"));
    }
    Ok(())
}

fn network(resource: &Resource) -> ApiResult<()> {
    let public = resource.is_on("settings.ipConfiguration.ipv4Enabled");
    let network = resource.text("settings.ipConfiguration.privateNetwork");
    if !public && network.is_none() {
        return Err(ApiError::invalid(
            "At least one of Public IP or Private IP connectivity must be enabled",
        ));
    }
    let entries = resource.get("settings.ipConfiguration.authorizedNetworks");
    for entry in entries.and_then(Value::as_array).into_iter().flatten() {
        let value = entry.get("value").and_then(Value::as_str);
        let value = value.unwrap_or_default();
        if !is_ipv4_network(value) {
            return Err(ApiError::invalid(format_args!(
                "Invalid authorized network ({value}): it is written as an IPv4 address, or as one \
                 with the length of a prefix"
            )));
        }
    }
    // A whole URL is taken as well as a name.
    let formed = |network: &str| {
        let parts: Vec<&str> = network.trim_start_matches('/').split('/').collect();
        matches!(parts[..], [.., "projects", _, "global", "networks", name] if !name.is_empty())
    };
    if let Some(network) = network.filter(|network| !formed(network)) {
        return Err(ApiError::invalid(format_args!(
            "Invalid private network ({network})"
        )));
    }
    Ok(())
}

/// Whether a text is `192.0.2.1` or `192.0.2.0/24`.
fn is_ipv4_network(text: &str) -> bool {
    let (address, length) = text.split_once('/').unwrap_or((text, "32"));
    let address = address.parse::<Ipv4Addr>().is_ok();
    address && length.parse::<u8>().is_ok_and(|length| length <= 32)
}

fn switches(resource: &Resource) -> ApiResult<()> {
    let replica = is_replica(resource);
    let policy = resource
        .text("settings.activationPolicy")
        .unwrap_or_default();
    if !matches!(policy, "ALWAYS" | "NEVER") {
        return Err(ApiError::invalid(format_args!(
            "Invalid activation policy ({policy})"
        )));
    }
    if resource.text("settings.pricingPlan") != Some("PER_USE") {
        return Err(ApiError::invalid(
            "Only the pricing plan PER_USE is supported",
        ));
    }
    let lag = resource.get("settings.replicationLagMaxSeconds");
    if !replica && (resource.is_on("settings.databaseReplicationEnabled") || lag.is_some()) {
        return Err(ApiError::new(
            400,
            "errorInvalidInstancePropertyDatabaseReplicationEnabled",
            "The database replication setting is only used on a read replica.",
        ));
    }
    let window = |name: &str| resource.integer(&format!("settings.maintenanceWindow.{name}"));
    let hour = window("hour").is_none_or(|hour| (0..24).contains(&hour));
    let day = window("day").is_none_or(|day| (0..=7).contains(&day));
    if !hour || !day {
        return Err(ApiError::invalid(
            "A maintenance window has a day from 1 to 7 and an hour from 0 to 23",
        ));
    }
    if resource.is_on("settings.dataCacheConfig.dataCacheEnabled")
        && edition(resource) != "ENTERPRISE_PLUS"
    {
        return Err(ApiError::invalid(
            "Data cache is only supported for (ENTERPRISE_PLUS) Edition",
        ));
    }
    Ok(())
}

/// Checks that a primary with a standby has what that needs. A promoted replica may lack it, and is
/// not asked until one of the two changes.
pub(crate) fn check_standby(resource: &Resource) -> ApiResult<()> {
    let regional = resource.text("settings.availabilityType") == Some("REGIONAL");
    if regional && !is_replica(resource) && !has_backups(resource) {
        return Err(ApiError::invalid(
            "A regional instance needs backups and point-in-time recovery to be enabled",
        ));
    }
    Ok(())
}

/// Whether backups and point-in-time recovery are on.
pub(crate) fn has_backups(resource: &Resource) -> bool {
    resource.is_on("settings.backupConfiguration.enabled")
        && resource.is_on("settings.backupConfiguration.pointInTimeRecoveryEnabled")
}

/// Sets the zones that an instance is in: the preferred ones, else those that it has, else any that
/// its name leads to.
pub(crate) fn settle_zones(resource: &mut Resource, name: &str, options: &GcpOptions) {
    let region = resource.text("region").unwrap_or_default();
    let zones = names::zones(region, options).unwrap_or_default();
    let known = |preferred: &str, present: &str| {
        let preferred = format!("settings.locationPreference.{preferred}");
        let zone = resource.text(&preferred).or_else(|| resource.text(present));
        zone.map(str::to_owned)
    };
    // Spread over the zones, yet the same for the same name.
    let spread = name.bytes().map(usize::from).sum::<usize>();
    let usual = |more: usize| {
        let index = (spread + more).checked_rem(zones.len()).unwrap_or(0);
        zones.get(index).cloned().unwrap_or_default()
    };
    let zone = known("zone", "gceZone").unwrap_or_else(|| usual(0));
    let second = known("secondaryZone", "secondaryGceZone").filter(|second| *second != zone);
    let second = second.unwrap_or_else(|| {
        let others = [usual(0), usual(1)];
        let other = others.into_iter().find(|other| *other != zone);
        other.unwrap_or_default()
    });
    resource.set("gceZone", zone);
    resource.0.shift_remove("secondaryGceZone");
    if resource.text("settings.availabilityType") == Some("REGIONAL") {
        resource.set("secondaryGceZone", second);
    }
}

fn backups(resource: &Resource) -> ApiResult<()> {
    let setting = |name: &str| format!("settings.backupConfiguration.{name}");
    let enabled = resource.is_on(&setting("enabled"));
    let recovery = resource.is_on(&setting("pointInTimeRecoveryEnabled"));
    if is_replica(resource) {
        if enabled || recovery {
            return Err(ApiError::new(
                400,
                "errorDisallowedEnablingBackupsForReadReplica",
                "A backup can't be enabled for read replicas.",
            ));
        }
        return Ok(());
    }
    if resource.is_on(&setting("binaryLogEnabled")) {
        return Err(ApiError::invalid("Binary log is only supported for MySQL"));
    }
    if recovery && !enabled {
        return Err(ApiError::invalid(
            "Point-in-time recovery needs backups to be enabled",
        ));
    }
    let most = if edition(resource) == "ENTERPRISE_PLUS" {
        35
    } else {
        7
    };
    let days = resource.integer(&setting("transactionLogRetentionDays"));
    if days.is_some_and(|days| !(1..=most).contains(&days)) {
        return Err(ApiError::invalid(format_args!(
            "The number of transaction log retention days must be between 1 and {most}"
        )));
    }
    let kept = resource.integer(&setting("backupRetentionSettings.retainedBackups"));
    if kept.is_some_and(|kept| !(1..=365).contains(&kept)) {
        return Err(ApiError::invalid(
            "The number of retained backups must be between 1 and 365",
        ));
    }
    let start = resource.text(&setting("startTime")).unwrap_or_default();
    let parts = start.split_once(':');
    let number = |text: &str, below: u32| {
        text.len() == 2 && text.parse::<u32>().is_ok_and(|number| number < below)
    };
    if !parts.is_some_and(|(hours, minutes)| number(hours, 24) && number(minutes, 60)) {
        return Err(ApiError::invalid(format_args!(
            "Invalid start time of backups ({start}): it is written HH:MM"
        )));
    }
    Ok(())
}
