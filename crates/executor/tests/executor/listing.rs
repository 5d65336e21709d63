//! Listings for several fleets at once.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use pgfleet_conformance::memory::MemoryRules;
use pgfleet_executor::{Traffic, list};
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion, Region};
use pgfleet_planner::Platform;
use pgfleet_provider::{ErrorKind, Operation, Progress, Provider, ProviderError, Scope, Secrets};

use crate::support::Bench;

/// A platform with a region that must not be listed.
struct Closed(Arc<dyn Provider>);

#[async_trait]
impl Provider for Closed {
    fn platform(&self) -> &dyn Platform {
        self.0.platform()
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        self.0.identity().await
    }

    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError> {
        if scope.regions.contains(&Region::new("closed")) {
            return Err(ProviderError::new(ErrorKind::Permission, "closed"));
        }
        self.0.observe(scope).await
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        self.0.preflight(mutations).await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        self.0.begin(mutation, expect, secrets).await
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        self.0.poll(operations).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_cannot_be_listed_is_no_trouble_of_fleets_elsewhere() {
    let bench = Bench::new(MemoryRules::like_rds());
    let closed: Arc<dyn Provider> = Arc::new(Closed(Arc::clone(&bench.provider)));
    let scope = |region: &str| Scope {
        regions: BTreeSet::from([Region::new(region)]),
        ..Scope::default()
    };
    let requests = ["here", "closed", "here"].map(|region| (Arc::clone(&closed), scope(region)));
    let before = bench.cloud.history().count().observe;
    let listings = list(requests.to_vec(), &Traffic::new(0)).await;
    let told: Vec<bool> = listings.iter().map(Result::is_ok).collect();
    assert_eq!(told, [true, false, true]);
    assert_eq!(bench.cloud.history().count().observe - before, 1);
}
