//! Cost estimates: in plans, as a table of their own, beside other clouds.

mod compare;
mod json;
mod markdown;
mod money;
mod plan;
mod prices;
mod rows;
mod table;

use pgfleet_model::{Check, FleetName, ProviderKind, Region};
use pgfleet_pricing::{CostEstimate, Reservation};

pub use compare::{FleetComparison, compare_json, compare_markdown, compare_text};
pub use json::{cost_json, costs_json};
pub use markdown::cost_markdown;
pub use prices::{PricesView, prices_json, prices_text};
pub use table::cost_text;

pub(crate) use json::{estimate_json, sums_json};
pub(crate) use money::{amount, change};
pub(crate) use plan::{
    all_fleets, instances, not_included, price_words, section, total_words, unpriced,
};

/// One fleet's cost as `pgfleet cost` shows it.
#[derive(Debug)]
pub struct FleetCost {
    /// The fleet.
    pub fleet: FleetName,
    /// Where it runs.
    pub provider: ProviderKind,
    /// The primary's region.
    pub region: Region,
    /// What it costs.
    pub estimate: CostEstimate,
    /// What commitments would save.
    pub reservations: Vec<Reservation>,
    /// What stands against it, or is worth knowing.
    pub checks: Vec<Check>,
}
