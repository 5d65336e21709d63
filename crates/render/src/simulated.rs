//! What a shell needs to talk to simulated clouds.

/// The environment in which AWS's own tools, and pgfleet, talk to the simulated AWS, as lines for a
/// shell. The credentials are made up.
pub fn simulated_environment(endpoint: &str) -> String {
    format!(
        "export AWS_ENDPOINT_URL={endpoint}\n\
         export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated\n\
         export AWS_REGION=us-east-1\n\
         export AZURE_RESOURCE_MANAGER_ENDPOINT={endpoint}\n"
    )
}
