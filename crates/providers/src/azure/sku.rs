//! Compute sizes: their tiers, and which is the larger.

use pgfleet_model::ProviderKind;
use pgfleet_pricing::{Catalog, Gib};

use super::wire::models::sku::Tier as WireTier;

/// The tier of a size, which the API wants to hear beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Burstable,
    GeneralPurpose,
    MemoryOptimized,
}

impl Tier {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Burstable => "Burstable",
            Self::GeneralPurpose => "GeneralPurpose",
            Self::MemoryOptimized => "MemoryOptimized",
        }
    }

    pub(super) fn on_the_wire(self) -> WireTier {
        match self {
            Self::Burstable => WireTier::Burstable,
            Self::GeneralPurpose => WireTier::GeneralPurpose,
            Self::MemoryOptimized => WireTier::MemoryOptimized,
        }
    }
}

/// A size's name without what all names begin with: `D4ds_v5`.
fn series(name: &str) -> &str {
    let prefix = "standard_";
    match name.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(prefix) => &name[prefix.len()..],
        _ => name,
    }
}

/// The tier of a size by its series: B, E and M have theirs, all else is general purpose.
pub(super) fn tier_of(name: &str) -> Tier {
    match series(name).chars().next().map(|c| c.to_ascii_uppercase()) {
        Some('B') => Tier::Burstable,
        Some('E' | 'M') => Tier::MemoryOptimized,
        _ => Tier::GeneralPurpose,
    }
}

/// Whether a size is of the tier that takes neither replicas nor high availability.
pub(super) fn is_burstable(name: &str) -> bool {
    tier_of(name) == Tier::Burstable
}

/// The name as the API has it; price lists and pages leave the beginning out.
pub(super) fn full_name(name: &str) -> String {
    let rest = series(name);
    if rest.len() == name.len() {
        format!("Standard_{name}")
    } else {
        name.to_owned()
    }
}

/// What a size holds: virtual cores and memory. Where the catalog does not know it, the cores are
/// what its name says.
fn shape(name: &str) -> Option<(u32, Option<Gib>)> {
    let name = full_name(name);
    let classes = Catalog::embedded().classes(ProviderKind::Azure);
    let known = classes
        .iter()
        .find(|class| class.name.eq_ignore_ascii_case(&name));
    known
        .map(|class| (class.vcpus, Some(class.memory)))
        .or_else(|| {
            let digits: String = series(&name)
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            Some((digits.parse().ok()?, None))
        })
}

/// Whether `one` holds less than `other`, in cores or in memory. What is not known is not less.
pub(super) fn is_less(one: &str, other: &str) -> bool {
    let (Some((cores, memory)), Some((more_cores, more_memory))) = (shape(one), shape(other))
    else {
        return false;
    };
    let less_memory = memory
        .zip(more_memory)
        .is_some_and(|(memory, more)| memory < more);
    cores < more_cores || less_memory
}

/// Whether going from one size to another is a step down: fewer cores, or as many and less memory.
pub(super) fn is_step_down(from: &str, to: &str) -> bool {
    let (Some((before, memory_before)), Some((after, memory_after))) = (shape(from), shape(to))
    else {
        return false;
    };
    let less_memory = memory_after
        .zip(memory_before)
        .is_some_and(|(after, before)| after < before);
    after < before || (after == before && less_memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_s_tier_follows_from_its_series() {
        for (name, tier) in [
            ("Standard_B2s", Tier::Burstable),
            ("standard_b1ms", Tier::Burstable),
            ("Standard_D4ds_v5", Tier::GeneralPurpose),
            ("E8ds_v4", Tier::MemoryOptimized),
            ("Standard_M64ms", Tier::MemoryOptimized),
        ] {
            assert_eq!(tier_of(name), tier, "{name}");
        }
    }

    #[test]
    fn sizes_are_compared_by_what_they_hold() {
        assert!(is_less("Standard_D2ds_v5", "Standard_D4ds_v5"));
        assert!(!is_less("Standard_D4ds_v5", "Standard_D4ads_v5"));
        assert!(is_less("Standard_D4ds_v5", "Standard_E4ds_v5"));
        // Four cores by its name alone.
        assert!(is_less("Standard_D4future_v9", "Standard_D8ds_v5"));
        assert!(!is_less("Standard_Mystery", "Standard_D8ds_v5"));
        assert!(is_step_down("Standard_D8ds_v5", "Standard_E4ds_v5"));
        assert!(!is_step_down("Standard_D4ds_v5", "Standard_E4ds_v5"));
        assert!(is_step_down("Standard_E4ds_v5", "Standard_D4ds_v5"));
    }
}
