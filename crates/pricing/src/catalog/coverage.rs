//! What a catalog knows, and what it lacks.

use std::collections::BTreeSet;

use pgfleet_model::{ProviderKind, Region};

use super::{Catalog, Origin, store::index};
use crate::Date;

/// What a catalog knows of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The region.
    pub region: Region,
    /// Classes and series with a price.
    pub compute: usize,
    /// Prices of disks, operations, throughput, backups and transfer.
    pub other: usize,
    /// Classes with reserved prices.
    pub reserved: usize,
    /// The oldest and the newest dated price.
    pub dates: Option<(Date, Date)>,
}

/// What every plan of a cloud may be billed by, beside classes: meters and what people call them.
const EXPECTED: [&[(&str, &str)]; 3] = [
    &[
        ("gp2", "gp2"),
        ("gp3", "gp3"),
        ("gp3/iops", "gp3 IOPS"),
        ("io1", "io1"),
        ("io2", "io2"),
        ("backup", "backup"),
    ],
    &[
        ("vcpu", "Enterprise"),
        ("plus/vcpu", "Enterprise Plus"),
        ("PD_SSD", "PD_SSD"),
        ("backup", "backup"),
    ],
    &[
        ("Ddsv5", "Ddsv5"),
        ("Edsv5", "Edsv5"),
        ("premium-ssd", "premium-ssd"),
        ("premium-ssd-v2", "premium-ssd-v2"),
        ("backup", "backup"),
    ],
];

impl Catalog {
    /// What is known of each region.
    pub fn coverage(&self, provider: ProviderKind) -> Vec<Coverage> {
        let Some(platform) = self.platform(provider) else {
            return Vec::new();
        };
        let compute = |meter: &str| {
            let series = ["vcpu", "memory", "micro", "small"];
            let last = meter.rsplit('/').next().unwrap_or(meter);
            platform.names.contains_key(meter)
                || platform
                    .classes
                    .iter()
                    .any(|c| c.meter.as_deref() == Some(meter))
                || series.contains(&last)
        };
        let regions = platform.regions.iter().map(|(name, prices)| {
            let count = prices.meters.keys().filter(|meter| compute(meter)).count();
            let entries = prices.meters.values().flatten().flatten();
            let dates = entries.filter_map(|entry| self.quote(*entry)?.origin.as_of);
            let dates = dates.fold(None, |range: Option<(Date, Date)>, date| {
                let (first, last) = range.unwrap_or((date, date));
                Some((first.min(date), last.max(date)))
            });
            Coverage {
                region: Region::new(&**name),
                compute: count,
                other: prices.meters.len().saturating_sub(count),
                reserved: prices.terms.len(),
                dates,
            }
        });
        regions.collect()
    }

    /// The lists that a cloud's prices come from, in the order of the file.
    pub fn origins(&self, provider: ProviderKind) -> Vec<&Origin> {
        let Some(platform) = self.platform(provider) else {
            return Vec::new();
        };
        let regions = platform.regions.values();
        let prices = regions
            .clone()
            .flat_map(|prices| prices.meters.values().flatten().flatten());
        let terms = regions.flat_map(|prices| prices.terms.values());
        let commits = platform.commits.iter();
        let numbers = prices.map(|entry| entry.origin);
        let numbers = numbers.chain(terms.map(|terms| terms.origin));
        let used: BTreeSet<u16> = numbers.chain(commits.map(|commit| commit.origin)).collect();
        let origins = used.into_iter();
        origins
            .filter_map(|number| self.origins.get(usize::from(number)))
            .collect()
    }

    /// What is missing in a region, in this catalog and in the one over it.
    pub fn lacks(
        &self,
        provider: ProviderKind,
        region: &Region,
        over: Option<&Self>,
    ) -> Vec<&'static str> {
        let expected = index(provider).and_then(|index| EXPECTED.get(index));
        let known = |meter: &str| {
            let catalogs = over.into_iter().chain([self]);
            let mut regions = catalogs.filter_map(|catalog| catalog.region(provider, region));
            regions.any(|prices| prices.meters.contains_key(meter))
        };
        let missing = expected.into_iter().flat_map(|meters| meters.iter());
        missing
            .filter(|(meter, _)| !known(meter))
            .map(|(_, name)| *name)
            .collect()
    }
}
