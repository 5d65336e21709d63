//! The half that talks to Google: the trait's functions, over the client.

use async_trait::async_trait;
use futures_util::future::join_all;
use google_cloud_sql_v1::model::operation::SqlOperationStatus;
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion, Operation as Work};
use pgfleet_planner::{Platform, Standing};
use pgfleet_provider::{
    ErrorKind, Operation, OperationName, Progress, Provider, ProviderError, Retry, Scope, Secrets,
    Until,
};
use tokio::sync::OnceCell;

use super::{Endpoint, GcpPlatform, client::Api, errors::ended, mutate, observe, rules};

/// Cloud SQL in one project.
pub struct GcpProvider {
    platform: GcpPlatform,
    project: String,
    endpoint: Endpoint,
    api: OnceCell<Api>,
}

impl GcpProvider {
    /// The instances of `project`. Looks for credentials when it is first asked something.
    pub fn new(project: &str, endpoint: Endpoint) -> Self {
        Self {
            platform: GcpPlatform::new(project),
            project: project.to_owned(),
            endpoint,
            api: OnceCell::new(),
        }
    }

    async fn api(&self) -> Result<&Api, ProviderError> {
        let connect = || Api::connect(&self.project, &self.endpoint);
        self.api.get_or_try_init(connect).await
    }

    async fn progress(&self, api: &Api, name: &OperationName) -> Result<Progress, ProviderError> {
        let operation = match api.operation(&name.0).await {
            // Google forgets operations; the instance itself tells then.
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Err(error.retry(Retry::Reobserve));
            }
            operation => operation?,
        };
        if operation.status != SqlOperationStatus::Done {
            return Ok(Progress::Running { retry_after: None });
        }
        match &operation.error {
            Some(error) => {
                let what = format!("the operation on {}", operation.target_id);
                Err(ended(&what, &error.errors))
            }
            None => Ok(Progress::Done),
        }
    }

    fn held(
        &self,
        operation: &Operation,
        listing: &Result<Inventory, ProviderError>,
    ) -> Result<Progress, ProviderError> {
        let inventory = listing.as_ref().map_err(Clone::clone)?;
        let resource = &operation.mutation.resource;
        match self
            .platform
            .standing(&operation.mutation, inventory.get(resource))
        {
            Standing::Done => Ok(Progress::Done),
            Standing::Running => Ok(Progress::Running { retry_after: None }),
            Standing::NotBegun => {
                let why = format!("{resource} is not as asked");
                Err(ProviderError::new(ErrorKind::Conflict, why).retry(Retry::Reobserve))
            }
            Standing::Failed(why) => Err(ProviderError::new(ErrorKind::Internal, why)),
        }
    }
}

#[async_trait]
impl Provider for GcpProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        Ok(AccountId::new(&self.project))
    }

    async fn observe(&self, _scope: &Scope) -> Result<Inventory, ProviderError> {
        let listed = self.api().await?.list().await?;
        Ok(observe::inventory(&listed))
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        let creates = mutations.iter().any(|mutation| {
            matches!(
                mutation.operation,
                Work::CreatePrimary { .. } | Work::CreateReplica { .. }
            )
        });
        if !creates {
            return Ok(Vec::new());
        }
        let listed = self.api().await?.list().await?;
        Ok(rules::taken_names(mutations, &observe::inventory(&listed)))
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let api = self.api().await?;
        let until = Box::pin(mutate::begin(api, mutation, expect, *secrets)).await?;
        Ok(Operation {
            mutation: mutation.clone(),
            until,
            retry_after: None,
        })
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        let api = match self.api().await {
            Ok(api) => api,
            Err(error) => return vec![Err(error); operations.len()],
        };
        let listing = if operations
            .iter()
            .any(|operation| operation.until == Until::Holds)
        {
            api.list().await.map(|listed| observe::inventory(&listed))
        } else {
            Ok(Inventory::default())
        };
        // One operation at a time for each primary: never a call for each instance.
        let answers = operations.iter().map(|operation| async {
            match &operation.until {
                Until::Named(name) => self.progress(api, name).await,
                Until::Holds => self.held(operation, &listing),
            }
        });
        join_all(answers).await
    }
}
