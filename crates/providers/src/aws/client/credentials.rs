//! The credentials that a run was given: looked at before anything is signed with them, and never
//! repeated, whoever does.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::{
    Credentials,
    provider::{
        ProvideCredentials, Result, SharedCredentialsProvider, error::CredentialsError, future,
    },
};
use pgfleet_provider::ProviderError;
use secrecy::{ExposeSecret as _, SecretString};

use crate::shared::passwords::scrubbed;

/// What is shorter than this is none of AWS's, which have 40 characters and more, but a word such as
/// `test` for an endpoint that stands in for it: hiding it would blot out ordinary words.
const SHORTEST: usize = 16;

/// A key that no request can be signed with. The SDK does not look, and panics on some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {0} holds a line break or another sign that no key of AWS's has: only visible ASCII may be \
     in it"
)]
pub(in crate::aws) struct BadKey(&'static str);

impl BadKey {
    /// What to do about it.
    pub(in crate::aws) const REMEDY: &str = "copy it anew, without what stands before and after it, into AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY \
         or AWS_SESSION_TOKEN, or to wherever AWS_PROFILE takes it from";

    /// The first of the keys that cannot be.
    fn of(credentials: &Credentials) -> Option<Self> {
        [
            ("access key", Some(credentials.access_key_id())),
            ("secret access key", Some(credentials.secret_access_key())),
            ("session token", credentials.session_token()),
        ]
        .into_iter()
        .find_map(|(name, key)| {
            let is_plain = key?.bytes().all(|byte| byte.is_ascii_graphic());
            (!is_plain).then_some(Self(name))
        })
    }
}

/// Every secret that requests were signed with.
#[derive(Debug, Clone, Default)]
pub(super) struct Used(Arc<Mutex<Vec<SecretString>>>);

impl Used {
    /// Has the credentials of a configuration looked at and kept, wherever they come from.
    pub(super) fn watch(&self, config: SdkConfig) -> SdkConfig {
        let Some(found) = config.credentials_provider() else {
            return config;
        };
        let used = self.clone();
        let watched = SharedCredentialsProvider::new(Watched { found, used });
        config.into_builder().credentials_provider(watched).build()
    }

    fn note(&self, credentials: &Credentials) {
        let secrets = [
            Some(credentials.secret_access_key()),
            credentials.session_token(),
        ];
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets.into_iter().flatten() {
            let is_known = used.iter().any(|known| known.expose_secret() == secret);
            if secret.len() >= SHORTEST && !is_known {
                used.push(SecretString::from(secret));
            }
        }
    }

    /// An error without them, in case that AWS, or what stands between, repeats a request.
    pub(super) fn hidden_in(&self, error: ProviderError) -> ProviderError {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter()
            .fold(error, |error, secret| scrubbed(error, Some(secret)))
    }
}

/// A source of credentials that is watched.
#[derive(Debug)]
struct Watched {
    found: SharedCredentialsProvider,
    used: Used,
}

impl Watched {
    async fn provide(&self) -> Result {
        let credentials = self.found.provide_credentials().await?;
        // Kept before they are looked at: what is wrong with them is not told with them either.
        self.used.note(&credentials);
        match BadKey::of(&credentials) {
            Some(bad) => Err(CredentialsError::invalid_configuration(bad)),
            None => Ok(credentials),
        }
    }
}

impl ProvideCredentials for Watched {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        let credentials = self.found.fallback_on_interrupt()?;
        self.used.note(&credentials);
        BadKey::of(&credentials).is_none().then_some(credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgfleet_provider::ErrorKind;

    fn keys(id: &str, secret: &str, token: Option<&str>) -> Credentials {
        Credentials::new(id, secret, token.map(ToOwned::to_owned), None, "test")
    }

    #[test]
    fn a_key_that_nothing_can_be_signed_with_is_named_and_not_told() {
        let secret = "a-secret/that+is=fine";
        let token = Some("a-token/that+is=fine");
        assert_eq!(BadKey::of(&keys("AKID", secret, token)), None);
        assert_eq!(BadKey::of(&keys("AKID", secret, None)), None);
        for sign in ["\n", "\r", "\t", " ", "\u{7f}", "\u{e4}"] {
            let with = |text: &str| format!("{text}{sign}x");
            for (bad, name) in [
                (keys(&with("AKID"), secret, token), "access key"),
                (keys("AKID", &with(secret), token), "secret access key"),
                (keys("AKID", secret, Some(&with("token"))), "session token"),
            ] {
                let told = BadKey::of(&bad);
                assert_eq!(told, Some(BadKey(name)), "{sign:?}");
                assert!(!told.unwrap().to_string().contains("AKID"));
            }
        }
    }

    #[tokio::test]
    async fn what_a_request_was_signed_with_is_hidden_whoever_repeats_it() {
        let used = Used::default();
        let config = SdkConfig::builder().credentials_provider(SharedCredentialsProvider::new(
            keys("AKID", "the-secret-access-key", Some("the-session-token")),
        ));
        let config = used.watch(config.build());
        let error = ProviderError::new(
            ErrorKind::Refused,
            "signed with the-secret-access-key and the-session-token",
        );
        assert_eq!(used.hidden_in(error.clone()), error, "none was used yet");
        let provider = config.credentials_provider().unwrap();
        provider.provide_credentials().await.unwrap();
        let told = used.hidden_in(error);
        assert_eq!(told.message, "signed with *** and ***");
        // A short word is no secret of AWS's.
        used.note(&keys("test", "test", Some("")));
        let error = ProviderError::new(ErrorKind::Refused, "a test");
        assert_eq!(used.hidden_in(error.clone()), error);
    }
}
