//! A provider that is looked over the shoulder.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion, Owner, ResourceRef};
use pgfleet_provider::{
    Login, Operation, Platform, Progress, Provider, ProviderError, Scope, Secrets,
};
use pgfleet_spec::Spec;

/// Hands every call on, and keeps the mutations.
pub(super) struct Watched {
    inner: Arc<dyn Provider>,
    begun: Mutex<Vec<Mutation>>,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn Provider>) -> Self {
        Self {
            inner,
            begun: Mutex::default(),
        }
    }

    /// The mutations whose call was made, in order.
    pub(super) fn begun(&self) -> Vec<Mutation> {
        self.begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
        self.inner.identity().await
    }

    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError> {
        self.inner.observe(scope).await
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        self.inner.preflight(mutations).await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        self.begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(mutation.clone());
        self.inner.begin(mutation, expect, secrets).await
    }

    fn polled(&self, scope: &Scope) -> Option<Arc<Inventory>> {
        self.inner.polled(scope)
    }

    async fn claim(
        &self,
        resource: &ResourceRef,
        owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        self.inner.claim(resource, owner).await
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        self.inner.poll(operations).await
    }

    async fn credentials_expire(&self) -> Option<SystemTime> {
        self.inner.credentials_expire().await
    }

    async fn own_login(&self, primary: &ResourceRef) -> Result<Option<Login>, ProviderError> {
        self.inner.own_login(primary).await
    }

    fn admin_passfile(&self, primary: &ResourceRef) -> Option<PathBuf> {
        self.inner.admin_passfile(primary)
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
