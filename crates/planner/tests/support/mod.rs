//! Fleets to plan, and instances as a listing would show them.

use std::collections::BTreeMap;

use pgfleet_conformance::memory::{MemoryPlatform, MemoryRules};
use pgfleet_model::{
    Attributes, Availability, Check, Condition, Inventory, ObservedInstance, Owner, Phase, Region,
    ResourceId, ResourceRef, Role, Severity, Storage,
};
use pgfleet_planner::{FleetPlan, Goal, SavedFleet, SavedPlanFile, plan, sha256};
use pgfleet_spec::Spec;

pub(crate) const FLEET: &str = "food";

pub(crate) fn here(id: &str) -> ResourceRef {
    ResourceRef {
        region: Region::new("here"),
        id: ResourceId::new(id),
    }
}

/// What is set where nothing is said.
pub(crate) fn usual() -> Attributes {
    Attributes {
        size: Some("m.large".into()),
        availability: Some(Availability::Zonal),
        postgres: Some("16.4".parse().unwrap()),
        storage: Storage {
            gib: Some(20),
            ..Storage::default()
        },
        ..Attributes::default()
    }
}

fn instance(id: &str, address: &str, role: Role) -> ObservedInstance {
    ObservedInstance {
        resource: here(id),
        owner: Some(Owner {
            fleet: FLEET.parse().unwrap(),
            address: address.parse().unwrap(),
        }),
        role,
        source: None,
        phase: Phase::Available,
        raw_phase: "available".into(),
        condition: Condition::Sound,
        endpoint: None,
        version: None,
        attributes: usual(),
        pending: BTreeMap::new(),
    }
}

/// The fleet's primary as it should be.
pub(crate) fn primary() -> ObservedInstance {
    let mut primary = instance("food-primary", "primary", Role::Primary);
    primary.attributes.backup_days = Some(7);
    primary.attributes.deletion_protection = Some(false);
    primary
}

/// A replica of it, under an identifier and with an address.
pub(crate) fn replica(id: &str, address: &str) -> ObservedInstance {
    let mut replica = instance(id, address, Role::Replica);
    replica.source = Some(here("food-primary"));
    replica
}

/// `food-replica-N` as it should be.
pub(crate) fn numbered(number: u32) -> ObservedInstance {
    replica(
        &format!("food-replica-{number}"),
        &format!("replica-{number}"),
    )
}

pub(crate) fn platform() -> MemoryPlatform {
    MemoryPlatform::new(MemoryRules::like_rds())
}

/// A plan file with these replicas (`[[replicas]]` and its keys) and more keys at the top.
pub(crate) fn spec(head: &str, replicas: &str) -> Spec {
    pgfleet_conformance::drive::spec(&format!(
        "fleet = '{FLEET}'\nprovider = 'aws'\nregion = 'here'\n{head}\n[primary]\n\
         size = 'm.large'\nstorage = {{ gib = 20 }}\n{replicas}\n[protect]\ndeletion = false\n"
    ))
    .unwrap()
}

pub(crate) fn count(replicas: u32) -> Spec {
    spec("", &format!("[[replicas]]\ncount = {replicas}"))
}

pub(crate) fn planned(spec: &Spec, live: impl IntoIterator<Item = ObservedInstance>) -> FleetPlan {
    let inventory: Inventory = live.into_iter().collect();
    plan(spec, &inventory, &platform(), Goal::Apply).unwrap()
}

/// Every change that does something, as `address action reasons`.
pub(crate) fn changes(plan: &FleetPlan) -> Vec<String> {
    let changes = plan.set.effective().map(|change| {
        let reasons: Vec<String> = change.reasons.iter().map(ToString::to_string).collect();
        let action = format!("{:?}", change.action).to_lowercase();
        format!("{} {action} {}", change.address, reasons.join(","))
    });
    changes.collect()
}

/// Every step, as `id verb resource after ids`.
pub(crate) fn steps(plan: &FleetPlan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| {
        let verb = step.mutation.operation.verb();
        format!(
            "{} {verb} {} after {:?}",
            step.id, step.mutation.resource, step.after
        )
    });
    steps.collect()
}

/// Every drift, as `resource field reason`.
pub(crate) fn drift(plan: &FleetPlan) -> Vec<String> {
    let drift = plan.set.drift.iter().map(|drift| {
        let field = drift.field.as_ref().map_or("-", |field| field.as_str());
        format!("{} {field} {:?}", drift.resource, drift.reason)
    });
    drift.collect()
}

/// The codes of the checks that refuse.
pub(crate) fn refusals(plan: &FleetPlan) -> Vec<&str> {
    let errors = plan
        .checks
        .iter()
        .filter(|check: &&Check| check.severity == Severity::Error);
    errors.map(|check| check.code.as_str()).collect()
}

/// The plan as it is saved.
pub(crate) fn saved(plan: &FleetPlan) -> SavedFleet {
    let file = SavedPlanFile {
        path: "/plans/food.toml".into(),
        digest: sha256(b"fleet"),
        text: "fleet".to_owned(),
        has_secrets: false,
    };
    SavedFleet::new(plan.clone(), file, "123456789012", false)
}
