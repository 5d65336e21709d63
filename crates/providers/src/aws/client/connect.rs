//! How the SDK connects, for whatever it asks: RDS, and those that credentials come from.
//!
//! Plain http goes to this machine only, and over no proxy. The SDK's own client reads the certificate
//! authorities of the system when it is made, which takes longer than all else that a plan without
//! changes does. Here the first request elsewhere does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::{
    ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

use crate::shared::guard::{TlsOnly, host_of, is_loopback, plain};

/// Where instances and containers of AWS are told their role's credentials: in plain http by AWS's
/// design, on addresses that no router passes on. They are those of the instance metadata service, of
/// ECS and of EKS.
const METADATA: [&str; 5] = [
    "169.254.169.254",
    "fd00:ec2::254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::23",
];
/// What names a proxy for https, in the order in which it is looked for.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A proxy whose address cannot be understood: the request would have gone past it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address of a proxy")]
pub(in crate::aws) struct BadProxy(&'static str);

impl BadProxy {
    /// What to do about it.
    pub(in crate::aws) const REMEDY: &str =
        "write it as http://HOST:PORT or https://HOST:PORT, or take the variable away";
}

/// A client for RDS's own calls; its connections are shared by all its requests.
pub(super) fn client(guard: TlsOnly) -> SharedHttpClient {
    SharedHttpClient::new(Lazy::new(guard, false))
}

/// A client for those that credentials come from: the services of tokens and of single sign-on, and
/// the metadata of instances and containers.
pub(super) fn for_credentials(guard: TlsOnly) -> SharedHttpClient {
    SharedHttpClient::new(Lazy::new(guard, true))
}

#[derive(Debug, Clone)]
struct Lazy(Arc<Connectors>);

impl Lazy {
    fn new(guard: TlsOnly, metadata: bool) -> Self {
        Self(Arc::new(Connectors {
            guard,
            metadata,
            made: Mutex::default(),
        }))
    }
}

/// Which way a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Without TLS, and over no proxy.
    Plain,
    /// To this machine with TLS, and over no proxy.
    Here,
    /// As the environment says.
    Elsewhere,
}

/// A way with its bounds in time: who asks for credentials is less patient.
type Kind = (Way, Option<Duration>, Option<Duration>);

/// Made when they are first needed.
#[derive(Debug)]
struct Connectors {
    guard: TlsOnly,
    /// Whether metadata may be asked for.
    metadata: bool,
    made: Mutex<BTreeMap<Kind, SharedHttpConnector>>,
}

impl HttpClient for Lazy {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(ByAddress {
            connectors: Arc::clone(&self.0),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

/// Chooses by the address of each request.
#[derive(Debug)]
struct ByAddress {
    connectors: Arc<Connectors>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl Connectors {
    /// Which way an address is reached, unless it may not be.
    fn way(&self, uri: &str) -> Result<Way, ConnectorError> {
        let refused = |why| Err(ConnectorError::user(why));
        if let Some(host) = plain(uri).map(host_of) {
            if is_loopback(host) || (self.metadata && METADATA.contains(&host)) {
                return Ok(Way::Plain);
            }
        } else if host(uri).is_some_and(is_loopback) {
            return Ok(Way::Here);
        }
        if let Err(plain) = self.guard.check(uri) {
            return refused(plain.into());
        }
        match bad_proxy(|name| std::env::var(name).ok()) {
            Some(bad) => refused(bad.into()),
            None => Ok(Way::Elsewhere),
        }
    }
}

/// The host of an address with a scheme.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next();
    authority.map(host_of)
}

/// The first proxy for https that would be passed by, since nobody can tell what it is.
fn bad_proxy(variable: impl Fn(&str) -> Option<String>) -> Option<BadProxy> {
    let is_bad = |name: &&str| {
        let text = variable(name).unwrap_or_default();
        let whole = if text.contains("://") {
            text.clone()
        } else {
            format!("http://{text}")
        };
        let port = whole.trim_end_matches('/').rsplit_once(':');
        let port = port.map_or("", |(_, port)| port);
        let no_port =
            !port.starts_with("//") && !port.ends_with(']') && port.parse::<u16>().is_err();
        !text.is_empty() && (no_port || ProxyConfig::https(whole.as_str()).is_err())
    };
    PROXIES.into_iter().find(is_bad).map(BadProxy)
}

impl ByAddress {
    fn connector(&self, way: Way) -> SharedHttpConnector {
        let (connect, read) = (
            self.settings.connect_timeout(),
            self.settings.read_timeout(),
        );
        let made = &self.connectors.made;
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = made
            .entry((way, connect, read))
            .or_insert_with(|| self.make(way));
        connector.clone()
    }

    fn make(&self, way: Way) -> SharedHttpConnector {
        let mut builder = ConnectorBuilder::default().connector_settings(self.settings.clone());
        builder.set_sleep_impl(self.components.sleep_impl());
        let proxies = match way {
            Way::Plain => return SharedHttpConnector::new(builder.build_http()),
            Way::Here => ProxyConfig::disabled(),
            Way::Elsewhere => ProxyConfig::from_env(),
        };
        let builder = builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        SharedHttpConnector::new(builder.proxy_config(proxies).build())
    }
}

impl HttpConnector for ByAddress {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.connectors.way(request.uri()) {
            Ok(way) => self.connector(way).call(request),
            Err(refused) => HttpConnectorFuture::ready(Err(refused)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(metadata: bool, uri: &str) -> Option<Way> {
        let guard = TlsOnly::except(&["vm.test".to_owned()]);
        let Lazy(connectors) = Lazy::new(guard, metadata);
        connectors.way(uri).ok()
    }

    #[test]
    fn plain_http_goes_to_this_machine_and_to_metadata_only() {
        for here in [
            "http://127.0.0.1:80/",
            "http://localhost/",
            "http://[::1]:1/",
        ] {
            assert_eq!(way(false, here), Some(Way::Plain), "{here}");
        }
        assert_eq!(way(false, "https://127.0.0.1:80/"), Some(Way::Here));
        assert_eq!(way(false, "http://10.0.0.1/"), None);
        assert_eq!(way(true, "http://10.0.0.1/"), None);
        assert_eq!(way(false, "http://vm.test/"), Some(Way::Elsewhere));
        assert_eq!(way(false, "https://a.test/"), Some(Way::Elsewhere));
        for metadata in METADATA {
            let host = if metadata.contains(':') {
                format!("[{metadata}]")
            } else {
                metadata.to_owned()
            };
            let uri = format!("http://{host}/latest");
            assert_eq!(way(true, &uri), Some(Way::Plain), "{uri}");
            assert_eq!(way(false, &uri), None, "{uri}");
        }
    }

    #[test]
    fn a_proxy_that_nobody_can_tell_is_not_passed_by() {
        let bad = |text: &str| bad_proxy(|name| (name == PROXIES[0]).then(|| text.to_owned()));
        for fine in [
            "",
            "proxy.test:3128",
            "http://me:pw@proxy.test:3128",
            "https://proxy.test",
        ] {
            assert_eq!(bad(fine), None, "{fine}");
        }
        for wrong in [
            "http://",
            "http://a b",
            "socks5://proxy.test",
            "http://proxy.test:port",
        ] {
            assert_eq!(bad(wrong), Some(BadProxy("HTTPS_PROXY")), "{wrong}");
        }
    }
}
