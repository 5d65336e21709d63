//! RDS's rules, held against a plan before any call is made. Each names the page that says so.

use pgfleet_model::{
    Action, Attributes, Availability, Change, ChangeSet, Check, DesiredInstance, DesiredState,
    Field, ObservedState, Role, Stranger, Value,
};

use crate::passwords::has_version;

use super::{GUIDE, disk, platform::is_abroad, setting, source};

/// Replicas of one source that RDS makes without a raised quota.
const REPLICAS: usize = 15;
/// Replicas in other regions beyond which AWS promises nothing.
const REPLICAS_ABROAD: usize = 5;

pub(super) fn guide(page: &str) -> String {
    format!("{GUIDE}{page}")
}

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
        checks.extend(signed_elsewhere(desired, wanted));
        checks.extend(password(wanted));
        checks.extend(encryption(desired, observed, wanted));
        checks.extend(disk::new(wanted));
    }
    for wanted in desired.instances.values() {
        checks.extend(disk::provisioned(wanted));
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
        checks.extend(version_change(change));
    }
    checks.extend(tags(desired));
    checks.extend(replica_count(desired, observed));
    checks.extend(one_zone(desired));
    let makes_replicas = created.iter().any(|wanted| wanted.role() == Role::Replica);
    checks.extend(source::check(desired, observed, makes_replicas));
    checks.extend(promotes_replicas(observed, changes));
    checks
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
            .source(guide("Overview.DBInstance.html"))
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
        .source(guide("USER_CreateDBInstance.Settings.html"))
    })
}

/// An encrypted disk is copied to another region under a key of that region; inside a region the
/// source's key is used and none may be named.
fn encryption(
    desired: &DesiredState,
    observed: &ObservedState,
    wanted: &DesiredInstance,
) -> Option<Check> {
    if wanted.role() == Role::Primary {
        return None;
    }
    let has_key = wanted.attributes.settings.contains_key(setting::KMS_KEY);
    let abroad = is_abroad(&wanted.resource, desired.primary_ref());
    let page = guide("Overview.Encryption.html");
    let check = |code, message: String, remedy: &str| {
        Check::error(code, message)
            .at(&wanted.address)
            .key(format!("{}.aws.kms_key", wanted.key))
            .remedy(remedy)
            .source(page.clone())
    };
    // What pgfleet makes is encrypted; what it finds may not be.
    let encrypted = observed.primary().is_none_or(|primary| {
        primary.attributes.settings.get(setting::ENCRYPTED) != Some(&Value::Flag(false))
    });
    match (abroad, has_key, encrypted) {
        (true, false, true) => Some(
            check(
                "aws/kms-cross-region",
                format!(
                    "an encrypted replica in {} needs a KMS key of that region",
                    wanted.resource.region
                ),
                "add aws = { kms_key = \"arn:aws:kms:...\" } to the group",
            )
            .key(wanted.key.clone()),
        ),
        (false, true, _) => Some(check(
            "aws/kms-same-region",
            "a replica in its primary's region is encrypted with the primary's key".to_owned(),
            "leave kms_key out of the group",
        )),
        _ => None,
    }
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
            format!("RDS makes a replica in {region} only from a URL signed in its source's region"),
        )
        .at(&wanted.address)
        .key(wanted.key.clone())
        .remedy(
            "make it with `aws rds create-db-instance-read-replica --source-region ...`, which \
             signs the URL, and let `pgfleet adopt` take it over",
        )
        .source(
            "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html",
        )
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
        Check::error("aws/tag", format!("RDS does not take the tag `{key}`"))
            .key("tags")
            .remedy(
                "letters, digits, spaces and _ . : / = + - @ only; a key of 1 to 128 that does \
                 not begin with `aws:`, a value of at most 256 characters",
            )
            .source(guide("USER_Tagging.html")),
    )
}

fn public(wanted: &DesiredInstance) -> Option<Check> {
    let public = wanted.attributes.settings.get(setting::PUBLIC) == Some(&Value::Flag(true));
    public.then(|| {
        Check::warning("aws/public", "the instance gets an address on the internet")
            .at(&wanted.address)
            .remedy("leave publicly_accessible out unless its security groups are strict")
            .source(guide("USER_VPC.WorkingWithRDSInstanceinaVPC.html"))
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
        .remedy(format!(
            "write postgres = \"{}\" and upgrade by hand",
            from.major
        ))
        .source(guide("USER_UpgradeDBInstance.PostgreSQL.html")),
    )
}

fn replica_count(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let all = desired.replicas().count() + source::others(observed, desired.primary_ref());
    let abroad = desired
        .replicas()
        .filter(|replica| is_abroad(&replica.resource, desired.primary_ref()))
        .count();
    let many = (all > REPLICAS).then(|| {
        Check::warning(
            "aws/replica-limit",
            format!(
                "{all} replicas: RDS makes {REPLICAS} of one source unless the quota was raised"
            ),
        )
        .key("replicas")
        .remedy("look at the quota \"Read replicas per primary\" first")
        .source(guide("CHAP_Limits.html"))
    });
    let far = (abroad > REPLICAS_ABROAD).then(|| {
        Check::warning(
            "aws/replicas-abroad",
            format!("{abroad} replicas in other regions: AWS promises {REPLICAS_ABROAD}"),
        )
        .key("replicas")
        .source(guide("USER_ReadRepl.XRgn.html"))
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
        .source(guide("USER_ReadRepl.html"))
    })
}

/// RDS does not refuse to delete a primary: it promotes the replicas of its region, which then go
/// on as writable instances that nobody knows of.
fn promotes_replicas(observed: &ObservedState, changes: &ChangeSet) -> Option<Check> {
    let primary = observed.primary()?;
    let goes = changes
        .effective()
        .any(|change| change.action == Action::Delete && change.resource == primary.resource);
    let strangers: Vec<String> = observed
        .strangers
        .iter()
        .filter_map(|stranger| match stranger {
            Stranger::Follows(live) => Some(live.resource.to_string()),
            Stranger::Holds(..) => None,
        })
        .collect();
    (goes && !strangers.is_empty()).then(|| {
        Check::error(
            "aws/promotes-replicas",
            format!(
                "{} has replicas that the plan does not know ({}); RDS would promote them",
                primary.resource,
                strangers.join(", ")
            ),
        )
        .remedy("delete them first, or promote them on purpose")
        .source(guide("USER_DeleteInstance.html"))
    })
}
