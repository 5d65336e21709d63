//! The same fleet on the three clouds: portable sizes, neighbouring regions, and what differs in
//! what the clouds can do.

mod limits;
mod nearest;

use pgfleet_model::{Address, Availability, ProviderKind, Region, Role};
use pgfleet_spec::Spec;

pub use nearest::{SOURCE as NEAREST_SOURCE, nearest};

use crate::{
    Arch, Catalog, Choice, CostEstimate, PlannedInstance, PriceCatalog, Want, catalog::PROVIDERS,
    fleet, wal_gib_per_day,
};

/// A fleet as it would be on one cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The cloud.
    pub provider: ProviderKind,
    /// The primary's region there; `None` where no region of this cloud lies near, and then there
    /// is no estimate.
    pub region: Option<Region>,
    /// The instances there.
    pub instances: Vec<PlannedInstance>,
    /// What they cost a month.
    pub estimate: CostEstimate,
    /// What is not the same there, in sentences.
    pub differences: Vec<String>,
}

/// The fleet of a plan file on every cloud, its own first.
pub fn compare(spec: &Spec, prices: &PriceCatalog<'_>) -> Vec<Comparison> {
    let own = fleet::planned(spec, prices.embedded());
    let others = PROVIDERS.into_iter().filter(|kind| *kind != spec.provider);
    let mut clouds = vec![spec.provider];
    clouds.extend(others);
    clouds
        .into_iter()
        .filter(|kind| *kind != ProviderKind::Local)
        .map(|kind| on(spec, &own, kind, prices))
        .collect()
}

fn on(
    spec: &Spec,
    own: &[PlannedInstance],
    to: ProviderKind,
    prices: &PriceCatalog<'_>,
) -> Comparison {
    let from = spec.provider;
    let Some(region) = nearest(from, &spec.region, to) else {
        return Comparison {
            provider: to,
            region: None,
            instances: Vec::new(),
            estimate: CostEstimate::default(),
            differences: vec![format!("no region lies near {} of {from}", spec.region)],
        };
    };
    let mut notes = Notes::default();
    let mut instances = Vec::new();
    for instance in own {
        if from == to {
            instances.push(instance.clone());
        } else {
            instances.push(moved(
                instance,
                own,
                from,
                to,
                prices.embedded(),
                &mut notes,
            ));
        }
    }
    limits::note(to, &instances, &mut notes);
    let wal = wal_gib_per_day(spec.wal_gib_per_day);
    let estimate = fleet::estimate(to, &region, wal, &instances, prices);
    Comparison {
        provider: to,
        region: Some(region),
        instances,
        estimate,
        differences: notes.0,
    }
}

/// Sentences, each once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn say(&mut self, sentence: String) {
        if !self.0.contains(&sentence) {
            self.0.push(sentence);
        }
    }
}

/// One instance as it would be on another cloud.
fn moved(
    instance: &PlannedInstance,
    own: &[PlannedInstance],
    from: ProviderKind,
    to: ProviderKind,
    catalog: &Catalog,
    notes: &mut Notes,
) -> PlannedInstance {
    let mut copy = instance.clone();
    let PlannedInstance {
        address, region, ..
    } = instance;
    if let Some(near) = nearest(from, region, to) {
        copy.region = near;
    } else {
        notes.say(format!(
            "no region lies near {region} of {from}; {address} is not counted"
        ));
        copy.attributes.size = None;
        return copy;
    }
    limits::disk(from, to, &mut copy, notes);
    copy.attributes.size = wanted(instance, from, catalog).and_then(|want| {
        let choice = pick(to, &copy, own, &want, catalog, notes);
        if choice.is_none() {
            notes.say(format!(
                "no class in {} holds what {address} needs",
                copy.region
            ));
        }
        choice.map(|choice| choice.class.name.to_string())
    });
    copy
}

/// What an instance asks for, whether by a portable size or by a class of its own cloud.
fn wanted(instance: &PlannedInstance, from: ProviderKind, catalog: &Catalog) -> Option<Want> {
    let portable = instance.size.as_ref().and_then(fleet::want);
    portable.or_else(|| {
        let class = catalog.shape(from, instance.attributes.size.as_deref()?)?;
        Some(Want {
            vcpus: class.vcpus,
            memory_gib: class.memory,
            burstable: class.burstable,
            arm64: class.arch == Arch::Arm64,
        })
    })
}

/// The cheapest class there that may do what the instance does.
fn pick(
    to: ProviderKind,
    instance: &PlannedInstance,
    own: &[PlannedInstance],
    want: &Want,
    catalog: &Catalog,
    notes: &mut Notes,
) -> Option<Choice> {
    let mut want = *want;
    let replicated = own
        .iter()
        .any(|other| other.address.role() == Role::Replica);
    let standby = instance.attributes.availability == Some(Availability::Regional)
        && instance.address == Address::Primary;
    if to == ProviderKind::Azure && want.burstable && (replicated || standby) {
        want.burstable = false;
        notes.say(
            "Azure has neither replicas nor HA on Burstable sizes: the next larger kind is counted"
                .to_owned(),
        );
    }
    let found = catalog.cheapest(to, &instance.region, &want);
    if found.is_some() || !want.arm64 {
        return found;
    }
    notes.say(format!("no priced ARM class on {to}: x86 is counted"));
    want.arm64 = false;
    catalog.cheapest(to, &instance.region, &want)
}
