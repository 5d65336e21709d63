//! The messages of the API, field by field, from Google's description of `sqladmin` v1.

use super::enums;
use super::schema::Kind::{
    Bool, Enum, Int32, Int64, Map, Message as One, Messages, Text, Texts, Time, Uncovered,
};
use super::schema::{Field, Kind, Message, Setter};

const fn caller(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        setter: Setter::Caller,
    }
}

const fn server(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        setter: Setter::Server,
    }
}

/// `kind`, a text that names the message.
const KIND: Field = Field {
    name: "kind",
    kind: Text,
    setter: Setter::Always,
};

pub(crate) static INSTANCE: Message = Message {
    name: "google.cloud.sql.v1.DatabaseInstance",
    fields: &[
        KIND,
        server("state", Enum(&enums::INSTANCE_STATE)),
        caller("databaseVersion", Enum(&enums::DATABASE_VERSION)),
        caller("settings", One(&SETTINGS)),
        server("etag", Text),
        caller("failoverReplica", Uncovered),
        caller("masterInstanceName", Text),
        server("replicaNames", Texts),
        server("maxDiskSize", Int64),
        server("currentDiskSize", Int64),
        server("ipAddresses", Messages(&IP_MAPPING)),
        server("serverCaCert", Uncovered),
        caller("instanceType", Enum(&enums::INSTANCE_TYPE)),
        caller("project", Text),
        server("ipv6Address", Text),
        server("serviceAccountEmailAddress", Text),
        caller("onPremisesConfiguration", Uncovered),
        caller("replicaConfiguration", One(&REPLICA_CONFIGURATION)),
        server("backendType", Enum(&enums::BACKEND_TYPE)),
        server("selfLink", Text),
        server("suspensionReason", Texts),
        server("connectionName", Text),
        caller("name", Text),
        caller("region", Text),
        server("gceZone", Text),
        server("secondaryGceZone", Text),
        caller("diskEncryptionConfiguration", One(&DISK_ENCRYPTION)),
        server("diskEncryptionStatus", Uncovered),
        caller("rootPassword", Text),
        server("scheduledMaintenance", Uncovered),
        server("satisfiesPzs", Bool),
        server("databaseInstalledVersion", Text),
        server("outOfDiskReport", Uncovered),
        server("createTime", Time),
        server("availableMaintenanceVersions", Texts),
        caller("maintenanceVersion", Uncovered),
        server("upgradableDatabaseVersions", Messages(&AVAILABLE_VERSION)),
        server("sqlNetworkArchitecture", Enum(&enums::NETWORK_ARCHITECTURE)),
        server("pscServiceAttachmentLink", Text),
        server("dnsName", Text),
        server("primaryDnsName", Text),
        server("writeEndpoint", Text),
        server("dnsNames", Uncovered),
        server("nodes", Uncovered),
        server("satisfiesPzi", Bool),
        server("deploymentInfo", Uncovered),
        caller("replicationCluster", One(&REPLICATION_CLUSTER)),
        caller("geminiConfig", Uncovered),
        caller("switchTransactionLogsToCloudStorageEnabled", Bool),
        caller("includeReplicasForMajorVersionUpgrade", Bool),
        caller("skipPrecheck", Bool),
        caller("tags", Map),
        caller("nodeCount", Uncovered),
        caller("databaseCenterIntegration", Uncovered),
        caller("databaseCenterIntegrationEnabled", Uncovered),
    ],
};

static SETTINGS: Message = Message {
    name: "google.cloud.sql.v1.Settings",
    fields: &[
        caller("settingsVersion", Int64),
        caller("authorizedGaeApplications", Texts),
        caller("tier", Text),
        KIND,
        caller("userLabels", Map),
        caller("availabilityType", Enum(&enums::AVAILABILITY_TYPE)),
        caller("pricingPlan", Enum(&enums::PRICING_PLAN)),
        caller("replicationType", Enum(&enums::REPLICATION_TYPE)),
        caller("storageAutoResizeLimit", Int64),
        caller("activationPolicy", Enum(&enums::ACTIVATION_POLICY)),
        caller("ipConfiguration", One(&IP_CONFIGURATION)),
        caller("storageAutoResize", Bool),
        caller("locationPreference", One(&LOCATION_PREFERENCE)),
        caller("databaseFlags", Messages(&DATABASE_FLAG)),
        caller("dataDiskType", Enum(&enums::DISK_TYPE)),
        caller("maintenanceWindow", One(&MAINTENANCE_WINDOW)),
        caller("backupConfiguration", One(&BACKUP_CONFIGURATION)),
        caller("databaseReplicationEnabled", Bool),
        caller("crashSafeReplicationEnabled", Bool),
        caller("dataDiskSizeGb", Int64),
        caller("activeDirectoryConfig", Uncovered),
        caller("collation", Uncovered),
        caller("denyMaintenancePeriods", Messages(&DENY_MAINTENANCE)),
        caller("insightsConfig", One(&INSIGHTS)),
        caller("passwordValidationPolicy", Uncovered),
        caller("sqlServerAuditConfig", Uncovered),
        caller("edition", Enum(&enums::EDITION)),
        caller("connectorEnforcement", Enum(&enums::CONNECTOR_ENFORCEMENT)),
        caller("deletionProtectionEnabled", Bool),
        caller("timeZone", Uncovered),
        caller("advancedMachineFeatures", Uncovered),
        caller("dataCacheConfig", One(&DATA_CACHE)),
        caller("replicationLagMaxSeconds", Int32),
        caller("enableGoogleMlIntegration", Bool),
        caller("enableDataplexIntegration", Bool),
        caller("retainBackupsOnDelete", Bool),
        caller("dataDiskProvisionedIops", Int64),
        caller("dataDiskProvisionedThroughput", Int64),
        caller("connectionPoolConfig", Uncovered),
        caller("finalBackupConfig", Uncovered),
        caller("readPoolAutoScaleConfig", Uncovered),
        caller("acceleratedReplicaMode", Uncovered),
        caller("autoUpgradeEnabled", Uncovered),
        caller("entraidConfig", Uncovered),
        caller("dataApiAccess", Enum(&enums::DATA_API_ACCESS)),
        caller("performanceCaptureConfig", Uncovered),
    ],
};

static IP_CONFIGURATION: Message = Message {
    name: "google.cloud.sql.v1.IpConfiguration",
    fields: &[
        caller("ipv4Enabled", Bool),
        caller("privateNetwork", Text),
        caller("requireSsl", Bool),
        caller("authorizedNetworks", Messages(&ACL_ENTRY)),
        caller("allocatedIpRange", Text),
        caller("enablePrivatePathForGoogleCloudServices", Bool),
        caller("sslMode", Enum(&enums::SSL_MODE)),
        caller("pscConfig", Uncovered),
        caller("serverCaMode", Enum(&enums::CA_MODE)),
        caller("customSubjectAlternativeNames", Uncovered),
        caller("serverCaPool", Uncovered),
        caller("serverCertificateRotationMode", Uncovered),
    ],
};

static ACL_ENTRY: Message = Message {
    name: "google.cloud.sql.v1.AclEntry",
    fields: &[
        caller("value", Text),
        caller("expirationTime", Time),
        caller("name", Text),
        KIND,
    ],
};

static BACKUP_CONFIGURATION: Message = Message {
    name: "google.cloud.sql.v1.BackupConfiguration",
    fields: &[
        caller("startTime", Text),
        caller("enabled", Bool),
        KIND,
        caller("binaryLogEnabled", Bool),
        caller("replicationLogArchivingEnabled", Bool),
        caller("location", Text),
        caller("pointInTimeRecoveryEnabled", Bool),
        caller("backupRetentionSettings", One(&BACKUP_RETENTION)),
        caller("transactionLogRetentionDays", Int32),
        server("transactionalLogStorageState", Enum(&enums::LOG_STORAGE)),
        server("backupTier", Enum(&enums::BACKUP_TIER)),
    ],
};

static BACKUP_RETENTION: Message = Message {
    name: "google.cloud.sql.v1.BackupRetentionSettings",
    fields: &[
        caller("retentionUnit", Enum(&enums::RETENTION_UNIT)),
        caller("retainedBackups", Int32),
    ],
};

static LOCATION_PREFERENCE: Message = Message {
    name: "google.cloud.sql.v1.LocationPreference",
    fields: &[
        caller("followGaeApplication", Uncovered),
        caller("zone", Text),
        caller("secondaryZone", Text),
        KIND,
    ],
};

static MAINTENANCE_WINDOW: Message = Message {
    name: "google.cloud.sql.v1.MaintenanceWindow",
    fields: &[
        caller("hour", Int32),
        caller("day", Int32),
        caller("updateTrack", Enum(&enums::UPDATE_TRACK)),
        KIND,
    ],
};

static DENY_MAINTENANCE: Message = Message {
    name: "google.cloud.sql.v1.DenyMaintenancePeriod",
    fields: &[
        caller("startDate", Text),
        caller("endDate", Text),
        caller("time", Text),
    ],
};

static DATABASE_FLAG: Message = Message {
    name: "google.cloud.sql.v1.DatabaseFlags",
    fields: &[caller("name", Text), caller("value", Text)],
};

static INSIGHTS: Message = Message {
    name: "google.cloud.sql.v1.InsightsConfig",
    fields: &[
        caller("queryInsightsEnabled", Bool),
        caller("recordClientAddress", Bool),
        caller("recordApplicationTags", Bool),
        caller("queryStringLength", Int32),
        caller("queryPlansPerMinute", Int32),
        caller("enhancedQueryInsightsEnabled", Bool),
    ],
};

static DATA_CACHE: Message = Message {
    name: "google.cloud.sql.v1.DataCacheConfig",
    fields: &[caller("dataCacheEnabled", Bool)],
};

static REPLICA_CONFIGURATION: Message = Message {
    name: "google.cloud.sql.v1.ReplicaConfiguration",
    fields: &[
        KIND,
        caller("mysqlReplicaConfiguration", Uncovered),
        caller("failoverTarget", Bool),
        caller("cascadableReplica", Bool),
    ],
};

static REPLICATION_CLUSTER: Message = Message {
    name: "google.cloud.sql.v1.ReplicationCluster",
    fields: &[
        server("psaWriteEndpoint", Text),
        caller("failoverDrReplicaName", Text),
        server("drReplica", Bool),
    ],
};

static DISK_ENCRYPTION: Message = Message {
    name: "google.cloud.sql.v1.DiskEncryptionConfiguration",
    fields: &[
        caller("kmsKeyName", Text),
        KIND,
        caller("cmekSourceLogEncryptionEnforced", Uncovered),
        caller("confidentialMode", Uncovered),
    ],
};

static IP_MAPPING: Message = Message {
    name: "google.cloud.sql.v1.IpMapping",
    fields: &[
        server("type", Enum(&enums::ADDRESS_TYPE)),
        server("ipAddress", Text),
        server("timeToRetire", Time),
    ],
};

static AVAILABLE_VERSION: Message = Message {
    name: "google.cloud.sql.v1.AvailableDatabaseVersion",
    fields: &[
        server("majorVersion", Text),
        server("name", Text),
        server("displayName", Text),
    ],
};

pub(crate) static DATABASE: Message = Message {
    name: "google.cloud.sql.v1.Database",
    fields: &[
        KIND,
        caller("charset", Text),
        caller("collation", Text),
        server("etag", Text),
        caller("name", Text),
        caller("instance", Text),
        server("selfLink", Text),
        caller("project", Text),
        caller("sqlserverDatabaseDetails", Uncovered),
    ],
};

pub(crate) static DATABASES: Message = Message {
    name: "google.cloud.sql.v1.DatabasesListResponse",
    fields: &[KIND, server("items", Messages(&DATABASE))],
};

pub(crate) static USER: Message = Message {
    name: "google.cloud.sql.v1.User",
    fields: &[
        KIND,
        caller("password", Text),
        server("etag", Text),
        caller("name", Text),
        caller("host", Text),
        caller("instance", Text),
        caller("project", Text),
        caller("type", Uncovered),
        server("iamEmail", Text),
        caller("sqlserverUserDetails", Uncovered),
        caller("passwordPolicy", Uncovered),
        caller("dualPasswordType", Uncovered),
        server("iamStatus", Uncovered),
        caller("databaseRoles", Uncovered),
        caller("serverRoles", Uncovered),
    ],
};

pub(crate) static INSTANCES: Message = Message {
    name: "google.cloud.sql.v1.InstancesListResponse",
    fields: &[
        KIND,
        server("items", Messages(&INSTANCE)),
        server("nextPageToken", Text),
    ],
};

pub(crate) static OPERATION: Message = Message {
    name: "google.cloud.sql.v1.Operation",
    fields: &[
        KIND,
        server("targetLink", Text),
        server("status", Enum(&enums::OPERATION_STATUS)),
        server("user", Text),
        server("insertTime", Time),
        server("startTime", Time),
        server("endTime", Time),
        server("error", One(&OPERATION_ERRORS)),
        server("operationType", Enum(&enums::OPERATION_TYPE)),
        server("name", Text),
        server("targetId", Text),
        server("selfLink", Text),
        server("targetProject", Text),
    ],
};

static OPERATION_ERRORS: Message = Message {
    name: "google.cloud.sql.v1.OperationErrors",
    fields: &[KIND, server("errors", Messages(&OPERATION_ERROR))],
};

static OPERATION_ERROR: Message = Message {
    name: "google.cloud.sql.v1.OperationError",
    fields: &[KIND, server("code", Text), server("message", Text)],
};

pub(crate) static OPERATIONS: Message = Message {
    name: "google.cloud.sql.v1.OperationsListResponse",
    fields: &[
        KIND,
        server("items", Messages(&OPERATION)),
        server("nextPageToken", Text),
    ],
};

pub(crate) static TIERS: Message = Message {
    name: "google.cloud.sql.v1.TiersListResponse",
    fields: &[KIND, server("items", Messages(&TIER))],
};

static TIER: Message = Message {
    name: "google.cloud.sql.v1.Tier",
    fields: &[
        server("tier", Text),
        server("RAM", Int64),
        KIND,
        server("DiskQuota", Int64),
        server("region", Texts),
    ],
};
