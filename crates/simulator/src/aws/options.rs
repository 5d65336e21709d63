//! What can be set about the simulated AWS.

use crate::cloud::Rate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the simulated AWS behaves. All of it can be written as JSON, with the same names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct AwsOptions {
    /// The account of access keys that `accounts` does not list: 12 digits.
    pub account: String,
    /// The accounts of access keys.
    pub accounts: BTreeMap<String, String>,
    /// Refuse parameters that an action does not have. RDS itself ignores some of them.
    pub strict_parameters: bool,
    /// DB instances per account and region (RDS: 40).
    pub instance_quota: usize,
    /// Read replicas per source (RDS: 15).
    pub replica_quota: usize,
    /// Total storage per account and region, in GiB (RDS: 100,000).
    pub storage_quota_gib: i64,
    /// Requests per second and region that are answered; more are throttled. None: no limit.
    pub rate: Option<Rate>,
    /// How long every request takes, in real milliseconds.
    pub latency_milliseconds: u64,
    /// Answer `CreateDBInstanceReadReplica` without heeding `MultiAZ`, as RDS has done at times.
    pub ignore_multi_az_on_replica_create: bool,
    /// Finish what makes an instance before its call is answered; RDS answers `creating`.
    pub finished_in_answer: bool,
    /// Answer `DescribeOrderableDBInstanceOptions` with an empty list, as some that stand in for RDS
    /// do.
    pub tells_no_offers: bool,
    /// Instances that lists leave out although they are there, as RDS does for a moment with those that
    /// it has just begun to make.
    pub unlisted: Vec<String>,
    /// Instances that lists show without tags although they have some, as RDS does for a moment with
    /// those that were just set.
    pub untagged: Vec<String>,
    /// Take any well-formed name of a subnet group or parameter group as existing.
    pub accept_any_group: bool,
    /// DB subnet groups beside `default`, by region.
    pub subnet_groups: Vec<AwsGroup>,
    /// DB parameter groups beside the default ones, by region.
    pub parameter_groups: Vec<AwsGroup>,
    /// Security groups that are known to belong to a region; others are taken as given.
    pub security_groups: Vec<AwsGroup>,
    /// ARNs or ids of KMS keys that cannot be used.
    pub inaccessible_kms_keys: Vec<String>,
    /// Classes without capacity: creating one answers `InsufficientDBInstanceCapacity`.
    pub classes_without_capacity: Vec<String>,
    /// Further regions, with the letters of their availability zones, such as `"abc"`.
    pub regions: BTreeMap<String, String>,
    /// Further instance classes.
    pub classes: Vec<String>,
    /// Further versions of PostgreSQL, such as `18.1` and `12.22-rds.20250814`.
    pub versions: Vec<String>,
    /// Classes that a region does not offer.
    pub not_offered: Vec<AwsGroup>,
    /// How long things take, in simulated seconds.
    pub timing: AwsTiming,
}

impl Default for AwsOptions {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            accounts: BTreeMap::new(),
            strict_parameters: true,
            instance_quota: 40,
            replica_quota: 15,
            storage_quota_gib: 100_000,
            rate: None,
            latency_milliseconds: 0,
            ignore_multi_az_on_replica_create: false,
            finished_in_answer: false,
            tells_no_offers: false,
            unlisted: Vec::new(),
            untagged: Vec::new(),
            accept_any_group: false,
            subnet_groups: Vec::new(),
            parameter_groups: Vec::new(),
            security_groups: Vec::new(),
            inaccessible_kms_keys: Vec::new(),
            classes_without_capacity: Vec::new(),
            regions: BTreeMap::new(),
            classes: Vec::new(),
            versions: Vec::new(),
            not_offered: Vec::new(),
            timing: AwsTiming::default(),
        }
    }
}

/// A named thing of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written as a literal by those who configure"
)]
pub struct AwsGroup {
    /// The region it belongs to.
    pub region: String,
    /// Its name.
    pub name: String,
}

/// How long things take, in simulated seconds. Typical figures; `Clock::AtOnce` ignores them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AwsTiming {
    /// `creating`, of a primary.
    pub create: u64,
    /// `creating`, of a replica.
    pub create_replica: u64,
    /// The first backup after creation: `backing-up`.
    pub backup: u64,
    /// How long after a replica was ordered its source turns busy.
    pub source_busy_after: u64,
    /// How long the source of a new replica is busy (`backing-up`). 0: not at all.
    pub source_busy: u64,
    /// How long the status stays `available` after a modification was accepted.
    pub modify_lag: u64,
    /// `modifying`.
    pub modify: u64,
    /// `upgrading`.
    pub upgrade: u64,
    /// `storage-optimization`.
    pub optimize: u64,
    /// How long must be between two modifications of storage (RDS: six hours).
    pub storage_pause: u64,
    /// `rebooting`.
    pub reboot: u64,
    /// `starting`.
    pub start: u64,
    /// `stopping`.
    pub stop: u64,
    /// `deleting`.
    pub delete: u64,
}

impl Default for AwsTiming {
    fn default() -> Self {
        Self {
            create: 300,
            create_replica: 420,
            backup: 90,
            source_busy_after: 20,
            source_busy: 60,
            modify_lag: 30,
            modify: 300,
            upgrade: 420,
            optimize: 3600,
            storage_pause: 6 * 3600,
            reboot: 60,
            start: 240,
            stop: 180,
            delete: 180,
        }
    }
}
