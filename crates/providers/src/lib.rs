//! The platforms that pgfleet knows, one folder and one cargo feature each.
//!
//! Every folder has the same rooms:
//!
//! | file | what is in it |
//! |---|---|
//! | `platform.rs` | the pure half: limits, rules, order, names of the calls |
//! | `provider.rs` | the other half: the trait's functions, nothing more |
//! | `observe.rs` | the listing, turned into pgfleet's words |
//! | `mutate.rs` | the calls that change something |
//! | `errors.rs` | the platform's errors, turned into kind, remedy and how to retry |
//!
//! What is common to the clouds stands in `shared`. No folder knows another.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(feature = "local")]
pub mod local;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
#[cfg_attr(
    not(all(feature = "aws", feature = "azure", feature = "gcp")),
    allow(dead_code, reason = "one cloud alone does not need all of it")
)]
mod shared;
