//! Amazon RDS for PostgreSQL, and as much of STS as tells who one is.
//!
//! Written from the RDS API reference (version 2014-10-31) and the RDS user guide. One file per
//! group of actions; `form`, `xml` and `auth` are the Query protocol; `steps` is what happens by
//! itself; `names`, `storage` and `catalog` are the rules.

mod actions;
mod auth;
mod call;
mod catalog;
mod cloud;
mod control;
mod create;
mod delete;
mod describe;
mod errors;
mod form;
mod groups;
mod modify;
mod names;
mod offers;
mod options;
mod pages;
mod power;
mod render;
mod replica;
mod request;
mod service;
mod settings;
mod state;
mod steps;
mod storage;
mod tags;
mod xml;

pub(crate) use cloud::Aws;
pub use options::{AwsGroup, AwsOptions, AwsTiming};
