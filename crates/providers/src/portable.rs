//! Portable sizes: so many vCPUs, so much memory.

#[cfg(any(feature = "aws", feature = "azure"))]
use pgfleet_model::{ObservedInstance, ProviderKind, Region};
#[cfg(any(feature = "aws", feature = "azure"))]
use pgfleet_pricing::Catalog;
use pgfleet_pricing::{Gib, Want};
use pgfleet_spec::InstanceSize;

/// What a portable size asks of a class; `None` where the size is a class of the vendor's, or no
/// memory is as large.
pub(crate) fn want(size: &InstanceSize) -> Option<Want> {
    let InstanceSize::AtLeast {
        vcpus,
        memory_gib,
        burstable,
        arm64,
    } = size
    else {
        return None;
    };
    Some(Want {
        vcpus: *vcpus,
        memory_gib: Gib::from_plan(*memory_gib)?,
        burstable: *burstable,
        arm64: *arm64,
    })
}

/// The class for a portable size: the live one where that fits, else the cheapest that does.
#[cfg(any(feature = "aws", feature = "azure"))]
pub(crate) fn class_for(
    kind: ProviderKind,
    size: &InstanceSize,
    region: &Region,
    live: Option<&ObservedInstance>,
) -> Option<String> {
    let want = want(size)?;
    let catalog = Catalog::embedded();
    let fits = |name: &String| {
        let class = catalog.class(kind, region, name);
        class.is_some_and(|class| want.fits(&class))
    };
    let live = live.and_then(|live| live.attributes.size.clone());
    live.filter(fits).or_else(|| {
        let choice = catalog.cheapest(kind, region, &want)?;
        Some(choice.class.name.to_string())
    })
}
