//! How the SDK connects: to this machine without TLS, elsewhere as it does by itself.
//!
//! The SDK's own client reads the certificate authorities of the system when it is made, which takes
//! longer than all else that a plan without changes does. Here the first request elsewhere does.

use std::sync::{Arc, OnceLock};

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
    runtime_components::RuntimeComponents,
};

use crate::shared::guard::{host_of, is_loopback, plain};

/// A client for one service; its connections are shared by all its requests.
pub(super) fn client() -> SharedHttpClient {
    SharedHttpClient::new(Lazy::default())
}

#[derive(Debug, Clone, Default)]
struct Lazy(Arc<Connectors>);

/// Made when they are first needed.
#[derive(Debug, Default)]
struct Connectors {
    here: OnceLock<SharedHttpConnector>,
    elsewhere: OnceLock<SharedHttpConnector>,
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

/// Chooses by the address of each request. The settings are the same for all of a client's requests.
#[derive(Debug)]
struct ByAddress {
    connectors: Arc<Connectors>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl ByAddress {
    fn builder(&self) -> ConnectorBuilder {
        let mut builder = ConnectorBuilder::default().connector_settings(self.settings.clone());
        builder.set_sleep_impl(self.components.sleep_impl());
        builder
    }
}

impl HttpConnector for ByAddress {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_here = plain(request.uri()).is_some_and(|authority| is_loopback(host_of(authority)));
        let connector = if is_here {
            let make = || SharedHttpConnector::new(self.builder().build_http());
            self.connectors.here.get_or_init(make)
        } else {
            let make = || {
                let tls = Provider::Rustls(CryptoMode::AwsLc);
                let builder = self.builder().tls_provider(tls);
                let builder = builder.proxy_config(ProxyConfig::from_env());
                SharedHttpConnector::new(builder.build())
            };
            self.connectors.elsewhere.get_or_init(make)
        };
        connector.call(request)
    }
}
