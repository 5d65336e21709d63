//! A plan as scripts read it: format version 1 of the JSON plan.

use pgfleet_model::{Action, Attributes, Change, Check, Drift, ProviderKind, Step};
use pgfleet_planner::FleetPlan;
use serde_json::{Map, Value, json};

/// The plans of a run as one JSON document.
pub fn plan_json(plans: &[&FleetPlan], simulated: bool) -> Value {
    let sum = |action| {
        plans
            .iter()
            .map(|plan| plan.set.count(action))
            .sum::<usize>()
    };
    json!({
        "format_version": "1",
        "simulated": simulated,
        "fleets": plans.iter().map(|plan| fleet(plan)).collect::<Vec<_>>(),
        "summary": {
            "create": sum(Action::Create),
            "update": sum(Action::Update),
            "delete": sum(Action::Delete),
            "noop": sum(Action::NoOp),
            "monthly_before": total(plans),
            "monthly_after": total(plans),
            "monthly_delta": total(plans),
        },
    })
}

/// Fleets on this machine have no bill. Where any other is in the run, the sum is not known.
fn total(plans: &[&FleetPlan]) -> Value {
    let local = plans
        .iter()
        .all(|plan| plan.desired.provider == ProviderKind::Local);
    if local { json!("0.00") } else { Value::Null }
}

fn fleet(plan: &FleetPlan) -> Value {
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
        "cost": {
            "currency": "USD",
            "monthly_before": total(&[plan]),
            "monthly_after": total(&[plan]),
            "monthly_delta": total(&[plan]),
            "components": [],
            "unpriced": [],
        },
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

fn check(check: &Check) -> Value {
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
