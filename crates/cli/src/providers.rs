//! Which provider serves which plan file. One line for each platform.

#[cfg(feature = "local")]
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pgfleet_executor::Watched;
use pgfleet_model::{ProviderKind, Value};
use pgfleet_provider::{ErrorKind, Provider, ProviderError};
#[cfg(feature = "aws")]
use pgfleet_providers::aws::{AwsOptions, AwsProvider};
#[cfg(feature = "azure")]
use pgfleet_providers::azure::{AzureOptions, AzureProvider};
#[cfg(feature = "gcp")]
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
#[cfg(feature = "local")]
use pgfleet_providers::local::LocalProvider;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "local"))]
use pgfleet_spec::PrimarySpec;
use pgfleet_spec::Spec;

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

/// The providers of a run.
#[derive(Default)]
pub(crate) struct Providers {
    open: Vec<(Key, Opened)>,
    /// The same as the run sees them: logged, and bounded in time.
    watched: Vec<(Arc<dyn Provider>, Arc<dyn Provider>)>,
    /// Where the simulated clouds are, where they are simulated.
    simulated: Option<String>,
}

/// A provider as its own type, for what plan files tell that one alone.
enum Opened {
    #[cfg(feature = "aws")]
    Aws(Arc<AwsProvider>),
    #[cfg(feature = "azure")]
    Azure(Arc<AzureProvider>),
    #[cfg(feature = "gcp")]
    Gcp(Arc<GcpProvider>),
    #[cfg(feature = "local")]
    Local(Arc<LocalProvider>),
    #[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp", feature = "local")))]
    #[expect(
        dead_code,
        reason = "an enum without variants cannot be matched by reference"
    )]
    Nothing(std::convert::Infallible),
}

impl Providers {
    /// Providers that talk to clouds simulated at this endpoint, or to the real ones.
    pub(crate) fn new(simulated: Option<String>) -> Self {
        Self {
            open: Vec::new(),
            watched: Vec::new(),
            simulated,
        }
    }

    /// The provider for a plan file.
    pub(crate) fn serve(&mut self, spec: &Spec) -> Result<Arc<dyn Provider>, ProviderError> {
        let bare = self.bare(spec)?;
        let mut known = self.watched.iter();
        if let Some((_, watched)) = known.find(|(known, _)| Arc::ptr_eq(known, &bare)) {
            return Ok(Arc::clone(watched));
        }
        let watched: Arc<dyn Provider> = Arc::new(Watched::new(Arc::clone(&bare)));
        self.watched.push((bare, Arc::clone(&watched)));
        Ok(watched)
    }

    fn bare(&mut self, spec: &Spec) -> Result<Arc<dyn Provider>, ProviderError> {
        let key = key(spec, self.simulated.is_some())?;
        let known = self.open.iter().position(|(open, _)| *open == key);
        let index = if let Some(known) = known {
            known
        } else {
            let provider = self.open(&key, spec)?;
            self.open.push((key, provider));
            self.open.len() - 1
        };
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        let password = match &spec.primary {
            PrimarySpec::Managed(primary) => primary.password.clone(),
            PrimarySpec::Existing(_) => None,
        };
        match &self.open[index].1 {
            #[cfg(feature = "aws")]
            Opened::Aws(aws) => {
                if let Some(password) = password {
                    aws.remember(spec.fleet.clone(), password);
                }
                let provider: Arc<dyn Provider> = Arc::<AwsProvider>::clone(aws);
                Ok(provider)
            }
            #[cfg(feature = "azure")]
            Opened::Azure(azure) => {
                if let Some(password) = password {
                    azure.remember(spec.fleet.clone(), password);
                }
                let provider: Arc<dyn Provider> = Arc::<AzureProvider>::clone(azure);
                Ok(provider)
            }
            #[cfg(feature = "gcp")]
            Opened::Gcp(gcp) => {
                if let Some(password) = password {
                    gcp.remember(spec.fleet.clone(), password);
                }
                let provider: Arc<dyn Provider> = Arc::<GcpProvider>::clone(gcp);
                Ok(provider)
            }
            #[cfg(feature = "local")]
            Opened::Local(local) => {
                if let PrimarySpec::Existing(existing) = &spec.primary {
                    local.follow(&existing.reference);
                }
                let provider: Arc<dyn Provider> = Arc::<LocalProvider>::clone(local);
                Ok(provider)
            }
            #[cfg(not(any(
                feature = "aws",
                feature = "azure",
                feature = "gcp",
                feature = "local"
            )))]
            Opened::Nothing(never) => match *never {},
        }
    }

    /// A provider that nobody has opened yet.
    fn open(&self, key: &Key, spec: &Spec) -> Result<Opened, ProviderError> {
        match key {
            #[cfg(feature = "aws")]
            Key::Aws => {
                let options = AwsOptions {
                    simulated_endpoint: self.simulated.clone(),
                    insecure_hosts: insecure_hosts(),
                };
                Ok(Opened::Aws(Arc::new(AwsProvider::new(
                    options,
                    spec.region.clone(),
                ))))
            }
            #[cfg(not(feature = "aws"))]
            Key::Aws => Err(unsupported(spec.provider)),
            #[cfg(feature = "azure")]
            Key::Azure(subscription, group) => {
                let options = AzureOptions {
                    simulated_endpoint: self.simulated.clone(),
                    insecure_hosts: insecure_hosts(),
                };
                let provider = AzureProvider::new(&options, subscription, group);
                Ok(Opened::Azure(Arc::new(provider)))
            }
            #[cfg(not(feature = "azure"))]
            Key::Azure(..) => Err(unsupported(spec.provider)),
            #[cfg(feature = "gcp")]
            Key::Gcp(project) => {
                let endpoint = match &self.simulated {
                    Some(simulated) => Endpoint::parse(simulated, &[])?,
                    None => Endpoint::from_environment(&insecure_hosts())?,
                };
                Ok(Opened::Gcp(Arc::new(GcpProvider::new(project, endpoint))))
            }
            #[cfg(not(feature = "gcp"))]
            Key::Gcp(_) => Err(unsupported(spec.provider)),
            #[cfg(feature = "local")]
            Key::Local(folder) => Ok(Opened::Local(Arc::new(LocalProvider::new(folder)))),
        }
    }

    /// Ends what the providers run in the background.
    pub(crate) async fn close(&self) {
        for (_, opened) in &self.open {
            match opened {
                // Operations of a cloud go on.
                #[cfg(feature = "aws")]
                Opened::Aws(_) => {}
                #[cfg(feature = "azure")]
                Opened::Azure(_) => {}
                #[cfg(feature = "gcp")]
                Opened::Gcp(_) => {}
                #[cfg(feature = "local")]
                Opened::Local(local) => local.close().await,
                #[cfg(not(any(
                    feature = "aws",
                    feature = "azure",
                    feature = "gcp",
                    feature = "local"
                )))]
                Opened::Nothing(never) => match *never {},
            }
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

/// The subscription and the resource group that the plan names, or else those that Azure's own
/// tools would take.
pub(crate) fn place(spec: &Spec, is_simulated: bool) -> Result<(String, String), ProviderError> {
    let find = |key: &str, variable: &str, simulated: &str| {
        let named = match spec.platform.get(key) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let variable = || std::env::var(variable).ok().filter(|text| !text.is_empty());
        let made_up = || is_simulated.then(|| simulated.to_owned());
        named.or_else(variable).or_else(made_up)
    };
    let missing = |what: &str, remedy: &str| {
        ProviderError::new(
            ErrorKind::Environment,
            format!("no {what} is named to act in"),
        )
        .remedy(remedy)
    };
    let nobody = "00000000-0000-0000-0000-000000000000";
    let subscription = find("subscription", "AZURE_SUBSCRIPTION_ID", nobody).ok_or_else(|| {
        let remedy = "set `subscription` in [azure], or AZURE_SUBSCRIPTION_ID";
        missing("subscription", remedy)
    })?;
    let group = find("resource_group", "AZURE_DEFAULTS_GROUP", "pgfleet").ok_or_else(|| {
        let remedy = "set `resource_group` in [azure], or AZURE_DEFAULTS_GROUP";
        missing("resource group", remedy)
    })?;
    let refused = |what: &str, remedy: &str| {
        Err(ProviderError::new(ErrorKind::Environment, what).remedy(remedy))
    };
    // What comes from the environment is held against the same rules as what stands in the file.
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !subscription.chars().all(is_id) {
        let why = format!("`{subscription}` is no subscription's ID");
        return refused(
            &why,
            "write the ID that `az account show --query id` prints",
        );
    }
    let is_name = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if group.ends_with('.') || !group.chars().all(is_name) {
        let why = format!("`{group}` is no resource group's name");
        return refused(&why, "write the name that `az group list` prints");
    }
    // Names of Azure's are the same in any case; fleets that spell them otherwise share a provider.
    Ok((subscription.to_ascii_lowercase(), group))
}

/// The project that the plan names, or else the one that Google's own tools would take.
pub(crate) fn project(spec: &Spec, is_simulated: bool) -> Result<String, ProviderError> {
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let named = match spec.platform.get("project") {
        Some(Value::Text(project)) => Some(project.clone()),
        _ => None,
    };
    let project = named
        .or_else(|| variable("GOOGLE_CLOUD_PROJECT"))
        .or_else(|| variable("CLOUDSDK_CORE_PROJECT"))
        .or_else(|| is_simulated.then(|| "simulated".to_owned()))
        .ok_or_else(|| {
            ProviderError::new(ErrorKind::Environment, "no project is named to act in")
                .remedy("set `project` in [gcp], or GOOGLE_CLOUD_PROJECT")
        })?;
    // Some have their organisation's domain before a colon.
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c);
    if project.chars().all(fits) {
        return Ok(project);
    }
    let why = format!("`{project}` is no project of Google's");
    Err(ProviderError::new(ErrorKind::Environment, why)
        .remedy("write the project's ID: lowercase letters, digits and hyphens"))
}

#[cfg(not(all(feature = "aws", feature = "azure", feature = "gcp", feature = "local")))]
fn unsupported(kind: ProviderKind) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
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

#[cfg(feature = "local")]
fn data_dir(spec: &Spec) -> Result<PathBuf, ProviderError> {
    let folder = match spec.platform.get("data_dir") {
        Some(Value::Text(folder)) => PathBuf::from(folder),
        _ => pgfleet_providers::local::default_data_dir(
            rustix::process::geteuid().is_root(),
            std::env::var("XDG_STATE_HOME").ok().as_deref(),
            std::env::var("HOME").ok().as_deref(),
        )
        .ok_or_else(|| {
            let why = "there is no folder for the servers' data, since HOME is not set";
            ProviderError::new(ErrorKind::Environment, why)
                .remedy("set `data_dir` in [local], or HOME")
        })?,
    };
    // The same folder under two names is one folder.
    Ok(std::fs::canonicalize(&folder).unwrap_or_else(|_| absolute(&folder)))
}

#[cfg(feature = "local")]
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
