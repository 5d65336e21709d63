//! The half that works: the trait's functions, over folders and servers.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion, ResourceRef};
use pgfleet_planner::{Platform, Standing};
use pgfleet_provider::{
    ErrorKind, Login, Operation, OperationName, Progress, Provider, ProviderError, Retry, Scope,
    Secrets, Until,
};
use pgfleet_spec::{PrimarySpec, Spec};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{
    LocalPlatform,
    host::Host,
    layout::{Layout, tidy_locks},
    mutate, observe, session,
    source::Source,
};

/// How soon an operation of this machine is asked after again: asking costs nothing.
const SOON: Duration = Duration::from_millis(20);
/// So many servers are worked on at once: all on the disk of this machine.
const AT_ONCE: usize = 10;

/// The data folder where the plan names none: `/var/lib/pgfleet` for root, else `pgfleet` in the
/// user's state folder. `None` where there is no home: a temporary folder would lose the data.
pub fn default_data_dir(is_root: bool, state: Option<&str>, home: Option<&str>) -> Option<PathBuf> {
    let given = |value: Option<&str>| {
        value
            .filter(|value| value.starts_with('/'))
            .map(PathBuf::from)
    };
    if is_root {
        return Some(PathBuf::from("/var/lib/pgfleet"));
    }
    let state = given(state).or_else(|| Some(given(home)?.join(".local/state")))?;
    Some(state.join("pgfleet"))
}

type Job = JoinHandle<Result<(), ProviderError>>;

/// PostgreSQL servers below one folder of this machine.
pub struct LocalProvider {
    platform: LocalPlatform,
    root: PathBuf,
    existing: Mutex<Vec<Source>>,
    host: Mutex<Option<Arc<Host>>>,
    jobs: Mutex<HashMap<OperationName, Job>>,
    room: Arc<Semaphore>,
}

impl LocalProvider {
    /// The servers below `data_dir`, which need not exist yet. Touches nothing.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            platform: LocalPlatform::default(),
            root: data_dir.to_owned(),
            existing: Mutex::new(Vec::new()),
            host: Mutex::new(None),
            jobs: Mutex::new(HashMap::new()),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    fn host(&self) -> Result<Arc<Host>, ProviderError> {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = host.as_ref() {
            return Ok(Arc::clone(host));
        }
        let existing = self.existing.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = Arc::new(Host::open(&self.root, existing.clone())?);
        *host = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<OperationName, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks after an operation of ours. `None`: it has not ended.
    async fn ended(&self, name: &OperationName) -> Option<Result<(), ProviderError>> {
        let job = {
            let mut jobs = self.jobs();
            match jobs.get(name) {
                Some(job) if !job.is_finished() => return None,
                _ => jobs.remove(name),
            }
        };
        let Some(job) = job else {
            // Somebody asked after it before, or it was never ours.
            let gone = ProviderError::new(ErrorKind::Internal, format!("no operation {}", name.0));
            return Some(Err(gone.retry(Retry::Reobserve)));
        };
        Some(job.await.unwrap_or_else(|error| {
            Err(ProviderError::new(
                ErrorKind::Internal,
                format!("the operation ended: {error}"),
            ))
        }))
    }
}

#[async_trait]
impl Provider for LocalProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    /// A primary that a plan follows by its connection URL. What is wrong with the URL is a check of
    /// the plan ([`Platform::existing`]).
    fn take_note(&self, spec: &Spec) {
        if let PrimarySpec::Existing(existing) = &spec.primary
            && let Ok(source) = Source::existing(&existing.reference)
        {
            let mut known = self.existing.lock().unwrap_or_else(PoisonError::into_inner);
            known.push(source);
        }
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        Ok(AccountId::new(self.root.display().to_string()))
    }

    async fn observe(&self, _scope: &Scope) -> Result<Inventory, ProviderError> {
        let host = self.host()?;
        observe::observe(&host).await
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        let host = self.host()?;
        mutate::preflight(&host, mutations).await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let host = self.host()?;
        let work = mutate::begin(host, mutation, expect, *secrets).await?;
        let name = OperationName(mutate::random_name()?);
        let room = Arc::clone(&self.room);
        let work = async move {
            // Never closed: without room it would go on all the same.
            let _room = room.acquire_owned().await;
            work.await
        };
        self.jobs().insert(name.clone(), tokio::spawn(work));
        Ok(Operation {
            mutation: mutation.clone(),
            until: Until::Named(name),
            retry_after: Some(SOON),
        })
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        let unnamed = operations
            .iter()
            .any(|operation| operation.until == Until::Holds);
        let listing = if unnamed {
            Some(self.observe(&Scope::default()).await)
        } else {
            None
        };
        let mut answers = Vec::with_capacity(operations.len());
        for operation in operations {
            let running = Ok(Progress::Running {
                retry_after: Some(SOON),
            });
            answers.push(match (&operation.until, &listing) {
                (Until::Named(name), _) => match self.ended(name).await {
                    None => running,
                    Some(ended) => ended.map(|()| Progress::Done),
                },
                (Until::Holds, Some(Err(error))) => Err(error.clone()),
                (Until::Holds, Some(Ok(inventory))) => {
                    let live = inventory.get(&operation.mutation.resource);
                    match self.platform.standing(&operation.mutation, live) {
                        Standing::Done => Ok(Progress::Done),
                        // Listing costs more than asking a task of our own.
                        Standing::Running => Ok(Progress::Running { retry_after: None }),
                        // Whoever worked on it has ended half-way: it is ours to go on.
                        Standing::NotBegun => Err(ProviderError::new(
                            ErrorKind::Conflict,
                            format!(
                                "the other run left {} unfinished",
                                operation.mutation.resource
                            ),
                        )
                        .retry(Retry::Reobserve)),
                        Standing::Failed(why) => Err(ProviderError::new(ErrorKind::Conflict, why)),
                    }
                }
                (Until::Holds, None) => running,
                (Until::Reached, _) => Ok(Progress::Done),
            });
        }
        answers
    }

    async fn own_login(&self, primary: &ResourceRef) -> Result<Option<Login>, ProviderError> {
        let host = self.host()?;
        let Ok(source) = Source::find(&host, primary) else {
            return Ok(None);
        };
        let session::Login {
            user,
            password,
            database,
        } = source.login;
        Ok(Some(Login {
            user,
            password,
            database,
        }))
    }

    fn admin_passfile(&self, primary: &ResourceRef) -> Option<PathBuf> {
        let path = Layout::new(&self.root, &primary.id).admin_pgpass();
        path.is_file().then_some(path)
    }

    async fn close(&self) {
        let jobs: Vec<Job> = self.jobs().drain().map(|(_, job)| job).collect();
        for job in &jobs {
            job.abort();
        }
        for job in jobs {
            // An operation that was cut short is begun anew by the next run.
            let _ = job.await;
        }
        tidy_locks(&self.root);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_follows_the_user() {
        let home = Some("/home/ann");
        assert_eq!(
            default_data_dir(true, None, home),
            Some(PathBuf::from("/var/lib/pgfleet"))
        );
        assert_eq!(
            default_data_dir(false, None, home),
            Some(PathBuf::from("/home/ann/.local/state/pgfleet"))
        );
        assert_eq!(
            default_data_dir(false, Some("/state"), home),
            Some(PathBuf::from("/state/pgfleet"))
        );
        assert_eq!(
            default_data_dir(false, Some("relative"), home),
            Some(PathBuf::from("/home/ann/.local/state/pgfleet"))
        );
        assert_eq!(default_data_dir(false, None, None), None);
    }
}
