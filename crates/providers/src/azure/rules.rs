//! The service's rules, held against a plan before any call is made. Each names the page that says
//! so.

use pgfleet_model::{
    ChangeSet, Check, DesiredInstance, DesiredState, ObservedState, ProviderKind, Role,
};

use crate::offered;

use super::{
    DOCS,
    sku::{self, Found},
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

/// Regions of which the catalog knows no price.
const REGIONS: [&str; 32] = [
    "australiacentral",
    "australiacentral2",
    "australiasoutheast",
    "austriaeast",
    "belgiumcentral",
    "brazilsoutheast",
    "canadaeast",
    "chilecentral",
    "denmarkeast",
    "eastasia",
    "francesouth",
    "germanynorth",
    "indonesiacentral",
    "israelcentral",
    "italynorth",
    "japanwest",
    "jioindiacentral",
    "jioindiawest",
    "koreasouth",
    "malaysiawest",
    "newzealandnorth",
    "northcentralus",
    "norwaywest",
    "qatarcentral",
    "southafricawest",
    "southindia",
    "spaincentral",
    "swedensouth",
    "switzerlandwest",
    "uaecentral",
    "westcentralus",
    "westindia",
];

mod fleet;
#[cfg(test)]
mod tests;

pub(super) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let created: Vec<&DesiredInstance> = offered::created(desired, changes).collect();
    let source = page("overview");
    checks.extend(offered::regions(
        desired, observed, changes, &REGIONS, &source,
    ));
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
    checks.extend(fleet::burstable(desired, observed));
    checks.extend(fleet::cascade(observed));
    checks.extend(fleet::replica_limit(desired, observed));
    checks.extend(fleet::smaller_replicas(desired, observed));
    checks.extend(fleet::strangers_in_the_way(observed, changes));
    checks.extend(fleet::public_address(&created));
    checks.extend(fleet::no_last_snapshot(desired, observed));
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

/// A new server has a size, and one that there is. Series come and go: one that the catalog does not
/// know may be new.
fn sized(wanted: &DesiredInstance) -> Option<Check> {
    let check = |check: Check, remedy: String| {
        let check = check.at(&wanted.address).remedy(remedy);
        Some(check.source(page("compute-storage/concepts-compute")))
    };
    let Some(size) = &wanted.attributes.size else {
        let missing = Check::error("azure/size", "a new server needs a size");
        return check(
            missing.key(wanted.key.clone()),
            "set `size`, such as size = \"Standard_D4ds_v5\"".to_owned(),
        );
    };
    let new: fn(&str, String) -> Check = match sku::found(size) {
        Found::Known => return None,
        Found::OfNewSeries => Check::warning,
        Found::Nowhere => Check::error,
    };
    let near = offered::near(size, offered::classes(ProviderKind::Azure));
    check(
        new(
            "azure/size",
            format!("`{size}` is no size that pgfleet knows"),
        )
        .key(format!("{}.size", wanted.key)),
        format!("write {near}, or see `az postgres flexible-server list-skus --location ...`"),
    )
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
