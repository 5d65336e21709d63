//! What the last poll listed, as long as it still tells how things are.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pgfleet_model::{Inventory, ObservedInstance, Region, ResourceRef};
use pgfleet_provider::{ProviderError, Scope};

/// One region's listing.
#[derive(Debug, Clone, Default)]
pub(in crate::aws) struct Page {
    pub(in crate::aws) instances: BTreeMap<ResourceRef, ObservedInstance>,
    /// Regions in which replicas of pgfleet's instances lie.
    pub(in crate::aws) beyond: BTreeSet<Region>,
}

/// The last poll's listings, forgotten with every call that changes something. Fleets share them:
/// they grow with the account.
#[derive(Debug, Default)]
pub(in crate::aws) struct Polled(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Counts calls that change something, at their beginning and at their end.
    calls: u64,
    under_way: u32,
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    regions: BTreeSet<Region>,
    beyond: BTreeSet<Region>,
    inventory: Arc<Inventory>,
}

/// A call that changes something, until this is dropped.
#[derive(Debug)]
pub(in crate::aws) struct Changing<'a>(&'a Polled);

/// How many calls there had been when a poll began; `None` where one was under way.
#[derive(Debug, Clone, Copy)]
pub(in crate::aws) struct Mark(Option<u64>);

impl Polled {
    pub(in crate::aws) fn changing(&self) -> Changing<'_> {
        let mut state = self.state();
        state.under_way += 1;
        state.forget();
        Changing(self)
    }

    pub(in crate::aws) fn mark(&self) -> Mark {
        let state = self.state();
        Mark((state.under_way == 0).then_some(state.calls))
    }

    /// Keeps what a poll listed, unless something was changed while it did.
    pub(in crate::aws) fn keep(
        &self,
        began: Mark,
        listings: &BTreeMap<Region, Result<Page, ProviderError>>,
    ) {
        let mut state = self.state();
        if began.0 != Some(state.calls) {
            return;
        }
        let pages = || {
            let listed = listings.iter();
            listed.filter_map(|(region, page)| Some((region, page.as_ref().ok()?)))
        };
        let instances = pages().flat_map(|(_, page)| page.instances.values().cloned());
        state.last = Some(Last {
            regions: pages().map(|(region, _)| region.clone()).collect(),
            beyond: pages().flat_map(|(_, page)| page.beyond.clone()).collect(),
            inventory: Arc::new(instances.collect()),
        });
    }

    /// All instances, where every region of the scope was listed, and each that these lead to.
    pub(in crate::aws) fn covering(&self, scope: &Scope) -> Option<Arc<Inventory>> {
        let state = self.state();
        let last = state.last.as_ref()?;
        let mut wanted = scope.regions.iter().chain(&last.beyond);
        let is_whole = wanted.all(|region| last.regions.contains(region));
        is_whole.then(|| Arc::clone(&last.inventory))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget(&mut self) {
        self.calls += 1;
        self.last = None;
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way = state.under_way.saturating_sub(1);
        state.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(regions: &[&str]) -> Scope {
        Scope {
            regions: regions.iter().copied().map(Region::new).collect(),
            ..Scope::default()
        }
    }

    fn listings(
        regions: &[&str],
        beyond: &[&str],
    ) -> BTreeMap<Region, Result<Page, ProviderError>> {
        let page = Page {
            beyond: beyond.iter().copied().map(Region::new).collect(),
            ..Page::default()
        };
        let pages = regions
            .iter()
            .map(|region| (Region::new(*region), Ok(page.clone())));
        pages.collect()
    }

    #[test]
    fn a_poll_s_listing_serves_until_something_is_changed() {
        let polled = Polled::default();
        assert!(polled.covering(&scope(&["here"])).is_none());
        polled.keep(polled.mark(), &listings(&["here"], &[]));
        let one = polled.covering(&scope(&["here"])).unwrap();
        let other = polled.covering(&scope(&["here"])).unwrap();
        assert!(Arc::ptr_eq(&one, &other), "each fleet has its own copy");
        drop(polled.changing());
        assert!(polled.covering(&scope(&["here"])).is_none());
    }

    #[test]
    fn a_poll_beside_which_something_was_changed_serves_nobody() {
        let polled = Polled::default();
        let mark = polled.mark();
        drop(polled.changing());
        polled.keep(mark, &listings(&["here"], &[]));
        assert!(polled.covering(&scope(&["here"])).is_none());
        let changing = polled.changing();
        let mark = polled.mark();
        drop(changing);
        polled.keep(mark, &listings(&["here"], &[]));
        assert!(polled.covering(&scope(&["here"])).is_none());
    }

    #[test]
    fn half_a_listing_serves_nobody() {
        let polled = Polled::default();
        polled.keep(polled.mark(), &listings(&["here"], &["there"]));
        assert!(polled.covering(&scope(&["here"])).is_none());
        polled.keep(polled.mark(), &listings(&["here", "there"], &["there"]));
        assert!(polled.covering(&scope(&["here", "there"])).is_some());
        assert!(polled.covering(&scope(&["here", "elsewhere"])).is_none());
    }
}
