//! `pgfleet prices show`.

use std::fmt::Write as _;

use pgfleet_model::ProviderKind;
use pgfleet_pricing::{Catalog, Coverage, Date, Origin};
use serde_json::{Value, json};

use crate::{
    Paint,
    table::{Table, hanging},
    units::count,
};

/// The catalogs as `prices show` shows them.
#[derive(Debug)]
pub struct PricesView<'a> {
    /// The one in the program.
    pub embedded: &'a Catalog,
    /// The refreshed one.
    pub refreshed: Option<&'a Catalog>,
    /// Where the refreshed one lies, or would lie.
    pub file: Option<String>,
    /// The clouds to show.
    pub clouds: Vec<ProviderKind>,
    /// Only these regions; all of them, where none is named.
    pub regions: Vec<String>,
}

/// What a region lacks, in words.
fn lacking(view: &PricesView<'_>, cloud: ProviderKind, coverage: &Coverage) -> Vec<&'static str> {
    view.embedded.lacks(cloud, &coverage.region, view.refreshed)
}

fn coverage(catalog: &Catalog, view: &PricesView<'_>, cloud: ProviderKind) -> Vec<Coverage> {
    let mut regions = catalog.coverage(cloud);
    regions.retain(|it| {
        view.regions.is_empty() || view.regions.iter().any(|name| *name == *it.region.as_str())
    });
    regions
}

/// For people.
pub fn prices_text(view: &PricesView<'_>, paint: Paint) -> String {
    let mut out = String::new();
    let file = view
        .file
        .as_deref()
        .unwrap_or("nowhere: there is no home folder");
    match view.refreshed {
        Some(_) => out.push_str(&hanging("Refreshed prices  ", file)),
        None => out.push_str(&hanging(
            "Refreshed prices  ",
            &format!("none; `pgfleet prices refresh` writes {file}"),
        )),
    }
    for cloud in &view.clouds {
        for (name, catalog) in [
            ("refreshed", view.refreshed),
            ("embedded", Some(view.embedded)),
        ] {
            let Some(catalog) = catalog else { continue };
            let regions = coverage(catalog, view, *cloud);
            if regions.is_empty() {
                continue;
            }
            let words = count(regions.len(), "region");
            let _ = writeln!(out, "\n{}   {name}, {words}", paint.strong(cloud));
            let mut table = Table::default();
            table.row(["  region", "compute", "other", "reserved", "dates"]);
            for it in &regions {
                table.row([
                    format!("  {}", it.region),
                    it.compute.to_string(),
                    it.other.to_string(),
                    it.reserved.to_string(),
                    dates(it.dates),
                ]);
            }
            let mut lines = table.lines().into_iter();
            let _ = writeln!(out, "{}", lines.next().unwrap_or_default());
            for (line, it) in lines.zip(&regions) {
                let _ = writeln!(out, "{line}");
                let lacks = lacking(view, *cloud, it).join(", ");
                if name == "embedded" && !lacks.is_empty() {
                    out.push_str(&hanging("      without ", &lacks));
                }
            }
            for origin in catalog.origins(*cloud) {
                let date = origin
                    .as_of
                    .map_or_else(|| "undated".to_owned(), |date| date.to_string());
                let lead = format!("  {date:10}  {:9}  ", origin.quality);
                out.push_str(&hanging(&lead, &origin.source));
            }
        }
    }
    out
}

fn dates(dates: Option<(Date, Date)>) -> String {
    match dates {
        None => "undated".to_owned(),
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) => format!("{} to {}", first.month(), last.month()),
    }
}

/// For scripts.
pub fn prices_json(view: &PricesView<'_>) -> Value {
    let catalog = |catalog: &Catalog, embedded: bool| {
        let clouds = view.clouds.iter().map(|cloud| {
            let regions = coverage(catalog, view, *cloud);
            let regions = regions.iter().map(|it| {
                json!({
                    "region": it.region,
                    "compute": it.compute,
                    "other": it.other,
                    "reserved": it.reserved,
                    "oldest": it.dates.map(|(first, _)| first.to_string()),
                    "newest": it.dates.map(|(_, last)| last.to_string()),
                    "lacks": if embedded { lacking(view, *cloud, it) } else { Vec::new() },
                })
            });
            json!({
                "provider": cloud,
                "regions": regions.collect::<Vec<_>>(),
                "sources": catalog.origins(*cloud).into_iter().map(source).collect::<Vec<_>>(),
            })
        });
        json!({"clouds": clouds.collect::<Vec<_>>()})
    };
    json!({
        "format_version": "1",
        "file": view.file,
        "refreshed": view.refreshed.map(|refreshed| catalog(refreshed, false)),
        "embedded": catalog(view.embedded, true),
    })
}

fn source(origin: &Origin) -> Value {
    json!({
        "source": &*origin.source,
        "as_of": origin.as_of.map(|date| date.to_string()),
        "quality": origin.quality.as_str(),
    })
}
