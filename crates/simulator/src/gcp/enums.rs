//! The enums of the API, with their numbers (`google/cloud/sql/v1/cloud_sql_resources.proto` and
//! `cloud_sql_instances.proto`). Clients that ask for `enum-encoding=int` see only the numbers.

use super::schema::Enum;

/// Versions of PostgreSQL only: nothing else is simulated.
pub(crate) static DATABASE_VERSION: Enum = Enum {
    name: "google.cloud.sql.v1.SqlDatabaseVersion",
    values: &[
        ("SQL_DATABASE_VERSION_UNSPECIFIED", 0),
        ("POSTGRES_9_6", 9),
        ("POSTGRES_10", 18),
        ("POSTGRES_11", 10),
        ("POSTGRES_12", 19),
        ("POSTGRES_13", 23),
        ("POSTGRES_14", 110),
        ("POSTGRES_15", 172),
        ("POSTGRES_16", 272),
        ("POSTGRES_17", 408),
        ("POSTGRES_18", 557),
        ("POSTGRES_19", 684),
        ("POSTGRES_20", 781),
    ],
};

pub(crate) static INSTANCE_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlInstanceType",
    values: &[
        ("SQL_INSTANCE_TYPE_UNSPECIFIED", 0),
        ("CLOUD_SQL_INSTANCE", 1),
        ("ON_PREMISES_INSTANCE", 2),
        ("READ_REPLICA_INSTANCE", 3),
        ("READ_POOL_INSTANCE", 5),
        ("GREEN_INSTANCE", 7),
    ],
};

pub(crate) static INSTANCE_STATE: Enum = Enum {
    name: "google.cloud.sql.v1.DatabaseInstance.SqlInstanceState",
    values: &[
        ("SQL_INSTANCE_STATE_UNSPECIFIED", 0),
        ("RUNNABLE", 1),
        ("SUSPENDED", 2),
        ("PENDING_DELETE", 3),
        ("PENDING_CREATE", 4),
        ("MAINTENANCE", 5),
        ("FAILED", 6),
        ("ONLINE_MAINTENANCE", 7),
        ("REPAIRING", 8),
    ],
};

pub(crate) static BACKEND_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlBackendType",
    values: &[
        ("SQL_BACKEND_TYPE_UNSPECIFIED", 0),
        ("FIRST_GEN", 1),
        ("SECOND_GEN", 2),
        ("EXTERNAL", 3),
    ],
};

pub(crate) static NETWORK_ARCHITECTURE: Enum = Enum {
    name: "google.cloud.sql.v1.DatabaseInstance.SqlNetworkArchitecture",
    values: &[
        ("SQL_NETWORK_ARCHITECTURE_UNSPECIFIED", 0),
        ("NEW_NETWORK_ARCHITECTURE", 1),
        ("OLD_NETWORK_ARCHITECTURE", 2),
    ],
};

pub(crate) static AVAILABILITY_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlAvailabilityType",
    values: &[
        ("SQL_AVAILABILITY_TYPE_UNSPECIFIED", 0),
        ("ZONAL", 1),
        ("REGIONAL", 2),
    ],
};

pub(crate) static EDITION: Enum = Enum {
    name: "google.cloud.sql.v1.Settings.Edition",
    values: &[
        ("EDITION_UNSPECIFIED", 0),
        ("ENTERPRISE", 2),
        ("ENTERPRISE_PLUS", 3),
        ("DEVELOPER", 5),
    ],
};

pub(crate) static DISK_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlDataDiskType",
    values: &[
        ("SQL_DATA_DISK_TYPE_UNSPECIFIED", 0),
        ("PD_SSD", 1),
        ("PD_HDD", 2),
        ("OBSOLETE_LOCAL_SSD", 3),
        ("HYPERDISK_BALANCED", 4),
    ],
};

pub(crate) static PRICING_PLAN: Enum = Enum {
    name: "google.cloud.sql.v1.SqlPricingPlan",
    values: &[
        ("SQL_PRICING_PLAN_UNSPECIFIED", 0),
        ("PACKAGE", 1),
        ("PER_USE", 2),
    ],
};

pub(crate) static ACTIVATION_POLICY: Enum = Enum {
    name: "google.cloud.sql.v1.Settings.SqlActivationPolicy",
    values: &[
        ("SQL_ACTIVATION_POLICY_UNSPECIFIED", 0),
        ("ALWAYS", 1),
        ("NEVER", 2),
        ("ON_DEMAND", 3),
    ],
};

pub(crate) static REPLICATION_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlReplicationType",
    values: &[
        ("SQL_REPLICATION_TYPE_UNSPECIFIED", 0),
        ("SYNCHRONOUS", 1),
        ("ASYNCHRONOUS", 2),
    ],
};

pub(crate) static CONNECTOR_ENFORCEMENT: Enum = Enum {
    name: "google.cloud.sql.v1.Settings.ConnectorEnforcement",
    values: &[
        ("CONNECTOR_ENFORCEMENT_UNSPECIFIED", 0),
        ("NOT_REQUIRED", 1),
        ("REQUIRED", 2),
    ],
};

pub(crate) static DATA_API_ACCESS: Enum = Enum {
    name: "google.cloud.sql.v1.Settings.DataApiAccess",
    values: &[
        ("DATA_API_ACCESS_UNSPECIFIED", 0),
        ("DISALLOW_DATA_API", 1),
        ("ALLOW_DATA_API", 2),
    ],
};

pub(crate) static SSL_MODE: Enum = Enum {
    name: "google.cloud.sql.v1.IpConfiguration.SslMode",
    values: &[
        ("SSL_MODE_UNSPECIFIED", 0),
        ("ALLOW_UNENCRYPTED_AND_ENCRYPTED", 1),
        ("ENCRYPTED_ONLY", 2),
        ("TRUSTED_CLIENT_CERTIFICATE_REQUIRED", 3),
    ],
};

pub(crate) static CA_MODE: Enum = Enum {
    name: "google.cloud.sql.v1.IpConfiguration.CaMode",
    values: &[
        ("CA_MODE_UNSPECIFIED", 0),
        ("GOOGLE_MANAGED_INTERNAL_CA", 1),
        ("GOOGLE_MANAGED_CAS_CA", 2),
        ("CUSTOMER_MANAGED_CAS_CA", 3),
    ],
};

pub(crate) static UPDATE_TRACK: Enum = Enum {
    name: "google.cloud.sql.v1.SqlUpdateTrack",
    values: &[
        ("SQL_UPDATE_TRACK_UNSPECIFIED", 0),
        ("canary", 1),
        ("stable", 2),
        ("week5", 3),
    ],
};

pub(crate) static RETENTION_UNIT: Enum = Enum {
    name: "google.cloud.sql.v1.BackupRetentionSettings.RetentionUnit",
    values: &[("RETENTION_UNIT_UNSPECIFIED", 0), ("COUNT", 1)],
};

pub(crate) static LOG_STORAGE: Enum = Enum {
    name: "google.cloud.sql.v1.BackupConfiguration.TransactionalLogStorageState",
    values: &[
        ("TRANSACTIONAL_LOG_STORAGE_STATE_UNSPECIFIED", 0),
        ("DISK", 1),
        ("SWITCHING_TO_CLOUD_STORAGE", 2),
        ("SWITCHED_TO_CLOUD_STORAGE", 3),
        ("CLOUD_STORAGE", 4),
    ],
};

pub(crate) static BACKUP_TIER: Enum = Enum {
    name: "google.cloud.sql.v1.BackupConfiguration.BackupTier",
    values: &[
        ("BACKUP_TIER_UNSPECIFIED", 0),
        ("STANDARD", 1),
        ("ADVANCED", 2),
        ("ENHANCED", 3),
    ],
};

pub(crate) static ADDRESS_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlIpAddressType",
    values: &[
        ("SQL_IP_ADDRESS_TYPE_UNSPECIFIED", 0),
        ("PRIMARY", 1),
        ("OUTGOING", 2),
        ("PRIVATE", 3),
        ("MIGRATED_1ST_GEN", 4),
    ],
};

/// Those types of operations that the simulator begins.
pub(crate) static OPERATION_TYPE: Enum = Enum {
    name: "google.cloud.sql.v1.SqlOperationType",
    values: &[
        ("CREATE", 3),
        ("UPDATE", 4),
        ("DELETE", 5),
        ("RESTART", 6),
        ("PROMOTE_REPLICA", 17),
        ("CREATE_REPLICA", 18),
        ("UPDATE_USER", 21),
        ("CREATE_DATABASE", 22),
        ("SWITCHOVER", 39),
        ("MAJOR_VERSION_UPGRADE", 48),
    ],
};

pub(crate) static OPERATION_STATUS: Enum = Enum {
    name: "google.cloud.sql.v1.Operation.SqlOperationStatus",
    values: &[
        ("SQL_OPERATION_STATUS_UNSPECIFIED", 0),
        ("PENDING", 1),
        ("RUNNING", 2),
        ("DONE", 3),
    ],
};
