//! A platform in memory that has every notion of the contract: regions, long operations, revisions,
//! pending values, lanes, limits, and everything that goes wrong.
//!
//! [`MemoryPlatform`] declares what [`MemoryRules`] say; [`MemoryCloud`] enforces it, by code of its
//! own, so that a plan which breaks a rule is refused and not applauded. Time is that of
//! `tokio::time`, and so as virtual as the runtime's.

mod cloud;
mod faults;
mod hands;
mod history;
mod life;
mod platform;
mod provider;
mod refusals;
mod rules;

pub use cloud::MemoryCloud;
pub use faults::{Fault, FaultMix, Random, What, seeded};
pub use history::{Call, Calls, Effect, History};
pub use platform::MemoryPlatform;
pub use provider::MemoryProvider;
pub use rules::{Durations, LaneKind, MemoryRules, Orphans};
