//! The executor on a platform in memory, by a clock that the tests turn.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

mod asking;
mod faults;
mod listing;
mod run;
mod stopping;
mod support;
mod traffic;
