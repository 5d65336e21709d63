//! Which provider serves which plan file. One line for each platform.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use pgfleet_model::{ProviderKind, Value};
use pgfleet_provider::{ErrorKind, Provider, ProviderError};
#[cfg(feature = "gcp")]
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
#[cfg(feature = "local")]
use pgfleet_providers::local::LocalProvider;
use pgfleet_spec::{PrimarySpec, Spec};

/// What tells the providers of a run apart: plan files with the same key share one provider, and
/// so its listings and polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Local(PathBuf),
    /// The project.
    #[cfg(feature = "gcp")]
    Gcp(String),
}

/// The providers of a run.
#[derive(Default)]
pub(crate) struct Providers {
    open: Vec<(Key, Opened)>,
}

/// A provider as its own type, for what plan files tell that one alone.
enum Opened {
    #[cfg(feature = "local")]
    Local(Arc<LocalProvider>),
    #[cfg(feature = "gcp")]
    Gcp(Arc<GcpProvider>),
}

impl Providers {
    /// The provider for a plan file.
    pub(crate) fn serve(&mut self, spec: &Spec) -> Result<Arc<dyn Provider>, ProviderError> {
        let key = key(spec)?;
        let known = self.open.iter().position(|(open, _)| *open == key);
        let index = if let Some(known) = known {
            known
        } else {
            let provider = match &key {
                #[cfg(feature = "local")]
                Key::Local(folder) => Opened::Local(Arc::new(LocalProvider::new(folder))),
                #[cfg(feature = "gcp")]
                Key::Gcp(project) => {
                    let endpoint = Endpoint::from_environment()?;
                    Opened::Gcp(Arc::new(GcpProvider::new(project, endpoint)))
                }
            };
            self.open.push((key, provider));
            self.open.len() - 1
        };
        match &self.open[index].1 {
            #[cfg(feature = "local")]
            Opened::Local(local) => {
                if let PrimarySpec::Existing(existing) = &spec.primary {
                    local.follow(&existing.reference);
                }
                let provider: Arc<dyn Provider> = Arc::<LocalProvider>::clone(local);
                Ok(provider)
            }
            #[cfg(feature = "gcp")]
            Opened::Gcp(gcp) => {
                let provider: Arc<dyn Provider> = Arc::<GcpProvider>::clone(gcp);
                Ok(provider)
            }
        }
    }

    /// Ends what the providers run in the background.
    pub(crate) async fn close(&self) {
        for (_, opened) in &self.open {
            match opened {
                #[cfg(feature = "local")]
                Opened::Local(local) => local.close().await,
                // What Google works on goes on without us.
                #[cfg(feature = "gcp")]
                Opened::Gcp(_) => {}
            }
        }
    }
}

fn key(spec: &Spec) -> Result<Key, ProviderError> {
    match spec.provider {
        ProviderKind::Local => Ok(Key::Local(data_dir(spec))),
        #[cfg(feature = "gcp")]
        ProviderKind::Gcp => project(spec).map(Key::Gcp),
        kind => Err(ProviderError::new(
            ErrorKind::Unsupported,
            format!("this pgfleet has no provider for `{kind}` yet"),
        )
        .remedy("plan files for it are read and checked, and cannot be planned or applied")),
    }
}

/// The project that the plan names, or else the one that Google's own tools would take.
#[cfg(feature = "gcp")]
fn project(spec: &Spec) -> Result<String, ProviderError> {
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let named = match spec.platform.get("project") {
        Some(Value::Text(project)) => Some(project.clone()),
        _ => None,
    };
    named
        .or_else(|| variable("GOOGLE_CLOUD_PROJECT"))
        .or_else(|| variable("CLOUDSDK_CORE_PROJECT"))
        .ok_or_else(|| {
            ProviderError::new(ErrorKind::Environment, "no project is named to act in")
                .remedy("set `project` in [gcp], or GOOGLE_CLOUD_PROJECT")
        })
}

fn data_dir(spec: &Spec) -> PathBuf {
    let folder = match spec.platform.get("data_dir") {
        Some(Value::Text(folder)) => PathBuf::from(folder),
        _ => pgfleet_providers::local::default_data_dir(
            rustix::process::geteuid().is_root(),
            std::env::var("XDG_STATE_HOME").ok().as_deref(),
            std::env::var("HOME").ok().as_deref(),
        ),
    };
    // The same folder under two names is one folder.
    std::fs::canonicalize(&folder).unwrap_or_else(|_| absolute(&folder))
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
