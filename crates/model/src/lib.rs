//! The vocabulary that every other crate speaks: what a plan wants ([`DesiredState`]), what runs
//! ([`Inventory`], [`ObservedState`]), what would change ([`Change`]), in which calls ([`Step`]),
//! what stands against it ([`Check`]) and what happens meanwhile ([`Event`]).
//!
//! The crate holds data and small total functions on it. It knows no provider, no file format, no
//! clock and no I/O.
//!
//! ```
//! use pgfleet_model::{Address, FleetName};
//! let fleet: FleetName = "foodtruck".parse()?;
//! let address: Address = "replica-1".parse()?;
//! assert_eq!(address.default_resource_id(&fleet).as_str(), "foodtruck-replica-1");
//! # Ok::<(), pgfleet_model::NameError>(())
//! ```

mod attributes;
mod change;
mod check;
mod connection;
mod desired;
mod event;
mod lag;
mod names;
mod observed;
mod secret;
mod step;
mod version;

pub use attributes::{
    Attributes, Field, FieldChange, REPLICATION_ERROR, Settings, Storage, Tags, UNLISTED_REPLICAS,
    Value, ZONE,
};
pub use change::{Action, Change, ChangeSet, Drift, DriftReason, Reason};
pub use check::{Check, Severity};
pub use connection::SslMode;
pub use desired::{Bootstrap, DesiredInstance, DesiredState, PrimaryPolicy};
pub use event::{Event, EventKind, Outcome, Remaining};
pub use lag::{Lag, Lsn, LsnError};
pub use names::{
    AccountId, Address, Availability, FleetName, GroupName, NameError, ProviderKind, Region,
    ResourceId, ResourceRef, Role,
};
pub use observed::{
    Condition, Endpoint, Inventory, ObjectVersion, ObservedInstance, ObservedState, Owner, Phase,
    Stranger, TAG_ADDRESS, TAG_FLEET, TAG_MANAGED_BY, TAG_PREFIX,
};
pub use secret::PasswordSource;
pub use step::{Disruption, Lane, Mutation, Operation, Step, StepId};
pub use version::{PgVersion, VersionError};
