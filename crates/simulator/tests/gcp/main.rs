//! The simulated Cloud SQL, asked in raw HTTP.

mod changing;
mod client;
mod creating;
mod databases;
mod deleting;
mod faults;
#[path = "../http/mod.rs"]
mod http;
mod listing;
mod operations;
mod replicas;
mod state_file;
mod tokens;
mod wire;
