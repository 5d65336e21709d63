//! The bulk price list of Amazon RDS: one file of about 27 MB a region, read as a stream. Of each
//! product only its meter is kept, and of each term only its rate.

mod meters;
mod offer;

use std::{collections::BTreeMap, io::Read};

use pgfleet_model::{Availability, ProviderKind, Region};
use serde::Deserialize;

use self::offer::Offer;
use super::{LiveError, clip, rate::Rates};
use crate::{Catalog, Date, Origin, Quality, catalog::Builder};

/// The index of the regions' files.
#[derive(Deserialize)]
struct Index {
    regions: BTreeMap<String, IndexRegion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndexRegion {
    current_version_url: String,
}

/// The path of each region's file, from the region index.
///
/// # Errors
/// The text is no such index.
pub fn aws_regions(text: &str) -> Result<BTreeMap<Region, String>, LiveError> {
    let index: Index = serde_json::from_str(text).map_err(|error| LiveError::json(&error))?;
    let regions = index.regions.into_iter().map(|(name, region)| {
        let path = region.current_version_url;
        if path.starts_with("/offers/") && !path.contains("..") {
            Ok((Region::new(name), path))
        } else {
            let message = format!("`{}` is no path of an offer", clip(&path));
            Err(LiveError::new(format!("region {}", clip(&name)), message))
        }
    });
    regions.collect()
}

/// The prices of one region's file as of `today`, from a reader whose length the caller bounds.
///
/// # Errors
/// The file breaks off or is no such list, prices PostgreSQL in another currency, or not at all.
pub fn aws_offer(reader: impl Read, region: &Region, today: Date) -> Result<Catalog, LiveError> {
    let Offer {
        published,
        products,
        on_demand,
        reserved,
        ..
    } = offer::read(reader, today)?;
    let origin = Origin {
        quality: Quality::Observed,
        as_of: Some(published.unwrap_or(today)),
        source: format!("AWS price list, AmazonRDS, {region}").into(),
    };
    let mut rates = Rates::new(today);
    let mut builder = Builder::default();
    for (sku, product) in &products {
        if product
            .region
            .as_deref()
            .is_some_and(|of| of != region.as_str())
        {
            continue;
        }
        if let Some(rate) = on_demand.get(sku) {
            // A row for PostgreSQL outweighs one for any engine.
            let key = (product.meter.clone(), product.availability);
            rates.add((key, product.any_engine), None, rate.usd);
        }
        let standby = product.availability == Availability::Regional;
        for offer in reserved.get(sku).into_iter().flatten().filter(|_| !standby) {
            let meter = &product.meter;
            builder.term(ProviderKind::Aws, region, meter, *offer, &origin);
        }
    }
    let mut compute = false;
    for ((key, any_engine), usd) in rates.iter() {
        let own = !any_engine || !rates.has(&(key.clone(), false));
        if own {
            let (meter, availability) = key;
            compute |= meter.starts_with("db.");
            let meter = (meter.as_str(), *availability);
            builder.price(ProviderKind::Aws, region, meter, usd, &origin);
        }
    }
    if !compute {
        return Err(LiveError::nothing(ProviderKind::Aws, region));
    }
    Ok(builder.finish())
}
