//! Turns a plan file into the desired state, against what runs: inherits, fills in, and lets the
//! platform complete it.

use std::collections::{BTreeMap, BTreeSet};

use pgfleet_model::{
    Address, Attributes, Bootstrap, Check, DesiredInstance, DesiredState, Inventory, ObservedState,
    PrimaryPolicy, ResourceId, ResourceRef, Role, Settings, Storage, Value,
};
use pgfleet_spec::{ManagedPrimary, PrimarySpec, ReplicaGroup, Spec};

use crate::{Draft, PASSWORD_VERSION, Platform};

/// What a plan file wants, and what of the listing concerns it.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The fleet as it shall be.
    pub desired: DesiredState,
    /// The fleet as it is.
    pub observed: ObservedState,
    /// What came up on the way.
    pub checks: Vec<Check>,
}

/// Resolves one plan file against a listing.
pub fn resolve(spec: &Spec, inventory: &Inventory, platform: &dyn Platform) -> Resolution {
    let mut checks = Vec::new();
    let mut desired = skeleton(spec, platform, &mut checks);
    let observed = ObservedState::select(inventory, &desired);
    let replicas: Vec<ResourceId> = desired
        .replicas()
        .map(|replica| replica.resource.id.clone())
        .collect();
    let primary_ref = desired.primary_ref().clone();
    let primary = match &spec.primary {
        PrimarySpec::Managed(primary) => Some(primary.as_ref()),
        PrimarySpec::Existing(_) => None,
    };
    for instance in desired.instances.values_mut() {
        let group = group_of(spec, &instance.address);
        let live = observed.wanted.get(&instance.address);
        let live_primary = observed.primary();
        declare(spec, primary, group, live_primary, live.is_some(), instance);
        if instance.role() == Role::Replica
            && live.is_none()
            && let Some(source) = live_primary
        {
            let disk = &mut instance.attributes.storage;
            platform.copy_disk(disk, &source.attributes.storage);
        }
        if instance.role() == Role::Primary && platform.rotates_passwords() {
            let version = primary.map_or(1, |primary| primary.password_version);
            if version > 1 {
                let settings = &mut instance.attributes.settings;
                settings.insert(PASSWORD_VERSION.to_owned(), Value::Number(version.into()));
            }
        }
        let platform_table = merged(&spec.platform, group.map(|group| &group.platform));
        let none = Settings::new();
        let primary_size = primary.and_then(|primary| primary.size.as_ref());
        let size = group.and_then(|group| group.size.as_ref()).or(primary_size);
        checks.extend(platform.resolve(Draft {
            size,
            group_gib: group.and_then(|group| group.storage.gib),
            primary_gib: primary.and_then(|primary| primary.storage.gib),
            primary_size,
            platform: &platform_table,
            overrides: group.map_or(&none, |group| &group.platform),
            live,
            live_primary,
            existing: observed.existing.as_ref(),
            replicas: &replicas,
            primary: &primary_ref,
            desired: instance,
        }));
    }
    // The same note once for the fleet, not once for every replica of a group.
    let mut seen = BTreeSet::new();
    checks.retain(|check| {
        seen.insert((check.code.clone(), check.key.clone(), check.message.clone()))
    });
    Resolution {
        desired,
        observed,
        checks,
    }
}

/// The fleet by addresses and identifiers, before anything is known of its instances.
fn skeleton(spec: &Spec, platform: &dyn Platform, checks: &mut Vec<Check>) -> DesiredState {
    let mut instances = BTreeMap::new();
    let mut primary_ref = None;
    for (address, id, region) in spec.addresses() {
        let resource = ResourceRef { region, id };
        if address.role() == Role::Primary {
            primary_ref = Some(resource.clone());
        }
        let key = group_of(spec, &address).map_or_else(
            || "primary".to_owned(),
            |group| format!("replicas[{}]", group.index),
        );
        let instance = DesiredInstance {
            address: address.clone(),
            resource,
            attributes: Attributes::default(),
            bootstrap: None,
            key,
        };
        instances.insert(address, instance);
    }
    let primary = match (&spec.primary, primary_ref) {
        (PrimarySpec::Existing(existing), _) => {
            match platform.existing(&existing.reference, &spec.region) {
                Ok(resource) => PrimaryPolicy::Existing(resource),
                Err(check) => {
                    checks.push(*check);
                    PrimaryPolicy::Existing(derived_primary(spec))
                }
            }
        }
        (PrimarySpec::Managed(_), Some(resource)) => PrimaryPolicy::Managed(resource),
        (PrimarySpec::Managed(_), None) => PrimaryPolicy::Managed(derived_primary(spec)),
    };
    DesiredState {
        fleet: spec.fleet.clone(),
        provider: spec.provider,
        region: spec.region.clone(),
        primary,
        final_snapshot: match &spec.primary {
            PrimarySpec::Managed(primary) => primary.final_snapshot,
            PrimarySpec::Existing(_) => false,
        },
        instances,
    }
}

fn derived_primary(spec: &Spec) -> ResourceRef {
    let id = Address::Primary.default_resource_id(&spec.fleet);
    ResourceRef {
        region: spec.region.clone(),
        id,
    }
}

fn group_of<'a>(spec: &'a Spec, address: &Address) -> Option<&'a ReplicaGroup> {
    match address {
        Address::Primary => None,
        Address::Replica { group, .. } => spec
            .replicas
            .iter()
            .find(|candidate| candidate.name == *group),
    }
}

/// Fills in what the file says of one instance, the same on every platform.
fn declare(
    spec: &Spec,
    primary: Option<&ManagedPrimary>,
    group: Option<&ReplicaGroup>,
    live_primary: Option<&pgfleet_model::ObservedInstance>,
    exists: bool,
    instance: &mut DesiredInstance,
) {
    let inherited = primary
        .map(|primary| primary.storage.clone())
        .unwrap_or_default();
    let attributes = &mut instance.attributes;
    attributes.tags.clone_from(&spec.tags);
    attributes.postgres = spec.postgres;
    match (group, primary) {
        (Some(group), _) => {
            attributes.availability = Some(group.availability);
            attributes.storage = inherit(&group.storage, &inherited);
            if !exists {
                // It is copied from the primary as that is by then: made or grown by the same plan.
                let live = live_primary.and_then(|primary| primary.attributes.storage.gib);
                let own = attributes.storage.gib;
                attributes.storage.gib = live.max(own).max(inherited.gib);
            }
        }
        (None, Some(primary)) => {
            attributes.availability = Some(primary.availability);
            attributes.storage = inherited;
            attributes.backup_days = Some(primary.backup_days);
            attributes.deletion_protection = Some(spec.protect.deletion);
            instance.bootstrap = Some(Bootstrap {
                admin: primary.admin.clone(),
                database: primary.database.clone(),
                password: primary.password.clone(),
            });
        }
        (None, None) => {}
    }
}

/// A replica's disk, key by key its own or the primary's.
fn inherit(own: &Storage, primary: &Storage) -> Storage {
    Storage {
        gib: own.gib.or(primary.gib),
        kind: own.kind.clone().or_else(|| primary.kind.clone()),
        iops: own.iops.or(primary.iops),
        throughput: own.throughput.or(primary.throughput),
        autogrow: own.autogrow.or(primary.autogrow),
        autogrow_to_gib: own.autogrow_to_gib.or(primary.autogrow_to_gib),
    }
}

fn merged(plan: &Settings, group: Option<&Settings>) -> Settings {
    let mut merged = plan.clone();
    merged.extend(group.cloned().unwrap_or_default());
    merged
}
