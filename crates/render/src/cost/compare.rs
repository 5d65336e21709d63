//! The same fleet on three clouds.

use std::fmt::Write as _;

use pgfleet_model::FleetName;
use pgfleet_pricing::{Amount, Comparison, CostDelta, NEAREST_SOURCE};
use serde_json::{Value, json};

use super::{
    json::estimate_json,
    money::{amount, change},
    plan::missing,
    rows::spans,
};
use crate::{
    Paint,
    markdown::{Document, Part, Section, cell, row, table_head},
    table::{Table, hanging},
};

/// One fleet on every cloud, its own first.
#[derive(Debug)]
pub struct FleetComparison {
    /// The fleet.
    pub fleet: FleetName,
    /// The clouds.
    pub clouds: Vec<Comparison>,
}

/// What a cloud costs more than the fleet's own. What has no price on one of them has none on the
/// other by another name, so the two are never the same.
fn difference(own: Amount, other: Amount) -> CostDelta {
    CostDelta {
        before: own,
        after: other,
        same_unknown: own.is_complete() && other.is_complete(),
    }
}

fn own(clouds: &[Comparison]) -> Amount {
    let own = clouds.first();
    own.map_or(Amount::Unknown, |own| own.estimate.total().after)
}

/// What a month costs on each cloud, or `None` where the fleet cannot be there.
fn total(cloud: &Comparison) -> Option<Amount> {
    cloud.region.as_ref().map(|_| cloud.estimate.total().after)
}

/// For people.
pub fn compare_text(fleets: &[FleetComparison], paint: Paint) -> String {
    let mut out = String::new();
    for FleetComparison { fleet, clouds } in fleets {
        let _ = writeln!(out, "{}   on three clouds, a month", paint.strong(fleet));
        let own = own(clouds);
        for (number, cloud) in clouds.iter().enumerate() {
            let region = cloud
                .region
                .as_ref()
                .map_or_else(String::new, ToString::to_string);
            let words = match total(cloud) {
                None => "not possible".to_owned(),
                Some(total) if number == 0 => amount(total),
                Some(total) => format!("{}   {}", amount(total), change(difference(own, total))),
            };
            let head = format!("{} {region}", cloud.provider);
            let _ = writeln!(out, "\n  {}   {}", paint.strong(head), words);
            out.push_str(&instances(cloud));
            for sentence in &cloud.differences {
                out.push_str(&hanging("    differs: ", sentence));
            }
            for line in missing(&cloud.estimate, paint).lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
        out.push('\n');
        out.push_str(&hanging("  regions: ", NEAREST_SOURCE));
    }
    out
}

fn instances(cloud: &Comparison) -> String {
    let rows = cloud.instances.iter().map(|instance| {
        let size = instance
            .attributes
            .size
            .clone()
            .unwrap_or_else(|| "no size".to_owned());
        let storage = &instance.attributes.storage;
        let disk = storage
            .gib
            .map(|gib| format!("{gib} GiB {}", storage.kind.as_deref().unwrap_or_default()));
        let month = amount(cloud.estimate.of(&instance.address).after);
        let elsewhere =
            (Some(&instance.region) != cloud.region.as_ref()).then(|| instance.region.to_string());
        (
            instance.address.clone(),
            (
                size,
                disk.unwrap_or_default(),
                elsewhere.unwrap_or_default(),
                month,
            ),
        )
    });
    let mut table = Table::default();
    for (span, (size, disk, region, month)) in spans(rows) {
        let each = if span.count > 1 { ", each" } else { "" };
        let place = match region.as_str() {
            "" => String::new(),
            region => format!(" in {region}"),
        };
        let who = format!("    {}{place}{each}", span.words());
        table.row([who, size, disk, month]);
    }
    let mut out = String::new();
    for line in table.lines() {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// For a pull request, in at most so many bytes, 1,024 or more.
pub fn compare_markdown(fleets: &[FleetComparison], limit: usize) -> String {
    let one = |FleetComparison { fleet, clouds }: &FleetComparison| {
        let head = table_head(&[
            "cloud",
            "region",
            "a month>",
            "against its own>",
            "sizes",
            "differs",
        ]);
        let own = own(clouds);
        let rows = clouds.iter().map(|cloud| cloud_row(cloud, own));
        let table = Part::new(head, rows.collect(), "cloud");
        let regions = vec![format!("Regions: {NEAREST_SOURCE}.\n")];
        let regions = Part::new(String::new(), regions, "remark");
        let title = format!("{} on three clouds", cell(fleet.as_str()));
        Section::titled(&title, vec![table, regions])
    };
    Document {
        title: String::new(),
        sections: fleets.iter().map(one).collect(),
    }
    .within(limit)
}

fn cloud_row(cloud: &Comparison, own: Amount) -> String {
    let mut sizes: Vec<&str> = cloud
        .instances
        .iter()
        .map(|it| it.attributes.size.as_deref().unwrap_or("no size"))
        .collect();
    sizes.dedup();
    let mut notes = cloud.differences.clone();
    let unpriced = cloud.estimate.after.unpriced.iter();
    notes.extend(
        unpriced.map(|line| format!("no price: {} {}, {}", line.address, line.item, line.detail)),
    );
    let region = cloud.region.as_ref();
    row(&[
        &cloud.provider.to_string(),
        &region.map_or_else(|| "none".to_owned(), ToString::to_string),
        &total(cloud).map_or_else(|| "not possible".to_owned(), amount),
        &total(cloud).map_or_else(String::new, |total| change(difference(own, total))),
        &cell(&sizes.join(", ")),
        &cell(&notes.join("; ")),
    ])
}

/// For scripts.
pub fn compare_json(fleets: &[FleetComparison]) -> Value {
    let fleets = fleets.iter().map(|FleetComparison { fleet, clouds }| {
        json!({
            "fleet": fleet,
            "clouds": clouds.iter().map(cloud_json).collect::<Vec<_>>(),
        })
    });
    json!({
        "format_version": "1",
        "regions_source": NEAREST_SOURCE,
        "fleets": fleets.collect::<Vec<_>>(),
    })
}

fn cloud_json(cloud: &Comparison) -> Value {
    let Comparison {
        provider,
        region,
        instances,
        estimate,
        differences,
    } = cloud;
    let instances = instances.iter().map(|instance| {
        json!({
            "address": instance.address,
            "region": instance.region,
            "size": instance.attributes.size,
            "storage_gib": instance.attributes.storage.gib,
            "storage_type": instance.attributes.storage.kind,
        })
    });
    json!({
        "provider": provider,
        "region": region,
        "instances": instances.collect::<Vec<_>>(),
        "cost": region.as_ref().map(|_| estimate_json(estimate)),
        "differences": differences,
    })
}
