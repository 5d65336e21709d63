//! What this machine cannot do, held against a plan before anything is done.

use pgfleet_model::{
    Action, Change, ChangeSet, Check, DesiredInstance, DesiredState, ObservedState, Phase, Role,
};

use super::{existing, order::is_standby_setting};

/// Longest identifier: with `pgfleet__` before it, it names a slot of at most 63 characters.
const LONGEST_ID: usize = 54;
/// Where the rules are written down.
pub(super) const HERE: &str = "docs/local.md";

pub(super) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks: Vec<Check> = desired
        .instances
        .values()
        .filter_map(bad_identifier)
        .collect();
    checks.extend(no_snapshot(desired, observed, changes));
    checks.extend(standbys_first(changes));
    checks.extend(existing::check(desired, observed));
    checks
}

fn bad_identifier(instance: &DesiredInstance) -> Option<Check> {
    let id = instance.resource.id.as_str();
    let fits = id.len() <= LONGEST_ID
        && id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    (!fits).then(|| {
        Check::error(
            "local/identifier",
            format!("`{id}` cannot name a folder and a replication slot"),
        )
        .at(&instance.address)
        .key(instance.key.clone())
        .remedy("use at most 54 lowercase letters, digits and hyphens, a letter or digit first")
        .source(HERE)
    })
}

fn no_snapshot(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Option<Check> {
    let primary = observed.primary()?;
    let deleted =
        |change: &&Change| change.action == Action::Delete && change.resource == primary.resource;
    let goes = changes.changes.iter().find(deleted)?;
    (desired.final_snapshot && primary.phase != Phase::Deleting).then(|| {
        Check::warning(
            "local/no-snapshot",
            format!(
                "{} is removed with its data: this machine takes no snapshot",
                goes.resource
            ),
        )
        .remedy("run pg_dump before, if the data is worth keeping")
        .source(HERE)
    })
}

fn standbys_first(changes: &ChangeSet) -> Option<Check> {
    let raised = |role: Role| {
        changes
            .effective()
            .filter(|change| change.address.role() == role)
            .any(|change| {
                change
                    .fields
                    .iter()
                    .any(|field| is_standby_setting(&field.field))
            })
    };
    (raised(Role::Primary) && raised(Role::Replica)).then(|| {
        Check::note(
            "postgres/standby-settings",
            "replicas are raised before their primary: a standby whose settings are below its \
             primary's stops replaying",
        )
        .source("https://www.postgresql.org/docs/current/hot-standby.html")
    })
}
