//! Puts a catalog of prices together, row by row.

use std::collections::HashMap;

use pgfleet_model::{Availability, ProviderKind, Region};

use super::{
    Catalog, Origin, Term, TermPrice,
    store::{Entry, PROVIDERS, RegionPrices, Terms, index},
};
use crate::Usd;

/// A catalog in the making. A price of zero is not taken in: the lists write it for what is free
/// for a while or to some, and it would stand for all.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    catalog: Catalog,
    origins: HashMap<Origin, u16>,
}

impl Builder {
    fn origin(&mut self, origin: &Origin) -> Option<u16> {
        if let Some(known) = self.origins.get(origin) {
            return Some(*known);
        }
        let number = u16::try_from(self.catalog.origins.len()).ok()?;
        self.catalog.origins.push(origin.clone());
        self.origins.insert(origin.clone(), number);
        Some(number)
    }

    fn region(&mut self, provider: ProviderKind, region: &Region) -> Option<&mut RegionPrices> {
        let platform = self.catalog.platforms.get_mut(index(provider)?)?;
        Some(platform.regions.entry(region.as_str().into()).or_default())
    }

    /// Takes a price in, over the one that is there.
    pub(crate) fn price(
        &mut self,
        provider: ProviderKind,
        region: &Region,
        (meter, availability): (&str, Availability),
        usd: Usd,
        origin: &Origin,
    ) {
        let Some(origin) = self.origin(origin).filter(|_| usd > Usd::ZERO) else {
            return;
        };
        if let Some(prices) = self.region(provider, region) {
            prices.add(meter, availability, Entry { usd, origin });
        }
    }

    /// Takes the price of a term in.
    pub(crate) fn term(
        &mut self,
        provider: ProviderKind,
        region: &Region,
        meter: &str,
        (term, price): (Term, TermPrice),
        origin: &Origin,
    ) {
        let column = Term::COLUMNS.iter().position(|column| *column == term);
        let (Some(column), Some(origin)) = (column, self.origin(origin)) else {
            return;
        };
        if let Some(prices) = self.region(provider, region) {
            let terms = prices.terms.entry(meter.into()).or_insert(Terms {
                origin,
                prices: [None; Term::COLUMNS.len()],
            });
            if let Some(place) = terms.prices.get_mut(column) {
                *place = Some(price);
            }
        }
    }

    /// Takes a region in as another catalog has it.
    fn copy(&mut self, from: &Catalog, provider: ProviderKind, region: &Region) {
        let Some(prices) = from.region(provider, region) else {
            return;
        };
        for (meter, entries) in &prices.meters {
            let zones = [Availability::Zonal, Availability::Regional];
            for (availability, entry) in zones.into_iter().zip(entries) {
                if let Some(quote) = entry.and_then(|entry| from.quote(entry)) {
                    let meter = (&**meter, availability);
                    self.price(provider, region, meter, quote.usd, &quote.origin);
                }
            }
        }
        for (meter, terms) in &prices.terms {
            let Some(origin) = from.origins.get(usize::from(terms.origin)) else {
                continue;
            };
            for (term, price) in Term::COLUMNS.into_iter().zip(terms.prices) {
                if let Some(price) = price {
                    self.term(provider, region, meter, (term, price), origin);
                }
            }
        }
    }

    /// The catalog.
    pub(crate) fn finish(self) -> Catalog {
        self.catalog
    }
}

impl Catalog {
    /// Only these regions of one cloud.
    #[must_use]
    pub fn only(&self, provider: ProviderKind, regions: &[Region]) -> Self {
        let mut builder = Builder::default();
        for region in regions {
            builder.copy(self, provider, region);
        }
        builder.finish()
    }

    /// The prices of `newer` for its regions, and those of this catalog for all others.
    #[must_use]
    pub fn updated_by(&self, newer: &Self) -> Self {
        let mut builder = Builder::default();
        for provider in PROVIDERS {
            for region in newer.regions(provider) {
                builder.copy(newer, provider, &region);
            }
            for region in self.regions(provider) {
                if !newer.knows_region(provider, &region) {
                    builder.copy(self, provider, &region);
                }
            }
        }
        builder.finish()
    }
}
