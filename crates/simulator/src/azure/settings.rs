//! What a body asks of a server, read against what it is now.

use super::call::{Body, Call};
use super::catalog::{self, BURSTABLE, own_tier, tiers_of};
use super::refusal::{Outcome, Refusal};
use super::state::{Settings, Storage, Window};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const V2: &str = "PremiumV2_LRS";

impl Call<'_> {
    /// The settings that a body asks for; what it does not name stays.
    pub(super) fn changed(&self, from: &Settings, body: &Body) -> Outcome<Settings> {
        let mut next = from.clone();
        if let Some(Value::Object(tags)) = body.at("/tags") {
            let texts = tags
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            let given: BTreeMap<String, String> = texts.collect();
            // The name of a tag is the same in any case.
            let lower = |name: &String| name.to_ascii_lowercase();
            let names: BTreeSet<String> = tags.keys().map(lower).collect();
            if names.len() < tags.len() {
                return Err(Refusal::new(
                    400,
                    "InvalidRequestContent",
                    "The request content is invalid: tag names that differ only in case.",
                ));
            }
            if self.options.merge_tags && self.asked.method == "PATCH" {
                next.tags.retain(|name, _| !names.contains(&lower(name)));
                next.tags.extend(given);
            } else {
                next.tags = given;
            }
        }
        self.compute(&mut next, body)?;
        if let Some(version) = body.text("/properties/version") {
            let minor = self.options.minor(version);
            let minor = minor.ok_or_else(|| Refusal::parameter("version"))?;
            if version != next.version {
                version.clone_into(&mut next.version);
                next.minor = minor;
            }
        }
        next.storage = storage(&from.storage, body)?;
        if next.storage.kind == V2 && next.tier == BURSTABLE {
            return Err(Refusal::parameter_since(
                "storage.type",
                "Burstable tier is not supported for servers with Premium SSD V2.",
            ));
        }
        if let Some(days) = body.number("/properties/backup/backupRetentionDays") {
            if !(7..=35).contains(&days) {
                return Err(Refusal::parameter_since(
                    "backup.backupRetentionDays",
                    "It is from 7 to 35.",
                ));
            }
            // Together with storage it is taken, and nothing comes of it: azure-rest-api-specs#22867.
            if self.asked.method != "PATCH" || body.at("/properties/storage").is_none() {
                next.backup_days = days;
            }
        }
        if let Some(mode) = body.text("/properties/highAvailability/mode") {
            mode.clone_into(&mut next.availability);
        }
        if let Some(zone) = body.text("/properties/highAvailability/standbyAvailabilityZone") {
            next.standby_zone = Some(zone.to_owned());
        }
        sign_in(&mut next, body)?;
        window(&mut next, body)?;
        if let Some(public) = body.on("/properties/network/publicNetworkAccess") {
            next.public = public;
        }
        not_simulated(body)?;
        Ok(next)
    }

    fn compute(&self, next: &mut Settings, body: &Body) -> Outcome<()> {
        let (name, tier) = (body.text("/sku/name"), body.text("/sku/tier"));
        let Some(name) = name else {
            return match tier {
                Some(tier) if tier != next.tier => Err(Refusal::parameter("sku.name")),
                _ => Ok(()),
            };
        };
        let found = self.options.size(name);
        let (name, size) = found.ok_or_else(|| Refusal::parameter("sku.name"))?;
        let tier = tier.unwrap_or(&size.tier);
        if tier != size.tier {
            let why = format!("The size {name} is of the tier {}.", size.tier);
            return Err(Refusal::parameter_since("sku.tier", &why));
        }
        let short = &self.options.sizes_without_capacity;
        if name != next.sku && short.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
            return Err(Refusal::new(
                409,
                "SkuNotAvailable",
                format!(
                    "The requested size '{name}' is currently not available in this location. \
                     Please try another size or deploy to a different location or zone."
                ),
            ));
        }
        next.sku = name;
        next.tier = size.tier;
        Ok(())
    }
}

fn storage(from: &Storage, body: &Body) -> Outcome<Storage> {
    const AT: &str = "/properties/storage/";
    let at = |name: &str| format!("{AT}{name}");
    let mut next = from.clone();
    if let Some(kind) = body.text(&at("type")) {
        match kind {
            // What the service answers for Premium SSD is an empty word.
            "" | "Premium_LRS" => next.kind.clear(),
            V2 => V2.clone_into(&mut next.kind),
            _ => return Err(Refusal::parameter("storage.type")),
        }
    }
    if let Some(gib) = body.number(&at("storageSizeGB")) {
        next.gib = gib;
    }
    if let Some(auto_grow) = body.on(&at("autoGrow")) {
        next.auto_grow = auto_grow;
    }
    let (iops, throughput) = (body.number(&at("iops")), body.number(&at("throughput")));
    let tier = body.text(&at("tier"));
    if next.kind == V2 {
        return second(next, tier, iops, throughput);
    }
    let own = own_tier(next.gib).ok_or_else(|| {
        Refusal::parameter_since(
            "storage.storageSizeGB",
            "It is one of: 32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767.",
        )
    })?;
    let offered = tiers_of(next.gib);
    match tier {
        Some(tier) => {
            let known = offered
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(tier));
            let known = known.ok_or_else(|| Refusal::parameter("storage.tier"))?;
            known.0.clone_into(&mut next.tier);
        }
        // A larger disk has at least its own tier.
        None if !offered.iter().any(|(name, _)| *name == next.tier) => {
            own.clone_into(&mut next.tier);
        }
        None => {}
    }
    next.iops = catalog::iops(&next.tier);
    if iops.is_some_and(|iops| iops != next.iops) || throughput.is_some() {
        return Err(Refusal::parameter_since(
            "storage.iops",
            "IOPS and throughput are set with storage of the type PremiumV2_LRS only.",
        ));
    }
    next.throughput = None;
    Ok(next)
}

/// Premium SSD v2: any size, and IOPS and throughput by themselves.
fn second(
    mut next: Storage,
    tier: Option<&str>,
    iops: Option<i64>,
    throughput: Option<i64>,
) -> Outcome<Storage> {
    if tier.is_some() {
        return Err(Refusal::parameter("storage.tier"));
    }
    if !(32..=65536).contains(&next.gib) {
        return Err(Refusal::parameter("storage.storageSizeGB"));
    }
    if next.auto_grow {
        return Err(Refusal::parameter("storage.autoGrow"));
    }
    next.tier.clear();
    next.iops = iops.unwrap_or(next.iops.max(3000));
    let throughput = throughput.or(next.throughput).unwrap_or(125);
    // 3000 for 6 GB, and 500 for each one more; a quarter of a MB/s for each of them.
    let gigabytes = f64::from(u32::try_from(next.gib).unwrap_or(u32::MAX)) * 1.073_741_82;
    let most = 80_000.0_f64.min((gigabytes - 6.0).mul_add(500.0, 3000.0).floor());
    let iops = f64::from(u32::try_from(next.iops).unwrap_or(0));
    if !(3000.0..=most).contains(&iops) {
        let why = format!("With {} GiB it is between 3000 and {most}.", next.gib);
        return Err(Refusal::parameter_since("storage.iops", &why));
    }
    let most = (next.iops / 4).clamp(125, 1200);
    if !(125..=most).contains(&throughput) {
        let why = format!("With {} IOPS it is between 125 and {most}.", next.iops);
        return Err(Refusal::parameter_since("storage.throughput", &why));
    }
    next.throughput = Some(throughput);
    Ok(next)
}

fn sign_in(next: &mut Settings, body: &Body) -> Outcome<()> {
    if let Some(on) = body.on("/properties/authConfig/activeDirectoryAuth") {
        next.directory_sign_in = on;
    }
    if let Some(on) = body.on("/properties/authConfig/passwordAuth") {
        next.password_sign_in = on;
    }
    if let Some(tenant) = body.text("/properties/authConfig/tenantId") {
        next.tenant = Some(tenant.to_owned());
    }
    if next.directory_sign_in || next.password_sign_in {
        Ok(())
    } else {
        Err(Refusal::parameter_since(
            "authConfig",
            "At least one way to sign in must be enabled.",
        ))
    }
}

fn window(next: &mut Settings, body: &Body) -> Outcome<()> {
    const AT: &str = "/properties/maintenanceWindow/";
    if body.on(&format!("{AT}customWindow")) == Some(false) {
        next.window = None;
        return Ok(());
    }
    let part = |name: &str, most: i64| match body.number(&format!("{AT}{name}")) {
        Some(number) if !(0..=most).contains(&number) => {
            Err(Refusal::parameter(&format!("maintenanceWindow.{name}")))
        }
        number => Ok(number),
    };
    let (day, hour, minute) = (
        part("dayOfWeek", 6)?,
        part("startHour", 23)?,
        part("startMinute", 59)?,
    );
    if day.is_some() || hour.is_some() || minute.is_some() {
        next.window = Some(Window {
            day: day.unwrap_or(0),
            hour: hour.unwrap_or(0),
            minute: minute.unwrap_or(0),
        });
    }
    Ok(())
}

/// What would have an effect that is not simulated is refused, so that nobody relies on it.
fn not_simulated(body: &Body) -> Outcome<()> {
    const REST: [&str; 6] = [
        "/identity",
        "/properties/cluster",
        "/properties/fipsMode",
        "/properties/backup/immutableBackup",
        "/properties/storage/autoGrowMaxThresholdMb",
        "/properties/storage/autoGrowIncrementPercent",
    ];
    let rest = REST.iter().find(|path| body.at(path).is_some());
    let key = body.text("/properties/dataEncryption/type") == Some("AzureKeyVault");
    let encryption = key.then_some("/properties/dataEncryption");
    match rest.copied().or(encryption) {
        Some(path) => Err(Refusal::parameter_since(
            &path[1..].replace('/', "."),
            "Its effect is not simulated.",
        )),
        None => Ok(()),
    }
}
