//! From what a fleet is, and what it will be, to what it costs a month.

mod amount;
mod bill;
mod budget;
mod disk;
mod instance;

use pgfleet_model::{Address, ChangeSet, ProviderKind, Region};

pub use amount::{Amount, CostChange, CostDelta};
pub use bill::{Bill, CostComponent, Item, NotIncluded, Unpriced};
pub use budget::{Limits, budget};
pub use instance::{Billed, wal_gib_per_day};

use crate::{Gib, PriceCatalog};

/// What is needed to reckon a fleet's cost.
#[derive(Debug, Clone, Copy)]
pub struct Estimator<'a> {
    /// The prices.
    pub prices: &'a PriceCatalog<'a>,
    /// Where the fleet runs.
    pub provider: ProviderKind,
    /// Where its primary runs, which is what replicas of other regions receive from.
    pub primary_region: &'a Region,
    /// How much WAL the primary writes, where the plan file says so.
    pub wal_gib_per_day: Option<Gib>,
}

/// A fleet's cost a month, before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostEstimate {
    /// As it is.
    pub before: Bill,
    /// As it will be.
    pub after: Bill,
    /// The instances that are in either, in order.
    pub addresses: Vec<Address>,
}

impl Estimator<'_> {
    /// The bill of some instances.
    pub fn bill<'a>(&self, instances: impl IntoIterator<Item = Billed<'a>>) -> Bill {
        let mut bill = Bill::default();
        for instance in instances {
            instance::Lines {
                estimator: self,
                instance,
                bill: &mut bill,
            }
            .write();
        }
        bill
    }

    /// What a change set leads from and to. Fleets of this machine have no bill, and primaries
    /// that are not pgfleet's are in no change set.
    pub fn changes(&self, set: &ChangeSet) -> CostEstimate {
        if self.provider == ProviderKind::Local {
            return CostEstimate::default();
        }
        let side = |side: fn(&pgfleet_model::Change) -> Option<&pgfleet_model::Attributes>| {
            set.changes.iter().filter_map(move |change| {
                Some(Billed {
                    address: &change.address,
                    region: &change.resource.region,
                    attributes: side(change)?,
                })
            })
        };
        let mut addresses: Vec<Address> = set
            .changes
            .iter()
            .map(|change| change.address.clone())
            .collect();
        addresses.dedup();
        CostEstimate {
            before: self.bill(side(|change| change.before.as_ref())),
            after: self.bill(side(|change| change.after.as_ref())),
            addresses,
        }
    }
}

impl CostEstimate {
    /// The whole fleet.
    pub fn total(&self) -> CostDelta {
        CostDelta {
            before: self.before.total(),
            after: self.after.total(),
            same_unknown: self.before.unpriced == self.after.unpriced,
        }
    }

    /// One instance.
    pub fn of(&self, address: &Address) -> CostDelta {
        let unknown = |bill: &Bill| -> Vec<Unpriced> {
            let lines = bill.unpriced.iter();
            lines
                .filter(|line| line.address == *address)
                .cloned()
                .collect()
        };
        CostDelta {
            before: self.before.of(address),
            after: self.after.of(address),
            same_unknown: unknown(&self.before) == unknown(&self.after),
        }
    }

    /// What is unpriced only as it is, and no longer as it will be.
    pub fn unpriced_before(&self) -> impl Iterator<Item = &Unpriced> {
        let before = self.before.unpriced.iter();
        before.filter(|line| !self.after.unpriced.contains(line))
    }
}
