//! States of instances that RDS has words for: what is told of them, and what is not done in them.

use pgfleet_model::{
    Action, ChangeSet, Check, DesiredState, ObservedInstance, ObservedState, REPLICATION_ERROR,
    Reason, Role,
};

use crate::aws::{docs, seen::replicas};

pub(in crate::aws) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = words(observed, changes);
    checks.extend(replication(observed));
    checks.extend(unlisted(observed, changes));
    checks.extend(last_snapshot(desired, observed, changes));
    checks
}

/// Words of RDS for what is usable and near its end, and for what is mended by other means than a
/// new instance.
fn words(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let page = || docs("accessing-monitoring.html");
    let checks = observed.wanted.iter().filter_map(|(address, live)| {
        let rebuilt = || {
            let mut changes = changes.effective();
            changes.any(|change| {
                change.resource == live.resource && change.reasons.contains(&Reason::Rebuild)
            })
        };
        let check = match live.raw_phase.as_str() {
            "storage-full" => {
                let why = format!("the disk of {} is full", live.resource);
                Check::warning("aws/storage-full", why)
                    .remedy("give it more in `storage`, or let it grow (autogrow_to_gib)")
            }
            word @ ("incompatible-parameters" | "incompatible-option-group") if rebuilt() => {
                let why = format!(
                    "{} is `{word}`: its parameters or options do not fit it, and a new replica \
                     would get the same",
                    live.resource
                );
                Check::error("aws/incompatible", why).remedy(
                    "put its parameter group right and reboot it: aws rds reset-db-parameter-group, \
                     aws rds reboot-db-instance",
                )
            }
            "inaccessible-encryption-credentials-recoverable" => {
                let why = format!(
                    "RDS may not use the key of {}, which nobody can reach until it may",
                    live.resource
                );
                Check::warning("aws/key-inaccessible", why).remedy(
                    "enable the KMS key again and look at its policy, then: aws rds \
                     start-db-instance; after seven days RDS gives the instance up",
                )
            }
            _ => return None,
        };
        Some(check.at(address).source(page()))
    });
    checks.collect()
}

/// A replica that RDS has stopped feeding for now. It may go on by itself: nothing is rebuilt for it.
fn replication(observed: &ObservedState) -> Vec<Check> {
    let checks = observed.wanted.iter().filter_map(|(address, live)| {
        let said = live.attributes.text(REPLICATION_ERROR)?;
        let why = format!("the replication of {} fails: {said}", live.resource);
        Some(
            Check::warning("aws/replication-error", why)
                .at(address)
                .remedy("look at its events and logs in the RDS console; what ends it for good is rebuilt")
                .source(docs("USER_ReadRepl.Monitoring.html")),
        )
    });
    checks.collect()
}

/// Replicas that RDS names and nobody could see, where nothing is deleted for which that matters.
fn unlisted(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let deletes = |live: &ObservedInstance| {
        let mut changes = changes.effective();
        changes.any(|change| change.action == Action::Delete && change.resource == live.resource)
    };
    let checks = observed.wanted.iter().filter_map(|(address, live)| {
        let names: Vec<&str> = replicas::closed(live).collect();
        (!names.is_empty() && !deletes(live)).then(|| {
            let why = format!(
                "{} has replicas in regions that may not be listed ({}): what is there is not known",
                live.resource,
                names.join(", ")
            );
            Check::warning("aws/region-not-listed", why)
                .at(address)
                .remedy("allow rds:DescribeDBInstances there, or enable the region for the account")
                .source("https://docs.aws.amazon.com/general/latest/gr/rds-service.html")
        })
    });
    checks.collect()
}

/// Of what has failed RDS takes no last snapshot, and goes on saying that the instance is not ready
/// for one.
fn last_snapshot(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let deletes = changes
        .effective()
        .filter(|change| change.action == Action::Delete && desired.final_snapshot);
    let checks = deletes.filter_map(|change| {
        let mut owned = observed.owned();
        let live = owned.find(|live| live.resource == change.resource)?;
        (live.role == Role::Primary && has_no_snapshot(&live.raw_phase)).then(|| {
            let why = format!(
                "{} is `{}`: RDS takes no last snapshot of it",
                live.resource, live.raw_phase
            );
            Check::error("aws/final-snapshot", why)
                .at(&change.address)
                .key("primary.final_snapshot")
                .remedy(
                    "write final_snapshot = false in [primary]; what it held is in its automated \
                     backups: aws rds restore-db-instance-to-point-in-time, before it is deleted",
                )
                .source(docs("USER_DeleteInstance.html"))
        })
    });
    checks.collect()
}

/// States in which `DeleteDBInstance` demands `SkipFinalSnapshot`.
fn has_no_snapshot(word: &str) -> bool {
    matches!(
        word,
        "failed" | "incompatible-restore" | "incompatible-network"
    )
}
