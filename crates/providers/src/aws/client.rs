//! Clients for the regions of a run, from one set of credentials.

pub(super) mod connect;
pub(super) mod credentials;
mod endpoint;
mod log;
mod whole;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use aws_config::{
    BehaviorVersion, SdkConfig, meta::region::RegionProviderChain, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::ProvideCredentials as _};
use aws_sdk_rds::config::{Region as SdkRegion, SharedInterceptor};
use aws_smithy_types::date_time::{DateTime, Format};
use pgfleet_model::Region;
use pgfleet_provider::ProviderError;
use tokio::sync::Mutex;

use crate::shared::{
    guard::TlsOnly,
    http::{ANSWER, CONNECT},
};

pub use endpoint::AwsOptions;

use credentials::Used;
use log::Wire;
use whole::WholeAnswers;

/// The clients, made when they are first needed.
#[derive(Debug)]
pub(super) struct Clients {
    options: AwsOptions,
    /// Where credentials are asked for, if nothing else names a region.
    home: Region,
    shared: Mutex<Shared>,
    /// Counts how often the credentials were found anew.
    generation: AtomicU64,
    used: Used,
}

#[derive(Debug, Default)]
struct Shared {
    config: Option<SdkConfig>,
    rds: BTreeMap<Region, aws_sdk_rds::Client>,
    /// What was last found anew.
    found: Option<Credentials>,
}

/// Whether credentials are those that AWS did not take: a key may stay while its session goes.
fn is_same(one: &Credentials, other: &Credentials) -> bool {
    let parts = |credentials: &Credentials| {
        let token = credentials.session_token().map(ToOwned::to_owned);
        (credentials.access_key_id().to_owned(), token)
    };
    parts(one) == parts(other)
}

impl Clients {
    pub(super) fn new(options: AwsOptions, home: Region) -> Self {
        Self {
            options,
            home,
            shared: Mutex::default(),
            generation: AtomicU64::new(0),
            used: Used::default(),
        }
    }

    async fn load(&self) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ANSWER)
            .build();
        // Credentials of a role are asked for in some region, even where no profile names any.
        let home = SdkRegion::new(self.home.as_str().to_owned());
        let home = RegionProviderChain::default_provider().or_else(home);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            // Tokens and keys are sent with the questions for credentials: the same rules hold.
            .http_client(connect::for_credentials(self.guard()))
            .region(home);
        if let Some(endpoint) = &self.options.simulated_endpoint {
            let made_up = Credentials::new("SIMULATED", "simulated", None, None, "simulated");
            loader = loader
                .endpoint_url(endpoint)
                .credentials_provider(made_up)
                .region(SdkRegion::new("us-east-1"));
            return loader.load().await;
        }
        self.used.watch(loader.load().await)
    }

    /// An error without the secrets that requests were signed with.
    pub(super) fn hidden_in(&self, error: ProviderError) -> ProviderError {
        self.used.hidden_in(error)
    }

    async fn config<'a>(&self, shared: &'a mut Shared) -> &'a SdkConfig {
        let config = match shared.config.take() {
            Some(config) => config,
            None => self.load().await,
        };
        shared.config.insert(config)
    }

    /// Which credentials are in use.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Looks for credentials again, since AWS says that those of this generation have expired:
    /// profile files are read again, programs run again. False where there are no others.
    pub(super) async fn renew(&self, generation: u64) -> bool {
        let mut shared = self.shared.lock().await;
        if self.generation() != generation {
            return true;
        }
        let config = self.load().await;
        let Some(chain) = config.credentials_provider() else {
            return false;
        };
        let Ok(found) = chain.provide_credentials().await else {
            return false;
        };
        if shared
            .found
            .as_ref()
            .is_some_and(|last| is_same(last, &found))
        {
            return false;
        }
        *shared = Shared {
            config: Some(config),
            rds: BTreeMap::new(),
            found: Some(found),
        };
        self.generation.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// The RDS of a region.
    pub(super) async fn rds(&self, region: &Region) -> aws_sdk_rds::Client {
        let mut shared = self.shared.lock().await;
        if let Some(client) = shared.rds.get(region) {
            return client.clone();
        }
        let config = aws_sdk_rds::config::Builder::from(self.config(&mut shared).await)
            .region(SdkRegion::new(region.as_str().to_owned()))
            .http_client(connect::client(self.guard()))
            .interceptor(SharedInterceptor::new(WholeAnswers))
            .interceptor(SharedInterceptor::new(Wire::of(region)))
            .build();
        let client = aws_sdk_rds::Client::from_conf(config);
        shared.rds.insert(region.clone(), client.clone());
        client
    }

    /// The service that says who we are.
    pub(super) async fn sts(&self, region: &Region) -> aws_sdk_sts::Client {
        let mut shared = self.shared.lock().await;
        let config = aws_sdk_sts::config::Builder::from(self.config(&mut shared).await)
            .region(SdkRegion::new(region.as_str().to_owned()))
            .http_client(connect::client(self.guard()))
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
        // The action that fetches credentials on GitHub tells their end as JSON, in quotes.
        let end = DateTime::from_str(end.trim_matches('"'), Format::DateTimeWithOffset).ok()?;
        end.try_into().ok()
    }

    fn guard(&self) -> TlsOnly {
        TlsOnly::except(&self.options.insecure_hosts)
    }
}
