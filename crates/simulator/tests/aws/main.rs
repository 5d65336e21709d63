//! The simulated AWS, asked in raw HTTP.

mod changing;
mod client;
mod creating;
mod faults;
#[path = "../http/mod.rs"]
mod http;
mod lifecycle;
mod replicas;
mod state_file;
mod telling;
mod wire;
