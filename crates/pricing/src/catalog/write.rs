//! A catalog as the text of a file.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    Catalog,
    format::HEAD,
    store::{Entry, PROVIDERS, RegionPrices},
};

impl Catalog {
    /// The prices as the text of a file that [`Catalog::parse`] reads. Classes and commitments are
    /// left out: they are the embedded catalog's to know.
    pub fn prices_text(&self) -> String {
        let mut out = format!("{HEAD}\n");
        for (number, origin) in self.origins.iter().enumerate() {
            let date = origin
                .as_of
                .map_or_else(|| "-".to_owned(), |date| date.to_string());
            let (quality, source) = (origin.quality, &origin.source);
            let _ = writeln!(out, "origin {number} {quality} {date} {source}");
        }
        for (kind, platform) in PROVIDERS.into_iter().zip(&self.platforms) {
            if platform.regions.is_empty() {
                continue;
            }
            let _ = writeln!(out, "provider {kind}");
            for (region, prices) in &platform.regions {
                let _ = writeln!(out, "region {region}");
                region_text(&mut out, prices);
            }
        }
        out
    }
}

fn region_text(out: &mut String, prices: &RegionPrices) {
    let RegionPrices { meters, terms } = prices;
    let meters: BTreeMap<_, _> = meters.iter().collect();
    for (meter, entries) in meters {
        for (word, entry) in ["z", "r"].iter().zip(entries) {
            if let Some(Entry { usd, origin }) = entry {
                let _ = writeln!(out, "{meter} {word} {usd} {origin}");
            }
        }
    }
    let terms: BTreeMap<_, _> = terms.iter().collect();
    for (name, terms) in terms {
        let _ = write!(out, "terms {name} {}", terms.origin);
        for price in terms.prices {
            let _ = match price {
                Some(price) => write!(out, " {},{}", price.upfront, price.hourly),
                None => write!(out, " -"),
            };
        }
        out.push('\n');
    }
}
