//! Saved plans: when they still fit, and what is said when they do not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

#[expect(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use pgfleet_model::{
    Attributes, Availability, Change, Condition, Endpoint, Field, ObjectVersion, ObservedInstance,
    Phase, Role, Storage, Value, ZONE,
};
use pgfleet_planner::{
    Fit, FleetPlan, SavedFleet, SavedPlan, SavedPlanError, SavedPlanFile, sha256,
};
use serde_json::Value as Json;
use support::{count, here, numbered, planned, platform, primary, replica, spec, steps};

fn saved(plan: &FleetPlan) -> SavedFleet {
    let file = SavedPlanFile {
        path: "/plans/food.toml".into(),
        digest: sha256(b"fleet"),
        text: "fleet".to_owned(),
        has_secrets: false,
    };
    SavedFleet::new(plan, file, "123456789012", false)
}

fn fit(saved: &SavedFleet, live: impl IntoIterator<Item = ObservedInstance>) -> Fit {
    saved.fit(&live.into_iter().collect(), &platform()).unwrap()
}

/// The steps that are left, or the sentences that say what has changed.
#[track_caller]
fn left(fit: Fit) -> Vec<String> {
    match fit {
        Fit::Fits(plan) => steps(&plan),
        Fit::Stale(why) => panic!("does not fit: {why:?}"),
    }
}

#[track_caller]
fn stale(fit: Fit) -> Vec<String> {
    match fit {
        Fit::Stale(why) => why,
        Fit::Fits(plan) => panic!("fits with {:?}", steps(&plan)),
    }
}

#[test]
fn in_the_world_it_was_made_from_it_is_the_plan_itself() {
    let in_zone = |zone: &str| {
        let mut primary = primary();
        let zone = Value::Text(zone.to_owned());
        primary.attributes.settings.insert(ZONE.to_owned(), zone);
        primary
    };
    let plan = planned(&count(2), [in_zone("1")]);
    assert_eq!(left(fit(&saved(&plan), [in_zone("1")])), steps(&plan));
    // What passes by itself is no change.
    let mut busy = in_zone("2");
    busy.phase = Phase::Modifying;
    busy.raw_phase = "backing-up".into();
    busy.attributes.storage.gib = Some(40);
    assert_eq!(left(fit(&saved(&plan), [busy])), steps(&plan));
}

#[test]
fn its_own_steps_are_no_change_of_the_world() {
    let plan = planned(&count(3), [primary(), replica("food-eu-1", "eu-1")]);
    let saved = saved(&plan);
    let mut half = numbered(2);
    half.phase = Phase::Creating;
    assert_eq!(
        left(fit(
            &saved,
            [primary(), numbered(1), half, replica("food-eu-1", "eu-1")]
        )),
        [
            "1 create food-replica-2 after []",
            "2 create food-replica-3 after []",
            "3 delete food-eu-1 after [1, 2]"
        ]
    );
    let all = [primary(), numbered(1), numbered(2), numbered(3)];
    assert_eq!(left(fit(&saved, all)), [""; 0]);
}

#[test]
fn an_attribute_may_have_its_old_or_its_new_value_and_no_other() {
    let wanted = spec("", "[[replicas]]\ncount = 1\nsize = 'm.small'");
    let saved = saved(&planned(&wanted, [primary(), numbered(1)]));
    let sized = |size: &str| {
        let mut one = numbered(1);
        one.attributes.size = Some(size.to_owned());
        one
    };
    assert_eq!(left(fit(&saved, [primary(), sized("m.small")])), [""; 0]);
    assert_eq!(
        stale(fit(&saved, [primary(), sized("m.huge")])),
        ["food-replica-1: size was m.large, is m.huge"]
    );
}

#[test]
fn what_others_did_is_told() {
    let saved = saved(&planned(&count(1), [primary(), numbered(1), numbered(2)]));
    assert_eq!(
        stale(fit(&saved, [primary(), numbered(2)])),
        ["food-replica-1 is gone"]
    );
    let mut promoted = numbered(2);
    promoted.role = Role::Primary;
    promoted.source = None;
    assert_eq!(
        stale(fit(&saved, [primary(), numbered(1), promoted])),
        ["food-replica-2 was a replica, is a primary"]
    );
    let mut untagged = numbered(1);
    untagged.owner = None;
    assert_eq!(
        stale(fit(&saved, [primary(), untagged, numbered(2)])),
        ["food-replica-1 was replica-1 of fleet food, is nobody's"]
    );
    let mut foreign = replica("reports", "reports-1");
    foreign.owner = None;
    foreign.source = Some(here("food-primary"));
    assert_eq!(
        stale(fit(&saved, [primary(), numbered(1), numbered(2), foreign])),
        ["reports is new"]
    );
    // A third replica of the fleet's, which this plan did not make.
    let live = [primary(), numbered(1), numbered(2), numbered(3)];
    assert_eq!(stale(fit(&saved, live)), ["food-replica-3 is new"]);
}

/// Everything that can be observed of an instance, with a value each. A struct that is written out in
/// full: something new that is observed does not compile here until it has one.
fn observed_in_full(mut instance: ObservedInstance) -> ObservedInstance {
    instance.condition = Condition::Broken("its timeline is another".to_owned());
    ObservedInstance {
        resource: instance.resource,
        owner: instance.owner,
        role: instance.role,
        source: Some(instance.source.unwrap_or_else(|| here("elsewhere"))),
        phase: instance.phase,
        raw_phase: instance.raw_phase,
        condition: instance.condition,
        endpoint: Some(Endpoint {
            host: "db.example.com".to_owned(),
            port: 5432,
        }),
        version: Some(ObjectVersion("17".to_owned())),
        attributes: Attributes {
            size: Some("m.large".to_owned()),
            availability: Some(Availability::Zonal),
            postgres: Some("16.4".parse().unwrap()),
            storage: Storage {
                gib: Some(20),
                kind: Some("gp3".to_owned()),
                iops: Some(3000),
                throughput: Some(125),
                autogrow: Some(true),
                autogrow_to_gib: Some(100),
            },
            backup_days: Some(7),
            deletion_protection: Some(false),
            tags: BTreeMap::from([("team".to_owned(), "food".to_owned())]),
            settings: BTreeMap::from([("kms_key".to_owned(), Value::Text("k".to_owned()))]),
        },
        pending: BTreeMap::from([(Field::Size, Value::Text("m.huge".to_owned()))]),
    }
}

/// The places of all values that are no objects or lists.
fn leaves(value: &Json, at: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{at}/{name}"), found);
            }
        }
        Json::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                leaves(value, &format!("{at}/{number}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// Another value of the same kind that can stand at a place.
fn other(at: &str, value: &Json) -> Json {
    match (at, value) {
        ("/role", _) if value == "primary" => "replica".into(),
        ("/role", _) => "primary".into(),
        ("/phase", _) => "modifying".into(),
        ("/attributes/availability", _) => "regional".into(),
        ("/attributes/postgres", _) => "16.5".into(),
        ("/owner/address", _) => "other-7".into(),
        (_, Json::Bool(flag)) => (!flag).into(),
        (_, Json::Number(number)) => (number.as_u64().unwrap() + 1).into(),
        (_, Json::String(text)) => format!("{text}x").into(),
        _ => panic!("{at} has no value: {value}"),
    }
}

#[test]
fn a_change_of_each_thing_observed_is_seen_but_for_what_changes_by_itself() {
    let by_itself = [
        "/phase",
        "/raw_phase",
        "/condition/why",
        "/endpoint/host",
        "/endpoint/port",
        "/version",
        "/attributes/storage/gib",
    ];
    let mut stranger = replica("reports", "reports-1");
    stranger.owner = None;
    let world = [primary(), numbered(1), numbered(2), stranger].map(observed_in_full);
    let mut seen = BTreeSet::new();
    for (number, instance) in world.iter().enumerate() {
        // The plan makes a third replica, and has nothing to do with those that are there.
        let mut saved = saved(&planned(&count(3), world.clone()));
        let third = |change: &Change| change.resource == here("food-replica-3");
        saved.set.changes.retain(third);
        assert!(matches!(fit(&saved, world.clone()), Fit::Fits(_)));
        let document = serde_json::to_value(instance).unwrap();
        let mut places = Vec::new();
        leaves(&document, "", &mut places);
        for place in places {
            let mut changed = document.clone();
            if place == "/condition/state" {
                changed["condition"] = serde_json::json!({"state": "sound"});
            } else {
                let at = changed.pointer_mut(&place).unwrap();
                // Nobody's is nobody's.
                if at.is_null() && place == "/owner" {
                    continue;
                }
                *at = other(&place, at);
            }
            let mut now = world.clone();
            now[number] = serde_json::from_value(changed).unwrap();
            let fits = matches!(fit(&saved, now), Fit::Fits(_));
            let name = &instance.resource;
            assert_eq!(
                fits,
                by_itself.contains(&place.as_str()),
                "{place} of {name}"
            );
            seen.insert(place);
        }
    }
    for place in by_itself {
        assert!(seen.remove(place), "{place} is observed of nothing");
    }
    // Tags and the like are added and taken away, too.
    assert!(seen.contains("/attributes/tags/team") && seen.contains("/pending/size"));
    assert!(seen.len() >= 21, "{seen:?}");
}

fn file() -> (SavedPlan, String) {
    let plan = SavedPlan {
        pgfleet: "1.2.3".to_owned(),
        simulated: false,
        fleets: vec![saved(&planned(&count(2), [primary(), numbered(3)]))],
    };
    let text = plan.to_text().unwrap();
    (plan, text)
}

#[test]
fn a_file_is_what_was_saved_or_nothing() {
    let (plan, text) = file();
    assert!(SavedPlan::is_meant_by(&text));
    assert_eq!(SavedPlan::from_text(&text).unwrap(), plan);

    let edited = text.replacen("food-replica-1", "food-replica-9", 1);
    let damaged = [
        edited.as_str(),
        &text[..text.len() / 2],
        &text.replace("\"digest\"", "\"d\""),
        // The last of two would count.
        &text.replacen(
            "\"simulated\": false",
            "\"simulated\": true, \"simulated\": false",
            1,
        ),
        &format!("{text}\n"),
    ];
    for text in damaged {
        assert!(SavedPlan::is_meant_by(text));
        let error = SavedPlan::from_text(text).unwrap_err();
        assert!(matches!(error, SavedPlanError::Damaged(_)), "{error}");
    }
    let later = text.replacen("\"format_version\": \"1\"", "\"format_version\": \"2\"", 1);
    let error = SavedPlan::from_text(&later).unwrap_err();
    assert_eq!(error, SavedPlanError::Format("2".to_owned()));
    for other in ["{}", "[]", "{\"fleet\": \"food\"}"] {
        assert_eq!(
            SavedPlan::from_text(other).unwrap_err(),
            SavedPlanError::Other
        );
    }
}

#[test]
fn no_byte_of_a_file_can_be_changed_taken_out_or_added() {
    let plan = SavedPlan {
        pgfleet: "1.2.3".to_owned(),
        simulated: false,
        fleets: vec![saved(&planned(&count(0), [primary()]))],
    };
    let text = plan.to_text().unwrap();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        let signs = b"x 0\"\n";
        let sign = signs[at % signs.len()];
        bytes[at] = if bytes[at] == sign { b'1' } else { sign };
        let edited = String::from_utf8(bytes).unwrap();
        assert!(SavedPlan::from_text(&edited).is_err(), "another at {at}");
    }
    for at in (0..text.len()).step_by(29) {
        assert!(SavedPlan::from_text(&text[..at]).is_err(), "cut at {at}");
        let mut without = text.clone();
        without.remove(at);
        assert!(SavedPlan::from_text(&without).is_err(), "without {at}");
        let mut more = text.clone();
        more.insert(at, ' ');
        assert!(SavedPlan::from_text(&more).is_err(), "a blank at {at}");
    }
}
