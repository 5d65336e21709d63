//! Amazon RDS for PostgreSQL.
//!
//! [`AwsPlatform`] knows RDS's rules, [`AwsProvider`] talks to it through the vendor's SDK. The
//! SDK's own retries are off: the executor repeats calls, by the one property of the error.

mod client;
mod command;
mod errors;
mod mutate;
mod observe;
mod order;
mod platform;
mod preflight;
mod provider;
mod resolve;
mod rules;
mod seen;

use pgfleet_model::PgVersion;

pub use client::AwsOptions;
pub use platform::AwsPlatform;
pub use provider::AwsProvider;

/// Where the rules of RDS are written down.
const DOCS: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/";

/// A page of theirs.
fn docs(page: &str) -> String {
    format!("{DOCS}{page}")
}

/// What the call that makes replicas takes.
const REPLICA_CALL: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html";

/// The engine, in RDS's word.
const ENGINE: &str = "postgres";

/// PostgreSQL's version in RDS's word for it, which may have more behind it: `13.23-rds.20260514` of
/// extended support, `15.2-R2` of what it has released again.
fn version(word: &str) -> Option<PgVersion> {
    let (number, _) = word.split_once('-').unwrap_or((word, ""));
    number.parse().ok()
}

/// Names of what only RDS knows of an instance, as plan files have them below `[aws]`.
mod setting {
    pub(super) const SUBNET_GROUP: &str = "subnet_group";
    pub(super) const SECURITY_GROUPS: &str = "security_groups";
    pub(super) const PARAMETER_GROUP: &str = "parameter_group";
    pub(super) const KMS_KEY: &str = "kms_key";
    pub(super) const PUBLIC: &str = "publicly_accessible";
    /// Observed only: whether the disk is encrypted.
    pub(super) const ENCRYPTED: &str = "storage_encrypted";
    /// Observed only: an engine that is not PostgreSQL.
    pub(super) const OTHER_ENGINE: &str = "engine";
    /// Observed only: RDS's word for the version, where it is more than the number.
    pub(super) const VERSION_WORD: &str = "engine_version";
    /// Observed only: the Multi-AZ DB cluster that it is a member of.
    pub(super) const CLUSTER: &str = "cluster";
    /// Observed only: the Multi-AZ DB clusters that are replicas of it.
    pub(super) const REPLICA_CLUSTERS: &str = "replica_clusters";
    /// Observed only: whether Secrets Manager keeps the administrator's password.
    pub(super) const MANAGED_PASSWORD: &str = "managed_password";
}
