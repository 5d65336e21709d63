//! Kinds of disks: their meters, and what is free of charge with them.

use pgfleet_model::ProviderKind;

/// A kind of disk.
pub(super) struct Kind {
    /// Its meter.
    pub(super) meter: String,
    /// What people read.
    pub(super) shown: String,
}

/// The kind that a plan file or the platform names; without a word, the vendor's default.
pub(super) fn kind(provider: ProviderKind, word: Option<&str>, size: &str) -> Kind {
    let plus = size.starts_with("db-perf-optimized-");
    let newer = size.starts_with("db-c4") || size.starts_with("db-custom-N4-");
    let default = match provider {
        ProviderKind::Aws => "gp3",
        ProviderKind::Gcp if newer => "HYPERDISK_BALANCED",
        ProviderKind::Gcp => "PD_SSD",
        _ => "premium-ssd",
    };
    let shown = word.unwrap_or(default);
    let meter = match (provider, shown) {
        (ProviderKind::Aws, "standard") => "magnetic".to_owned(),
        (ProviderKind::Gcp, "HYPERDISK_BALANCED") => "hyperdisk".to_owned(),
        (ProviderKind::Gcp, "PD_SSD") if plus => "plus/PD_SSD".to_owned(),
        _ => shown.to_owned(),
    };
    Kind {
        meter,
        shown: shown.to_owned(),
    }
}

/// What comes with a disk for nothing. `None` where it is not billed at all.
pub(super) struct Free {
    /// Operations a second.
    pub(super) iops: Option<u32>,
    /// MiB/s.
    pub(super) throughput: Option<u32>,
}

/// What comes with a disk of a kind and size for nothing.
///
/// gp3: `CHAP_Storage` of the Amazon RDS user guide. Premium SSD v2 and the
/// tiers of Premium SSD: learn.microsoft.com/azure/postgresql/compute-storage/concepts-storage-premium-ssd.
pub(super) fn free(provider: ProviderKind, meter: &str, gib: u32) -> Free {
    let (iops, throughput) = match (provider, meter) {
        (ProviderKind::Aws, "gp3") if gib < 400 => (Some(3_000), Some(125)),
        (ProviderKind::Aws, "gp3") => (Some(12_000), Some(500)),
        (ProviderKind::Aws, "io1" | "io2") => (Some(0), None),
        (ProviderKind::Azure, "premium-ssd") => (Some(tier_iops(gib)), None),
        (ProviderKind::Azure, "premium-ssd-v2") => (Some(3_000), Some(125)),
        (ProviderKind::Gcp, "hyperdisk") => (Some(3_000), Some(140)),
        _ => (None, None),
    };
    Free { iops, throughput }
}

/// Whether a disk cannot be had without saying how many operations it makes.
pub(super) fn needs_iops(meter: &str) -> bool {
    matches!(meter, "io1" | "io2")
}

/// The operations that Azure's Premium SSD makes at a size.
fn tier_iops(gib: u32) -> u32 {
    const TIERS: [(u32, u32); 10] = [
        (32, 120),
        (64, 240),
        (128, 500),
        (256, 1_100),
        (512, 2_300),
        (1_024, 5_000),
        (4_096, 7_500),
        (8_192, 16_000),
        (16_384, 18_000),
        (u32::MAX, 20_000),
    ];
    let tier = TIERS.iter().find(|(most, _)| gib <= *most);
    tier.map_or(20_000, |(_, iops)| *iops)
}
