//! What a plan file says of one instance, completed with what only RDS knows: its class, its disk,
//! and which of the `[aws]` settings are its own.

use pgfleet_model::{Check, ProviderKind, Role};
use pgfleet_planner::Draft;

use crate::portable;

use super::{GUIDE, setting};

/// Keys of `[aws]` that are about the account, not about instances.
const ACCOUNT: &str = "account";
/// The disk of a primary whose plan file names none: the smallest that RDS makes.
const SMALLEST_GIB: u32 = 20;
/// The kind of a new disk whose plan file names none.
const USUAL_DISK: &str = "gp3";

pub(super) fn resolve(draft: Draft<'_>) -> Vec<Check> {
    let class = portable::class(ProviderKind::Aws, &draft);
    let Draft {
        platform,
        overrides,
        live,
        primary,
        desired,
        ..
    } = draft;
    let mut checks = Vec::new();
    let region = desired.resource.region.clone();
    match class {
        Ok(class) => desired.attributes.size = class,
        Err(check) => checks.push(
            check
                .remedy("name the class, such as size = \"db.r6g.large\"")
                .source(format!("{GUIDE}Concepts.DBInstanceClass.html")),
        ),
    }
    if live.is_none() {
        let storage = &mut desired.attributes.storage;
        storage.gib = storage.gib.or(Some(SMALLEST_GIB));
        storage.kind = storage.kind.take().or_else(|| Some(USUAL_DISK.to_owned()));
    }
    let abroad = region != primary.region;
    let own_place = desired.role() == Role::Primary || !abroad;
    let table = if own_place { platform } else { overrides };
    let named = table.iter().filter(|(name, _)| *name != ACCOUNT);
    let settings = &mut desired.attributes.settings;
    settings.extend(named.map(|(name, value)| (name.clone(), value.clone())));
    if desired.address.role() == Role::Replica && !abroad {
        // A replica lies in its primary's subnet group and is encrypted with its key: neither
        // may be said again.
        settings.remove(setting::SUBNET_GROUP);
        if !overrides.contains_key(setting::KMS_KEY) {
            settings.remove(setting::KMS_KEY);
        }
    }
    checks
}
