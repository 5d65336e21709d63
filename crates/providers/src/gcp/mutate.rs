//! The calls that change something: made once, and only on what bears the fleet's labels.

mod copy;

use std::time::Duration;

use google_cloud_sql_v1::model::{
    DatabaseInstance, Operation as WireOperation, Settings, database_instance::SqlInstanceState,
    operation::SqlOperationStatus, settings::SqlActivationPolicy,
};
use pgfleet_model::{
    DesiredInstance, Mutation, ObjectVersion, Operation, Owner, Phase, Region, ResourceRef,
    TAG_ADDRESS, TAG_FLEET, TAG_MANAGED_BY,
};
use pgfleet_provider::{ErrorKind, OperationName, ProviderError, Retry, Secrets, Until};
use secrecy::ExposeSecret;

use crate::shared::{
    databases,
    ownership::{is_ours, is_there},
    passwords::{self, Passwords, has_password},
};

use super::{
    bodies::{changed, labels, new_instance},
    client::Api,
    errors::ended,
    observe::{self, owner, phase, version},
    rules::revived,
    seen::{GOOD, Looks, Sent},
};
use copy::copy;

/// How long what was read is good for a call that names the revision that was read: if it has moved,
/// Google says so.
const GUARDED: Duration = Duration::from_secs(300);

/// What the provider knows beside the plan.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// The disk of a replica's source, which may have grown since the plan was made.
    pub(super) source: SourceDisk,
    pub(super) passwords: &'a Passwords,
    /// What was read for calls that were turned away.
    pub(super) looks: &'a Looks,
    /// Where passwords that are sent are kept, for the sake of what comes back.
    pub(super) sent: &'a Sent,
}

/// What is known of the disk that a replica is copied from.
#[derive(Clone, Copy)]
pub(super) enum SourceDisk {
    /// What a list has shown a moment ago, if it did.
    Listed(Option<u32>),
    /// That may be old by now: it is read.
    ToBeRead,
}

/// Makes the call of one mutation.
pub(super) async fn begin(
    api: &Api,
    mutation: &Mutation,
    expect: Option<&ObjectVersion>,
    known: Known<'_>,
    secrets: Secrets,
) -> Result<Until, ProviderError> {
    let Known {
        passwords,
        looks,
        sent,
        ..
    } = known;
    match &mutation.operation {
        Operation::CreatePrimary { desired } => {
            Box::pin(create(api, mutation, desired, None, known, secrets)).await
        }
        Operation::CreateReplica { desired, source } => {
            Box::pin(copy(api, mutation, desired, source, known, secrets)).await
        }
        Operation::Modify { fields, .. } if has_password(fields) => {
            let password = passwords.read(&mutation.owner.fleet, secrets, |_| None);
            let password = password.await?;
            sent.note(&password);
            let secret = password.expose_secret();
            known_to_be_ours(api, looks, mutation, false).await?;
            let taken = Box::pin(api.set_password(mutation.resource.id.as_str(), secret)).await;
            until(api, taken?)
        }
        Operation::Modify { fields, .. } => {
            if let Some(database) = databases::made_by(fields) {
                return make_database(api, looks, mutation, database).await;
            }
            alter(api, looks, mutation, expect, |live| {
                changed(live, fields, mutation)
            })
            .await
        }
        Operation::Start => {
            alter(api, looks, mutation, expect, |_| {
                Ok(Settings::new().set_activation_policy(SqlActivationPolicy::Always))
            })
            .await
        }
        Operation::Delete { final_snapshot, .. } => {
            delete(api, looks, mutation, *final_snapshot).await
        }
    }
}

/// Whether a mutation makes a database: one that is there already is as good.
pub(super) fn makes_database(mutation: &Mutation) -> bool {
    match &mutation.operation {
        Operation::Modify { fields, .. } => databases::made_by(fields).is_some(),
        _ => false,
    }
}

async fn make_database(
    api: &Api,
    looks: &Looks,
    mutation: &Mutation,
    database: &str,
) -> Result<Until, ProviderError> {
    known_to_be_ours(api, looks, mutation, false).await?;
    match api
        .insert_database(mutation.resource.id.as_str(), database)
        .await
    {
        // An earlier run made it, or a request whose answer was lost.
        Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(Until::Reached),
        answer => until(api, answer?),
    }
}

/// How the end of what Google has taken is recognised.
fn until(api: &Api, taken: WireOperation) -> Result<Until, ProviderError> {
    if taken.status == SqlOperationStatus::Done {
        return match taken.error {
            Some(error) => {
                let what = about(&taken.target_id);
                Err(ended(&what, api.project(), &error.errors))
            }
            None => Ok(Until::Reached),
        };
    }
    Ok(if taken.name.is_empty() {
        Until::Holds
    } else {
        Until::Named(OperationName(taken.name))
    })
}

/// Names an operation of Google's in an error.
pub(super) fn about(target: &str) -> String {
    format!("Google's operation on {target}")
}

/// Reads an instance for a change, unless that has just been done and the change was then turned away.
async fn look(
    api: &Api,
    looks: &Looks,
    change: &ResourceRef,
    name: &str,
    guarded: bool,
) -> Result<DatabaseInstance, ProviderError> {
    // Without a revision nothing guards it.
    let kept = looks.get(change, name, GOOD).or_else(|| {
        let kept = looks.get(change, name, GUARDED).filter(|_| guarded)?;
        let versioned = kept.as_ref().is_ok_and(|live| version(live).is_some());
        versioned.then_some(kept)
    });
    if let Some(kept) = kept {
        return kept;
    }
    let live = api.get(name).await;
    looks.keep(change, name, &live);
    live
}

/// An instance that is there, and is the fleet's.
async fn ours(
    api: &Api,
    looks: &Looks,
    mutation: &Mutation,
    guarded: bool,
) -> Result<DatabaseInstance, ProviderError> {
    let resource = &mutation.resource;
    let live = look(api, looks, resource, resource.id.as_str(), guarded).await?;
    is_ours(mutation, owner(&live).as_ref())?;
    in_its_region(&live, &mutation.resource)?;
    Ok(live)
}

/// The same, where it is also understood. What is not is left as it is.
async fn known_to_be_ours(
    api: &Api,
    looks: &Looks,
    mutation: &Mutation,
    guarded: bool,
) -> Result<DatabaseInstance, ProviderError> {
    let live = ours(api, looks, mutation, guarded).await?;
    let (phase, word) = phase(&live);
    let resource = &mutation.resource;
    if live.state == SqlInstanceState::Suspended {
        let why = format!("Google has suspended {resource}: it is `{word}`");
        return Err(ProviderError::new(ErrorKind::Refused, why).remedy(revived(&word)));
    }
    if phase == Phase::Unknown {
        let why = format!("{resource} is `{word}`, which pgfleet does not know; it waits");
        return Err(ProviderError::new(ErrorKind::Busy, why)
            .remedy("look at the instance in the Google Cloud console")
            .retry(Retry::Backoff));
    }
    Ok(live)
}

fn in_its_region(live: &DatabaseInstance, resource: &ResourceRef) -> Result<(), ProviderError> {
    let there = Region::new(live.region.as_str());
    let remedy = "names are unique in a project, whatever the region: take another";
    is_there(resource, &there, remedy)
}

async fn create(
    api: &Api,
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: Option<&ResourceRef>,
    known: Known<'_>,
    secrets: Secrets,
) -> Result<Until, ProviderError> {
    let Known { looks, sent, .. } = known;
    if mutation.resume {
        match ours(api, looks, mutation, false).await {
            Ok(_) => return Ok(Until::Holds),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let bootstrap = desired.bootstrap.as_ref();
    let password = match bootstrap.and_then(|bootstrap| bootstrap.password.clone()) {
        Some(source) => Some(passwords::read(source, secrets, |_| None).await?),
        None => None,
    };
    if let Some(password) = &password {
        sent.note(password);
    }
    let secret = password.as_ref().map(ExposeSecret::expose_secret);
    let body = new_instance(mutation, desired, source, secret)?;
    match Box::pin(api.insert(body)).await {
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            let name = mutation.resource.id.as_str();
            Err(match api.get(name).await {
                Err(missing) if is_gone(api, name, &missing).await? => error.remedy(
                    "there is no such instance: one of this name was deleted, and Google keeps the \
                     name for up to a week; wait, or take another name (`id`, `ids` or `fleet`)",
                ),
                _ => error,
            })
        }
        answer => until(api, answer?),
    }
}

/// Says whose an instance is, or that it is nobody's, and nothing else of it.
pub(super) async fn claim(
    api: &Api,
    looks: &Looks,
    resource: &ResourceRef,
    owner: Option<&Owner>,
) -> Result<Until, ProviderError> {
    let name = resource.id.as_str();
    let live = look(api, looks, resource, name, true).await?;
    in_its_region(&live, resource)?;
    let mut labels = labels(&live);
    let mut go = Vec::new();
    if let Some(owner) = owner {
        labels.extend(owner.tags());
    } else {
        // Google's description has no label without a value, but its own tool takes labels off so:
        // there is no other way. An apply takes none off.
        go.extend([TAG_MANAGED_BY, TAG_FLEET, TAG_ADDRESS].map(ToOwned::to_owned));
        labels.retain(|label, _| !go.contains(label));
    }
    let taken = api.relabel(name, version(&live), &labels, &go).await?;
    until(api, taken)
}

/// Whether an instance says whose it is as [`claim`] has it say.
pub(super) async fn is_claimed(
    api: &Api,
    resource: &ResourceRef,
    owner: Option<&Owner>,
) -> Result<bool, ProviderError> {
    let live = api.get(resource.id.as_str()).await?;
    Ok(observe::owner(&live).as_ref() == owner)
}

/// Reads the instance, and alters it if it is still what the plan was made from. What the API tells
/// no revision of cannot be compared: then it has been read just before all the same.
async fn alter(
    api: &Api,
    looks: &Looks,
    mutation: &Mutation,
    expect: Option<&ObjectVersion>,
    change: impl FnOnce(&DatabaseInstance) -> Result<Settings, ProviderError>,
) -> Result<Until, ProviderError> {
    let live = known_to_be_ours(api, looks, mutation, true).await?;
    let resource = &mutation.resource;
    let now = version(&live);
    let moved = |expect: &ObjectVersion| now.is_some_and(|now| expect.0 != now.to_string());
    if expect.is_some_and(moved) {
        let why = format!("{resource} has changed since it was listed");
        return Err(ProviderError::new(ErrorKind::Conflict, why).retry(Retry::Reobserve));
    }
    let settings = change(&live)?.set_or_clear_settings_version(now);
    let body = DatabaseInstance::new().set_settings(settings);
    until(api, Box::pin(api.patch(resource.id.as_str(), body)).await?)
}

async fn delete(
    api: &Api,
    looks: &Looks,
    mutation: &Mutation,
    last: bool,
) -> Result<Until, ProviderError> {
    let name = mutation.resource.id.as_str();
    let delete = async {
        let live = ours(api, looks, mutation, false).await?;
        if live.state == SqlInstanceState::PendingDelete {
            return Ok(Until::Holds);
        }
        until(api, api.delete(name, last).await?)
    };
    match delete.await {
        // Gone already: the list will say so.
        Err(error) if is_gone(api, name, &error).await? => Ok(Until::Holds),
        answer => answer,
    }
}

/// Whether an error says that an instance is not there.
async fn is_gone(api: &Api, name: &str, error: &ProviderError) -> Result<bool, ProviderError> {
    match error.kind {
        ErrorKind::NotFound => Ok(true),
        // Google says the same of what is not there. Only the list tells.
        ErrorKind::Permission => {
            let listed = api.list().await?;
            Ok(listed.iter().all(|instance| instance.name != name))
        }
        _ => Ok(false),
    }
}
