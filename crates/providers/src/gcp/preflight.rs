//! What can be known beforehand without a further call.

use pgfleet_model::{Check, Inventory, Mutation, ObservedInstance, Operation};

use super::DOCS;

/// Names are unique in a project, whatever the region and whosever they are.
pub(super) fn taken_names(mutations: &[&Mutation], inventory: &Inventory) -> Vec<Check> {
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
                .source(format!("{DOCS}instance-settings")),
            )
        })
        .collect()
}
