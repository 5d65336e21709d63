//! Whether the credentials last as long as a run is expected to.
//!
//! Beside the age of prices and dates in `Retry-After` this is all that reads the wall clock: it only
//! warns.

use std::time::{Duration, SystemTime};

use pgfleet_executor::expected;
use pgfleet_planner::FleetPlan;

use crate::{run::Run, ui::Ui};

/// Warns of credentials that end before the run is expected to.
pub(crate) async fn warn(run: &Run, plans: &[FleetPlan], ui: Ui) {
    let mut told = Vec::new();
    for (fleet, plan) in run.fleets.iter().zip(plans) {
        let kind = fleet.provider.platform().kind();
        if plan.steps.is_empty() || told.contains(&kind) {
            continue;
        }
        told.push(kind);
        let Some(end) = fleet.provider.credentials_expire().await else {
            continue;
        };
        let ours = run.fleets.iter().zip(plans);
        let longest = ours
            .filter(|(fleet, _)| fleet.provider.platform().kind() == kind)
            .map(|(_, plan)| expected(&plan.steps))
            .max()
            .unwrap_or_default();
        let left = end
            .duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO);
        if left < longest {
            let (left, longest) = (in_words(left), in_words(longest));
            ui.note(&format!(
                "Warning: the credentials for {kind} end in {left}, and this run is expected to take\n\
                 {longest}. Renew them first; a run that they cut short goes on with the same command."
            ));
        }
    }
}

fn in_words(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}
