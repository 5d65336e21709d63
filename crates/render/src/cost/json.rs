//! Cost as scripts read it.

use pgfleet_model::Availability;
use pgfleet_pricing::{
    Amount, CostComponent, CostDelta, CostEstimate, NotIncluded, Reservation, Unpriced, Usd,
};
use serde_json::{Map, Value, json};

use super::FleetCost;
use crate::plan_json::check;

/// The costs of plan files as one document.
pub fn costs_json(fleets: &[FleetCost]) -> Value {
    let total: CostDelta = fleets.iter().map(|fleet| fleet.estimate.total()).sum();
    json!({
        "format_version": "1",
        "fleets": fleets.iter().map(cost_json).collect::<Vec<_>>(),
        "summary": sums_json(total),
    })
}

/// One plan file's cost.
pub fn cost_json(fleet: &FleetCost) -> Value {
    let FleetCost {
        fleet,
        provider,
        region,
        estimate,
        reservations,
        checks,
    } = fleet;
    json!({
        "fleet": fleet,
        "provider": provider,
        "region": region,
        "cost": estimate_json(estimate),
        "reserved": reservations.iter().map(reservation).collect::<Vec<_>>(),
        "checks": checks.iter().map(check).collect::<Vec<_>>(),
    })
}

/// The `cost` object. Sums are the known part, rounded half up, or null where nothing is known;
/// `complete` says whether anything is missing in them.
pub(crate) fn estimate_json(estimate: &CostEstimate) -> Value {
    let mut cost = Map::new();
    cost.insert("currency".to_owned(), json!("USD"));
    cost.extend(sums(estimate.total()));
    let instances = estimate.addresses.iter().map(|address| {
        let mut instance = Map::new();
        instance.insert("address".to_owned(), json!(address));
        instance.extend(sums(estimate.of(address)));
        Value::from(instance)
    });
    cost.insert("instances".to_owned(), instances.collect());
    let after = &estimate.after;
    cost.insert(
        "components".to_owned(),
        after.components.iter().map(component).collect(),
    );
    let unknown = after.unpriced.iter().map(|line| unpriced(line, "after"));
    let unknown = unknown.chain(
        estimate
            .unpriced_before()
            .map(|line| unpriced(line, "before")),
    );
    cost.insert("unpriced".to_owned(), unknown.collect());
    let left_out = after.not_included.iter().map(not_included);
    cost.insert("not_included".to_owned(), left_out.collect());
    cost.into()
}

/// The three sums.
pub(crate) fn sums_json(delta: CostDelta) -> Map<String, Value> {
    sums(delta)
}

fn sums(delta: CostDelta) -> Map<String, Value> {
    let shown = |amount: Amount| amount.known().map(Usd::shown);
    let fields = [
        ("monthly_before", json!(shown(delta.before))),
        ("monthly_after", json!(shown(delta.after))),
        (
            "monthly_delta",
            json!(delta.change().known().map(Usd::shown)),
        ),
        ("complete", json!(delta.is_complete())),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn component(line: &CostComponent) -> Value {
    let CostComponent {
        address,
        item,
        detail,
        quantity,
        quote,
    } = line;
    json!({
        "address": address,
        "item": item.as_str(),
        "detail": detail,
        "quantity": quantity.to_string(),
        "unit": item.unit(),
        "unit_price": quote.usd.to_string(),
        "monthly": line.monthly().shown(),
        "source": &*quote.origin.source,
        "as_of": quote.origin.as_of.map(|date| date.to_string()),
        "quality": quote.origin.quality.as_str(),
    })
}

fn unpriced(line: &Unpriced, when: &str) -> Value {
    let Unpriced {
        address,
        item,
        detail,
        remedy,
    } = line;
    json!({
        "address": address,
        "item": item.as_str(),
        "detail": detail,
        "remedy": remedy,
        "when": when,
    })
}

fn not_included(line: &NotIncluded) -> Value {
    let NotIncluded {
        address,
        item,
        detail,
    } = line;
    json!({"address": address, "item": item.as_str(), "detail": detail})
}

fn reservation(reservation: &Reservation) -> Value {
    let Reservation {
        size,
        region,
        availability,
        instances,
        term,
        price,
        effective_monthly,
        on_demand_monthly,
        break_even_month,
        origin,
    } = reservation;
    json!({
        "size": size,
        "region": region,
        "multi_az": *availability == Availability::Regional,
        "instances": instances,
        "years": term.years,
        "payment": term.upfront.as_str(),
        "upfront": price.upfront.shown(),
        "hourly": price.hourly.to_string(),
        "effective_monthly": effective_monthly.shown(),
        "on_demand_monthly": on_demand_monthly.shown(),
        "break_even_month": break_even_month,
        "source": &*origin.source,
        "as_of": origin.as_of.map(|date| date.to_string()),
        "quality": origin.quality.as_str(),
    })
}
