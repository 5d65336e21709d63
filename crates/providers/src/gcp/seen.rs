//! What was seen of instances, or sent to them, and is still needed.
//!
//! The list lags behind at times. Who looks right after a change would take it for one that came to
//! nothing, and a run that did all it had to would end as failed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pgfleet_model::{Inventory, Mutation, ObservedInstance, Operation, Phase, ResourceRef};
use pgfleet_planner::{Platform, Standing};
use pgfleet_provider::ProviderError;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::shared::{databases, passwords::scrubbed};

/// How long what a list says of disks, which grow by themselves, is good.
const GOOD: Duration = Duration::from_secs(10);

/// Pauses between looks at a list that lags behind: half a minute in all.
pub(super) const PAUSES: [Duration; 7] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

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

/// For each instance the last change that is done and was not seen in a list.
#[derive(Debug, Default)]
pub(super) struct Unseen(Mutex<BTreeMap<ResourceRef, Mutation>>);

impl Unseen {
    /// Google says that a change is done.
    pub(super) fn done(&self, mutation: &Mutation) {
        // A list does not show databases.
        let shows = match &mutation.operation {
            Operation::Modify { fields, .. } => databases::made_by(fields).is_none(),
            _ => true,
        };
        if shows {
            let resource = mutation.resource.clone();
            locked(&self.0).insert(resource, mutation.clone());
        }
    }

    /// Another change is on its way, after which this one may not be seen any more.
    pub(super) fn forget(&self, resource: &ResourceRef) {
        locked(&self.0).remove(resource);
    }

    /// What a list does not show is not waited for any longer.
    pub(super) fn give_up(&self) {
        locked(&self.0).clear();
    }

    /// Whether a list lags behind. What it shows is forgotten.
    pub(super) fn is_missed_by(&self, list: &Inventory, platform: &dyn Platform) -> bool {
        let mut changes = locked(&self.0);
        changes.retain(|resource, mutation| !shows(list.get(resource), mutation, platform));
        !changes.is_empty()
    }
}

/// Whether an instance is as a change leaves it, whatever else is being done to it meanwhile.
fn shows(live: Option<&ObservedInstance>, mutation: &Mutation, platform: &dyn Platform) -> bool {
    let live = live.map(|live| ObservedInstance {
        phase: match live.phase {
            Phase::Modifying | Phase::Unknown => Phase::Available,
            phase => phase,
        },
        ..live.clone()
    });
    let standing = platform.standing(mutation, live.as_ref());
    matches!(standing, Standing::Done | Standing::Failed(_))
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
