//! PostgreSQL servers on this machine: real `initdb`, real `pg_basebackup`, real streaming.
//!
//! An instance is a folder below the data folder (see `layout.rs`), a server that runs in it, and a
//! replication slot on its primary where it is a replica. There is no other record: what is
//! listed is read from the folders and asked of the running servers. An operation holds the
//! instance's lock for as long as it, or a program that it started, works; a folder whose marker
//! says `creating` or `deleting` without anybody holding its lock was interrupted, and the next
//! run begins it anew.

mod cluster_name;
mod config;
mod errors;
mod existing;
mod host;
mod layout;
mod mutate;
mod observe;
mod order;
mod platform;
mod ports;
mod provider;
mod resolve;
mod rules;
mod session;
mod source;

pub use platform::LocalPlatform;
pub use provider::{LocalProvider, default_data_dir};
