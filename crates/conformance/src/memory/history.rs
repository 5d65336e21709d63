//! What was asked of the platform in memory, and what came of it.

use std::time::Duration;

use pgfleet_model::{Mutation, Operation, ResourceRef};
use pgfleet_provider::ErrorKind;

use super::{Fault, What};

/// What a call came to on the platform's side, whatever the caller heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing yet: it is under way, or it was cut off before the platform saw it.
    None,
    /// A listing or another question was answered.
    Told,
    /// Work began.
    Began,
    /// It was attached to work of an earlier call.
    Attached,
    /// It was turned down.
    Refused(ErrorKind),
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it was made, since the cloud began.
    pub at: Duration,
    /// What it asked.
    pub what: What,
    /// What went wrong with it.
    pub fault: Option<Fault>,
    /// What came of it.
    pub effect: Effect,
}

impl Call {
    /// The mutation that it asked for.
    pub fn mutation(&self) -> Option<&Mutation> {
        match &self.what {
            What::Begin(mutation) => Some(mutation),
            _ => None,
        }
    }
}

/// How often each kind of call was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Mutations.
    pub begin: usize,
    /// Listings.
    pub observe: usize,
    /// Polls, each for any number of operations.
    pub poll: usize,
}

/// Every call to one cloud, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The calls.
    pub calls: Vec<Call>,
    /// What no careful caller does: work on what is another's, changes that change nothing,
    /// primaries taken from under their replicas.
    pub offences: Vec<String>,
}

impl History {
    /// How often each kind of call was made.
    pub fn count(&self) -> Calls {
        let count =
            |wanted: fn(&What) -> bool| self.calls.iter().filter(|call| wanted(&call.what)).count();
        Calls {
            begin: count(|what| matches!(what, What::Begin(_))),
            observe: count(|what| *what == What::Observe),
            poll: count(|what| matches!(what, What::Poll(_))),
        }
    }

    /// The mutations that took effect, in order.
    pub fn began(&self) -> impl Iterator<Item = &Mutation> {
        self.calls
            .iter()
            .filter(|call| call.effect == Effect::Began)
            .filter_map(Call::mutation)
    }

    /// How often something began to be made under this name.
    pub fn creates_of(&self, resource: &ResourceRef) -> usize {
        self.began()
            .filter(|mutation| mutation.resource == *resource && mutation.operation.is_create())
            .count()
    }

    /// What began to be deleted, in order.
    pub fn deleted(&self) -> Vec<ResourceRef> {
        self.began()
            .filter(|mutation| matches!(mutation.operation, Operation::Delete { .. }))
            .map(|mutation| mutation.resource.clone())
            .collect()
    }

    /// How often a call was turned down for this reason.
    pub fn refusals(&self, kind: ErrorKind) -> usize {
        self.calls
            .iter()
            .filter(|call| call.effect == Effect::Refused(kind))
            .count()
    }
}
