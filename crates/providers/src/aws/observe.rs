//! What RDS lists, in pgfleet's words.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::DbInstance;
use pgfleet_model::{
    Attributes, Availability, Condition, Endpoint, Field, ObservedInstance, Owner, Phase,
    REPLICATION_ERROR, Region, ResourceId, ResourceRef, Role, Storage, Tags, Value,
};
use pgfleet_planner::PASSWORD_VERSION;
use pgfleet_provider::{ErrorKind, ProviderError};

use crate::shared::{http::Pages, numbers, passwords};

use super::{
    ENGINE,
    errors::{Nature, endless, explain, of_region},
    setting, version,
};

/// The call that lists.
const LIST: &str = "DescribeDBInstances";
/// Instances in one answer; RDS gives at most this many.
const PAGE: i32 = 100;

/// One instance, and what only RDS needs of it.
pub(super) struct Listed {
    pub(super) instance: ObservedInstance,
    pub(super) arn: Option<String>,
    /// Its replicas by its own account, in whichever region: a list shows a new one a moment later.
    pub(super) replicas: Vec<ResourceRef>,
}

impl Listed {
    /// Its replicas in other regions.
    pub(super) fn replicas_abroad(&self) -> impl Iterator<Item = &ResourceRef> {
        let here = &self.instance.resource.region;
        self.replicas
            .iter()
            .filter(move |replica| replica.region != *here)
    }
}

/// Every instance of a region, page by page.
pub(super) async fn list(
    client: &aws_sdk_rds::Client,
    region: &Region,
) -> Result<Vec<Listed>, ProviderError> {
    let mut found = Vec::new();
    let (mut pages, mut marker) = (Pages::default(), None);
    loop {
        let page = client
            .describe_db_instances()
            .max_records(PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| explain("DescribeDBInstances", Nature::Reads, &error))
            .map_err(|error| of_region(LIST, region, error))?;
        for instance in page.db_instances() {
            found.push(listed(instance, region)?);
        }
        marker = pages
            .next(page.marker)
            .map_err(|circle| endless(LIST, circle))?;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// One entry of a listing, or of the answer to a call.
pub(super) fn listed(live: &DbInstance, region: &Region) -> Result<Listed, ProviderError> {
    let id = live.db_instance_identifier().ok_or_else(|| {
        ProviderError::new(ErrorKind::Internal, "RDS lists an instance without a name")
    })?;
    let mut tags: Tags = live
        .tag_list()
        .iter()
        .filter_map(|tag| {
            Some((
                tag.key()?.to_owned(),
                tag.value().unwrap_or_default().to_owned(),
            ))
        })
        .collect();
    let owner = Owner::take_from(&mut tags);
    let source = live
        .read_replica_source_db_instance_identifier()
        .filter(|source| !source.is_empty())
        .map(|source| reference(source, region));
    let of_cluster = live
        .read_replica_source_db_cluster_identifier()
        .is_some_and(|source| !source.is_empty());
    let role = if source.is_some() || of_cluster {
        Role::Replica
    } else {
        Role::Primary
    };
    let word = live.db_instance_status().unwrap_or("unknown");
    let endpoint = live.endpoint().and_then(|endpoint| {
        Some(Endpoint {
            host: endpoint.address()?.to_owned(),
            port: u16::try_from(endpoint.port()?).ok()?,
        })
    });
    let mut attributes = attributes(live, tags);
    // Backups of a replica are nothing that a plan declares. Of an instance of somebody else's they
    // tell whether replicas can be made of it.
    if role == Role::Replica && owner.is_some() {
        attributes.backup_days = None;
    }
    let instance = ObservedInstance {
        resource: ResourceRef {
            region: region.clone(),
            id: ResourceId::new(id),
        },
        owner,
        role,
        source,
        phase: phase(word),
        raw_phase: word.to_owned(),
        condition: condition(live),
        endpoint,
        version: None,
        attributes,
        pending: pending(live),
    };
    let replicas = live.read_replica_db_instance_identifiers().iter();
    Ok(Listed {
        instance,
        arn: live.db_instance_arn().map(ToOwned::to_owned),
        replicas: replicas.map(|replica| reference(replica, region)).collect(),
    })
}

/// An instance by its identifier, or by `arn:aws:rds:REGION:ACCOUNT:db:ID`.
pub(super) fn reference(text: &str, here: &Region) -> ResourceRef {
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    match parts.as_slice() {
        ["arn", _, "rds", region, _, "db", id] => ResourceRef {
            region: Region::new(*region),
            id: ResourceId::new(*id),
        },
        _ => ResourceRef {
            region: here.clone(),
            id: ResourceId::new(text),
        },
    }
}

/// Where an instance is by RDS's word for it ("Viewing DB instance status"). A word that is not
/// here means: keep waiting.
fn phase(word: &str) -> Phase {
    match word {
        "available" | "storage-initialization" | "storage-optimization" | "storage-full" => {
            Phase::Available
        }
        "creating" => Phase::Creating,
        "deleting" | "delete-precheck" => Phase::Deleting,
        "stopped" => Phase::Stopped,
        "failed"
        | "restore-error"
        | "inaccessible-encryption-credentials"
        | "incompatible-network"
        | "incompatible-option-group"
        | "incompatible-parameters"
        | "incompatible-restore"
        | "incompatible-create"
        | "insufficient-capacity" => Phase::Failed,
        "backing-up"
        | "modifying"
        | "rebooting"
        | "renaming"
        | "resetting-master-credentials"
        | "starting"
        | "stopping"
        | "maintenance"
        | "upgrading"
        | "moving-to-vpc"
        | "converting-to-vpc"
        | "storage-config-upgrade"
        | "inaccessible-encryption-credentials-recoverable" => Phase::Modifying,
        word if word.starts_with("configuring-") => Phase::Modifying,
        _ => Phase::Unknown,
    }
}

/// A replica whose replication has ended for good cannot be attached again.
fn condition(live: &DbInstance) -> Condition {
    let ended = live.status_infos().iter().find(|info| {
        info.status_type() == Some("read replication") && info.status() == Some("terminated")
    });
    match ended {
        Some(info) => {
            let why = info.message().filter(|words| !words.is_empty());
            Condition::Broken(why.map_or_else(
                || "its replication was ended".to_owned(),
                |why| format!("its replication was ended: {why}"),
            ))
        }
        None => Condition::Sound,
    }
}

/// What RDS says of a replication that has failed and may go on by itself.
fn replication_error(live: &DbInstance) -> Option<&str> {
    let failed = live.status_infos().iter().find(|info| {
        info.status_type() == Some("read replication") && info.status() == Some("error")
    })?;
    let why = failed.message().filter(|words| !words.is_empty());
    Some(why.unwrap_or("RDS does not say why"))
}

fn attributes(live: &DbInstance, mut tags: Tags) -> Attributes {
    let mut settings = settings(live);
    settings.extend(passwords::take_version(&mut tags));
    let availability = live.multi_az().map(|two| {
        if two {
            Availability::Regional
        } else {
            Availability::Zonal
        }
    });
    Attributes {
        size: live.db_instance_class().map(ToOwned::to_owned),
        availability,
        postgres: live.engine_version().and_then(version),
        storage: Storage {
            gib: numbers::seen(live.allocated_storage()),
            kind: live.storage_type().map(ToOwned::to_owned),
            // RDS shows 0 of a disk that has none of its own.
            iops: numbers::seen(live.iops()).filter(|iops| *iops > 0),
            throughput: numbers::seen(live.storage_throughput())
                .filter(|throughput| *throughput > 0),
            autogrow: None,
            autogrow_to_gib: numbers::seen(live.max_allocated_storage()),
        },
        backup_days: numbers::seen(live.backup_retention_period()),
        deletion_protection: live.deletion_protection(),
        tags,
        settings,
    }
}

fn settings(live: &DbInstance) -> BTreeMap<String, Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let groups: BTreeSet<String> = live
        .vpc_security_groups()
        .iter()
        .filter_map(|group| group.vpc_security_group_id().map(ToOwned::to_owned))
        .collect();
    let parameters = live.db_parameter_groups().first();
    let clusters = live.read_replica_db_cluster_identifiers();
    // Where it says more than the number does.
    let word = live.engine_version().filter(|word| word.contains('-'));
    [
        (setting::VERSION_WORD, word.map(text)),
        (REPLICATION_ERROR, replication_error(live).map(text)),
        (
            setting::SUBNET_GROUP,
            live.db_subnet_group()
                .and_then(|group| group.db_subnet_group_name())
                .map(text),
        ),
        (
            setting::SECURITY_GROUPS,
            (!groups.is_empty()).then_some(Value::List(groups)),
        ),
        (
            setting::PARAMETER_GROUP,
            parameters
                .and_then(|group| group.db_parameter_group_name())
                .map(text),
        ),
        (setting::KMS_KEY, live.kms_key_id().map(text)),
        (setting::PUBLIC, live.publicly_accessible().map(Value::Flag)),
        (
            setting::ENCRYPTED,
            live.storage_encrypted().map(Value::Flag),
        ),
        (
            setting::OTHER_ENGINE,
            live.engine().filter(|engine| *engine != ENGINE).map(text),
        ),
        (setting::CLUSTER, live.db_cluster_identifier().map(text)),
        (
            setting::REPLICA_CLUSTERS,
            (!clusters.is_empty()).then(|| Value::List(clusters.iter().cloned().collect())),
        ),
        (
            setting::MANAGED_PASSWORD,
            live.master_user_secret().map(|_| Value::Flag(true)),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

/// What RDS has taken and not done yet.
fn pending(live: &DbInstance) -> BTreeMap<Field, Value> {
    let Some(pending) = live.pending_modified_values() else {
        return BTreeMap::new();
    };
    let text = |text: Option<&str>| text.map(|text| Value::Text(text.to_owned()));
    let number = |value: Option<i32>| numbers::seen(value).map(|value| Value::Number(value.into()));
    [
        (Field::Size, text(pending.db_instance_class())),
        (Field::MultiAz, pending.multi_az().map(Value::Flag)),
        (
            Field::Postgres,
            pending.engine_version().map(|word| {
                let number = version(word).map(|number| number.to_string());
                Value::Text(number.unwrap_or_else(|| word.to_owned()))
            }),
        ),
        (Field::StorageGib, number(pending.allocated_storage())),
        (Field::StorageType, text(pending.storage_type())),
        (Field::Iops, number(pending.iops())),
        (Field::Throughput, number(pending.storage_throughput())),
        (Field::BackupDays, number(pending.backup_retention_period())),
        (
            Field::Setting(setting::SUBNET_GROUP.to_owned()),
            text(pending.db_subnet_group_name()),
        ),
        // Shown as asterisks for as long as the change takes.
        (
            Field::Setting(PASSWORD_VERSION.to_owned()),
            text(pending.master_user_password()),
        ),
    ]
    .into_iter()
    .filter_map(|(field, value)| Some((field, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::PendingModifiedValues;

    use super::*;

    #[test]
    fn a_source_is_known_by_its_arn() {
        let here = Region::new("us-east-1");
        let far = reference("arn:aws:rds:eu-west-1:123456789012:db:orders", &here);
        assert_eq!(
            (far.region.as_str(), far.id.as_str()),
            ("eu-west-1", "orders")
        );
        let near = reference("orders", &here);
        assert_eq!((near.region, near.id.as_str()), (here, "orders"));
    }

    #[test]
    fn clusters_that_are_replicas_are_seen_and_figures_of_0_are_none() {
        let live = DbInstance::builder()
            .db_instance_identifier("orders")
            .read_replica_db_cluster_identifiers("reports")
            .iops(0)
            .storage_throughput(0)
            .build();
        let seen = listed(&live, &Region::new("us-east-1")).unwrap().instance;
        let clusters = seen.attributes.settings.get(setting::REPLICA_CLUSTERS);
        assert_eq!(clusters, Some(&Value::List(["reports".to_owned()].into())));
        assert_eq!(seen.attributes.storage, Storage::default());
    }

    #[test]
    fn a_version_is_known_whatever_rds_writes_behind_it() {
        let seen = |word: &str| {
            let waits = PendingModifiedValues::builder().engine_version(word);
            let live = DbInstance::builder()
                .db_instance_identifier("orders")
                .engine_version(word)
                .pending_modified_values(waits.build())
                .build();
            listed(&live, &Region::new("us-east-1")).unwrap().instance
        };
        for (word, number) in [
            ("16.3", "16.3"),
            ("13.23-rds.20260514", "13.23"),
            ("15.2-R2", "15.2"),
        ] {
            let live = seen(word);
            assert_eq!(live.attributes.postgres, number.parse().ok(), "{word}");
            let waits = live.pending.get(&Field::Postgres);
            assert_eq!(waits, Some(&Value::Text(number.to_owned())), "{word}");
            let told = live.attributes.text(setting::VERSION_WORD);
            assert_eq!(told, word.contains('-').then_some(word));
        }
        assert_eq!(seen("nonsense").attributes.postgres, None);
    }

    #[test]
    fn usable_is_available_and_the_unknown_is_waited_for() {
        for word in ["storage-optimization", "storage-initialization"] {
            assert_eq!(phase(word), Phase::Available, "{word}");
        }
        assert_eq!(phase("configuring-enhanced-monitoring"), Phase::Modifying);
        assert_eq!(phase("delete-precheck"), Phase::Deleting);
        assert_eq!(phase("something-new"), Phase::Unknown);
    }
}
