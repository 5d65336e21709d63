//! Google's Cloud Billing Catalog.

use pgfleet_model::{ProviderKind, Region};
use pgfleet_pricing::{Catalog, live::GcpPages};
use reqwest::header::{HeaderMap, HeaderValue};

use super::{endpoint::Endpoint, fetch::Fetcher, today};
use crate::ui::Ui;

const PATH: &str = "/v1/services/9662-B51E-5089/skus";
const MAX_PAGE: usize = 32 << 20;
const MAX_PAGES: usize = 200;

/// The prices of the wanted regions; of all that the program knows, where none is named.
pub(super) async fn fetch(wanted: &[Region], ui: Ui) -> Result<Catalog, String> {
    let endpoint = Endpoint::of(
        "PGFLEET_GCP_PRICES_ENDPOINT",
        "https://cloudbilling.googleapis.com",
    )?;
    let fetcher = Fetcher::new(&endpoint)?;
    let headers = headers(&endpoint)?;
    let mut pages = GcpPages::new(today());
    let mut token: Option<String> = None;
    ui.note("gcp: fetching");
    for _ in 0..MAX_PAGES {
        let mut url = endpoint.at(PATH)?;
        url.query_pairs_mut()
            .append_pair("currencyCode", "USD")
            .append_pair("pageSize", "5000");
        if let Some(token) = &token {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        let text = fetcher.text(&url, &headers, MAX_PAGE).await?;
        let place = |error| format!("{PATH}: {error}");
        let next = pages.page(&text).map_err(place)?;
        match next {
            None => {
                let embedded = Catalog::embedded().regions(ProviderKind::Gcp);
                let known: Vec<Region> = embedded.collect();
                let all = pages.finish(wanted).map_err(place)?;
                return Ok(if wanted.is_empty() {
                    all.only(ProviderKind::Gcp, &known)
                } else {
                    all
                });
            }
            next if next == token => return Err(format!("{PATH}: a page leads to itself")),
            next => token = next,
        }
    }
    Err(format!("{PATH}: more than {MAX_PAGES} pages"))
}

/// The key as a header, so that it stands in no address and no message. Without TLS it is not sent.
fn headers(endpoint: &Endpoint) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    if endpoint.is_plain() {
        return Ok(headers);
    }
    let key = std::env::var("PGFLEET_GCP_API_KEY").unwrap_or_default();
    if key.is_empty() {
        return Err(
            "Google's price list wants an API key: set PGFLEET_GCP_API_KEY, or leave it out with \
             --cloud aws --cloud azure"
                .to_owned(),
        );
    }
    let value = HeaderValue::from_str(key.trim());
    let mut value = value.map_err(|_| "PGFLEET_GCP_API_KEY is no API key".to_owned())?;
    value.set_sensitive(true);
    headers.insert("x-goog-api-key", value);
    Ok(headers)
}
