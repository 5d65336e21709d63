//! What servers, administrators, databases and tags may be called.

use pgfleet_model::{Check, DesiredInstance, DesiredState, ObservedInstance, ObservedState};

use crate::azure::{docs, tags::doubled};
use crate::shared::{databases, tags::too_many};

/// Tags of a resource.
const MOST_TAGS: usize = 50;
/// What is said of tags.
const TAGS_PAGE: &str =
    "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources";
/// Databases that the service has on every server for itself.
const OWN_DATABASES: [&str; 2] = ["azure_maintenance", "azure_sys"];
/// Administrators that the service keeps for itself.
const RESERVED: [&str; 8] = [
    "azure_superuser",
    "azure_pg_admin",
    "azuresu",
    "admin",
    "administrator",
    "root",
    "guest",
    "public",
];

/// 3 to 63 lowercase letters, digits and single hyphens; no hyphen first or last.
pub(super) fn identifier(wanted: &DesiredInstance) -> Option<Check> {
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
            .source(docs("configure-maintain/how-to-create-server"))
    })
}

/// Who a new primary's administrator is, and that there is a password.
pub(super) fn administrator(wanted: &DesiredInstance) -> Vec<Check> {
    let Some(bootstrap) = &wanted.bootstrap else {
        return Vec::new();
    };
    let source = docs("configure-maintain/how-to-create-server");
    let admin = &bootstrap.admin;
    let lower = admin.to_ascii_lowercase();
    let why = if lower.starts_with("pg_") {
        Some(format!(
            "Azure takes no administrator `{admin}`: names that begin with `pg_` are PostgreSQL's own"
        ))
    } else if RESERVED.contains(&lower.as_str()) {
        Some(format!("Azure keeps the name `{admin}` for itself"))
    } else if is_plain(admin, "_-.$") {
        None
    } else {
        Some(format!("Azure takes no administrator `{admin}`"))
    };
    let name = why.map(|why| {
        Check::error("azure/admin", why)
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

/// What the database that a new primary gets may be called.
pub(super) fn database(wanted: &DesiredInstance) -> Option<Check> {
    let name = databases::wanted(wanted)?;
    // The name of a resource is the same in any case.
    let own = OWN_DATABASES
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name));
    let (why, remedy) = if own {
        (
            format!("every server has a database `{name}`, and it is not yours"),
            "take another name, or leave `database` out: `postgres`",
        )
    } else if is_plain(name, "_-$") {
        return None;
    } else {
        (
            format!("Azure takes no database `{name}`"),
            "a letter or `_` first, then letters, digits, `_`, `-` and `$`",
        )
    };
    Some(
        Check::error("azure/database", why)
            .at(&wanted.address)
            .key("primary.database")
            .remedy(remedy)
            .source(docs("configure-maintain/concepts-servers")),
    )
}

/// A letter or `_`, then letters, digits and these signs.
fn is_plain(name: &str, signs: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(inside)
}

pub(super) fn tag_count(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    // The note of a database is taken off when that is made.
    let notes = |wanted: &DesiredInstance, live: Option<&ObservedInstance>| {
        let open = live.is_none_or(|live| databases::is_left(&live.attributes.settings));
        usize::from(open && databases::wanted(wanted).is_some())
    };
    too_many(desired, observed, notes, MOST_TAGS).map(|check| check.source(TAGS_PAGE))
}

pub(super) fn tags(wanted: &DesiredInstance) -> Option<Check> {
    let tags = &wanted.attributes.tags;
    let bad = tags
        .keys()
        .find(|name| name.contains(['<', '>', '%', '&', '\\', '?', '/']));
    let why = match bad {
        Some(name) => format!("Azure takes no tag `{name}`"),
        None if let Some((one, other)) = doubled(tags) => {
            format!("`{one}` and `{other}` are one tag: its name is the same in any case")
        }
        None => return None,
    };
    Some(
        Check::error("azure/tags", why)
            .key("tags")
            .remedy("names without < > % & \\ ? /, each once in whatever case")
            .source(TAGS_PAGE),
    )
}
