//! RDS's rules, held against a plan before any call is made. Each names the page that says so.

pub(super) mod disk;
mod encryption;
mod names;
mod source;
mod states;
#[cfg(test)]
mod tests;

use pgfleet_model::{
    Action, Attributes, Availability, Change, ChangeSet, Check, DesiredInstance, DesiredState,
    Field, ObservedState, Role, Stranger,
};

use crate::shared::{offered, passwords::has_version, tags::too_many};

use super::{REPLICA_CALL, docs, platform::is_abroad, seen::replicas, setting};

/// Replicas of one source that RDS makes without a raised quota.
const MAX_REPLICAS: usize = 15;
/// Tags of an instance.
const MOST_TAGS: usize = 50;
/// Replicas in other regions beyond which AWS promises nothing.
const REPLICAS_ABROAD: usize = 5;
/// Regions of which the catalog knows no price.
const REGIONS: [&str; 13] = [
    "ap-east-2",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eusc-de-east-1",
    "il-central-1",
    "mx-central-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
];

pub(super) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let created: Vec<&DesiredInstance> = offered::created(desired, changes).collect();
    for wanted in &created {
        checks.extend(identifier(wanted));
        checks.extend(signed_elsewhere(desired, wanted));
        checks.extend(password(wanted));
        checks.extend(encryption::check(desired, observed, wanted));
        checks.extend(disk::autogrow(wanted));
        checks.extend(names::admin(wanted));
        checks.extend(names::database(wanted));
    }
    for wanted in desired.instances.values() {
        let live = observed.wanted.get(&wanted.address);
        checks.extend(disk::operations(wanted, live));
        checks.extend(public(wanted));
    }
    for change in changes.effective() {
        let wanted = desired.instances.get(&change.address);
        checks.extend(
            wanted
                .filter(|_| has_version(&change.fields))
                .and_then(password),
        );
        let live = observed
            .owned()
            .find(|live| live.resource == change.resource);
        checks.extend(disk::change(change, live));
        checks.extend(disk::grows_later(change, wanted));
        checks.extend(disk::rounded(change));
        checks.extend(version_change(change));
        checks.extend(parameter_group(desired, observed, change));
    }
    checks.extend(offered::regions(
        desired,
        observed,
        changes,
        &REGIONS,
        "https://docs.aws.amazon.com/general/latest/gr/rds-service.html",
    ));
    checks.extend(tags(desired));
    let many = too_many(desired, observed, |_, _| 0, MOST_TAGS);
    checks.extend(many.map(|check| check.source(docs("USER_Tagging.html"))));
    checks.extend(replica_count(desired, observed));
    checks.extend(one_zone(desired));
    let makes_replicas = created.iter().any(|wanted| wanted.role() == Role::Replica);
    checks.extend(source::check(desired, observed, makes_replicas));
    checks.extend(promotes_replicas(observed, changes));
    checks.extend(other_engines(observed));
    checks.extend(states::check(desired, observed, changes));
    checks
}

/// What is not PostgreSQL is neither replicated nor managed, whatever its name.
fn other_engines(observed: &ObservedState) -> Vec<Check> {
    let held = observed
        .strangers
        .iter()
        .filter_map(|stranger| match stranger {
            Stranger::Holds(address, live) => Some((Some(address), live)),
            Stranger::Follows(_) => None,
        });
    let wanted = observed.wanted.iter();
    let all = wanted
        .map(|(address, live)| (Some(address), live))
        .chain(held)
        .chain(observed.existing.iter().map(|live| (None, live)));
    let checks = all.filter_map(|(address, live)| {
        let engine = live.attributes.text(setting::OTHER_ENGINE)?;
        let why = format!("{} runs {engine}, not PostgreSQL", live.resource);
        let check = Check::error("aws/engine", why)
            .remedy("name a DB instance of RDS for PostgreSQL")
            .source(docs("CHAP_PostgreSQL.html"));
        Some(match address {
            Some(address) => check.at(address),
            None => check.key("primary.existing"),
        })
    });
    checks.collect()
}

/// 1 to 63 letters, digits and hyphens, beginning with a letter, no hyphen at the end or twice.
fn identifier(wanted: &DesiredInstance) -> Option<Check> {
    let id = wanted.resource.id.as_str();
    let fine = (1..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !id.ends_with('-')
        && !id.contains("--");
    (!fine).then(|| {
        Check::error("aws/identifier", format!("RDS takes no identifier `{id}`"))
            .at(&wanted.address)
            .key(wanted.key.clone())
            .remedy(
                "1 to 63 lowercase letters, digits and single hyphens, a letter first; set `id` \
                 or `ids`, or a shorter `fleet`",
            )
            .source(docs("Overview.DBInstance.html"))
    })
}

fn password(wanted: &DesiredInstance) -> Option<Check> {
    let bootstrap = wanted.bootstrap.as_ref()?;
    bootstrap.password.is_none().then(|| {
        Check::error(
            "aws/password",
            "an administrator's password is to be set, and the plan file names none",
        )
        .at(&wanted.address)
        .key("primary")
        .remedy("add password = { env = \"NAME\" } (or file, or command) to [primary]")
        .source(docs("USER_CreateDBInstance.Settings.html"))
    })
}

/// Between regions of China and of `GovCloud` RDS takes a copy only with a URL that was signed in
/// the source's region; elsewhere it ignores one.
fn signed_elsewhere(desired: &DesiredState, wanted: &DesiredInstance) -> Option<Check> {
    let region = wanted.resource.region.as_str();
    let apart = ["cn-", "us-gov-"]
        .iter()
        .any(|prefix| region.starts_with(prefix));
    let copied =
        wanted.role() == Role::Replica && is_abroad(&wanted.resource, desired.primary_ref());
    (apart && copied).then(|| {
        Check::error(
            "aws/pre-signed-url",
            format!(
                "RDS makes a replica in {region} only from a URL signed in its source's region"
            ),
        )
        .at(&wanted.address)
        .key(wanted.key.clone())
        .remedy(
            "make it with `aws rds create-db-instance-read-replica --source-region ...`, which \
             signs the URL, and let `pgfleet adopt` take it over",
        )
        .source(REPLICA_CALL)
    })
}

/// Letters, digits, spaces and `_.:/=+-@`; a key of 1 to 128, a value of at most 256 of them.
fn tags(desired: &DesiredState) -> Option<Check> {
    let plain = |text: &str| {
        let mut letters = text.chars();
        letters.all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
    };
    let fine = |key: &str, value: &str| {
        (1..=128).contains(&key.chars().count())
            && value.chars().count() <= 256
            && plain(key)
            && plain(value)
            && !key.to_ascii_lowercase().starts_with("aws:")
    };
    // Every instance bears the same ones.
    let one = desired.instances.values().next()?;
    let mut all = one.attributes.tags.iter();
    let (key, _) = all.find(|(key, value)| !fine(key, value))?;
    Some(
        Check::error("aws/tags", format!("RDS does not take the tag `{key}`"))
            .key("tags")
            .remedy(
                "letters, digits, spaces and _ . : / = + - @ only; a key of 1 to 128 that does \
                 not begin with `aws:`, a value of at most 256 characters",
            )
            .source(docs("USER_Tagging.html")),
    )
}

fn public(wanted: &DesiredInstance) -> Option<Check> {
    let public = wanted.attributes.is_on(setting::PUBLIC);
    public.then(|| {
        Check::warning(
            "aws/public-address",
            "the instance gets an address on the internet",
        )
        .at(&wanted.address)
        .remedy("leave publicly_accessible out unless its security groups are strict")
        .source(docs("USER_VPC.WorkingWithRDSInstanceinaVPC.html"))
    })
}

/// Another major version is an upgrade with tests and a window of its own; an older one does not
/// exist.
fn version_change(change: &Change) -> Option<Check> {
    let version =
        |attributes: Option<&Attributes>| attributes.and_then(|attributes| attributes.postgres);
    if change.action != Action::Update {
        return None;
    }
    let wanted = change
        .fields
        .iter()
        .find(|field| field.field == Field::Postgres)?;
    let (from, to) = (
        version(change.before.as_ref())?,
        version(change.after.as_ref())?,
    );
    if from.major == to.major && from <= to {
        return None;
    }
    let code = if from > to {
        "aws/downgrade"
    } else {
        "aws/major-upgrade"
    };
    Some(
        Check::error(
            code,
            format!("PostgreSQL {from} runs, the plan wants {}", wanted.to),
        )
        .at(&change.address)
        .key("postgres")
        .remedy(if from.major == to.major {
            format!(
                "RDS goes back to no older version, and raises minor ones by itself in the \
                 maintenance window: write postgres = \"{}\", or \"{from}\" and turn that off with \
                 aws rds modify-db-instance --no-auto-minor-version-upgrade",
                from.major
            )
        } else {
            format!("write postgres = \"{}\" and upgrade by hand", from.major)
        })
        .source(docs("USER_UpgradeDBInstance.PostgreSQL.html")),
    )
}

/// RDS switches to another parameter group at once and restarts nothing for it. A replica is made
/// with its source's group, or abroad with the default one, and switched to its own afterwards.
fn parameter_group(
    desired: &DesiredState,
    observed: &ObservedState,
    change: &Change,
) -> Option<Check> {
    let group = Field::Setting(setting::PARAMETER_GROUP.to_owned());
    let own = |attributes: &Attributes| attributes.get(&group);
    let switches = match change.action {
        Action::Update => change.fields.iter().any(|field| field.field == group),
        Action::Create if change.address.role() == Role::Replica => {
            let planned = desired
                .managed_primary()
                .and_then(|primary| own(&primary.attributes));
            let live = || {
                observed
                    .primary()
                    .and_then(|primary| own(&primary.attributes))
            };
            let abroad = is_abroad(&change.resource, desired.primary_ref());
            let made_with = planned.or_else(live).filter(|_| !abroad);
            let wanted = change.after.as_ref().and_then(own);
            wanted.is_some() && wanted != made_with
        }
        _ => false,
    };
    switches.then(|| {
        let (id, region) = (&change.resource.id, &change.resource.region);
        Check::note(
            "aws/parameter-group-reboot",
            "static parameters of another parameter group come into effect with a reboot only",
        )
        .at(&change.address)
        .remedy(format!(
            "when it suits: aws rds reboot-db-instance --db-instance-identifier {id} --region {region}"
        ))
        .source("https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html")
    })
}

fn replica_count(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let all = desired.replicas().count() + observed.strangers_of(desired.primary_ref()).count();
    let abroad = desired
        .replicas()
        .filter(|replica| is_abroad(&replica.resource, desired.primary_ref()))
        .count();
    let many = (all > MAX_REPLICAS).then(|| {
        Check::warning(
            "aws/replica-limit",
            format!(
                "{all} replicas: RDS makes {MAX_REPLICAS} of one source unless the quota was raised"
            ),
        )
        .key("replicas")
        .remedy("look at the quota \"Read replicas per primary\" first")
        .source(docs("CHAP_Limits.html"))
    });
    let far = (abroad > REPLICAS_ABROAD).then(|| {
        Check::warning(
            "aws/replicas-abroad",
            format!("{abroad} replicas in other regions: AWS promises {REPLICAS_ABROAD}"),
        )
        .key("replicas")
        .source(docs("USER_ReadRepl.XRgn.html"))
    });
    many.into_iter().chain(far).collect()
}

fn one_zone(desired: &DesiredState) -> Option<Check> {
    let mut replicas = desired.replicas().peekable();
    replicas.peek()?;
    let in_one =
        replicas.all(|replica| replica.attributes.availability != Some(Availability::Regional));
    in_one.then(|| {
        Check::note(
            "aws/replica-not-multi-az",
            "each replica is in one zone: an outage there takes those in it away",
        )
        .source(docs("USER_ReadRepl.html"))
    })
}

/// RDS does not refuse to delete a source: it promotes the replicas of its region, which then go on
/// as writable instances that nobody knows of.
fn promotes_replicas(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let deletes = changes
        .effective()
        .filter(|change| change.action == Action::Delete);
    let checks = deletes.filter_map(|change| {
        let strangers = observed.strangers_of(&change.resource);
        let mut strangers: Vec<String> = strangers.map(|live| live.resource.to_string()).collect();
        // A cluster is in no listing of instances: its members do not say whom it follows.
        let mut owned = observed.owned();
        let live = owned.find(|live| live.resource == change.resource);
        let clusters = live.and_then(|live| live.attributes.list(setting::REPLICA_CLUSTERS));
        if let Some(clusters) = clusters {
            strangers.extend(clusters.iter().map(|name| format!("the DB cluster {name}")));
        }
        let unlisted: Vec<String> = live
            .into_iter()
            .flat_map(replicas::unlisted)
            .map(|name| format!("{name}, which RDS does not list"))
            .collect();
        let closed = live.is_some_and(|live| replicas::closed(live).next().is_some());
        let remedy = if strangers.is_empty() && closed {
            "allow rds:DescribeDBInstances in that region, or enable it for the account, and run the \
             same command again"
        } else if strangers.is_empty() {
            "run the same command again in a moment: RDS lists a replica a little after it was made, \
             and names it a little longer than it is there"
        } else {
            "delete them first, or promote them on purpose"
        };
        strangers.extend(unlisted);
        (!strangers.is_empty()).then(|| {
            Check::error(
                "aws/promotes-replicas",
                format!(
                    "{} has replicas that the plan does not know ({}); RDS would promote them",
                    change.resource,
                    strangers.join(", ")
                ),
            )
            .at(&change.address)
            .remedy(remedy)
            .source(docs("USER_DeleteInstance.html"))
        })
    });
    checks.collect()
}
