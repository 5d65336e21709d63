//! Random edits of plan files, on the platforms of all three clouds: whatever is edited, the calls
//! have an order, and it is the one that the docs promise.

#![cfg(all(feature = "aws", feature = "azure", feature = "gcp"))]
#![expect(
    clippy::format_push_string,
    reason = "a plan file reads best as it will stand"
)]
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use pgfleet_model::{
    Condition, DesiredState, Field, FieldChange, Inventory, ObservedInstance, Operation, Owner,
    Phase, Reason, ResourceRef, Role, Step, StepId, Value,
};
use pgfleet_planner::{FleetPlan, Goal, Platform, plan};
use pgfleet_providers::{aws::AwsPlatform, azure::AzurePlatform, gcp::GcpPlatform};
use pgfleet_spec::{SourceFile, Spec, parse};

/// Edits on each cloud.
const EDITS: u32 = 1500;

/// Where random choices come from: the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Xorshift: random enough for plan files.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// A cloud: its platform, and words of its plan files.
struct Cloud {
    platform: Box<dyn Platform>,
    name: &'static str,
    regions: [&'static str; 3],
    /// Each larger than the one before it.
    sizes: [&'static str; 3],
    table: &'static str,
    /// Whether a replica is never smaller than its primary, not even on the way.
    holds_up: bool,
    /// Whether a name is taken in all regions at once, and becomes free by the plan's own delete.
    one_name: bool,
}

fn clouds() -> [Cloud; 3] {
    [
        Cloud {
            platform: Box::new(AwsPlatform::default()),
            name: "aws",
            regions: ["us-east-1", "eu-west-1", "eu-central-1"],
            sizes: ["db.m6i.large", "db.m6i.xlarge", "db.m6i.2xlarge"],
            table: "",
            holds_up: false,
            one_name: false,
        },
        Cloud {
            platform: Box::new(AzurePlatform::new("s", "g")),
            name: "azure",
            regions: ["eastus", "westeurope", "northeurope"],
            sizes: ["Standard_D2ds_v5", "Standard_D4ds_v5", "Standard_D8ds_v5"],
            table: "[azure]\nsubscription = 's'\nresource_group = 'g'\n",
            holds_up: true,
            one_name: false,
        },
        Cloud {
            platform: Box::new(GcpPlatform::new("food")),
            name: "gcp",
            regions: ["us-east1", "europe-west1", "europe-west3"],
            sizes: ["db-custom-2-7680", "db-custom-4-15360", "db-custom-8-30720"],
            table: "[gcp]\nproject = 'food'\nallow_smaller_replicas = true\n",
            holds_up: true,
            one_name: true,
        },
    ]
}

/// A plan file. Some names are given, so that they may move from group to group.
fn file(cloud: &Cloud, dice: &mut Dice) -> String {
    let mut text = format!(
        "fleet = 'truck'\nprovider = '{}'\nregion = '{}'\npostgres = '16'\n[primary]\n\
         size = '{}'\nstorage = {{ gib = {} }}\nmulti_az = {}\nbackup_days = {}\n\
         password = {{ env = 'P' }}\n",
        cloud.name,
        cloud.regions[0],
        dice.one(&cloud.sizes),
        dice.one(&["128", "256", "512"]),
        dice.one(&["false", "false", "true"]),
        dice.one(&["7", "7", "7", "9", "0"]),
    );
    let mut ids = vec!["ra", "rb", "rc", "rd", "re", "rf", "rg"];
    for group in ["", "ro", "eu"] {
        if dice.roll(3) == 0 {
            continue;
        }
        text.push_str("[[replicas]]\n");
        if !group.is_empty() {
            text.push_str(&format!("name = '{group}'\n"));
        }
        if dice.roll(3) == 0 {
            let taken: Vec<String> = (0..=dice.roll(2))
                .map(|_| format!("'{}'", ids.remove(dice.roll(ids.len()))))
                .collect();
            text.push_str(&format!("ids = [{}]\n", taken.join(", ")));
        } else {
            text.push_str(&format!("count = {}\n", dice.roll(4)));
        }
        if dice.roll(2) == 0 {
            text.push_str(&format!("region = '{}'\n", dice.one(&cloud.regions)));
        }
        if dice.roll(3) == 0 {
            text.push_str(&format!("size = '{}'\n", dice.one(&cloud.sizes)));
        }
    }
    text.push_str("[protect]\ndeletion = false\n");
    text.push_str(cloud.table);
    text
}

fn parsed(text: &str) -> Spec {
    let source = SourceFile {
        name: "truck.toml".to_owned(),
        text: text.to_owned(),
    };
    parse(Arc::new(source), Path::new("/")).unwrap()
}

/// What a listing shows where a fleet is as wanted.
fn applied(desired: &DesiredState) -> Inventory {
    let wanted = desired.instances.values();
    wanted
        .map(|wanted| ObservedInstance {
            resource: wanted.resource.clone(),
            role: wanted.role(),
            source: (wanted.role() == Role::Replica).then(|| desired.primary_ref().clone()),
            owner: Some(Owner {
                fleet: desired.fleet.clone(),
                address: wanted.address.clone(),
            }),
            phase: Phase::Available,
            raw_phase: String::new(),
            condition: Condition::Sound,
            endpoint: None,
            version: None,
            attributes: wanted.attributes.clone(),
            pending: BTreeMap::new(),
        })
        .collect()
}

/// All that must have been done before each step.
fn before(steps: &[Step]) -> BTreeMap<StepId, BTreeSet<StepId>> {
    let mut before: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
    for step in steps {
        let mut all: BTreeSet<StepId> = step.after.iter().copied().collect();
        for first in &step.after {
            all.extend(before.get(first).into_iter().flatten());
        }
        before.insert(step.id, all);
    }
    before
}

fn changes(step: &Step) -> &[FieldChange] {
    match &step.mutation.operation {
        Operation::Modify { fields, .. } => fields,
        _ => &[],
    }
}

/// The place of a size among those of its cloud.
fn rank(cloud: &Cloud, size: &str) -> Option<usize> {
    cloud.sizes.iter().position(|known| *known == size)
}

/// Whether a step makes the primary more than this replica is.
fn outgrows(cloud: &Cloud, step: &Step, replica: &ObservedInstance) -> bool {
    let own = &replica.attributes;
    changes(step)
        .iter()
        .any(|change| match (&change.field, &change.from, &change.to) {
            (Field::Size, Some(Value::Text(from)), Value::Text(to)) => {
                let size = own.size.as_deref().and_then(|own| rank(cloud, own));
                rank(cloud, to) > rank(cloud, from) && rank(cloud, to) > size
            }
            (Field::StorageGib, _, Value::Number(gib)) => {
                own.storage.gib.is_none_or(|own| u64::from(own) < *gib)
            }
            _ => false,
        })
}

/// Holds one plan against what the docs promise of its order.
fn holds(cloud: &Cloud, plan: &FleetPlan, live: &Inventory) -> Result<(), String> {
    let before = before(&plan.steps);
    let comes = |first: &Step, then: &Step| before[&then.id].contains(&first.id);
    for (index, step) in plan.steps.iter().enumerate() {
        if usize::try_from(step.id).unwrap() != index + 1 {
            return Err(format!("step {} is not listed in order", step.id));
        }
        if step.after.iter().any(|first| *first >= step.id) {
            return Err(format!("step {} waits for a later one", step.id));
        }
    }
    let rebuilt: BTreeSet<&ResourceRef> = plan
        .set
        .effective()
        .filter(|change| change.reasons.contains(&Reason::Rebuild))
        .map(|change| &change.resource)
        .collect();
    let replicas = || {
        let steps = plan.steps.iter();
        steps.filter(|step| step.address.role() == Role::Replica)
    };
    let gone: Vec<&Step> = replicas()
        .filter(|step| matches!(step.mutation.operation, Operation::Delete { .. }))
        .collect();
    let made: Vec<&Step> = replicas()
        .filter(|step| step.mutation.operation.is_create())
        .collect();
    let mut bound = false;
    for go in &gone {
        let own = live.get(&go.mutation.resource).unwrap();
        for step in plan.steps.iter().filter(|_| cloud.holds_up) {
            let of_primary = step.mutation.resource == *plan.desired.primary_ref();
            if of_primary && outgrows(cloud, step, own) {
                bound = true;
                if !comes(go, step) {
                    return Err(format!("{} is in the way of its primary", own.resource));
                }
            }
        }
        for create in &made {
            let (gone, new) = (&go.mutation.resource, &create.mutation.resource);
            let one_name = gone == new || (cloud.one_name && gone.id == new.id);
            bound |= one_name && !rebuilt.contains(new);
            if one_name && !comes(go, create) {
                return Err(format!("{new} is made before its name is free"));
            }
        }
    }
    let places = cloud.platform.capabilities().max_replicas;
    let live = live.instances().values();
    let live = live.filter(|live| live.role == Role::Replica).count();
    let new = made
        .iter()
        .filter(|step| !rebuilt.contains(&step.mutation.resource));
    let new: Vec<_> = new.collect();
    bound |= places.is_some_and(|places| live + new.len() > places as usize);
    for create in new {
        let old = gone
            .iter()
            .filter(|go| !rebuilt.contains(&go.mutation.resource));
        for go in old {
            // Without a reason the new one comes first.
            if !comes(create, go) && !bound {
                return Err(format!(
                    "{} goes before {} is there",
                    go.mutation.resource, create.mutation.resource
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn whatever_is_edited_the_calls_have_the_promised_order() {
    for cloud in clouds() {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let (mut edits, mut moved) = (0, 0);
        while edits < EDITS {
            let old = file(&cloud, &mut dice);
            let platform = &*cloud.platform;
            let first = plan(&parsed(&old), &Inventory::default(), platform, Goal::Apply).unwrap();
            if first.is_refused() {
                continue;
            }
            let live = applied(&first.desired);
            for _ in 0..5 {
                let new = file(&cloud, &mut dice);
                let next = plan(&parsed(&new), &live, platform, Goal::Apply);
                let held = next.as_ref().map_err(ToString::to_string);
                let held = held.and_then(|next| holds(&cloud, next, &live));
                if let Err(why) = held {
                    let steps: Vec<String> =
                        next.iter().flat_map(|next| &next.steps).map(said).collect();
                    panic!(
                        "{why}\n--- before\n{old}\n--- after\n{new}\n{}",
                        steps.join("\n")
                    );
                }
                edits += 1;
                moved +=
                    u32::from(next.is_ok_and(|next| !next.is_refused() && next.steps.len() > 2));
            }
        }
        assert!(moved > edits / 8, "{}: {moved} of {edits}", cloud.name);
    }
}

/// One step, for a message.
fn said(step: &Step) -> String {
    let Step {
        id,
        mutation,
        call,
        after,
        ..
    } = step;
    format!("{id} {call} {} after {after:?}", mutation.resource)
}
