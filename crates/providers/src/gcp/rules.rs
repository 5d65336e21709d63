//! The rules of Cloud SQL, held against a plan before any call is made. Each names the page that
//! says so.

mod fleet;
mod instance;
#[cfg(test)]
mod tests;

use pgfleet_model::{ChangeSet, Check, DesiredInstance, DesiredState, ObservedState};

use crate::shared::{databases, offered, tags};

use super::docs;

pub(super) use fleet::revived;
pub(super) use instance::{bootstrap, disk_not_known, no_tier, version_chosen};

/// Replicas of one primary. Secondary sources name it, so that more is a warning.
pub(super) const MAX_REPLICAS: u32 = 10;

/// Labels of an instance.
const MOST_LABELS: usize = 64;

/// Regions of which the catalog knows no price.
const REGIONS: [&str; 3] = ["asia-southeast3", "europe-north2", "northamerica-south1"];

/// Everything that stands against a fleet.
pub(super) fn check(
    project: &str,
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = Vec::new();
    for wanted in desired.instances.values() {
        checks.extend(instance::identifier(project, wanted));
        checks.extend(instance::tier_of_edition(wanted));
        checks.extend(instance::disk(wanted));
        checks.extend(instance::labels(wanted));
        checks.extend(instance::version(wanted));
        checks.extend(fleet::backups(desired, wanted));
    }
    // The note of a database stays, without a value.
    let notes =
        |wanted: &DesiredInstance, _: Option<&_>| usize::from(databases::wanted(wanted).is_some());
    let labels = tags::too_many(desired, observed, notes, MOST_LABELS);
    checks.extend(labels.map(|check| check.source(docs("label-instance"))));
    let source = docs("locations");
    checks.extend(offered::regions(
        desired, observed, changes, &REGIONS, &source,
    ));
    checks.extend(fleet::replica_limit(desired, observed));
    checks.extend(fleet::smaller_replicas(desired, observed));
    checks.extend(fleet::replica_autogrow(desired));
    checks.extend(fleet::existing(desired, observed));
    checks.extend(fleet::suspended(observed, changes));
    checks.extend(fleet::public_address(desired, changes));
    checks
}
