//! Whether names are free, asked before a plan relies on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use pgfleet_model::{Check, DesiredInstance, Mutation, Operation, ResourceId, ResourceRef};
use pgfleet_provider::{ErrorKind, ProviderError};

use super::{
    client::{Client, Failure},
    docs,
    errors::{ANOTHER_NAME, Action, explain},
    observe::alone,
};

/// How long Azure's word that a name is free saves a look before the server is made: no longer than a
/// look and the call after it may take, since a creation is an update where it meets a server. Who
/// thinks about the plan, and who waits for the primary, looks again.
const WORD_HOLDS: Duration = Duration::from_secs(2);

/// Names that Azure has called free.
#[derive(Debug, Default)]
pub(super) struct FreeNames(Mutex<BTreeMap<ResourceId, Instant>>);

impl FreeNames {
    /// Whether a name was free a moment ago. It is said once: whoever comes again, after an answer
    /// that was lost, has to look.
    pub(super) fn take(&self, name: &ResourceId, now: Instant) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = names.remove(name);
        told.is_some_and(|told| now.saturating_duration_since(told) < WORD_HOLDS)
    }

    fn add(&self, name: &ResourceId, now: Instant) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.clone(), now);
    }
}

/// Asks once for each server that is to be made, side by side.
pub(super) async fn check(
    client: &Client,
    mutations: &[&Mutation],
    free: &FreeNames,
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
                Some((mutation, desired))
            }
            _ => None,
        });
    // Counted from before the question.
    let began = Instant::now();
    let asked =
        made.map(|(mutation, desired)| async move { (desired, who_has(client, mutation).await) });
    let mut checks = Vec::new();
    for (desired, answer) in join_all(asked).await {
        match answer {
            Ok(Name::Free) => free.add(&desired.resource.id, began),
            Ok(Name::Ours) => {}
            Ok(Name::Taken(why)) => checks.push(taken(desired, &why)),
            Err(failure) => {
                let what = format!("CheckNameAvailability of {}", desired.resource);
                let error = explain(&what, Action::CheckName, &failure);
                // Whoever does not get this answered still may create; Azure says no then, where it
                // must. Only what would keep everything else from being answered too is an error.
                if matches!(
                    error.kind,
                    ErrorKind::Credentials
                        | ErrorKind::Expired
                        | ErrorKind::Throttled
                        | ErrorKind::Unreachable
                ) {
                    return Err(error);
                }
                let note = Check::note("azure/not-asked", error.message);
                checks.push(note.remedy(error.remedy));
            }
        }
    }
    Ok(checks)
}

/// What Azure says of a name.
enum Name {
    Free,
    /// Another run of the fleet has taken it since the list: the creation looks, finds the server,
    /// and waits for it.
    Ours,
    /// Why it cannot be had.
    Taken(String),
}

async fn who_has(client: &Client, mutation: &Mutation) -> Result<Name, Failure> {
    let name = mutation.resource.id.as_str();
    let Some(why) = client.why_taken(name).await? else {
        return Ok(Name::Free);
    };
    // Whoever has it, where it cannot be looked at it is not known to be ours.
    let live = client.get(name).await.ok().flatten();
    let owner = live.and_then(|live| alone(&live).owner);
    Ok(if owner.as_ref() == Some(&mutation.owner) {
        Name::Ours
    } else {
        Name::Taken(why)
    })
}

fn taken(desired: &DesiredInstance, why: &str) -> Check {
    let id = &desired.resource.id;
    Check::error(
        "azure/name-taken",
        format!("the name {id} cannot be had: {why}"),
    )
    .at(&desired.address)
    .key(desired.key.clone())
    .remedy(ANOTHER_NAME)
    .source(docs("configure-maintain/how-to-create-server"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_name_is_free_is_said_once_and_soon() {
        let (free, name) = (FreeNames::default(), ResourceId::new("food"));
        let now = Instant::now();
        assert!(!free.take(&name, now));
        free.add(&name, now);
        assert!(free.take(&name, now));
        assert!(!free.take(&name, now));
        free.add(&name, now);
        assert!(!free.take(&name, now + WORD_HOLDS));
    }
}
