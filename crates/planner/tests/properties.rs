//! What holds for every fleet and everything that a listing may show.

#![expect(
    clippy::format_push_string,
    reason = "a plan file reads best as it will stand"
)]
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

#[expect(dead_code, reason = "shared with the scenarios, which use all of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use pgfleet_conformance::{
    drive,
    memory::{MemoryPlatform, MemoryRules},
};
use pgfleet_model::{
    Action, Availability, Condition, Field, Inventory, ObservedInstance, Operation, Phase, Reason,
    ResourceRef, Role, StepId, Value,
};
use pgfleet_planner::{FieldRule, FleetPlan, Goal, Platform, plan, satisfies};
use pgfleet_spec::Spec;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestCaseError},
};
use support::{here, primary, replica};

const SIZES: [&str; 3] = ["m.large", "m.huge", "m.tiny"];
const GIB: [u32; 3] = [20, 10, 40];

/// The choices from which one instance of the listing is made; zeros are an instance as planned.
type Dice = [u8; 12];

/// Yes for the highest `share` of 256 values.
fn odd(die: u8, share: u8) -> bool {
    die >= u8::MAX - share
}

fn rules(die: u8) -> MemoryRules {
    match die % 4 {
        0 => MemoryRules::like_rds(),
        1 => MemoryRules::like_cloud_sql(),
        2 => MemoryRules::like_azure(),
        _ => MemoryRules {
            max_replicas: Some(3),
            ..MemoryRules::like_rds()
        },
    }
}

/// A plan file of up to two groups.
fn spec(rules: &MemoryRules, dice: Dice) -> Spec {
    let [
        count,
        eu,
        ids,
        size,
        gib,
        zones,
        deletion,
        max,
        tags,
        key,
        window,
        replica_size,
    ] = dice;
    let yes = |flag: bool| if flag { "true" } else { "false" };
    let kind = rules.kind;
    let aws = kind.as_str() == "aws";
    let mut text = format!("fleet = 'food'\nprovider = '{kind}'\nregion = 'here'\n");
    if odd(tags, 100) {
        text += "tags = { team = 'food' }\n";
    }
    if odd(window, 60) {
        text += "apply_changes = 'window'\n";
    }
    let (size, gib) = (SIZES[usize::from(size) % 3], GIB[usize::from(gib) % 3]);
    text += &format!("[primary]\nsize = '{size}'\nstorage = {{ gib = {gib} }}\n");
    text += &format!("multi_az = {}\n", yes(odd(zones, 60)));
    text += "[[replicas]]\n";
    let count = usize::from(count) % 4;
    let names: Vec<String> = (1..=count).map(|n| format!("'renamed-{n}'")).collect();
    text += &if odd(ids, 40) && count > 0 {
        format!("ids = [{}]\n", names.join(", "))
    } else {
        format!("count = {count}\n")
    };
    if odd(replica_size, 80) {
        text += "size = 'm.huge'\n";
    }
    text += &format!("[[replicas]]\nname = 'eu'\ncount = {}\n", eu % 3);
    text += &format!("[protect]\ndeletion = {}\n", yes(odd(deletion, 60)));
    if odd(max, 80) {
        text += &format!("max_deletes = {}\n", max % 3);
    }
    if aws && odd(key, 40) {
        text += "[aws]\nkms_key = 'new'\n";
    }
    drive::spec(&text).unwrap()
}

/// One instance of the listing, if it is there at all.
fn instance(id: &str, address: &str, dice: Dice) -> Option<ObservedInstance> {
    let [
        there,
        owner,
        role,
        source,
        phase,
        broken,
        size,
        gib,
        zone,
        tags,
        key,
        pending,
    ] = dice;
    if odd(there, 90) {
        return None;
    }
    let mut live = if address == "primary" {
        primary()
    } else {
        replica(id, address)
    };
    live.resource = here(id);
    match owner {
        245.. => live.owner = None,
        235.. => live.owner.as_mut().unwrap().fleet = "drinks".parse().unwrap(),
        225.. if address != "primary" => {
            live.owner.as_mut().unwrap().address = "replica-9".parse().unwrap();
        }
        _ => {}
    }
    if odd(role, 8) {
        live.role = if live.role == Role::Primary {
            Role::Replica
        } else {
            Role::Primary
        };
        live.source = (live.role == Role::Replica).then(|| here("elsewhere"));
    }
    if live.role == Role::Replica && odd(source, 16) {
        live.source = if source % 2 == 0 {
            None
        } else {
            Some(here("elsewhere"))
        };
    }
    live.phase = match phase {
        250.. => Phase::Unknown,
        240.. => Phase::Creating,
        230.. => Phase::Deleting,
        222.. => Phase::Failed,
        210.. => Phase::Stopped,
        200.. => Phase::Modifying,
        _ => Phase::Available,
    };
    if odd(broken, 10) {
        live.condition = Condition::Broken("it is torn".into());
    }
    let attributes = &mut live.attributes;
    attributes.size = Some(SIZES[usize::from(size) % 3].to_owned());
    attributes.storage.gib = Some(GIB[usize::from(gib) % 3]);
    attributes.availability = Some(if odd(zone, 40) {
        Availability::Regional
    } else {
        Availability::Zonal
    });
    if odd(tags, 100) {
        attributes.tags.insert(
            "team".into(),
            if tags % 2 == 0 { "food" } else { "x" }.into(),
        );
    }
    if odd(key, 60) {
        let key = if key % 2 == 0 { "new" } else { "old" };
        attributes
            .settings
            .insert("kms_key".into(), Value::Text(key.into()));
    }
    if odd(pending, 40) {
        let value = Value::Text(SIZES[usize::from(pending) % 3].into());
        live.pending.insert(Field::Size, value);
    }
    Some(live)
}

const SLOTS: [(&str, &str); 9] = [
    ("food-primary", "primary"),
    ("food-replica-1", "replica-1"),
    ("food-replica-2", "replica-2"),
    ("food-replica-3", "replica-3"),
    ("food-eu-1", "eu-1"),
    ("food-eu-2", "eu-2"),
    ("renamed-1", "replica-1"),
    ("old-1", "replica-1"),
    ("old-2", "old-2"),
];

#[derive(Debug, Clone)]
struct World {
    rules: u8,
    spec: Dice,
    slots: [Dice; SLOTS.len()],
    goal: u8,
}

fn world() -> impl Strategy<Value = World> {
    let dice = any::<Dice>();
    (any::<u8>(), dice, any::<[Dice; SLOTS.len()]>(), any::<u8>()).prop_map(
        |(rules, spec, slots, goal)| World {
            rules,
            spec,
            slots,
            goal,
        },
    )
}

/// Where a replica leads and the primary follows, the primary follows that replica.
fn switch_over(inventory: &mut Inventory) {
    let leader = here("food-replica-1");
    let leads = inventory
        .get(&leader)
        .is_some_and(|live| live.role == Role::Primary);
    if let Some(primary) = inventory.instances_mut().get_mut(&here("food-primary"))
        && primary.role == Role::Replica
        && leads
    {
        primary.source = Some(leader);
    }
}

struct Made {
    platform: MemoryPlatform,
    spec: Spec,
    inventory: Inventory,
    goal: Goal,
    plan: FleetPlan,
}

impl World {
    fn make(&self) -> Result<Made, TestCaseError> {
        let rules = rules(self.rules);
        let spec = spec(&rules, self.spec);
        let platform = MemoryPlatform::new(rules);
        let slots = SLOTS.iter().zip(self.slots);
        let mut inventory: Inventory = slots
            .filter_map(|((id, address), dice)| instance(id, address, dice))
            .collect();
        switch_over(&mut inventory);
        let goal = match self.goal {
            225.. => Goal::Destroy {
                replicas_only: true,
            },
            195.. => Goal::Destroy {
                replicas_only: false,
            },
            _ => Goal::Apply,
        };
        let plan = plan(&spec, &inventory, &platform, goal).map_err(|cycle| {
            let rows: Vec<String> = inventory
                .instances()
                .values()
                .map(|live| {
                    let source = live.source.as_ref().map(ToString::to_string);
                    let owner = live.owner.as_ref().map(|owner| owner.address.to_string());
                    let ObservedInstance {
                        resource,
                        role,
                        phase,
                        ..
                    } = live;
                    format!("{resource} {owner:?} {role} {phase} {source:?}")
                })
                .collect();
            TestCaseError::fail(format!(
                "{cycle}: {goal:?}\n{}\n{rows:#?}",
                spec.source.text
            ))
        })?;
        Ok(Made {
            platform,
            spec,
            inventory,
            goal,
            plan,
        })
    }
}

impl Made {
    /// All that must have been done before each step.
    fn before(&self) -> BTreeMap<StepId, BTreeSet<StepId>> {
        let mut before: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
        for step in &self.plan.steps {
            let mut all: BTreeSet<StepId> = step.after.iter().copied().collect();
            for first in &step.after {
                all.extend(before.get(first).into_iter().flatten());
            }
            before.insert(step.id, all);
        }
        before
    }

    fn is_in_flight(&self, resource: &ResourceRef) -> bool {
        self.plan.set.effective().any(|change| {
            change.resource == *resource && change.reasons.contains(&Reason::InFlight)
        })
    }

    /// What the listing shows once every step has done what it says.
    fn done(&self) -> Inventory {
        let mut world = self.inventory.clone();
        for step in &self.plan.steps {
            let resource = step.mutation.resource.clone();
            match &step.mutation.operation {
                Operation::CreatePrimary { desired } | Operation::CreateReplica { desired, .. } => {
                    let mut live = replica(resource.id.as_str(), &step.address.to_string());
                    live.resource = resource.clone();
                    live.role = desired.role();
                    live.source = match &step.mutation.operation {
                        Operation::CreateReplica { source, .. } => Some(source.clone()),
                        _ => None,
                    };
                    live.owner = Some(step.mutation.owner.clone());
                    live.attributes = desired.attributes.clone();
                    live.attributes.postgres = Some("16.4".parse().unwrap());
                    world.instances_mut().insert(resource, live);
                }
                Operation::Modify { fields, .. } => {
                    let Some(live) = world.instances_mut().get_mut(&resource) else {
                        continue;
                    };
                    for change in fields {
                        live.attributes.set(&change.field, change.to.clone());
                        live.pending.remove(&change.field);
                        if change.field == Field::Address {
                            live.owner = Some(step.mutation.owner.clone());
                        }
                    }
                }
                Operation::Start => {
                    if let Some(live) = world.instances_mut().get_mut(&resource) {
                        live.phase = Phase::Available;
                    }
                }
                Operation::Delete { .. } => {
                    world.instances_mut().remove(&resource);
                }
            }
        }
        world
    }
}

fn config() -> Config {
    Config {
        cases: 2000,
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn steps_are_listed_in_an_order_that_can_be_run(world in world()) {
        let made = world.make()?;
        for (index, step) in made.plan.steps.iter().enumerate() {
            prop_assert_eq!(usize::try_from(step.id).unwrap(), index + 1);
            prop_assert!(step.after.iter().all(|first| *first < step.id), "{:?}", step);
        }
    }

    #[test]
    fn nothing_without_our_tags_is_touched(world in world()) {
        let made = world.make()?;
        for step in &made.plan.steps {
            prop_assert_eq!(step.mutation.owner.fleet.as_str(), "food");
            let Some(live) = made.inventory.get(&step.mutation.resource) else {
                continue;
            };
            let fleet = live.owner.as_ref().map(|owner| owner.fleet.as_str());
            prop_assert_eq!(fleet, Some("food"), "step {:?} on {:?}", step, live);
        }
    }

    #[test]
    fn a_primary_goes_after_everything_that_follows_it(world in world()) {
        let made = world.make()?;
        let before = made.before();
        let deletes = |resource: &ResourceRef| {
            made.plan.steps.iter().find(|step| {
                step.mutation.resource == *resource
                    && matches!(step.mutation.operation, Operation::Delete { .. })
            })
        };
        for (resource, live) in made.inventory.instances() {
            let Some(step) = deletes(resource) else { continue };
            if live.role != Role::Primary || made.is_in_flight(resource) {
                continue;
            }
            let followers = made.inventory.instances().values();
            for follower in followers.filter(|other| other.source.as_ref() == Some(resource)) {
                let ours = follower.owner.as_ref().is_some_and(|o| o.fleet.as_str() == "food");
                match deletes(&follower.resource) {
                    Some(first) => prop_assert!(before[&step.id].contains(&first.id)),
                    None => prop_assert!(
                        made.plan.is_refused(),
                        "{} goes and {} stays, ours: {}", resource, follower.resource, ours
                    ),
                }
            }
        }
    }

    #[test]
    fn apply_deletes_no_primary_that_the_plan_wants(world in world()) {
        let made = world.make()?;
        if made.goal == Goal::Apply {
            let primary = made.plan.desired.primary_ref();
            let doomed = made.plan.set.effective().any(|change| {
                change.action == Action::Delete
                    && change.resource == *primary
                    && !change.reasons.contains(&Reason::InFlight)
            });
            prop_assert!(!doomed);
        }
    }

    #[test]
    fn protection_and_limits_refuse(world in world()) {
        let made = world.make()?;
        let refused = |code: &str| made.plan.checks.iter().any(|check| check.code == code);
        if let Goal::Destroy { .. } = made.goal {
            // Where nothing is to be taken down, nothing has to be protected.
            let protected = made.spec.protect.deletion && !made.plan.set.is_empty();
            prop_assert_eq!(refused("protect/deletion"), protected);
        }
        let deletes = made.plan.set.effective().filter(|change| {
            change.action == Action::Delete && !change.reasons.contains(&Reason::InFlight)
        });
        let over = made.spec.protect.max_deletes.is_some_and(|max| deletes.count() > max as usize);
        let limited = over && made.goal == Goal::Apply;
        prop_assert_eq!(refused("protect/max-deletes"), limited);
    }

    #[test]
    fn a_rebuild_deletes_and_then_creates_one_replica(world in world()) {
        let made = world.make()?;
        let before = made.before();
        let rebuilt = made.plan.set.effective().filter(|c| c.reasons.contains(&Reason::Rebuild));
        let mut pairs: BTreeMap<_, Vec<Action>> = BTreeMap::new();
        for change in rebuilt {
            prop_assert_eq!(change.address.role(), Role::Replica);
            let key = (change.address.clone(), change.resource.clone());
            pairs.entry(key).or_default().push(change.action);
        }
        for ((_, resource), actions) in pairs {
            prop_assert_eq!(actions, vec![Action::Delete, Action::Create]);
            let steps = made.plan.steps.iter().filter(|s| s.mutation.resource == resource);
            let steps: Vec<_> = steps.collect();
            let [delete, create] = steps[..] else {
                return Err(TestCaseError::fail(format!("{steps:?}")));
            };
            prop_assert!(before[&create.id].contains(&delete.id));
        }
    }

    #[test]
    fn drift_is_no_change(world in world()) {
        let made = world.make()?;
        for drift in &made.plan.set.drift {
            let changed = made.plan.set.effective().any(|change| {
                change.resource == drift.resource
                    && change.fields.iter().any(|field| Some(&field.field) == drift.field.as_ref())
            });
            prop_assert!(!changed, "{:?}", drift);
        }
    }

    #[test]
    fn after_its_steps_a_fleet_is_as_planned(world in world()) {
        let made = world.make()?;
        if made.plan.is_refused() {
            return Ok(());
        }
        let done = made.done();
        let again = plan(&made.spec, &done, &made.platform, made.goal)
            .map_err(|cycle| TestCaseError::fail(cycle.to_string()))?;
        prop_assert!(again.set.is_empty(), "{:#?}", again.set);
        prop_assert!(again.steps.is_empty());
        for (address, wanted) in &made.plan.desired.instances {
            let live = &done.instances()[&wanted.resource];
            prop_assert_eq!(&live.owner.as_ref().unwrap().address, address);
            prop_assert_eq!(live.role, wanted.role());
            for (field, to) in wanted.attributes.fields() {
                let compare = match made.platform.rule(&field, live.role) {
                    FieldRule::Ignore => continue,
                    FieldRule::InPlace(compare)
| FieldRule::Rebuild(compare)
| FieldRule::Refuse { compare, .. } => compare,
                };
                let from = live.attributes.get(&field).or_else(|| live.pending.get(&field).cloned());
                let holds = [from.as_ref(), live.pending.get(&field)]
                    .into_iter()
                    .flatten()
                    .any(|value| satisfies(compare, &to, value));
                prop_assert!(holds, "{} of {} is {:?}, not {:?}", field, address, from, to);
            }
        }
        if let Goal::Destroy { replicas_only } = made.goal {
            let left = done.instances().values().filter(|live| {
                live.owner.as_ref().is_some_and(|owner| owner.fleet.as_str() == "food")
                    && !(replicas_only && live.role == Role::Primary)
            });
            prop_assert_eq!(left.count(), 0);
        }
    }
}

/// The properties above would hold for nothing if every random fleet were refused.
#[test]
fn enough_random_fleets_are_not_refused() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut changed) = (0, 0);
    for _ in 0..500 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let made = world.make().unwrap();
        taken += u32::from(!made.plan.is_refused());
        changed += u32::from(!made.plan.is_refused() && made.plan.steps.len() > 2);
    }
    assert!(taken >= 100, "{taken} of 500");
    assert!(changed >= 50, "{changed} of 500");
}
