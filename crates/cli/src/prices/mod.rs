//! Prices on this machine: the catalog of the user's own, and how it is fetched.

mod aws;
mod azure;
mod endpoint;
mod fetch;
mod file;
mod gcp;
mod refresh;
mod today;

pub(crate) use file::{load, path};
pub(crate) use refresh::{Asked, Refused, refresh};
pub(crate) use today::today;
