//! Where Azure Resource Manager is asked.

/// Azure Resource Manager of the public cloud.
const AZURE: &str = "https://management.azure.com";
/// The variable by which it is found elsewhere.
const OVERRIDE: &str = "AZURE_RESOURCE_MANAGER_ENDPOINT";

/// How Azure is reached. What is not said is read as the vendor's own tools read it.
#[derive(Debug, Clone, Default)]
pub struct AzureOptions {
    /// A simulated Azure on this machine, which is asked without credentials.
    pub simulated_endpoint: Option<String>,
    /// Hosts beside this machine that may be talked to without TLS, and then without credentials.
    pub insecure_hosts: Vec<String>,
}

impl AzureOptions {
    /// The simulated one, the one that the environment names, or the public one.
    pub(in crate::azure) fn endpoint(&self) -> String {
        let named = || std::env::var(OVERRIDE).ok();
        let named = || named().filter(|text| !text.trim().is_empty());
        let endpoint = self.simulated_endpoint.clone().or_else(named);
        endpoint.unwrap_or_else(|| AZURE.to_owned())
    }
}
