//! What others do to the cloud behind pgfleet's back.

use pgfleet_model::{Field, ResourceRef, Role, Tags, Value};

use super::{
    MemoryCloud,
    cloud::{Live, Pending},
    life::set,
};

impl MemoryCloud {
    /// Removes an instance at once, whatever follows it. Returns whether it was there.
    pub fn remove(&self, resource: &ResourceRef) -> bool {
        self.settled().0.instances.remove(resource).is_some()
    }

    /// Stops an instance at once.
    pub fn stop(&self, resource: &ResourceRef) -> bool {
        self.alter(resource, |live| live.stopped = true)
    }

    /// Breaks an instance in a way that cannot be mended.
    pub fn damage(&self, resource: &ResourceRef, why: &str) -> bool {
        self.alter(resource, |live| live.broken = Some(why.to_owned()))
    }

    /// Makes a primary of a replica.
    pub fn promote(&self, resource: &ResourceRef) -> bool {
        self.alter(resource, |live| {
            live.role = Role::Primary;
            live.source = None;
        })
    }

    /// Sets one attribute by hand, as somebody does on the vendor's own pages. A replaced value
    /// of the tags keeps the other tags.
    pub fn set_by_hand(&self, resource: &ResourceRef, field: &Field, to: Value) -> bool {
        self.alter(resource, |live| set(live, field, to))
    }

    /// Adds an instance that is not pgfleet's, or follows somebody as a replica.
    pub fn add_foreign(&self, resource: ResourceRef, source: Option<ResourceRef>) {
        let role = if source.is_some() {
            Role::Replica
        } else {
            Role::Primary
        };
        let live = Live::new(Tags::new(), role, source);
        self.settled().0.instances.insert(resource, live);
    }

    /// The maintenance window comes: what waits for it becomes effective.
    pub fn open_window(&self) {
        let (mut state, now) = self.settled();
        let waits = |live: &&mut Live| live.work.is_none();
        for live in state.instances.values_mut().filter(waits) {
            let pending = live.pending.values_mut();
            pending.for_each(|pending: &mut Pending| pending.due = Some(now));
        }
        state.settle(now);
    }

    fn alter(&self, resource: &ResourceRef, change: impl FnOnce(&mut Live)) -> bool {
        let (mut state, _) = self.settled();
        let Some(live) = state.instances.get_mut(resource) else {
            return false;
        };
        change(live);
        live.revision += 1;
        true
    }
}
