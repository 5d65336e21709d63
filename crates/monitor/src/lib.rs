//! Asks the databases themselves: how far each replica is behind ([`status`]), and whether a write
//! on the primary arrives on each of them ([`verify`]).
//!
//! The room knows how to reach instances and what PostgreSQL says of replication; who made them is
//! no matter here. What cannot be known is said to be unknown, never guessed.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use pgfleet_model::{Endpoint, ResourceId, Role};
//! use pgfleet_monitor::{Credentials, Target, Tls, VerifyOptions, verify};
//! let target = |name: &str, role, port| -> Result<Target, pgfleet_model::NameError> {
//!     Ok(Target {
//!         address: name.parse()?,
//!         resource_id: ResourceId::new(format!("food-{name}")),
//!         role,
//!         endpoint: Endpoint { host: "127.0.0.1".to_owned(), port },
//!         slot: None,
//!     })
//! };
//! let credentials = Credentials {
//!     user: "postgres".to_owned(),
//!     password: Some("secret".into()),
//!     database: "food".to_owned(),
//!     tls: Tls::disabled(),
//! };
//! let primary = target("primary", Role::Primary, 5440)?;
//! let replicas = [target("replica-1", Role::Replica, 5441)?];
//! for seen in verify(&primary, &replicas, &credentials, &VerifyOptions::default()).await {
//!     assert!(seen.ok, "{} {:?}", seen.address, seen.problem);
//! }
//! # Ok(())
//! # }
//! ```

mod connect;
mod estimate;
mod query;
mod status;
mod streaming;
mod target;
mod text;
mod tls;
mod verify;

pub use connect::{ConnectError, ConnectProblem};
pub use estimate::{Estimate, LagEstimator};
pub use pgfleet_model::SslMode;
pub use status::{InstanceStatus, StatusOptions, status};
pub use target::{Credentials, Target};
pub use tls::{Tls, TlsError};
pub use verify::{Verification, VerifyOptions, verify};
