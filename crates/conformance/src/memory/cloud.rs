//! The state behind the platform in memory, shared by all who talk to it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pgfleet_model::{
    Attributes, Condition, Endpoint, Field, Inventory, ObjectVersion, ObservedInstance, Operation,
    Owner, Phase, ResourceRef, Role, Tags, Value,
};
use tokio::time::Instant;

use super::{Call, Effect, Fault, History, LaneKind, MemoryRules, What};

/// Work that the cloud does on one instance.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) name: String,
    pub(super) operation: Operation,
    pub(super) ends: Instant,
    pub(super) fails: bool,
}

/// A value that does not hold yet; without a time it waits for the maintenance window.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) value: Value,
    pub(super) due: Option<Instant>,
}

/// One instance.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// Every tag, pgfleet's own among them.
    pub(super) tags: Tags,
    pub(super) role: Role,
    pub(super) source: Option<ResourceRef>,
    pub(super) attributes: Attributes,
    pub(super) pending: BTreeMap<Field, Pending>,
    pub(super) revision: u64,
    pub(super) stopped: bool,
    pub(super) failed: bool,
    pub(super) broken: Option<String>,
    pub(super) odd_until: Option<Instant>,
    pub(super) work: Option<Work>,
}

impl Live {
    pub(super) fn new(tags: Tags, role: Role, source: Option<ResourceRef>) -> Self {
        Self {
            tags,
            role,
            source,
            attributes: Attributes::default(),
            pending: BTreeMap::new(),
            revision: 1,
            stopped: false,
            failed: false,
            broken: None,
            odd_until: None,
            work: None,
        }
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        Owner::take_from(&mut self.tags.clone())
    }

    fn phase(&self, now: Instant) -> (Phase, &'static str) {
        if self.odd_until.is_some_and(|until| now < until) {
            return (Phase::Unknown, "rearranging-the-furniture");
        }
        match self.work.as_ref().map(|work| &work.operation) {
            Some(Operation::CreatePrimary { .. } | Operation::CreateReplica { .. }) => {
                (Phase::Creating, "being-created")
            }
            Some(Operation::Modify { .. }) => (Phase::Modifying, "being-modified"),
            Some(Operation::Start) => (Phase::Modifying, "starting"),
            Some(Operation::Delete { .. }) => (Phase::Deleting, "being-deleted"),
            None if self.failed => (Phase::Failed, "failed"),
            None if self.stopped => (Phase::Stopped, "stopped"),
            None => (Phase::Available, "available"),
        }
    }
}

/// How an operation with a name ended, or that it has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Open,
    Done,
    Failed(String),
}

pub(super) type FaultSource = Box<dyn FnMut(&What) -> Option<Fault> + Send>;

pub(super) struct State {
    pub(super) rules: MemoryRules,
    pub(super) began: Option<Instant>,
    pub(super) instances: BTreeMap<ResourceRef, Live>,
    pub(super) operations: BTreeMap<String, Ending>,
    pub(super) snapshots: Vec<ResourceRef>,
    pub(super) history: History,
    pub(super) faults: FaultSource,
}

impl State {
    /// What excludes an instance's mutations from others'.
    pub(super) fn lane<'a>(
        &self,
        resource: &'a ResourceRef,
        source: Option<&'a ResourceRef>,
    ) -> &'a ResourceRef {
        match self.rules.lanes {
            LaneKind::Instance => resource,
            LaneKind::Primary => source.unwrap_or(resource),
        }
    }

    /// The replicas that follow an instance.
    pub(super) fn followers(&self, of: &ResourceRef) -> Vec<ResourceRef> {
        let follows = |live: &Live| live.source.as_ref() == Some(of);
        let found = self.instances.iter().filter(|(_, live)| follows(live));
        found.map(|(resource, _)| resource.clone()).collect()
    }

    pub(super) fn inventory(&self, now: Instant) -> Inventory {
        self.instances
            .iter()
            .map(|(resource, live)| self.show(resource, live, now))
            .collect()
    }

    fn show(&self, resource: &ResourceRef, live: &Live, now: Instant) -> ObservedInstance {
        let mut tags = live.tags.clone();
        let owner = Owner::take_from(&mut tags);
        let (phase, raw_phase) = live.phase(now);
        let endpoint = (phase != Phase::Creating).then(|| Endpoint {
            host: format!("{resource}.memory.invalid"),
            port: 5432,
        });
        // Whether something is broken shows once it runs.
        let broken = live.broken.clone().filter(|_| phase != Phase::Creating);
        let condition = broken.map_or(Condition::Sound, Condition::Broken);
        let version = ObjectVersion(live.revision.to_string());
        ObservedInstance {
            resource: resource.clone(),
            owner,
            role: live.role,
            source: live.source.clone(),
            phase,
            raw_phase: raw_phase.to_owned(),
            condition,
            endpoint,
            version: self.rules.compare_and_set.then_some(version),
            attributes: Attributes {
                tags,
                ..live.attributes.clone()
            },
            pending: live
                .pending
                .iter()
                .map(|(field, pending)| (field.clone(), pending.value.clone()))
                .collect(),
        }
    }
}

/// A cloud in memory. Clones are the same cloud.
#[derive(Clone)]
pub struct MemoryCloud(Arc<Mutex<State>>);

impl MemoryCloud {
    /// An empty cloud with these rules.
    pub fn new(rules: MemoryRules) -> Self {
        Self(Arc::new(Mutex::new(State {
            rules,
            began: None,
            instances: BTreeMap::new(),
            operations: BTreeMap::new(),
            snapshots: Vec::new(),
            history: History::default(),
            faults: Box::new(|_| None),
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as it is now, with all that has come to its end meanwhile.
    pub(super) fn settled(&self) -> (MutexGuard<'_, State>, Instant) {
        let now = Instant::now();
        let mut state = self.state();
        state.settle(now);
        (state, now)
    }

    /// Its rules.
    pub fn rules(&self) -> MemoryRules {
        self.state().rules.clone()
    }

    /// Everything that is there now, whoever's it is.
    pub fn inventory(&self) -> Inventory {
        let (state, now) = self.settled();
        state.inventory(now)
    }

    /// Every call so far.
    pub fn history(&self) -> History {
        self.state().history.clone()
    }

    /// How many calls there were so far.
    pub fn calls(&self) -> usize {
        self.state().history.calls.len()
    }

    /// The primaries of which a last snapshot was taken, in order.
    pub fn snapshots(&self) -> Vec<ResourceRef> {
        self.state().snapshots.clone()
    }

    /// From now on this decides what goes wrong: it is asked once for every call.
    pub fn set_faults(&self, faults: impl FnMut(&What) -> Option<Fault> + Send + 'static) {
        self.state().faults = Box::new(faults);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        self.set_faults(|_| None);
    }

    /// Writes a call down, and decides what goes wrong with it. Returns its place in the history.
    pub(super) fn hear(&self, what: What) -> (usize, Option<Fault>) {
        let (mut state, now) = self.settled();
        let began = *state.began.get_or_insert(now);
        let fault = (state.faults)(&what);
        let at = now.saturating_duration_since(began);
        state.history.calls.push(Call {
            at,
            what,
            fault: fault.clone(),
            effect: Effect::None,
        });
        (state.history.calls.len() - 1, fault)
    }

    pub(super) fn note(&self, call: usize, effect: Effect) {
        if let Some(call) = self.state().history.calls.get_mut(call) {
            call.effect = effect;
        }
    }
}
