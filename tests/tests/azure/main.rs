//! Fleets on a simulated Azure, through the binary: what is asked of it, what is waited out, and
//! what is told. What every cloud survives is in `clouds_under_fire.rs`.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

mod cloud;
mod fleets;
mod logins;
mod switches;
mod trouble;
