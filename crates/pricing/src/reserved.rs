//! What commitments for one or three years would save on the compute of a fleet.

use pgfleet_model::{Availability, ProviderKind, Region};
use rust_decimal::Decimal;

use crate::{
    CostEstimate, Item, Origin, PlannedInstance, PriceCatalog, Quantity, Term, TermPrice, Upfront,
    Usd,
};

/// A commitment for one instance of a kind, beside its list price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The class.
    pub size: String,
    /// Where.
    pub region: Region,
    /// In one zone or two.
    pub availability: Availability,
    /// How many instances of the fleet are of this kind.
    pub instances: usize,
    /// The commitment.
    pub term: Term,
    /// What it costs.
    pub price: TermPrice,
    /// What a month costs, with the upfront part spread over the term.
    pub effective_monthly: Usd,
    /// What a month costs at the list price.
    pub on_demand_monthly: Usd,
    /// The first month at whose end the commitment has cost less than the list price would have;
    /// `None` where it never does.
    pub break_even_month: Option<u32>,
    /// Where the commitment's price comes from.
    pub origin: Origin,
}

/// The commitments that the facts hold for the compute of a fleet, each kind of instance once.
/// AWS's are for one zone, so Multi-AZ instances have none; Google's are a share of the price of
/// vCPUs and memory.
pub fn reservations(
    provider: ProviderKind,
    instances: &[PlannedInstance],
    estimate: &CostEstimate,
    prices: &PriceCatalog<'_>,
) -> Vec<Reservation> {
    let mut kinds: Vec<(&PlannedInstance, usize)> = Vec::new();
    for instance in instances {
        let same = |(other, _): &&mut (&PlannedInstance, usize)| {
            other.region == instance.region
                && other.attributes.size == instance.attributes.size
                && other.attributes.availability == instance.attributes.availability
        };
        match kinds.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => kinds.push((instance, 1)),
        }
    }
    let mut found = Vec::new();
    for (instance, count) in kinds {
        let Some(size) = instance.attributes.size.as_deref() else {
            continue;
        };
        let lines = estimate.after.components.iter();
        let compute: Vec<_> = lines
            .filter(|line| line.address == instance.address)
            .filter(|line| matches!(line.item, Item::Compute | Item::Vcpu | Item::Memory))
            .collect();
        let unknown = estimate.after.unpriced.iter().any(|line| {
            line.address == instance.address
                && matches!(line.item, Item::Compute | Item::Vcpu | Item::Memory)
        });
        if compute.is_empty() || unknown {
            continue;
        }
        let on_demand: Usd = compute.iter().map(|line| line.monthly()).sum();
        let terms = match provider {
            ProviderKind::Gcp if compute.len() == 2 => commitments(on_demand, prices),
            ProviderKind::Gcp | ProviderKind::Local => Vec::new(),
            _ => listed(provider, instance, size, prices),
        };
        found.extend(terms.into_iter().filter_map(|(term, price, origin)| {
            let month = price.hourly.times(Quantity::month());
            let effective = price.upfront.split(term.months())? + month;
            Some(Reservation {
                size: size.to_owned(),
                region: instance.region.clone(),
                availability: instance
                    .attributes
                    .availability
                    .unwrap_or(Availability::Zonal),
                instances: count,
                term,
                price,
                effective_monthly: effective,
                on_demand_monthly: on_demand,
                break_even_month: break_even(term, price.upfront, month, on_demand),
                origin,
            })
        }));
    }
    found
}

type Offer = (Term, TermPrice, Origin);

fn listed(
    provider: ProviderKind,
    instance: &PlannedInstance,
    size: &str,
    prices: &PriceCatalog<'_>,
) -> Vec<Offer> {
    if instance.attributes.availability == Some(Availability::Regional) {
        return Vec::new();
    }
    let class = prices.embedded().shape(provider, size);
    let terms = class.and_then(|class| prices.terms(provider, &instance.region, &class));
    let Some((terms, origin)) = terms else {
        return Vec::new();
    };
    let offers = terms.into_iter();
    offers
        .map(|(term, price)| (term, price, origin.clone()))
        .collect()
}

/// Google's commitments: nothing upfront, a share off every hour of vCPUs and memory.
fn commitments(on_demand: Usd, prices: &PriceCatalog<'_>) -> Vec<Offer> {
    let commits = prices.embedded().commits(ProviderKind::Gcp);
    let offers = commits.filter_map(|(years, share, origin)| {
        let month = on_demand.share(Decimal::ONE - share);
        let term = Term {
            years,
            upfront: Upfront::None,
        };
        let price = TermPrice {
            upfront: Usd::ZERO,
            hourly: month.split(730)?,
        };
        Some((term, price, origin))
    });
    offers.collect()
}

fn break_even(term: Term, upfront: Usd, month: Usd, on_demand: Usd) -> Option<u32> {
    let saved = on_demand.minus(month);
    if saved.is_negative() || saved == Usd::ZERO {
        return None;
    }
    // Strictly less: at the very month where both have cost the same, nothing is saved yet.
    let months = upfront.decimal().checked_div(saved.decimal())?.floor();
    let months = u32::try_from(months).ok()?.checked_add(1)?;
    (months <= term.months()).then_some(months)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_breaks_even_in_the_first_month_that_is_cheaper_in_all() {
        let usd = |text: &str| text.parse::<Usd>().unwrap();
        let term = |years, upfront| Term { years, upfront };
        let one = term(1, Upfront::Partial);
        // 216 ahead and 17.958 a month, against 52.56: 34.602 saved a month, 6.24 months.
        assert_eq!(
            break_even(one, usd("216"), usd("17.958"), usd("52.56")),
            Some(7)
        );
        assert_eq!(break_even(one, Usd::ZERO, usd("40"), usd("52.56")), Some(1));
        assert_eq!(break_even(one, usd("100"), usd("40"), usd("50")), Some(11));
        assert_eq!(break_even(one, usd("120"), usd("40"), usd("50")), None);
        assert_eq!(break_even(one, usd("1"), usd("50"), usd("50")), None);
        assert_eq!(break_even(one, usd("1"), usd("51"), usd("50")), None);
    }
}
