//! What this run has sent, by server: as long as it is needed to judge what is heard afterwards.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pgfleet_model::ResourceRef;
use pgfleet_provider::ProviderError;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::shared::passwords::scrubbed;

/// How long a server may take to show a call that Azure has taken. Until then it is no sign that
/// nothing came of the call where it looks as before.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many answers in a row that an operation is in trouble are its end, where the server shows
/// nothing of it.
const TROUBLE: u32 = 3;

#[derive(Debug, Default)]
struct Call {
    taken: Option<Instant>,
    troubles: u32,
    password: Option<SecretString>,
}

/// The last call to each server, and the last password that was sent along.
#[derive(Debug, Default)]
pub(super) struct Sent(Mutex<BTreeMap<ResourceRef, Call>>);

impl Sent {
    /// A call goes out with the administrator's password.
    pub(super) fn with_password(&self, resource: &ResourceRef, password: Option<&SecretString>) {
        if let Some(password) = password {
            let password = Some(password.clone());
            self.calls().entry(resource.clone()).or_default().password = password;
        }
    }

    /// Azure has taken a call.
    pub(super) fn taken(&self, resource: &ResourceRef) {
        let mut calls = self.calls();
        let call = calls.entry(resource.clone()).or_default();
        (call.taken, call.troubles) = (Some(Instant::now()), 0);
    }

    /// An operation goes on, whatever was said before.
    pub(super) fn goes_on(&self, resource: &ResourceRef) {
        if let Some(call) = self.calls().get_mut(resource) {
            call.troubles = 0;
        }
    }

    /// Whether an operation that is said to be in trouble may go on for all that.
    pub(super) fn may_go_on(&self, resource: &ResourceRef) -> bool {
        let fresh = self.is_fresh(resource);
        let mut calls = self.calls();
        let call = calls.entry(resource.clone()).or_default();
        call.troubles = call.troubles.saturating_add(1);
        fresh || call.troubles < TROUBLE
    }

    /// Whether a call was taken so short ago that the server need not show it yet.
    pub(super) fn is_fresh(&self, resource: &ResourceRef) -> bool {
        let taken = self.calls().get(resource).and_then(|call| call.taken);
        taken.is_some_and(|taken| taken.elapsed() < PATIENCE)
    }

    /// An error about a server, without the password that it was sent.
    pub(super) fn hidden(&self, resource: &ResourceRef, error: ProviderError) -> ProviderError {
        let calls = self.calls();
        let password = calls.get(resource).and_then(|call| call.password.as_ref());
        scrubbed(error, password)
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<ResourceRef, Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use pgfleet_model::{Region, ResourceId};
    use pgfleet_provider::ErrorKind;

    use super::*;

    fn server(name: &str) -> ResourceRef {
        ResourceRef {
            region: Region::new("eastus2"),
            id: ResourceId::new(name),
        }
    }

    #[test]
    fn a_failure_that_repeats_the_password_does_not_tell_it() {
        let sent = Sent::default();
        let password = SecretString::from("Planted-4711.");
        sent.with_password(&server("main"), Some(&password));
        sent.taken(&server("main"));
        let told = |name| {
            let why = "x ended in failure: `Planted-4711.` is too weak";
            let error = ProviderError::new(ErrorKind::Internal, why);
            sent.hidden(&server(name), error).message
        };
        assert_eq!(told("main"), "x ended in failure: `***` is too weak");
        assert!(told("other").contains("Planted"));
    }

    #[test]
    fn an_operation_that_is_in_trouble_again_and_again_is_at_its_end() {
        let (sent, main) = (Sent::default(), server("main"));
        sent.taken(&main);
        for _ in 0..5 {
            assert!(sent.may_go_on(&main), "the server need not show it yet");
        }
        if let Some(call) = sent.calls().get_mut(&main) {
            call.taken = Instant::now().checked_sub(PATIENCE);
        }
        assert!(!sent.may_go_on(&main));
        sent.goes_on(&main);
        assert!(sent.may_go_on(&main) && sent.may_go_on(&main));
        assert!(!sent.may_go_on(&main));
        sent.taken(&main);
        assert!(sent.may_go_on(&main));
    }

    #[test]
    fn a_server_may_show_a_call_a_while_after_it_was_taken() {
        let sent = Sent::default();
        sent.taken(&server("main"));
        assert!(sent.is_fresh(&server("main")) && !sent.is_fresh(&server("other")));
    }
}
