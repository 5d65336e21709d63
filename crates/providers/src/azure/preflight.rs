//! Whether names are free, asked before a plan relies on it.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use pgfleet_model::{Check, DesiredInstance, Mutation, Operation, ResourceRef};
use pgfleet_provider::{ErrorKind, ProviderError};

use super::{
    DOCS,
    errors::{Action, explain},
    wire::Client,
};

/// Asks once for each server that is to be made, side by side.
pub(super) async fn check(
    client: &Client,
    mutations: &[&Mutation],
) -> Result<Vec<Check>, ProviderError> {
    // Under a rebuild the name is ours and becomes free.
    let freed: BTreeSet<&ResourceRef> = mutations
        .iter()
        .filter(|mutation| matches!(mutation.operation, Operation::Delete { .. }))
        .map(|mutation| &mutation.resource)
        .collect();
    let made = mutations
        .iter()
        .filter(|mutation| !mutation.resume && !freed.contains(&mutation.resource))
        .filter_map(|mutation| match &mutation.operation {
            Operation::CreatePrimary { desired } | Operation::CreateReplica { desired, .. } => {
                Some(desired)
            }
            _ => None,
        });
    let asked = made.map(|desired| async move {
        let answer = client.why_taken(desired.resource.id.as_str()).await;
        (desired, answer)
    });
    let mut checks = Vec::new();
    for (desired, answer) in join_all(asked).await {
        match answer {
            Ok(None) => {}
            Ok(Some(why)) => checks.push(taken(desired, &why)),
            Err(failure) => {
                let what = format!("CheckNameAvailability of {}", desired.resource);
                let error = explain(&what, Action::CheckName, &failure);
                // Who may not ask still may create; Azure says no then, where it must.
                let unanswered = matches!(
                    error.kind,
                    ErrorKind::Permission | ErrorKind::NotFound | ErrorKind::Refused
                );
                if !unanswered {
                    return Err(error);
                }
                let note = Check::note("azure/not-asked", error.message);
                checks.push(note.remedy(error.remedy));
            }
        }
    }
    Ok(checks)
}

fn taken(desired: &DesiredInstance, why: &str) -> Check {
    let id = &desired.resource.id;
    Check::error(
        "azure/name-taken",
        format!("the name {id} cannot be had: {why}"),
    )
    .at(&desired.address)
    .key(desired.key.clone())
    .remedy("names are unique in all of Azure: set `id` or `ids`, or another `fleet`")
    .source(format!("{DOCS}configure-maintain/how-to-create-server"))
}
