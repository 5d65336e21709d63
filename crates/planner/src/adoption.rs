//! Whose an instance is to be: which instances `adopt` puts pgfleet's tags on, and which `release`
//! takes them off. Nothing else of an instance changes by either.

use pgfleet_model::{
    Address, Check, DesiredInstance, DesiredState, FleetName, Inventory, ObservedInstance, Owner,
    Phase, ResourceRef, Role,
};

use crate::refusals::not_ours;

/// The tags of one instance that are to be set or taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retag {
    /// The instance's name with the provider.
    pub resource: ResourceRef,
    /// Its place in the fleet.
    pub address: Address,
    /// What its tags shall say; `None`: pgfleet's tags are taken off.
    pub owner: Option<Owner>,
}

/// What `adopt` or `release` is going to do. Where `refusals` is not empty, nothing is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retagging {
    /// The instances to tag or untag, in the order of their addresses.
    pub retags: Vec<Retag>,
    /// Instances that are as asked for already.
    pub settled: Vec<ResourceRef>,
    /// Instances that the plan names and that are not there.
    pub missing: Vec<ResourceRef>,
    /// Why it cannot be done.
    pub refusals: Vec<Check>,
}

/// The instances that `adopt` tags: those without pgfleet's tags whose identifier the plan wants.
///
/// An instance of another fleet is refused, and so is one that is not what the plan wants under
/// its name: a primary where a replica shall be, a replica of something else, one that is being
/// deleted. Differences in size or settings are no matter: the next plan shows them.
pub fn adopt(desired: &DesiredState, inventory: &Inventory) -> Retagging {
    let mut result = Retagging::default();
    for wanted in desired.instances.values() {
        let Some(live) = inventory.get(&wanted.resource) else {
            result.missing.push(wanted.resource.clone());
            continue;
        };
        match &live.owner {
            Some(owner) if owner.fleet == desired.fleet => {
                result.settled.push(live.resource.clone());
            }
            Some(_) => result.refusals.push(not_ours(wanted, live)),
            None => match mismatch(wanted, live, desired.primary_ref()) {
                Some(why) => result.refusals.push(does_not_match(wanted, &why)),
                None => result.retags.push(Retag {
                    resource: live.resource.clone(),
                    address: wanted.address.clone(),
                    owner: Some(Owner {
                        fleet: desired.fleet.clone(),
                        address: wanted.address.clone(),
                    }),
                }),
            },
        }
    }
    result
}

/// The instances that `release` takes the tags off: all of the fleet's, wanted by its plan or not,
/// or only the one at `only`, by the identifier that the plan gives that address, and else by the
/// address in its tags.
pub fn release(desired: &DesiredState, inventory: &Inventory, only: Option<&Address>) -> Retagging {
    let mut result = Retagging::default();
    for live in inventory.of_fleet(&desired.fleet) {
        let Some(address) = place(desired, live) else {
            continue;
        };
        if only.is_none_or(|only| *only == address) {
            result.retags.push(Retag {
                resource: live.resource.clone(),
                address,
                owner: None,
            });
        }
    }
    result.retags.sort_by(|a, b| {
        let key = |retag: &Retag| (retag.address.clone(), retag.resource.clone());
        key(a).cmp(&key(b))
    });
    if let Some(only) = only {
        let named = desired.instances.get(only).map(|wanted| &wanted.resource);
        let is_named = |retag: &Retag| Some(&retag.resource) == named;
        if result.retags.iter().any(is_named) {
            result.retags.retain(is_named);
        }
        if result.retags.is_empty() {
            result.refusals.push(nothing_at(only, &desired.fleet));
        }
    }
    result
}

/// The address of an instance of ours: its identifier decides, as everywhere, before its tag does.
fn place(desired: &DesiredState, live: &ObservedInstance) -> Option<Address> {
    let mut wanted = desired.instances.values();
    let by_name = wanted.find(|wanted| wanted.resource == live.resource);
    by_name
        .map(|wanted| wanted.address.clone())
        .or_else(|| live.owner.as_ref().map(|owner| owner.address.clone()))
}

/// Why an instance is not what the plan wants under its name.
fn mismatch(
    wanted: &DesiredInstance,
    live: &ObservedInstance,
    primary: &ResourceRef,
) -> Option<String> {
    if live.phase == Phase::Deleting {
        return Some("it is being deleted".to_owned());
    }
    match (wanted.role(), live.role) {
        (Role::Primary, Role::Replica) => Some("it is a replica, not a primary".to_owned()),
        (Role::Replica, Role::Primary) => Some("it is a primary, not a replica".to_owned()),
        (Role::Replica, Role::Replica) => match &live.source {
            Some(source) if source == primary => None,
            Some(source) => Some(format!("it follows {source}, not {primary}")),
            None => Some(format!("it is not known to follow {primary}")),
        },
        (Role::Primary, Role::Primary) => None,
    }
}

fn does_not_match(wanted: &DesiredInstance, why: &str) -> Check {
    let resource = &wanted.resource;
    Check::error("adoption", format!("{resource} cannot be adopted: {why}"))
        .at(&wanted.address)
        .key(wanted.key.clone())
        .remedy("give the instance another name in the plan file (`id`, `ids` or `fleet`)")
        .source("README.md, \"What pgfleet never does\"")
}

fn nothing_at(address: &Address, fleet: &FleetName) -> Check {
    let message = format!("the fleet {fleet} has no instance at {address} to release");
    Check::error("adoption", message)
        .at(address)
        .remedy("`pgfleet status` shows the addresses of the fleet's instances")
}
