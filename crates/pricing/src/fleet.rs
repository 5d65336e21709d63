//! A plan file resolved against nothing: what it would be if nothing of it existed. It serves
//! `pgfleet cost`, which asks no cloud.

use pgfleet_model::{Address, Attributes, ProviderKind, Region, Role, Storage, Value};
use pgfleet_spec::{InstanceSize, ManagedPrimary, PrimarySpec, ReplicaGroup, Spec};

use crate::{Billed, Catalog, CostEstimate, Estimator, Gib, PriceCatalog, Want, wal_gib_per_day};

/// One instance of a plan file.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedInstance {
    /// Its place in the fleet.
    pub address: Address,
    /// Where it will run.
    pub region: Region,
    /// What it will be. No size: the plan file names none, or none fits.
    pub attributes: Attributes,
    /// What the plan file asks for as a size.
    pub size: Option<InstanceSize>,
}

impl PlannedInstance {
    /// As it is billed.
    pub fn billed(&self) -> Billed<'_> {
        Billed {
            address: &self.address,
            region: &self.region,
            attributes: &self.attributes,
        }
    }
}

/// A portable size as a question to the catalog; `None` where the size is a class, or no class can
/// be as large.
pub fn want(size: &InstanceSize) -> Option<Want> {
    match size {
        InstanceSize::Class(_) => None,
        InstanceSize::AtLeast {
            vcpus,
            memory_gib,
            burstable,
            arm64,
        } => Some(Want {
            vcpus: *vcpus,
            memory_gib: Gib::from_plan(*memory_gib)?,
            burstable: *burstable,
            arm64: *arm64,
        }),
    }
}

/// The instances of a plan file. Portable sizes resolve through `catalog`, which is the embedded
/// one, each in its own region.
pub fn planned(spec: &Spec, catalog: &Catalog) -> Vec<PlannedInstance> {
    let primary = match &spec.primary {
        PrimarySpec::Managed(primary) => Some(primary.as_ref()),
        PrimarySpec::Existing(_) => None,
    };
    let edition = spec.platform.get("edition");
    let plus = edition == Some(&Value::Text("ENTERPRISE_PLUS".to_owned()));
    let instances = spec.addresses().into_iter().map(|(address, _, region)| {
        let group = match &address {
            Address::Primary => None,
            Address::Replica { group, .. } => {
                spec.replicas.iter().find(|other| other.name == *group)
            }
        };
        let own = group.and_then(|group| group.size.as_ref());
        let size = own.or_else(|| primary.and_then(|primary| primary.size.as_ref()));
        let mut attributes = declared(group, primary);
        attributes.size = size.and_then(|size| {
            let InstanceSize::Class(class) = size else {
                let want = want(size)?;
                let choice = if plus {
                    catalog.cheapest_of_series(spec.provider, &region, &want, "plus")
                } else {
                    catalog.cheapest(spec.provider, &region, &want)
                };
                return choice.map(|choice| choice.class.name.to_string());
            };
            Some(class.clone())
        });
        PlannedInstance {
            address,
            region,
            attributes,
            size: size.cloned(),
        }
    });
    instances.collect()
}

/// What the file says of one instance that costs something.
fn declared(group: Option<&ReplicaGroup>, primary: Option<&ManagedPrimary>) -> Attributes {
    let (availability, storage, backup_days) = match (group, primary) {
        (Some(group), primary) => {
            let inherited = primary.map(|primary| primary.storage.clone());
            let storage = inherit(&group.storage, inherited.unwrap_or_default());
            (Some(group.availability), storage, None)
        }
        (None, Some(primary)) => (
            Some(primary.availability),
            primary.storage.clone(),
            Some(primary.backup_days),
        ),
        (None, None) => (None, Storage::default(), None),
    };
    Attributes {
        availability,
        storage,
        backup_days,
        ..Attributes::default()
    }
}

/// A replica's disk, key by key its own or the primary's.
fn inherit(own: &Storage, primary: Storage) -> Storage {
    Storage {
        gib: own.gib.or(primary.gib),
        kind: own.kind.clone().or(primary.kind),
        iops: own.iops.or(primary.iops),
        throughput: own.throughput.or(primary.throughput),
        autogrow: own.autogrow.or(primary.autogrow),
        autogrow_to_gib: own.autogrow_to_gib.or(primary.autogrow_to_gib),
    }
}

/// What a plan file costs a month once it is applied to nothing.
pub fn from_nothing(spec: &Spec, prices: &PriceCatalog<'_>) -> CostEstimate {
    let instances = planned(spec, prices.embedded());
    let wal = wal_gib_per_day(spec.wal_gib_per_day);
    estimate(spec.provider, &spec.region, wal, &instances, prices)
}

pub(crate) fn estimate(
    provider: ProviderKind,
    primary_region: &Region,
    wal_gib_per_day: Option<Gib>,
    instances: &[PlannedInstance],
    prices: &PriceCatalog<'_>,
) -> CostEstimate {
    if provider == ProviderKind::Local {
        return CostEstimate::default();
    }
    let estimator = Estimator {
        prices,
        provider,
        primary_region,
        wal_gib_per_day,
    };
    // A primary that is not pgfleet's is not in `instances` of a plan; nor is it on the bill.
    CostEstimate {
        after: estimator.bill(instances.iter().map(PlannedInstance::billed)),
        addresses: instances.iter().map(|it| it.address.clone()).collect(),
        ..CostEstimate::default()
    }
}

/// How many replicas there are.
pub(crate) fn replicas(instances: &[PlannedInstance]) -> usize {
    let replicas = instances
        .iter()
        .filter(|it| it.address.role() == Role::Replica);
    replicas.count()
}
