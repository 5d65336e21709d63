//! Azure's retail prices, page by page.

mod row;

use std::collections::BTreeMap;

use pgfleet_model::{Availability, ProviderKind, Region};
use serde::Deserialize;

use self::row::{Row, meter};
use super::{
    LiveError,
    rate::{Rates, amount},
};
use crate::{Catalog, Date, Origin, Quality, Term, TermPrice, Upfront, Usd, catalog::Builder};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    items: Vec<Row>,
    next_page_link: Option<String>,
}

/// The pages of one region.
#[derive(Debug)]
pub struct AzurePages {
    region: Region,
    today: Date,
    rates: Rates<String>,
    reserved: BTreeMap<u8, Rates<String>>,
}

impl AzurePages {
    /// No page yet. `today` decides which prices hold.
    pub fn new(region: Region, today: Date) -> Self {
        Self {
            region,
            today,
            rates: Rates::new(today),
            reserved: BTreeMap::new(),
        }
    }

    /// Reads a page; answers with the address of the next one, where there is one.
    ///
    /// # Errors
    /// The text is no such page, or prices PostgreSQL in another currency or unit.
    pub fn page(&mut self, text: &str) -> Result<Option<String>, LiveError> {
        let page: Page = serde_json::from_str(text).map_err(|error| LiveError::json(&error))?;
        for (number, row) in page.items.iter().enumerate() {
            self.row(row, number)?;
        }
        Ok(page.next_page_link.filter(|link| !link.is_empty()))
    }

    fn row(&mut self, row: &Row, number: usize) -> Result<(), LiveError> {
        if row.arm_region_name.as_deref() != Some(self.region.as_str()) || row.is_tier() {
            return Ok(());
        }
        let Some((meter, unit)) = meter(row) else {
            return Ok(());
        };
        let place = format!("row {number}, {meter}");
        row.check(unit, &place)?;
        let usd = amount(row.retail_price.get(), &place)?;
        let since = row.effective_start_date.as_deref();
        let since = since.and_then(|text| text.parse().ok());
        match row.kind.as_deref() {
            Some("Consumption") | None => self.rates.add(meter, since, usd),
            // The amount is for the whole term, although its unit says an hour.
            Some("Reservation") => {
                if let Some(years) = row.years() {
                    let rates = self.reserved.entry(years);
                    let rates = rates.or_insert_with(|| Rates::new(self.today));
                    rates.add(meter, since, usd);
                }
            }
            // Prices for development and testing, and whatever else there may be.
            Some(_) => {}
        }
        Ok(())
    }

    /// The prices of the region.
    ///
    /// # Errors
    /// No page held the price of any compute.
    pub fn finish(self) -> Result<Catalog, LiveError> {
        let origin = Origin {
            quality: Quality::Observed,
            as_of: Some(self.today),
            source: format!("Azure retail prices, {}", self.region).into(),
        };
        let mut builder = Builder::default();
        let mut compute = false;
        for (meter, usd) in self.rates.iter() {
            compute |= !row::is_storage(meter);
            let key = (meter.as_str(), Availability::Zonal);
            builder.price(ProviderKind::Azure, &self.region, key, usd, &origin);
        }
        for (years, rates) in &self.reserved {
            for (meter, upfront) in rates.iter() {
                let term = Term {
                    years: *years,
                    upfront: Upfront::All,
                };
                let price = TermPrice {
                    upfront,
                    hourly: Usd::ZERO,
                };
                builder.term(
                    ProviderKind::Azure,
                    &self.region,
                    meter,
                    (term, price),
                    &origin,
                );
            }
        }
        if !compute {
            return Err(LiveError::nothing(ProviderKind::Azure, &self.region));
        }
        Ok(builder.finish())
    }
}
