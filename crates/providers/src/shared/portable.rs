//! Portable sizes: so many vCPUs, so much memory.

use pgfleet_model::{Check, ObservedInstance, ProviderKind, Region};
use pgfleet_planner::Draft;
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

/// The class that an instance is to have, where classes alone decide.
///
/// # Errors
/// A check, to be completed with a remedy: the catalog has no class that holds what is wanted.
pub(crate) fn class(kind: ProviderKind, draft: &Draft<'_>) -> Result<Option<String>, Box<Check>> {
    let desired = &draft.desired;
    match draft.size {
        // Replicas of a primary that pgfleet does not own are as that one is seen to be.
        None => Ok(draft
            .live_primary
            .and_then(|live| live.attributes.size.clone())),
        Some(InstanceSize::Class(class)) => Ok(Some(class.clone())),
        Some(wanted @ InstanceSize::AtLeast { .. }) => {
            let region = &desired.resource.region;
            let class = class_for(kind, wanted, region, starts_from(draft));
            class.map(Some).ok_or_else(|| {
                let code = format!("{kind}/size");
                let check = Check::error(&code, "no class that pgfleet knows holds this much");
                let key = format!("{}.size", desired.key);
                Box::new(check.at(&desired.address).key(key))
            })
        }
    }
}

/// The instance whose class a portable size is held against first: the instance itself, and for a new
/// replica its primary, where the plan file asks for as much as it asks of that one. A primary that is
/// larger than it need be stays so, and its replicas have to keep up with it.
pub(crate) fn starts_from<'a>(draft: &Draft<'a>) -> Option<&'a ObservedInstance> {
    let as_much = || {
        let own = want(draft.size?)?;
        let primary = want(draft.primary_size?)?;
        let same_kind = (own.burstable, own.arm64) == (primary.burstable, primary.arm64);
        let keeps_up = own.vcpus >= primary.vcpus && own.memory_gib >= primary.memory_gib;
        (same_kind && keeps_up).then_some(())
    };
    draft.live.or_else(|| {
        as_much()?;
        draft.live_primary
    })
}

/// The class for a portable size: that of what runs where it fits, else the cheapest that does.
fn class_for(
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
