//! The rules that are about a fleet as a whole.

use pgfleet_model::{
    Action, Address, Attributes, Availability, ChangeSet, Check, DesiredState, ObservedState,
    Reason, Role,
};

use super::MAX_REPLICAS;
use crate::azure::{
    REPLICAS_PAGE, docs,
    order::outgrows,
    size::{is_burstable, is_less},
};

/// What the plan makes of the primary, or what the one that it follows is.
fn primary_of<'a>(
    desired: &'a DesiredState,
    observed: &'a ObservedState,
) -> Option<&'a Attributes> {
    let own = desired.managed_primary().map(|primary| &primary.attributes);
    own.or(observed.existing.as_ref().map(|live| &live.attributes))
}

/// Burstable servers take neither replicas nor a standby, and are no replicas.
pub(super) fn burstable(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let is_burstable =
        |attributes: &Attributes| attributes.size.as_deref().is_some_and(is_burstable);
    let remedy = "take a general purpose or memory optimized size, such as Standard_D2ds_v5";
    let mut checks = Vec::new();
    let primary = primary_of(desired, observed);
    if primary.is_some_and(is_burstable) && desired.replicas().next().is_some() {
        let key = if desired.managed_primary().is_some() {
            "primary.size"
        } else {
            "primary.existing"
        };
        checks.push(
            Check::error(
                "azure/burstable-primary",
                "a Burstable primary cannot have replicas",
            )
            .at(&Address::Primary)
            .key(key)
            .remedy(remedy)
            .source(REPLICAS_PAGE),
        );
    }
    for replica in desired
        .replicas()
        .filter(|one| is_burstable(&one.attributes))
    {
        checks.push(
            Check::error("azure/burstable-replica", "a replica cannot be Burstable")
                .at(&replica.address)
                .key(format!("{}.size", replica.key))
                .remedy(remedy)
                .source(REPLICAS_PAGE),
        );
    }
    if let Some(primary) = desired.managed_primary()
        && is_burstable(&primary.attributes)
        && primary.attributes.availability == Some(Availability::Regional)
    {
        checks.push(
            Check::error(
                "azure/burstable-ha",
                "a Burstable server cannot have a standby",
            )
            .at(&Address::Primary)
            .key("primary.multi_az")
            .remedy(format!("leave `multi_az` out, or {remedy}"))
            .source(docs("high-availability/concepts-high-availability")),
        );
    }
    checks
}

/// Azure makes replicas of replicas; pgfleet does not make them there yet.
pub(super) fn cascade(observed: &ObservedState) -> Option<Check> {
    let replica = observed.existing.as_ref()?;
    replica.source.as_ref()?;
    let why = format!(
        "{} is a replica itself, and pgfleet makes no replicas of replicas on Azure",
        replica.resource
    );
    let check = Check::error("azure/cascade", why)
        .key("primary.existing")
        .remedy("name its primary")
        .source(REPLICAS_PAGE);
    Some(check)
}

pub(super) fn replica_limit(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    let others = observed.strangers_of(desired.primary_ref()).count();
    let all = desired.replicas().count() + others;
    (all > MAX_REPLICAS as usize).then(|| {
        Check::error(
            "azure/replica-limit",
            format!("{all} replicas of one primary: Azure makes {MAX_REPLICAS}"),
        )
        .key("replicas")
        .remedy(format!("lower `count` to {MAX_REPLICAS} or less in all"))
        .source(REPLICAS_PAGE)
    })
}

/// The primary's compute is at most that of its smallest replica. Disks are held against each other
/// where the plan file is read, as it writes them.
pub(super) fn smaller_replicas(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let primary = primary_of(desired, observed).and_then(|primary| primary.size.as_deref());
    let Some(primary) = primary else {
        return Vec::new();
    };
    desired
        .replicas()
        .filter_map(|replica| {
            let own = replica.attributes.size.as_deref()?;
            let message = format!("a replica of {own} is smaller than its primary's {primary}");
            is_less(own, primary).then(|| {
                Check::error("azure/smaller-replica", message)
                    .at(&replica.address)
                    .key(format!("{}.size", replica.key))
                    .remedy("give the group the primary's size or a larger one")
                    .source(REPLICAS_PAGE)
            })
        })
        .collect()
}

/// Where the primary's disk grows by itself, those of its replicas do.
pub(super) fn replicas_that_do_not_grow(
    desired: &DesiredState,
    observed: &ObservedState,
) -> Vec<Check> {
    let asked = primary_of(desired, observed).and_then(|primary| primary.storage.autogrow);
    let live = observed.primary();
    let live = live.and_then(|live| live.attributes.storage.autogrow);
    if asked.or(live) != Some(true) {
        return Vec::new();
    }
    desired
        .replicas()
        .filter(|replica| replica.attributes.storage.autogrow == Some(false))
        .map(|replica| {
            let message = "the primary's disk grows by itself, and this replica's does not";
            Check::error("azure/replica-autogrow", message)
                .at(&replica.address)
                .key(format!("{}.storage.autogrow", replica.key))
                .remedy("leave `autogrow` out of the group, or switch it off in [primary] too")
                .source(REPLICAS_PAGE)
        })
        .collect()
}

/// A replica that the plan does not know keeps its source from becoming what it cannot follow.
pub(super) fn strangers_in_the_way(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let updates = changes
        .effective()
        .filter(|change| change.action == Action::Update);
    let in_the_way = updates.flat_map(|update| {
        let followers = observed.strangers_of(&update.resource);
        followers
            .filter(|live| outgrows(&update.fields, &live.attributes))
            .map(move |live| (update, live))
    });
    in_the_way
        .map(|(update, live)| {
            let message = format!(
                "{} is a replica that the plan does not know, and {} is to become more than it can \
                 follow",
                live.resource, update.resource
            );
            Check::error("azure/smaller-replica", message)
                .at(&update.address)
                .remedy("enlarge it first, or delete it, by the tool that made it")
                .source(REPLICAS_PAGE)
        })
        .collect()
}

/// Azure takes no last snapshot; the backups of a deleted server are kept for some days.
pub(super) fn no_last_snapshot(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    let goes =
        desired.instances.is_empty() && observed.owned().any(|live| live.role == Role::Primary);
    (desired.final_snapshot && goes).then(|| {
        Check::warning(
            "azure/no-snapshot",
            "Azure takes no snapshot of a server that is deleted; it can be revived for five days",
        )
        .remedy("dump what is worth keeping, and set final_snapshot = false")
        .source(docs("backup-restore/how-to-restore-dropped-server"))
    })
}

/// What keeps such a server down lies outside of it: made anew it would be no better off, and what is
/// there comes back by itself.
pub(super) fn to_be_mended(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let rebuilt = changes.effective().filter(|change| {
        change.action == Action::Delete && change.reasons.contains(&Reason::Rebuild)
    });
    let down = rebuilt.filter_map(|change| {
        let live = observed.wanted.get(&change.address)?;
        let word = live.raw_phase.as_str();
        let why = match word {
            "Inaccessible" => "the key that encrypts it cannot be reached",
            "Disabled" => "the subscription is disabled, or was moved",
            _ => return None,
        };
        let message = format!("{} is `{word}`: most often {why}", live.resource);
        let check = Check::error("azure/down", message)
            .at(&change.address)
            .remedy(
                "give it back access to its key, or put the subscription right, and it comes back; \
                 or delete it by hand, and apply makes another one",
            )
            .source(docs("security/security-data-encryption"));
        Some(check)
    });
    down.collect()
}
