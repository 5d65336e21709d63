//! Passwords, read when a call needs them.

use pgfleet_model::PasswordSource;
use pgfleet_provider::{ErrorKind, ProviderError, Secrets};
use secrecy::SecretString;

/// Reads a password without holding up other calls: a command may take its time.
pub(crate) async fn read(
    source: PasswordSource,
    secrets: Secrets,
) -> Result<SecretString, ProviderError> {
    match tokio::task::spawn_blocking(move || secrets.read(&source)).await {
        Ok(Ok(password)) => Ok(password),
        Ok(Err(error)) => Err(
            ProviderError::new(ErrorKind::Environment, error.to_string())
                .remedy("look at `password` in [primary]"),
        ),
        Err(error) => Err(ProviderError::new(
            ErrorKind::Internal,
            format!("the password could not be read: {error}"),
        )),
    }
}
