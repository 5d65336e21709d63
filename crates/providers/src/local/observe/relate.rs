//! Who follows whom among the servers that were found, and what has come apart.

use pgfleet_model::{
    Address, Condition, Endpoint, ObservedInstance, Owner, Phase, ResourceRef, Role, Settings,
    Value,
};

use super::Found;
use crate::local::{
    config::{ORPHAN_SLOTS, UPSTREAM},
    layout::{FOREIGN_SLOT, slot_name},
};

/// Sees the instances beside each other: who follows whom, and what has come apart.
pub(super) fn relate(found: &mut [Found]) {
    let primaries: Vec<(Option<Owner>, Endpoint, ResourceRef)> = found
        .iter()
        .filter(|one| one.instance.role == Role::Primary)
        .filter_map(|one| {
            let ObservedInstance {
                owner,
                endpoint,
                resource,
                ..
            } = &one.instance;
            Some((owner.clone(), endpoint.clone()?, resource.clone()))
        })
        .collect();
    let replicas = found.iter_mut();
    for one in replicas.filter(|one| one.instance.role == Role::Replica) {
        let fleet = one.instance.owner.as_ref().map(|owner| &owner.fleet);
        let leads = |owner: &Option<Owner>| {
            let owner = owner.as_ref();
            owner.is_some_and(|owner| {
                owner.address == Address::Primary && Some(&owner.fleet) == fleet
            })
        };
        // Told by its fleet's tag first: a primary whose port was changed is still the one that
        // the replica belongs to.
        let by_tag = primaries.iter().find(|(owner, ..)| leads(owner));
        let source = by_tag.or_else(|| {
            let upstream = one.upstream.as_ref();
            primaries
                .iter()
                .find(|(_, endpoint, _)| Some(endpoint) == upstream)
        });
        one.instance.source = source.map(|(.., resource)| resource.clone());
        if let Some(upstream) = &one.upstream {
            let settings = &mut one.instance.attributes.settings;
            settings.insert(UPSTREAM.to_owned(), Value::Text(upstream.to_string()));
        }
    }
    let names: Vec<String> = found
        .iter()
        .map(|one| slot_name(&one.instance.resource.id))
        .collect();
    for index in 0..found.len() {
        if let Some(why) = came_apart(&found[index], found) {
            found[index].instance.condition = Condition::Broken(why);
        }
        let one = &mut found[index];
        let Some(slots) = one
            .slots
            .as_ref()
            .filter(|_| one.instance.role == Role::Primary)
        else {
            continue;
        };
        let orphans = slots
            .iter()
            .filter(|slot| {
                slot.starts_with("pgfleet_")
                    && !slot.starts_with(FOREIGN_SLOT)
                    && !names.contains(*slot)
            })
            .cloned()
            .collect();
        let settings: &mut Settings = &mut one.instance.attributes.settings;
        settings.insert(ORPHAN_SLOTS.to_owned(), Value::List(orphans));
    }
}

/// Why a replica can never follow its primary again, if so.
fn came_apart(replica: &Found, found: &[Found]) -> Option<String> {
    let instance = &replica.instance;
    if instance.role != Role::Replica || instance.condition != Condition::Sound {
        return None;
    }
    if !matches!(
        instance.phase,
        Phase::Available | Phase::Stopped | Phase::Unknown
    ) {
        return None;
    }
    let source = instance.source.as_ref()?;
    let primary = found.iter().find(|one| one.instance.resource == *source)?;
    if let (Some(own), Some(other)) = (replica.system, primary.system)
        && own != other
    {
        return Some(format!("it is a copy of another database than {source}"));
    }
    let slots = &primary.answers.as_ref()?.slots;
    let by_name = || slot_name(&instance.resource.id);
    let name = replica.slot.clone().unwrap_or_else(by_name);
    match slots.iter().find(|slot| slot.name == name) {
        None => Some(format!("its replication slot {name} is gone from {source}")),
        Some(slot) if slot.lost => Some(format!(
            "it fell further behind than its slot {name} keeps on {source}"
        )),
        Some(_) => None,
    }
}
