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
    Attributes, Availability, Condition, Endpoint, Field, ObjectVersion, ObservedInstance, Phase,
    Role, Storage, Value, ZONE,
};
use pgfleet_planner::{Fit, SavedFleet};
use pgfleet_spec::Spec;
use serde_json::Value as Json;
use support::{count, here, numbered, planned, platform, primary, replica, saved, spec, steps};

fn fit(saved: &SavedFleet, live: impl IntoIterator<Item = ObservedInstance>) -> Fit {
    let inventory = live.into_iter().collect();
    saved.clone().fit(&inventory, &platform()).unwrap()
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
fn what_the_plan_has_made_and_others_have_resized_is_told() {
    let saved = saved(&planned(&count(1), [primary()]));
    let mut made = numbered(1);
    assert_eq!(left(fit(&saved, [primary(), made.clone()])), [""; 0]);
    made.attributes.size = Some("m.huge".to_owned());
    assert_eq!(
        stale(fit(&saved, [primary(), made])),
        ["food-replica-1: size is m.huge, and was made as m.large"]
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

/// `food-replica-1` with another disk.
fn disk(gib: u32) -> ObservedInstance {
    let mut one = numbered(1);
    one.attributes.storage.gib = Some(gib);
    one
}

/// A plan file whose one replica has this disk.
fn with_disk(gib: u32) -> Spec {
    let group = format!("[[replicas]]\ncount = 1\nstorage = {{ gib = {gib} }}");
    spec("", &group)
}

#[test]
fn applied_again_there_is_nothing_left_of_it() {
    // A disk that has become as large, or larger: it is never made smaller.
    let larger = saved(&planned(&with_disk(40), [primary(), disk(20)]));
    assert_eq!(
        left(fit(&larger, [primary(), disk(20)])),
        ["1 change food-replica-1 after []"]
    );
    for gib in [40, 60] {
        assert_eq!(left(fit(&larger, [primary(), disk(gib)])), [""; 0]);
    }
    let mut stopped = numbered(1);
    stopped.phase = Phase::Stopped;
    let starting = saved(&planned(&count(1), [primary(), stopped.clone()]));
    assert_eq!(
        left(fit(&starting, [primary(), stopped])),
        ["1 start food-replica-1 after []"]
    );
    assert_eq!(left(fit(&starting, [primary(), numbered(1)])), [""; 0]);
}

#[test]
fn a_new_replica_gets_the_disk_that_the_primary_has_by_then() {
    let saved = saved(&planned(&count(1), [primary()]));
    let mut grown = primary();
    grown.attributes.storage.gib = Some(50);
    let Fit::Fits(plan) = fit(&saved, [grown]) else {
        panic!("a grown disk is no change");
    };
    let address = "replica-1".parse().unwrap();
    let wanted = &plan.desired.instances[&address];
    assert_eq!(wanted.attributes.storage.gib, Some(50));
}

#[test]
fn a_server_that_does_not_run_tells_less_of_its_version() {
    let versioned = |version: &str, phase| {
        let mut one = numbered(1);
        one.attributes.postgres = Some(version.parse().unwrap());
        one.phase = phase;
        one
    };
    let stopped = versioned("16", Phase::Stopped);
    let saved = saved(&planned(&count(1), [primary(), stopped]));
    let runs = versioned("16.4", Phase::Available);
    assert_eq!(left(fit(&saved, [primary(), runs])), [""; 0]);
    let other = versioned("17.1", Phase::Available);
    assert_eq!(
        stale(fit(&saved, [primary(), other])),
        ["food-replica-1: postgres was 16, is 17.1"]
    );
}

#[test]
fn nothing_is_done_that_was_not_planned() {
    // Its start was not approved, nor is it part of what was.
    let smaller = spec("", "[[replicas]]\ncount = 1\nsize = 'm.small'");
    let resized = saved(&planned(&smaller, [primary(), numbered(1)]));
    let mut stopped = numbered(1);
    stopped.phase = Phase::Stopped;
    assert_eq!(
        stale(fit(&resized, [primary(), stopped])),
        ["food-replica-1 now needs to be started, which was not planned"]
    );
    // The same where another change of it was planned.
    let mut waiting = disk(20);
    let larger = || Value::Number(40);
    waiting.pending.insert(Field::StorageGib, larger());
    let both = spec(
        "apply_changes = 'window'",
        "[[replicas]]\ncount = 1\nsize = 'm.small'\nstorage = { gib = 40 }",
    );
    let mut resized = saved(&planned(&both, [primary(), waiting.clone()]));
    resized.in_window = true;
    assert_eq!(
        left(fit(&resized, [primary(), waiting])),
        ["1 change food-replica-1 after []"]
    );
    assert_eq!(
        stale(fit(&resized, [primary(), disk(20)])),
        ["food-replica-1 now needs storage_gib 40, which was not planned"]
    );
}

#[test]
fn what_is_about_to_come_is_told_where_the_plan_has_not_asked_for_it() {
    let sized = |pending: Option<&str>| {
        let mut one = numbered(1);
        let pending = pending.map(|size| (Field::Size, Value::Text(size.to_owned())));
        one.pending.extend(pending);
        one
    };
    let other = saved(&planned(&count(2), [primary(), sized(Some("m.huge"))]));
    assert_eq!(
        stale(fit(&other, [primary(), sized(None)])),
        ["food-replica-1: size was about to become m.huge, and is not any more"]
    );
    assert_eq!(
        stale(fit(&other, [primary(), sized(Some("m.tiny"))])),
        ["food-replica-1: size is about to become m.tiny"]
    );
    let mut come = sized(None);
    come.attributes.size = Some("m.huge".to_owned());
    assert_eq!(
        stale(fit(&other, [primary(), come])),
        ["food-replica-1: size was m.large, is m.huge"]
    );
    // What the plan alters may be on its way, to whatever value: platforms round.
    let smaller = spec("", "[[replicas]]\ncount = 1\nsize = 'm.small'");
    let own = saved(&planned(&smaller, [primary(), sized(None)]));
    for pending in ["m.small", "m.medium"] {
        let live = [primary(), sized(Some(pending))];
        assert_eq!(left(fit(&own, live)), ["1 change food-replica-1 after []"]);
    }
    // A disk that grows by itself is about to grow first.
    let mut growing = numbered(1);
    growing.pending.insert(Field::StorageGib, Value::Number(30));
    let grows = saved(&planned(&count(2), [primary(), numbered(1)]));
    assert_eq!(
        left(fit(&grows, [primary(), growing])),
        ["1 create food-replica-2 after []"]
    );
}

#[test]
fn an_instance_that_goes_is_the_one_that_was_looked_at() {
    let saved = saved(&planned(&count(1), [primary(), numbered(1), numbered(2)]));
    let going = |protection| {
        let mut two = numbered(2);
        two.attributes.deletion_protection = protection;
        [primary(), numbered(1), two]
    };
    assert_eq!(
        stale(fit(&saved, going(Some(true)))),
        ["food-replica-2: deletion_protection was not set, is true"]
    );
    // The plan itself lifts it where the platform wants that.
    assert_eq!(
        left(fit(&saved, going(Some(false)))),
        ["1 delete food-replica-2 after []"]
    );
}

#[test]
fn tags_are_merged_and_those_of_others_are_told() {
    let tagged = |tags: &[(&str, &str)]| {
        let mut one = numbered(1);
        let tags = tags.iter();
        let tags = tags.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        one.attributes.tags = tags.collect();
        one
    };
    let wanted = spec("tags = { team = 'food' }", "[[replicas]]\ncount = 1");
    let mut first = primary();
    first.attributes.tags = [("team".to_owned(), "food".to_owned())].into();
    let before = [first.clone(), tagged(&[("a", "1")])];
    let saved = saved(&planned(&wanted, before));
    let now = |tags| fit(&saved, [first.clone(), tagged(tags)]);
    assert_eq!(left(now(&[("a", "1"), ("team", "food")])), [""; 0]);
    for tags in [
        &[("team", "food")][..],
        &[("a", "2"), ("team", "food")],
        &[("a", "1"), ("b", "1"), ("team", "food")],
    ] {
        assert_eq!(stale(now(tags)).len(), 1, "{tags:?}");
    }
}

#[test]
fn a_change_of_whom_an_existing_primary_follows_is_seen() {
    let mut saved = saved(&planned(&count(2), [primary(), numbered(1)]));
    saved.observed.above = vec![here("elsewhere")];
    assert_eq!(
        stale(fit(&saved, [primary(), numbered(1)])),
        ["whom the existing primary follows has changed"]
    );
}

/// Everything that can be observed of an instance, with a value each. A struct that is written out in
/// full: something new that is observed does not compile here until it has one.
fn observed_in_full(instance: ObservedInstance) -> ObservedInstance {
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
        pending: BTreeMap::from([
            (Field::Size, Value::Text("m.huge".to_owned())),
            (Field::StorageGib, Value::Number(30)),
        ]),
    }
}

/// The places of all values, those of objects included.
fn places(value: &Json, at: &str, found: &mut Vec<String>) {
    if let Json::Object(fields) = value {
        for (name, value) in fields {
            let at = format!("{at}/{name}");
            places(value, &at, found);
            found.push(at);
        }
    }
}

/// Another value of the same kind that can stand at a place.
fn other(at: &str, value: &Json) -> Option<Json> {
    Some(match (at, value) {
        ("/role", _) if value == "primary" => "replica".into(),
        ("/role", _) => "primary".into(),
        ("/phase", _) => "modifying".into(),
        ("/condition", _) if value["state"] == "broken" => serde_json::json!({"state": "sound"}),
        ("/condition", _) => serde_json::json!({"state": "broken", "why": "its disk is gone"}),
        ("/attributes/availability", _) => "regional".into(),
        ("/attributes/postgres", _) => "16.5".into(),
        ("/owner/address", _) => "other-7".into(),
        (_, Json::Bool(flag)) => (!flag).into(),
        (_, Json::Number(number)) => (number.as_u64().unwrap() + 1).into(),
        (_, Json::String(text)) => format!("{text}x").into(),
        _ => return None,
    })
}

/// The document without what stands at a place: a pair of a map that is gone, a value that is not
/// known.
fn without(document: &Json, at: &str) -> Json {
    let mut less = document.clone();
    let (parent, name) = at.rsplit_once('/').unwrap();
    let maps = ["/attributes/tags", "/attributes/settings", "/pending"];
    let fields = less.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if maps.contains(&parent) {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), Json::Null);
    }
    less
}

#[test]
fn a_change_of_each_thing_observed_is_seen_but_for_what_changes_by_itself() {
    let by_itself = [
        "/phase",
        "/raw_phase",
        "/condition/why",
        "/endpoint",
        "/endpoint/host",
        "/endpoint/port",
        "/version",
        "/attributes/storage/gib",
        "/pending/storage_gib",
    ];
    let mut stranger = replica("reports", "reports-1");
    stranger.owner = None;
    stranger.condition = Condition::Broken("its timeline is another".to_owned());
    let world = [primary(), numbered(1), numbered(2), stranger].map(observed_in_full);
    // The plan makes a third replica, and has nothing to do with those that are there.
    let made_from = |world: &[ObservedInstance]| planned(&count(3), world.to_vec());
    let (mut seen, mut checked) = (BTreeSet::new(), 0);
    for (number, instance) in world.iter().enumerate() {
        let document = serde_json::to_value(instance).unwrap();
        let mut all = Vec::new();
        places(&document, "", &mut all);
        for place in all {
            let value = document.pointer(&place).unwrap();
            let changed = other(&place, value).map(|other| {
                let mut changed = document.clone();
                *changed.pointer_mut(&place).unwrap() = other;
                changed
            });
            for (kind, next) in [
                ("other", changed),
                ("none", Some(without(&document, &place))),
            ] {
                // Not everything can be missing, or be something else by itself.
                let next = next.and_then(|next| serde_json::from_value(next).ok());
                let Some(next) = next.filter(|next| next != instance) else {
                    continue;
                };
                let mut other = world.clone();
                other[number] = next;
                // From one world to the other and back: what is taken away was added before.
                for (before, now) in [(&world, &other), (&other, &world)] {
                    let (plan, fresh) = (made_from(before), made_from(now));
                    let passes = by_itself.contains(&place.as_str());
                    let what = format!("{kind} at {place} of {}", instance.resource);
                    let same = plan.fingerprint == fresh.fingerprint;
                    assert_eq!(same, passes, "the fingerprint: {what}");
                    // What the plan itself puts right is no change of others. A disk whose size
                    // nobody tells is none that the plan was made for.
                    let puts_right = plan.set.effective().count() > 1;
                    let is_lost = place.ends_with("/gib") && kind == "none";
                    let fits = matches!(fit(&saved(&plan), now.clone()), Fit::Fits(_));
                    assert!(fits == passes || puts_right || is_lost, "{what}");
                    checked += u32::from(!puts_right && !is_lost);
                }
                seen.insert(format!("{kind} {place}"));
            }
        }
    }
    for place in by_itself {
        assert!(
            seen.contains(&format!("other {place}")) || seen.contains(&format!("none {place}"))
        );
    }
    for kind in ["other", "none"] {
        for place in [
            "/attributes/tags/team",
            "/attributes/settings/kms_key",
            "/pending/size",
        ] {
            assert!(seen.contains(&format!("{kind} {place}")), "{kind} {place}");
        }
    }
    assert!(seen.len() >= 45, "{} {seen:#?}", seen.len());
    assert!(checked >= 300, "{checked}");
}
