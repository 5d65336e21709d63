//! The JSON Schemas in `schemas/` are those of the program. After a wanted change:
//! `UPDATE_GOLDEN=1 cargo test -p pgfleet-render --test schemas`, then read the difference.
//!
//! The end-to-end tests hold the outputs of all their runs against them; here is what seldom occurs.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use pgfleet_conformance::memory::{MemoryPlatform, MemoryRules};
use pgfleet_model::{
    Action, Attributes, Availability, Condition, Endpoint, Event, EventKind, Field, Inventory,
    ObjectVersion, ObservedInstance, Outcome, Owner, Phase, ProviderKind, Reason, Region,
    Remaining, ResourceId, ResourceRef, Role, Storage,
};
use pgfleet_planner::{Goal, SavedFleet, SavedPlan, SavedPlanFile, plan, sha256};
use pgfleet_render::{JsonForm, event_json};
use serde_json::Value;

/// Fails unless the document is what the schema says, and nothing more.
#[track_caller]
fn fits(form: JsonForm, text: &str) {
    let validator = jsonschema::draft202012::new(&form.closed_schema()).unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn the_files_are_what_the_program_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let mut all: Vec<(&str, Value)> = JsonForm::ALL
        .iter()
        .map(|form| (form.name(), form.schema()))
        .collect();
    all.push(("plan-file", pgfleet_spec::schema()));
    for (name, schema) in &all {
        let path = folder.join(format!("{name}.schema.json"));
        let text = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{name} differs: UPDATE_GOLDEN=1");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), all.len());
}

#[test]
fn each_is_a_schema_and_refuses_what_is_nothing() {
    for form in JsonForm::ALL {
        let schema = form.schema();
        assert!(jsonschema::meta::is_valid(&schema), "{}", form.name());
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for wrong in ["{}", "[]", "null", "{\"format_version\": \"2\"}"] {
            let wrong: Value = serde_json::from_str(wrong).unwrap();
            assert!(!validator.is_valid(&wrong), "{} takes {wrong}", form.name());
        }
    }
}

/// What comes after an event in the list below; none after the last. A new event does not compile here
/// until it has its place, and then has to fit.
fn next(event: Option<&EventKind>) -> Option<EventKind> {
    let address = || "replica-1".parse().unwrap();
    let text = || "text".to_owned();
    Some(match event {
        None => EventKind::FleetStarted { steps: 3 },
        Some(EventKind::FleetStarted { .. }) => EventKind::StepStarted {
            step: 1,
            address: address(),
            resource_id: text(),
            call: text(),
            verb: text(),
            expected_seconds: None,
        },
        Some(EventKind::StepStarted { .. }) => EventKind::StepRetried {
            step: 1,
            address: address(),
            why: text(),
            wait: Duration::from_millis(1_500),
        },
        Some(EventKind::StepRetried { .. }) => EventKind::StepAccepted {
            step: 1,
            address: address(),
        },
        Some(EventKind::StepAccepted { .. }) => EventKind::StepDone {
            step: 1,
            address: address(),
            call: text(),
            took: Duration::from_secs(3),
        },
        Some(EventKind::StepDone { .. }) => EventKind::StepFailed {
            step: 2,
            address: address(),
            why: text(),
            remedy: String::new(),
        },
        Some(EventKind::StepFailed { .. }) => EventKind::StepOverdue {
            step: 1,
            address: address(),
            resource_id: text(),
            call: text(),
            waited: Duration::from_secs(3_600),
        },
        Some(EventKind::StepOverdue { .. }) => EventKind::PaceChanged {
            provider: ProviderKind::Aws,
            region: Region::new("us-east-1"),
            before: 8,
            after: 4,
            most: 10,
        },
        Some(EventKind::PaceChanged { .. }) => EventKind::StepSkipped {
            step: 3,
            address: address(),
            because: 2,
        },
        Some(EventKind::StepSkipped { .. }) => EventKind::StepLeft {
            step: 1,
            address: address(),
            resource_id: text(),
            call: text(),
        },
        Some(EventKind::StepLeft { .. }) => EventKind::Observed {
            remaining: 1,
            changes: vec![Remaining {
                address: address(),
                action: Action::Update,
                reasons: vec![Reason::Stopped],
            }],
        },
        Some(EventKind::Observed { .. }) => EventKind::ObserveFailed {
            why: text(),
            remedy: text(),
        },
        Some(EventKind::ObserveFailed { .. }) => EventKind::FleetFinished {
            outcome: Outcome::FailedPartly,
        },
        Some(EventKind::FleetFinished { .. }) => return None,
    })
}

#[test]
fn every_event_fits() {
    let mut event = next(None);
    let mut seen = 0;
    while let Some(kind) = event {
        let told = Event {
            fleet: "food".parse().unwrap(),
            elapsed: Duration::from_millis(12_345),
            kind: kind.clone(),
        };
        let line = event_json(&told, true);
        fits(JsonForm::Event, &line);
        seen += 1;
        event = next(Some(&kind));
    }
    assert_eq!(seen, 13);
}

fn here(id: &str) -> ResourceRef {
    ResourceRef {
        region: Region::new("us-east-1"),
        id: ResourceId::new(id),
    }
}

fn instance(id: &str, address: Option<&str>, role: Role) -> ObservedInstance {
    ObservedInstance {
        resource: here(id),
        owner: address.map(|address| Owner {
            fleet: "food".parse().unwrap(),
            address: address.parse().unwrap(),
        }),
        role,
        source: (role == Role::Replica).then(|| here("food-primary")),
        phase: Phase::Available,
        raw_phase: "available".to_owned(),
        condition: Condition::Sound,
        endpoint: Some(Endpoint {
            host: "db.example.com".to_owned(),
            port: 5432,
        }),
        version: Some(ObjectVersion("7".to_owned())),
        attributes: Attributes {
            size: Some("db.m5.large".to_owned()),
            availability: Some(Availability::Zonal),
            postgres: Some("16.4".parse().unwrap()),
            storage: Storage {
                gib: Some(120),
                kind: Some("gp3".to_owned()),
                ..Storage::default()
            },
            backup_days: (role == Role::Primary).then_some(7),
            deletion_protection: Some(false),
            tags: BTreeMap::from([("team".to_owned(), "food".to_owned())]),
            settings: BTreeMap::from([("list".to_owned(), pgfleet_model::Value::List([].into()))]),
        },
        pending: BTreeMap::from([(Field::Iops, pgfleet_model::Value::Number(3_000))]),
    }
}

/// Changes, deletes, rebuilds, starts, drift, and strangers of both kinds.
#[test]
fn a_saved_plan_of_a_fleet_in_disorder_fits() {
    let spec = pgfleet_conformance::drive::spec(
        "fleet = 'food'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\nsize = 'db.m5.xlarge'\n\
         storage = { gib = 100 }\npassword = { command = ['pass', 'food'] }\n[[replicas]]\ncount = 4\n\
         [protect]\ndeletion = false\n",
    )
    .unwrap();
    let replica = |number: u32| {
        let address = format!("replica-{number}");
        instance(&format!("food-{address}"), Some(&address), Role::Replica)
    };
    let (mut stopped, mut broken) = (replica(1), replica(2));
    stopped.phase = Phase::Stopped;
    broken.condition = Condition::Broken("replication has ended".to_owned());
    let live = [
        instance("food-primary", Some("primary"), Role::Primary),
        stopped,
        broken,
        replica(9),
        instance("food-replica-3", None, Role::Replica),
        instance("reports", None, Role::Replica),
    ];
    let inventory: Inventory = live.into_iter().collect();
    let platform = MemoryPlatform::new(MemoryRules::like_rds());
    let plan = plan(&spec, &inventory, &platform, Goal::Apply).unwrap();
    let file = SavedPlanFile {
        path: "/plans/food.toml".into(),
        digest: sha256(b"food"),
        text: "food".to_owned(),
        has_secrets: false,
    };
    let saved = SavedPlan {
        pgfleet: "1.2.3".to_owned(),
        simulated: false,
        fleets: vec![SavedFleet::new(plan, file, "123456789012", false)],
    };
    let mut text = Vec::new();
    saved.write(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    for word in [
        "\"modify\"",
        "\"delete\"",
        "\"start\"",
        "\"create-replica\"",
        "\"Holds\"",
        "\"Follows\"",
        "\"broken\"",
        "\"grown\"",
        "\"rebuild\"",
        "\"error\"",
    ] {
        assert!(text.contains(word), "the fleet has no {word}: {text}");
    }
    fits(JsonForm::SavedPlan, &text);
}
