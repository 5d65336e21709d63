//! The contract between pgfleet and a platform.
//!
//! A provider has two halves. The pure one, [`Platform`], tells the planner what the platform can
//! do and in which order; the other, [`Provider`], talks to it. An executor needs only
//! [`Provider`], and no SDK.
//!
//! A provider makes calls and reports; it never decides what to change, never sleeps to wait for
//! an operation, and never retries on its own beyond what its transport does to open a
//! connection: the executor does, by the one property [`ProviderError::retry`]. How it does is
//! here too, without a clock: [`Backoff`], [`RetryBudget`] and [`Pace`].
//!
//! Calls of the trait are logged by who makes them. A provider logs the requests that it sends
//! below them, with `tracing`, one event each at the level `info` and the target `pgfleet::wire`,
//! with the fields `operation`, `request_id`, `status` and `seconds`, and never a body or a header.

mod backoff;
mod budget;
mod error;
mod pace;
mod secrets;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use pgfleet_model::{
    AccountId, Check, FleetName, Inventory, Mutation, ObjectVersion, Owner, Region, ResourceRef,
};
pub use pgfleet_planner::{PlannedCall, Platform, Standing};
use pgfleet_spec::Spec;

use secrecy::SecretString;

pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use error::{ErrorKind, ProviderError, Retry};
pub use pace::{Pace, PaceChange};
pub use secrets::{SecretError, Secrets};

/// Which part of an account a listing is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The regions that the fleets of a run touch.
    pub regions: BTreeSet<Region>,
    /// The fleets of the run; their regions as far as their tags tell are listed too where that
    /// costs no further call.
    pub fleets: BTreeSet<FleetName>,
}

/// A long operation of the platform, as far as it has a name there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OperationName(pub String);

/// How to log in to a database. `Debug` does not show the password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The role.
    pub user: String,
    /// Its password; `None` where the server asks for none.
    pub password: Option<SecretString>,
    /// The database to connect to.
    pub database: String,
}

/// How the end of a mutation is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// The platform's operation of this name has ended: Google, Azure.
    Named(OperationName),
    /// The listing shows it, by [`Platform::standing`]: AWS.
    Holds,
    /// The answer to the call has shown it already.
    Reached,
}

/// A mutation that the platform has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What was asked for.
    pub mutation: Mutation,
    /// How its end is recognised.
    pub until: Until,
    /// When the platform wants to be asked after it for the first time, where it says so.
    pub retry_after: Option<Duration>,
}

/// How far an operation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It goes on. The platform may say when to ask again.
    Running {
        /// Not before this time has passed.
        retry_after: Option<Duration>,
    },
    /// It is done.
    Done,
}

/// The half of a provider that talks to the platform. All of it may be called concurrently.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The pure half.
    fn platform(&self) -> &dyn Platform;

    /// Takes note of what a plan file says and no call carries: where a password is read from, whom
    /// the fleet follows. Called for each plan file that the provider serves, before anything is listed.
    fn take_note(&self, _spec: &Spec) {}

    /// Who the calls are made as.
    ///
    /// # Errors
    /// Credentials that are missing, expired or refused; a platform that does not answer.
    async fn identity(&self) -> Result<AccountId, ProviderError>;

    /// Lists what runs: few calls, whatever the number of instances.
    ///
    /// # Errors
    /// When any part of the scope cannot be listed: half a listing would look like missing
    /// instances.
    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError>;

    /// Asks the platform beforehand about what a plan is going to do: whether a class is on
    /// offer, a name or a port is free, the disk has room. Makes no change.
    ///
    /// # Errors
    /// When the platform cannot be asked. What it answers against the plan is a check.
    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError>;

    /// Makes the call of one mutation and returns as soon as the platform has taken it.
    /// `expect` is the revision that the plan was made from, where the platform has such.
    ///
    /// Calling it again after an answer was lost, or for a mutation with
    /// [`Mutation::resume`], never makes a second instance and never takes a foreign one for
    /// its own.
    ///
    /// # Errors
    /// With [`ProviderError::retry`] saying what may be done next.
    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError>;

    /// Asks after any number of operations at once; the answers are in the order of the
    /// operations. One list where the platform has one, never a call for each instance.
    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>>;

    /// What the last poll listed, where that was all of the scope and no call that changes something
    /// was made since: the platform need not be listed again then. Fleets share it.
    fn polled(&self, _scope: &Scope) -> Option<Arc<Inventory>> {
        None
    }

    /// Sets the tags that say whose an instance is, or takes them off (`None`), and changes nothing
    /// else of it.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where instances belong to whoever made them.
    async fn claim(
        &self,
        resource: &ResourceRef,
        _owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        let kind = self.platform().kind();
        let why = format!("{resource}: what `{kind}` instances are whose cannot be changed");
        Err(ProviderError::new(ErrorKind::Unsupported, why))
    }

    /// When the credentials end, where that is known and they do not renew by themselves: what
    /// takes longer then fails half-way. Credentials that renew (a role, single sign-on, a web
    /// identity, a program that hands them out) are `None`.
    async fn credentials_expire(&self) -> Option<SystemTime> {
        None
    }

    /// A login of pgfleet's own to the databases of a fleet, where the platform gave it one.
    ///
    /// # Errors
    /// When there should be one and it cannot be read.
    async fn own_login(&self, _primary: &ResourceRef) -> Result<Option<Login>, ProviderError> {
        Ok(None)
    }

    /// A password file that lets the administrator in, where the platform keeps one.
    fn admin_passfile(&self, _primary: &ResourceRef) -> Option<PathBuf> {
        None
    }

    /// Ends whatever the provider itself runs in the background, before the process ends. A run that
    /// began nothing need not call it. Operations of a cloud go on.
    async fn close(&self) {}
}
