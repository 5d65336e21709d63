//! What a region offers.

use super::call::Call;
use super::catalog::{BURSTABLE, TIERS, ladder, tiers_of};
use super::refusal::{Answer, Outcome};
use serde_json::{Value, json};

impl Call<'_> {
    pub(super) fn capabilities(&self) -> Outcome<Answer> {
        let location = self.asked.region.clone();
        let zones = self.region(&location)?.zones;
        // A region that the subscription may not use is answered, and says so.
        let restricted = self.is_restricted(&location);
        let on = |on: bool| if on { "Enabled" } else { "Disabled" };
        let all = self.options.all_versions();
        let later = |from: usize| -> Vec<&String> {
            all.iter().skip(from + 1).map(|(major, _)| major).collect()
        };
        let versions: Vec<Value> = all
            .iter()
            .enumerate()
            .map(|(at, (major, _))| json!({"name": major, "supportedVersionsToUpgrade": later(at)}))
            .collect();
        let editions: Vec<Value> = TIERS.iter().map(|tier| self.edition(tier, zones)).collect();
        let mut capability = json!({
            "name": "FlexibleServerCapabilities",
            "supportedServerEditions": editions,
            "supportedServerVersions": versions,
            "fastProvisioningSupported": "Disabled",
            "geoBackupSupported": "Enabled",
            "zoneRedundantHaSupported": on(zones),
            "zoneRedundantHaAndGeoBackupSupported": on(zones),
            "storageAutoGrowthSupported": "Enabled",
            "onlineResizeSupported": "Enabled",
            "restricted": on(restricted),
        });
        if restricted {
            capability["status"] = json!("Disabled");
            capability["reason"] = json!(format!(
                "Subscriptions are restricted from provisioning in location '{location}'."
            ));
        }
        Ok(Answer::read(json!({"value": [capability]})))
    }

    fn edition(&self, tier: &str, zones: bool) -> Value {
        let sizes = self.options.all_sizes();
        let sizes: Vec<Value> = sizes
            .iter()
            .filter(|(_, size)| size.tier == tier)
            .map(|(name, size)| {
                let modes: &[&str] = match (tier == BURSTABLE, zones) {
                    (true, _) => &[],
                    (false, true) => &["SameZone", "ZoneRedundant"],
                    (false, false) => &["SameZone"],
                };
                let zones: &[&str] = if zones { &["1", "2", "3"] } else { &[] };
                json!({
                    "name": name,
                    "vCores": size.cores,
                    "supportedIops": (size.cores * 1600).min(80000),
                    "supportedMemoryPerVcoreMb": size.memory_mib / size.cores.max(1),
                    "supportedZones": zones,
                    "supportedHaMode": modes,
                    "supportedFeatures": [],
                })
            })
            .collect();
        let usual = match tier {
            BURSTABLE => "Standard_B2s",
            "GeneralPurpose" => "Standard_D4ads_v5",
            _ => "Standard_E4ads_v5",
        };
        let disks: Vec<Value> = ladder()
            .iter()
            .filter(|(gib, _)| *gib != 32768)
            .map(|(gib, own)| {
                let tiers = tiers_of(*gib);
                let iops = tiers.first().map_or(0, |(_, iops)| *iops);
                let tiers: Vec<Value> = tiers
                    .iter()
                    .map(|(name, iops)| json!({"name": name, "iops": iops}))
                    .collect();
                json!({
                    "supportedIops": iops,
                    "storageSizeMb": gib * 1024,
                    "defaultIopsTier": own,
                    "supportedIopsTiers": tiers,
                })
            })
            .collect();
        let usual_mib = if tier == BURSTABLE { 32768 } else { 65536 };
        json!({
            "name": tier,
            "defaultSkuName": usual,
            "supportedServerSkus": sizes,
            "supportedStorageEditions": [{
                "name": "ManagedDisk",
                "defaultStorageSizeMb": usual_mib,
                "supportedStorageMb": disks,
            }],
        })
    }
}
