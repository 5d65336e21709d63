//! What a plan file says of one server, completed with what only this machine knows.

use std::collections::BTreeSet;

use pgfleet_model::{Check, ObservedInstance, Role, Storage, Value};
use pgfleet_planner::Draft;

use super::{
    config::{
        MAX_SENDERS, MAX_SLOTS, ORPHAN_SLOTS, PORT, STANDBY_SETTINGS, UPSTREAM, senders, slots,
    },
    layout::slot_name,
    platform::{as_number, number},
    rules::HERE,
};

pub(super) fn resolve(draft: Draft<'_>) -> Vec<Check> {
    let Draft {
        size,
        group_gib: _,
        primary_gib: _,
        primary_size: _,
        platform,
        overrides: _,
        existing: _,
        live,
        live_primary,
        replicas,
        primary: _,
        desired,
    } = draft;
    let mut checks = Vec::new();
    let key = desired.key.clone();
    let attributes = &mut desired.attributes;
    if size.is_some() {
        checks.push(
            Check::note("local/size-ignored", "`size` means nothing on this machine").source(HERE),
        );
    }
    if attributes.storage != Storage::default() {
        checks.push(
            Check::note(
                "local/storage-ignored",
                "`storage` means nothing on this machine",
            )
            .source(HERE),
        );
    }
    if attributes.availability == Some(pgfleet_model::Availability::Regional) {
        checks.push(
            Check::error("local/multi-az", "this machine has no second zone")
                .at(&desired.address)
                .key(format!("{key}.multi_az"))
                .remedy("leave `multi_az` out; replicas stand ready to take over")
                .source(HERE),
        );
    }
    attributes.size = None;
    attributes.storage = Storage::default();
    attributes.availability = None;
    attributes.backup_days = None;
    attributes.deletion_protection = None;
    match desired.address.role() {
        Role::Primary => {
            let attributes = &mut desired.attributes.settings;
            if let Some(port) = platform.get(PORT) {
                attributes.insert(PORT.into(), port.clone());
            }
            attributes.insert(MAX_SENDERS.into(), Value::Number(senders(replicas.len())));
            attributes.insert(MAX_SLOTS.into(), Value::Number(slots(replicas.len())));
            // A slot that waits for its replica to be made again goes with that: alone it asks
            // for no call, now or when the result is looked at. Where the slots are not known,
            // nothing is asked of them.
            if live.is_some_and(|live| live.attributes.settings.contains_key(ORPHAN_SLOTS)) {
                let wanted: BTreeSet<String> = replicas.iter().map(slot_name).collect();
                let orphans = list(live, ORPHAN_SLOTS);
                if orphans.is_empty() || !orphans.is_subset(&wanted) {
                    attributes.insert(ORPHAN_SLOTS.into(), Value::List(BTreeSet::new()));
                }
            }
        }
        Role::Replica => {
            // The version is the primary's, whatever the plan says.
            desired.attributes.postgres = None;
            let settings = &mut desired.attributes.settings;
            for name in STANDBY_SETTINGS {
                let least = live_primary.and_then(|primary| number(primary, name));
                if let Some(least) = least {
                    settings.insert(name.into(), Value::Number(least));
                }
            }
            let grown = settings.get(MAX_SENDERS).and_then(as_number).unwrap_or(0);
            let grown = grown.max(senders(replicas.len()));
            settings.insert(MAX_SENDERS.into(), Value::Number(grown));
            // The plan's port is that of a primary of ours.
            let ours = live_primary.is_none_or(|primary| primary.owner.is_some());
            let port = platform.get(PORT).filter(|_| ours);
            let upstream = match port {
                Some(port) => Some(format!("127.0.0.1:{port}")),
                None => live_primary
                    .and_then(|primary| primary.endpoint.as_ref())
                    .map(ToString::to_string),
            };
            if let Some(upstream) = upstream {
                settings.insert(UPSTREAM.into(), Value::Text(upstream));
            }
        }
    }
    checks
}

fn list(live: Option<&ObservedInstance>, name: &str) -> BTreeSet<String> {
    let words = live.and_then(|live| live.attributes.list(name));
    words.cloned().unwrap_or_default()
}
