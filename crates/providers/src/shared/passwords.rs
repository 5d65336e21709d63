//! Administrators' passwords: where they are read from, by fleet; read when a call needs them, and
//! held against the service's rule before anything is sent.
//!
//! A change of a password names its version only: plans, events and saved files hold nothing more.
//! The version of the live one is in a tag, which is a setting here and not one of the plan's tags.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use pgfleet_model::{
    Field, FieldChange, FleetName, Mutation, Operation, PasswordSource, Settings, Tags, Value,
};
use pgfleet_planner::PASSWORD_VERSION;
use pgfleet_provider::{ErrorKind, ProviderError, Secrets};
use pgfleet_spec::{PrimarySpec, Spec};
use secrecy::{ExposeSecret as _, SecretString};

use crate::shared::scrub;

/// The tag that tells which `password_version` the administrator's password is of.
const TAG_VERSION: &str = "pgfleet-password-version";

/// Changes only: the password, to be set.
const PASSWORD: &str = "password";

/// What a service says against a password, as what it must be instead; never the password itself.
pub(crate) type Fault = Option<&'static str>;

/// Where passwords are read from, shared by both halves of a provider.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passwords(Arc<Mutex<BTreeMap<FleetName, PasswordSource>>>);

impl Passwords {
    /// Keeps where a plan file's password is read from, in case it is to be changed.
    pub(crate) fn take_note(&self, spec: &Spec) {
        if let PrimarySpec::Managed(primary) = &spec.primary
            && let Some(source) = &primary.password
        {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(spec.fleet.clone(), source.clone());
        }
    }

    pub(crate) fn of(&self, fleet: &FleetName) -> Option<PasswordSource> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(fleet).cloned()
    }

    /// Reads the password that a fleet is to have from now on.
    pub(crate) async fn read(
        &self,
        fleet: &FleetName,
        secrets: Secrets,
        rule: impl FnOnce(&str) -> Fault,
    ) -> Result<SecretString, ProviderError> {
        let source = self.of(fleet).ok_or_else(|| {
            let why = format!("the plan file of {fleet} names no password");
            ProviderError::new(ErrorKind::Environment, why)
                .remedy("add password = { env = \"NAME\" } (or file, or command) to [primary]")
        })?;
        read(source, secrets, rule).await
    }
}

/// Reads a password without holding up other calls: a command may take its time. One that the
/// service would not take is refused here, where nothing has been sent yet.
pub(crate) async fn read(
    source: PasswordSource,
    secrets: Secrets,
    rule: impl FnOnce(&str) -> Fault,
) -> Result<SecretString, ProviderError> {
    let from = source.to_string();
    let password = match tokio::task::spawn_blocking(move || secrets.read(&source)).await {
        Ok(Ok(password)) => password,
        Ok(Err(error)) => {
            return Err(
                ProviderError::new(ErrorKind::Environment, error.to_string())
                    .remedy("look at `password` in [primary]"),
            );
        }
        Err(error) => {
            return Err(ProviderError::new(
                ErrorKind::Internal,
                format!("the password could not be read: {error}"),
            ));
        }
    };
    match rule(password.expose_secret()) {
        None => Ok(password),
        Some(must) => {
            let why =
                format!("{from} holds a password that cannot be the administrator's: it {must}");
            Err(ProviderError::new(ErrorKind::Refused, why)
                .remedy("put another one there and run the command again"))
        }
    }
}

/// Takes a password out of an error, in case that somebody repeats what was sent, in whichever way
/// ([`scrub`]).
pub(crate) fn scrubbed(error: ProviderError, password: Option<&SecretString>) -> ProviderError {
    let Some(password) = password.map(SecretString::expose_secret) else {
        return error;
    };
    ProviderError {
        message: scrub::hidden(&error.message, password),
        remedy: scrub::hidden(&error.remedy, password),
        ..error
    }
}

/// Whether this is the version of the administrator's password.
pub(crate) fn is_version(field: &Field) -> bool {
    matches!(field, Field::Setting(name) if name == PASSWORD_VERSION)
}

pub(crate) fn has_version(fields: &[FieldChange]) -> bool {
    fields.iter().any(|change| is_version(&change.field))
}

/// Sets the password, then its version, where tags have a call of their own: after an interruption
/// between the two the password is changed again, to the same.
pub(crate) fn steps(version: &FieldChange) -> [FieldChange; 2] {
    let password = FieldChange {
        field: Field::Setting(PASSWORD.to_owned()),
        ..version.clone()
    };
    [password, version.clone()]
}

/// Whether changes set the password, in a call without its version.
pub(crate) fn has_password(fields: &[FieldChange]) -> bool {
    let is_password = |field: &Field| matches!(field, Field::Setting(name) if name == PASSWORD);
    fields.iter().any(|change| is_password(&change.field))
}

/// Whether a mutation sets the password, in a call without its version.
pub(crate) fn rotates(mutation: &Mutation) -> bool {
    match &mutation.operation {
        Operation::Modify { fields, .. } => has_password(fields),
        _ => false,
    }
}

/// The tag that a change of the version sets.
pub(crate) fn changed_tag(change: &FieldChange) -> Option<(String, String)> {
    is_version(&change.field).then(|| (TAG_VERSION.to_owned(), change.to.to_string()))
}

/// The tag that a new primary bears for its password.
pub(crate) fn tag(settings: &Settings) -> Option<(String, String)> {
    let version = settings.get(PASSWORD_VERSION)?;
    Some((TAG_VERSION.to_owned(), version.to_string()))
}

/// Takes the version of a live primary's password out of its tags, as a setting; none where it was
/// never changed.
pub(crate) fn take_version(tags: &mut Tags) -> Option<(String, Value)> {
    let version = tags.remove(TAG_VERSION)?.parse().ok()?;
    Some((PASSWORD_VERSION.to_owned(), Value::Number(version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words;

    #[tokio::test]
    async fn a_password_that_the_service_would_not_take_is_refused_by_its_source_and_the_rule() {
        let source = PasswordSource::Command(vec!["echo".into(), "s3cret".into()]);
        let short = |text: &str| (text.len() < 8).then_some("must have 8 characters");
        let error = read(source.clone(), Secrets, short).await.unwrap_err();
        let told = format!("{} {}", error.message, error.remedy);
        assert!(told.contains("`echo`") && told.contains("must have 8 characters"));
        assert!(!told.contains("s3cret"), "{told}");
        assert!(read(source, Secrets, |_| None).await.is_ok());
    }

    #[test]
    fn a_password_that_comes_back_is_told_neither_whole_nor_in_part() {
        let password = SecretString::from("plant ed\u{e4}-4711.");
        let told = |said: &str| {
            let said = words::sentence(said);
            let error = ProviderError::new(ErrorKind::Refused, format!("{said} (HTTP status 400)"));
            scrubbed(error.remedy(said), Some(&password))
        };
        for said in [
            "bad plant ed\u{e4}-4711.",
            "bad plant\ned\u{e4}-4711. value",
        ] {
            let error = told(said);
            for text in [error.message, error.remedy] {
                assert!(
                    text.starts_with("bad ***") && !text.contains("plant"),
                    "{text}"
                );
            }
        }
        for length in 580..600 {
            let error = told(&format!(
                "{} {}",
                "x".repeat(length),
                password.expose_secret()
            ));
            assert!(!error.message.contains("plan"), "{}", error.message);
        }
        let error = ProviderError::new(ErrorKind::Refused, "as it was");
        assert_eq!(scrubbed(error.clone(), None), error);
        assert_eq!(
            scrubbed(error.clone(), Some(&SecretString::default())),
            error
        );
    }
}
