//! What a plan file says of one server, completed with what only Azure knows.

use pgfleet_model::{
    Availability, Check, ObservedInstance, PgVersion, ProviderKind, Role, Settings, Value,
};
use pgfleet_planner::Draft;

use crate::shared::{databases, portable};

use super::{REPLICAS_PAGE, docs, setting, size::full_name, tags::spelled as spelled_tag};

/// Keys of `[azure]` that say where to act, not what a server is.
const PLACE: [&str; 2] = ["subscription", "resource_group"];
/// The disk of a primary whose plan file names none: the smallest that there is.
const SMALLEST_GIB: u32 = 32;
/// The version of a new primary whose plan file names none; Azure wants to hear one.
const USUAL_MAJOR: u32 = 17;

pub(super) fn resolve(draft: Draft<'_>) -> Vec<Check> {
    let class = portable::class(ProviderKind::Azure, &draft);
    let Draft {
        group_gib,
        primary_gib,
        platform,
        overrides,
        live,
        live_primary,
        primary,
        desired,
        ..
    } = draft;
    let mut checks = Vec::new();
    let region = desired.resource.region.clone();
    let role = desired.role();
    match class {
        Ok(class) => desired.attributes.size = class.map(|class| spelled(&class, live)),
        Err(check) => checks.push(
            check
                .remedy("name the size, such as size = \"Standard_D4ds_v5\"")
                .source(docs("compute-storage/concepts-compute")),
        ),
    }
    let attributes = &mut desired.attributes;
    if let Some(live) = live {
        let wanted = std::mem::take(&mut attributes.tags).into_iter();
        let wanted = wanted.map(|(name, value)| (spelled_tag(&live.attributes.tags, &name), value));
        attributes.tags = wanted.collect();
    }
    if live.is_none() {
        attributes.storage.gib = attributes.storage.gib.or(Some(SMALLEST_GIB));
        attributes.postgres = attributes.postgres.or(Some(PgVersion::of(USUAL_MAJOR)));
    }
    if role == Role::Replica {
        // As they are written: a new replica's is enlarged before the rules see it, and one that is there
        // may have grown, so that what is said of a plan would be another thing each time.
        if let (Some(own), Some(primary)) = (group_gib, primary_gib)
            && own < primary
        {
            let message = format!(
                "a replica's disk of {own} GiB is smaller than its primary's {primary} GiB"
            );
            checks.push(
                Check::error("azure/smaller-replica", message)
                    .at(&desired.address)
                    .key(format!("{}.storage.gib", desired.key))
                    .remedy("leave `gib` out of the group, or give it the primary's or more")
                    .source(REPLICAS_PAGE),
            );
        }
        if attributes.availability == Some(Availability::Regional) {
            checks.push(
                Check::error("azure/replica-ha", "an Azure replica cannot have a standby")
                    .at(&desired.address)
                    .key(format!("{}.multi_az", desired.key))
                    .remedy("leave `multi_az` out of the group")
                    .source(REPLICAS_PAGE),
            );
        }
        if live.is_none() {
            // Where the primary's disk grows by itself, its replicas' do. One of the second kind does
            // not, and is not told so.
            let storage = &mut attributes.storage;
            let source = live_primary.map(|live| &live.attributes.storage);
            let source = source.filter(|_| storage.kind.as_deref() != Some("premium-ssd-v2"));
            storage.autogrow = storage.autogrow.or(source.and_then(|disk| disk.autogrow));
        }
        attributes.availability = None;
        // It is its primary's.
        attributes.postgres = None;
    }
    // A subnet belongs to a region.
    let own_place = role == Role::Primary || region == primary.region;
    let table = if own_place { platform } else { overrides };
    let named = table.iter().filter(|(name, _)| !PLACE.contains(&&***name));
    for (name, value) in named {
        let value = same_in_any_case(name, value, live);
        attributes.settings.insert(name.clone(), value);
    }
    // Where a standby in another zone is asked for, this one goes.
    let of_live = live.filter(|live| live.attributes.settings.contains_key(setting::SAME_ZONE));
    if of_live.is_some() && attributes.availability == Some(Availability::Zonal) {
        let none = (setting::SAME_ZONE.to_owned(), Value::Number(0));
        attributes.settings.extend([none]);
    }
    let bootstrap = desired.bootstrap.as_ref();
    databases::take_up(&mut attributes.settings, role, bootstrap, live);
    checks
}

/// A size under its full name; as Azure spells it where that is the one that runs.
fn spelled(class: &str, live: Option<&ObservedInstance>) -> String {
    let class = full_name(class);
    let running = live.and_then(|live| live.attributes.size.clone());
    running
        .filter(|running| running.eq_ignore_ascii_case(&class))
        .unwrap_or(class)
}

/// Names of resources are the same in any case.
fn same_in_any_case(name: &str, value: &Value, live: Option<&ObservedInstance>) -> Value {
    let seen = live.and_then(|live| live.attributes.settings.get(name));
    match (value, seen) {
        (Value::Text(wanted), Some(Value::Text(seen))) if wanted.eq_ignore_ascii_case(seen) => {
            Value::Text(seen.clone())
        }
        _ => value.clone(),
    }
}

/// Whether the plan's own settings name a subnet.
pub(super) fn is_private(settings: &Settings) -> bool {
    settings.contains_key(setting::SUBNET)
}
