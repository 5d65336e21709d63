//! What a plan file says of one instance, completed with what only RDS knows: its class, its disk,
//! and which of the `[aws]` settings are its own.

use pgfleet_model::{Check, ProviderKind, Role, Value};
use pgfleet_planner::Draft;

use crate::shared::portable;

use super::{REPLICA_CALL, docs, setting};

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
                .source(docs("Concepts.DBInstanceClass.html")),
        ),
    }
    if live.is_none() {
        let storage = &mut desired.attributes.storage;
        storage.gib = storage.gib.or(Some(SMALLEST_GIB));
        storage.kind = storage.kind.take().or_else(|| Some(USUAL_DISK.to_owned()));
    }
    let copies = desired.role() == Role::Replica;
    let abroad = copies && region != primary.region;
    // What belongs to a region does not cross it.
    let table = if abroad { overrides } else { platform };
    // No instance is without security groups: an empty list names none, as if it were not there.
    let says = |value: &Value| !matches!(value, Value::List(list) if list.is_empty());
    let named = table
        .iter()
        .filter(|(name, value)| *name != ACCOUNT && says(value));
    let named = named.map(|(name, value)| (name.clone(), as_kept(name, value)));
    let settings = &mut desired.attributes.settings;
    settings.extend(named);
    if copies && !abroad {
        // A replica lies in its primary's subnet group and is encrypted with its key: neither
        // may be said again.
        for (name, said) in [
            (setting::SUBNET_GROUP, live.is_some()),
            (setting::KMS_KEY, true),
        ] {
            if !(said && overrides.contains_key(name)) {
                settings.remove(name);
            }
        }
        if live.is_none() && overrides.contains_key(setting::SUBNET_GROUP) {
            checks.push(
                Check::error(
                    "aws/subnet-group-same-region",
                    "a replica in its primary's region lies in the primary's subnet group",
                )
                .at(&desired.address)
                .key(format!("{}.aws.subnet_group", desired.key))
                .remedy("leave subnet_group out of the group")
                .source(REPLICA_CALL),
            );
        }
    }
    checks
}

/// A setting as RDS keeps it: names of groups in lower case.
fn as_kept(name: &str, value: &Value) -> Value {
    match value {
        Value::Text(text) if [setting::SUBNET_GROUP, setting::PARAMETER_GROUP].contains(&name) => {
            Value::Text(text.to_lowercase())
        }
        _ => value.clone(),
    }
}
