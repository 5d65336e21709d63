//! The simulated Azure, asked in raw HTTP.

mod changing;
mod client;
mod creating;
mod faults;
mod operations;
mod replicas;
mod scopes;
mod telling;
mod tls;
mod tokens;
