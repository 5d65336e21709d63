//! What was seen of instances, or sent to them, and is still needed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pgfleet_model::Inventory;
use pgfleet_provider::ProviderError;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::shared::passwords::scrubbed;

/// How long what a list says of disks, which grow by themselves, is good.
const GOOD: Duration = Duration::from_secs(10);

/// The last list, and when it came.
#[derive(Debug, Default)]
pub(super) struct Last(Mutex<Option<(Instant, Arc<Inventory>)>>);

impl Last {
    pub(super) fn keep(&self, inventory: &Arc<Inventory>) {
        *locked(&self.0) = Some((Instant::now(), Arc::clone(inventory)));
    }

    pub(super) fn get(&self) -> Option<Arc<Inventory>> {
        let last = locked(&self.0);
        last.as_ref().map(|(_, inventory)| Arc::clone(inventory))
    }

    /// The same, where it has just come.
    pub(super) fn fresh(&self) -> Option<Arc<Inventory>> {
        let last = locked(&self.0);
        let fresh = last.as_ref().filter(|(at, _)| at.elapsed() < GOOD);
        fresh.map(|(_, inventory)| Arc::clone(inventory))
    }
}

/// The passwords that this run has sent. Google may repeat them as late as in an operation's end.
#[derive(Debug, Default)]
pub(super) struct Sent(Mutex<Vec<SecretString>>);

impl Sent {
    pub(super) fn note(&self, password: &SecretString) {
        locked(&self.0).push(password.clone());
    }

    /// An error without them.
    pub(super) fn taken_out(&self, error: ProviderError) -> ProviderError {
        let sent = locked(&self.0);
        sent.iter()
            .fold(error, |error, password| scrubbed(error, Some(password)))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Disks grow by themselves while somebody is asked.
    #[test]
    fn a_list_is_good_for_some_seconds() {
        let last = Last::default();
        assert!(last.fresh().is_none());
        last.keep(&Arc::default());
        assert!(last.fresh().is_some());
        let old = Instant::now().checked_sub(GOOD);
        *locked(&last.0) = old.map(|old| (old, Arc::default()));
        assert!(last.fresh().is_none() && last.get().is_some());
    }
}
