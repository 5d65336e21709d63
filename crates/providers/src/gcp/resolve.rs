//! Completes what a plan file says of one instance: its tier, its edition, its network, its disk.

use pgfleet_model::{Availability, Check, Field, ObservedInstance, PgVersion, Region, Role, Value};
use pgfleet_planner::Draft;
use pgfleet_spec::InstanceSize;

use crate::shared::{databases, portable};

use super::{
    observe, rules,
    setting::{EDITION, NETWORK, PITR, PUBLIC, SMALLER, SSL},
    size::{self, Edition},
};

/// The kind of disk that nobody has who has not asked for it.
const HDD: &str = "PD_HDD";

/// The version of a new primary where the plan names none.
const USUAL_MAJOR: u32 = 17;

pub(super) fn resolve(project: &str, draft: Draft<'_>) -> Vec<Check> {
    let starts_from = portable::starts_from(&draft);
    let Draft {
        size,
        platform,
        live,
        live_primary,
        replicas,
        primary: primary_ref,
        desired,
        ..
    } = draft;
    let mut checks = Vec::new();
    let role = desired.role();
    let follows = live_primary
        .filter(|primary| primary.owner.is_none())
        .map(|live| &live.attributes);
    // What a new replica is copied from: what the plan leaves open is as it is there.
    let copied = live_primary
        .filter(|primary| {
            role == Role::Replica && live.is_none() && primary.resource == *primary_ref
        })
        .map(|live| &live.attributes);
    let said = |name: &str| match platform.get(name) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => follows.and_then(|live| live.text(name)),
    };
    let edition = said(EDITION).and_then(Edition::parse);
    let edition = edition.unwrap_or(Edition::Enterprise);
    let network = said(NETWORK).or_else(|| copied?.text(NETWORK));
    let network = network.map(|network| whole_network(project, network));
    let attributes = &mut desired.attributes;
    attributes.size = match size {
        Some(InstanceSize::Class(class)) => Some(class.clone()),
        Some(size @ InstanceSize::AtLeast { .. }) => {
            let tier = tier_for(size, edition, &desired.resource.region, starts_from);
            if tier.is_none() {
                checks.push(rules::no_tier(&desired.address, &desired.key, edition));
            }
            tier
        }
        None => follows.and_then(|live| live.size.clone()),
    };
    let storage = &mut attributes.storage;
    storage.autogrow = storage.autogrow.or(Some(true));
    if storage.kind.is_some() && live.is_some_and(|live| live.attributes.storage.kind.is_none()) {
        storage.kind = None;
        checks.push(rules::disk_not_known(&desired.address, &desired.key));
    }
    let settings = &mut attributes.settings;
    settings.insert(EDITION.into(), Value::Text(edition.as_str().to_owned()));
    if let Some(network) = network {
        settings.insert(NETWORK.into(), Value::Text(network));
    }
    if let Some(copied) = copied {
        let tier = attributes.size.as_deref().unwrap_or_default();
        let slow = copied.storage.kind.as_deref() == Some(HDD);
        let fits = edition == Edition::Enterprise && !size::wants_hyperdisk(tier);
        let kind = &mut attributes.storage.kind;
        if slow && fits && kind.is_none() {
            *kind = Some(HDD.to_owned());
        }
        let settings = &mut attributes.settings;
        for name in [PUBLIC, SSL] {
            let value = copied.settings.get(name).cloned();
            settings.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    let settings = &mut attributes.settings;
    databases::take_up(settings, role, desired.bootstrap.as_ref(), live);
    let running = live.and_then(|live| live.attributes.postgres);
    match role {
        Role::Primary => {
            if attributes.postgres.is_none() && running.is_none() {
                attributes.postgres = Some(PgVersion::of(USUAL_MAJOR));
                checks.push(rules::version_chosen(USUAL_MAJOR));
            }
            let backed_up = attributes.backup_days.is_some_and(|days| days > 0);
            let two_zones = attributes.availability == Some(Availability::Regional);
            let needed = !replicas.is_empty() || two_zones;
            // Turned on later it restarts the primary: a new one that has backups has it at once.
            if needed || (live.is_none() && backed_up) {
                attributes.settings.insert(PITR.into(), Value::Flag(true));
            } else if !backed_up {
                // It goes with the backups that it needs.
                attributes.settings.insert(PITR.into(), Value::Flag(false));
            }
            if let Some(bootstrap) = &desired.bootstrap {
                checks.extend(rules::bootstrap(bootstrap, live.is_some()));
            }
        }
        Role::Replica => {
            if platform.get(SMALLER) == Some(&Value::Flag(true)) {
                settings.insert(SMALLER.into(), Value::Flag(true));
            }
            let source = live_primary.filter(|live| live.resource == *primary_ref);
            let version = source.and_then(|live| live.attributes.postgres);
            attributes.postgres = version
                .or(attributes.postgres)
                .or(Some(PgVersion::of(USUAL_MAJOR)));
        }
    }
    checks
}

/// The tier for a portable size: that of what runs where it fits, else the cheapest that does.
fn tier_for(
    size: &InstanceSize,
    edition: Edition,
    region: &Region,
    live: Option<&ObservedInstance>,
) -> Option<String> {
    let want = portable::want(size)?;
    let running = live.and_then(|live| live.attributes.size.clone());
    let running = running.filter(|tier| size::fits(tier, edition, &want));
    running.or_else(|| size::cheapest(edition, region, &want))
}

/// A network by its whole name.
fn whole_network(project: &str, network: &str) -> String {
    let network = observe::network(network);
    if network.contains('/') {
        network
    } else {
        format!("projects/{project}/global/networks/{network}")
    }
}

/// Whether a field is one of these settings.
pub(super) fn is_setting(field: &Field, name: &str) -> bool {
    matches!(field, Field::Setting(own) if own == name)
}
