//! `pgfleet cost` for a pull request.

use pgfleet_pricing::Reservation;

use super::{
    FleetCost,
    money::{amount, dates},
    table::standby,
};
use crate::markdown::{Document, Part, Section, cell, row, table_head};

/// The bills of plan files as markdown, in at most so many bytes, 1,024 or more.
pub fn cost_markdown(fleets: &[FleetCost], limit: usize) -> String {
    Document {
        title: String::new(),
        sections: fleets.iter().map(one).collect(),
    }
    .within(limit)
}

fn one(fleet: &FleetCost) -> Section {
    let total = amount(fleet.estimate.total().after);
    let title = format!("{}: {total} a month", cell(fleet.fleet.as_str()));
    let parts = vec![
        lines(fleet),
        remarks(fleet),
        reservations(&fleet.reservations),
    ];
    Section::titled(&title, parts)
}

fn lines(fleet: &FleetCost) -> Part {
    let FleetCost {
        provider,
        region,
        estimate,
        ..
    } = fleet;
    let bill = &estimate.after;
    let mut head = format!("{provider} {region}, {}\n\n", dates(bill));
    head.push_str(&table_head(&[
        "instance",
        "item",
        "what",
        "quantity>",
        "unit price>",
        "a month>",
        "price is",
    ]));
    let total = format!("**{}**", amount(estimate.total().after));
    let mut rows = vec![row(&["**total**", "", "", "", "", &total, ""])];
    rows.extend(bill.components.iter().map(|line| {
        row(&[
            &line.address.to_string(),
            line.item.as_str(),
            &cell(&line.detail),
            &format!("{} {}", line.quantity, line.item.unit()),
            &format!("${}", line.quote.usd),
            &format!("${}", line.monthly().shown()),
            line.quote.origin.quality.as_str(),
        ])
    }));
    rows.extend(bill.unpriced.iter().map(|line| {
        row(&[
            &line.address.to_string(),
            line.item.as_str(),
            &cell(&line.detail),
            "",
            "",
            "**?**",
            &format!("no price: {}", cell(line.remedy)),
        ])
    }));
    Part::new(head, rows, "cost line")
}

fn remarks(fleet: &FleetCost) -> Part {
    let checks = fleet.checks.iter().map(|check| {
        let message = cell(&check.message);
        format!("- {}: {message} ({})\n", check.severity, check.code)
    });
    let left_out = fleet.estimate.after.not_included.iter();
    let left_out =
        left_out.map(|line| format!("- not included: {} {}\n", line.address, cell(&line.detail)));
    Part::new(String::new(), checks.chain(left_out).collect(), "remark")
}

fn reservations(reservations: &[Reservation]) -> Part {
    let head = table_head(&[
        "class",
        "term",
        "upfront>",
        "hourly>",
        "effective a month>",
        "list price>",
        "pays from",
    ]);
    let rows = reservations.iter().map(|it| {
        let month = it
            .break_even_month
            .map_or_else(|| "never".to_owned(), |month| format!("month {month}"));
        row(&[
            &format!("{}{} in {}", cell(&it.size), standby(it), it.region),
            &it.term.to_string(),
            &format!("${}", it.price.upfront.shown()),
            &format!("${}", it.price.hourly),
            &format!("${}", it.effective_monthly.shown()),
            &format!("${}", it.on_demand_monthly.shown()),
            &month,
        ])
    });
    Part::new(head, rows.collect(), "commitment")
}
