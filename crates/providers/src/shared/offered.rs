//! Regions and sizes that a service does not have, told before anything is made: else the service
//! would say so in the middle of an apply. Names are held against the embedded catalog.

use std::collections::BTreeMap;

use pgfleet_model::{
    Action, ChangeSet, Check, DesiredInstance, DesiredState, ObservedState, ProviderKind, Region,
    Role,
};
use pgfleet_pricing::Catalog;
use pgfleet_spec::{either, likeness};

/// How many names are told in place of one that is not known.
const TOLD: usize = 3;

/// Regions that new instances would lie in and that there are none of. `more` are the service's
/// regions that the catalog has no prices of. A region in which something runs is one.
pub(crate) fn regions(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
    more: &[&str],
    source: &str,
) -> Vec<Check> {
    let kind = desired.provider;
    let catalog = Catalog::embedded();
    let known = |region: &Region| {
        catalog.knows_region(kind, region)
            || more.contains(&region.as_str())
            || observed.owned().any(|live| live.resource.region == *region)
    };
    let mut unknown: BTreeMap<&Region, &DesiredInstance> = BTreeMap::new();
    for wanted in created(desired, changes).filter(|wanted| !known(&wanted.resource.region)) {
        unknown.entry(&wanted.resource.region).or_insert(wanted);
    }
    let names: Vec<Region> = catalog.regions(kind).collect();
    let names = || names.iter().map(Region::as_str).chain(more.iter().copied());
    unknown
        .into_iter()
        .map(|(region, wanted)| {
            let key = match wanted.role() {
                Role::Primary => "region".to_owned(),
                Role::Replica => format!("{}.region", wanted.key),
            };
            Check::error(
                &format!("{kind}/region"),
                format!("`{region}` is no region of `{kind}` that pgfleet knows"),
            )
            .at(&wanted.address)
            .key(key)
            .remedy(format!("write {}", near(region.as_str(), names())))
            .source(source)
        })
        .collect()
}

/// The instances that a plan makes anew.
pub(crate) fn created<'a>(
    desired: &'a DesiredState,
    changes: &'a ChangeSet,
) -> impl Iterator<Item = &'a DesiredInstance> {
    changes
        .effective()
        .filter(|change| change.action == Action::Create)
        .filter_map(|change| desired.instances.get(&change.address))
}

/// The classes that the catalog describes.
pub(crate) fn classes(kind: ProviderKind) -> impl Iterator<Item = &'static str> {
    Catalog::embedded()
        .classes(kind)
        .iter()
        .map(|class| &*class.name)
}

/// The names that are most like a text, as a sentence lists them.
pub(crate) fn near<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    let text = text.to_ascii_lowercase();
    let mut names: Vec<(f64, &str)> = names
        .map(|name| {
            let likeness = likeness(&text, &name.to_ascii_lowercase());
            (likeness, name)
        })
        .collect();
    names.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    names.dedup_by_key(|(_, name)| *name);
    let names: Vec<&str> = names.into_iter().take(TOLD).map(|(_, name)| name).collect();
    either(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_most_like_a_slip_are_told() {
        let names = ["eastus", "eastus2", "westus2", "uksouth"];
        let told = near("eastus9", names.into_iter());
        assert_eq!(told, "`eastus`, `eastus2` or `westus2`");
        assert_eq!(near("x", ["one"].into_iter()), "`one`");
    }
}
