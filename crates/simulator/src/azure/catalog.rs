//! What Azure offers: regions, sizes, storage, versions. Small tables; options add to them.

use super::options::{AzureOptions, Region, Size};

/// Regions: the name, as people write it, and whether it has availability zones.
const REGIONS: [(&str, &str, bool); 30] = [
    ("australiaeast", "Australia East", true),
    ("brazilsouth", "Brazil South", true),
    ("canadacentral", "Canada Central", true),
    ("canadaeast", "Canada East", false),
    ("centralindia", "Central India", true),
    ("centralus", "Central US", true),
    ("eastasia", "East Asia", true),
    ("eastus", "East US", true),
    ("eastus2", "East US 2", true),
    ("francecentral", "France Central", true),
    ("germanywestcentral", "Germany West Central", true),
    ("italynorth", "Italy North", true),
    ("japaneast", "Japan East", true),
    ("koreacentral", "Korea Central", true),
    ("northcentralus", "North Central US", false),
    ("northeurope", "North Europe", true),
    ("norwayeast", "Norway East", true),
    ("polandcentral", "Poland Central", true),
    ("southafricanorth", "South Africa North", true),
    ("southcentralus", "South Central US", true),
    ("southeastasia", "Southeast Asia", true),
    ("swedencentral", "Sweden Central", true),
    ("switzerlandnorth", "Switzerland North", true),
    ("uaenorth", "UAE North", true),
    ("uksouth", "UK South", true),
    ("ukwest", "UK West", false),
    ("westeurope", "West Europe", true),
    ("westus", "West US", false),
    ("westus2", "West US 2", true),
    ("westus3", "West US 3", true),
];

pub(super) const BURSTABLE: &str = "Burstable";
pub(super) const TIERS: [&str; 3] = [BURSTABLE, "GeneralPurpose", "MemoryOptimized"];

/// Burstable sizes: name, vCores, memory in MiB.
const BURSTABLES: [(&str, u32, u32); 8] = [
    ("Standard_B1ms", 1, 2048),
    ("Standard_B2s", 2, 4096),
    ("Standard_B2ms", 2, 8192),
    ("Standard_B4ms", 4, 16384),
    ("Standard_B8ms", 8, 32768),
    ("Standard_B12ms", 12, 49152),
    ("Standard_B16ms", 16, 65536),
    ("Standard_B20ms", 20, 81920),
];

/// Families: letter, what follows the vCores, the largest, memory per vCore in MiB.
const FAMILIES: [(char, &str, u32, u32); 12] = [
    ('D', "s_v3", 64, 4096),
    ('D', "ds_v4", 64, 4096),
    ('D', "ads_v5", 96, 4096),
    ('D', "ds_v5", 96, 4096),
    ('D', "ads_v6", 96, 4096),
    ('D', "ds_v6", 192, 4096),
    ('E', "s_v3", 64, 8192),
    ('E', "ds_v4", 64, 8192),
    ('E', "ads_v5", 96, 8192),
    ('E', "ds_v5", 96, 8192),
    ('E', "ads_v6", 96, 8192),
    ('E', "ds_v6", 192, 8192),
];

const CORES: [u32; 11] = [2, 4, 8, 16, 20, 32, 48, 64, 96, 128, 192];

/// Major versions that can be created, with their minor version.
const VERSIONS: [(&str, &str); 7] = [
    ("12", "22"),
    ("13", "23"),
    ("14", "20"),
    ("15", "15"),
    ("16", "11"),
    ("17", "7"),
    ("18", "1"),
];

/// Premium SSD: size in GiB, the tier it has by itself.
const LADDER: [(i64, &str); 13] = [
    (32, "P4"),
    (64, "P6"),
    (128, "P10"),
    (256, "P15"),
    (512, "P20"),
    (1024, "P30"),
    (2048, "P40"),
    (4095, "P50"),
    (4096, "P50"),
    (8192, "P60"),
    (16384, "P70"),
    (32767, "P80"),
    (32768, "P80"),
];

/// Performance tiers with their IOPS, lowest first.
const PERFORMANCE: [(&str, i64); 14] = [
    ("P1", 120),
    ("P2", 120),
    ("P3", 120),
    ("P4", 120),
    ("P6", 240),
    ("P10", 500),
    ("P15", 1100),
    ("P20", 2300),
    ("P30", 5000),
    ("P40", 7500),
    ("P50", 7500),
    ("P60", 16000),
    ("P70", 18000),
    ("P80", 20000),
];

/// `East US 2` and `eastus2` are the same place.
pub(super) fn plain(location: &str) -> String {
    location.replace(' ', "").to_ascii_lowercase()
}

/// A major version as a number; 0 where it is none.
pub(super) fn major(version: &str) -> u32 {
    version.parse().unwrap_or(0)
}

impl AzureOptions {
    pub(super) fn region(&self, plain: &str) -> Option<Region> {
        if let Some(region) = self.regions.get(plain) {
            return Some(region.clone());
        }
        let known = REGIONS.iter().find(|(name, ..)| *name == plain)?;
        Some(Region {
            display_name: known.1.to_owned(),
            zones: known.2,
        })
    }

    pub(super) fn region_names(&self) -> String {
        let mut names: Vec<&str> = REGIONS.iter().map(|(name, ..)| *name).collect();
        names.extend(self.regions.keys().map(String::as_str));
        names.join(",")
    }

    /// All sizes, with their names as documented.
    pub(super) fn all_sizes(&self) -> Vec<(String, Size)> {
        let burstable = BURSTABLES.iter().map(|(name, cores, memory)| {
            let size = Size {
                tier: BURSTABLE.to_owned(),
                cores: *cores,
                memory_mib: *memory,
            };
            ((*name).to_owned(), size)
        });
        let families = FAMILIES.iter().flat_map(|(letter, suffix, most, each)| {
            // The D families go without a size of 20 vCores.
            let offered = |cores: &&u32| **cores <= *most && (*letter == 'E' || **cores != 20);
            CORES.iter().filter(offered).map(move |cores| {
                let tier = if *letter == 'D' { TIERS[1] } else { TIERS[2] };
                let size = Size {
                    tier: tier.to_owned(),
                    cores: *cores,
                    memory_mib: cores * each,
                };
                (format!("Standard_{letter}{cores}{suffix}"), size)
            })
        });
        let further = self
            .sizes
            .iter()
            .map(|(name, size)| (name.clone(), size.clone()));
        burstable.chain(families).chain(further).collect()
    }

    /// A size and its documented name, which is found in any case.
    pub(super) fn size(&self, name: &str) -> Option<(String, Size)> {
        self.all_sizes()
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    pub(super) fn all_versions(&self) -> Vec<(String, String)> {
        let known = VERSIONS
            .iter()
            .map(|(major, minor)| ((*major).to_owned(), (*minor).to_owned()));
        let further = self
            .versions
            .iter()
            .map(|(major, minor)| (major.clone(), minor.clone()));
        known.chain(further).collect()
    }

    /// The minor version that a new server of this major version has.
    pub(super) fn minor(&self, version: &str) -> Option<String> {
        let mut all = self.all_versions().into_iter();
        all.find(|(major, _)| major == version)
            .map(|(_, minor)| minor)
    }
}

/// The sizes of Premium SSD in GiB, smallest first, with the tier that each has by itself.
pub(super) fn ladder() -> &'static [(i64, &'static str)] {
    &LADDER
}

/// The tier that a size of Premium SSD has by itself.
pub(super) fn own_tier(gib: i64) -> Option<&'static str> {
    LADDER
        .iter()
        .find(|(size, _)| *size == gib)
        .map(|(_, tier)| *tier)
}

/// The tiers that a size of Premium SSD can have: its own and higher ones. From 8 TiB on they are
/// other disks, which is why the lower sizes end with P50.
pub(super) fn tiers_of(gib: i64) -> Vec<(&'static str, i64)> {
    let Some(own) = own_tier(gib) else {
        return Vec::new();
    };
    let from = PERFORMANCE.iter().position(|(tier, _)| *tier == own);
    let large = gib > 4096;
    PERFORMANCE
        .iter()
        .skip(from.unwrap_or(PERFORMANCE.len()))
        .filter(|(tier, _)| large || !matches!(*tier, "P60" | "P70" | "P80"))
        .copied()
        .collect()
}

/// The IOPS of a performance tier.
pub(super) fn iops(tier: &str) -> i64 {
    PERFORMANCE
        .iter()
        .find(|(name, _)| *name == tier)
        .map_or(0, |(_, iops)| *iops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_its_own_tier_and_higher_ones() {
        let names = |gib| -> Vec<&str> { tiers_of(gib).iter().map(|(tier, _)| *tier).collect() };
        assert_eq!(names(2048), ["P40", "P50"]);
        assert_eq!(names(8192), ["P60", "P70", "P80"]);
        assert!(names(100).is_empty());
    }

    #[test]
    fn sizes_are_found_in_any_case_and_named_as_documented() {
        let options = AzureOptions::default();
        let (name, size) = options.size("standard_e20DS_V5").unwrap();
        assert_eq!((name.as_str(), size.cores), ("Standard_E20ds_v5", 20));
        assert!(options.size("Standard_D20ds_v5").is_none());
    }
}
