//! `pgfleet cost` as people read it.

use std::fmt::Write as _;

use pgfleet_model::{Availability, ProviderKind};
use pgfleet_pricing::{CostComponent, CostDelta, Item, Reservation, Usd};

use super::{
    FleetCost,
    money::{amount, dates, legend, mark},
    plan::missing,
    rows::{fit, right, spans},
};
use crate::{
    Paint,
    plan_text::checks_text,
    table::{Table, WIDTH, hanging, heading},
};

/// The bills of plan files, each with its lines.
pub fn cost_text(fleets: &[FleetCost], paint: Paint) -> String {
    let mut out = String::new();
    for fleet in fleets {
        one(&mut out, fleet, paint);
        out.push('\n');
    }
    if fleets.len() > 1 {
        let total: CostDelta = fleets.iter().map(|fleet| fleet.estimate.total()).sum();
        let _ = writeln!(out, "All fleets: {} a month", amount(total.after));
    } else {
        out.pop();
    }
    out
}

fn one(out: &mut String, fleet: &FleetCost, paint: Paint) {
    let FleetCost {
        fleet,
        provider,
        region,
        estimate,
        reservations,
        checks,
    } = fleet;
    if *provider == ProviderKind::Local {
        let _ = writeln!(
            out,
            "{}   {provider}   this machine sends no bill",
            paint.strong(fleet)
        );
        return;
    }
    let bill = &estimate.after;
    let place = [format!("{provider} {region}"), dates(bill)];
    out.push_str(&heading(fleet.as_str(), &place, paint));
    let rows = estimate.addresses.iter().map(|address| {
        let lines = bill
            .components
            .iter()
            .filter(|line| line.address == *address);
        let lines: Vec<[String; 4]> = lines.map(cells).collect();
        (address.clone(), (lines, estimate.of(address).after))
    });
    let spans = spans(rows);
    // The marks stand behind the figures, which line up without them.
    let marked = |figure: &str| {
        let space = if figure.ends_with(['*', '~']) {
            ""
        } else {
            " "
        };
        format!("{figure}{space}")
    };
    let mut months: Vec<String> = Vec::new();
    for (_, (lines, month)) in &spans {
        months.push(marked(&amount(*month)));
        months.extend(lines.iter().map(|[.., month]| marked(month)));
    }
    months.push(marked(&amount(estimate.total().after)));
    right(&mut months);
    let rows = || spans.iter().flat_map(|(_, (lines, _))| lines);
    let widest = |column: usize| {
        let cells = rows().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    // What is left of the page beside the item, the price and the figure, two blanks between them.
    let figure = months.first().map_or(0, |month| month.chars().count());
    let taken = 4 + widest(ITEM) + widest(PRICE) + figure + 3 * 2;
    let room = WIDTH.saturating_sub(taken).max(SHORTEST);
    let mut table = Table::default();
    for [item, detail, price, _] in rows() {
        table.row([format!("    {item}"), fit(detail, room), price.clone()]);
    }
    let lines = table.lines();
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(20);
    let mut lines = lines.into_iter();
    let mut months = months.into_iter();
    let mut row = |line: &str, strong: bool| {
        let month = months.next().unwrap_or_default();
        let text = format!("{line:width$}  {month}");
        let text = text.trim_end();
        let _ = if strong {
            writeln!(out, "{}", paint.strong(text))
        } else {
            writeln!(out, "{text}")
        };
    };
    for (span, (of, _)) in &spans {
        let each = if span.count > 1 { ", each" } else { "" };
        row(&format!("  {}{each}", span.words()), false);
        for _ in of {
            row(&lines.next().unwrap_or_default(), false);
        }
    }
    row("  total", true);
    if let Some(legend) = legend(bill) {
        let _ = writeln!(out, "  {}", paint.quiet(legend));
    }
    out.push_str(&missing(estimate, paint));
    reserved(out, reservations);
    if !checks.is_empty() {
        out.push('\n');
    }
    for check in checks {
        out.push_str(&checks_text(std::slice::from_ref(check), paint));
    }
}

/// Columns of [`cells`].
const ITEM: usize = 0;
const PRICE: usize = 2;

/// Less room than this tells nothing of a kind.
const SHORTEST: usize = 12;

/// Item, kind, quantity by price, a month.
fn cells(line: &CostComponent) -> [String; 4] {
    let unit = match line.item {
        Item::Storage | Item::Backup => "GiB",
        Item::Iops => "IOPS",
        Item::Throughput => "MiB/s",
        item => item.unit(),
    };
    [
        line.item.to_string(),
        line.detail.clone(),
        format!("{} {unit} x ${}", line.quantity, line.quote.usd),
        format!(
            "${}{}",
            line.monthly().shown(),
            mark(line.quote.origin.quality)
        ),
    ]
}

/// Behind the class of what stands in two zones.
pub(super) fn standby(reservation: &Reservation) -> &'static str {
    match reservation.availability {
        Availability::Zonal => "",
        Availability::Regional => " with standby",
    }
}

fn reserved(out: &mut String, reservations: &[Reservation]) {
    if reservations.is_empty() {
        return;
    }
    out.push_str("\n  Committed for a term, compute of one instance a month\n");
    let mut table = Table::default();
    table.row([
        "    class",
        "term",
        "upfront",
        "hourly",
        "effective",
        "list",
        "pays from",
    ]);
    // Regions that cost the same share a line; those that do not are named.
    let mut rows: Vec<[String; 7]> = Vec::new();
    for reservation in reservations {
        let row = committed(reservation, differs_by_region(reservation, reservations));
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    for row in rows {
        table.row(row);
    }
    for line in table.lines() {
        let _ = writeln!(out, "{line}");
    }
    let mut dates: Vec<String> = reservations
        .iter()
        .map(|it| {
            let date = it
                .origin
                .as_of
                .map_or_else(|| "undated".to_owned(), |date| date.to_string());
            format!("{} ({date})", it.origin.source)
        })
        .collect();
    dates.dedup();
    out.push_str(&hanging("    from ", &dates.join("; ")));
}

/// Whether the same class costs otherwise in another region of the fleet.
fn differs_by_region(one: &Reservation, all: &[Reservation]) -> bool {
    all.iter().any(|other| {
        let same = (&one.size, one.availability, one.term)
            == (&other.size, other.availability, other.term);
        same && committed(one, false) != committed(other, false)
    })
}

fn committed(reservation: &Reservation, with_region: bool) -> [String; 7] {
    let Reservation {
        size,
        term,
        price,
        effective_monthly,
        on_demand_monthly,
        break_even_month,
        availability,
        region,
        instances: _,
        origin: _,
    } = reservation;
    let money = |usd: Usd| format!("${}", usd.shown());
    let standby = match availability {
        Availability::Zonal => "",
        Availability::Regional => " HA",
    };
    let place = if with_region {
        format!(" {region}")
    } else {
        String::new()
    };
    [
        format!("    {size}{standby}{place}"),
        format!(
            "{} y {}",
            term.years,
            term.upfront.as_str().trim_end_matches(" upfront")
        ),
        money(price.upfront),
        format!("${}", fit(&price.hourly.to_string(), 9)),
        money(*effective_monthly),
        money(*on_demand_monthly),
        break_even_month.map_or_else(|| "never".to_owned(), |month| format!("month {month}")),
    ]
}
