//! Tiers: which there are, and which edition takes which.
//!
//! Source: "Machine types" on the page `create-instance` and the page `machine-series-overview` of
//! Cloud SQL for PostgreSQL, and the refusals that people have quoted.

use super::errors::{ApiError, ApiResult};
use super::options::GcpOptions;
use serde_json::{Value, json};

/// How much a tier has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Shared-core tiers count as none.
    pub(crate) vcpus: i64,
    pub(crate) mib: i64,
}

impl Size {
    /// Whether a replica of this size can keep up with a primary of another, as Cloud SQL has it.
    pub(crate) fn reaches(self, primary: Self) -> bool {
        self.vcpus >= primary.vcpus && self.mib >= primary.mib
    }
}

const SHARED: [(&str, i64); 2] = [("db-f1-micro", 614), ("db-g1-small", 1740)];

/// The vCPUs of `db-perf-optimized-N-*`; each has 8 GiB, but for the largest.
const OPTIMIZED: [(i64, i64); 10] = [
    (2, 16),
    (4, 32),
    (8, 64),
    (16, 128),
    (32, 256),
    (48, 384),
    (64, 512),
    (80, 640),
    (96, 768),
    (128, 864),
];

/// Custom tiers, and how those of the series N4 begin.
const CUSTOM: &str = "db-custom-";
const N4: &str = "db-custom-N4-";

/// The vCPUs of `db-c4a-highmem-*`; each has 8 GiB.
const C4A: [i64; 9] = [1, 2, 4, 8, 16, 32, 48, 64, 72];

pub(crate) fn is_shared(tier: &str) -> bool {
    SHARED.iter().any(|(name, _)| *name == tier)
}

/// Whether a tier's machines take disks of the kind Hyperdisk, and no other.
pub(crate) fn takes_hyperdisk(tier: &str) -> bool {
    tier.starts_with("db-c4a-") || tier.starts_with(N4)
}

/// The size of a tier, where the edition takes it.
pub(crate) fn check(tier: &str, edition: &str, options: &GcpOptions) -> ApiResult<Size> {
    if options.tiers.iter().any(|known| known == tier) {
        return Ok(size(tier).unwrap_or(Size { vcpus: 0, mib: 0 }));
    }
    let plus = edition == "ENTERPRISE_PLUS";
    if tier.starts_with(CUSTOM) {
        let size = custom(tier)?;
        return if plus {
            Err(not_for(tier, edition))
        } else {
            Ok(size)
        };
    }
    let Some(size) = size(tier) else {
        return Err(if tier.starts_with("db-n1-") {
            ApiError::invalid(
                "Only custom or shared-core instance Billing Tier type allowed for PostgreSQL database",
            )
        } else if plus {
            not_for(tier, edition)
        } else {
            ApiError::invalid(format_args!("Invalid Tier ({tier})"))
        });
    };
    if plus == is_shared(tier) {
        return Err(not_for(tier, edition));
    }
    Ok(size)
}

/// The size of a tier by its name alone.
pub(crate) fn size(tier: &str) -> Option<Size> {
    if let Some((_, mib)) = SHARED.iter().find(|(name, _)| *name == tier) {
        return Some(Size {
            vcpus: 0,
            mib: *mib,
        });
    }
    if tier.starts_with(CUSTOM) {
        return custom(tier).ok();
    }
    if let Some(vcpus) = tier.strip_prefix("db-perf-optimized-N-") {
        let vcpus = plain(vcpus)?;
        let (_, gib) = OPTIMIZED.iter().find(|(known, _)| *known == vcpus)?;
        return Some(Size {
            vcpus,
            mib: gib * 1024,
        });
    }
    let vcpus = plain(tier.strip_prefix("db-c4a-highmem-")?)?;
    C4A.contains(&vcpus).then_some(Size {
        vcpus,
        mib: vcpus * 8 * 1024,
    })
}

/// `db-custom-VCPUS-MIB`, or `db-custom-N4-VCPUS-MIB` of the series N4: one vCPU or an even number up
/// to 96; 0.9 to 6.5 GiB for each, in steps of 256 MiB, and 3.75 GiB at least.
fn custom(tier: &str) -> ApiResult<Size> {
    let refuse = |why: &str| ApiError::invalid(format_args!("Invalid Tier ({tier}): {why}"));
    let rest = tier.strip_prefix(N4).or_else(|| tier.strip_prefix(CUSTOM));
    let parts = rest.and_then(|rest| rest.split_once('-'));
    let size = parts.and_then(|(vcpus, mib)| Some((plain(vcpus)?, plain(mib)?)));
    let Some((vcpus, mib)) = size else {
        return Err(refuse("a custom tier is written db-custom-VCPUS-MIB"));
    };
    if !(1..=96).contains(&vcpus) || (vcpus > 1 && vcpus % 2 == 1) {
        return Err(refuse(
            "the number of vCPUs must be 1 or an even number up to 96",
        ));
    }
    if mib % 256 != 0 {
        return Err(refuse("the memory must be a multiple of 256 MiB"));
    }
    if mib < 3840 {
        return Err(refuse("the memory must be at least 3.75 GiB"));
    }
    // 0.9 and 6.5 GiB, in tenths.
    let tenths = mib * 10;
    if tenths < vcpus * 9 * 1024 || tenths > vcpus * 65 * 1024 {
        return Err(refuse("the memory must be 0.9 to 6.5 GiB per vCPU"));
    }
    Ok(Size { vcpus, mib })
}

/// A number without sign and leading zeros.
fn plain(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| digits)
}

fn not_for(tier: &str, edition: &str) -> ApiError {
    let instead = if edition == "ENTERPRISE_PLUS" {
        "Use a predefined Tier like db-perf-optimized-N-* instead"
    } else {
        "Use a custom Tier like db-custom-* instead"
    };
    ApiError::invalid(format_args!(
        "Invalid Tier ({tier}) for ({edition}) Edition. {instead}. Learn more at \
         https://cloud.google.com/sql/docs/postgres/create-instance#machine-types"
    ))
}

/// The predefined tiers, for `tiers.list`. Custom tiers are not listed.
pub(crate) fn list(regions: &[String]) -> Value {
    let shared = SHARED.iter().map(|(name, _)| (*name).to_owned());
    let optimized = OPTIMIZED
        .iter()
        .map(|(vcpus, _)| format!("db-perf-optimized-N-{vcpus}"));
    let c4a = C4A.iter().map(|vcpus| format!("db-c4a-highmem-{vcpus}"));
    shared
        .chain(optimized)
        .chain(c4a)
        .map(|tier| {
            let mib = size(&tier).map_or(0, |size| size.mib);
            let quota_gib = most_gib(&tier);
            json!({
                "tier": tier,
                "RAM": (mib * 1024 * 1024).to_string(),
                "kind": "sql#tier",
                "DiskQuota": (quota_gib * 1024 * 1024 * 1024).to_string(),
                "region": regions,
            })
        })
        .collect()
}

/// The largest disk of a tier.
pub(crate) fn most_gib(tier: &str) -> i64 {
    if is_shared(tier) { 3062 } else { 65_536 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(tier: &str, edition: &str) -> bool {
        check(tier, edition, &GcpOptions::default()).is_ok()
    }

    #[test]
    fn custom_tiers_keep_to_the_rules_of_machine_types() {
        for good in [
            "db-custom-1-3840",
            "db-custom-1-6656",
            "db-custom-2-7680",
            "db-custom-4-3840",
            "db-custom-96-638976",
            "db-custom-N4-2-7680",
        ] {
            assert!(takes(good, "ENTERPRISE"), "{good}");
        }
        for bad in [
            "db-custom-1-3584",
            "db-custom-1-6912",
            "db-custom-3-7680",
            "db-custom-0-3840",
            "db-custom-98-98304",
            "db-custom-2-7681",
            "db-custom-8-7168",
            "db-custom-2",
            "db-custom-02-7680",
            "db-custom--2-7680",
            "db-custom-2-7680-1",
            "db-custom-N4-3-7680",
            "db-custom-N5-2-7680",
        ] {
            assert!(!takes(bad, "ENTERPRISE"), "{bad}");
        }
    }

    #[test]
    fn each_edition_has_tiers_of_its_own() {
        for (tier, enterprise, plus) in [
            ("db-f1-micro", true, false),
            ("db-custom-2-7680", true, false),
            ("db-perf-optimized-N-8", false, true),
            ("db-c4a-highmem-4", false, true),
            ("db-perf-optimized-N-3", false, false),
            ("db-n1-standard-1", false, false),
            ("large", false, false),
        ] {
            assert_eq!(takes(tier, "ENTERPRISE"), enterprise, "{tier}");
            assert_eq!(takes(tier, "ENTERPRISE_PLUS"), plus, "{tier}");
        }
    }
}
