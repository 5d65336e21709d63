//! A test for every rule, by plan files as people write them.

mod fleet;
mod instance;
mod order;

use std::collections::BTreeMap;

use pgfleet_model::{
    Address, Attributes, Availability, Condition, DriftReason, Endpoint, ObservedInstance, Owner,
    Phase, Region, ResourceId, ResourceRef, Role, Severity, Storage, Value,
};
use pgfleet_planner::{FleetPlan, Goal, Platform as _, Word};

use crate::{
    azure::{AzurePlatform, setting},
    shared::{databases, planning},
};

const SECRET: &str = "password = { env = 'P' }";
const SMALL: &str = "Standard_D2ds_v5";
const MIDDLE: &str = "Standard_D4ds_v5";
const LARGE: &str = "Standard_D8ds_v5";

/// A fleet `truck` with these keys of `[primary]` and `[[replicas]]`, and these tables besides.
fn file(primary: &str, replicas: &str, more: &str) -> String {
    format!(
        "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\npostgres = '16'\n[primary]\n\
         {primary}\n{SECRET}\n[[replicas]]\n{replicas}\n{more}\n[protect]\ndeletion = false\n"
    )
}

/// A fleet of this size and disk with two replicas.
fn usual(size: &str, more: &str) -> String {
    file(&format!("size = '{size}'\n{more}"), "count = 2", "")
}

fn planned(text: &str, live: Vec<ObservedInstance>) -> FleetPlan {
    planning::planned(&AzurePlatform::new("S", "food"), text, live, Goal::Apply)
}

#[track_caller]
fn found(plan: &FleetPlan, code: &str) -> bool {
    let check = plan.checks.iter().find(|check| check.code == code);
    if let Some(check) = check {
        let source = &check.source;
        assert!(
            source.starts_with("https://learn.microsoft.com/"),
            "{check:?}"
        );
        assert!(!check.remedy.is_empty(), "{check:?}");
    }
    check.is_some()
}

#[track_caller]
fn refuses(text: &str, live: Vec<ObservedInstance>, code: &str) {
    let plan = planned(text, live);
    assert!(found(&plan, code), "{:?}", plan.checks);
    assert!(plan.is_refused(), "{code} does not refuse");
}

#[track_caller]
fn accepts(text: &str, live: Vec<ObservedInstance>) -> FleetPlan {
    let plan = planned(text, live);
    assert!(!plan.is_refused(), "{:?}", plan.checks);
    plan
}

/// What a fleet's steps do, in order: the server, and what is changed of it.
fn order(plan: &FleetPlan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| {
        let id = step.mutation.resource.id.to_string();
        let id = id.trim_start_matches("truck-");
        match &step.mutation.operation {
            pgfleet_model::Operation::Modify { fields, .. } => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|change| format!("{}={}", change.field, change.to))
                    .collect();
                format!("{id} {}", fields.join(" "))
            }
            other => format!("{id} {}", other.verb()),
        }
    });
    steps.collect()
}

/// The commands of Azure's own tool for a fleet's steps, but for what is secret.
fn commands(plan: &FleetPlan) -> Vec<String> {
    let platform = AzurePlatform::new("S", "food");
    let steps = plan.steps.iter();
    let all = steps.flat_map(|step| platform.commands(&step.mutation));
    all.map(|words| {
        let told = words.iter().filter_map(|word| match word {
            Word::Plain(word) => Some(word.as_str()),
            _ => None,
        });
        told.collect::<Vec<_>>().join(" ")
    })
    .collect()
}

fn server(address: &str, size: &str) -> ObservedInstance {
    let address: Address = address.parse().unwrap();
    let resource = |id: String| ResourceRef {
        region: Region::new("eastus2"),
        id: ResourceId::new(id),
    };
    let role = address.role();
    let is_primary = role == Role::Primary;
    ObservedInstance {
        resource: resource(format!("truck-{address}")),
        role,
        source: (!is_primary).then(|| resource("truck-primary".into())),
        owner: Some(Owner {
            fleet: "truck".parse().unwrap(),
            address,
        }),
        phase: Phase::Available,
        raw_phase: "Ready".into(),
        condition: Condition::Sound,
        endpoint: Some(Endpoint {
            host: "truck.postgres.database.azure.com".into(),
            port: 5432,
        }),
        version: None,
        attributes: Attributes {
            size: Some(size.into()),
            availability: is_primary.then_some(Availability::Zonal),
            postgres: Some("16".parse().unwrap()),
            storage: Storage {
                gib: Some(128),
                kind: Some("premium-ssd".into()),
                autogrow: Some(false),
                ..Storage::default()
            },
            backup_days: is_primary.then_some(7),
            ..Attributes::default()
        },
        pending: BTreeMap::new(),
    }
}

/// The usual fleet as it runs.
fn live(size: &str) -> Vec<ObservedInstance> {
    ["primary", "replica-1", "replica-2"]
        .map(|address| server(address, size))
        .into()
}

fn altered(size: &str, alter: impl Fn(&mut ObservedInstance)) -> Vec<ObservedInstance> {
    let mut all = live(size);
    all.iter_mut().for_each(alter);
    all
}
