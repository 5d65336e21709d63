//! What one instance can be.

use pgfleet_model::{Address, Bootstrap, Check, DesiredInstance, Role};

use crate::gcp::docs;
use crate::gcp::{
    ADMIN,
    bodies::note,
    size::{self, Edition, edition},
};

/// Longest `PROJECT:NAME`.
const LONGEST_NAME: usize = 98;
/// GiB of a disk, at least.
const LEAST_GIB: u32 = 10;
/// GiB of a disk at most, with a processor of its own and with a shared one.
const MOST_GIB: u32 = 65_536;
const MOST_GIB_SHARED: u32 = 3_062;
/// The oldest and newest version that Google's client can name.
pub(super) const VERSIONS: std::ops::RangeInclusive<u32> = 10..=20;

pub(in crate::gcp) fn no_tier(address: &Address, key: &str, edition: Edition) -> Check {
    Check::error(
        "gcp/size",
        format!("no tier of {} holds what `size` asks for", edition.as_str()),
    )
    .at(address)
    .key(format!("{key}.size"))
    .remedy("ask for less, for another `arch`, or set `edition` in [gcp]")
    .source(docs("instance-settings"))
}

pub(in crate::gcp) fn disk_not_known(address: &Address, key: &str) -> Check {
    Check::note(
        "gcp/storage-type",
        "which kind of disk it has is told by a word that pgfleet does not know: it is left as it is",
    )
    .at(address)
    .key(format!("{key}.storage.type"))
    .remedy("look with `gcloud sql instances describe`")
    .source(docs("instance-settings"))
}

pub(in crate::gcp) fn version_chosen(major: u32) -> Check {
    Check::note(
        "gcp/version-chosen",
        format!("the plan names no version: a new primary gets PostgreSQL {major}"),
    )
    .key("postgres")
    .source(docs("db-versions"))
}

/// What Cloud SQL makes with an instance is the user `postgres`; a further database is made after it.
pub(in crate::gcp) fn bootstrap(bootstrap: &Bootstrap, exists: bool) -> Vec<Check> {
    if exists {
        return Vec::new();
    }
    let mut checks = Vec::new();
    if bootstrap.admin != ADMIN {
        checks.push(
            Check::error(
                "gcp/admin",
                "the administrator of Cloud SQL is called `postgres`",
            )
            .at(&Address::Primary)
            .key("primary.admin")
            .remedy("leave `admin` out, and make further users with `gcloud sql users create`")
            .source(docs("users")),
        );
    }
    if note::written(&bootstrap.database).is_none() {
        checks.push(
            Check::error(
                "gcp/database",
                format!(
                    "`{}` is too long a name to be noted in a label until the database is made",
                    bootstrap.database
                ),
            )
            .at(&Address::Primary)
            .key("primary.database")
            .remedy(
                "choose a name of at most 63 lowercase letters, digits and underscores; anything \
                 else in it counts three times",
            )
            .source(docs("label-instance")),
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
            .source(docs("create-instance")),
        );
    }
    checks
}

pub(super) fn identifier(project: &str, wanted: &DesiredInstance) -> Option<Check> {
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
        .source(docs("instance-settings"))
    })
}

pub(super) fn tier_of_edition(wanted: &DesiredInstance) -> Option<Check> {
    let tier = wanted.attributes.size.as_deref()?;
    let edition = edition(&wanted.attributes);
    let error = |message: String, remedy: &str| {
        Some(
            Check::error("gcp/size", message)
                .at(&wanted.address)
                .key(format!("{}.size", wanted.key))
                .remedy(remedy)
                .source(docs("instance-settings")),
        )
    };
    match size::edition_of(tier) {
        _ if size::is_impossible(tier) => error(
            format!("`{tier}` is no possible custom tier"),
            "write db-custom-VCPUS-MIB: 1 or an even number of vCPUs up to 96; memory in steps of \
             256 MiB, at least 3840, and 0.9 to 6.5 GiB for each vCPU",
        ),
        _ if size::is_nowhere(tier) => error(
            format!("`{tier}` is no tier of Cloud SQL for PostgreSQL"),
            &format!("write {}, or see `gcloud sql tiers list`", size::near(tier)),
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
                "gcp/size",
                format!("`{tier}` is no tier that pgfleet knows"),
            )
            .at(&wanted.address)
            .key(format!("{}.size", wanted.key))
            .remedy(format!(
                "see `gcloud sql tiers list`, or write {}; Google refuses what it does not have",
                size::near(tier)
            ))
            .source(docs("instance-settings")),
        ),
    }
}

pub(super) fn disk(wanted: &DesiredInstance) -> Vec<Check> {
    let storage = &wanted.attributes.storage;
    let tier = wanted.attributes.size.as_deref().unwrap_or_default();
    let most = if size::is_shared(tier) {
        MOST_GIB_SHARED
    } else {
        MOST_GIB
    };
    let size = storage
        .gib
        .filter(|gib| !(LEAST_GIB..=most).contains(gib))
        .map(|gib| {
            Check::error(
                "gcp/storage-size",
                format!("a disk of {gib} GiB is not to be had"),
            )
            .at(&wanted.address)
            .key(format!("{}.storage.gib", wanted.key))
            .remedy(format!("set `gib` to {LEAST_GIB} to {most}"))
            .source(docs("instance-settings"))
        });
    let wrong_kind = |kind: &String| {
        if size::wants_hyperdisk(tier) {
            Some((
                format!("`{tier}` runs on Hyperdisk, not on {kind}"),
                "leave `type` out",
            ))
        } else if kind == "PD_HDD" && edition(&wanted.attributes) == Edition::EnterprisePlus {
            Some((
                "ENTERPRISE_PLUS has no PD_HDD disks".to_owned(),
                "leave `type` out, or write PD_SSD",
            ))
        } else {
            None
        }
    };
    let kind = storage.kind.as_ref().and_then(wrong_kind);
    let kind = kind.map(|(message, remedy)| {
        Check::error("gcp/storage-type", message)
            .at(&wanted.address)
            .key(format!("{}.storage.type", wanted.key))
            .remedy(remedy)
            .source(docs("instance-settings"))
    });
    size.into_iter().chain(kind).collect()
}

pub(super) fn labels(wanted: &DesiredInstance) -> Option<Check> {
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
            "gcp/tags",
            format!("`{name} = \"{value}\"` is no label of Google's"),
        )
        .key("tags")
        .remedy(
            "use lowercase letters, digits, hyphens and underscores, at most 63 of them, and a \
                 letter first in the name",
        )
        .source(docs("label-instance")),
    )
}

pub(super) fn version(wanted: &DesiredInstance) -> Option<Check> {
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
        .source(docs("db-versions"))
    })
}
