//! Credentials that are found anew when Google no longer takes a token of theirs: an administrator may
//! withdraw one long before it ends, and Google's client goes on with it until then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use google_cloud_auth::{
    build_errors,
    credentials::{Builder, CacheableResource, Credentials, CredentialsProvider, anonymous},
    errors::CredentialsError,
};
use http::{Extensions, HeaderMap};

/// Whom the requests are made as.
#[derive(Debug, Clone)]
pub(in crate::gcp) struct Login(Arc<Mutex<Found>>);

#[derive(Debug)]
struct Found {
    credentials: Credentials,
    /// How often they were found.
    number: u32,
    /// Whether Google has taken a token of theirs.
    taken: bool,
    /// Nobody's: there are no others.
    anonymous: bool,
}

impl Login {
    /// Nobody.
    pub(in crate::gcp) fn anonymous() -> Self {
        Self::of(anonymous::Builder::new().build(), true)
    }

    /// Whom the machine says.
    pub(in crate::gcp) fn find() -> Result<Self, build_errors::Error> {
        Ok(Self::of(Builder::default().build()?, false))
    }

    fn of(credentials: Credentials, anonymous: bool) -> Self {
        Self(Arc::new(Mutex::new(Found {
            credentials,
            number: 0,
            taken: false,
            anonymous,
        })))
    }

    /// Which credentials these are, for a request that is about to be made.
    pub(in crate::gcp) fn number(&self) -> u32 {
        self.found().number
    }

    /// Google has taken a token of these.
    pub(in crate::gcp) fn taken(&self, number: u32) {
        let mut found = self.found();
        found.taken |= found.number == number;
    }

    /// Google has refused a token of these. Whether there is another one to be had: those whose token was
    /// never taken are refused for good.
    pub(in crate::gcp) fn refused(&self, number: u32) -> bool {
        let mut found = self.found();
        // Another request has found out before.
        if found.number != number {
            return true;
        }
        if found.anonymous || !found.taken {
            return false;
        }
        let Ok(credentials) = Builder::default().build() else {
            return false;
        };
        *found = Found {
            credentials,
            number: number.wrapping_add(1),
            taken: false,
            anonymous: false,
        };
        true
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn credentials(&self) -> Credentials {
        self.found().credentials.clone()
    }
}

impl CredentialsProvider for Login {
    async fn headers(
        &self,
        extensions: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        self.credentials().headers(extensions).await
    }

    async fn universe_domain(&self) -> Option<String> {
        self.credentials().universe_domain().await
    }
}
