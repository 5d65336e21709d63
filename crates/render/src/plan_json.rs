//! A plan as scripts read it: format version 1 of the JSON plan.

use pgfleet_model::{Action, Attributes, Change, Check, Drift, ProviderKind, Step};
use pgfleet_planner::FleetPlan;
use pgfleet_pricing::{CostDelta, CostEstimate};
use serde_json::{Map, Value, json};

use crate::cost::{estimate_json, sums_json};

/// The plans of a run, each with its cost, as one JSON document.
pub fn plan_json(plans: &[(&FleetPlan, &CostEstimate)], simulated: bool) -> Value {
    let sum = |action| {
        plans
            .iter()
            .map(|(plan, _)| plan.set.count(action))
            .sum::<usize>()
    };
    let total: CostDelta = plans.iter().map(|(_, cost)| cost.total()).sum();
    let mut summary = Map::new();
    summary.insert("create".to_owned(), json!(sum(Action::Create)));
    summary.insert("update".to_owned(), json!(sum(Action::Update)));
    summary.insert("delete".to_owned(), json!(sum(Action::Delete)));
    summary.insert("noop".to_owned(), json!(sum(Action::NoOp)));
    summary.extend(sums_json(total));
    json!({
        "format_version": "1",
        "simulated": simulated,
        "fleets": plans.iter().map(|(plan, cost)| fleet(plan, cost)).collect::<Vec<_>>(),
        "summary": summary,
    })
}

fn fleet(plan: &FleetPlan, cost: &CostEstimate) -> Value {
    let region = match plan.desired.provider {
        ProviderKind::Local => Value::Null,
        _ => json!(plan.desired.region),
    };
    json!({
        "fleet": plan.desired.fleet,
        "provider": plan.desired.provider,
        "region": region,
        "observed_fingerprint": plan.fingerprint,
        "changes": plan.set.changes.iter().map(change).collect::<Vec<_>>(),
        "drift": plan.set.drift.iter().map(drift).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "checks": plan.checks.iter().map(check).collect::<Vec<_>>(),
        "cost": estimate_json(cost),
    })
}

fn change(change: &Change) -> Value {
    let Change {
        address,
        resource,
        action,
        reasons,
        detail,
        before,
        after,
        fields: _,
    } = change;
    json!({
        "address": address,
        "resource_id": resource.id,
        "action": action,
        "reasons": reasons,
        "detail": detail,
        "before": before.as_ref().map(attributes),
        "after": after.as_ref().map(attributes),
    })
}

fn attributes(attributes: &Attributes) -> Value {
    let fields = attributes.fields().into_iter();
    fields
        .map(|(field, value)| (field.to_string(), json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn drift(drift: &Drift) -> Value {
    let Drift {
        address,
        resource,
        field,
        wanted,
        observed,
        reason,
    } = drift;
    json!({
        "address": address,
        "resource_id": resource.id,
        "field": field,
        "wanted": wanted,
        "observed": observed,
        "reason": reason,
    })
}

fn step(step: &Step) -> Value {
    let Step {
        id,
        address,
        call,
        after,
        lane,
        disruption,
        expected_seconds,
        mutation,
    } = step;
    json!({
        "id": id,
        "address": address,
        "resource_id": mutation.resource.id,
        "call": call,
        "after": after,
        "lane": lane.0.id,
        "disruption": disruption,
        "expected_seconds": expected_seconds,
    })
}

pub(crate) fn check(check: &Check) -> Value {
    let Check {
        severity,
        code,
        address,
        message,
        remedy,
        source,
        key,
    } = check;
    json!({
        "severity": severity,
        "code": code,
        "address": address,
        "message": message,
        "remedy": remedy,
        "source": source,
        "key": key,
    })
}
