//! The simulated Azure, asked in raw HTTP.

mod changing;
mod client;
mod creating;
mod faults;
#[path = "../http/mod.rs"]
mod http;
mod operations;
mod replicas;
mod scopes;
mod telling;
mod tls;
mod tokens;
