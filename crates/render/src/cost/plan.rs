//! What a plan says of cost.

use std::fmt::Write as _;

use pgfleet_model::ProviderKind;
use pgfleet_planner::FleetPlan;
use pgfleet_pricing::{Amount, CostDelta, CostEstimate, Item, Quality, Unpriced};

use super::{
    money::{amount, change, dates},
    rows::{Span, fit, fit_end, right, spans},
};
use crate::{
    Paint,
    table::{Table, WIDTH, hanging},
};

/// The section `Cost a month`: before, after and the change of every instance and of the fleet.
/// Nothing for fleets of this machine, which have no bill.
pub(crate) fn section(plan: &FleetPlan, cost: &CostEstimate, paint: Paint) -> String {
    if plan.desired.provider == ProviderKind::Local {
        return String::new();
    }
    let mut out = String::new();
    if !cost.addresses.is_empty() && (!plan.set.is_empty() || plan.is_refused()) {
        table(&mut out, cost, paint);
        out.push_str(&missing(cost, paint));
        out.push_str(&prices(cost));
    } else {
        out.push_str(&missing(cost, paint));
    }
    out
}

/// Less room than this is none for what an instance is.
const SHORTEST: usize = 8;

fn table(out: &mut String, cost: &CostEstimate, paint: Paint) {
    let spans = instances(cost);
    let total = cost.total();
    let deltas = spans.iter().map(|(_, (_, of))| *of).chain([total]);
    let deltas: Vec<CostDelta> = deltas.collect();
    let column = |title: &str, shown: fn(&CostDelta) -> String| {
        let mut cells = vec![title.to_owned()];
        cells.extend(deltas.iter().map(shown));
        right(&mut cells);
        cells
    };
    let columns = [
        column("before", |delta| amount(delta.before)),
        column("after", |delta| amount(delta.after)),
        column("change", |delta| change(*delta)),
    ];
    let mut heads = vec![("Cost a month".to_owned(), String::new())];
    let figures = columns.iter().filter_map(|column| column.first());
    let figures: usize = figures.map(|cell| cell.chars().count() + 2).sum();
    let most = WIDTH.saturating_sub(figures + "    each".len());
    let address = |span: &Span| format!("  {}", fit_end(&span.words(), most));
    let width = spans.iter().map(|(span, _)| address(span).chars().count());
    let width = width.max().unwrap_or(0);
    let room = WIDTH.saturating_sub(width + 2 + figures);
    heads.extend(spans.iter().map(|(span, (what, _))| {
        let each = if span.count > 1 { ", each" } else { "" };
        let room = room.saturating_sub(each.len());
        // The first letters of a class say nothing.
        let what = match fit(what, room) {
            _ if room < SHORTEST => each.trim_start_matches([',', ' ']).to_owned(),
            what => format!("{what}{each}"),
        };
        (address(span), what)
    }));
    heads.push(("  total".to_owned(), String::new()));
    let mut shown = Table::default();
    for (index, (address, what)) in heads.iter().enumerate() {
        let head = if what.is_empty() {
            address.clone()
        } else {
            format!("{address:width$}  {what}")
        };
        let cells = columns
            .iter()
            .filter_map(|column| column.get(index).cloned());
        shown.row([head].into_iter().chain(cells));
    }
    for (index, line) in shown.lines().iter().enumerate() {
        let line = if index + 1 == heads.len() {
            paint.strong(line)
        } else {
            line.clone()
        };
        let _ = writeln!(out, "{line}");
    }
}

/// Every instance with what it is and what it costs; neighbours that look the same are one row.
pub(crate) fn instances(cost: &CostEstimate) -> Vec<(Span, (String, CostDelta))> {
    let rows = cost.addresses.iter().map(|address| {
        let of = cost.of(address);
        let bill = if of.after == Amount::NOTHING {
            &cost.before
        } else {
            &cost.after
        };
        let mut lines = bill
            .components
            .iter()
            .filter(|line| line.address == *address);
        let mut unpriced = bill.unpriced.iter().filter(|line| line.address == *address);
        let compute = |item| matches!(item, Item::Compute | Item::Vcpu);
        let what = lines
            .find(|line| compute(line.item))
            .map(|line| line.detail.clone())
            .or_else(|| {
                unpriced
                    .find(|line| compute(line.item))
                    .map(|line| line.detail.clone())
            });
        (address.clone(), (what.unwrap_or_default(), of))
    });
    spans(rows)
}

/// What has no price, and what is left out: a line each.
pub(super) fn missing(cost: &CostEstimate, paint: Paint) -> String {
    let mut out = String::new();
    for (words, text) in unpriced(cost) {
        out.push_str(&paint.careful(hanging(&format!("  {words}: "), &text)));
    }
    for text in not_included(cost) {
        out.push_str(&hanging("  not included: ", &text));
    }
    out
}

/// What has no price: of which side, and which.
pub(crate) fn unpriced(cost: &CostEstimate) -> Vec<(&'static str, String)> {
    let sides = [
        ("no price", cost.after.unpriced.iter().collect::<Vec<_>>()),
        ("no price before", cost.unpriced_before().collect()),
    ];
    let of_side = |(words, lines): (&'static str, Vec<&Unpriced>)| {
        let rows = lines
            .into_iter()
            .map(|line| (line.address.clone(), (line.item, &line.detail, line.remedy)));
        let text = move |(span, (item, detail, remedy)): (Span, (Item, &String, &str))| {
            (
                words,
                format!("{} {item}, {detail}: {remedy}", span.words()),
            )
        };
        spans(rows).into_iter().map(text).collect::<Vec<_>>()
    };
    sides.into_iter().flat_map(of_side).collect()
}

/// What is billed and cannot be reckoned.
pub(crate) fn not_included(cost: &CostEstimate) -> Vec<String> {
    let lines = cost.after.not_included.iter();
    let rows = lines.map(|line| (line.address.clone(), &line.detail));
    spans(rows)
        .into_iter()
        .map(|(span, detail)| format!("{} {detail}", span.words()))
        .collect()
}

/// Of when the prices are, and how many of them were not read from a list.
fn prices(cost: &CostEstimate) -> String {
    price_words(cost).map_or_else(String::new, |text| hanging("  ", &text))
}

/// The same as a sentence; `None` where nothing has a price.
pub(crate) fn price_words(cost: &CostEstimate) -> Option<String> {
    let lines = &cost.after.components;
    if lines.is_empty() {
        return None;
    }
    let guessed = lines
        .iter()
        .filter(|line| line.quote.origin.quality != Quality::Observed);
    let mut text = dates(&cost.after);
    match guessed.count() {
        0 => {}
        some => {
            let of = lines.len();
            let _ = write!(
                text,
                "; {some} of {of} derived or estimated, `pgfleet cost` shows which"
            );
        }
    }
    Some(text)
}

/// The bill of a fleet where nothing is to be done: `$256.24 a month`.
pub(crate) fn total_words(cost: &CostEstimate) -> Option<String> {
    let any = !cost.after.components.is_empty() || !cost.after.unpriced.is_empty();
    any.then(|| format!("{} a month", amount(cost.after.total())))
}

/// The cost of all fleets of a run in a line, where more than one has a bill.
pub(crate) fn all_fleets(costs: &[&CostEstimate]) -> String {
    let billed = costs.iter().filter(|cost| !cost.addresses.is_empty());
    if billed.count() < 2 {
        return String::new();
    }
    let total: CostDelta = costs.iter().map(|cost| cost.total()).sum();
    let text = format!(
        "All fleets: {} a month before, {} after, {}.",
        amount(total.before),
        amount(total.after),
        change(total)
    );
    hanging("", &text)
}
