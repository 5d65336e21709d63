//! A month's bill: what is priced, what is not, what is not in it.

use std::fmt;

use pgfleet_model::Address;

use super::Amount;
use crate::{Quantity, Quote, Usd};

/// What is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A class by the hour.
    Compute,
    /// Google: vCPUs by the hour.
    Vcpu,
    /// Google: memory by the hour.
    Memory,
    /// The disk.
    Storage,
    /// Provisioned operations above what is free.
    Iops,
    /// Provisioned throughput above what is free.
    Throughput,
    /// Backups beyond what is free.
    Backup,
    /// Replication between regions.
    Replication,
}

impl Item {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Vcpu => "vcpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::Iops => "iops",
            Self::Throughput => "throughput",
            Self::Backup => "backup",
            Self::Replication => "replication",
        }
    }

    /// The unit that its price is for.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Compute | Self::Vcpu => "h",
            Self::Memory => "GiB-h",
            Self::Storage | Self::Backup => "GiB-month",
            Self::Iops => "IOPS-month",
            Self::Throughput => "MiB/s-month",
            Self::Replication => "GiB",
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of the bill with its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostComponent {
    /// Whose it is.
    pub address: Address,
    /// What is billed.
    pub item: Item,
    /// Of what kind, in words.
    pub detail: String,
    /// How much of it a month, in [`Item::unit`].
    pub quantity: Quantity,
    /// What one unit costs.
    pub quote: Quote,
}

impl CostComponent {
    /// A month of it, unrounded.
    pub fn monthly(&self) -> Usd {
        self.quote.usd.times(self.quantity)
    }
}

/// One line of the bill whose price is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpriced {
    /// Whose it is.
    pub address: Address,
    /// What is billed.
    pub item: Item,
    /// Of what kind, and why there is no price where that is not the catalog.
    pub detail: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Something that is billed but cannot be reckoned, since its input is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotIncluded {
    /// Whose it is.
    pub address: Address,
    /// What is billed.
    pub item: Item,
    /// What it is and what would be needed.
    pub detail: String,
}

/// The bill of some instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bill {
    /// What has a price.
    pub components: Vec<CostComponent>,
    /// What has none.
    pub unpriced: Vec<Unpriced>,
    /// What is left out.
    pub not_included: Vec<NotIncluded>,
}

impl Bill {
    /// Everything together.
    pub fn total(&self) -> Amount {
        self.sum(|_| true)
    }

    /// One instance's part.
    pub fn of(&self, address: &Address) -> Amount {
        self.sum(|other| other == address)
    }

    fn sum(&self, includes: impl Fn(&Address) -> bool) -> Amount {
        let Self {
            components,
            unpriced,
            not_included: _,
        } = self;
        let priced = components.iter().filter(|line| includes(&line.address));
        let unpriced = unpriced.iter().filter(|line| includes(&line.address));
        priced
            .map(|line| Amount::Exact(line.monthly()))
            .chain(unpriced.map(|_| Amount::Unknown))
            .sum()
    }
}
