//! One situation each, and what the plan makes of it.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

#[expect(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

use pgfleet_conformance::memory::{MemoryPlatform, MemoryRules};
use pgfleet_model::{Condition, Inventory, Operation, Phase, Role};
use pgfleet_planner::{Goal, plan};
use support::{
    changes, count, drift, here, numbered, planned, primary, refusals, replica, spec, steps,
};

const NOTHING: [&str; 0] = [];

#[test]
fn a_fleet_that_is_as_planned_needs_nothing() {
    let plan = planned(&count(2), [primary(), numbered(1), numbered(2)]);
    assert_eq!(changes(&plan), NOTHING);
    assert_eq!(drift(&plan), NOTHING);
    assert_eq!(refusals(&plan), NOTHING);
}

#[test]
fn what_is_missing_is_made_the_primary_first() {
    let plan = planned(&count(2), []);
    assert_eq!(
        changes(&plan),
        [
            "primary create missing",
            "replica-1 create missing",
            "replica-2 create missing"
        ]
    );
    assert_eq!(
        steps(&plan),
        [
            "1 create food-primary after []",
            "2 create food-replica-1 after [1]",
            "3 create food-replica-2 after [1]"
        ]
    );
}

#[test]
fn a_broken_replica_is_rebuilt_under_its_own_name() {
    let mut broken = numbered(1);
    broken.condition = Condition::Broken("its slot is gone".into());
    let plan = planned(&count(2), [primary(), broken, numbered(2)]);
    assert_eq!(
        changes(&plan),
        ["replica-1 delete rebuild", "replica-1 create rebuild"]
    );
    assert_eq!(
        steps(&plan),
        [
            "1 delete food-replica-1 after []",
            "2 create food-replica-1 after [1]"
        ]
    );
    let detail = plan.set.effective().next().unwrap().detail.as_deref();
    assert_eq!(detail, Some("its slot is gone"));
}

#[test]
fn a_replica_that_failed_or_follows_another_is_rebuilt() {
    let mut failed = numbered(1);
    failed.phase = Phase::Failed;
    let mut astray = numbered(2);
    astray.source = Some(here("another"));
    let plan = planned(&count(2), [primary(), failed, astray]);
    assert_eq!(
        changes(&plan),
        [
            "replica-1 delete rebuild",
            "replica-1 create rebuild",
            "replica-2 delete rebuild",
            "replica-2 create rebuild"
        ]
    );
}

#[test]
fn what_can_only_be_chosen_at_creation_rebuilds_a_replica_and_refuses_for_a_primary() {
    let with_key = spec("aws = { kms_key = 'new' }", "[[replicas]]\ncount = 1");
    let plan = planned(&with_key, [primary(), numbered(1)]);
    assert_eq!(
        changes(&plan),
        ["replica-1 delete rebuild", "replica-1 create rebuild"]
    );
    assert_eq!(refusals(&plan), ["primary/never-replaced"]);
}

#[test]
fn what_is_stopped_is_started_before_it_is_altered() {
    let mut stopped = numbered(1);
    stopped.phase = Phase::Stopped;
    stopped.attributes.size = Some("m.tiny".into());
    let plan = planned(&count(1), [primary(), stopped]);
    assert_eq!(changes(&plan), ["replica-1 update stopped,size"]);
    assert_eq!(
        steps(&plan),
        [
            "1 start food-replica-1 after []",
            "2 change food-replica-1 after [1]"
        ]
    );
}

#[test]
fn what_the_plan_no_longer_wants_goes() {
    let plan = planned(
        &count(1),
        [primary(), numbered(1), numbered(2), numbered(3)],
    );
    assert_eq!(
        changes(&plan),
        [
            "replica-2 delete not-in-plan",
            "replica-3 delete not-in-plan"
        ]
    );
}

#[test]
fn a_new_replica_gets_the_disk_that_its_primary_will_have() {
    // The primary has 20 GiB by the plan.
    let small = spec("", "[[replicas]]\ncount = 1\nstorage = { gib = 10 }");
    let mut smaller = primary();
    smaller.attributes.storage.gib = Some(15);
    for live in [vec![], vec![smaller]] {
        let plan = planned(&small, live);
        let step = plan.steps.last().unwrap();
        let Operation::CreateReplica { desired, .. } = &step.mutation.operation else {
            panic!("{step:?}");
        };
        assert_eq!(desired.attributes.storage.gib, Some(20));
    }
    // What is there keeps its own.
    let mut replica = numbered(1);
    replica.attributes.storage.gib = Some(10);
    assert_eq!(changes(&planned(&small, [primary(), replica])), [""; 0]);
}

#[test]
fn a_replica_of_others_is_drift_and_holds_the_primary() {
    let mut stranger = replica("analytics", "replica-9");
    stranger.owner = None;
    let plan = planned(&count(1), [primary(), numbered(1), stranger.clone()]);
    assert_eq!(changes(&plan), NOTHING);
    assert_eq!(drift(&plan), ["analytics - NotOurs"]);
    let inventory: Inventory = [primary(), numbered(1), stranger].into_iter().collect();
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let destroy = plan_for(&inventory, goal);
    assert_eq!(refusals(&destroy), ["primary/unknown-replicas"]);
    let goal = Goal::Destroy {
        replicas_only: true,
    };
    assert_eq!(refusals(&plan_for(&inventory, goal)), NOTHING);
}

fn plan_for(inventory: &Inventory, goal: Goal) -> pgfleet_planner::FleetPlan {
    plan(&count(1), inventory, &support::platform(), goal).unwrap()
}

#[test]
fn a_name_that_another_holds_is_refused() {
    let mut untagged = numbered(1);
    untagged.owner = None;
    let mut other_fleet = numbered(2);
    other_fleet.owner.as_mut().unwrap().fleet = "drinks".parse().unwrap();
    let plan = planned(&count(2), [primary(), untagged, other_fleet]);
    assert_eq!(refusals(&plan), ["ownership", "ownership"]);
    assert!(plan.steps.is_empty());
    let messages: Vec<_> = plan
        .checks
        .iter()
        .map(|check| check.message.as_str())
        .collect();
    assert!(
        messages[0].contains("without pgfleet's tags"),
        "{messages:?}"
    );
    assert!(
        messages[1].contains("belongs to the fleet drinks"),
        "{messages:?}"
    );
}

#[test]
fn renamed_replicas_are_made_before_the_old_ones_go() {
    let renamed = spec("", "[[replicas]]\nids = ['new-1']");
    let plan = planned(&renamed, [primary(), numbered(1)]);
    assert_eq!(
        changes(&plan),
        ["replica-1 delete not-in-plan", "replica-1 create missing"]
    );
    assert_eq!(
        steps(&plan),
        [
            "1 create new-1 after []",
            "2 delete food-replica-1 after [1]"
        ]
    );
}

#[test]
fn renamed_replicas_go_first_where_the_limit_leaves_no_room() {
    let rules = MemoryRules {
        max_replicas: Some(2),
        ..MemoryRules::like_rds()
    };
    let platform = MemoryPlatform::new(rules);
    let renamed = spec("", "[[replicas]]\nids = ['new-1', 'food-replica-2']");
    let live: Inventory = [primary(), numbered(1), numbered(2)].into_iter().collect();
    let full = plan(&renamed, &live, &platform, Goal::Apply).unwrap();
    assert_eq!(refusals(&full), NOTHING);
    assert_eq!(
        steps(&full),
        [
            "1 delete food-replica-1 after []",
            "2 create new-1 after [1]"
        ]
    );
}

#[test]
fn replicas_of_others_take_room_too() {
    let rules = MemoryRules {
        max_replicas: Some(2),
        ..MemoryRules::like_rds()
    };
    let platform = MemoryPlatform::new(rules);
    let mut stranger = replica("analytics", "replica-9");
    stranger.owner = None;
    let renamed = spec("", "[[replicas]]\nids = ['new-1']");
    let live: Inventory = [primary(), numbered(1), stranger].into_iter().collect();
    let full = plan(&renamed, &live, &platform, Goal::Apply).unwrap();
    assert_eq!(
        steps(&full),
        [
            "1 delete food-replica-1 after []",
            "2 create new-1 after [1]"
        ]
    );
}

#[test]
fn replicas_of_replicas_take_no_room() {
    let mut below = replica("analytics", "replica-9");
    below.owner = None;
    below.source = Some(numbered(1).resource);
    let live: Inventory = [primary(), numbered(1), numbered(2), below]
        .into_iter()
        .collect();
    let renamed = spec("", "[[replicas]]\nids = ['food-replica-1', 'new-1']");
    let planned = |limit| {
        let rules = MemoryRules {
            max_replicas: Some(limit),
            ..MemoryRules::like_rds()
        };
        plan(&renamed, &live, &MemoryPlatform::new(rules), Goal::Apply).unwrap()
    };
    assert_eq!(refusals(&planned(2)), NOTHING);
    assert_eq!(
        steps(&planned(3)),
        [
            "1 create new-1 after []",
            "2 delete food-replica-2 after [1]"
        ]
    );
}

#[test]
fn a_renamed_group_keeps_its_instances_and_is_tagged_anew() {
    let regrouped = spec("", "[[replicas]]\nname = 'eu'\nids = ['food-replica-1']");
    let plan = planned(&regrouped, [primary(), numbered(1)]);
    assert_eq!(changes(&plan), ["eu-1 update address"]);
}

#[test]
fn a_primary_is_never_replaced() {
    let other = spec("", "")
        .source
        .text
        .replace("size", "id = 'other'\nsize");
    let other = pgfleet_conformance::drive::spec(&other).unwrap();
    let plan = planned(&other, [primary()]);
    assert_eq!(refusals(&plan), ["primary/never-replaced"]);
    assert!(plan.steps.is_empty());
}

#[test]
fn a_broken_primary_is_refused_with_what_is_known() {
    let mut broken = primary();
    broken.condition = Condition::Broken("its disk is full of holes".into());
    let plan = planned(&count(1), [broken, numbered(1)]);
    assert_eq!(refusals(&plan), ["primary/broken"]);
    assert!(
        plan.checks[0].message.contains("full of holes"),
        "{:?}",
        plan.checks[0]
    );
}

#[test]
fn a_promoted_replica_is_refused_and_goes_once_the_plan_lets_it_go() {
    let mut promoted = numbered(1);
    promoted.role = Role::Primary;
    promoted.source = None;
    let plan = planned(&count(1), [primary(), promoted.clone()]);
    assert_eq!(refusals(&plan), ["role"]);
    assert!(plan.steps.is_empty());
    let plan = planned(&count(0), [primary(), promoted]);
    assert_eq!(refusals(&plan), NOTHING);
    assert_eq!(changes(&plan), ["replica-1 delete not-in-plan"]);
}

#[test]
fn a_second_primary_of_the_fleet_is_refused_not_deleted() {
    // Somebody promoted a replica and named it in the plan; the old primary is still there.
    let mut promoted = numbered(1);
    promoted.role = Role::Primary;
    promoted.source = None;
    promoted.attributes = primary().attributes;
    let text = count(0)
        .source
        .text
        .replace("size", "id = 'food-replica-1'\nsize");
    let plan = planned(
        &pgfleet_conformance::drive::spec(&text).unwrap(),
        [primary(), promoted],
    );
    assert_eq!(refusals(&plan), ["primary/never-replaced"]);
    let deletes = plan
        .steps
        .iter()
        .filter(|step| step.mutation.operation.verb() == "delete");
    assert_eq!(deletes.count(), 0);
}

#[test]
fn destroy_goes_by_roles_not_by_addresses() {
    // After a switchover the instance at the address `primary` follows the one at `replica-1`.
    let mut leads = numbered(1);
    leads.role = Role::Primary;
    leads.source = None;
    let mut follows = primary();
    follows.role = Role::Replica;
    follows.source = Some(here("food-replica-1"));
    let inventory: Inventory = [leads, follows].into_iter().collect();
    let destroy = plan_for(
        &inventory,
        Goal::Destroy {
            replicas_only: false,
        },
    );
    assert_eq!(
        steps(&destroy),
        [
            "1 delete food-primary after []",
            "2 delete food-replica-1 after [1]"
        ]
    );
}

#[test]
fn replicas_of_replicas_go_first() {
    let mut second = numbered(2);
    second.source = Some(here("food-replica-1"));
    let inventory: Inventory = [primary(), numbered(1), second].into_iter().collect();
    let destroy = plan_for(
        &inventory,
        Goal::Destroy {
            replicas_only: false,
        },
    );
    assert_eq!(
        steps(&destroy),
        [
            "1 delete food-replica-2 after []",
            "2 delete food-replica-1 after [1]",
            "3 delete food-primary after [1, 2]"
        ]
    );
}

#[test]
fn a_protected_primary_is_unprotected_then_deleted() {
    let mut protected = primary();
    protected.attributes.deletion_protection = Some(true);
    let inventory: Inventory = [protected].into_iter().collect();
    let destroy = plan_for(
        &inventory,
        Goal::Destroy {
            replicas_only: false,
        },
    );
    assert_eq!(
        steps(&destroy),
        [
            "1 change food-primary after []",
            "2 delete food-primary after [1]"
        ]
    );
}

#[test]
fn deletion_is_protected_and_counted() {
    let text = count(1)
        .source
        .text
        .replace("deletion = false", "deletion = true");
    let protected = pgfleet_conformance::drive::spec(&text).unwrap();
    let inventory: Inventory = [primary(), numbered(1)].into_iter().collect();
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let destroy = plan(&protected, &inventory, &support::platform(), goal).unwrap();
    assert_eq!(refusals(&destroy), ["protect/deletion"]);

    let text = count(0)
        .source
        .text
        .replace("deletion = false", "deletion = false\nmax_deletes = 1");
    let counted = pgfleet_conformance::drive::spec(&text).unwrap();
    let two = planned(&counted, [primary(), numbered(1), numbered(2)]);
    assert_eq!(refusals(&two), ["protect/max-deletes"]);
    let mut going = numbered(2);
    going.phase = Phase::Deleting;
    assert_eq!(
        refusals(&planned(&counted, [primary(), numbered(1), going])),
        NOTHING
    );
}

#[test]
fn a_primary_that_is_going_does_not_wait_for_its_replicas() {
    // Wanted again while its deletion runs: old replicas go after new ones, and these after it.
    let mut going = primary();
    going.phase = Phase::Deleting;
    let plan = planned(&count(1), [going, numbered(2)]);
    assert_eq!(
        steps(&plan),
        [
            "1 delete food-primary after []",
            "2 create food-primary after [1]",
            "3 create food-replica-1 after [2]",
            "4 delete food-replica-2 after [3]"
        ]
    );
}

#[test]
fn no_replica_is_made_of_an_existing_primary_that_does_not_run() {
    let existing = |replicas: u32| {
        pgfleet_conformance::drive::spec(&format!(
            "fleet = 'food'\nprovider = 'aws'\nregion = 'here'\n[primary]\nexisting = 'here/theirs'\n\
             [[replicas]]\ncount = {replicas}\n"
        ))
        .unwrap()
    };
    let theirs = |phase| {
        let mut theirs = primary();
        (theirs.resource, theirs.owner, theirs.phase) = (here("theirs"), None, phase);
        theirs
    };
    for phase in [Phase::Stopped, Phase::Failed, Phase::Deleting] {
        let plan = planned(&existing(1), [theirs(phase)]);
        assert_eq!(refusals(&plan), ["primary/existing"], "{phase}");
        // Where none is made it may rest.
        let plan = planned(&existing(0), [theirs(phase)]);
        assert_eq!(refusals(&plan), [""; 0], "{phase}");
    }
    for phase in [Phase::Available, Phase::Modifying, Phase::Unknown] {
        let plan = planned(&existing(1), [theirs(phase)]);
        assert_eq!(refusals(&plan), [""; 0], "{phase}");
    }
}
