//! Which instances a plan file names, and where.

use std::num::NonZeroU32;

use pgfleet_model::{Address, FleetName, Region, ResourceId};

use crate::{Place, PrimarySpec, ReplicaGroup, Spec};

impl ReplicaGroup {
    /// The address of the group's replica with this number, from 1.
    pub fn address(&self, number: NonZeroU32) -> Address {
        Address::replica(self.name.clone(), number)
    }

    /// The vendor's identifier of the replica with this number, from 1: the one at that position
    /// in `ids`, or `FLEET-GROUP-NUMBER` where there are no `ids`.
    pub fn resource_id(&self, fleet: &FleetName, number: NonZeroU32) -> ResourceId {
        usize::try_from(number.get())
            .ok()
            .and_then(|number| self.ids.as_ref()?.get(number - 1).cloned())
            .unwrap_or_else(|| self.address(number).default_resource_id(fleet))
    }

    /// The numbers of the group's replicas: 1 to `count`.
    pub fn numbers(&self) -> impl Iterator<Item = NonZeroU32> + use<> {
        (1..=self.count).filter_map(NonZeroU32::new)
    }
}

impl Spec {
    /// Every instance that pgfleet shall own: its address, the vendor's identifier, its region.
    /// The primary comes first unless it is an `existing` one, then the groups as the file has
    /// them.
    pub fn addresses(&self) -> Vec<(Address, ResourceId, Region)> {
        let primary = match &self.primary {
            PrimarySpec::Existing(_) => None,
            PrimarySpec::Managed(primary) => {
                let id = primary.id.clone();
                let id = id.unwrap_or_else(|| Address::Primary.default_resource_id(&self.fleet));
                Some((Address::Primary, id, self.region.clone()))
            }
        };
        let replicas = self.replicas.iter().flat_map(|group| {
            let region = group.region.as_ref().unwrap_or(&self.region);
            group.numbers().map(move |number| {
                (
                    group.address(number),
                    group.resource_id(&self.fleet, number),
                    region.clone(),
                )
            })
        });
        primary.into_iter().chain(replicas).collect()
    }

    /// Where a key stands, such as `replicas[0].multi_az`. Where the file does not hold it, the
    /// place of the nearest table around it; `None` where there is none of those either.
    pub fn place_of(&self, key: &str) -> Option<&Place> {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return Some(place);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }
}
