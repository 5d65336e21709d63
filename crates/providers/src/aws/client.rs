//! Clients for the regions of a run, from one set of credentials.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_sdk_rds::config::{Region as SdkRegion, SharedInterceptor};
use aws_smithy_types::date_time::{DateTime, Format};
use pgfleet_model::Region;
use tokio::sync::OnceCell;

use super::{guard::TlsOnly, whole::WholeAnswers, wire::Wire};

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
                .interceptor(SharedInterceptor::new(WholeAnswers))
                .interceptor(SharedInterceptor::new(Wire::of(region)))
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
            .interceptor(SharedInterceptor::new(WholeAnswers))
            .interceptor(SharedInterceptor::new(Wire::of(region)))
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    /// When the credentials end, where nothing renews them. Keys from the environment, which go
    /// before all other sources, are the only ones of this kind that say so, in the variable that
    /// `aws configure export-credentials` sets; roles, single sign-on, web identities and
    /// credential programs are asked again by the SDK.
    pub(super) fn credentials_expire(&self) -> Option<SystemTime> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if self.options.simulated_endpoint.is_some() {
            return None;
        }
        variable("AWS_ACCESS_KEY_ID")?;
        variable("AWS_SECRET_ACCESS_KEY")?;
        let end = variable("AWS_CREDENTIAL_EXPIRATION")?;
        let end = DateTime::from_str(&end, Format::DateTimeWithOffset).ok()?;
        end.try_into().ok()
    }

    fn guard(&self) -> TlsOnly {
        TlsOnly::except(&self.options.insecure_hosts)
    }
}
