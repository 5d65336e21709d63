//! How a DB instance is written as XML.
//!
//! Source: the data types `DBInstance`, `PendingModifiedValues` and `DBSnapshot` of the API
//! reference.

use super::options::AwsOptions;
use super::state::{Instance, Pending, Place, Snapshot, Tag, World};
use super::xml::Xml;
use crate::clock::{Millis, timestamp};

pub(crate) fn tags(xml: &mut Xml, tags: &[Tag]) {
    xml.list("TagList", "Tag", tags, |xml, tag| {
        xml.leaf("Key", &tag.key);
        xml.leaf("Value", &tag.value);
    });
}

pub(crate) fn instance(
    xml: &mut Xml,
    instance: &Instance,
    world: &World,
    options: &AwsOptions,
    now: Millis,
) {
    let place = instance.place();
    identity(xml, instance, &place);
    volume(xml, instance);
    network(xml, instance, &place, options);
    backups(xml, instance, now);
    replication(xml, instance, world);
    xml.leaf("DBInstanceClass", &instance.class);
    xml.leaf("EngineVersion", &instance.engine_version);
    xml.leaf("LicenseModel", "postgresql-license");
    xml.leaf("MultiAZ", instance.multi_az);
    xml.leaf("AutoMinorVersionUpgrade", instance.auto_minor_upgrade);
    xml.leaf("PreferredMaintenanceWindow", &instance.maintenance_window);
    xml.leaf("DeletionProtection", instance.deletion_protection);
    xml.list(
        "DBParameterGroups",
        "DBParameterGroup",
        [instance],
        |xml, instance| {
            xml.leaf("DBParameterGroupName", &instance.parameter_group);
            xml.leaf("ParameterApplyStatus", &instance.parameter_status);
        },
    );
    xml.list(
        "OptionGroupMemberships",
        "OptionGroupMembership",
        [instance],
        |xml, instance| {
            let major = super::catalog::major(&instance.engine_version);
            xml.leaf("OptionGroupName", format_args!("default:postgres-{major}"));
            xml.leaf("Status", "in-sync");
        },
    );
    xml.element("PendingModifiedValues", |xml| {
        pending(xml, &instance.pending);
    });
    xml.leaf(
        "IAMDatabaseAuthenticationEnabled",
        instance.iam_authentication,
    );
    xml.leaf("PerformanceInsightsEnabled", instance.performance_insights);
    xml.optional(
        "PerformanceInsightsRetentionPeriod",
        instance
            .insights_retention
            .filter(|_| instance.performance_insights),
    );
    xml.leaf("DatabaseInsightsMode", &instance.insights_mode);
    xml.leaf("MonitoringInterval", instance.monitoring_interval);
    xml.optional("MonitoringRoleArn", instance.monitoring_role.as_ref());
    if !instance.log_exports.is_empty() {
        xml.texts(
            "EnabledCloudwatchLogsExports",
            "member",
            &instance.log_exports,
        );
    }
    xml.leaf("CACertificateIdentifier", &instance.ca_certificate);
    xml.leaf("EngineLifecycleSupport", &instance.lifecycle);
    if let Some(key) = &instance.managed_secret {
        xml.element("MasterUserSecret", |xml| {
            xml.leaf(
                "SecretArn",
                format_args!(
                    "arn:aws:secretsmanager:{}:{}:secret:rds!{}",
                    place.region, place.account, instance.resource_id
                ),
            );
            xml.leaf(
                "SecretStatus",
                if instance.created.is_some() {
                    "active"
                } else {
                    "creating"
                },
            );
            xml.leaf("KmsKeyId", key);
        });
    }
    tags(xml, &instance.tags);
}

fn identity(xml: &mut Xml, instance: &Instance, place: &Place) {
    xml.leaf("DBInstanceIdentifier", &instance.identifier);
    xml.leaf("DBInstanceArn", instance.arn());
    xml.leaf("DbiResourceId", &instance.resource_id);
    xml.leaf("DBInstanceStatus", &instance.status);
    xml.leaf("Engine", "postgres");
    xml.leaf("MasterUsername", &instance.master_username);
    xml.optional("DBName", instance.db_name.as_ref());
    if let Some(created) = instance.created {
        xml.leaf("InstanceCreateTime", timestamp(created));
        let digits = place.derived("endpoint");
        let host = format!(
            "{}.{}.{}.rds.amazonaws.com",
            instance.identifier,
            &digits[..12],
            place.region
        );
        xml.element("Endpoint", |xml| {
            xml.leaf("Address", host);
            xml.leaf("Port", instance.port);
            let zone = super::state::digest(&format!("zone {}", place.region)).to_uppercase();
            xml.leaf("HostedZoneId", format_args!("Z{}", &zone[..13]));
        });
    }
    xml.leaf("DbInstancePort", 0);
}

fn volume(xml: &mut Xml, instance: &Instance) {
    xml.leaf("AllocatedStorage", instance.allocated_storage);
    xml.leaf("StorageType", &instance.storage_type);
    xml.optional("Iops", instance.iops);
    xml.optional("StorageThroughput", instance.throughput);
    xml.optional("MaxAllocatedStorage", instance.max_allocated_storage);
    xml.leaf("StorageEncrypted", instance.kms_key.is_some());
    xml.optional("KmsKeyId", instance.kms_key.as_ref());
    xml.leaf("DedicatedLogVolume", false);
    if instance.storage_optimizing {
        xml.leaf("StorageVolumeStatus", "Storage-optimization");
    }
}

fn network(xml: &mut Xml, instance: &Instance, place: &Place, options: &AwsOptions) {
    xml.leaf("AvailabilityZone", &instance.availability_zone);
    if instance.multi_az && instance.created.is_some() {
        let zones = options.zones(&place.region).unwrap_or_default();
        let other = zones
            .iter()
            .find(|zone| **zone != instance.availability_zone);
        xml.optional("SecondaryAvailabilityZone", other);
    }
    xml.leaf("PubliclyAccessible", instance.publicly_accessible);
    xml.leaf("NetworkType", &instance.network_type);
    xml.element("DBSecurityGroups", |_| {});
    xml.list(
        "VpcSecurityGroups",
        "VpcSecurityGroupMembership",
        &instance.security_groups,
        |xml, group| {
            xml.leaf("VpcSecurityGroupId", group);
            xml.leaf("Status", "active");
        },
    );
    xml.element("DBSubnetGroup", |xml| {
        super::groups::subnet_group(xml, &instance.subnet_group, place, options);
    });
}

fn backups(xml: &mut Xml, instance: &Instance, now: Millis) {
    xml.leaf("BackupRetentionPeriod", instance.backup_retention);
    xml.leaf("PreferredBackupWindow", &instance.backup_window);
    xml.leaf("CopyTagsToSnapshot", instance.copy_tags);
    xml.leaf("BackupTarget", "region");
    if instance.backed_up && instance.backup_retention > 0 {
        // Transaction logs are shipped every five minutes.
        const SHIPPED: u64 = 300_000;
        xml.leaf("LatestRestorableTime", timestamp(now - now % SHIPPED));
    }
}

fn replication(xml: &mut Xml, instance: &Instance, world: &World) {
    let place = instance.place();
    // In the region by identifier, elsewhere by ARN.
    let named = |other: &Place, identifier: &str| {
        if *other == place {
            identifier.to_owned()
        } else {
            other.arn("db", identifier)
        }
    };
    let replicas = world.replicas_of(&instance.key());
    let replicas = replicas.iter().filter_map(|key| world.instances.get(key));
    xml.texts(
        "ReadReplicaDBInstanceIdentifiers",
        "ReadReplicaDBInstanceIdentifier",
        replicas.map(|replica| named(&replica.place(), &replica.identifier)),
    );
    let Some(source) = &instance.source else {
        return;
    };
    xml.leaf(
        "ReadReplicaSourceDBInstanceIdentifier",
        named(&source.place(), &source.identifier),
    );
    if instance.created.is_some() {
        let normal = source.replication == "replicating";
        xml.list(
            "StatusInfos",
            "DBInstanceStatusInfo",
            [source],
            |xml, source| {
                xml.leaf("StatusType", "read replication");
                xml.leaf("Normal", normal);
                xml.leaf("Status", &source.replication);
            },
        );
    }
}

fn pending(xml: &mut Xml, pending: &Pending) {
    let Pending {
        class,
        allocated_storage,
        master_password,
        port,
        backup_retention,
        multi_az,
        engine_version,
        iops,
        throughput,
        storage_type,
        identifier,
        ca_certificate,
    } = pending;
    xml.optional("DBInstanceClass", class.as_ref());
    xml.optional("AllocatedStorage", *allocated_storage);
    xml.optional("MasterUserPassword", master_password.then_some("****"));
    xml.optional("Port", *port);
    xml.optional("BackupRetentionPeriod", *backup_retention);
    xml.optional("MultiAZ", *multi_az);
    xml.optional("EngineVersion", engine_version.as_ref());
    xml.optional("Iops", *iops);
    xml.optional("StorageThroughput", *throughput);
    xml.optional("StorageType", storage_type.as_ref());
    xml.optional("DBInstanceIdentifier", identifier.as_ref());
    xml.optional("CACertificateIdentifier", ca_certificate.as_ref());
}

pub(crate) fn snapshot(xml: &mut Xml, snapshot: &Snapshot) {
    let place = Place {
        account: snapshot.account.clone(),
        region: snapshot.region.clone(),
    };
    xml.leaf("DBSnapshotIdentifier", &snapshot.identifier);
    xml.leaf("DBInstanceIdentifier", &snapshot.instance);
    xml.leaf("DbiResourceId", &snapshot.resource_id);
    xml.leaf("DBSnapshotArn", place.arn("snapshot", &snapshot.identifier));
    xml.leaf("SnapshotCreateTime", timestamp(snapshot.created));
    xml.leaf("Engine", "postgres");
    xml.leaf("EngineVersion", &snapshot.engine_version);
    xml.leaf("LicenseModel", "postgresql-license");
    xml.leaf("AllocatedStorage", snapshot.allocated_storage);
    xml.leaf("StorageType", &snapshot.storage_type);
    xml.leaf(
        "Status",
        if snapshot.ready {
            "available"
        } else {
            "creating"
        },
    );
    xml.leaf("PercentProgress", if snapshot.ready { 100 } else { 0 });
    xml.leaf("SnapshotType", "manual");
    xml.leaf("MasterUsername", &snapshot.master_username);
    xml.leaf("AvailabilityZone", &snapshot.availability_zone);
    xml.leaf("Port", snapshot.port);
    xml.leaf("Encrypted", snapshot.kms_key.is_some());
    xml.optional("KmsKeyId", snapshot.kms_key.as_ref());
    tags(xml, &snapshot.tags);
}
