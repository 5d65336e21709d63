//! What can be set about the simulated Cloud SQL.

use crate::cloud::Rate;
use serde::{Deserialize, Serialize};

/// How the simulated Cloud SQL behaves. All of it can be written as JSON, with the same names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, and any combination makes sense"
)]
pub struct GcpOptions {
    /// Refuse requests without `Authorization: Bearer`. On loopback, clients go without by default.
    pub require_token: bool,
    /// Refuse tokens that were not issued here. Needs a token as well.
    pub only_issued_tokens: bool,
    /// How long a token that is issued here is good, in real seconds.
    pub token_seconds: u64,
    /// The projects that there are. Empty: whatever a request names.
    pub projects: Vec<String>,
    /// Projects in which the Cloud SQL Admin API is off: `accessNotConfigured`. `*` means all.
    pub api_disabled: Vec<String>,
    /// Permissions that the caller lacks, such as `cloudsql.instances.create`.
    pub denied_permissions: Vec<String>,
    /// Answer 403 `notAuthorized` for an instance that does not exist, as Cloud SQL does to callers
    /// who may not list instances. Otherwise 404.
    pub hide_absent: bool,
    /// Whether errors have a `status`. None: only those of Google's common front end, as it really is.
    pub error_status: Option<bool>,
    /// Whether errors have `errors` with a reason, and `details`.
    pub error_reasons: bool,
    /// Whether instances tell their `settingsVersion`, which Google's always do.
    pub settings_versions: bool,
    /// Pass over fields that only the server sets, instead of refusing them.
    pub ignore_output_only: bool,
    /// Of those, pass over the two in the settings of backups that gcloud sends back as it has read them,
    /// and refuse the others.
    pub take_backups_back: bool,
    /// Let a patch take a label away by null, as gcloud sends it. Google's description has labels
    /// with values only.
    pub null_removes_labels: bool,
    /// Take a replica whose tier is smaller than its primary's. Older captures of Cloud SQL show a
    /// refusal, newer ones do not.
    pub allow_smaller_replicas: bool,
    /// Let an instance have replicas without backups and point-in-time recovery.
    pub replicas_without_backups: bool,
    /// Instances per project (Cloud SQL: 1,000).
    pub instance_quota: usize,
    /// Read replicas per instance (Cloud SQL: 10).
    pub replica_quota: usize,
    /// Requests per second and project that are answered; more get 429. None: no limit.
    pub rate: Option<Rate>,
    /// What `Retry-After` says with 429, in seconds. None: there is none.
    pub retry_after_seconds: Option<u64>,
    /// How long every request takes, in real milliseconds.
    pub latency_milliseconds: u64,
    /// Further regions, beside a small table.
    pub regions: Vec<String>,
    /// Further tiers, beside those that the rules allow; taken with either edition.
    pub tiers: Vec<String>,
    /// Tiers without capacity: creating one ends in `ERROR_GCE_STOCKOUT`.
    pub tiers_without_capacity: Vec<String>,
    /// How long things take, in simulated seconds.
    pub timing: GcpTiming,
}

impl Default for GcpOptions {
    fn default() -> Self {
        Self {
            require_token: false,
            only_issued_tokens: false,
            token_seconds: 3600,
            projects: Vec::new(),
            api_disabled: Vec::new(),
            denied_permissions: Vec::new(),
            hide_absent: false,
            error_status: None,
            error_reasons: true,
            settings_versions: true,
            ignore_output_only: false,
            take_backups_back: false,
            null_removes_labels: true,
            allow_smaller_replicas: false,
            replicas_without_backups: false,
            instance_quota: 1000,
            replica_quota: 10,
            rate: None,
            retry_after_seconds: Some(1),
            latency_milliseconds: 0,
            regions: Vec::new(),
            tiers: Vec::new(),
            tiers_without_capacity: Vec::new(),
            timing: GcpTiming::default(),
        }
    }
}

/// How long operations take, in simulated seconds. Typical figures; `Clock::AtOnce` ignores them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GcpTiming {
    /// How long an operation is `PENDING` before it runs.
    pub pending: u64,
    /// Creating a primary.
    pub create: u64,
    /// Creating a replica.
    pub create_replica: u64,
    /// A change that needs no restart.
    pub update: u64,
    /// A change that restarts the instance.
    pub update_with_restart: u64,
    /// An upgrade to another major version.
    pub upgrade: u64,
    /// A restart.
    pub restart: u64,
    /// A promotion.
    pub promote: u64,
    /// A switchover.
    pub switchover: u64,
    /// A deletion.
    pub delete: u64,
    /// How long a primary still answers `operationInProgress` after one of its replicas was deleted.
    /// 0: not at all.
    pub busy_after_delete: u64,
}

impl Default for GcpTiming {
    fn default() -> Self {
        Self {
            pending: 2,
            create: 390,
            create_replica: 300,
            update: 15,
            update_with_restart: 180,
            upgrade: 900,
            restart: 60,
            promote: 120,
            switchover: 180,
            delete: 90,
            busy_after_delete: 0,
        }
    }
}
