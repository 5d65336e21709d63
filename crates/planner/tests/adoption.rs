//! Whose tags `adopt` and `release` change, and what they refuse.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support;

use pgfleet_model::{Inventory, ObservedInstance, Phase, Role};
use pgfleet_planner::{Retagging, adopt, release, resolve};
use support::{count, here, numbered, platform, primary, replica};

fn by_hand(mut live: ObservedInstance) -> ObservedInstance {
    live.owner = None;
    live
}

fn adopted(live: impl IntoIterator<Item = ObservedInstance>) -> Retagging {
    let inventory: Inventory = live.into_iter().collect();
    let desired = resolve(&count(2), &inventory, &platform()).desired;
    adopt(&desired, &inventory)
}

fn released(live: impl IntoIterator<Item = ObservedInstance>, only: Option<&str>) -> Retagging {
    let inventory: Inventory = live.into_iter().collect();
    let desired = resolve(&count(2), &inventory, &platform()).desired;
    let only = only.map(|address| address.parse().unwrap());
    release(&desired, &inventory, only.as_ref())
}

/// Every change of tags, as `resource fleet address`, the fleet `-` where tags are taken off.
fn retags(result: &Retagging) -> Vec<String> {
    let retags = result.retags.iter().map(|retag| {
        let fleet = retag.owner.as_ref().map(|owner| owner.fleet.to_string());
        let fleet = fleet.unwrap_or_else(|| "-".to_owned());
        format!("{} {fleet} {}", retag.resource, retag.address)
    });
    retags.collect()
}

fn refusals(result: &Retagging) -> Vec<&str> {
    let checks = result.refusals.iter();
    checks.map(|check| check.message.as_str()).collect()
}

#[test]
fn adopt_tags_what_the_plan_wants_by_name_and_leaves_the_rest() {
    let other = by_hand(replica("reports", "replica-1"));
    let result = adopted([by_hand(primary()), numbered(1), by_hand(numbered(2)), other]);
    assert_eq!(
        retags(&result),
        ["food-primary food primary", "food-replica-2 food replica-2"]
    );
    assert_eq!(result.settled, [here("food-replica-1")]);
    assert!(result.refusals.is_empty());
}

#[test]
fn adopt_does_not_mind_another_size() {
    let mut large = by_hand(primary());
    large.attributes.size = Some("m.xlarge".into());
    assert_eq!(retags(&adopted([large])), ["food-primary food primary"]);
}

#[test]
fn adopt_refuses_an_instance_of_another_fleet() {
    let mut theirs = primary();
    theirs.owner.as_mut().unwrap().fleet = "drinks".parse().unwrap();
    let result = adopted([theirs]);
    assert!(result.retags.is_empty());
    assert!(refusals(&result)[0].ends_with("belongs to the fleet drinks"));
}

#[test]
fn adopt_refuses_an_instance_in_another_role_or_behind_another_source() {
    let mut promoted = by_hand(numbered(1));
    promoted.role = Role::Primary;
    promoted.source = None;
    let mut elsewhere = by_hand(numbered(2));
    elsewhere.source = Some(here("reports"));
    let result = adopted([primary(), promoted, elsewhere]);
    assert!(result.retags.is_empty());
    assert_eq!(
        refusals(&result),
        [
            "food-replica-1 cannot be adopted: it is a primary, not a replica",
            "food-replica-2 cannot be adopted: it follows reports, not food-primary"
        ]
    );
}

#[test]
fn adopt_refuses_an_instance_that_is_being_deleted() {
    let mut going = by_hand(primary());
    going.phase = Phase::Deleting;
    let result = adopted([going]);
    assert_eq!(
        refusals(&result),
        ["food-primary cannot be adopted: it is being deleted"]
    );
}

#[test]
fn release_takes_the_tags_off_the_whole_fleet_and_no_other() {
    let surplus = numbered(3);
    let mut theirs = replica("drinks-replica-1", "replica-1");
    theirs.owner.as_mut().unwrap().fleet = "drinks".parse().unwrap();
    let result = released([primary(), numbered(1), surplus, theirs], None);
    assert_eq!(
        retags(&result),
        [
            "food-primary - primary",
            "food-replica-1 - replica-1",
            "food-replica-3 - replica-3"
        ]
    );
}

#[test]
fn release_of_one_address_means_the_instance_under_the_planned_name() {
    let old = replica("old-replica", "replica-1");
    let both = [primary(), numbered(1), old.clone()];
    let result = released(both, Some("replica-1"));
    assert_eq!(retags(&result), ["food-replica-1 - replica-1"]);
    let result = released([primary(), old], Some("replica-1"));
    assert_eq!(retags(&result), ["old-replica - replica-1"]);
}

#[test]
fn release_of_an_address_without_an_instance_is_refused() {
    let result = released([primary()], Some("replica-2"));
    assert!(result.retags.is_empty());
    assert_eq!(
        refusals(&result),
        ["the fleet food has no instance at replica-2 to release"]
    );
}
