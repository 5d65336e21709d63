//! Listings for several fleets with as few calls as there are providers.

use std::sync::Arc;

use futures_util::future::join_all;
use pgfleet_model::Inventory;
use pgfleet_provider::{Provider, ProviderError, Scope};

use crate::Traffic;

/// What one provider saw, shared by its fleets.
pub type Listing = Result<Arc<Inventory>, ProviderError>;

/// Lists for each request; those of one provider are answered by one listing of the scopes taken
/// together. Providers are asked side by side; the answers are in the order of the requests.
pub async fn list(
    requests: Vec<(Arc<dyn Provider>, Scope)>,
    traffic: &Arc<Traffic>,
) -> Vec<Listing> {
    let mut groups: Vec<(Arc<dyn Provider>, Scope)> = Vec::new();
    let mut group_of = Vec::with_capacity(requests.len());
    for (provider, scope) in requests {
        let known = groups
            .iter()
            .position(|(other, _)| Arc::ptr_eq(other, &provider));
        group_of.push(known.unwrap_or(groups.len()));
        match known {
            Some(known) => {
                let joint = &mut groups[known].1;
                joint.regions.extend(scope.regions);
                joint.fleets.extend(scope.fleets);
            }
            None => groups.push((provider, scope)),
        }
    }
    let asked = groups.iter().map(|(provider, scope)| async move {
        let regions = scope.regions.clone();
        let ask = async || provider.observe(scope).await;
        let listed = traffic.ask(provider.as_ref(), regions, ask).await;
        listed.map(Arc::new)
    });
    let answers = join_all(asked).await;
    group_of
        .into_iter()
        .map(|group| answers[group].clone())
        .collect()
}
