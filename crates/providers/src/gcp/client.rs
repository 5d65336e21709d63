//! The calls to the Cloud SQL Admin API: each one request, never repeated here.

use std::{collections::BTreeSet, time::Duration};

use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::{
    error::Error, options::RequestOptionsBuilder as _, retry_policy::NeverRetry,
};
use google_cloud_sql_v1::{
    client::{SqlInstancesService, SqlOperationsService},
    model::{ApiWarning, DatabaseInstance, Operation, api_warning::SqlApiWarningCode},
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry};

use super::{
    Endpoint,
    errors::{Call, explain, sentence},
};

/// Longest that one request may take. Google answers at once and works afterwards.
const PATIENCE: Duration = Duration::from_secs(60);
/// Instances a page; the API's own limit is 1,000.
const PAGE: u32 = 500;
const AGENT: &str = concat!("pgfleet/", env!("CARGO_PKG_VERSION"));

/// One project's Cloud SQL. `Debug` of the models prints passwords: none is ever printed.
pub(crate) struct Api {
    project: String,
    instances: SqlInstancesService,
    operations: SqlOperationsService,
}

impl Api {
    /// Finds credentials and makes the clients. Sends nothing yet.
    pub(crate) async fn connect(project: &str, endpoint: &Endpoint) -> Result<Self, ProviderError> {
        let mut instances = SqlInstancesService::builder().with_retry_policy(NeverRetry);
        let mut operations = SqlOperationsService::builder().with_retry_policy(NeverRetry);
        if let Some(url) = endpoint.url() {
            instances = instances.with_endpoint(url);
            operations = operations.with_endpoint(url);
        }
        if endpoint.is_anonymous() {
            let nobody = anonymous::Builder::new().build();
            instances = instances.with_credentials(nobody.clone());
            operations = operations.with_credentials(nobody);
        } else {
            // One set of credentials, so that one token serves both clients.
            let ours = google_cloud_auth::credentials::Builder::default()
                .build()
                .map_err(|error| no_credentials(&error))?;
            instances = instances.with_credentials(ours.clone());
            operations = operations.with_credentials(ours);
        }
        let failed = |error: google_cloud_gax::client_builder::Error| {
            ProviderError::new(
                ErrorKind::Environment,
                format!(
                    "Google's client cannot start: {}",
                    sentence(&error.to_string())
                ),
            )
            .remedy("check the endpoint and the system's certificates (SSL_CERT_FILE)")
        };
        Ok(Self {
            project: project.to_owned(),
            instances: instances.build().await.map_err(failed)?,
            operations: operations.build().await.map_err(failed)?,
        })
    }

    /// Every instance of the project, ours or not, of every kind and region.
    ///
    /// There is no filter on purpose: a name is taken by whatever bears it, and a primary is not
    /// deleted under a replica that bears no label of ours.
    pub(crate) async fn list(&self) -> Result<Vec<DatabaseInstance>, ProviderError> {
        let what = format!("instances.list of {}", self.project);
        let mut found = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut token = String::new();
        loop {
            let call = self
                .instances
                .list()
                .set_project(&self.project)
                .set_max_results(PAGE)
                .set_page_token(&token)
                .with_attempt_timeout(PATIENCE)
                .with_user_agent(AGENT);
            let page = made(&what, Call::Read, call.send()).await?;
            whole(&what, &page.warnings)?;
            found.extend(page.items);
            if page.next_page_token.is_empty() {
                return Ok(found);
            }
            token = page.next_page_token;
            if !seen.insert(token.clone()) {
                let why = format!("{what} failed: one page is followed by itself");
                return Err(ProviderError::new(ErrorKind::Internal, why));
            }
        }
    }

    /// One instance.
    pub(crate) async fn get(&self, name: &str) -> Result<DatabaseInstance, ProviderError> {
        let call = self
            .instances
            .get()
            .set_project(&self.project)
            .set_instance(name)
            .with_attempt_timeout(PATIENCE)
            .with_user_agent(AGENT);
        made(&format!("instances.get of {name}"), Call::Read, call.send()).await
    }

    /// Makes an instance.
    pub(crate) async fn insert(&self, body: DatabaseInstance) -> Result<Operation, ProviderError> {
        let what = format!("instances.insert of {}", body.name);
        let call = self
            .instances
            .insert()
            .set_project(&self.project)
            .set_body(body)
            .with_attempt_timeout(PATIENCE)
            .with_user_agent(AGENT);
        made(&what, Call::Write, Box::pin(call.send())).await
    }

    /// Alters an instance: only what is in the body.
    pub(crate) async fn patch(
        &self,
        name: &str,
        body: DatabaseInstance,
    ) -> Result<Operation, ProviderError> {
        let call = self
            .instances
            .patch()
            .set_project(&self.project)
            .set_instance(name)
            .set_body(body)
            .with_attempt_timeout(PATIENCE)
            .with_user_agent(AGENT);
        let what = format!("instances.patch of {name}");
        made(&what, Call::Write, Box::pin(call.send())).await
    }

    /// Deletes an instance, with a last backup where one is asked for.
    pub(crate) async fn delete(
        &self,
        name: &str,
        final_backup: bool,
    ) -> Result<Operation, ProviderError> {
        let mut call = self
            .instances
            .delete()
            .set_project(&self.project)
            .set_instance(name)
            .with_attempt_timeout(PATIENCE)
            .with_user_agent(AGENT);
        if final_backup {
            call = call
                .set_enable_final_backup(true)
                .set_final_backup_description(format!("last backup of {name}, by pgfleet"));
        }
        let what = format!("instances.delete of {name}");
        made(&what, Call::Write, Box::pin(call.send())).await
    }

    /// One long operation.
    pub(crate) async fn operation(&self, name: &str) -> Result<Operation, ProviderError> {
        let call = self
            .operations
            .get()
            .set_project(&self.project)
            .set_operation(name)
            .with_attempt_timeout(PATIENCE)
            .with_user_agent(AGENT);
        let what = format!("operations.get of {name}");
        made(&what, Call::Read, call.send()).await
    }
}

/// Waits for an answer, credentials included, within bounds.
async fn made<T>(
    what: &str,
    kind: Call,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, ProviderError> {
    let answer = tokio::time::timeout(PATIENCE + Duration::from_secs(5), call).await;
    let answer = answer.unwrap_or_else(|late| Err(Error::timeout(late)));
    answer.map_err(|error| explain(what, kind, &error))
}

/// Half a listing would look like missing instances.
fn whole(what: &str, warnings: &[ApiWarning]) -> Result<(), ProviderError> {
    let unreachable = warnings
        .iter()
        .find(|warning| warning.code == SqlApiWarningCode::RegionUnreachable);
    unreachable.map_or(Ok(()), |warning| {
        let why = format!("region {} is unreachable", sentence(&warning.region));
        Err(ProviderError::new(
            ErrorKind::Unreachable,
            format!("{what} is not whole: {why}"),
        )
        .remedy("run the same command again; see status.cloud.google.com")
        .retry(Retry::Backoff))
    })
}

fn no_credentials(error: &google_cloud_auth::build_errors::Error) -> ProviderError {
    ProviderError::new(
        ErrorKind::Credentials,
        format!(
            "no credentials for Google: {}",
            sentence(&error.to_string())
        ),
    )
    .remedy(
        "run `gcloud auth application-default login`, or point GOOGLE_APPLICATION_CREDENTIALS at a \
         credentials file; in CI see docs/gcp.md",
    )
}
