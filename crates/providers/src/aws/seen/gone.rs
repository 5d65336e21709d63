//! Whether an instance that is waited for has gone: somebody else has deleted it meanwhile.
//!
//! RDS lists what it makes a moment after it has taken the call, so absence alone says nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use pgfleet_model::{Mutation, Operation, ResourceRef};
use pgfleet_provider::{ErrorKind, ProviderError};

/// So many lists in a row have to lack what an earlier one had.
const LISTS: u32 = 2;
/// How long RDS may take to list what it has just begun to make.
const UNLISTED: Duration = Duration::from_secs(120);

/// How long RDS may show `available` and the old values of what it has taken: its pending values show
/// a change at once, and its status within a minute.
pub(in crate::aws) const TAKEN: Duration = Duration::from_secs(90);
/// How long RDS may show old tags.
pub(in crate::aws) const TAGS_SHOWN: Duration = Duration::from_secs(120);

/// What is waited for.
#[derive(Debug, Default)]
pub(in crate::aws) struct Awaited(Mutex<BTreeMap<ResourceRef, Wait>>);

#[derive(Debug, Clone, Copy)]
struct Wait {
    since: Instant,
    was_listed: bool,
    lists_without: u32,
    /// Since when nothing is seen of what was asked.
    idle_since: Option<Instant>,
}

impl Awaited {
    /// From now on this is waited for.
    pub(in crate::aws) fn begin(&self, mutation: &Mutation, now: Instant) {
        let wait = Wait {
            since: now,
            // A plan attaches to what it has seen in a list.
            was_listed: mutation.resume,
            lists_without: 0,
            idle_since: None,
        };
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waits.insert(mutation.resource.clone(), wait);
    }

    /// Takes note of one whole list, and says whether what is waited for has gone.
    pub(in crate::aws) fn is_gone(
        &self,
        resource: &ResourceRef,
        is_listed: bool,
        now: Instant,
    ) -> bool {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = waits.entry(resource.clone()).or_insert(Wait {
            since: now,
            was_listed: false,
            lists_without: 0,
            idle_since: None,
        });
        if is_listed {
            (wait.was_listed, wait.lists_without) = (true, 0);
            return false;
        }
        wait.lists_without += 1;
        let may_be_late = !wait.was_listed && now.duration_since(wait.since) < UNLISTED;
        wait.lists_without >= LISTS && !may_be_late
    }
}

impl Awaited {
    /// For how long something has been waited for.
    pub(in crate::aws) fn age(&self, resource: &ResourceRef, now: Instant) -> Option<Duration> {
        let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = waits.get(resource)?;
        Some(now.duration_since(wait.since))
    }

    /// Takes note whether a list shows nothing of what was asked, and says for how long lists have
    /// shown nothing.
    pub(in crate::aws) fn idle(
        &self,
        resource: &ResourceRef,
        is_idle: bool,
        now: Instant,
    ) -> Duration {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wait) = waits.get_mut(resource) else {
            return Duration::ZERO;
        };
        if !is_idle {
            wait.idle_since = None;
        }
        let since = is_idle.then(|| *wait.idle_since.get_or_insert(now));
        since.map_or(Duration::ZERO, |since| now.duration_since(since))
    }
}

/// Why a step ends whose values are not coming.
pub(in crate::aws) fn overwritten(mutation: &Mutation) -> ProviderError {
    let why = format!(
        "RDS has taken the change of {}, and shows neither its values nor that they are coming: \
         somebody else has changed it meanwhile",
        mutation.resource
    );
    ProviderError::new(ErrorKind::Conflict, why).remedy(
        "look in CloudTrail for who called ModifyDBInstance; another apply makes it as planned",
    )
}

/// Why a step ends whose instance has gone.
pub(in crate::aws) fn gone(mutation: &Mutation) -> ProviderError {
    let done = match mutation.operation {
        Operation::CreatePrimary { .. } | Operation::CreateReplica { .. } => "made",
        Operation::Start => "started",
        Operation::Modify { .. } | Operation::Delete { .. } => "changed",
    };
    let why = format!(
        "{} is gone: somebody else has deleted it while it was being {done}",
        mutation.resource
    );
    ProviderError::new(ErrorKind::NotFound, why).remedy(
        "look in CloudTrail for who called DeleteDBInstance; another apply makes the instance anew",
    )
}

#[cfg(test)]
mod tests {
    use pgfleet_model::{Owner, Region, ResourceId};

    use super::*;

    fn starts(resume: bool) -> Mutation {
        Mutation {
            owner: Owner {
                fleet: "truck".parse().unwrap(),
                address: "replica-1".parse().unwrap(),
            },
            resource: ResourceRef {
                region: Region::new("us-east-1"),
                id: ResourceId::new("truck-replica-1"),
            },
            operation: Operation::Start,
            resume,
        }
    }

    #[test]
    fn what_two_lists_in_a_row_lack_is_gone() {
        let (awaited, now) = (Awaited::default(), Instant::now());
        let mutation = starts(false);
        awaited.begin(&mutation, now);
        let listed = |is_listed| awaited.is_gone(&mutation.resource, is_listed, now);
        assert!(!listed(true));
        assert!(!listed(false));
        assert!(!listed(true), "it was listed in between");
        assert!(!listed(false));
        assert!(listed(false));
        // Begun anew, it is waited for anew.
        awaited.begin(&mutation, now);
        assert!(!listed(false));
    }

    #[test]
    fn what_was_never_listed_may_be_late_for_two_minutes() {
        let (awaited, now) = (Awaited::default(), Instant::now());
        let resource = starts(false).resource;
        for seconds in [0, 1, 30, 119] {
            let later = now + Duration::from_secs(seconds);
            assert!(!awaited.is_gone(&resource, false, later), "{seconds}");
        }
        assert!(awaited.is_gone(&resource, false, now + UNLISTED));
    }

    #[test]
    fn what_lists_show_nothing_of_is_idle_since_the_first_of_them() {
        let (awaited, now) = (Awaited::default(), Instant::now());
        let mutation = starts(false);
        awaited.begin(&mutation, now);
        let idle = |is_idle, seconds| {
            let later = now + Duration::from_secs(seconds);
            awaited.idle(&mutation.resource, is_idle, later).as_secs()
        };
        assert_eq!((idle(true, 5), idle(true, 95)), (0, 90));
        // Something is seen of it: the time begins anew.
        assert_eq!(
            (idle(false, 96), idle(true, 100), idle(true, 110)),
            (0, 0, 10)
        );
    }

    #[test]
    fn a_step_whose_instance_has_gone_says_what_makes_it_anew() {
        let error = gone(&starts(false));
        assert!(error.message.contains("truck-replica-1"), "{error:?}");
        assert!(error.remedy.contains("another apply"), "{error:?}");
        assert_eq!(error.retry, pgfleet_provider::Retry::Never);
    }
}
