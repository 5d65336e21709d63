//! The rules that are about a fleet as a whole.

use pgfleet_model::{
    Action, Address, Attributes, Availability, ChangeSet, Check, DesiredInstance, DesiredState,
    Field, ObservedState, Role, Severity, Stranger,
};

use super::{REPLICAS, page};
use crate::azure::{
    REPLICAS as REPLICAS_PAGE,
    resolve::is_private,
    sku::{is_burstable, is_less},
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
            .source(page("high-availability/concepts-high-availability")),
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
    let strangers = observed.strangers.iter();
    let others = strangers
        .filter(|other| matches!(other, Stranger::Follows(_)))
        .count();
    let all = desired.replicas().count() + others;
    (all > REPLICAS as usize).then(|| {
        Check::error(
            "azure/replica-limit",
            format!("{all} replicas of one primary: Azure makes {REPLICAS}"),
        )
        .key("replicas")
        .remedy(format!("lower `count` to {REPLICAS} or less in all"))
        .source(REPLICAS_PAGE)
    })
}

/// The primary's compute and storage are at most those of its smallest replica.
pub(super) fn smaller_replicas(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let Some(primary) = primary_of(desired, observed) else {
        return Vec::new();
    };
    let live = |address: &Address| observed.wanted.get(address).map(|live| &live.attributes);
    let gib = |wanted: &Attributes, live: Option<&Attributes>| {
        wanted
            .storage
            .gib
            .max(live.and_then(|live| live.storage.gib))
    };
    let primary_gib = gib(primary, observed.primary().map(|live| &live.attributes));
    let mut checks = Vec::new();
    for replica in desired.replicas() {
        let wanted = &replica.attributes;
        let error = |key: &str, message: String, remedy: &str| {
            Check::error("azure/smaller-replica", message)
                .at(&replica.address)
                .key(format!("{}.{key}", replica.key))
                .remedy(remedy)
                .source(REPLICAS_PAGE)
        };
        if let (Some(own), Some(other)) = (&wanted.size, &primary.size)
            && is_less(own, other)
        {
            checks.push(error(
                "size",
                format!("a replica of {own} is smaller than its primary's {other}"),
                "give the group the primary's size or a larger one",
            ));
        }
        if let (Some(own), Some(other)) = (gib(wanted, live(&replica.address)), primary_gib)
            && own < other
        {
            checks.push(error(
                "storage.gib",
                format!("a replica's disk of {own} GiB is smaller than its primary's {other} GiB"),
                "give the group the primary's disk or a larger one",
            ));
        }
    }
    checks
}

/// A replica that the plan does not know keeps its primary from growing beyond it.
pub(super) fn strangers_in_the_way(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let primary = observed.primary().map(|live| &live.resource);
    let grows = changes
        .effective()
        .filter(|change| change.action == Action::Update && Some(&change.resource) == primary)
        .filter(|change| {
            let fields = &change.fields;
            fields
                .iter()
                .any(|one| matches!(one.field, Field::Size | Field::StorageGib))
        })
        .find_map(|change| change.after.as_ref());
    let Some(after) = grows else {
        return Vec::new();
    };
    let followers = observed
        .strangers
        .iter()
        .filter_map(|stranger| match stranger {
            Stranger::Follows(live) => Some(live),
            Stranger::Holds(..) => None,
        });
    followers
        .filter(|live| {
            let own = &live.attributes;
            let smaller = own.size.as_deref().zip(after.size.as_deref());
            smaller.is_some_and(|(own, other)| is_less(own, other))
                || own.storage.gib < after.storage.gib
        })
        .map(|live| {
            let message = format!(
                "{} is a replica that the plan does not know, and smaller than its primary is to be",
                live.resource
            );
            Check::new(Severity::Error, "azure/smaller-replica", message)
                .at(&Address::Primary)
                .remedy("enlarge it first, or delete it, by the tool that made it")
                .source(REPLICAS_PAGE)
        })
        .collect()
}

pub(super) fn public_address(created: &[&DesiredInstance]) -> Option<Check> {
    let public = created
        .iter()
        .any(|wanted| !is_private(&wanted.attributes.settings));
    public.then(|| {
        Check::note(
            "azure/public-address",
            "without `subnet_id` a server gets a public address, which nobody reaches until you \
             make a firewall rule",
        )
        .key("azure.subnet_id")
        .remedy("set `subnet_id` and `private_dns_zone_id` in [azure] for a private one")
        .source(page("network/concepts-networking-public"))
    })
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
        .source(page("backup-restore/how-to-restore-dropped-server"))
    })
}
