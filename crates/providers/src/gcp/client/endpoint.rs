//! Where the Cloud SQL Admin API is asked, and whether with credentials.

use pgfleet_provider::{ErrorKind, ProviderError};

use crate::shared::guard::{self, TlsOnly};

/// The variable by which Google's own tools move the endpoint.
const OVERRIDE: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL";
/// Where the Cloud SQL Admin API is, where nobody says otherwise.
const GOOGLE: &str = "https://sqladmin.googleapis.com";

/// Where the API is asked. Plain http is taken for this machine and hosts that the user names,
/// and goes there without credentials; anything else is refused before a request is sent.
///
/// ```
/// use pgfleet_providers::gcp::Endpoint;
///
/// assert!(Endpoint::parse("http://127.0.0.1:8080", &[]).is_ok());
/// assert!(Endpoint::parse("http://sqladmin.example.com", &[]).is_err());
/// assert!(Endpoint::parse("http://fake.test:80/", &["fake.test".to_owned()]).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    anonymous: bool,
}

impl Endpoint {
    /// Google's own.
    pub fn google() -> Self {
        Self {
            url: GOOGLE.to_owned(),
            anonymous: false,
        }
    }

    /// What the environment says: `CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL`, else Google's own.
    /// Plain http may go to `insecure_hosts` beside this machine.
    ///
    /// # Errors
    /// An override that is no URL, or plain http to a host that it may not go to.
    pub fn from_environment(insecure_hosts: &[String]) -> Result<Self, ProviderError> {
        match std::env::var(OVERRIDE) {
            Ok(text) if !text.trim().is_empty() => Self::parse(&text, insecure_hosts),
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(Self::google()),
            Err(std::env::VarError::NotUnicode(_)) => Err(refused(OVERRIDE, "is not text")),
        }
    }

    /// An explicit one. Plain http may go to `insecure_hosts` beside this machine.
    ///
    /// # Errors
    /// No URL, or plain http to a host that it may not go to.
    pub fn parse(text: &str, insecure_hosts: &[String]) -> Result<Self, ProviderError> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| refused(text, "is no http or https URL"))?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            // Whatever stands before the sign may be a password.
            return Err(refused("the endpoint", "holds a user name"));
        }
        if rest.contains(['?', '#']) {
            return Err(refused(text, "holds more than a host and a path"));
        }
        if !names_a_host(authority) {
            return Err(refused(text, "names no host"));
        }
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return Err(refused(text, "is no http or https URL"));
        }
        TlsOnly::except(insecure_hosts)
            .check(text)
            .map_err(|plain| {
                ProviderError::new(ErrorKind::Environment, plain.to_string()).remedy(guard::REMEDY)
            })?;
        let path = &rest[authority.len()..];
        Ok(Self {
            url: format!("{scheme}://{}{path}", authority.to_ascii_lowercase()),
            anonymous: scheme == "http",
        })
    }

    /// The URL, without a slash at its end.
    pub(in crate::gcp) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is asked without credentials.
    pub(in crate::gcp) fn is_anonymous(&self) -> bool {
        self.anonymous
    }
}

fn refused(what: &str, why: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Environment,
        format!("the endpoint of Cloud SQL cannot be used: {what} {why}"),
    )
    .remedy(format!(
        "set {OVERRIDE} to a URL such as {GOOGLE}, or unset it"
    ))
}

/// Whether this is `host`, `host:port` or `[address]:port`.
fn names_a_host(authority: &str) -> bool {
    let split = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']'),
        None => Some(authority.split_at(authority.find(':').unwrap_or(authority.len()))),
    };
    split.is_some_and(|(host, port)| {
        let port_is_fine = port.is_empty()
            || port
                .strip_prefix(':')
                .is_some_and(|port| port.parse::<u16>().is_ok());
        port_is_fine && !host.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for text in [
            "http://localhost:1",
            "http://127.0.0.1:65535/base",
            "http://127.9.9.9",
            "http://[::1]:8080",
            "HTTP://LocalHost:80/",
        ] {
            let endpoint = Endpoint::parse(text, &[]).unwrap();
            assert!(endpoint.is_anonymous(), "{text} would bear credentials");
        }
        for text in [
            "http://sqladmin.googleapis.com",
            "http://10.0.0.1:8080",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@evil.example",
            "http://localhost:80@evil.example",
            "http://0.0.0.0:80",
            "http://2130706433",
            "http://",
            "http://localhost:99999",
            "http://[::1",
            "ftp://localhost",
            "localhost:8080",
            "//localhost",
            "http://localhost?x=1",
        ] {
            let error = Endpoint::parse(text, &[]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Environment, "{text}");
            assert!(!error.remedy.is_empty());
        }
    }

    #[test]
    fn hosts_that_the_user_names_are_taken_without_credentials() {
        let endpoint =
            Endpoint::parse("http://Fake:9000/", &["a".to_owned(), "FAKE".to_owned()]).unwrap();
        assert!(endpoint.is_anonymous());
        assert_eq!(endpoint.url(), "http://fake:9000");
        assert!(Endpoint::parse("http://fake:9000", &["fake.example".to_owned()]).is_err());
    }

    #[test]
    fn https_bears_credentials() {
        let endpoint = Endpoint::parse("https://sqladmin.mtls.googleapis.com/", &[]).unwrap();
        assert!(!endpoint.is_anonymous());
    }

    #[test]
    fn a_password_in_the_endpoint_is_not_repeated() {
        let error = Endpoint::parse("https://me:s3cret@host", &[]).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}
