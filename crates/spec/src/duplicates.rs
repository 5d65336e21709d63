//! Identifiers that two instances of one run would share.

use std::collections::HashMap;

use pgfleet_model::{Address, ProviderKind, Value};

use crate::{Diagnostic, PrimarySpec, Spec, code, text::quote};

/// One use of an identifier.
struct Use<'s> {
    spec: &'s Spec,
    account: Option<String>,
    address: Option<Address>,
}

/// The second and every further instance that bears an identifier which another one of the same
/// provider and region bears, with the position of its spec. The specs' own checks leave only
/// what the files do not spell out or what stands in different files.
pub(crate) fn check(specs: &[&Spec]) -> Vec<(usize, Diagnostic)> {
    let mut seen: HashMap<(ProviderKind, String, String), Vec<Use<'_>>> = HashMap::new();
    let mut found = Vec::new();
    for (position, spec) in specs.iter().enumerate() {
        let account = account(spec);
        let existing = match &spec.primary {
            PrimarySpec::Existing(existing) if spec.provider != ProviderKind::Local => {
                Some((None, existing.reference.clone(), spec.region.clone()))
            }
            _ => None,
        };
        let instances = spec.addresses().into_iter();
        let instances =
            instances.map(|(address, id, region)| (Some(address), id.to_string(), region));
        for (address, id, region) in existing.into_iter().chain(instances) {
            // Names are unique across the regions of Google and Azure.
            let region = match spec.provider {
                ProviderKind::Gcp | ProviderKind::Azure => String::new(),
                ProviderKind::Aws | ProviderKind::Local => region.to_string(),
            };
            let uses = seen.entry((spec.provider, region, id.clone())).or_default();
            let this = Use {
                spec,
                account: account.clone(),
                address,
            };
            if let Some(first) = uses.iter().find(|first| first.collides(&this)) {
                found.push((position, diagnostic(first, &this, &id)));
            } else {
                uses.push(this);
            }
        }
    }
    found
}

impl Use<'_> {
    fn collides(&self, other: &Self) -> bool {
        // Two fleets may follow the same existing primary, and one may own what another follows.
        let both_owned = self.address.is_some() && other.address.is_some();
        let same_file = std::ptr::eq(self.spec, other.spec);
        let same_account = match (&self.account, &other.account) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        (both_owned || same_file) && same_account
    }
}

/// The account, project or folder that the plan pins, within which identifiers are unique.
fn account(spec: &Spec) -> Option<String> {
    let key = match spec.provider {
        ProviderKind::Aws => "account",
        ProviderKind::Gcp => "project",
        ProviderKind::Local => "data_dir",
        // Server names are unique in all of Azure.
        ProviderKind::Azure => return None,
    };
    match spec.platform.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn diagnostic(first: &Use<'_>, this: &Use<'_>, id: &str) -> Diagnostic {
    let spec = this.spec;
    let name = |address: &Option<Address>| match address {
        None => "the existing primary".to_owned(),
        Some(address) => address.to_string(),
    };
    let place = match &this.address {
        None => spec.place_of("primary.existing"),
        Some(Address::Primary) => spec.place_of("primary.id"),
        Some(Address::Replica { group, number }) => spec
            .replicas
            .iter()
            .find(|candidate| candidate.name == *group)
            .and_then(|group| {
                let at = number.get() - 1;
                spec.place_of(&format!("replicas[{}].ids[{at}]", group.index))
            }),
    };
    let place = place.or_else(|| spec.place_of("fleet")).cloned();
    let whose = if first.spec.source.name == spec.source.name {
        String::new()
    } else {
        format!(" in {}", first.spec.source.name)
    };
    Diagnostic {
        code: code::DUPLICATE_ID,
        message: format!(
            "{} would bear the identifier {}, as {}{whose} does",
            name(&this.address),
            quote(id),
            name(&first.address),
        ),
        label: "the identifier is taken".to_owned(),
        remedy: "name the group or the fleet otherwise, or give identifiers with `id` and `ids`"
            .to_owned(),
        source: spec.source.clone(),
        place,
    }
}
