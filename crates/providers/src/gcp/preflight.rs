//! What can be known beforehand without a further call.

use std::collections::BTreeSet;

use pgfleet_model::{
    Check, Inventory, Mutation, ObservedInstance, Operation, ResourceRef, Severity,
};

use super::docs;

/// Levels of replicas of replicas, with the primary.
const LEVELS: usize = 4;

/// What stands against a plan in the project as it is.
pub(super) fn check(mutations: &[&Mutation], inventory: &Inventory) -> Vec<Check> {
    let mut checks = taken_names(mutations, inventory);
    checks.extend(deep_sources(mutations, inventory));
    checks
}

/// Names are unique in a project, whatever the region and whosever they are.
fn taken_names(mutations: &[&Mutation], inventory: &Inventory) -> Vec<Check> {
    let goes = |live: &ObservedInstance| {
        mutations.iter().any(|mutation| {
            mutation.resource == live.resource
                && matches!(mutation.operation, Operation::Delete { .. })
        })
    };
    let creates = mutations
        .iter()
        .filter_map(|mutation| match &mutation.operation {
            Operation::CreatePrimary { desired } | Operation::CreateReplica { desired, .. } => {
                Some((&mutation.resource, desired))
            }
            _ => None,
        });
    creates
        .filter_map(|(resource, desired)| {
            let other = inventory
                .instances()
                .values()
                .find(|live| {
                    live.resource.id == resource.id && live.resource.region != resource.region
                })
                .filter(|live| !goes(live))?;
            Some(
                Check::error(
                    "gcp/name-taken",
                    format!("{} exists in {}", resource.id, other.resource.region),
                )
                .at(&desired.address)
                .key(desired.key.clone())
                .remedy("choose another name (`id`, `ids` or `fleet`): it is unique in the project")
                .source(docs("instance-settings")),
            )
        })
        .collect()
}

/// A replica of a replica has a place for itself on few levels. The plan's own primary is on the first.
fn deep_sources(mutations: &[&Mutation], inventory: &Inventory) -> Vec<Check> {
    let sources = mutations
        .iter()
        .filter_map(|mutation| match &mutation.operation {
            Operation::CreateReplica { source, .. } => Some(source),
            _ => None,
        });
    let sources: BTreeSet<&ResourceRef> = sources.collect();
    let check = |severity, message: String, remedy: &str| {
        Check::new(severity, "gcp/cascade", message)
            .key("primary.existing")
            .remedy(remedy)
            .source(docs("replication"))
    };
    sources
        .into_iter()
        .filter_map(|source| match level(source, inventory) {
            Some(level) if level < LEVELS => None,
            Some(_) => Some(check(
                Severity::Error,
                format!(
                    "{source} is on the last of {LEVELS} levels, with its primary: an instance there \
                     can have no replicas"
                ),
                "name an instance that is nearer to the primary",
            )),
            None => Some(check(
                Severity::Warning,
                format!(
                    "{source} follows what the project's list does not show: with their primary, \
                     replicas of replicas are at most {LEVELS} levels deep"
                ),
                "",
            )),
        })
        .collect()
}

/// On which level an instance is, that of the primary being the first; the last also for what is
/// deeper. `None` where the chain of sources leaves the inventory.
fn level(resource: &ResourceRef, inventory: &Inventory) -> Option<usize> {
    let mut at = resource;
    for level in 1..LEVELS {
        let Some(live) = inventory.get(at) else {
            // A primary that is still to be made follows nothing.
            return (level == 1).then_some(1);
        };
        match &live.source {
            Some(source) => at = source,
            None => return Some(level),
        }
    }
    Some(LEVELS)
}
