//! The rules of Cloud SQL, each as a check with its source.

use pgfleet_model::{
    Action, Address, Bootstrap, ChangeSet, Check, DesiredInstance, DesiredState, Inventory,
    Mutation, ObservedInstance, ObservedState, Operation, PrimaryPolicy, Role, Stranger, Value,
};

use super::{
    PITR, SMALLER,
    resolve::edition,
    tier::{self, Edition},
};

/// Replicas of one primary. Secondary sources name it, so that more is a warning.
pub(crate) const MAX_REPLICAS: u32 = 10;
/// Longest `PROJECT:NAME`.
const LONGEST_NAME: usize = 98;
/// GiB of a disk, at least.
const LEAST_GIB: u32 = 10;
/// GiB of a disk at most, with a processor of its own and with a shared one.
const MOST_GIB: u32 = 65_536;
const MOST_GIB_SHARED: u32 = 3_062;
/// Backups that are kept at most.
const MOST_BACKUPS: u32 = 365;
/// The oldest and newest version that Google's client can name.
const VERSIONS: std::ops::RangeInclusive<u32> = 10..=20;

const DOCS: &str = "cloud.google.com/sql/docs/postgres/";

fn source(page: &str) -> String {
    format!("{DOCS}{page}")
}

/// Everything that stands against a fleet.
pub(crate) fn check(
    project: &str,
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = Vec::new();
    for wanted in desired.instances.values() {
        checks.extend(identifier(project, wanted));
        checks.extend(tier_of_edition(wanted));
        checks.extend(disk(wanted));
        checks.extend(labels(wanted));
        checks.extend(version(wanted));
        checks.extend(backups(desired, wanted));
    }
    checks.extend(replica_limit(desired, observed));
    checks.extend(smaller_replicas(desired, observed));
    checks.extend(replica_autogrow(desired));
    checks.extend(existing(desired, observed));
    checks.extend(public_address(desired, changes));
    checks
}

pub(crate) fn no_tier(address: &Address, key: &str, edition: Edition) -> Check {
    Check::error(
        "gcp/no-tier",
        format!("no tier of {} holds what `size` asks for", edition.as_str()),
    )
    .at(address)
    .key(format!("{key}.size"))
    .remedy("ask for less, for another `arch`, or set `edition` in [gcp]")
    .source(source("instance-settings"))
}

pub(crate) fn version_chosen(major: u32) -> Check {
    Check::note(
        "gcp/version-chosen",
        format!("the plan names no version: a new primary gets PostgreSQL {major}"),
    )
    .key("postgres")
    .source(source("db-versions"))
}

/// What Cloud SQL makes with an instance is the user `postgres` and the database `postgres`.
pub(crate) fn bootstrap(bootstrap: &Bootstrap, exists: bool) -> Vec<Check> {
    if exists {
        return Vec::new();
    }
    let mut checks = Vec::new();
    if bootstrap.admin != "postgres" {
        checks.push(
            Check::error(
                "gcp/admin",
                "the administrator of Cloud SQL is called `postgres`",
            )
            .at(&Address::Primary)
            .key("primary.admin")
            .remedy("leave `admin` out, and make further users with `gcloud sql users create`")
            .source(source("users")),
        );
    }
    if bootstrap.database != "postgres" {
        let name = &bootstrap.database;
        checks.push(
            Check::warning(
                "gcp/database",
                format!("Cloud SQL makes the database `postgres` only, and not `{name}`"),
            )
            .at(&Address::Primary)
            .key("primary.database")
            .remedy(format!(
                "afterwards run `gcloud sql databases create {name} --instance=...`"
            ))
            .source(source("create-manage-databases")),
        );
    }
    if bootstrap.password.is_none() {
        checks.push(
            Check::warning(
                "gcp/password",
                "without `password` nobody can log in as `postgres`",
            )
            .at(&Address::Primary)
            .key("primary.password")
            .remedy("name a password source, such as { env = \"DB_PASSWORD\" }")
            .source(source("create-instance")),
        );
    }
    checks
}

fn identifier(project: &str, wanted: &DesiredInstance) -> Option<Check> {
    let id = wanted.resource.id.as_str();
    let fits = project.len() + 1 + id.len() <= LONGEST_NAME
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    (!fits).then(|| {
        Check::error(
            "gcp/identifier",
            format!("`{id}` cannot name a Cloud SQL instance"),
        )
        .at(&wanted.address)
        .key(wanted.key.clone())
        .remedy(
            "use lowercase letters, digits and hyphens, a letter first, no hyphen last, at most \
                 98 characters with the project and a colon",
        )
        .source(source("instance-settings"))
    })
}

fn tier_of_edition(wanted: &DesiredInstance) -> Option<Check> {
    let tier = wanted.attributes.size.as_deref()?;
    let edition = edition(&wanted.attributes);
    let error = |message: String, remedy: &str| {
        Some(
            Check::error("gcp/tier", message)
                .at(&wanted.address)
                .key(format!("{}.size", wanted.key))
                .remedy(remedy)
                .source(source("instance-settings")),
        )
    };
    match tier::edition_of(tier) {
        _ if tier::is_impossible(tier) => error(
            format!("`{tier}` is no possible custom tier"),
            "write db-custom-VCPUS-MIB: 1 or an even number of vCPUs up to 96; memory in steps of \
             256 MiB, at least 3840, and 0.9 to 6.5 GiB for each vCPU",
        ),
        Some(of) if of != edition => error(
            format!(
                "`{tier}` is a tier of {}, and the plan asks for {}",
                of.as_str(),
                edition.as_str()
            ),
            "choose a tier of the edition, or set `edition` in [gcp]",
        ),
        Some(_) => None,
        None => Some(
            Check::warning(
                "gcp/tier",
                format!("`{tier}` is no tier that pgfleet knows"),
            )
            .at(&wanted.address)
            .key(format!("{}.size", wanted.key))
            .remedy("see `gcloud sql tiers list`; Google refuses what it does not have")
            .source(source("instance-settings")),
        ),
    }
}

fn disk(wanted: &DesiredInstance) -> Vec<Check> {
    let storage = &wanted.attributes.storage;
    let tier = wanted.attributes.size.as_deref().unwrap_or_default();
    let most = if tier::is_shared(tier) {
        MOST_GIB_SHARED
    } else {
        MOST_GIB
    };
    let size = storage
        .gib
        .filter(|gib| !(LEAST_GIB..=most).contains(gib))
        .map(|gib| {
            Check::error(
                "gcp/disk-size",
                format!("a disk of {gib} GiB is not to be had"),
            )
            .at(&wanted.address)
            .key(format!("{}.storage.gib", wanted.key))
            .remedy(format!("set `gib` to {LEAST_GIB} to {most}"))
            .source(source("instance-settings"))
        });
    let kind = storage
        .kind
        .as_ref()
        .filter(|_| tier::wants_hyperdisk(tier))
        .map(|kind| {
            Check::error(
                "gcp/disk-type",
                format!("`{tier}` runs on Hyperdisk, not on {kind}"),
            )
            .at(&wanted.address)
            .key(format!("{}.storage.type", wanted.key))
            .remedy("leave `type` out")
            .source(source("instance-settings"))
        });
    size.into_iter().chain(kind).collect()
}

fn labels(wanted: &DesiredInstance) -> Option<Check> {
    let fine = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || c == '-' || c == '_';
    let short = |text: &str| text.chars().count() <= 63 && text.chars().all(fine);
    let (name, value) = wanted.attributes.tags.iter().find(|(name, value)| {
        let first = name
            .chars()
            .next()
            .is_some_and(|c| c.is_alphabetic() && fine(c));
        !(first && short(name) && short(value))
    })?;
    Some(
        Check::error(
            "gcp/label",
            format!("`{name} = \"{value}\"` is no label of Google's"),
        )
        .key("tags")
        .remedy(
            "use lowercase letters, digits, hyphens and underscores, at most 63 of them, and a \
                 letter first in the name",
        )
        .source(source("label-instance")),
    )
}

fn version(wanted: &DesiredInstance) -> Option<Check> {
    let version = wanted
        .attributes
        .postgres
        .filter(|_| wanted.role() == Role::Primary)?;
    (!VERSIONS.contains(&version.major)).then(|| {
        Check::error(
            "gcp/version",
            format!("Cloud SQL has no PostgreSQL {version}"),
        )
        .at(&wanted.address)
        .key("postgres")
        .remedy("name a major version that Cloud SQL offers")
        .source(source("db-versions"))
    })
}

/// Replicas need backups and point-in-time recovery on their primary.
fn backups(desired: &DesiredState, wanted: &DesiredInstance) -> Option<Check> {
    let days = wanted.attributes.backup_days?;
    let key = "primary.backup_days";
    let check = if days == 0 && desired.replicas().next().is_some() {
        Check::error(
            "gcp/replica-backups",
            "replicas need backups on their primary",
        )
        .remedy("set `backup_days` to 1 or more")
        .source(source("replication/create-replica"))
    } else if days > MOST_BACKUPS {
        Check::error(
            "gcp/backup-days",
            format!("{days} daily backups are more than can be kept"),
        )
        .remedy(format!("set `backup_days` to {MOST_BACKUPS} or less"))
        .source(source("backup-recovery/backups"))
    } else {
        return None;
    };
    Some(check.at(&wanted.address).key(key))
}

fn replica_limit(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    let strangers = observed.strangers.iter();
    let others = strangers
        .filter(|other| matches!(other, Stranger::Follows(_)))
        .count();
    let wanted = desired.replicas().count() + others;
    (wanted > MAX_REPLICAS as usize).then(|| {
        Check::warning(
            "gcp/replica-limit",
            format!("{wanted} replicas of one primary: {MAX_REPLICAS} are known to be allowed"),
        )
        .key("replicas")
        .remedy(format!(
            "lower `count` to {MAX_REPLICAS} or less in all, or ask Google for more"
        ))
        .source(source("replication/create-replica"))
    })
}

/// A replica with less than its primary: refused by Google in the past, and slow in any case.
fn smaller_replicas(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let wanted = desired.managed_primary().map(|primary| &primary.attributes);
    let live = observed.existing.as_ref().map(|live| &live.attributes);
    let Some(primary) = wanted.or(live).and_then(|primary| primary.size.as_deref()) else {
        return Vec::new();
    };
    let replicas = desired.replicas().filter(|replica| {
        let allowed = replica.attributes.settings.get(SMALLER) == Some(&Value::Flag(true));
        let size = replica.attributes.size.as_deref();
        !allowed && size.is_some_and(|size| has_less(size, primary))
    });
    replicas
        .map(|replica| {
            let size = replica.attributes.size.as_deref().unwrap_or_default();
            Check::error(
                "gcp/smaller-replica",
                format!(
                    "{} is smaller than its primary's {}",
                    tier::describe(size),
                    tier::describe(primary)
                ),
            )
            .at(&replica.address)
            .key(format!("{}.size", replica.key))
            .remedy("give it at least the primary's size, or set `allow_smaller_replicas = true` in [gcp]")
            .source(source("replication/create-replica"))
        })
        .collect()
}

fn has_less(replica: &str, primary: &str) -> bool {
    let (Some(replica), Some(primary)) = (tier::class(replica), tier::class(primary)) else {
        return false;
    };
    replica.vcpus < primary.vcpus || replica.memory_gib() < primary.memory_gib()
}

/// A primary whose disk grows by itself fills replicas whose disks do not.
fn replica_autogrow(desired: &DesiredState) -> Vec<Check> {
    let grows = |wanted: &DesiredInstance| wanted.attributes.storage.autogrow == Some(true);
    if !desired.managed_primary().is_some_and(grows) {
        return Vec::new();
    }
    let replicas = desired.replicas().filter(|replica| !grows(replica));
    replicas
        .map(|replica| {
            Check::warning(
                "gcp/replica-autogrow",
                "the primary's disk grows by itself and this replica's does not: it can fill up",
            )
            .at(&replica.address)
            .key(format!("{}.storage.autogrow", replica.key))
            .remedy("leave `autogrow` out of the group")
            .source(source("instance-settings"))
        })
        .collect()
}

/// What a primary that pgfleet does not own must bring along.
fn existing(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let PrimaryPolicy::Existing(resource) = &desired.primary else {
        return Vec::new();
    };
    if desired.instances.is_empty() {
        return Vec::new();
    }
    let error = |code: &str, message: String, remedy: String| {
        Check::error(code, message)
            .key("primary.existing")
            .remedy(remedy)
            .source(source("replication/create-replica"))
    };
    let Some(live) = &observed.existing else {
        let why = format!("there is no {resource} in {}", resource.region);
        return vec![error(
            "gcp/existing",
            why,
            "write REGION/NAME of an instance".to_owned(),
        )];
    };
    let ObservedInstance {
        attributes, role, ..
    } = live;
    if attributes.postgres.is_none() {
        let why = format!("{resource} is not PostgreSQL");
        return vec![error(
            "gcp/existing",
            why,
            "name a PostgreSQL instance".to_owned(),
        )];
    }
    if *role == Role::Replica {
        return vec![
            Check::warning(
                "gcp/cascade",
                format!(
                    "{resource} is a replica itself: its replicas may be at most four levels deep"
                ),
            )
            .key("primary.existing")
            .source(source("replication/create-replica")),
        ];
    }
    let recovery = attributes.settings.get(PITR) == Some(&Value::Flag(true));
    let backups = attributes.backup_days.is_some_and(|days| days > 0);
    if recovery && backups {
        return Vec::new();
    }
    vec![error(
        "gcp/replica-backups",
        format!("{resource} has no backups with point-in-time recovery, which replicas need"),
        format!(
            "run `gcloud sql instances patch {resource} --backup-start-time=03:00 \
             --enable-point-in-time-recovery`, which restarts it"
        ),
    )]
}

fn public_address(desired: &DesiredState, changes: &ChangeSet) -> Option<Check> {
    let created = changes.changes.iter().any(|change| {
        change.action == Action::Create
            && desired
                .instances
                .get(&change.address)
                .is_some_and(|wanted| !wanted.attributes.settings.contains_key(super::NETWORK))
    });
    created.then(|| {
        Check::note(
            "gcp/public-address",
            "without `network` in [gcp] instances get a public address, which no network may reach \
             until you allow it",
        )
        .key("gcp.network")
        .remedy("set `network` to a VPC network with private services access")
        .source(source("configure-private-ip"))
    })
}

/// Names are unique in a project, whatever the region and whosever they are.
pub(crate) fn taken_names(mutations: &[&Mutation], inventory: &Inventory) -> Vec<Check> {
    let goes = |live: &ObservedInstance| {
        mutations.iter().any(|mutation| {
            mutation.resource == live.resource
                && matches!(mutation.operation, Operation::Delete { .. })
        })
    };
    let creates = mutations
        .iter()
        .filter_map(|mutation| match &mutation.operation {
            Operation::CreatePrimary { desired } | Operation::CreateReplica { desired, .. } => {
                Some((&mutation.resource, desired))
            }
            _ => None,
        });
    creates
        .filter_map(|(resource, desired)| {
            let other = inventory
                .instances()
                .values()
                .find(|live| {
                    live.resource.id == resource.id && live.resource.region != resource.region
                })
                .filter(|live| !goes(live))?;
            Some(
                Check::error(
                    "gcp/name-taken",
                    format!("{resource} exists in {}", other.resource.region),
                )
                .at(&desired.address)
                .key(desired.key.clone())
                .remedy("choose another name (`id`, `ids` or `fleet`): it is unique in the project")
                .source(source("instance-settings")),
            )
        })
        .collect()
}
