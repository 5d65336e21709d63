//! Google's Cloud Billing Catalog: the SKUs of Cloud SQL, page by page. What a SKU is stands only
//! in its description, whose words vary.

use pgfleet_model::{Availability, ProviderKind, Region};
use serde::Deserialize;

use super::{
    LiveError, clip,
    rate::{Meter, Rates},
};
use crate::{Catalog, Date, Origin, Quality, Usd, catalog::Builder};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    skus: Vec<Sku>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sku {
    #[serde(rename = "skuId")]
    id: Option<String>,
    description: String,
    #[serde(default)]
    category: Category,
    #[serde(default)]
    service_regions: Vec<String>,
    #[serde(default)]
    pricing_info: Vec<PricingInfo>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Category {
    usage_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PricingInfo {
    effective_time: Option<String>,
    pricing_expression: Expression,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expression {
    usage_unit: Option<String>,
    #[serde(default)]
    tiered_rates: Vec<Tier>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tier {
    unit_price: UnitPrice,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnitPrice {
    currency_code: Option<String>,
    units: Option<String>,
    nanos: Option<i64>,
}

/// The pages of the catalog.
#[derive(Debug)]
pub struct GcpPages {
    today: Date,
    rates: Rates<(String, Meter)>,
}

impl GcpPages {
    /// No page yet. `today` decides which prices hold.
    pub fn new(today: Date) -> Self {
        Self {
            today,
            rates: Rates::new(today),
        }
    }

    /// Reads a page; answers with the token of the next one, where there is one.
    ///
    /// # Errors
    /// The text is no such page, or prices PostgreSQL in another currency or unit.
    pub fn page(&mut self, text: &str) -> Result<Option<String>, LiveError> {
        let page: Page = serde_json::from_str(text).map_err(|error| LiveError::json(&error))?;
        for sku in page.skus {
            self.sku(&sku)?;
        }
        Ok(page.next_page_token.filter(|token| !token.is_empty()))
    }

    fn sku(&mut self, sku: &Sku) -> Result<(), LiveError> {
        let on_demand = sku
            .category
            .usage_type
            .as_deref()
            .is_none_or(|kind| kind == "OnDemand");
        let Some((meter, unit)) = meter(&sku.description).filter(|_| on_demand) else {
            return Ok(());
        };
        let id = sku.id.as_deref().unwrap_or(&sku.description);
        let place = format!("SKU {}", clip(id));
        for info in &sku.pricing_info {
            let Expression {
                usage_unit,
                tiered_rates,
            } = &info.pricing_expression;
            if usage_unit.as_deref() != Some(unit) {
                let found = clip(usage_unit.as_deref().unwrap_or("nothing"));
                let message = format!("priced by {found}, not by {unit}");
                return Err(LiveError::new(place, message));
            }
            let since = info.effective_time.as_deref();
            let since = since.and_then(|text| text.parse().ok());
            // A first tier at no charge is not the price of what goes beyond it.
            for tier in tiered_rates {
                let usd = unit_price(&tier.unit_price, &place)?;
                if usd == Usd::ZERO {
                    continue;
                }
                for region in &sku.service_regions {
                    self.rates.add((region.clone(), meter.clone()), since, usd);
                }
                break;
            }
        }
        Ok(())
    }

    /// The prices of the wanted regions; of all of them, where none is named.
    ///
    /// # Errors
    /// A wanted region, or every region, lacks the price of compute.
    pub fn finish(self, wanted: &[Region]) -> Result<Catalog, LiveError> {
        let origin = Origin {
            quality: Quality::Observed,
            as_of: Some(self.today),
            source: "Google Cloud Billing Catalog, service 9662-B51E-5089".into(),
        };
        let mut builder = Builder::default();
        let mut complete: Vec<Region> = Vec::new();
        for ((region, (meter, availability)), usd) in self.rates.iter() {
            let region = Region::new(region.as_str());
            if !wanted.is_empty() && !wanted.contains(&region) {
                continue;
            }
            let key = (meter.as_str(), *availability);
            builder.price(ProviderKind::Gcp, &region, key, usd, &origin);
            if meter == "vcpu" {
                complete.push(region);
            }
        }
        let lacking = wanted.iter().find(|region| !complete.contains(region));
        match lacking {
            Some(region) => Err(LiveError::nothing(ProviderKind::Gcp, region)),
            None if complete.is_empty() => Err(LiveError::nothing(
                ProviderKind::Gcp,
                &Region::new("any region"),
            )),
            None => Ok(builder.finish()),
        }
    }
}

/// The words of a description, without those that say nothing, and what they mean.
const WORDS: [(&str, &str, &str); 18] = [
    ("vcpu", "vcpu", "h"),
    ("ram", "memory", "GiBy.h"),
    ("micro instance", "micro", "h"),
    ("small instance", "small", "h"),
    ("standard storage", "PD_SSD", "GiBy.mo"),
    ("low cost storage", "PD_HDD", "GiBy.mo"),
    ("enterprise plus n vcpu", "plus/vcpu", "h"),
    ("enterprise plus n ram", "plus/memory", "GiBy.h"),
    ("enterprise plus standard storage", "plus/PD_SSD", "GiBy.mo"),
    (
        "enterprise plus data cache storage",
        "plus/cache",
        "GiBy.mo",
    ),
    ("enterprise plus c4 vcpu", "c4/vcpu", "h"),
    ("enterprise plus c4 ram", "c4/memory", "GiBy.h"),
    ("enterprise plus c4a vcpu", "c4a/vcpu", "h"),
    ("enterprise plus c4a ram", "c4a/memory", "GiBy.h"),
    ("enterprise n4 vcpu", "n4/vcpu", "h"),
    ("enterprise n4 ram", "n4/memory", "GiBy.h"),
    (
        "enterprise storage hyperdisk balanced capacity",
        "hyperdisk",
        "GiBy.mo",
    ),
    (
        "enterprise storage hyperdisk balanced iops",
        "hyperdisk/iops",
        "mo",
    ),
];

/// The meter that a description means, with the unit that its price must be for. `None` for other
/// engines, and for what is no part of an instance: extended support, trials, commitments, network,
/// bundles.
fn meter(description: &str) -> Option<(Meter, &'static str)> {
    let text = description.to_ascii_lowercase();
    // The place comes last: "in Americas", "in South Carolina".
    let (text, _) = text.rsplit_once(" in ")?;
    if text == "cloud sql: backups" {
        let meter = ("backup".to_owned(), Availability::Zonal);
        return Some((meter, "GiBy.mo"));
    }
    let text = text.strip_prefix("cloud sql for postgre")?;
    let (_, text) = text.split_once(':')?;
    let (zones, words) = text.split_once('-')?;
    let availability = match zones.trim() {
        "zonal" => Availability::Zonal,
        "regional" => Availability::Regional,
        _ => return None,
    };
    let words = words.replace("performance optimized", "");
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = words.join(" ");
    let (meter, unit) = if words == "enterprise storage hyperdisk balanced throughput" {
        ("hyperdisk/throughput", "mo")
    } else {
        let (_, meter, unit) = WORDS.iter().find(|(known, ..)| *known == words)?;
        (*meter, *unit)
    };
    Some(((meter.to_owned(), availability), unit))
}

fn unit_price(price: &UnitPrice, place: &str) -> Result<Usd, LiveError> {
    if let Some(currency) = price.currency_code.as_deref().filter(|code| *code != "USD") {
        let message = format!("priced in {}, not in USD", clip(currency));
        return Err(LiveError::new(place, message));
    }
    let wrong = || LiveError::new(place, "the price is no amount of units and nanos");
    let units = price.units.as_deref().unwrap_or("0");
    let nanos = price.nanos.unwrap_or(0);
    if !(0..1_000_000_000).contains(&nanos) {
        return Err(wrong());
    }
    Usd::price(&format!("{units}.{nanos:09}")).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_understood_in_all_their_spellings() {
        let read = |text| meter(text).map(|((meter, availability), _)| (meter, availability));
        let found = |meter: &str, availability| Some((meter.to_owned(), availability));
        let (zonal, regional) = (Availability::Zonal, Availability::Regional);
        for (text, wanted) in [
            (
                "Cloud SQL for PostgreSQL: Zonal - vCPU in Americas",
                found("vcpu", zonal),
            ),
            (
                "Cloud SQL for PostgreSQL: Regional - RAM in Americas",
                found("memory", regional),
            ),
            (
                "Cloud SQL for Postgres: Zonal- Enterprise N4 RAM in South Carolina",
                found("n4/memory", zonal),
            ),
            (
                "Cloud SQL for Postgres: Zonal - Enterprise Plus Performance Optimized C4A vCPU in South Carolina",
                found("c4a/vcpu", zonal),
            ),
            (
                "Cloud SQL for PostgreSQL: Regional - Enterprise Plus N vCPU in Iowa",
                found("plus/vcpu", regional),
            ),
            ("Cloud SQL: Backups in Americas", found("backup", zonal)),
            ("Cloud SQL for MySQL: Zonal - vCPU in Paris", None),
            (
                "Cloud SQL for MySQL: Zonal - 96 vCPU + 360GB RAM in Paris",
                None,
            ),
            (
                "Cloud SQL for PostgreSQL: Zonal - Extended support vCPU in Paris",
                None,
            ),
            (
                "Cloud SQL for PostgreSQL: Read Replica (free with promotional discount until September 2021) - vCPU in Paris",
                None,
            ),
            (
                "Commitment - dollar based v1: Cloud SQL database europe-west3 for 1 year",
                None,
            ),
            ("Network Internet Egress from EMEA to Seoul", None),
            ("FDC Trial in Cloud SQL", None),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }
}
