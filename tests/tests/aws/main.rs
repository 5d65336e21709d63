//! Fleets on a simulated RDS, through the binary.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

mod cloud;
mod credentials;
mod disks;
mod engine;
mod shell;
mod trouble;
