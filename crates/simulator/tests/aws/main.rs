//! The simulated AWS, asked in raw HTTP.

mod changing;
mod client;
mod creating;
mod faults;
mod lifecycle;
mod replicas;
mod state_file;
mod telling;
mod wire;
