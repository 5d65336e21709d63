//! Clients for the regions of a run, from one set of credentials.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_sdk_rds::config::{Region as SdkRegion, SharedInterceptor};
use pgfleet_model::Region;
use tokio::sync::OnceCell;

use crate::guard::TlsOnly;

/// Longest that a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest that one answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// How AWS is reached. What is not said is read as the vendor's own tools read it: environment,
/// profiles, single sign-on, the instance's role.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// A simulated AWS on this machine, with credentials that are made up.
    pub simulated_endpoint: Option<String>,
    /// Hosts beside this machine that may be talked to without TLS.
    pub insecure_hosts: Vec<String>,
}

/// The clients, made when they are first needed.
#[derive(Debug)]
pub(super) struct Clients {
    options: AwsOptions,
    config: OnceCell<SdkConfig>,
    rds: Mutex<BTreeMap<Region, aws_sdk_rds::Client>>,
}

impl Clients {
    pub(super) fn new(options: AwsOptions) -> Self {
        Self {
            options,
            config: OnceCell::new(),
            rds: Mutex::new(BTreeMap::new()),
        }
    }

    async fn config(&self) -> &SdkConfig {
        let load = || async {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ANSWER)
                .build();
            let mut loader = aws_config::defaults(BehaviorVersion::latest())
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts);
            if let Some(endpoint) = &self.options.simulated_endpoint {
                let made_up = Credentials::new("SIMULATED", "simulated", None, None, "simulated");
                loader = loader
                    .endpoint_url(endpoint)
                    .credentials_provider(made_up)
                    .region(SdkRegion::new("us-east-1"));
            }
            loader.load().await
        };
        self.config.get_or_init(load).await
    }

    /// The RDS of a region.
    pub(super) async fn rds(&self, region: &Region) -> aws_sdk_rds::Client {
        let config = self.config().await;
        let mut clients = self
            .rds
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let make = || {
            let config = aws_sdk_rds::config::Builder::from(config)
                .region(SdkRegion::new(region.as_str().to_owned()))
                .interceptor(SharedInterceptor::new(self.guard()))
                .build();
            aws_sdk_rds::Client::from_conf(config)
        };
        clients.entry(region.clone()).or_insert_with(make).clone()
    }

    /// The service that says who we are.
    pub(super) async fn sts(&self, region: &Region) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(self.config().await)
            .region(SdkRegion::new(region.as_str().to_owned()))
            .interceptor(SharedInterceptor::new(self.guard()))
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    fn guard(&self) -> TlsOnly {
        TlsOnly::except(&self.options.insecure_hosts)
    }
}
