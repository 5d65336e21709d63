//! What an estimate is refused for, and warned of.

use pgfleet_model::Check;

use super::{Amount, CostComponent, CostEstimate};
use crate::{Date, Usd};

/// The limits of a plan file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// `protect.monthly_usd`.
    pub monthly: Option<Usd>,
    /// `protect.max_monthly_increase_usd`.
    pub increase: Option<Usd>,
    /// `protect.allow_unpriced`.
    pub allow_unpriced: bool,
    /// `prices.max_age_days`.
    pub max_age_days: Option<u32>,
}

const SOURCE: &str = "docs/cost.md, \"Budgets\"";

/// Holds an estimate against the limits of its plan file, as of `today`.
pub fn budget(estimate: &CostEstimate, limits: &Limits, today: Date) -> Vec<Check> {
    let unpriced = unpriced(estimate, limits);
    let checks = monthly(estimate, limits).into_iter();
    checks
        .chain(increase(estimate, limits))
        .chain(unpriced)
        .chain(age(estimate, limits, today))
        .collect()
}

/// The known part, which is the least that it can be.
fn least(amount: Amount) -> Usd {
    // Only compared with limits, after the unknown part was held against them on its own.
    amount.known().unwrap_or_default()
}

fn monthly(estimate: &CostEstimate, limits: &Limits) -> Option<Check> {
    let limit = limits.monthly?;
    let total = estimate.total();
    let (before, after) = (least(total.before), least(total.after));
    (after > limit && after > before).then(|| {
        let message = format!(
            "the fleet would cost {}${} a month, and the plan file allows ${}",
            if total.after.is_complete() {
                ""
            } else {
                "at least "
            },
            after.shown(),
            limit.shown()
        );
        Check::error("cost/budget", message)
            .key("protect.monthly_usd")
            .remedy("raise `monthly_usd` in [protect], or choose smaller or fewer instances")
            .source(SOURCE)
    })
}

fn increase(estimate: &CostEstimate, limits: &Limits) -> Option<Check> {
    let limit = limits.increase?;
    let total = estimate.total();
    let more = least(total.after).minus(least(total.before));
    (more > limit).then(|| {
        let message = format!(
            "this would add ${} a month, and the plan file allows ${} in one run",
            more.shown(),
            limit.shown()
        );
        Check::error("cost/increase", message)
            .key("protect.max_monthly_increase_usd")
            .remedy("raise `max_monthly_increase_usd` in [protect], or add less at once")
            .source(SOURCE)
    })
}

/// Something without a price cannot be held against a limit: it fails it. Where nothing that costs
/// is added, there is nothing to refuse.
fn unpriced(estimate: &CostEstimate, limits: &Limits) -> Option<Check> {
    let limited = limits.monthly.is_some() || limits.increase.is_some();
    let unknown = &estimate.after.unpriced;
    if !limited || limits.allow_unpriced || unknown.is_empty() {
        return None;
    }
    let total = estimate.total();
    let only_known_before = unknown
        .iter()
        .all(|line| estimate.before.unpriced.contains(line));
    let costs_more = least(total.after) > least(total.before);
    if only_known_before && (!costs_more || limits.monthly.is_none()) {
        return None;
    }
    let mut names: Vec<String> = unknown
        .iter()
        .map(|line| format!("{} {} ({})", line.address, line.item, line.detail))
        .collect();
    let more = names.len().saturating_sub(5);
    names.truncate(5);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let message = format!(
        "the plan file limits the cost, and these have no price: {}",
        names.join(", ")
    );
    let check = Check::error("cost/unpriced", message)
        .key(if limits.monthly.is_some() {
            "protect.monthly_usd"
        } else {
            "protect.max_monthly_increase_usd"
        })
        .remedy("run `pgfleet prices refresh`, or set `allow_unpriced = true` in [protect]")
        .source(SOURCE);
    Some(check)
}

/// Prices that are older than the plan file likes. One that bears no date may be any age.
fn age(estimate: &CostEstimate, limits: &Limits, today: Date) -> Option<Check> {
    let limit = limits.max_age_days?;
    let old = |line: &&CostComponent| {
        let date = line.quote.origin.as_of;
        date.is_none_or(|date| today.days_since(date) > limit)
    };
    let old: Vec<&CostComponent> = estimate.after.components.iter().filter(old).collect();
    if old.is_empty() {
        return None;
    }
    let oldest = old.iter().filter_map(|line| line.quote.origin.as_of).min();
    let undated = old.iter().any(|line| line.quote.origin.as_of.is_none());
    let mut since: Vec<String> = Vec::new();
    since.extend(oldest.map(|date| format!("the oldest is of {date}")));
    since.extend(undated.then(|| "some bear no date".to_owned()));
    let (number, of) = (old.len(), estimate.after.components.len());
    let message = format!(
        "{number} of {of} prices are older than {limit} days: {}",
        since.join(", ")
    );
    let check = Check::warning("cost/price-age", message)
        .key("prices.max_age_days")
        .remedy("run `pgfleet prices refresh`")
        .source(SOURCE);
    Some(check)
}
