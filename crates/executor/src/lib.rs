//! Runs the steps of plans.
//!
//! The executor decides nothing about what to change. It makes the calls of a plan in their
//! order, side by side where the plan allows, repeats those that may be repeated, waits for the
//! platform, and ends with a listing that proves whether the fleet is as planned. What happens it
//! tells as events, and prints nothing.
//!
//! [`execute`] runs any number of fleets at once. One poll serves all operations of a provider,
//! whatever their number. [`Traffic`] keeps all calls of a run at a pace that the platforms take,
//! and [`Watched`] logs them and bounds them in time.

mod fleet;
mod flight;
mod jitter;
mod listing;
mod options;
mod round;
mod schedule;
mod telling;
mod traffic;
mod watched;

pub use fleet::{FleetReport, Work, execute};
pub use listing::{Listing, list};
pub use options::{Options, Stop};
pub use schedule::{Patience, PollSchedule, expected};
pub use telling::Observer;
pub use traffic::{Traffic, Urgency};
pub use watched::Watched;
