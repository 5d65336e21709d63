//! The tables of the platforms.

use super::{
    Key,
    Kind::{Flag, Text, Texts, Whole, Word},
    key,
};
use crate::rules;

pub(super) static AWS: &[Key] = &[
    key(
        "account",
        Text(rules::ACCOUNT),
        "Refuse to act on any other account.",
        r#""123456789012""#,
    ),
    key(
        "subnet_group",
        Text(rules::LABEL),
        "The DB subnet group.",
        r#""food-private""#,
    )
    .per_group(),
    key(
        "security_groups",
        Texts(rules::LABEL),
        "The VPC security groups.",
        r#"["sg-0123456789abcdef0"]"#,
    )
    .per_group(),
    key(
        "parameter_group",
        Text(rules::LABEL),
        "The DB parameter group.",
        r#""food-pg16""#,
    )
    .per_group(),
    key(
        "kms_key",
        Text(rules::LABEL),
        "The key that encrypts the disk.",
        r#""arn:aws:kms:us-east-1:123456789012:key/example""#,
    )
    .per_group(),
    key(
        "publicly_accessible",
        Flag,
        "Whether the instance has a public address.",
        "false",
    )
    .per_group(),
];

pub(super) static GCP: &[Key] = &[
    key(
        "project",
        Text(rules::LABEL),
        "The project to act in.",
        r#""food-prod""#,
    ),
    key(
        "network",
        Text(rules::LABEL),
        "The VPC network for private addresses.",
        r#""projects/food/global/networks/main""#,
    )
    .per_group(),
    key(
        "edition",
        Word(&["ENTERPRISE", "ENTERPRISE_PLUS"]),
        "The Cloud SQL edition.",
        r#""ENTERPRISE""#,
    ),
    key(
        "allow_smaller_replicas",
        Flag,
        "Whether a replica may be smaller than the primary.",
        "true",
    ),
];

pub(super) static AZURE: &[Key] = &[
    key(
        "subscription",
        Text(rules::SUBSCRIPTION),
        "The subscription to act in.",
        r#""00000000-0000-0000-0000-000000000000""#,
    ),
    key(
        "resource_group",
        Text(rules::RESOURCE_GROUP),
        "The resource group.",
        r#""food""#,
    ),
    key(
        "subnet_id",
        Text(rules::LABEL),
        "The delegated subnet.",
        r#""/subscriptions/example""#,
    )
    .per_group(),
    key(
        "private_dns_zone_id",
        Text(rules::LABEL),
        "The private DNS zone.",
        r#""/subscriptions/example""#,
    )
    .per_group(),
];

pub(super) static LOCAL: &[Key] = &[
    key(
        "data_dir",
        Text(rules::PATH),
        "The folder of the servers' data folders, relative to the plan file.",
        r#""data""#,
    ),
    key(
        "port",
        Whole(1024, 65535),
        "The primary's port; replicas take the next free ones.",
        "5440",
    ),
];
