//! What a cloud cannot do, or does otherwise, of what a fleet asks.

use pgfleet_model::{Availability, ProviderKind, Role};

use super::Notes;
use crate::{PlannedInstance, fleet};

/// Says what the cloud cannot do.
pub(super) fn note(to: ProviderKind, instances: &[PlannedInstance], notes: &mut Notes) {
    let standby = instances.iter().any(|instance| {
        instance.address.role() == Role::Replica
            && instance.attributes.availability == Some(Availability::Regional)
    });
    if to == ProviderKind::Azure && standby {
        notes.say(
            "an Azure replica cannot have HA: those with multi_az are counted in one zone"
                .to_owned(),
        );
    }
    // provider documentation: USER_PostgreSQL.Replication.ReadReplicas.Configuration (AWS),
    // sql/docs/postgres/replication (Google), concepts-read-replicas (Azure).
    let most = match to {
        ProviderKind::Aws => 15,
        ProviderKind::Gcp => 10,
        ProviderKind::Azure => 5,
        ProviderKind::Local => return,
    };
    let replicas = fleet::replicas(instances);
    if replicas > most {
        notes.say(format!(
            "{to} takes {most} replicas a primary, the fleet has {replicas}"
        ));
    }
    if to != ProviderKind::Aws
        && instances
            .iter()
            .any(|other| other.region != instances[0].region)
    {
        notes.say(format!(
            "the price of traffic between regions is not known on {to}"
        ));
    }
}

/// The disk's counterpart.
pub(super) fn disk(
    from: ProviderKind,
    to: ProviderKind,
    instance: &mut PlannedInstance,
    notes: &mut Notes,
) {
    let storage = &mut instance.attributes.storage;
    let fast = matches!(
        storage.kind.as_deref(),
        Some("io1" | "io2" | "premium-ssd-v2")
    );
    let slow = storage.kind.as_deref() == Some("PD_HDD");
    let kind = match to {
        ProviderKind::Aws if fast => "io2",
        ProviderKind::Aws => "gp3",
        ProviderKind::Gcp => "PD_SSD",
        _ if fast => "premium-ssd-v2",
        _ => "premium-ssd",
    };
    if slow {
        notes.say(format!("{to} has no HDD: {kind} is counted"));
    }
    storage.kind = Some(kind.to_owned());
    let provisioned = storage.iops.is_some() || storage.throughput.is_some();
    if provisioned && !(kind == "premium-ssd-v2" || to == ProviderKind::Aws) {
        notes.say(format!(
            "on {to} IOPS and throughput follow from the size of a {kind} disk: those of {from} \
             are not counted"
        ));
        storage.iops = None;
        storage.throughput = None;
    }
}
