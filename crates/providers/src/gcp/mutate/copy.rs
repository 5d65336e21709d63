//! Replicas, and what they are copied from: it may have grown meanwhile, or be gone.

use google_cloud_sql_v1::model::DatabaseInstance;
use pgfleet_model::{DesiredInstance, Mutation, ResourceRef, Role};
use pgfleet_provider::{ErrorKind, ProviderError, Secrets, Until};

use crate::shared::unseen::PAUSES;

use super::{Known, SourceDisk, create, is_gone, look};
use crate::gcp::{client::Api, observe, seen::Looks};

/// How often a source that is not there is looked for again: it was there when the plan was made, or
/// has just been made itself.
const LOOKED_FOR: usize = 3;

/// Makes a replica, with a disk as large as its source's is by then.
pub(super) async fn copy(
    api: &Api,
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: &ResourceRef,
    known: Known<'_>,
    secrets: Secrets,
) -> Result<Until, ProviderError> {
    let looks = known.looks;
    let change = &mutation.resource;
    let make = async |gib| {
        let mut desired = desired.clone();
        desired.attributes.storage.gib = gib;
        Box::pin(create(
            api,
            mutation,
            &desired,
            Some(source),
            known,
            secrets,
        ))
        .await
    };
    let live = match known.source {
        SourceDisk::Listed(gib) => gib,
        SourceDisk::ToBeRead => disk(&find(api, looks, change, source).await?),
    };
    let gib = desired.attributes.storage.gib.max(live);
    let answer = make(gib).await;
    let Err(error) = answer else {
        return answer;
    };
    match error.kind {
        // Google names no instance. It is not the one that is to be made.
        ErrorKind::NotFound => {
            find(api, &Looks::default(), change, source).await?;
            Err(error)
        }
        // It may have grown since it was looked at.
        ErrorKind::Refused => {
            let now = api.get(source.id.as_str()).await;
            let now = now.ok().and_then(|live| disk(&live));
            if now > gib {
                make(now).await
            } else {
                Err(error)
            }
        }
        _ => Err(error),
    }
}

/// How large an instance's disk is.
fn disk(live: &DatabaseInstance) -> Option<u32> {
    observe::attributes(live, Role::Primary).storage.gib
}

/// What a replica is to be copied from. Whoever has deleted it has left nothing to wait for.
async fn find(
    api: &Api,
    looks: &Looks,
    change: &ResourceRef,
    source: &ResourceRef,
) -> Result<DatabaseInstance, ProviderError> {
    let name = source.id.as_str();
    for pause in PAUSES.into_iter().take(LOOKED_FOR) {
        match look(api, looks, change, name, false).await {
            Err(error) if is_gone(api, name, &error).await? => {
                looks.forget(change);
                tokio::time::sleep(pause).await;
            }
            answer => return answer,
        }
    }
    let why = format!("{source}, which the replica is to be copied from, is not there any more");
    Err(ProviderError::new(ErrorKind::NotFound, why)
        .remedy("somebody has deleted it: `pgfleet plan` says what can be done without it"))
}
