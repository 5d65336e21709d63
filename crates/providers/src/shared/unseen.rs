//! What a platform has said to be done and its list does not show yet.
//!
//! The list lags behind at times. Who looks right after a change would take it for one that came to
//! nothing, and a run that did all it had to would end as failed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pgfleet_model::{Inventory, Mutation, ObservedInstance, Operation, Phase, ResourceRef};
use pgfleet_planner::{Platform, Standing};

use super::databases;

/// Pauses between looks at a list that lags behind: half a minute in all.
pub(crate) const PAUSES: [Duration; 7] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// For each instance the last change that is done and was not seen in a list.
#[derive(Debug, Default)]
pub(crate) struct Unseen(Mutex<BTreeMap<ResourceRef, Mutation>>);

impl Unseen {
    /// The platform says that a change is done.
    pub(crate) fn done(&self, mutation: &Mutation) {
        // A list does not show databases.
        let shows = match &mutation.operation {
            Operation::Modify { fields, .. } => databases::made_by(fields).is_none(),
            _ => true,
        };
        if shows {
            let resource = mutation.resource.clone();
            self.changes().insert(resource, mutation.clone());
        }
    }

    /// Another change is on its way, after which this one may not be seen any more.
    pub(crate) fn forget(&self, resource: &ResourceRef) {
        self.changes().remove(resource);
    }

    /// What a list does not show is not waited for any longer.
    pub(crate) fn give_up(&self) {
        self.changes().clear();
    }

    /// Whether a list lags behind. What it shows is forgotten.
    pub(crate) fn is_missed_by(&self, list: &Inventory, platform: &dyn Platform) -> bool {
        let mut changes = self.changes();
        changes.retain(|resource, mutation| !shows(list.get(resource), mutation, platform));
        !changes.is_empty()
    }

    fn changes(&self) -> MutexGuard<'_, BTreeMap<ResourceRef, Mutation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
