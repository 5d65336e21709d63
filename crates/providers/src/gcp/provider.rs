//! The half that talks to Google: the trait's functions, over the client.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use google_cloud_sql_v1::model::operation::SqlOperationStatus;
use pgfleet_model::{
    AccountId, Check, Inventory, Mutation, ObjectVersion, Operation as Verb, Owner, ResourceRef,
};
use pgfleet_provider::{
    ErrorKind, Operation, OperationName, Platform, Progress, Provider, ProviderError, Retry, Scope,
    Secrets, Until,
};
use pgfleet_spec::Spec;
use tokio::sync::OnceCell;

use crate::shared::{
    standing::{progress, settled},
    unseen::{PAUSES, Unseen},
};

use super::{
    Endpoint, GcpPlatform,
    client::Api,
    errors::ended,
    mutate::{self, Known, SourceDisk},
    observe, preflight,
    seen::{Last, Looks, Sent},
};

/// Operations that are asked after at once.
const SIDE_BY_SIDE: usize = 16;
/// How often the end of a change of labels is asked for: requests are counted by the minute.
const LABELS_PAUSE: Duration = Duration::from_secs(1);

/// Cloud SQL in one project. Fleets of a run share one, and with it its list.
pub struct GcpProvider {
    platform: GcpPlatform,
    project: String,
    endpoint: Endpoint,
    api: OnceCell<Api>,
    last: Last,
    unseen: Unseen,
    sent: Sent,
    looks: Looks,
    /// Whether something has taken its time since: what the last list says of disks is old then.
    waited: AtomicBool,
}

impl GcpProvider {
    /// The instances of `project`. Looks for credentials when it is first asked something.
    pub fn new(project: &str, endpoint: Endpoint) -> Self {
        Self {
            platform: GcpPlatform::new(project),
            project: project.to_owned(),
            endpoint,
            api: OnceCell::new(),
            last: Last::default(),
            unseen: Unseen::default(),
            sent: Sent::default(),
            looks: Looks::default(),
            waited: AtomicBool::new(false),
        }
    }

    async fn api(&self) -> Result<&Api, ProviderError> {
        let connect = async || Api::connect(&self.project, &self.endpoint);
        self.api.get_or_try_init(connect).await
    }

    /// The project's list, kept for those who need no newer one.
    async fn list(&self) -> Result<Arc<Inventory>, ProviderError> {
        let listed = self.api().await?.list().await?;
        self.waited.store(false, Ordering::Relaxed);
        let inventory = Arc::new(observe::inventory(&self.project, &listed));
        self.last.keep(&inventory);
        Ok(inventory)
    }

    /// How large the disk of a source is, which grows by itself. It is read only where what was listed may
    /// be old.
    fn disk(&self, source: &ResourceRef) -> SourceDisk {
        let waited = self.waited.load(Ordering::Relaxed);
        match self.last.fresh().filter(|_| !waited) {
            Some(inventory) => {
                let live = inventory.get(source);
                SourceDisk::Listed(live.and_then(|live| live.attributes.storage.gib))
            }
            None => SourceDisk::ToBeRead,
        }
    }

    async fn progress(&self, name: &OperationName) -> Result<Progress, ProviderError> {
        let operation = match self.api().await?.operation(&name.0).await {
            // Google forgets operations, and may show none of what is not there any more; the
            // instance itself tells then.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Permission) => {
                return Err(error.retry(Retry::Reobserve));
            }
            operation => operation?,
        };
        if operation.status != SqlOperationStatus::Done {
            self.waited.store(true, Ordering::Relaxed);
            return Ok(Progress::Running { retry_after: None });
        }
        match &operation.error {
            Some(error) => {
                let what = mutate::about(&operation.target_id);
                Err(ended(&what, &self.project, &error.errors))
            }
            None => Ok(Progress::Done),
        }
    }

    async fn ask(
        &self,
        operation: &Operation,
        listing: &Result<Arc<Inventory>, ProviderError>,
    ) -> Result<Progress, ProviderError> {
        let mutation = &operation.mutation;
        match &operation.until {
            Until::Named(name) => match self.progress(name).await {
                Ok(Progress::Done) => {
                    self.unseen.done(mutation);
                    Ok(Progress::Done)
                }
                Err(error)
                    if error.kind == ErrorKind::AlreadyExists
                        && mutate::makes_database(mutation) =>
                {
                    Ok(Progress::Done)
                }
                answer => answer.map_err(|error| self.sent.taken_out(error)),
            },
            Until::Holds => self.held(mutation, listing),
            Until::Reached => Ok(Progress::Done),
        }
    }

    fn held(
        &self,
        mutation: &Mutation,
        listing: &Result<Arc<Inventory>, ProviderError>,
    ) -> Result<Progress, ProviderError> {
        let inventory = listing.as_ref().map_err(Clone::clone)?;
        let resource = &mutation.resource;
        let standing = self.platform.standing(mutation, inventory.get(resource));
        progress(
            standing,
            resource,
            "the instance in the Google Cloud console",
        )
    }
}

#[async_trait]
impl Provider for GcpProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    fn take_note(&self, spec: &Spec) {
        self.platform.passwords.take_note(spec);
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        Ok(AccountId::new(&self.project))
    }

    /// Lists until what is done is seen: no operation is waited for, all are over.
    async fn observe(&self, _scope: &Scope) -> Result<Inventory, ProviderError> {
        for pause in PAUSES {
            let inventory = self.list().await?;
            if !self.unseen.is_missed_by(&inventory, &self.platform) {
                return Ok(Inventory::clone(&inventory));
            }
            tokio::time::sleep(pause).await;
        }
        self.unseen.give_up();
        let inventory = self.list().await?;
        Ok(Inventory::clone(&inventory))
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        let inventory = match self.last.get() {
            Some(inventory) => inventory,
            None => self.list().await?,
        };
        Ok(preflight::check(mutations, &inventory))
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let api = self.api().await?;
        let source = match &mutation.operation {
            Verb::CreateReplica { source, .. } => self.disk(source),
            _ => SourceDisk::ToBeRead,
        };
        self.unseen.forget(&mutation.resource);
        let known = Known {
            source,
            passwords: &self.platform.passwords,
            looks: &self.looks,
            sent: &self.sent,
        };
        let begun = mutate::begin(api, mutation, expect, known, *secrets);
        let until = self.looks.heard(&mutation.resource, Box::pin(begun).await);
        let until = until.map_err(|error| self.sent.taken_out(error))?;
        if until == Until::Reached {
            self.unseen.done(mutation);
        }
        Ok(Operation {
            mutation: mutation.clone(),
            until,
            retry_after: None,
        })
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        // One operation at a time for each primary: never a call for each instance.
        let listed = operations
            .iter()
            .any(|operation| operation.until == Until::Holds);
        let listing = if listed {
            self.list().await
        } else {
            Ok(Arc::default())
        };
        let answers: Vec<_> = operations
            .iter()
            .map(|operation| self.ask(operation, &listing))
            .collect();
        stream::iter(answers).buffered(SIDE_BY_SIDE).collect().await
    }

    /// Labels change in an operation like all else, and the next one of the same primary is turned
    /// away while it runs: nobody but this function waits for its end.
    async fn claim(
        &self,
        resource: &ResourceRef,
        owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        let api = self.api().await?;
        let claimed = mutate::claim(api, &self.looks, resource, owner).await;
        let Until::Named(name) = self.looks.heard(resource, claimed)? else {
            return Ok(());
        };
        let name = &name;
        let ask = || async move {
            let kinds = [
                ErrorKind::NotFound,
                ErrorKind::Permission,
                ErrorKind::Unreachable,
            ];
            let retry_after = match self.progress(name).await {
                Ok(Progress::Running { retry_after }) => retry_after,
                // The operation does not tell: the labels do.
                Err(error) if error.retry.looks_first() && kinds.contains(&error.kind) => {
                    if mutate::is_claimed(api, resource, owner).await? {
                        return Ok(Progress::Done);
                    }
                    None
                }
                Err(error) if matches!(error.retry, Retry::Backoff | Retry::After(_)) => {
                    error.retry.asked_pause()
                }
                answer => return answer,
            };
            Ok(Progress::Running {
                retry_after: retry_after.or(Some(LABELS_PAUSE)),
            })
        };
        settled(resource, None, || ask().boxed()).await
    }
}
