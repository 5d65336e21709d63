//! Listings for several fleets with as few calls as there are providers.

use std::sync::Arc;

use futures_util::future::join_all;
use pgfleet_model::Inventory;
use pgfleet_provider::{Backoff, ErrorKind, Provider, ProviderError, Scope};

/// What one provider saw, shared by its fleets.
pub type Listing = Result<Arc<Inventory>, ProviderError>;

/// Lists for each request; those of one provider are answered by one listing of the scopes taken
/// together. Providers are asked side by side; the answers are in the order of the requests.
pub async fn list(requests: Vec<(Arc<dyn Provider>, Scope)>) -> Vec<Listing> {
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
        patiently(async || provider.observe(scope).await)
            .await
            .map(Arc::new)
    });
    let answers = join_all(asked).await;
    group_of
        .into_iter()
        .map(|group| answers[group].clone())
        .collect()
}

/// Asks a platform something, and asks again where it is too busy to answer: that passes. One that
/// cannot be reached at all is tried twice more, since people wait for the answer.
///
/// # Errors
/// The last answer's.
pub async fn patiently<T>(
    ask: impl AsyncFn() -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let backoff = Backoff::default();
    let mut attempt = 0;
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        attempt += 1;
        let most = if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Busy) {
            backoff.attempts
        } else {
            2
        };
        let pause = backoff.pause(error.retry, attempt, 0.5);
        match pause.filter(|_| attempt <= most) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
}
