//! What grows, is pending or on its way: waited for, asked for again, or shown as drift.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

#[expect(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

use pgfleet_model::{Field, ObservedInstance, Operation, Phase, Value};
use pgfleet_planner::{Platform as _, Standing};
use support::{changes, count, drift, numbered, planned, primary, spec, steps};

const NOTHING: [&str; 0] = [];

#[test]
fn what_is_in_flight_is_attached_to() {
    let (mut coming, mut going) = (numbered(1), numbered(2));
    coming.phase = Phase::Creating;
    going.phase = Phase::Deleting;
    let plan = planned(&count(1), [primary(), coming, going]);
    assert_eq!(
        changes(&plan),
        ["replica-1 create in-flight", "replica-2 delete in-flight"]
    );
    assert!(plan.steps.iter().all(|step| step.mutation.resume));
}

#[test]
fn what_goes_and_is_wanted_is_made_again_once_it_is_gone() {
    let mut going = numbered(1);
    going.phase = Phase::Deleting;
    let plan = planned(&count(1), [primary(), going]);
    assert_eq!(
        changes(&plan),
        ["replica-1 delete in-flight", "replica-1 create missing"]
    );
    assert_eq!(
        steps(&plan),
        [
            "1 delete food-replica-1 after []",
            "2 create food-replica-1 after [1]"
        ]
    );
}

#[test]
fn a_grown_disk_is_drift_and_a_new_replica_gets_as_much() {
    let mut grown = primary();
    grown.attributes.storage.gib = Some(50);
    let plan = planned(&count(1), [grown]);
    assert_eq!(changes(&plan), ["replica-1 create missing"]);
    assert_eq!(drift(&plan), ["food-primary storage_gib Grown"]);
    let Operation::CreateReplica { desired, .. } = &plan.steps[0].mutation.operation else {
        panic!("{:?}", plan.steps[0]);
    };
    assert_eq!(desired.attributes.storage.gib, Some(50));
}

#[test]
fn a_pending_value_is_drift() {
    let mut waiting = numbered(1);
    waiting.attributes.size = Some("m.tiny".into());
    waiting
        .pending
        .insert(Field::Size, Value::Text("m.large".into()));
    let mut going_astray = numbered(2);
    going_astray
        .pending
        .insert(Field::Size, Value::Text("m.huge".into()));
    let world = [primary(), waiting, going_astray];
    let in_window = spec("apply_changes = 'window'", "[[replicas]]\ncount = 2");
    let plan = planned(&in_window, world.clone());
    assert_eq!(changes(&plan), NOTHING);
    assert_eq!(
        drift(&plan),
        ["food-replica-1 size Pending", "food-replica-2 size Pending"]
    );
    // Nothing waits for the window that is wanted now.
    let plan = planned(&count(2), world);
    assert_eq!(changes(&plan), ["replica-1 update size"]);
    assert_eq!(drift(&plan), ["food-replica-2 size Pending"]);
}

#[test]
fn a_change_that_the_platform_is_at_work_on_is_waited_for() {
    let smaller = spec("", "[[replicas]]\ncount = 1\nsize = 'm.small'");
    let with_tag = spec(
        "tags = { team = 'food' }",
        "[[replicas]]\ncount = 1\nsize = 'm.small'",
    );
    let mut tagged = primary();
    tagged.attributes.tags = [("team".to_owned(), "food".to_owned())].into();
    let mut live = numbered(1);
    live.phase = Phase::Modifying;
    live.pending
        .insert(Field::Size, Value::Text("m.small".into()));
    let plan = planned(&smaller, [primary(), live.clone()]);
    assert_eq!(changes(&plan), ["replica-1 update in-flight,size"]);
    let mutation = &plan.steps[0].mutation;
    assert!(mutation.resume);
    let platform = support::platform();
    let standing = |live: &ObservedInstance| platform.standing(mutation, Some(live));
    assert_eq!(standing(&live), Standing::Running);
    // With a change that has not begun, both are asked for.
    let plan = planned(&with_tag, [tagged, live.clone()]);
    assert_eq!(changes(&plan), ["replica-1 update tags,size"]);
    assert!(!plan.steps[0].mutation.resume);
    // It was at work on something else: what waits for the window is asked for in the next round.
    live.phase = Phase::Available;
    assert_eq!(standing(&live), Standing::Done);
    assert_eq!(
        changes(&planned(&smaller, [primary(), live])),
        ["replica-1 update size"]
    );
}

#[test]
fn a_pending_change_is_under_way_and_one_for_the_window_is_done() {
    let plan = planned(
        &count(1),
        [primary(), {
            let mut small = numbered(1);
            small.attributes.size = Some("m.tiny".into());
            small
        }],
    );
    let mut mutation = plan.steps[0].mutation.clone();
    let mut live = numbered(1);
    live.attributes.size = Some("m.tiny".into());
    let platform = support::platform();
    assert_eq!(
        platform.standing(&mutation, Some(&live)),
        Standing::NotBegun
    );
    live.pending
        .insert(Field::Size, Value::Text("m.large".into()));
    assert_eq!(platform.standing(&mutation, Some(&live)), Standing::Running);
    if let Operation::Modify { in_window, .. } = &mut mutation.operation {
        *in_window = true;
    }
    assert_eq!(platform.standing(&mutation, Some(&live)), Standing::Done);
    mutation.operation = Operation::Start;
    assert_eq!(
        platform.standing(&mutation, Some(&numbered(1))),
        Standing::Done
    );
}

#[test]
fn what_was_made_and_then_stopped_is_made() {
    let plan = planned(&count(1), [primary()]);
    let mut live = numbered(1);
    live.phase = Phase::Stopped;
    let platform = support::platform();
    let standing = platform.standing(&plan.steps[0].mutation, Some(&live));
    assert_eq!(standing, Standing::Done);
}

#[test]
fn a_pending_value_that_the_plan_does_not_ask_for_is_drift() {
    let pending = |field, value| {
        let mut one = numbered(1);
        one.pending.insert(field, value);
        drift(&planned(&count(1), [primary(), one]))
    };
    assert_eq!(
        pending(Field::Size, Value::Text("m.huge".to_owned())),
        ["food-replica-1 size Pending"]
    );
    // More than the plan wants would do, and is somebody's order all the same.
    assert_eq!(
        pending(Field::StorageGib, Value::Number(200)),
        ["food-replica-1 storage_gib Pending"]
    );
    assert_eq!(pending(Field::StorageGib, Value::Number(20)), [""; 0]);
}
