//! Decides what is to be done: compares the desired state with the observed one, explains each
//! difference, checks the rules of the platform, and puts the calls in order.
//!
//! Everything here is pure and synchronous: no clock, no I/O, no randomness. What a platform
//! can do and forbids comes in through [`Platform`], the pure half of a provider.
//!
//! The way through the crate is [`plan`]: [`resolve`] turns a plan file into a desired state,
//! [`diff`] finds the changes and the drift, `checks` holds the rules of the engine itself,
//! [`steps`] makes steps of the changes. [`adopt`] and [`release`] say whose tags are to change.

mod adoption;
mod checks;
mod diff;
mod document;
mod fingerprint;
mod hash;
mod order;
mod plan;
mod platform;
mod refusals;
mod resolve;
mod saved;
mod since;
mod standing;
mod word;

pub use adoption::{Retag, Retagging, adopt, release};
pub use diff::{diff, satisfies};
pub use document::SavedPlanError;
pub use fingerprint::fingerprint;
pub use hash::sha256;
pub use order::{Cycle, steps};
pub use plan::{FleetPlan, Goal, Replan, plan, replan};
pub use platform::{
    Capabilities, Compare, Draft, Edge, FieldRule, PASSWORD_VERSION, PlannedCall, Platform,
    Standing,
};
pub use refusals::not_ours;
pub use resolve::{Resolution, resolve};
pub use saved::{Fit, SavedFleet, SavedPlan, SavedPlanFile};
pub use standing::standing;
pub use word::Word;
