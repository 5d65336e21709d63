//! Listings for several fleets with as few calls as there are providers.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::join_all;
use pgfleet_model::{Inventory, Region};
use pgfleet_provider::{ErrorKind, Provider, ProviderError, Retry, Scope};

use crate::{Traffic, Urgency};

/// What one provider saw, shared by its fleets.
pub type Listing = Result<Arc<Inventory>, ProviderError>;

/// Lists for each request; those of one provider are answered by one listing of the scopes taken
/// together. Providers are asked side by side; the answers are in the order of the requests.
pub async fn list(
    requests: Vec<(Arc<dyn Provider>, Scope)>,
    urgency: Urgency,
    traffic: &Arc<Traffic>,
) -> Vec<Listing> {
    let mut groups: Vec<Group> = Vec::new();
    let mut place_of = Vec::with_capacity(requests.len());
    for (provider, scope) in requests {
        let is_asked = |group: &Group| Arc::ptr_eq(&group.provider, &provider);
        let known = groups.iter().position(is_asked);
        let group = known.unwrap_or_else(|| {
            groups.push(Group::new(Arc::clone(&provider)));
            groups.len() - 1
        });
        place_of.push((group, scope.regions.clone()));
        groups[group].add(scope);
    }
    let asked = groups.iter().map(|group| group.list(urgency, traffic));
    let answers = join_all(asked).await;
    place_of
        .into_iter()
        .map(|(group, regions)| match &answers[group] {
            Answers::Joint(listing) => listing.clone(),
            Answers::Apart(listings) => {
                let mut listings = listings.iter();
                let listing = listings.find(|(of, _)| *of == regions);
                listing.map_or_else(|| Err(unlisted()), |(_, listing)| listing.clone())
            }
        })
        .collect()
}

/// What is not listed is not known; it must never look like nothing there.
fn unlisted() -> ProviderError {
    ProviderError::new(ErrorKind::Internal, "a fleet's regions were not listed")
}

/// The requests to one provider.
struct Group {
    provider: Arc<dyn Provider>,
    joint: Scope,
    /// What each request wants, those with the same regions once.
    scopes: Vec<Scope>,
}

/// What one provider answered.
enum Answers {
    /// To all of its requests.
    Joint(Listing),
    /// To the requests of each set of regions.
    Apart(Vec<(BTreeSet<Region>, Listing)>),
}

impl Group {
    fn new(provider: Arc<dyn Provider>) -> Self {
        Self {
            provider,
            joint: Scope::default(),
            scopes: Vec::new(),
        }
    }

    fn add(&mut self, scope: Scope) {
        self.joint.regions.extend(scope.regions.iter().cloned());
        self.joint.fleets.extend(scope.fleets.iter().cloned());
        let mut known = self.scopes.iter_mut();
        match known.find(|known| known.regions == scope.regions) {
            Some(known) => known.fleets.extend(scope.fleets),
            None => self.scopes.push(scope),
        }
    }

    /// One listing for all. A region that refuses to be listed is no trouble of fleets elsewhere: they are
    /// listed by themselves then.
    async fn list(&self, urgency: Urgency, traffic: &Arc<Traffic>) -> Answers {
        let joint = self.ask(&self.joint, urgency, traffic).await;
        match &joint {
            Err(error) if error.retry == Retry::Never && self.scopes.len() > 1 => {
                let apart = self.scopes.iter().map(|scope| async {
                    let listing = self.ask(scope, urgency, traffic).await;
                    (scope.regions.clone(), listing)
                });
                Answers::Apart(join_all(apart).await)
            }
            _ => Answers::Joint(joint),
        }
    }

    async fn ask(&self, scope: &Scope, urgency: Urgency, traffic: &Arc<Traffic>) -> Listing {
        let provider = self.provider.as_ref();
        let ask = async || provider.observe(scope).await;
        let regions = scope.regions.clone();
        let listed = traffic.ask_with(urgency, provider, regions, ask).await;
        listed.map(Arc::new)
    }
}
