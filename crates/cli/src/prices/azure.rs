//! Azure's retail prices.

use pgfleet_model::{ProviderKind, Region};
use pgfleet_pricing::{Catalog, live::AzurePages};
use reqwest::header::HeaderMap;

use super::{endpoint::Endpoint, fetch::Fetcher, today};
use crate::ui::Ui;

const PATH: &str = "/api/retail/prices";
const MAX_PAGE: usize = 32 << 20;
const MAX_PAGES: usize = 200;

/// The prices of the wanted regions; of all that the program knows, where none is named.
pub(super) async fn fetch(wanted: &[Region], ui: Ui) -> Result<Catalog, String> {
    let endpoint = Endpoint::of("PGFLEET_AZURE_PRICES_ENDPOINT", "https://prices.azure.com")?;
    let fetcher = Fetcher::new(&endpoint)?;
    let regions: Vec<Region> = if wanted.is_empty() {
        Catalog::embedded().regions(ProviderKind::Azure).collect()
    } else {
        wanted.to_vec()
    };
    let mut all = Catalog::default();
    for region in regions {
        ui.note(&format!("azure {region}: fetching"));
        let pages = one(&endpoint, &fetcher, &region).await?;
        all = all.updated_by(&pages);
    }
    Ok(all)
}

async fn one(endpoint: &Endpoint, fetcher: &Fetcher, region: &Region) -> Result<Catalog, String> {
    let place = |error| format!("{PATH} of {region}: {error}");
    let mut pages = AzurePages::new(region.clone(), today());
    let mut url = endpoint.at(PATH)?;
    url.query_pairs_mut().append_pair(
        "$filter",
        &format!("serviceName eq 'Azure Database for PostgreSQL' and armRegionName eq '{region}'"),
    );
    for _ in 0..MAX_PAGES {
        let text = fetcher.text(&url, &HeaderMap::new(), MAX_PAGE).await?;
        let Some(link) = pages.page(&text).map_err(place)? else {
            return pages.finish().map_err(place);
        };
        let next = endpoint.at(&link)?;
        if next == url {
            return Err(format!("{PATH} of {region}: a page leads to itself"));
        }
        url = next;
    }
    Err(format!("{PATH} of {region}: more than {MAX_PAGES} pages"))
}
