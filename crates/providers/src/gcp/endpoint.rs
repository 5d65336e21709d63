//! Where the Cloud SQL Admin API is asked, and whether with credentials.

use std::net::IpAddr;

use pgfleet_provider::{ErrorKind, ProviderError};

/// The variable by which Google's own tools move the endpoint.
const OVERRIDE: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL";
/// Further hosts that plain http may go to, separated by commas.
const INSECURE_HOSTS: &str = "PGFLEET_INSECURE_ENDPOINT_HOSTS";

/// Where the API is asked. Plain http is taken for this machine and hosts that the user names,
/// and goes there without credentials; anything else is refused before a request is sent.
///
/// ```
/// use pgfleet_providers::gcp::Endpoint;
///
/// assert!(Endpoint::parse("http://127.0.0.1:8080", "").is_ok());
/// assert!(Endpoint::parse("http://sqladmin.example.com", "").is_err());
/// assert!(Endpoint::parse("http://fake.test:80/", "other, fake.test").is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Option<String>,
    anonymous: bool,
}

impl Endpoint {
    /// Google's own.
    pub fn google() -> Self {
        Self {
            url: None,
            anonymous: false,
        }
    }

    /// What the environment says: `CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL`, else Google's own.
    ///
    /// # Errors
    /// An override that is no URL, or plain http to a host that it may not go to.
    pub fn from_environment() -> Result<Self, ProviderError> {
        match std::env::var(OVERRIDE) {
            Ok(text) if !text.trim().is_empty() => {
                let hosts = std::env::var(INSECURE_HOSTS).unwrap_or_default();
                Self::parse(&text, &hosts)
            }
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(Self::google()),
            Err(std::env::VarError::NotUnicode(_)) => Err(refused(OVERRIDE, "is not text")),
        }
    }

    /// An explicit one. `insecure_hosts` are names, separated by commas, that plain http may go to
    /// beside this machine.
    ///
    /// # Errors
    /// No URL, or plain http to a host that it may not go to.
    pub fn parse(text: &str, insecure_hosts: &str) -> Result<Self, ProviderError> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| refused(text, "is no http or https URL"))?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let plain_url = authority.len() + scheme.len() + 3;
        if authority.contains('@') {
            // Whatever stands before the sign may be a password.
            return Err(refused("the endpoint", "holds a user name"));
        }
        if rest.contains(['?', '#']) {
            return Err(refused(text, "holds more than a host and a path"));
        }
        let host = host(authority).ok_or_else(|| refused(text, "names no host"))?;
        let endpoint = |anonymous| Self {
            url: Some(format!(
                "{}{}",
                text[..plain_url].to_ascii_lowercase(),
                &text[plain_url..]
            )),
            anonymous,
        };
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(endpoint(false)),
            "http" if is_loopback(&host) || is_named(&host, insecure_hosts) => Ok(endpoint(true)),
            "http" => Err(ProviderError::new(
                ErrorKind::Refused,
                format!("`{text}` is plain http to another machine: nothing was sent"),
            )
            .remedy(format!(
                "use https, or name the host in {INSECURE_HOSTS} where the network is trusted; no \
                 credentials go there then"
            ))),
            _ => Err(refused(text, "is no http or https URL")),
        }
    }

    /// The URL; `None` is Google's own.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Whether it is asked without credentials.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.anonymous
    }
}

fn refused(what: &str, why: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Refused,
        format!("the endpoint of Cloud SQL cannot be used: {what} {why}"),
    )
    .remedy(format!(
        "set {OVERRIDE} to a URL such as https://sqladmin.googleapis.com, or unset it"
    ))
}

/// The host of `host:port` or `[address]:port`, in lowercase and without brackets.
fn host(authority: &str) -> Option<String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => match authority.split_once(':') {
            Some((host, port)) => (host, &authority[authority.len() - port.len() - 1..]),
            None => (authority, ""),
        },
    };
    let port_is_fine = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    (port_is_fine && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn is_named(host: &str, hosts: &str) -> bool {
    hosts
        .split(',')
        .any(|name| !name.trim().is_empty() && name.trim().eq_ignore_ascii_case(host))
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
            let endpoint = Endpoint::parse(text, "").unwrap();
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
            let error = Endpoint::parse(text, "").unwrap_err();
            assert_eq!(error.kind, ErrorKind::Refused, "{text}");
            assert!(!error.remedy.is_empty());
        }
    }

    #[test]
    fn hosts_that_the_user_names_are_taken_without_credentials() {
        let endpoint = Endpoint::parse("http://fake:9000/", "a, FAKE").unwrap();
        assert!(endpoint.is_anonymous());
        assert_eq!(endpoint.url(), Some("http://fake:9000"));
        assert!(Endpoint::parse("http://fake:9000", "fake.example,").is_err());
    }

    #[test]
    fn https_bears_credentials() {
        let endpoint = Endpoint::parse("https://sqladmin.mtls.googleapis.com/", "").unwrap();
        assert!(!endpoint.is_anonymous());
    }

    #[test]
    fn a_password_in_the_endpoint_is_not_repeated() {
        let error = Endpoint::parse("https://me:s3cret@host", "").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}
