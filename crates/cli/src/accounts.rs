//! Whose account a run's calls are made in, and whether a plan file allows it.

use std::sync::Arc;

use pgfleet_executor::Traffic;
use pgfleet_model::ProviderKind;
use pgfleet_provider::{ErrorKind, Provider, ProviderError};
use pgfleet_spec::Spec;

use crate::{exit::Exit, problems::Problem};

/// Whether the accounts behind the credentials are asked for, which costs a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accounts {
    /// Where a plan file is bound to one.
    Guarded,
    /// Of every fleet, to be saved.
    All,
    /// Of every fleet, to be held against what was saved instead of the plan file's.
    Saved,
}

impl Accounts {
    /// The account that a fleet's calls are made in; empty where it need not be known, or nobody tells
    /// it. Another than the plan file's is refused, as other protections refuse.
    pub(crate) async fn of(
        self,
        spec: &Spec,
        provider: &dyn Provider,
        is_simulated: bool,
        traffic: &Arc<Traffic>,
    ) -> Result<String, Problem> {
        let is_guarded = !is_simulated && self != Self::Saved;
        let guard = spec.platform.get("account").filter(|_| is_guarded);
        // Only AWS asks somebody for it.
        let is_free = provider.platform().kind() != ProviderKind::Aws;
        if !is_free && guard.is_none() && self == Self::Guarded {
            return Ok(String::new());
        }
        let ask = async || provider.identity().await;
        let account = match traffic
            .ask(provider, [spec.region.clone()].into(), ask)
            .await
        {
            Ok(account) => account.to_string(),
            // What stands in for AWS may have no service for it.
            Err(error) if guard.is_none() && error.kind == ErrorKind::Unsupported => String::new(),
            Err(error) => return Err(Problem::of(spec, error)),
        };
        match guard.map(ToString::to_string) {
            Some(wanted) if wanted != account => {
                let why = format!(
                    "the plan is for the account {wanted}, the credentials are for {account}"
                );
                let error = ProviderError::new(ErrorKind::Permission, why)
                    .remedy("take other credentials (AWS_PROFILE), or correct `account` in [aws]");
                Err(Problem {
                    exit: Exit::Refused,
                    ..Problem::of(spec, error)
                })
            }
            _ => Ok(account),
        }
    }
}
