//! In which subscription, project or folder a fleet lies, where its plan file leaves it to the environment.

#[cfg(feature = "local")]
use std::path::{Path, PathBuf};

use pgfleet_model::Value;
use pgfleet_provider::{ErrorKind, ProviderError};
use pgfleet_spec::Spec;

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

#[cfg(feature = "local")]
pub(crate) fn data_dir(spec: &Spec) -> Result<PathBuf, ProviderError> {
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
