//! What RDS asks of a primary before it makes replicas of it.

use pgfleet_model::{Attributes, Check, DesiredState, ObservedInstance, ObservedState};

use crate::aws::{REPLICA_CALL, docs, setting};

/// Levels of replicas below a primary.
const LEVELS: usize = 3;
/// Replicas that a replica may have.
const CASCADED: usize = 5;
/// From this version on replicas may have replicas.
const CASCADES_FROM: (u32, u32) = (14, 1);

const CONFIGURATION: &str = "USER_PostgreSQL.Replication.ReadReplicas.Configuration.html";

pub(in crate::aws) fn check(
    desired: &DesiredState,
    observed: &ObservedState,
    makes_replicas: bool,
) -> Vec<Check> {
    let mut checks: Vec<Check> = backup_retention(desired, observed).into_iter().collect();
    if let Some(existing) = &observed.existing {
        checks.extend(other_major(desired, existing));
    }
    if makes_replicas {
        checks.extend(managed_password(observed));
        if let Some(existing) = &observed.existing {
            checks.extend(cascade(desired, observed, existing));
            checks.extend(cluster(existing));
        }
    }
    checks
}

/// A replica has the version of its source, and an upgrade to another major version is nothing that a
/// plan does along the way.
fn other_major(desired: &DesiredState, existing: &ObservedInstance) -> Option<Check> {
    let live = existing.attributes.postgres?;
    let mut wanted = desired
        .replicas()
        .filter_map(|replica| replica.attributes.postgres);
    let wanted = wanted.find(|wanted| wanted.major != live.major)?;
    Some(
        Check::error(
            "aws/existing-version",
            format!(
                "PostgreSQL {live} runs on {}, and its replicas run the same; the plan wants {wanted}",
                existing.resource
            ),
        )
        .key("postgres")
        .remedy(format!(
            "write postgres = \"{}\", or leave it out",
            live.major
        ))
        .source(REPLICA_CALL),
    )
}

/// Replicas of a replica: three levels of them below a primary, 5 of each source, and not of old
/// versions.
fn cascade(
    desired: &DesiredState,
    observed: &ObservedState,
    existing: &ObservedInstance,
) -> Option<Check> {
    if observed.above.is_empty() {
        return None;
    }
    let replica = &existing.resource;
    let check = |code, message: String, remedy: &str| {
        let check = Check::error(code, message).key("primary.existing");
        Some(check.remedy(remedy).source(docs(CONFIGURATION)))
    };
    let version = existing.attributes.postgres;
    if let Some(version) =
        version.filter(|version| (version.major, version.minor.unwrap_or(u32::MAX)) < CASCADES_FROM)
    {
        return check(
            "aws/cascade-version",
            format!(
                "{replica} is a replica on PostgreSQL {version}, which RDS makes no replicas of"
            ),
            "upgrade it to 14.1 or newer, or attach the replicas to its primary",
        );
    }
    if observed.above.len() >= LEVELS {
        return check(
            "aws/cascade-levels",
            format!(
                "{replica} is {LEVELS} levels below its primary, and RDS makes no replicas below \
                 that"
            ),
            "attach the replicas to an instance further up",
        );
    }
    let count = desired.replicas().count() + observed.strangers_of(replica).count();
    if count > CASCADED {
        return check(
            "aws/cascade-limit",
            format!("{count} replicas of {replica}, a replica itself: RDS makes {CASCADED}"),
            "attach the rest to its primary",
        );
    }
    None
}

/// A member of a Multi-AZ DB cluster is replicated as the whole cluster, by calls of its own.
fn cluster(existing: &ObservedInstance) -> Option<Check> {
    let cluster = existing.attributes.settings.get(setting::CLUSTER)?;
    Some(
        Check::error(
            "aws/cluster-source",
            format!(
                "{} belongs to the Multi-AZ DB cluster {cluster}; replicas are made of the whole \
                 cluster only",
                existing.resource
            ),
        )
        .key("primary.existing")
        .remedy("name a DB instance that stands by itself")
        .source(docs("USER_MultiAZDBCluster_CreateRR.html")),
    )
}

/// RDS makes no replicas of an instance whose password Secrets Manager keeps, and that is final.
fn managed_password(observed: &ObservedState) -> Option<Check> {
    let primary = observed.primary()?;
    let managed = primary
        .attributes
        .settings
        .contains_key(setting::MANAGED_PASSWORD);
    managed.then(|| {
        Check::error(
            "aws/managed-password",
            format!(
                "Secrets Manager keeps the password of {}, and RDS makes no replicas of such",
                primary.resource
            ),
        )
        .remedy("give it a password of its own: aws rds modify-db-instance --no-manage-master-user-password")
        .source(docs("rds-secrets-manager.html"))
    })
}

fn backup_retention(desired: &DesiredState, observed: &ObservedState) -> Option<Check> {
    desired.replicas().next()?;
    let none = |attributes: &Attributes| attributes.backup_days == Some(0);
    let source = docs(CONFIGURATION);
    if let Some(primary) = desired.managed_primary() {
        return none(&primary.attributes).then(|| {
            Check::error(
                "aws/backup-days",
                "a primary with replicas needs automatic backups",
            )
            .at(&primary.address)
            .key("primary.backup_days")
            .remedy("set backup_days to 1 or more")
            .source(source)
        });
    }
    let existing = observed.existing.as_ref()?;
    none(&existing.attributes).then(|| {
        Check::error(
            "aws/backup-days",
            format!(
                "{} has no automatic backups, and RDS replicates none such",
                existing.resource
            ),
        )
        .key("primary.existing")
        .remedy("switch its backups on: aws rds modify-db-instance --backup-retention-period 1")
        .source(source)
    })
}
