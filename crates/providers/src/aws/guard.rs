//! Requests without TLS go to this machine only.

use aws_sdk_rds::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};

/// A request that would have gone over the network as plain text.
#[derive(Debug, thiserror::Error)]
#[error(
    "the endpoint {0} is not https, and not on this machine; requests to it would show the \
     credentials' signatures and the passwords to the network"
)]
pub(super) struct PlainHttp(String);

/// Refuses plain http to anywhere but loopback, just before a request is sent: whatever the
/// endpoint came from, an environment variable or a profile.
#[derive(Debug, Clone)]
pub(super) struct TlsOnly {
    insecure_hosts: Vec<String>,
}

impl TlsOnly {
    pub(super) fn except(insecure_hosts: &[String]) -> Self {
        Self {
            insecure_hosts: insecure_hosts.to_vec(),
        }
    }

    fn check(&self, uri: &str) -> Result<(), PlainHttp> {
        let Some(rest) = uri.strip_prefix("http://") else {
            return Ok(());
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host_of(authority);
        let loopback = host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        if loopback || self.insecure_hosts.iter().any(|allowed| allowed == host) {
            Ok(())
        } else {
            Err(PlainHttp(format!("http://{authority}")))
        }
    }
}

/// The host of `host:port` or `[address]:port`; what stands before an `@` is no host.
fn host_of(authority: &str) -> &str {
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

impl Intercept for TlsOnly {
    fn name(&self) -> &'static str {
        "TlsOnly"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.check(context.request().uri())?)
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
            "http://rds.test/",
        ] {
            assert!(guard.check(fine).is_ok(), "{fine}");
        }
        for refused in [
            "http://rds.us-east-1.amazonaws.com/",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "http://127.0.0.1.example.com:80/",
        ] {
            assert!(guard.check(refused).is_err(), "{refused}");
        }
    }
}
