//! What a catalog holds in memory, and how it is asked.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use pgfleet_model::{Availability, ProviderKind, Region};
use rust_decimal::Decimal;

use super::{
    CatalogError, Class, EMBEDDED, Origin, Price, Quality, Quote, Term, TermPrice, format,
};
use crate::{Date, Usd};

/// The providers that have prices.
pub(crate) const PROVIDERS: [ProviderKind; 3] =
    [ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure];

/// Where a provider stands in a catalog; `None` for this machine, which has no bill.
pub(super) fn index(provider: ProviderKind) -> Option<usize> {
    PROVIDERS.iter().position(|kind| *kind == provider)
}

/// List prices and classes of the clouds.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(super) origins: Vec<Origin>,
    pub(super) platforms: [Platform; 3],
}

/// One cloud's part.
#[derive(Debug, Clone, Default)]
pub(super) struct Platform {
    pub(super) classes: Vec<Class>,
    names: HashMap<Arc<str>, usize>,
    pub(super) regions: BTreeMap<Arc<str>, RegionPrices>,
    pub(super) commits: Vec<Commit>,
}

impl Platform {
    pub(super) fn add(&mut self, class: Class) {
        self.names
            .insert(Arc::clone(&class.name), self.classes.len());
        self.classes.push(class);
    }
}

/// A price as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) usd: Usd,
    pub(super) origin: u16,
}

/// A commitment that saves a share of the list price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commit {
    pub(super) years: u8,
    pub(super) share: Decimal,
    pub(super) origin: u16,
}

/// Reserved prices of one meter, in the order of [`Term::COLUMNS`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) origin: u16,
    pub(super) prices: [Option<TermPrice>; Term::COLUMNS.len()],
}

/// One region's prices by meter.
#[derive(Debug, Clone, Default)]
pub(super) struct RegionPrices {
    pub(super) meters: HashMap<Arc<str>, [Option<Entry>; 2]>,
    pub(super) terms: HashMap<Arc<str>, Terms>,
}

impl RegionPrices {
    /// Takes a price in; false where there is one already.
    pub(super) fn add(&mut self, meter: &str, availability: Availability, entry: Entry) -> bool {
        let [zonal, regional] = match self.meters.get_mut(meter) {
            Some(prices) => prices,
            None => self.meters.entry(meter.into()).or_default(),
        };
        let place = match availability {
            Availability::Zonal => zonal,
            Availability::Regional => regional,
        };
        place.replace(entry).is_none()
    }
}

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

impl Catalog {
    /// The catalog that is part of the program.
    pub fn embedded() -> &'static Self {
        // A test proves that it is read. If it ever were not, every price would be unknown, and
        // named so; none would be zero.
        static CATALOG: LazyLock<Catalog> =
            LazyLock::new(|| Catalog::parse(EMBEDDED).unwrap_or_default());
        &CATALOG
    }

    /// Reads a catalog from a file's text.
    ///
    /// # Errors
    /// The first line that is not as it should be.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        format::parse(text)
    }

    /// Reads the embedded catalog anew, for those who measure how long that takes.
    ///
    /// # Errors
    /// Never, as a test proves.
    pub fn parse_embedded() -> Result<Self, CatalogError> {
        Self::parse(EMBEDDED)
    }

    /// The regions with prices, in order of name.
    pub fn regions(&self, provider: ProviderKind) -> impl Iterator<Item = Region> {
        let platform = self.platform(provider).into_iter();
        platform.flat_map(|platform| platform.regions.keys().map(|name| Region::new(&**name)))
    }

    /// Whether any price of the region is known.
    pub fn knows_region(&self, provider: ProviderKind, region: &Region) -> bool {
        self.region(provider, region).is_some()
    }

    /// Every class that the facts describe, whether it has a price or not.
    pub fn classes(&self, provider: ProviderKind) -> &[Class] {
        self.platform(provider)
            .map_or(&[], |platform| &platform.classes)
    }

    /// A class by the vendor's name. `None` where the catalog knows no such class or no such
    /// region; a class that is known may still have no price there.
    pub fn class(&self, provider: ProviderKind, region: &Region, name: &str) -> Option<Class> {
        self.region(provider, region)?;
        self.shape(provider, name)
    }

    /// What a class holds, wherever it is.
    pub(crate) fn shape(&self, provider: ProviderKind, name: &str) -> Option<Class> {
        let platform = self.platform(provider)?;
        let listed = platform.names.get(name);
        let listed = listed.and_then(|index| platform.classes.get(*index));
        match provider {
            ProviderKind::Gcp => listed.cloned().or_else(|| crate::gcp::custom(name)),
            _ => listed.cloned(),
        }
    }

    /// The price of one unit of a meter, exactly as the catalog holds it.
    pub(crate) fn exact(
        &self,
        provider: ProviderKind,
        region: &Region,
        meter: &str,
        availability: Availability,
    ) -> Price {
        let find = || {
            let [zonal, regional] = self.region(provider, region)?.meters.get(meter)?;
            let entry = match availability {
                Availability::Zonal => zonal,
                Availability::Regional => regional,
            };
            self.quote((*entry)?)
        };
        find().into()
    }

    /// Reserved prices of a meter with where they come from.
    pub(crate) fn terms(
        &self,
        provider: ProviderKind,
        region: &Region,
        meter: &str,
    ) -> Option<(Vec<(Term, TermPrice)>, Origin)> {
        let terms = self.region(provider, region)?.terms.get(meter)?;
        let prices = Term::COLUMNS.into_iter().zip(terms.prices);
        let prices = prices.filter_map(|(term, price)| Some((term, price?)));
        let origin = self.origins.get(usize::from(terms.origin))?;
        Some((prices.collect(), origin.clone()))
    }

    /// What commitments of so many years save.
    pub(crate) fn commits(
        &self,
        provider: ProviderKind,
    ) -> impl Iterator<Item = (u8, Decimal, Origin)> {
        let commits = self.platform(provider).map(|platform| &platform.commits);
        commits.into_iter().flatten().filter_map(|commit| {
            let origin = self.origins.get(usize::from(commit.origin))?;
            Some((commit.years, commit.share, origin.clone()))
        })
    }

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

    /// The lists that the catalog was made from.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    pub(super) fn quote(&self, entry: Entry) -> Option<Quote> {
        let origin = self.origins.get(usize::from(entry.origin))?;
        Some(Quote {
            usd: entry.usd,
            origin: origin.clone(),
        })
    }

    pub(super) fn platform(&self, provider: ProviderKind) -> Option<&Platform> {
        self.platforms.get(index(provider)?)
    }

    pub(super) fn region(&self, provider: ProviderKind, region: &Region) -> Option<&RegionPrices> {
        self.platform(provider)?.regions.get(region.as_str())
    }
}

/// Twice the zonal price, for what stands in two zones and has no price of its own.
pub(super) fn doubled(zonal: Price, quality: Quality) -> Price {
    match zonal {
        Price::Known(Quote { usd, origin }) => Price::Known(Quote {
            usd: usd + usd,
            origin: Origin {
                quality: origin.quality.max(quality),
                ..origin
            },
        }),
        Price::NotFound => Price::NotFound,
    }
}
