//! The bulk price list of Amazon RDS.

use std::io::Read as _;

use pgfleet_model::{ProviderKind, Region};
use pgfleet_pricing::{Catalog, live};
use reqwest::header::HeaderMap;

use super::{endpoint::Endpoint, fetch::Fetcher, today};
use crate::ui::Ui;

const INDEX: &str = "/offers/v1.0/aws/AmazonRDS/current/region_index.json";
const MAX_INDEX: usize = 4 << 20;
/// A region's file has about 27 MB.
const MAX_OFFER: u64 = 256 << 20;

/// The prices of the wanted regions; of all that the program knows, where none is named.
pub(super) async fn fetch(wanted: &[Region], ui: Ui) -> Result<Catalog, String> {
    let endpoint = Endpoint::of(
        "PGFLEET_AWS_PRICES_ENDPOINT",
        "https://pricing.us-east-1.amazonaws.com",
    )?;
    let fetcher = Fetcher::new(&endpoint)?;
    let index = endpoint.at(INDEX)?;
    let text = fetcher.text(&index, &HeaderMap::new(), MAX_INDEX).await?;
    let paths = live::aws_regions(&text).map_err(|error| format!("{index}: {error}"))?;
    let embedded = Catalog::embedded();
    let regions: Vec<Region> = if wanted.is_empty() {
        let known = paths.keys();
        known
            .filter(|region| embedded.knows_region(ProviderKind::Aws, region))
            .cloned()
            .collect()
    } else {
        wanted.to_vec()
    };
    if regions.is_empty() {
        return Err(format!("{index}: it names no region that is known here"));
    }
    let mut all = Catalog::default();
    for region in regions {
        let path = paths.get(&region);
        let path = path.ok_or_else(|| format!("{index}: it has no region {region}"))?;
        ui.note(&format!("aws {region}: fetching"));
        let url = endpoint.at(path)?;
        let (body, pump) = fetcher.body(&url).await?;
        let (of, today) = (region.clone(), today());
        // One byte more than allowed makes an answer that is too large an answer that breaks off.
        let parsing =
            tokio::task::spawn_blocking(move || live::aws_offer(body.take(MAX_OFFER), &of, today));
        let (parsed, ()) = tokio::join!(parsing, pump.run());
        let parsed = parsed.map_err(|error| format!("{url}: {error}"))?;
        let parsed = parsed.map_err(|error| format!("{url}: {error}"))?;
        all = all.updated_by(&parsed);
    }
    Ok(all)
}
