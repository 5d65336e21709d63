//! What a shell needs to talk to simulated clouds.

use std::{fmt::Write as _, path::Path};

use crate::plan_shell::path_word;

/// The environment in which the vendors' own tools, and pgfleet, talk to the simulated clouds, as
/// lines for a shell. The credentials are made up; Google's tool is told to go without. `certificate`
/// is the file of the authority that has to be trusted, where they are served over TLS; Azure wants to
/// be logged in to then.
pub fn simulated_environment(endpoint: &str, certificate: Option<&Path>) -> String {
    // Google's tool joins its paths to the endpoint as they are: the slash is needed.
    let mut lines = format!(
        "export AWS_ENDPOINT_URL={endpoint}\n\
         export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated\n\
         export AWS_REGION=us-east-1\n\
         export AZURE_RESOURCE_MANAGER_ENDPOINT={endpoint}\n\
         export CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL={endpoint}/\n\
         export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true\n"
    );
    if let Some(certificate) = certificate {
        let file = path_word(certificate);
        let _ = write!(
            lines,
            "export SSL_CERT_FILE={file} AWS_CA_BUNDLE={file}\n\
             export AZURE_AUTHORITY_HOST={endpoint} AZURE_CLIENT_ID=simulated\n\
             export AZURE_TENANT_ID=00000000-0000-0000-0000-0000000000aa\n\
             export AZURE_CLIENT_SECRET=simulated\n"
        );
    }
    lines
}
