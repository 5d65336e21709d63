//! Requests without TLS go to this machine only, on every cloud.

use std::net::IpAddr;

/// A request that would have gone over the network as plain text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the endpoint {0} is not https, and not on this machine; requests to it would show \
     credentials and passwords to the network"
)]
pub(crate) struct PlainHttp(String);

/// What to do about it.
pub(crate) const REMEDY: &str = "use an https endpoint, or name its host in \
                                 PGFLEET_INSECURE_ENDPOINT_HOSTS where the network in between is \
                                 yours";

/// Refuses plain http to anywhere but loopback, just before a request is sent: whatever the
/// endpoint came from, an environment variable, a profile or an answer.
#[derive(Debug, Clone)]
pub(crate) struct TlsOnly {
    insecure_hosts: Vec<String>,
}

impl TlsOnly {
    pub(crate) fn except(insecure_hosts: &[String]) -> Self {
        Self {
            insecure_hosts: insecure_hosts.to_vec(),
        }
    }

    pub(crate) fn check(&self, uri: &str) -> Result<(), PlainHttp> {
        let Some(authority) = plain(uri) else {
            return Ok(());
        };
        let host = host_of(authority);
        let named = |allowed: &String| allowed.eq_ignore_ascii_case(host);
        if is_loopback(host) || self.insecure_hosts.iter().any(named) {
            Ok(())
        } else {
            Err(PlainHttp(format!("http://{authority}")))
        }
    }
}

/// The authority of an address without TLS.
pub(crate) fn plain(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let is_plain = scheme.eq_ignore_ascii_case("http");
    is_plain.then(|| rest.split(['/', '?', '#', '\\']).next().unwrap_or_default())
}

/// `localhost`, or an address of this machine's own.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The host of `host:port` or `[address]:port`; what stands before an `@` is no host.
pub(crate) fn host_of(authority: &str) -> &str {
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        let guard = TlsOnly::except(&["rds.test".to_owned()]);
        for fine in [
            "https://rds.us-east-1.amazonaws.com/",
            "http://localhost:4566/",
            "http://127.0.0.1:8080",
            "http://127.8.8.8/",
            "http://[::1]:80/",
            "http://RDS.test/",
            "HTTP://LocalHost/",
        ] {
            assert!(guard.check(fine).is_ok(), "{fine}");
        }
        for refused in [
            "http://rds.us-east-1.amazonaws.com/",
            "http://10.0.0.1/",
            "HTTP://10.0.0.1/",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "http://127.0.0.1.example.com:80/",
            "http://10.0.0.1#@localhost/",
            "http://10.0.0.1\\@localhost/",
        ] {
            assert!(guard.check(refused).is_err(), "{refused}");
        }
    }
}
