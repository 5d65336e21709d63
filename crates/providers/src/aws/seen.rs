//! What was last seen of each instance, whichever call showed it.

pub(super) mod gone;
pub(super) mod polled;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use pgfleet_model::{ObservedInstance, Owner, PgVersion, ResourceRef, Storage};

use super::observe::Listed;

/// What calls need to know of an instance beyond its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Some calls name instances by it.
    pub(super) arn: Option<String>,
    pub(super) owner: Option<Owner>,
    pub(super) class: Option<String>,
    pub(super) postgres: Option<PgVersion>,
    pub(super) storage: Storage,
}

/// The instances by name, as they were last seen.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeMap<ResourceRef, Known>>);

impl Seen {
    /// Keeps what a listing or an answer says of one instance.
    pub(super) fn note(&self, listed: Listed) -> ObservedInstance {
        let Listed { instance, arn, .. } = listed;
        let known = Known {
            arn,
            owner: instance.owner.clone(),
            class: instance.attributes.size.clone(),
            postgres: instance.attributes.postgres,
            storage: instance.attributes.storage.clone(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(instance.resource.clone(), known);
        instance
    }

    pub(super) fn of(&self, resource: &ResourceRef) -> Option<Known> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(resource).cloned()
    }
}
