//! The service's rules, held against a plan before any call is made. Each names the page that says
//! so.

use pgfleet_model::{
    Action, ChangeSet, Check, DesiredInstance, DesiredState, Field, ObservedState, PrimaryPolicy,
    ProviderKind, Role,
};

use crate::shared::offered;

use super::{
    docs,
    size::{self, Found},
};

/// Replicas of one primary.
pub(super) const MAX_REPLICAS: u32 = 5;
/// Days for which backups can be kept.
const BACKUP_DAYS: std::ops::RangeInclusive<u32> = 7..=35;

mod disk;
mod fleet;
mod names;
mod place;
#[cfg(test)]
mod tests;

pub(super) use disk::{FEWEST_IOPS, LEAST_THROUGHPUT, SECOND_KIND};

pub(super) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let created: Vec<&DesiredInstance> = offered::created(desired, changes).collect();
    checks.extend(place::regions(desired, observed, changes));
    for wanted in &created {
        checks.extend(names::identifier(wanted));
        checks.extend(names::administrator(wanted));
        checks.extend(names::database(wanted));
        checks.extend(place::elsewhere(wanted, observed));
        checks.extend(place::network(wanted));
        checks.extend(version(wanted));
    }
    // Without the primary that they follow nobody knows what they would be: that is told elsewhere.
    let lost = matches!(desired.primary, PrimaryPolicy::Existing(_)) && observed.existing.is_none();
    for wanted in created.iter().copied().chain(resized(desired, changes)) {
        if !(lost && wanted.attributes.size.is_none()) {
            checks.extend(sized(wanted));
        }
    }
    for wanted in desired.instances.values() {
        checks.extend(disk::disk(wanted, observed));
        checks.extend(backups(wanted));
        checks.extend(names::tags(wanted));
    }
    checks.extend(names::tag_count(desired, observed));
    checks.extend(place::zones(desired, observed));
    checks.extend(fleet::to_be_mended(observed, changes));
    checks.extend(fleet::burstable(desired, observed));
    checks.extend(fleet::cascade(observed));
    checks.extend(fleet::replica_limit(desired, observed));
    checks.extend(fleet::smaller_replicas(desired, observed));
    checks.extend(fleet::replicas_that_do_not_grow(desired, observed));
    checks.extend(fleet::strangers_in_the_way(observed, changes));
    checks.extend(place::public_address(&created));
    checks.extend(fleet::no_last_snapshot(desired, observed));
    checks
}

/// The servers whose size a plan changes.
fn resized<'a>(
    desired: &'a DesiredState,
    changes: &'a ChangeSet,
) -> impl Iterator<Item = &'a DesiredInstance> {
    changes
        .effective()
        .filter(|change| change.action == Action::Update)
        .filter(|change| change.fields.iter().any(|one| one.field == Field::Size))
        .filter_map(|change| desired.instances.get(&change.address))
}

/// A version of which Azure makes new servers. Retired ones it makes while its extended support lasts,
/// for more money, as its command line says; its page of versions says that it makes none: those only
/// warn, and so does one whose retirement is a matter of days.
fn version(wanted: &DesiredInstance) -> Option<Check> {
    const POLICY: &str = "configure-maintain/concepts-version-policy";
    const EXTENDED: &str = "configure-maintain/extended-support";
    let major = wanted.attributes.postgres?.major;
    let warning = |why: String| Check::warning("azure/version", why);
    let (check, page) = match major {
        ..=11 => (
            Check::error(
                "azure/version",
                format!("Azure makes no new servers of PostgreSQL {major}: it has been retired"),
            ),
            EXTENDED,
        ),
        12 | 13 => (
            warning(format!(
                "PostgreSQL {major} has been retired: Azure may make no new servers of it, and charges \
                 extended support for those that it makes, which no cost here includes"
            )),
            EXTENDED,
        ),
        14 => (
            warning(format!(
                "PostgreSQL {major} is no longer supported by its makers, and by Azure until 2026-12-11: \
                 then it charges extended support, which no cost here includes"
            )),
            EXTENDED,
        ),
        15..=18 => return None,
        _ => (
            warning(format!(
                "pgfleet does not know whether Azure has PostgreSQL {major} yet"
            )),
            POLICY,
        ),
    };
    let check = check.at(&wanted.address).key("postgres");
    Some(check.remedy("write 15 to 18").source(docs(page)))
}

/// A new server has a size, and one that there is. Series come and go: one that the catalog does not
/// know may be new.
fn sized(wanted: &DesiredInstance) -> Option<Check> {
    let check = |check: Check, remedy: String| {
        let check = check.at(&wanted.address).remedy(remedy);
        Some(check.source(docs("compute-storage/concepts-compute")))
    };
    let Some(size) = &wanted.attributes.size else {
        let missing = Check::error("azure/size", "a new server needs a size");
        return check(
            missing.key(wanted.key.clone()),
            "set `size`, such as size = \"Standard_D4ds_v5\"".to_owned(),
        );
    };
    let new: fn(&str, String) -> Check = match size::found(size) {
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
        .source(docs("backup-restore/concepts-backup-restore"))
    })
}
