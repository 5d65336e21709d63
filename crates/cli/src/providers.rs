//! Which provider serves which plan file.

#[cfg(feature = "local")]
use std::path::PathBuf;
use std::sync::Arc;

use pgfleet_executor::Watched;
use pgfleet_model::ProviderKind;
use pgfleet_provider::{Provider, ProviderError};
#[cfg(feature = "aws")]
use pgfleet_providers::aws::{AwsOptions, AwsProvider};
#[cfg(feature = "azure")]
use pgfleet_providers::azure::{AzureOptions, AzureProvider};
#[cfg(feature = "gcp")]
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
#[cfg(feature = "local")]
use pgfleet_providers::local::LocalProvider;
use pgfleet_spec::Spec;

#[cfg(feature = "local")]
use crate::places::data_dir;
use crate::places::{place, project};

/// What tells the providers of a run apart: plan files with the same key share one provider, and
/// so its listings and polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// The account that the credentials of the environment lead to.
    Aws,
    /// The subscription and the resource group.
    Azure(String, String),
    /// The project.
    Gcp(String),
    /// The folder of the servers' data.
    #[cfg(feature = "local")]
    Local(PathBuf),
}

/// The providers of a run, as it sees them: logged, and bounded in time.
#[derive(Default)]
pub(crate) struct Providers {
    open: Vec<(Key, Arc<dyn Provider>)>,
    /// Where the simulated clouds are, where they are simulated.
    simulated: Option<String>,
}

impl Providers {
    /// Providers that talk to clouds simulated at this endpoint, or to the real ones.
    pub(crate) fn new(simulated: Option<String>) -> Self {
        Self {
            open: Vec::new(),
            simulated,
        }
    }

    /// The provider for a plan file.
    pub(crate) fn serve(&mut self, spec: &Spec) -> Result<Arc<dyn Provider>, ProviderError> {
        let key = key(spec, self.simulated.is_some())?;
        let mut open = self.open.iter();
        let provider = if let Some((_, known)) = open.find(|(open, _)| *open == key) {
            Arc::clone(known)
        } else {
            let bare = self.open(&key, spec)?;
            let provider: Arc<dyn Provider> = Arc::new(Watched::new(bare));
            self.open.push((key, Arc::clone(&provider)));
            provider
        };
        provider.take_note(spec);
        Ok(provider)
    }

    /// A provider that nobody has opened yet.
    fn open(&self, key: &Key, spec: &Spec) -> Result<Arc<dyn Provider>, ProviderError> {
        match key {
            #[cfg(feature = "aws")]
            Key::Aws => {
                let options = AwsOptions {
                    simulated_endpoint: self.simulated.clone(),
                    insecure_hosts: insecure_hosts(),
                };
                Ok(Arc::new(AwsProvider::new(options, spec.region.clone())))
            }
            #[cfg(not(feature = "aws"))]
            Key::Aws => Err(unsupported(spec.provider)),
            #[cfg(feature = "azure")]
            Key::Azure(subscription, group) => {
                let options = AzureOptions {
                    simulated_endpoint: self.simulated.clone(),
                    insecure_hosts: insecure_hosts(),
                };
                Ok(Arc::new(AzureProvider::new(&options, subscription, group)))
            }
            #[cfg(not(feature = "azure"))]
            Key::Azure(..) => Err(unsupported(spec.provider)),
            #[cfg(feature = "gcp")]
            Key::Gcp(project) => {
                let endpoint = match &self.simulated {
                    Some(simulated) => Endpoint::parse(simulated, &[])?,
                    None => Endpoint::from_environment(&insecure_hosts())?,
                };
                Ok(Arc::new(GcpProvider::new(project, endpoint)))
            }
            #[cfg(not(feature = "gcp"))]
            Key::Gcp(_) => Err(unsupported(spec.provider)),
            #[cfg(feature = "local")]
            Key::Local(folder) => Ok(Arc::new(LocalProvider::new(folder))),
        }
    }

    /// Ends what the providers run in the background.
    pub(crate) async fn close(&self) {
        for (_, provider) in &self.open {
            provider.close().await;
        }
    }
}

fn key(spec: &Spec, is_simulated: bool) -> Result<Key, ProviderError> {
    match spec.provider {
        ProviderKind::Aws => Ok(Key::Aws),
        ProviderKind::Azure => {
            let (subscription, group) = place(spec, is_simulated)?;
            Ok(Key::Azure(subscription, group))
        }
        ProviderKind::Gcp => project(spec, is_simulated).map(Key::Gcp),
        #[cfg(feature = "local")]
        ProviderKind::Local => Ok(Key::Local(data_dir(spec)?)),
        #[cfg(not(feature = "local"))]
        ProviderKind::Local => Err(unsupported(spec.provider)),
    }
}

#[cfg(not(all(feature = "aws", feature = "azure", feature = "gcp", feature = "local")))]
fn unsupported(kind: ProviderKind) -> ProviderError {
    ProviderError::new(
        pgfleet_provider::ErrorKind::Unsupported,
        format!("this pgfleet was built without its provider for `{kind}`"),
    )
    .remedy("build it with all features; plan files are read and priced (`pgfleet cost`) without")
}

/// Hosts beside this machine that the user trusts without TLS.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn insecure_hosts() -> Vec<String> {
    let hosts = std::env::var("PGFLEET_INSECURE_ENDPOINT_HOSTS").unwrap_or_default();
    let hosts = hosts
        .split(',')
        .map(str::trim)
        .filter(|host| !host.is_empty());
    hosts.map(ToOwned::to_owned).collect()
}
