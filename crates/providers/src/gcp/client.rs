//! The calls to the Cloud SQL Admin API: each one request, never repeated here.

pub(super) mod call;
pub(super) mod endpoint;
mod login;
pub(super) mod raw;

use std::time::{Duration, Instant};

use google_cloud_auth::credentials::Credentials;
use google_cloud_gax::{
    error::Error, options::RequestOptionsBuilder as _, retry_policy::NeverRetry,
};
use google_cloud_sql_v1::{
    client::{SqlDatabasesService, SqlInstancesService, SqlOperationsService, SqlUsersService},
    model::{
        ApiWarning, Database, DatabaseInstance, InstancesListResponse, Operation, User,
        api_warning::SqlApiWarningCode,
    },
};
use pgfleet_model::Tags;
use pgfleet_provider::{ErrorKind, ProviderError, Retry};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::shared::{
    http::{self, AGENT, ANSWER, Pages},
    proxies::stays_here,
    words::sentence,
};

use super::{
    ADMIN, Endpoint,
    errors::{explain, no_credentials},
};

use call::{Call, Method};
use login::Login;
use raw::Wire;

/// Instances in one answer; Cloud SQL gives at most this many.
const PAGE: &str = "1000";

/// One project's Cloud SQL. `Debug` of the models prints passwords: none is ever printed.
pub(super) struct Api {
    project: String,
    url: String,
    login: Login,
    credentials: Credentials,
    wire: Wire,
    instances: OnceCell<SqlInstancesService>,
    databases: OnceCell<SqlDatabasesService>,
    users: OnceCell<SqlUsersService>,
    operations: OnceCell<SqlOperationsService>,
}

/// One of Google's clients, made when it is first needed: each reads the system's certificate
/// authorities anew, which takes longer than a plan without changes otherwise does.
macro_rules! client {
    ($api:ident.$field:ident: $service:ident) => {
        $api.$field
            .get_or_try_init(|| async {
                // A redirection would take what is sent, a password maybe, to a place that nobody
                // named.
                google_cloud_gax::client_builder::internal::with_follow_redirects(
                    $service::builder(),
                    false,
                )
                .with_retry_policy(NeverRetry)
                .with_endpoint(&$api.url)
                .with_credentials($api.credentials.clone())
                .build()
                .await
                .map_err(|error| cannot_start(&error))
            })
            .await?
    };
}

impl Api {
    /// Finds credentials. Asks nothing of Cloud SQL yet.
    pub(super) fn connect(project: &str, endpoint: &Endpoint) -> Result<Self, ProviderError> {
        stays_here(endpoint.url(), |name| std::env::var(name).ok()).map_err(|proxy| {
            ProviderError::new(ErrorKind::Environment, proxy.to_string()).remedy(proxy.remedy())
        })?;
        // One set of credentials, so that one token serves all clients.
        let login = if endpoint.is_anonymous() {
            Login::anonymous()
        } else {
            Login::find().map_err(|error| no_credentials(&error))?
        };
        let credentials = Credentials::from(login.clone());
        Ok(Self {
            project: project.to_owned(),
            url: endpoint.url().to_owned(),
            wire: Wire::new(credentials.clone()),
            login,
            credentials,
            instances: OnceCell::new(),
            databases: OnceCell::new(),
            users: OnceCell::new(),
            operations: OnceCell::new(),
        })
    }

    pub(super) fn project(&self) -> &str {
        &self.project
    }

    fn call<'a>(&'a self, method: Method, of: &'a str) -> Call<'a> {
        Call {
            method,
            of,
            project: &self.project,
        }
    }

    /// Every instance of the project, ours or not, of every kind and region.
    ///
    /// There is no filter, on purpose: a name is taken by whatever bears it, an instance without
    /// our labels under a name that the plan wants stops the plan, and a primary is not deleted
    /// under a replica that bears no label of ours. A filter by labels would hide all three.
    pub(super) async fn list(&self) -> Result<Vec<DatabaseInstance>, ProviderError> {
        let call = self.call(Method::List, &self.project);
        let mut found = Vec::new();
        let (mut pages, mut token) = (Pages::default(), String::new());
        loop {
            let mut address = self.address("")?;
            address
                .query_pairs_mut()
                .append_pair("maxResults", PAGE)
                .append_pair("pageToken", &token);
            let request = self.wire.http().await?.get(address);
            let page: InstancesListResponse = self.made(call, self.wire.answer(request)).await?;
            is_complete(&page.warnings)?;
            found.extend(page.items);
            let next = pages.next(Some(page.next_page_token)).map_err(|circle| {
                ProviderError::new(ErrorKind::Internal, format!("{call} failed: {circle}"))
            })?;
            match next {
                Some(next) => token = next,
                None => return Ok(found),
            }
        }
    }

    /// One instance.
    pub(super) async fn get(&self, name: &str) -> Result<DatabaseInstance, ProviderError> {
        let request = self.wire.http().await?.get(self.address(name)?);
        self.made(self.call(Method::Get, name), self.wire.answer(request))
            .await
    }

    /// Where an instance is; without a name, where all of the project are.
    fn address(&self, name: &str) -> Result<Url, ProviderError> {
        let base = format!("{}/v1/projects/", self.url);
        let mut address = Url::parse(&base).map_err(|error| cannot_start(&error))?;
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().push(&self.project).push("instances");
            if !name.is_empty() {
                path.push(name);
            }
        }
        Ok(address)
    }

    /// Makes an instance.
    pub(super) async fn insert(&self, body: DatabaseInstance) -> Result<Operation, ProviderError> {
        let name = body.name.clone();
        let request = client!(self.instances: SqlInstancesService)
            .insert()
            .set_project(&self.project)
            .set_body(body)
            .with_attempt_timeout(ANSWER)
            .with_user_agent(AGENT);
        self.made(self.call(Method::Insert, &name), Box::pin(request.send()))
            .await
    }

    /// Alters an instance: only what is in the body.
    pub(super) async fn patch(
        &self,
        name: &str,
        body: DatabaseInstance,
    ) -> Result<Operation, ProviderError> {
        let request = client!(self.instances: SqlInstancesService)
            .patch()
            .set_project(&self.project)
            .set_instance(name)
            .set_body(body)
            .with_attempt_timeout(ANSWER)
            .with_user_agent(AGENT);
        self.made(self.call(Method::Patch, name), Box::pin(request.send()))
            .await
    }

    /// Sets an instance's labels to these, and takes off those that are to go.
    ///
    /// A patch merges labels, so that one goes only where it is sent as `null`, as Google's own
    /// tool does it; the client's model has no word for that.
    pub(super) async fn relabel(
        &self,
        name: &str,
        version: Option<i64>,
        labels: &Tags,
        go: &[String],
    ) -> Result<Operation, ProviderError> {
        let call = self.call(Method::Patch, name);
        let stay = labels
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)));
        let go = go.iter().map(|key| (key.clone(), Value::Null));
        let labels: serde_json::Map<String, Value> = stay.chain(go).collect();
        let mut settings = json!({"userLabels": labels});
        if let Some(version) = version {
            settings["settingsVersion"] = version.to_string().into();
        }
        let request = self.wire.http().await?.patch(self.address(name)?);
        let request = request.json(&json!({"settings": settings}));
        self.made(call, Box::pin(self.wire.answer(request))).await
    }

    /// Deletes an instance, with a last backup where one is asked for.
    pub(super) async fn delete(
        &self,
        name: &str,
        final_backup: bool,
    ) -> Result<Operation, ProviderError> {
        let mut request = client!(self.instances: SqlInstancesService)
            .delete()
            .set_project(&self.project)
            .set_instance(name)
            .with_attempt_timeout(ANSWER)
            .with_user_agent(AGENT);
        let mut method = Method::Delete;
        if final_backup {
            method = Method::DeleteBackedUp;
            request = request
                .set_enable_final_backup(true)
                .set_final_backup_description(format!("last backup of {name}, by pgfleet"));
        }
        self.made(self.call(method, name), Box::pin(request.send()))
            .await
    }

    /// Makes a database on an instance.
    pub(super) async fn insert_database(
        &self,
        name: &str,
        database: &str,
    ) -> Result<Operation, ProviderError> {
        let request = client!(self.databases: SqlDatabasesService)
            .insert()
            .set_project(&self.project)
            .set_instance(name)
            .set_body(Database::new().set_name(database))
            .with_attempt_timeout(ANSWER)
            .with_user_agent(AGENT);
        let call = self.call(Method::InsertDatabase, name);
        self.made(call, Box::pin(request.send())).await
    }

    /// Gives the administrator of an instance another password.
    pub(super) async fn set_password(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Operation, ProviderError> {
        let request = client!(self.users: SqlUsersService)
            .update()
            .set_project(&self.project)
            .set_instance(name)
            .set_name(ADMIN)
            .set_body(User::new().set_name(ADMIN).set_password(password))
            .with_attempt_timeout(ANSWER)
            .with_user_agent(AGENT);
        let call = self.call(Method::UpdateUser, name);
        self.made(call, Box::pin(request.send())).await
    }

    /// Waits for an answer, credentials included, within bounds.
    async fn made<T>(
        &self,
        call: Call<'_>,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ProviderError> {
        let sent = Instant::now();
        let login = self.login.number();
        let answer = tokio::time::timeout(ANSWER + Duration::from_secs(5), request).await;
        let answer = answer.unwrap_or_else(|late| Err(Error::timeout(late)));
        log(call.method, &answer, sent);
        let mut error = match answer {
            Ok(answer) => {
                self.login.taken(login);
                return Ok(answer);
            }
            Err(error) => explain(call, &error),
        };
        if error.kind == ErrorKind::Credentials && self.login.refused(login) {
            error.kind = ErrorKind::Expired;
            error.retry = Retry::Backoff;
        }
        Err(error)
    }

    /// One long operation.
    pub(super) async fn operation(&self, name: &str) -> Result<Operation, ProviderError> {
        let request = client!(self.operations: SqlOperationsService)
            .get()
            .set_project(&self.project)
            .set_operation(name)
            .with_attempt_timeout(ANSWER)
            .with_user_agent(AGENT);
        self.made(self.call(Method::Operation, name), request.send())
            .await
    }
}

/// One line for each request, never its body. Google names a request nowhere in its answers.
fn log<T>(method: Method, answer: &Result<T, Error>, sent: Instant) {
    let status = match answer {
        Ok(_) => Some(200),
        Err(error) => error.http_status_code(),
    };
    http::log(&http::Sent {
        operation: Some(method.name()),
        status,
        since: Some(sent),
        ..http::Sent::default()
    });
}

/// Half a listing would look like missing instances.
fn is_complete(warnings: &[ApiWarning]) -> Result<(), ProviderError> {
    let unreachable = warnings
        .iter()
        .find(|warning| warning.code == SqlApiWarningCode::RegionUnreachable);
    unreachable.map_or(Ok(()), |warning| {
        let region = sentence(&warning.region);
        let why = format!("the list of instances is not whole: Google cannot reach {region}");
        Err(ProviderError::new(ErrorKind::Unreachable, why)
            .remedy("run the same command again; see status.cloud.google.com")
            .retry(Retry::Backoff))
    })
}

pub(super) fn cannot_start(error: &dyn std::error::Error) -> ProviderError {
    let why = format!(
        "Google's client cannot start: {}",
        sentence(&error.to_string())
    );
    ProviderError::new(ErrorKind::Environment, why)
        .remedy("check the endpoint and the system's certificates (SSL_CERT_FILE)")
}
