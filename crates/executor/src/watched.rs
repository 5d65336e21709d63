//! Every call to a platform: logged, and bounded in time.

use std::{
    collections::BTreeSet, fmt::Display, path::PathBuf, sync::Arc, time::Duration, time::SystemTime,
};

use async_trait::async_trait;
use pgfleet_model::{
    AccountId, Check, Inventory, Mutation, ObjectVersion, Owner, Region, ResourceRef,
};
use pgfleet_provider::{
    ErrorKind, Login, Operation, Platform, Progress, Provider, ProviderError, Retry, Scope, Secrets,
};
use pgfleet_spec::Spec;
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

/// Longest that one call may take, all its requests and the reading of a password included. A
/// provider's own bounds, a minute for one request, come first; this one is for what they miss.
const LONGEST: Duration = Duration::from_secs(180);

/// A provider whose calls are logged and come to an end. What is logged is named by its fields:
/// provider, operation, regions, resource, seconds and outcome; never a password, since errors and
/// names hold none.
pub struct Watched {
    inner: Arc<dyn Provider>,
    longest: Duration,
}

impl Watched {
    /// Watches a provider. Every function of the trait is passed on.
    pub fn new(inner: Arc<dyn Provider>) -> Self {
        Self {
            inner,
            longest: LONGEST,
        }
    }

    /// Makes a call; one that is not answered in time is a lost answer.
    async fn call<T>(
        &self,
        what: What<'_>,
        lost: Retry,
        work: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let span = self.span(what);
        async {
            let began = Instant::now();
            let answer = match timeout(self.longest, work).await {
                Ok(answer) => answer,
                Err(_) => Err(self.unanswered(what, lost)),
            };
            log(began, &answer);
            answer
        }
        .instrument(span)
        .await
    }

    fn span(&self, what: What<'_>) -> tracing::Span {
        let What {
            operation,
            regions,
            resource,
        } = what;
        let provider = self.platform().kind();
        let regions = match (regions, resource) {
            (Some(regions), _) => Some(join(regions.iter())),
            (None, Some(resource)) => Some(resource.region.to_string()),
            (None, None) => None,
        };
        tracing::info_span!(
            "call",
            %provider,
            operation,
            regions,
            resource = resource.map(tracing::field::display),
        )
    }

    fn unanswered(&self, what: What<'_>, retry: Retry) -> ProviderError {
        let about = what
            .resource
            .map(|resource| format!("{resource}: "))
            .unwrap_or_default();
        let why = format!(
            "{about}{} does not answer: {} was given up after {} s",
            self.platform().kind(),
            what.operation,
            self.longest.as_secs()
        );
        ProviderError::new(ErrorKind::Unreachable, why)
            .remedy("look at the network and the endpoint, then run the same command again")
            .retry(retry)
    }
}

/// What a call is about.
#[derive(Clone, Copy)]
struct What<'a> {
    operation: &'static str,
    regions: Option<&'a BTreeSet<Region>>,
    resource: Option<&'a ResourceRef>,
}

impl<'a> What<'a> {
    fn general(operation: &'static str) -> Self {
        Self {
            operation,
            regions: None,
            resource: None,
        }
    }

    fn at(operation: &'static str, resource: &'a ResourceRef) -> Self {
        Self {
            resource: Some(resource),
            ..Self::general(operation)
        }
    }

    fn within(operation: &'static str, regions: &'a BTreeSet<Region>) -> Self {
        Self {
            regions: Some(regions),
            ..Self::general(operation)
        }
    }
}

fn join(words: impl Iterator<Item = impl Display>) -> String {
    let words: Vec<String> = words.map(|word| word.to_string()).collect();
    words.join(",")
}

fn log<T>(began: Instant, answer: &Result<T, ProviderError>) {
    let seconds = began.elapsed().as_secs_f64();
    match answer {
        Ok(_) => tracing::info!(seconds, outcome = "ok", "answered"),
        Err(error) => tracing::info!(
            seconds,
            outcome = ?error.kind,
            retry = ?error.retry,
            why = %error.message,
            "failed"
        ),
    }
}

#[async_trait]
impl Provider for Watched {
    fn platform(&self) -> &dyn Platform {
        self.inner.platform()
    }

    fn take_note(&self, spec: &Spec) {
        self.inner.take_note(spec);
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        let what = What::general("identity");
        self.call(what, Retry::Backoff, self.inner.identity()).await
    }

    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError> {
        let what = What::within("observe", &scope.regions);
        self.call(what, Retry::Backoff, self.inner.observe(scope))
            .await
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        let regions = regions_of(mutations.iter().copied());
        let what = What::within("preflight", &regions);
        self.call(what, Retry::Backoff, self.inner.preflight(mutations))
            .await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let what = What::at(mutation.operation.verb(), &mutation.resource);
        let work = self.inner.begin(mutation, expect, secrets);
        self.call(what, Retry::Reobserve, work).await
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        let regions = regions_of(operations.iter().map(|operation| &operation.mutation));
        let what = What::within("poll", &regions);
        let work = async { Ok(self.inner.poll(operations).await) };
        match self.call(what, Retry::Backoff, work).await {
            Ok(answers) => answers,
            Err(error) => operations.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn polled(&self, scope: &Scope) -> Option<Arc<Inventory>> {
        self.inner.polled(scope)
    }

    async fn claim(
        &self,
        resource: &ResourceRef,
        owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        let what = What::at("claim", resource);
        // The same tags may be set twice.
        self.call(what, Retry::Backoff, self.inner.claim(resource, owner))
            .await
    }

    async fn credentials_expire(&self) -> Option<SystemTime> {
        let what = What::general("credentials");
        let work = async { Ok(self.inner.credentials_expire().await) };
        self.call(what, Retry::Never, work).await.unwrap_or(None)
    }

    async fn own_login(&self, primary: &ResourceRef) -> Result<Option<Login>, ProviderError> {
        let what = What::at("own login", primary);
        self.call(what, Retry::Backoff, self.inner.own_login(primary))
            .await
    }

    fn admin_passfile(&self, primary: &ResourceRef) -> Option<PathBuf> {
        self.inner.admin_passfile(primary)
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// The regions that changes lie in.
pub(crate) fn regions_of<'a>(mutations: impl Iterator<Item = &'a Mutation>) -> BTreeSet<Region> {
    mutations
        .map(|mutation| mutation.resource.region.clone())
        .collect()
}
