//! What the instances of a fleet must be to each other.

use pgfleet_model::{
    Action, Availability, ChangeSet, Check, DesiredInstance, DesiredState, ObservedInstance,
    ObservedState, PrimaryPolicy, ResourceRef, Role,
};

use super::{MAX_REPLICAS, instance::VERSIONS};
use crate::gcp::{
    bodies::is_public,
    docs, observe,
    setting::{ENGINE, KIND, PITR, SMALLER},
    size,
};

/// Replicas need backups and point-in-time recovery on their primary.
pub(super) fn backups(desired: &DesiredState, wanted: &DesiredInstance) -> Option<Check> {
    let days = wanted.attributes.backup_days?;
    let key = "primary.backup_days";
    let two_zones = wanted.attributes.availability == Some(Availability::Regional);
    let check = if days == 0 && desired.replicas().next().is_some() {
        Check::error(
            "gcp/replica-backups",
            "replicas need backups with point-in-time recovery on their primary",
        )
        .remedy("set `backup_days` to 1 or more")
        .source(docs("replication/create-replica"))
    } else if days == 0 && two_zones {
        Check::error(
            "gcp/ha-backups",
            "a primary in two zones needs backups with point-in-time recovery",
        )
        .remedy("set `backup_days` to 1 or more, or leave `multi_az` out")
        .source(docs("high-availability"))
    } else {
        return None;
    };
    Some(check.at(&wanted.address).key(key))
}

pub(super) fn replica_limit(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    let others = observed.strangers_of(desired.primary_ref()).count();
    let wanted = desired.replicas().count() + others;
    (wanted > MAX_REPLICAS as usize).then(|| {
        Check::warning(
            "gcp/replica-limit",
            format!("{wanted} replicas of one primary: {MAX_REPLICAS} are known to be allowed"),
        )
        .key("replicas")
        .remedy(format!(
            "lower `count` to {MAX_REPLICAS} or less in all, or ask Google for more"
        ))
        .source(docs("replication/create-replica"))
    })
}

/// A replica with less than its primary: refused by Google in the past, and slow in any case.
pub(super) fn smaller_replicas(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let wanted = desired.managed_primary().map(|primary| &primary.attributes);
    let live = observed.existing.as_ref().map(|live| &live.attributes);
    let Some(primary) = wanted.or(live).and_then(|primary| primary.size.as_deref()) else {
        return Vec::new();
    };
    let replicas = desired.replicas().filter(|replica| {
        let allowed = replica.attributes.is_on(SMALLER);
        let size = replica.attributes.size.as_deref();
        !allowed && size.is_some_and(|size| has_less(size, primary))
    });
    replicas
        .map(|replica| {
            let size = replica.attributes.size.as_deref().unwrap_or_default();
            Check::error(
                "gcp/smaller-replica",
                format!(
                    "{} is smaller than its primary's {}",
                    size::describe(size),
                    size::describe(primary)
                ),
            )
            .at(&replica.address)
            .key(format!("{}.size", replica.key))
            .remedy("give it at least the primary's size, or set `allow_smaller_replicas = true` in [gcp]")
            .source(docs("replication/create-replica"))
        })
        .collect()
}

fn has_less(replica: &str, primary: &str) -> bool {
    let (Some(replica), Some(primary)) = (size::class(replica), size::class(primary)) else {
        return false;
    };
    replica.vcpus < primary.vcpus || replica.memory_gib() < primary.memory_gib()
}

/// A primary whose disk grows by itself fills replicas whose disks do not.
pub(super) fn replica_autogrow(desired: &DesiredState) -> Vec<Check> {
    let grows = |wanted: &DesiredInstance| wanted.attributes.storage.autogrow == Some(true);
    if !desired.managed_primary().is_some_and(grows) {
        return Vec::new();
    }
    let replicas = desired.replicas().filter(|replica| !grows(replica));
    replicas
        .map(|replica| {
            Check::warning(
                "gcp/replica-autogrow",
                "the primary's disk grows by itself and this replica's does not: it can fill up",
            )
            .at(&replica.address)
            .key(format!("{}.storage.autogrow", replica.key))
            .remedy("leave `autogrow` out of the group")
            .source(docs("instance-settings"))
        })
        .collect()
}

/// What a primary that pgfleet does not own must bring along.
pub(super) fn existing(desired: &DesiredState, observed: &ObservedState) -> Vec<Check> {
    let PrimaryPolicy::Existing(resource) = &desired.primary else {
        return Vec::new();
    };
    if desired.instances.is_empty() {
        return Vec::new();
    }
    let error = |code: &str, message: String, remedy: String| {
        Check::error(code, message)
            .key("primary.existing")
            .remedy(remedy)
            .source(docs("replication/create-replica"))
    };
    let Some(live) = &observed.existing else {
        return Vec::new();
    };
    let ObservedInstance {
        attributes,
        role,
        raw_phase,
        ..
    } = live;
    if let Some(kind) = attributes.text(KIND) {
        let why = format!("{resource} is no instance that can have replicas: it is `{kind}`");
        let remedy = "name the primary, or a replica that is an instance of its own".to_owned();
        return vec![error("gcp/existing", why, remedy)];
    }
    if observe::is_suspended(raw_phase) {
        let why = format!("Google has suspended {resource}: it is `{raw_phase}`");
        return vec![error("gcp/suspended", why, revived(raw_phase).to_owned())];
    }
    if attributes.postgres.is_none() {
        let (why, remedy) = other_engine(resource, attributes.text(ENGINE).unwrap_or_default());
        return vec![error("gcp/existing", why, remedy)];
    }
    // How deep its replicas are, the inventory tells (`preflight`).
    if *role == Role::Replica {
        return Vec::new();
    }
    let recovery = attributes.is_on(PITR);
    let backups = attributes.backup_days.is_some_and(|days| days > 0);
    if recovery && backups {
        return Vec::new();
    }
    vec![error(
        "gcp/replica-backups",
        format!("{resource} has no backups with point-in-time recovery, which replicas need"),
        format!(
            "run `gcloud sql instances patch {resource} --backup-start-time=03:00 \
             --enable-point-in-time-recovery`, which restarts it"
        ),
    )]
}

/// What is said of an instance that runs something else than the PostgreSQL that pgfleet knows, and what
/// to do about it.
fn other_engine(resource: &ResourceRef, engine: &str) -> (String, String) {
    let (oldest, newest) = VERSIONS.into_inner();
    match engine.strip_prefix("POSTGRES_") {
        Some(version) => (
            format!(
                "{resource} runs PostgreSQL {}: pgfleet takes {oldest} to {newest}",
                version.replace('_', ".")
            ),
            format!("upgrade it with gcloud first, or name one that runs {oldest} or newer"),
        ),
        None => (
            format!("{resource} is not PostgreSQL: it is `{engine}`"),
            "name a PostgreSQL instance".to_owned(),
        ),
    }
}

/// What Google has taken out of service takes no change, and is no source of replicas.
pub(super) fn suspended(observed: &ObservedState, changes: &ChangeSet) -> Vec<Check> {
    let concerns = |live: &ObservedInstance| {
        let mut changes = changes.effective();
        changes.any(|change| {
            let copies = change.action == Action::Create && live.role == Role::Primary;
            change.action != Action::Delete && (copies || change.resource == live.resource)
        })
    };
    let wanted = observed.wanted.iter();
    wanted
        .filter(|(_, live)| observe::is_suspended(&live.raw_phase) && concerns(live))
        .map(|(address, live)| {
            let ObservedInstance {
                resource,
                raw_phase,
                ..
            } = live;
            Check::error(
                "gcp/suspended",
                format!("Google has suspended {resource}: it is `{raw_phase}`"),
            )
            .at(address)
            .remedy(revived(raw_phase))
            .source(docs("instance-info"))
        })
        .collect()
}

/// What brings a suspended instance back, by Google's word for why it is.
pub(in crate::gcp) fn revived(raw_phase: &str) -> &'static str {
    if raw_phase.contains("BILLING") {
        "settle what is the matter with the billing account of the project; Google starts it again"
    } else if raw_phase.contains("KMS") {
        "give Cloud SQL the use of the instance's key in Cloud KMS back"
    } else {
        "see what Google has written to the owners of the project, or ask its support"
    }
}

pub(super) fn public_address(desired: &DesiredState, changes: &ChangeSet) -> Option<Check> {
    let created = changes.changes.iter().any(|change| {
        change.action == Action::Create
            && desired
                .instances
                .get(&change.address)
                .is_some_and(|wanted| is_public(&wanted.attributes))
    });
    created.then(|| {
        Check::note(
            "gcp/public-address",
            "without `network` in [gcp] instances get a public address, which no network may reach \
             until you allow it",
        )
        .key("gcp.network")
        .remedy("set `network` to a VPC network with private services access")
        .source(docs("configure-private-ip"))
    })
}
