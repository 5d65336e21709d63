//! Where the administrators' passwords are read from, by fleet.
//!
//! A change of a password names its version only: plans, events and saved files hold nothing more.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use pgfleet_model::{Field, FieldChange, FleetName, Mutation, Operation, PasswordSource};
use pgfleet_planner::PASSWORD_VERSION;

/// Shared by both halves of the provider.
#[derive(Debug, Clone, Default)]
pub(super) struct Passwords(Arc<Mutex<BTreeMap<FleetName, PasswordSource>>>);

impl Passwords {
    pub(super) fn remember(&self, fleet: FleetName, source: PasswordSource) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(fleet, source);
    }

    pub(super) fn of(&self, fleet: &FleetName) -> Option<PasswordSource> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(fleet).cloned()
    }
}

/// Whether this is the version of the administrator's password.
pub(super) fn is_password(field: &Field) -> bool {
    matches!(field, Field::Setting(name) if name == PASSWORD_VERSION)
}

/// Whether a mutation changes the administrator's password.
pub(super) fn rotates(mutation: &Mutation) -> bool {
    match &mutation.operation {
        Operation::Modify { fields, .. } => has_password(fields),
        _ => false,
    }
}

pub(super) fn has_password(fields: &[FieldChange]) -> bool {
    fields.iter().any(|change| is_password(&change.field))
}
