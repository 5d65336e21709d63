//! Compute sizes: their tiers, and which is the larger.

use pgfleet_model::ProviderKind;
use pgfleet_pricing::{Catalog, Gib};

use super::client::models::sku::Tier as WireTier;

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

/// Whether the catalog knows a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Known,
    /// It is of a series that the catalog does not know, or not whole.
    OfNewSeries,
    /// It is of a series without such a size, or no size's name at all.
    Nowhere,
}

/// Looks a size up in the catalog, which knows of some series only that there are sizes of them.
pub(super) fn found(name: &str) -> Found {
    let mut known = Catalog::embedded().classes(ProviderKind::Azure).iter();
    let parts = parts(name);
    let same = |class: &str| class.eq_ignore_ascii_case(&full_name(name));
    if known.clone().any(|class| same(&class.name)) {
        return Found::Known;
    }
    let mut of_series = |(family, _, rest): &(String, String, String)| {
        let mut whole = known.by_ref().filter(|class| class.picked);
        whole.any(|class| {
            self::parts(&class.name).is_some_and(|own| own.0 == *family && own.2 == *rest)
        })
    };
    match parts {
        Some(parts) if !of_series(&parts) => Found::OfNewSeries,
        _ => Found::Nowhere,
    }
}

/// A size's family, its cores and the rest of its name, in lower case: `d`, `4`, `ds_v5`.
fn parts(name: &str) -> Option<(String, String, String)> {
    let name = series(name).to_ascii_lowercase();
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (family, rest) = name.split_at(digits);
    let rest_from = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (cores, rest) = rest.split_at(rest_from);
    let (features, generation) = match rest.split_once("_v") {
        Some((features, generation)) => (features, Some(generation)),
        None => (rest, None),
    };
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fine =
        !family.is_empty() && letters(family) && letters(features) && generation.is_none_or(number);
    fine.then(|| (family.to_owned(), cores.to_owned(), rest.to_owned()))
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
    fn a_size_of_a_new_series_is_told_from_one_that_there_is_not() {
        for (name, wanted) in [
            ("Standard_D4ds_v5", Found::Known),
            ("e8ds_v5", Found::Known),
            ("Standard_B2s", Found::Known),
            ("Standard_D4ds_v9", Found::OfNewSeries),
            ("Standard_F8s_v2", Found::OfNewSeries),
            ("Standard_D192ds_v6", Found::Known),
            ("Standard_E128ds_v6", Found::Known),
            // Nobody has said which sizes there are of these.
            ("Standard_D128s_v6", Found::OfNewSeries),
            ("Standard_E128ads_v6", Found::OfNewSeries),
            ("Standard_D5ds_v5", Found::Nowhere),
            ("Standard_D4ds-v5", Found::Nowhere),
            ("db.t3.medium", Found::Nowhere),
            ("Standard_Mystery", Found::Nowhere),
        ] {
            assert_eq!(found(name), wanted, "{name}");
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
