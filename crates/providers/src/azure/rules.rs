//! The service's rules, held against a plan before any call is made. Each names the page that says
//! so.

use pgfleet_model::{
    Action, Address, Attributes, Availability, ChangeSet, Check, DesiredInstance, DesiredState,
    Field, ObservedState, Role, Severity, Stranger,
};

use super::{
    DOCS, REPLICAS as REPLICAS_PAGE,
    resolve::is_private,
    sku::{is_burstable, is_less},
};

/// Replicas of one primary.
pub(super) const REPLICAS: u32 = 5;
/// Sizes of a Premium SSD in GiB.
const LADDER: [u32; 12] = [
    32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767,
];
/// Sizes of a Premium SSD v2 in GiB.
const SECOND: std::ops::RangeInclusive<u32> = 32..=65536;
/// Days for which backups can be kept.
const BACKUP_DAYS: std::ops::RangeInclusive<u32> = 7..=35;
/// Tags of a resource.
const TAGS: usize = 50;
/// Names that the service keeps for itself.
const RESERVED: [&str; 7] = [
    "azure_superuser",
    "azure_pg_admin",
    "admin",
    "administrator",
    "root",
    "guest",
    "public",
];

fn page(path: &str) -> String {
    format!("{DOCS}{path}")
}

#[cfg(test)]
mod tests;

pub(super) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let created: Vec<&DesiredInstance> = changes
        .effective()
        .filter(|change| change.action == Action::Create)
        .filter_map(|change| desired.instances.get(&change.address))
        .collect();
    for wanted in &created {
        checks.extend(identifier(wanted));
        checks.extend(elsewhere(wanted, observed));
        checks.extend(administrator(wanted));
        checks.extend(sized(wanted));
    }
    for wanted in desired.instances.values() {
        checks.extend(disk(wanted));
        checks.extend(backups(wanted));
        checks.extend(tags(wanted));
    }
    checks.extend(burstable(desired, observed));
    checks.extend(replica_limit(desired, observed));
    checks.extend(smaller_replicas(desired, observed));
    checks.extend(strangers_in_the_way(observed, changes));
    checks.extend(public_address(&created));
    checks.extend(no_last_snapshot(desired, observed));
    checks
}

/// 3 to 63 lowercase letters, digits and single hyphens; no hyphen first or last.
fn identifier(wanted: &DesiredInstance) -> Option<Check> {
    let id = wanted.resource.id.as_str();
    let fine = (3..=63).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !id.starts_with('-')
        && !id.ends_with('-')
        && !id.contains("--");
    (!fine).then(|| {
        Check::error("azure/identifier", format!("Azure takes no name `{id}`"))
            .at(&wanted.address)
            .key(wanted.key.clone())
            .remedy(
                "3 to 63 lowercase letters, digits and single hyphens, no hyphen first or last; set `id` \
                 or `ids`, or another `fleet`",
            )
            .source(page("configure-maintain/how-to-create-server"))
    })
}

/// A server stays in the region in which it was made, and keeps its name to itself.
fn elsewhere(wanted: &DesiredInstance, observed: &ObservedState) -> Option<Check> {
    let other = observed.owned().find(|live| {
        live.resource.id == wanted.resource.id && live.resource.region != wanted.resource.region
    })?;
    Some(
        Check::error(
            "azure/location-change",
            format!(
                "{} is in {}, and a server cannot be moved",
                other.resource, other.resource.region
            ),
        )
        .at(&wanted.address)
        .key(wanted.key.clone())
        .remedy("keep its region, or make another server under another name (`id`, `ids`)")
        .source(page("configure-maintain/how-to-create-server")),
    )
}

/// Who a new primary's administrator is, and that there is a password.
fn administrator(wanted: &DesiredInstance) -> Vec<Check> {
    let Some(bootstrap) = &wanted.bootstrap else {
        return Vec::new();
    };
    let source = page("configure-maintain/how-to-create-server");
    let admin = bootstrap.admin.to_ascii_lowercase();
    let reserved = RESERVED.contains(&admin.as_str());
    let name = reserved.then(|| {
        Check::error(
            "azure/admin",
            format!("Azure keeps the name `{admin}` for itself"),
        )
        .at(&wanted.address)
        .key("primary.admin")
        .remedy("take another name, or leave `admin` out: `postgres`")
        .source(source.clone())
    });
    let password = bootstrap.password.is_none().then(|| {
        Check::error(
            "azure/password",
            "a new primary needs an administrator's password",
        )
        .at(&wanted.address)
        .key("primary")
        .remedy("add password = { env = \"NAME\" } (or file, or command) to [primary]")
        .source(source.clone())
    });
    name.into_iter().chain(password).collect()
}

fn sized(wanted: &DesiredInstance) -> Option<Check> {
    wanted.attributes.size.is_none().then(|| {
        Check::error("azure/size", "a new server needs a size")
            .at(&wanted.address)
            .key(wanted.key.clone())
            .remedy("set `size`, such as size = \"Standard_D4ds_v5\"")
            .source(page("compute-storage/concepts-compute"))
    })
}

/// Which sizes a disk comes in, and what may be said of it.
fn disk(wanted: &DesiredInstance) -> Vec<Check> {
    let storage = &wanted.attributes.storage;
    let second = storage.kind.as_deref() == Some("premium-ssd-v2");
    let error = |code, key: &str, message: String, remedy: String| {
        Check::error(code, message)
            .at(&wanted.address)
            .key(format!("{}.storage.{key}", wanted.key))
            .remedy(remedy)
            .source(page("compute-storage/concepts-storage"))
    };
    let mut checks = Vec::new();
    if let Some(gib) = storage.gib {
        let fine = if second {
            SECOND.contains(&gib)
        } else {
            LADDER.contains(&gib)
        };
        if !fine {
            let next = LADDER.iter().find(|size| **size >= gib).unwrap_or(&32767);
            let remedy = if second {
                format!("write {} to {}", SECOND.start(), SECOND.end())
            } else {
                format!("write gib = {next}, the next larger size")
            };
            let message = format!("Azure has no disk of {gib} GiB of this kind");
            checks.push(error("azure/storage-size", "gib", message, remedy));
        }
    }
    let provisioned = storage.iops.is_some() || storage.throughput.is_some();
    if provisioned && !second {
        let message = "iops and throughput of a Premium SSD follow from its size".to_owned();
        let remedy = "leave them out, or take type = \"premium-ssd-v2\"".to_owned();
        checks.push(error("azure/premium-ssd-iops", "iops", message, remedy));
    }
    if second && storage.autogrow == Some(true) {
        let message = "a Premium SSD v2 does not grow by itself".to_owned();
        let remedy = "leave `autogrow` out, or take type = \"premium-ssd\"".to_owned();
        checks.push(error(
            "azure/premium-ssd-v2-autogrow",
            "autogrow",
            message,
            remedy,
        ));
    }
    checks
}

fn backups(wanted: &DesiredInstance) -> Option<Check> {
    let days = wanted.attributes.backup_days?;
    (wanted.role() == Role::Primary && !BACKUP_DAYS.contains(&days)).then(|| {
        Check::error(
            "azure/backup-days",
            format!("Azure keeps backups for 7 to 35 days, not for {days}"),
        )
        .at(&wanted.address)
        .key("primary.backup_days")
        .remedy("set backup_days to 7 or more, 35 at most")
        .source(page("backup-restore/concepts-backup-restore"))
    })
}

fn tags(wanted: &DesiredInstance) -> Option<Check> {
    let tags = &wanted.attributes.tags;
    let bad = tags
        .keys()
        .find(|name| name.contains(['<', '>', '%', '&', '\\', '?', '/']));
    let why = match bad {
        Some(name) => format!("Azure takes no tag `{name}`"),
        // Ours are three, and a fourth for a while.
        None if tags.len() + 4 > TAGS => format!("a server bears {TAGS} tags, pgfleet's included"),
        None => return None,
    };
    Some(
        Check::error("azure/tags", why)
            .key("tags")
            .remedy("names without < > % & \\ ? /, and 46 tags at most")
            .source(
                "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",
            ),
    )
}

/// What the plan makes of the primary, or what the one that it follows is.
fn primary_of<'a>(
    desired: &'a DesiredState,
    observed: &'a ObservedState,
) -> Option<&'a Attributes> {
    let own = desired.managed_primary().map(|primary| &primary.attributes);
    own.or(observed.existing.as_ref().map(|live| &live.attributes))
}

/// Burstable servers take neither replicas nor a standby, and are no replicas.
fn burstable(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
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

fn replica_limit(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
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
fn smaller_replicas(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
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
fn strangers_in_the_way(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
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

fn public_address(created: &[&DesiredInstance]) -> Option<Check> {
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
fn no_last_snapshot(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
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
