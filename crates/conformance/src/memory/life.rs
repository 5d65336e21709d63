//! What happens to instances as time passes.

use std::time::Duration;

use pgfleet_model::{Field, FieldChange, Operation, ResourceRef, Role, TAG_ADDRESS, Value};
use tokio::time::Instant;

use super::{
    Orphans,
    cloud::{Ending, Live, Pending, State, Work},
};

/// Whether a platform with pending values lets this one be pending.
pub(super) fn can_be_pending(field: &Field) -> bool {
    !matches!(
        field,
        Field::Tags | Field::Address | Field::DeletionProtection | Field::Setting(_)
    )
}

impl State {
    /// Brings everything to an end that ends until now, in the order in which it ends.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some((at, resource)) = self.next_end().filter(|(at, _)| *at <= now) {
            let work = self.instances.get_mut(&resource).and_then(|live| {
                let ends = live.work.as_ref().is_some_and(|work| work.ends <= at);
                if ends { live.work.take() } else { None }
            });
            match work {
                Some(work) => self.finish(&resource, work),
                None => self.become_effective(&resource, at),
            }
        }
    }

    /// What ends next, and when.
    fn next_end(&self) -> Option<(Instant, ResourceRef)> {
        let ends = self.instances.iter().flat_map(|(resource, live)| {
            let work = live.work.iter().map(|work| work.ends);
            let due = live.pending.values().filter_map(|pending| pending.due);
            work.chain(due).map(move |at| (at, resource.clone()))
        });
        ends.min()
    }

    fn become_effective(&mut self, resource: &ResourceRef, at: Instant) {
        let Some(live) = self.instances.get_mut(resource) else {
            return;
        };
        let is_due = |pending: &Pending| pending.due.is_some_and(|due| due <= at);
        for (field, pending) in std::mem::take(&mut live.pending) {
            if is_due(&pending) {
                live.attributes.set(&field, pending.value);
            } else {
                live.pending.insert(field, pending);
            }
        }
        live.revision += 1;
    }

    fn finish(&mut self, resource: &ResourceRef, work: Work) {
        let Work {
            name,
            operation,
            ends,
            fails,
        } = work;
        let ending = if fails {
            Ending::Failed("an internal error".into())
        } else {
            Ending::Done
        };
        self.operations.insert(name, ending);
        // An operation that has a name ends when its values hold.
        let pause = if self.rules.named_operations {
            Duration::ZERO
        } else {
            self.rules.durations.pending
        };
        let Some(live) = self.instances.get_mut(resource) else {
            return;
        };
        live.revision += 1;
        match operation {
            Operation::CreatePrimary { .. } | Operation::CreateReplica { .. } => {
                live.failed = fails;
                let source = live.source.clone();
                self.touch(source.as_ref());
            }
            Operation::Modify { fields, .. } if fails => {
                live.pending
                    .retain(|field, _| !fields.iter().any(|change| change.field == *field));
            }
            Operation::Modify { fields, in_window } => {
                modified(live, fields, in_window, ends + pause);
            }
            Operation::Start => live.stopped = fails,
            Operation::Delete { .. } if fails => {}
            Operation::Delete { final_snapshot, .. } => {
                let source = live.source.clone();
                self.instances.remove(resource);
                if final_snapshot {
                    self.snapshots.push(resource.clone());
                }
                self.touch(source.as_ref());
                self.orphan(resource);
            }
        }
    }

    /// A replica that comes or goes moves its source's revision.
    fn touch(&mut self, source: Option<&ResourceRef>) {
        if let Some(live) = source.and_then(|source| self.instances.get_mut(source)) {
            live.revision += 1;
        }
    }

    fn orphan(&mut self, primary: &ResourceRef) {
        for follower in self.followers(primary) {
            let Some(live) = self.instances.get_mut(&follower) else {
                continue;
            };
            match self.rules.orphans {
                Orphans::Promoted => {
                    live.role = Role::Primary;
                    live.source = None;
                }
                Orphans::Refused => live.broken = Some("its source is gone".to_owned()),
            }
            live.revision += 1;
        }
    }
}

/// Sets what a modification alters, or leaves it pending.
fn modified(live: &mut Live, fields: Vec<FieldChange>, in_window: bool, due: Instant) {
    for FieldChange { field, to, .. } in fields {
        if let Some(pending) = live.pending.get_mut(&field) {
            pending.due = (!in_window).then_some(due);
            continue;
        }
        set(live, &field, to);
    }
}

/// Sets one attribute at once.
pub(super) fn set(live: &mut Live, field: &Field, to: Value) {
    match (field, to) {
        (Field::Tags, Value::Map(tags)) => live.tags.extend(tags),
        (Field::Address, Value::Text(address)) => {
            live.tags.insert(TAG_ADDRESS.to_owned(), address);
        }
        (field, to) => live.attributes.set(field, to),
    }
}
