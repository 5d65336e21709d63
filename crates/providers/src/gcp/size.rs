//! Tiers: which edition takes which, what they hold, and the cheapest that holds enough.

use pgfleet_model::{Attributes, ProviderKind, Region};
use pgfleet_pricing::{Arch, Catalog, Class, Want};

use crate::shared::offered;

use super::setting::EDITION;

/// The editions of Cloud SQL, as the API writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    Enterprise,
    EnterprisePlus,
}

impl Edition {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "ENTERPRISE",
            Self::EnterprisePlus => "ENTERPRISE_PLUS",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Enterprise, Self::EnterprisePlus]
            .into_iter()
            .find(|edition| edition.as_str() == text)
    }

    /// For how many days at most the edition keeps transaction logs.
    pub(super) fn longest_log(self) -> u32 {
        match self {
            Self::Enterprise => 7,
            Self::EnterprisePlus => 35,
        }
    }
}

/// The edition of an instance as wanted or observed. What is older than editions is of the first.
pub(super) fn edition(attributes: &Attributes) -> Edition {
    let word = attributes.text(EDITION);
    word.and_then(Edition::parse).unwrap_or(Edition::Enterprise)
}

/// A region whose prices the catalog knows: tiers cost more elsewhere, but stay in this order.
const PRICED: &str = "us-central1";
/// A tier of the kind that the catalog does not list, since there are so many.
const USUAL: &str = "db-custom-2-7680";
/// Tiers of Enterprise Plus, by the beginnings of their names.
const PLUS: [&str; 3] = [
    "db-perf-optimized-N-",
    "db-c4a-highmem-",
    "db-memory-optimized-",
];
/// Tiers of Enterprise.
const ENTERPRISE: [&str; 3] = ["db-custom-", "db-f1-micro", "db-g1-small"];
/// Tiers of other engines, which PostgreSQL never takes.
const FOREIGN: &str = "db-n1-";

/// The edition that has a tier; `None` where the name is not known.
pub(super) fn edition_of(tier: &str) -> Option<Edition> {
    let begins = |names: &[&str]| names.iter().any(|name| tier.starts_with(name));
    if begins(&PLUS) {
        Some(Edition::EnterprisePlus)
    } else if begins(&ENTERPRISE) {
        Some(Edition::Enterprise)
    } else {
        None
    }
}

/// Whether a tier shares its processor with others.
pub(super) fn is_shared(tier: &str) -> bool {
    tier == "db-f1-micro" || tier == "db-g1-small"
}

/// Whether a tier runs on disks of the new kind (Hyperdisk) only.
pub(super) fn wants_hyperdisk(tier: &str) -> bool {
    tier.starts_with("db-custom-N4-") || tier.starts_with("db-c4a-")
}

/// What a tier holds, where that is known.
pub(super) fn class(tier: &str) -> Option<Class> {
    Catalog::embedded().class(ProviderKind::Gcp, &Region::new(PRICED), tier)
}

/// Whether a custom tier breaks the rule of its kind, so that no project can have it.
pub(super) fn is_impossible(tier: &str) -> bool {
    tier.starts_with("db-custom-") && class(tier).is_none()
}

/// Whether a tier is none: of a series that the catalog knows whole and that has no such tier, or no
/// tier's name at all. Series that are newer than the catalog are well-formed.
pub(super) fn is_nowhere(tier: &str) -> bool {
    if tier.starts_with(FOREIGN) {
        return true;
    }
    if class(tier).is_some() {
        return false;
    }
    let own = series(tier);
    // A new series has a number in its name, or is a word of its own.
    let slip = |known: &str| {
        own == known
            || (!own.contains(|c: char| c.is_ascii_digit())
                && strsim::osa_distance(own, known) <= 2)
    };
    let mut known = offered::classes(ProviderKind::Gcp).chain([USUAL]);
    !tier.starts_with("db-") || known.any(|known| slip(series(known)))
}

/// Tiers that are like a name.
pub(super) fn near(tier: &str) -> String {
    if let Some(custom) = as_custom(tier) {
        return format!("`{custom}`");
    }
    let named = offered::classes(ProviderKind::Gcp);
    offered::near(tier, named.chain([USUAL, "db-custom-4-15360"]))
}

/// The custom tier that holds as much as one of another engine.
fn as_custom(tier: &str) -> Option<String> {
    let (kind, vcpus) = tier.strip_prefix(FOREIGN)?.split_once('-')?;
    let vcpus: u32 = vcpus.parse().ok()?;
    // MiB for each processor.
    let memory = match kind {
        "standard" => 3840,
        "highmem" => 6656,
        _ => return None,
    };
    let custom = format!("db-custom-{vcpus}-{}", vcpus.checked_mul(memory)?);
    (!is_impossible(&custom)).then_some(custom)
}

/// A tier's name without the numbers at its end.
fn series(tier: &str) -> &str {
    tier.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-')
}

/// The cheapest tier of an edition that holds what is wanted. The embedded catalog alone decides,
/// so that no new price list resizes what runs.
pub(super) fn cheapest(edition: Edition, region: &Region, want: &Want) -> Option<String> {
    let catalog = Catalog::embedded();
    match edition {
        Edition::Enterprise => catalog
            .cheapest(ProviderKind::Gcp, region, want)
            .or_else(|| catalog.cheapest(ProviderKind::Gcp, &Region::new(PRICED), want))
            .map(|choice| choice.class.name.to_string()),
        // A series is priced by processors and memory, so the smallest is the cheapest.
        Edition::EnterprisePlus => catalog
            .classes(ProviderKind::Gcp)
            .iter()
            .filter(|class| edition_of(&class.name) == Some(edition) && want.fits(class))
            .min_by_key(|class| (class.vcpus, class.memory_gib()))
            .map(|class| class.name.to_string()),
    }
}

/// Whether a tier holds what is wanted.
pub(super) fn fits(tier: &str, edition: Edition, want: &Want) -> bool {
    edition_of(tier) == Some(edition) && class(tier).is_some_and(|class| want.fits(&class))
}

/// How two tiers compare. `None` where one is not known, or each has more of something.
pub(super) fn compare(one: &str, other: &str) -> Option<std::cmp::Ordering> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let (one, other) = (class(one)?, class(other)?);
    let vcpus = one.vcpus.cmp(&other.vcpus);
    let memory = one.memory_gib().cmp(&other.memory_gib());
    match (vcpus, memory) {
        (Equal, other) | (other, Equal) => Some(other),
        (Less, Less) => Some(Less),
        (Greater, Greater) => Some(Greater),
        _ => None,
    }
}

/// A tier in a few words, for messages: `2 vCPUs, 7.5 GiB`.
pub(super) fn describe(tier: &str) -> String {
    class(tier).map_or_else(
        || tier.to_owned(),
        |class| {
            let arm = if class.arch == Arch::Arm64 {
                ", ARM"
            } else {
                ""
            };
            let memory = class.memory_gib();
            format!("{tier} ({} vCPUs, {memory} GiB{arm})", class.vcpus)
        },
    )
}

#[cfg(test)]
mod tests {
    use pgfleet_spec::InstanceSize;

    use super::*;

    fn wanted(vcpus: u32, memory_gib: f64, burstable: bool, arm64: bool) -> Want {
        let size = InstanceSize::AtLeast {
            vcpus,
            memory_gib,
            burstable,
            arm64,
        };
        crate::shared::portable::want(&size).unwrap()
    }

    fn sized(vcpus: u32, gib: f64) -> Want {
        wanted(vcpus, gib, false, false)
    }

    #[test]
    fn a_portable_size_becomes_the_cheapest_tier_of_the_edition() {
        let region = Region::new("us-central1");
        let tier = cheapest(Edition::Enterprise, &region, &sized(2, 7.5));
        assert_eq!(tier.as_deref(), Some("db-custom-2-7680"));
        let tier = cheapest(Edition::EnterprisePlus, &region, &sized(2, 7.5));
        assert_eq!(tier.as_deref(), Some("db-perf-optimized-N-2"));
        let tier = cheapest(Edition::EnterprisePlus, &region, &sized(3, 40.0));
        assert_eq!(tier.as_deref(), Some("db-perf-optimized-N-8"));
        let arm = wanted(2, 4.0, false, true);
        let tier = cheapest(Edition::EnterprisePlus, &region, &arm);
        assert_eq!(tier.as_deref(), Some("db-c4a-highmem-2"));
        assert_eq!(cheapest(Edition::Enterprise, &region, &arm), None);
        let small = wanted(1, 0.5, true, false);
        let tier = cheapest(Edition::Enterprise, &region, &small);
        assert_eq!(tier.as_deref(), Some("db-f1-micro"));
    }

    #[test]
    fn a_region_that_the_catalog_does_not_know_takes_the_same_tiers() {
        let region = Region::new("mars-north1");
        let tier = cheapest(Edition::Enterprise, &region, &sized(4, 16.0));
        assert_eq!(tier.as_deref(), Some("db-custom-4-16384"));
    }

    #[test]
    fn editions_have_tiers_of_their_own() {
        assert_eq!(edition_of("db-custom-2-7680"), Some(Edition::Enterprise));
        assert_eq!(edition_of("db-g1-small"), Some(Edition::Enterprise));
        let plus = edition_of("db-perf-optimized-N-4");
        assert_eq!(plus, Some(Edition::EnterprisePlus));
        assert_eq!(edition_of("db-t3-medium"), None);
        assert!(is_impossible("db-custom-3-7680"));
        assert!(!is_impossible("db-custom-N4-2-7680"));
        assert_eq!(edition_of("db-n1-standard-2"), None);
        assert!(is_nowhere("db-n1-standard-2"));
        assert_eq!(near("db-n1-standard-2"), "`db-custom-2-7680`");
        assert_eq!(near("db-n1-highmem-16"), "`db-custom-16-106496`");
    }

    #[test]
    fn tiers_compare_by_processors_and_memory() {
        use std::cmp::Ordering::{Greater, Less};
        assert_eq!(compare("db-custom-2-7680", "db-custom-4-15360"), Some(Less));
        assert_eq!(
            compare("db-custom-4-15360", "db-custom-4-7680"),
            Some(Greater)
        );
        assert_eq!(compare("db-custom-2-13312", "db-custom-4-7680"), None);
        assert_eq!(compare("db-custom-2-7680", "unheard-of"), None);
    }
}
