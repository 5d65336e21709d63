//! Where AWS is asked.

/// How AWS is reached. What is not said is read as the vendor's own tools read it: environment,
/// profiles, single sign-on, the instance's role.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// A simulated AWS on this machine, with credentials that are made up.
    pub simulated_endpoint: Option<String>,
    /// Hosts beside this machine that may be talked to without TLS.
    pub insecure_hosts: Vec<String>,
}
