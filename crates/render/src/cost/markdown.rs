//! `pgfleet cost` for a pull request.

use std::fmt::Write as _;

use super::{
    FleetCost,
    money::{amount, dates},
    table::standby,
};

/// The bills of plan files as markdown.
pub fn cost_markdown(fleets: &[FleetCost]) -> String {
    let mut out = String::new();
    for fleet in fleets {
        let FleetCost {
            fleet,
            provider,
            region,
            estimate,
            reservations,
            checks,
        } = fleet;
        let bill = &estimate.after;
        let total = amount(estimate.total().after);
        let _ = writeln!(out, "### {fleet}: {total} a month\n");
        let _ = writeln!(out, "{provider} {region}, {}\n", dates(bill));
        out.push_str("| instance | item | what | quantity | unit price | a month | price is |\n");
        out.push_str("|---|---|---|---:|---:|---:|---|\n");
        for line in &bill.components {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} {} | ${} | ${} | {} |",
                line.address,
                line.item,
                cell(&line.detail),
                line.quantity,
                line.item.unit(),
                line.quote.usd,
                line.monthly().shown(),
                line.quote.origin.quality,
            );
        }
        for line in &bill.unpriced {
            let _ = writeln!(
                out,
                "| {} | {} | {} | | | **?** | no price: {} |",
                line.address,
                line.item,
                cell(&line.detail),
                line.remedy
            );
        }
        let _ = writeln!(out, "| **total** | | | | | **{total}** | |\n");
        for check in checks {
            let _ = writeln!(
                out,
                "- {}: {} ({})",
                check.severity,
                cell(&check.message),
                check.code
            );
        }
        for line in &bill.not_included {
            let _ = writeln!(
                out,
                "- not included: {} {}",
                line.address,
                cell(&line.detail)
            );
        }
        if !bill.not_included.is_empty() || !checks.is_empty() {
            out.push('\n');
        }
        if !reservations.is_empty() {
            out.push_str("| class | term | upfront | hourly | effective a month | list price | pays from |\n");
            out.push_str("|---|---|---:|---:|---:|---:|---|\n");
        }
        for it in reservations {
            let month = it
                .break_even_month
                .map_or_else(|| "never".to_owned(), |m| format!("month {m}"));
            let _ = writeln!(
                out,
                "| {}{} in {} | {} | ${} | ${} | ${} | ${} | {month} |",
                cell(&it.size),
                standby(it),
                it.region,
                it.term,
                it.price.upfront.shown(),
                it.price.hourly,
                it.effective_monthly.shown(),
                it.on_demand_monthly.shown(),
            );
        }
        if !reservations.is_empty() {
            out.push('\n');
        }
    }
    out
}

/// A text that does not end its cell.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
