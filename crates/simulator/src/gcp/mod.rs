//! Google Cloud SQL for PostgreSQL: as much of the Cloud SQL Admin API as makes, changes and removes
//! instances.
//!
//! Written from Google's published description of `sqladmin` v1, its documentation, and errors that
//! people have quoted. `schema`, `fields` and `enums` are the messages; `read` and `render` take them
//! in and write them; `route` is the paths, `token` those of who lets clients in. One file per group of methods; `operations` is what
//! happens as time goes by; `rules`, `tiers` and `names` are the rules.

mod act;
mod call;
mod cloud;
mod control;
mod databases;
mod enums;
mod errors;
mod fields;
mod filter;
mod insert;
mod list;
mod names;
mod operations;
mod options;
mod outside;
mod patch;
mod read;
mod render;
mod replica;
mod resource;
mod route;
mod rules;
mod schema;
mod service;
mod state;
mod tiers;
mod token;
mod users;
mod view;

pub(crate) use cloud::Gcp;
pub use options::{GcpOptions, GcpTiming};
