//! What was seen of instances, or sent to them, and is still needed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use google_cloud_sql_v1::model::DatabaseInstance;
use pgfleet_model::{Inventory, ResourceRef};
use pgfleet_provider::{ErrorKind, ProviderError, Retry};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::shared::passwords::scrubbed;

/// How long what was read of an instance is good: disks grow by themselves, and labels may go.
pub(super) const GOOD: Duration = Duration::from_secs(10);

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

/// What was read for a change whose call was then turned away, by the instance that is changed. Made
/// again, the change is that call alone: a platform that answers every second request, and no more,
/// would otherwise never take it.
#[derive(Default)]
pub(super) struct Looks(Mutex<BTreeMap<ResourceRef, Kept>>);

#[derive(Default)]
struct Kept {
    /// What was read of instances, by their names; an error says that there is none.
    looks: BTreeMap<String, (Instant, Result<DatabaseInstance, ProviderError>)>,
    /// How often in a row it is not known whether the call was taken.
    unclear: u32,
}

impl Looks {
    /// What was read of an instance for this change, where that is not older.
    pub(super) fn get(
        &self,
        change: &ResourceRef,
        name: &str,
        good: Duration,
    ) -> Option<Result<DatabaseInstance, ProviderError>> {
        let kept = locked(&self.0);
        let (at, look) = kept.get(change)?.looks.get(name)?;
        (at.elapsed() < good).then(|| look.clone())
    }

    pub(super) fn keep(
        &self,
        change: &ResourceRef,
        name: &str,
        look: &Result<DatabaseInstance, ProviderError>,
    ) {
        let tells = |error: &ProviderError| error.kind == ErrorKind::NotFound;
        if look.as_ref().err().is_none_or(tells) {
            let mut kept = locked(&self.0);
            let looks = &mut kept.entry(change.clone()).or_default().looks;
            looks.insert(name.to_owned(), (Instant::now(), look.clone()));
        }
    }

    /// What was read for this change is not as it was.
    pub(super) fn forget(&self, change: &ResourceRef) {
        locked(&self.0).remove(change);
    }

    /// What comes of the call that a look was for. The look is good for one more only where that was
    /// turned away as such, and not for what it says.
    ///
    /// Where it is not known whether the call was taken, a list tells. Each second time in a row the
    /// call itself does: its name, or the revision that it carries, keeps it from being done twice.
    pub(super) fn heard<T>(
        &self,
        change: &ResourceRef,
        answer: Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut kept = locked(&self.0);
        match answer {
            Err(error) if error.kind == ErrorKind::Throttled => Err(error),
            Err(error) if error.kind == ErrorKind::Unreachable => {
                let unclear = &mut kept.entry(change.clone()).or_default().unclear;
                *unclear += u32::from(error.retry.looks_first());
                if error.retry.looks_first() && unclear.is_multiple_of(2) {
                    let asked = error.retry.asked_pause();
                    return Err(error.retry(Retry::Backoff.not_before(asked)));
                }
                Err(error)
            }
            answer => {
                kept.remove(change);
                answer
            }
        }
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
