//! Turns what pgfleet knows into what people and scripts read: text, JSON and lines of events.
//!
//! The one place that formats. Everything here is a pure function from data to a string; the
//! command line decides where it goes.

mod cost;
mod diagnostics;
mod events;
mod markdown;
mod outcome_markdown;
mod plan_json;
mod plan_markdown;
mod plan_rows;
mod plan_shell;
mod plan_text;
mod retagging;
mod schema;
mod simulated;
mod status;
mod style;
mod table;
mod units;

pub use cost::{
    FleetComparison, FleetCost, PricesView, compare_json, compare_markdown, compare_text,
    cost_json, cost_markdown, cost_text, costs_json, prices_json, prices_text,
};
pub use diagnostics::{diagnostics, snippet};
pub use events::{connect_line, event_json, event_line, left_running, outcome_line, problem};
pub use markdown::without_commands;
pub use outcome_markdown::{failure_markdown, outcome_markdown};
pub use plan_json::plan_json;
pub use plan_markdown::{COMMENT_BYTES, plan_markdown};
pub use plan_shell::{path_word, plan_shell};
pub use plan_text::{PlanView, plan_costs, plan_summary, plan_text, refusals_text};
pub use retagging::retagging_text;
pub use schema::JsonForm;
pub use simulated::simulated_environment;
pub use status::{
    FleetStatus, FleetVerification, Found, InstanceView, ReplicaVerification, status_json,
    status_text, verify_json, verify_text,
};
pub use style::Paint;
pub use units::{about, count, elapsed};
