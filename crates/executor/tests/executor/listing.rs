//! Listings for several fleets at once.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use pgfleet_conformance::memory::MemoryRules;
use pgfleet_executor::{Traffic, Urgency, list};
use pgfleet_model::{Inventory, Region};
use pgfleet_provider::{ErrorKind, Provider, ProviderError, Scope};

use crate::support::{Bench, Otherwise};

/// A platform with a region that must not be listed.
struct Closed;

#[async_trait]
impl Otherwise for Closed {
    async fn observe(
        &self,
        inner: &dyn Provider,
        scope: &Scope,
    ) -> Result<Inventory, ProviderError> {
        if scope.regions.contains(&Region::new("closed")) {
            return Err(ProviderError::new(ErrorKind::Permission, "closed"));
        }
        inner.observe(scope).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_cannot_be_listed_is_no_trouble_of_fleets_elsewhere() {
    let mut bench = Bench::new(MemoryRules::like_rds());
    bench.alter(Closed);
    let scope = |region: &str| Scope {
        regions: BTreeSet::from([Region::new(region)]),
        ..Scope::default()
    };
    let requests =
        ["here", "closed", "here"].map(|region| (Arc::clone(&bench.provider), scope(region)));
    let before = bench.cloud.history().count().observe;
    let listings = list(requests.to_vec(), Urgency::Waited, &Traffic::new(0)).await;
    let told: Vec<bool> = listings.iter().map(Result::is_ok).collect();
    assert_eq!(told, [true, false, true]);
    assert_eq!(bench.cloud.history().count().observe - before, 1);
}
