//! `pgfleet cost` as people read it.

use std::fmt::Write as _;

use pgfleet_model::ProviderKind;
use pgfleet_pricing::{CostDelta, Reservation, Usd};

use super::{
    FleetCost,
    money::{amount, dates, legend, mark},
    plan::missing,
    rows::{fit, right, spans},
};
use crate::{
    Paint,
    plan_text::checks_text,
    table::{Table, hanging},
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
    let _ = writeln!(
        out,
        "{}   {provider} {region}   {}",
        paint.strong(fleet),
        dates(bill)
    );
    let rows = bill.components.iter().map(|line| {
        let price = format!(
            "{} {} x ${}",
            line.quantity,
            line.item.unit(),
            line.quote.usd
        );
        let month = format!(
            "${}{}",
            line.monthly().shown(),
            mark(line.quote.origin.quality)
        );
        (
            line.address.clone(),
            (line.item, line.detail.clone(), price, month),
        )
    });
    // Lines of one instance stand together, so neighbours of a kind are looked for item by item.
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| a.0.cmp(&b.0)));
    let mut spans = spans(rows.into_iter());
    let order = |words: &str| {
        bill.components
            .iter()
            .position(|line| words.starts_with(&line.address.to_string()))
    };
    spans.sort_by_key(|(span, (item, ..))| (order(&span.words()), *item));
    let mut months: Vec<String> = spans.iter().map(|(_, (.., month))| month.clone()).collect();
    months.push(amount(estimate.total().after));
    // The marks stand behind the figures, which line up without them.
    for month in &mut months {
        if !month.ends_with(['*', '~']) {
            month.push(' ');
        }
    }
    right(&mut months);
    let mut table = Table::default();
    for ((span, (item, detail, price, _)), month) in spans.iter().zip(&months) {
        let each = if span.count > 1 { " each" } else { "" };
        table.row([
            format!("  {}{each}", span.words()),
            item.to_string(),
            fit(detail, 30),
            price.clone(),
            month.clone(),
        ]);
    }
    let lines = table.lines();
    let width = lines
        .iter()
        .map(|line| line.trim_end_matches(['*', '~']).chars().count())
        .max()
        .unwrap_or(0);
    for line in &lines {
        let _ = writeln!(out, "{line}");
    }
    let total = months.last().map_or("", |total| total.trim());
    let room = width.saturating_sub("  total".len());
    let _ = writeln!(out, "{}", paint.strong(format!("  total{total:>room$}")));
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
    for reservation in reservations {
        let Reservation {
            size,
            term,
            price,
            effective_monthly,
            on_demand_monthly,
            break_even_month,
            instances: _,
            region: _,
            origin: _,
        } = reservation;
        let money = |usd: Usd| format!("${}", usd.shown());
        table.row([
            format!("    {size}"),
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
        ]);
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
