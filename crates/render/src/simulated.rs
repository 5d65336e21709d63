//! What a shell needs to talk to simulated clouds.

/// The environment in which the vendors' own tools, and pgfleet, talk to the simulated clouds, as
/// lines for a shell. The credentials are made up; Google's tool is told to go without.
pub fn simulated_environment(endpoint: &str) -> String {
    // Google's tool joins its paths to the endpoint as they are: the slash is needed.
    format!(
        "export AWS_ENDPOINT_URL={endpoint}\n\
         export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated\n\
         export AWS_REGION=us-east-1\n\
         export AZURE_RESOURCE_MANAGER_ENDPOINT={endpoint}\n\
         export CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL={endpoint}/\n\
         export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true\n"
    )
}
