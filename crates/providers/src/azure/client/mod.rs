//! What goes over the wire: one HTTP client, one source of tokens, the generated client in between.
//!
//! The generated client (`azure_mgmt_postgresql`) builds requests and holds the models. What it
//! does not do well is done here: it would send `null` for dates that nobody set, drop the reasons
//! of failures, follow addresses to anywhere, and refuse a whole list for one server that lacks a
//! field.

mod api;
mod credentials;
mod endpoint;
mod failure;
mod operation;
mod read;
mod tokens;
mod transport;

pub use endpoint::AzureOptions;

pub(super) use api::{Client, Place};
pub(super) use azure_mgmt_postgresql::package_flexibleserver_2024_08_01::models;
pub(super) use failure::{Failure, Refusal, is_busy};
pub(super) use operation::{Ended, State, Taken};
