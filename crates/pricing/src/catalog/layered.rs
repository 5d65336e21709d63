//! The embedded prices with the refreshed ones over them.

use pgfleet_model::{Availability, ProviderKind, Region};

use super::{Catalog, Class, Origin, Price, Quality, Term, TermPrice, store::doubled};
use crate::Quantity;

/// Prices to reckon with: the refreshed ones where there are any, else the embedded ones. Classes
/// and portable sizes always come from the embedded catalog, so that prices resize nothing.
#[derive(Debug, Clone)]
pub struct PriceCatalog<'a> {
    embedded: &'a Catalog,
    refreshed: Option<Catalog>,
}

impl<'a> PriceCatalog<'a> {
    /// The embedded prices, under those of a refresh where there was one.
    pub fn new(embedded: &'a Catalog, refreshed: Option<Catalog>) -> Self {
        Self {
            embedded,
            refreshed,
        }
    }

    /// The catalog that knows the classes.
    pub fn embedded(&self) -> &'a Catalog {
        self.embedded
    }

    /// The refreshed prices.
    pub fn refreshed(&self) -> Option<&Catalog> {
        self.refreshed.as_ref()
    }

    fn layers(&self) -> impl Iterator<Item = &Catalog> {
        self.refreshed.iter().chain([self.embedded])
    }

    /// Whether any catalog knows a price of the region.
    pub fn knows_region(&self, provider: ProviderKind, region: &Region) -> bool {
        self.layers()
            .any(|catalog| catalog.knows_region(provider, region))
    }

    /// The price of one unit of a meter. What stands in two zones has prices of its own on AWS and
    /// Google, else it is estimated at twice the zonal price; Azure has no such prices, and twice
    /// is its rule.
    pub fn price(
        &self,
        provider: ProviderKind,
        region: &Region,
        meter: &str,
        availability: Availability,
    ) -> Price {
        let exact = |availability| {
            let prices = self
                .layers()
                .map(|catalog| catalog.exact(provider, region, meter, availability));
            Price::from(prices.filter_map(Price::known).next())
        };
        match (exact(availability), availability) {
            (Price::NotFound, Availability::Regional) => {
                let quality = match provider {
                    ProviderKind::Azure => Quality::Observed,
                    _ => Quality::Estimated,
                };
                doubled(exact(Availability::Zonal), quality)
            }
            (price, _) => price,
        }
    }

    /// An hour of a class that is billed by the hour (AWS and Azure).
    pub fn hour(
        &self,
        provider: ProviderKind,
        region: &Region,
        class: &Class,
        availability: Availability,
    ) -> Price {
        // A catalog is asked for the class and then for the family's price per vCore, before an
        // older catalog is asked for either.
        let find = |catalog: &Catalog, availability| {
            let own = catalog.exact(provider, region, &class.name, availability);
            own.known().or_else(|| {
                let meter = class.meter.as_deref()?;
                let mut quote = catalog
                    .exact(provider, region, meter, availability)
                    .known()?;
                quote.usd = quote.usd.times(Quantity::whole(class.vcpus));
                Some(quote)
            })
        };
        let found = |availability| {
            Price::from(
                self.layers()
                    .find_map(|catalog| find(catalog, availability)),
            )
        };
        match (found(availability), availability) {
            (Price::NotFound, Availability::Regional) => {
                let quality = match provider {
                    ProviderKind::Azure => Quality::Observed,
                    _ => Quality::Estimated,
                };
                doubled(found(Availability::Zonal), quality)
            }
            (price, _) => price,
        }
    }

    /// Reserved prices of a whole class, in one zone.
    pub(crate) fn terms(
        &self,
        provider: ProviderKind,
        region: &Region,
        class: &Class,
    ) -> Option<(Vec<(Term, TermPrice)>, Origin)> {
        self.layers().find_map(|catalog| {
            let own = catalog.terms(provider, region, &class.name);
            own.or_else(|| {
                let (mut prices, origin) =
                    catalog.terms(provider, region, class.meter.as_deref()?)?;
                let vcpus = Quantity::whole(class.vcpus);
                for (_, price) in &mut prices {
                    price.upfront = price.upfront.times(vcpus);
                    price.hourly = price.hourly.times(vcpus);
                }
                Some((prices, origin))
            })
        })
    }
}
