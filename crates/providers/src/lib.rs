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
//! What is common to the clouds stands beside the folders: `databases.rs`, the database of
//! `[primary]` where it takes a call of its own; `guard.rs`, no plain text to other machines;
//! `offered.rs`, regions that there are; `passwords.rs`, passwords read when they are needed;
//! `pauses.rs`, the pauses that answers ask for; `portable.rs`, classes for sizes in vCPUs and
//! memory; `proxies.rs`, nothing for this machine over proxies; `standing.rs`, answers of polls that
//! a listing gives; `words.rs`, what others say as part of what we say. No folder knows another.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
#[cfg(any(feature = "azure", feature = "gcp"))]
mod databases;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod guard;
#[cfg(feature = "local")]
pub mod local;
#[cfg(any(feature = "azure", feature = "gcp"))]
mod offered;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod passwords;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod pauses;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod portable;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod proxies;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod standing;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod words;
