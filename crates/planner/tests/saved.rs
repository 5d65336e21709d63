//! Saved plans: when they still fit, and what is said when they do not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

#[expect(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

use pgfleet_model::{ObservedInstance, Phase, Role};
use pgfleet_planner::{
    Fit, FleetPlan, SavedFleet, SavedPlan, SavedPlanError, SavedPlanFile, sha256,
};
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
    let plan = planned(&count(2), [primary()]);
    assert_eq!(left(fit(&saved(&plan), [primary()])), steps(&plan));
    // What passes by itself is no change.
    let mut busy = primary();
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

#[test]
fn a_file_is_what_was_saved_or_nothing() {
    let plan = SavedPlan {
        pgfleet: "1.2.3".to_owned(),
        simulated: false,
        fleets: vec![saved(&planned(&count(2), [primary(), numbered(3)]))],
    };
    let text = format!("{:#}", plan.to_json().unwrap());
    assert!(SavedPlan::is_meant_by(&text));
    assert_eq!(SavedPlan::from_json(&text).unwrap(), plan);

    let edited = text.replacen("food-replica-1", "food-replica-9", 1);
    let damaged = [
        edited.as_str(),
        &text[..text.len() / 2],
        &text.replace("\"digest\"", "\"d\""),
    ];
    for text in damaged {
        assert!(SavedPlan::is_meant_by(text));
        let error = SavedPlan::from_json(text).unwrap_err();
        assert!(matches!(error, SavedPlanError::Damaged(_)), "{error}");
    }
    let later = text.replacen("\"format_version\": \"1\"", "\"format_version\": \"2\"", 1);
    let error = SavedPlan::from_json(&later).unwrap_err();
    assert_eq!(error, SavedPlanError::Format("2".to_owned()));
    for other in ["{}", "[]", "{\"fleet\": \"food\"}"] {
        assert_eq!(
            SavedPlan::from_json(other).unwrap_err(),
            SavedPlanError::Other
        );
    }
}
