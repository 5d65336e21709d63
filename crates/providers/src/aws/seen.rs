//! What was last seen of each instance, whichever call showed it.

pub(super) mod gone;
pub(super) mod polled;
pub(super) mod replicas;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use pgfleet_model::{Owner, PgVersion, Phase, ResourceRef, Storage};

use super::{observe::Listed, setting};

/// What calls need to know of an instance beyond its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Some calls name instances by it.
    pub(super) arn: Option<String>,
    pub(super) owner: Option<Owner>,
    pub(super) class: Option<String>,
    /// Where it is not PostgreSQL.
    pub(super) other_engine: Option<String>,
    pub(super) postgres: Option<PgVersion>,
    pub(super) storage: Storage,
    /// Whether it is in a state that does not pass by itself.
    pub(super) has_failed: bool,
    /// Its replicas by its own account.
    pub(super) replicas: Vec<ResourceRef>,
}

/// The instances by name, as they were last seen.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeMap<ResourceRef, Known>>);

impl Seen {
    /// Keeps what a listing or an answer says of one instance.
    pub(super) fn note(&self, listed: &Listed) {
        let Listed {
            instance,
            arn,
            replicas,
        } = listed;
        let known = Known {
            arn: arn.clone(),
            owner: instance.owner.clone(),
            class: instance.attributes.size.clone(),
            other_engine: instance
                .attributes
                .text(setting::OTHER_ENGINE)
                .map(ToOwned::to_owned),
            postgres: instance.attributes.postgres,
            storage: instance.attributes.storage.clone(),
            has_failed: instance.phase == Phase::Failed,
            replicas: replicas.clone(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(instance.resource.clone(), known);
    }

    pub(super) fn of(&self, resource: &ResourceRef) -> Option<Known> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(resource).cloned()
    }
}
