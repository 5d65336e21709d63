//! The objects of the API: fields, which of them may be written, and since which version of it.
//!
//! Written from Microsoft's description of it: `openapi.json` of each version below
//! `specification/postgresql/resource-manager/Microsoft.DBforPostgreSQL` in the repository
//! `Azure/azure-rest-api-specs` (`FlexibleServers.json` until 2024-08-01): `Server` and what it holds for a PUT,
//! `ServerForPatch` for a PATCH (`ServerForUpdate` before 2025-08-01), with `readOnly` and `x-ms-mutability`.

/// A version of the API. Ordered as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V2022,
    V2024,
    V2025,
    V2026,
}

use Version::{V2022, V2024, V2025, V2026};

pub(super) const VERSIONS: [(&str, Version); 4] = [
    ("2022-12-01", V2022),
    ("2024-08-01", V2024),
    ("2025-08-01", V2025),
    ("2026-10-01", V2026),
];

/// What a request does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It may be written.
    Written,
    /// The service sets it.
    ReadOnly,
    /// The object does not have it.
    Absent,
}

use Use::{Absent, ReadOnly, Written};

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    /// A text that is never repeated in an answer.
    Secret,
    Number,
    Date,
    /// One of these, in any case; answered as written here.
    OneOf(&'static [&'static str]),
    Object(&'static Object),
    /// Names and texts.
    Tags,
    /// Texts.
    Texts,
    /// Whatever it is: its effect is not simulated, or it is read-only.
    Any,
}

use Kind::{Any, Date, Number, OneOf, Secret, Text};

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) put: Use,
    pub(super) patch: Use,
    pub(super) since: Version,
    /// Until this version (and with it) it was read-only.
    pub(super) read_only_until: Option<Version>,
}

/// An object, named as Azure's messages name it.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

const fn field(name: &'static str, kind: Kind, put: Use, patch: Use, since: Version) -> Field {
    Field {
        name,
        kind,
        put,
        patch,
        since,
        read_only_until: None,
    }
}

/// A field that may always be written.
const fn free(name: &'static str, kind: Kind, since: Version) -> Field {
    field(name, kind, Written, Written, since)
}

/// A field that the service sets.
const fn fixed(name: &'static str) -> Field {
    field(name, Any, ReadOnly, ReadOnly, V2022)
}

pub(super) const SWITCH: Kind = OneOf(&["Enabled", "Disabled"]);
pub(super) const CREATE_MODES: &[&str] = &[
    "Default",
    "Create",
    "Update",
    "PointInTimeRestore",
    "GeoRestore",
    "Replica",
    "ReviveDropped",
];
const ROLES: Kind = OneOf(&["None", "Primary", "AsyncReplica", "GeoAsyncReplica"]);

pub(super) static SERVER: Object = Object {
    name: "Server",
    fields: &[
        fixed("id"),
        fixed("name"),
        fixed("type"),
        fixed("systemData"),
        field("location", Text, Written, Absent, V2022),
        free("tags", Kind::Tags, V2022),
        free("sku", Kind::Object(&SKU), V2022),
        free("identity", Any, V2022),
        free("properties", Kind::Object(&PROPERTIES), V2022),
    ],
};

static SKU: Object = Object {
    name: "Sku",
    fields: &[
        free("name", Text, V2022),
        free("tier", OneOf(&super::catalog::TIERS), V2022),
    ],
};

static PROPERTIES: Object = Object {
    name: "ServerProperties",
    fields: &[
        field("administratorLogin", Text, Written, ReadOnly, V2022),
        free("administratorLoginPassword", Secret, V2022),
        free("version", Text, V2022),
        fixed("minorVersion"),
        fixed("state"),
        fixed("fullyQualifiedDomainName"),
        free("storage", Kind::Object(&STORAGE), V2022),
        free("authConfig", Kind::Object(&SIGN_IN), V2022),
        free("dataEncryption", Kind::Object(&ENCRYPTION), V2022),
        free("backup", Kind::Object(&BACKUP), V2022),
        free("network", Kind::Object(&NETWORK), V2022),
        free("highAvailability", Kind::Object(&AVAILABILITY), V2022),
        free("maintenanceWindow", Kind::Object(&MAINTENANCE), V2022),
        field("sourceServerResourceId", Text, Written, Absent, V2022),
        field("pointInTimeUTC", Date, Written, Absent, V2022),
        field("availabilityZone", Text, Written, Absent, V2022),
        free("replicationRole", ROLES, V2022),
        fixed("replicaCapacity"),
        field("replica", Kind::Object(&REPLICA), ReadOnly, Written, V2024),
        free("createMode", OneOf(CREATE_MODES), V2022),
        fixed("privateEndpointConnections"),
        free("cluster", Any, V2025),
        free("fipsMode", SWITCH, V2026),
    ],
};

static STORAGE: Object = Object {
    name: "Storage",
    fields: &[
        free("storageSizeGB", Number, V2022),
        free("autoGrow", SWITCH, V2024),
        free("autoGrowMaxThresholdMb", Any, V2026),
        free("autoGrowIncrementPercent", Any, V2026),
        free("tier", Text, V2024),
        free("iops", Number, V2024),
        free("throughput", Number, V2024),
        free(
            "type",
            OneOf(&["", "Premium_LRS", "PremiumV2_LRS", "UltraSSD_LRS"]),
            V2024,
        ),
    ],
};

static SIGN_IN: Object = Object {
    name: "AuthConfig",
    fields: &[
        free("activeDirectoryAuth", SWITCH, V2022),
        free("passwordAuth", SWITCH, V2022),
        free("tenantId", Text, V2022),
    ],
};

static ENCRYPTION: Object = Object {
    name: "DataEncryption",
    fields: &[
        free("type", OneOf(&["SystemManaged", "AzureKeyVault"]), V2022),
        free("primaryKeyURI", Any, V2022),
        free("primaryUserAssignedIdentityId", Any, V2022),
        free("geoBackupKeyURI", Any, V2022),
        free("geoBackupUserAssignedIdentityId", Any, V2022),
        fixed("primaryEncryptionKeyStatus"),
        fixed("geoBackupEncryptionKeyStatus"),
        free("primaryFederatedIdentityClientId", Any, V2026),
        free("geoBackupFederatedIdentityClientId", Any, V2026),
    ],
};

static BACKUP: Object = Object {
    name: "Backup",
    fields: &[
        free("backupRetentionDays", Number, V2022),
        field("geoRedundantBackup", SWITCH, Written, ReadOnly, V2022),
        free("immutableBackup", Any, V2026),
        fixed("earliestRestoreDate"),
    ],
};

static NETWORK: Object = Object {
    name: "Network",
    fields: &[
        Field {
            read_only_until: Some(V2022),
            ..free("publicNetworkAccess", SWITCH, V2022)
        },
        free("delegatedSubnetResourceId", Text, V2022),
        free("privateDnsZoneArmResourceId", Text, V2022),
    ],
};

static AVAILABILITY: Object = Object {
    name: "HighAvailability",
    fields: &[
        free(
            "mode",
            OneOf(&["Disabled", "ZoneRedundant", "SameZone"]),
            V2022,
        ),
        fixed("state"),
        free("standbyAvailabilityZone", Text, V2022),
    ],
};

static MAINTENANCE: Object = Object {
    name: "MaintenanceWindow",
    fields: &[
        free("customWindow", SWITCH, V2022),
        free("startHour", Number, V2022),
        free("startMinute", Number, V2022),
        free("dayOfWeek", Number, V2022),
    ],
};

static REPLICA: Object = Object {
    name: "Replica",
    fields: &[
        free("role", ROLES, V2024),
        fixed("capacity"),
        fixed("replicationState"),
        free("promoteMode", OneOf(&["standalone", "switchover"]), V2024),
        free("promoteOption", OneOf(&["planned", "forced"]), V2024),
    ],
};

pub(super) static AVAILABLE_NAME: Object = Object {
    name: "CheckNameAvailabilityRequest",
    fields: &[free("name", Text, V2022), free("type", Text, V2022)],
};

pub(super) static RESTART: Object = Object {
    name: "RestartParameter",
    fields: &[
        free("restartWithFailover", Any, V2022),
        free(
            "failoverMode",
            OneOf(&[
                "PlannedFailover",
                "ForcedFailover",
                "PlannedSwitchover",
                "ForcedSwitchover",
            ]),
            V2022,
        ),
    ],
};

pub(super) static DATABASE: Object = Object {
    name: "Database",
    fields: &[
        fixed("id"),
        fixed("name"),
        fixed("type"),
        fixed("systemData"),
        free("properties", Kind::Object(&DATABASE_PROPERTIES), V2022),
    ],
};

static DATABASE_PROPERTIES: Object = Object {
    name: "DatabaseProperties",
    fields: &[free("charset", Text, V2022), free("collation", Text, V2022)],
};

pub(super) static FIREWALL_RULE: Object = Object {
    name: "FirewallRule",
    fields: &[
        fixed("id"),
        fixed("name"),
        fixed("type"),
        fixed("systemData"),
        free("properties", Kind::Object(&FIREWALL_PROPERTIES), V2022),
    ],
};

static FIREWALL_PROPERTIES: Object = Object {
    name: "FirewallRuleProperties",
    fields: &[
        free("startIpAddress", Text, V2022),
        free("endIpAddress", Text, V2022),
    ],
};

pub(super) static VIRTUAL_ENDPOINT: Object = Object {
    name: "VirtualEndpointResource",
    fields: &[
        fixed("id"),
        fixed("name"),
        fixed("type"),
        fixed("systemData"),
        free("properties", Kind::Object(&ENDPOINT_PROPERTIES), V2024),
    ],
};

static ENDPOINT_PROPERTIES: Object = Object {
    name: "VirtualEndpointResourceProperties",
    fields: &[
        free("endpointType", OneOf(&["ReadWrite"]), V2024),
        free("members", Kind::Texts, V2024),
        fixed("virtualEndpoints"),
    ],
};
