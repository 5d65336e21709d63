//! What exists in the simulated accounts.

use super::steps::Step;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// An account's corner of a region: identifiers are unique within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Place {
    pub(crate) fn key(&self, identifier: &str) -> String {
        format!("{}/{}/{identifier}", self.account, self.region)
    }

    pub(crate) fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:rds:{}:{}:{kind}:{name}", self.region, self.account)
    }

    /// A stable fake of what AWS would have given a random name.
    pub(crate) fn derived(&self, what: &str) -> String {
        digest(&format!("{what} {} {}", self.account, self.region))
    }
}

/// The first 24 hexadecimal digits of a text's SHA-256.
pub(crate) fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in &Sha256::digest(text.as_bytes())[..12] {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Values that a modification has announced and not yet applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pending {
    pub(crate) class: Option<String>,
    pub(crate) allocated_storage: Option<i64>,
    /// That the password changes. The password itself is kept nowhere.
    pub(crate) master_password: bool,
    pub(crate) port: Option<i64>,
    pub(crate) backup_retention: Option<i64>,
    pub(crate) multi_az: Option<bool>,
    pub(crate) engine_version: Option<String>,
    pub(crate) iops: Option<i64>,
    pub(crate) throughput: Option<i64>,
    pub(crate) storage_type: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) ca_certificate: Option<String>,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over what `newer` sets.
    pub(crate) fn merge(&mut self, newer: Self) {
        fn over<T>(old: &mut Option<T>, new: Option<T>) {
            if new.is_some() {
                *old = new;
            }
        }
        let Self {
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
        } = newer;
        over(&mut self.class, class);
        over(&mut self.allocated_storage, allocated_storage);
        self.master_password |= master_password;
        over(&mut self.port, port);
        over(&mut self.backup_retention, backup_retention);
        over(&mut self.multi_az, multi_az);
        over(&mut self.engine_version, engine_version);
        over(&mut self.iops, iops);
        over(&mut self.throughput, throughput);
        over(&mut self.storage_type, storage_type);
        over(&mut self.identifier, identifier);
        over(&mut self.ca_certificate, ca_certificate);
    }

    /// Forgets what `applied` has brought about, where nothing newer has been announced since.
    pub(crate) fn settle(&mut self, applied: &Self) {
        fn done<T: PartialEq>(pending: &mut Option<T>, applied: Option<&T>) {
            if pending.as_ref() == applied {
                *pending = None;
            }
        }
        done(&mut self.class, applied.class.as_ref());
        done(
            &mut self.allocated_storage,
            applied.allocated_storage.as_ref(),
        );
        self.master_password &= !applied.master_password;
        done(&mut self.port, applied.port.as_ref());
        done(
            &mut self.backup_retention,
            applied.backup_retention.as_ref(),
        );
        done(&mut self.multi_az, applied.multi_az.as_ref());
        done(&mut self.engine_version, applied.engine_version.as_ref());
        done(&mut self.iops, applied.iops.as_ref());
        done(&mut self.throughput, applied.throughput.as_ref());
        done(&mut self.storage_type, applied.storage_type.as_ref());
        done(&mut self.identifier, applied.identifier.as_ref());
        done(&mut self.ca_certificate, applied.ca_certificate.as_ref());
    }

    pub(crate) fn touches_storage(&self) -> bool {
        self.allocated_storage.is_some()
            || self.iops.is_some()
            || self.throughput.is_some()
            || self.storage_type.is_some()
    }
}

/// Where a replica's data comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) identifier: String,
    /// `replicating` or `terminated`.
    pub(crate) replication: String,
}

impl Source {
    pub(crate) fn place(&self) -> Place {
        Place {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    pub(crate) fn key(&self) -> String {
        self.place().key(&self.identifier)
    }
}

/// A DB instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a DB instance has that many switches"
)]
pub(crate) struct Instance {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) identifier: String,
    pub(crate) resource_id: String,
    pub(crate) status: String,
    /// When it became reachable: `InstanceCreateTime`.
    pub(crate) created: Option<Millis>,
    pub(crate) class: String,
    pub(crate) engine_version: String,
    pub(crate) master_username: String,
    pub(crate) db_name: Option<String>,
    pub(crate) port: i64,
    pub(crate) allocated_storage: i64,
    pub(crate) storage_type: String,
    pub(crate) iops: Option<i64>,
    pub(crate) throughput: Option<i64>,
    pub(crate) max_allocated_storage: Option<i64>,
    /// When the storage was last modified: six hours must pass.
    pub(crate) storage_modified: Option<Millis>,
    pub(crate) storage_optimizing: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) multi_az: bool,
    pub(crate) availability_zone: String,
    pub(crate) subnet_group: String,
    pub(crate) security_groups: Vec<String>,
    pub(crate) parameter_group: String,
    /// `in-sync`, `applying` or `pending-reboot`.
    pub(crate) parameter_status: String,
    pub(crate) publicly_accessible: bool,
    pub(crate) backup_retention: i64,
    pub(crate) backup_window: String,
    pub(crate) maintenance_window: String,
    pub(crate) backed_up: bool,
    pub(crate) auto_minor_upgrade: bool,
    pub(crate) copy_tags: bool,
    pub(crate) deletion_protection: bool,
    pub(crate) iam_authentication: bool,
    pub(crate) performance_insights: bool,
    pub(crate) insights_retention: Option<i64>,
    pub(crate) insights_mode: String,
    pub(crate) monitoring_interval: i64,
    pub(crate) monitoring_role: Option<String>,
    pub(crate) log_exports: Vec<String>,
    pub(crate) network_type: String,
    pub(crate) ca_certificate: String,
    pub(crate) lifecycle: String,
    /// The KMS key of the secret, where Secrets Manager manages the password.
    pub(crate) managed_secret: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) pending: Pending,
    /// What is going to happen, in order.
    pub(crate) steps: Vec<Step>,
}

impl Instance {
    /// An instance that has just been asked for, with the defaults of what is not asked for.
    pub(crate) fn requested(place: &Place, identifier: String, resource_id: String) -> Self {
        Self {
            account: place.account.clone(),
            region: place.region.clone(),
            identifier,
            resource_id,
            status: "creating".to_owned(),
            created: None,
            class: String::new(),
            engine_version: String::new(),
            master_username: String::new(),
            db_name: None,
            port: 5432,
            allocated_storage: 0,
            storage_type: String::new(),
            iops: None,
            throughput: None,
            max_allocated_storage: None,
            storage_modified: None,
            storage_optimizing: false,
            kms_key: None,
            multi_az: false,
            availability_zone: String::new(),
            subnet_group: "default".to_owned(),
            security_groups: vec![super::groups::default_security_group(place)],
            parameter_group: String::new(),
            parameter_status: "in-sync".to_owned(),
            publicly_accessible: false,
            backup_retention: 0,
            backup_window: "03:00-03:30".to_owned(),
            maintenance_window: "sun:05:00-sun:05:30".to_owned(),
            backed_up: false,
            auto_minor_upgrade: true,
            copy_tags: false,
            deletion_protection: false,
            iam_authentication: false,
            performance_insights: false,
            insights_retention: None,
            insights_mode: "standard".to_owned(),
            monitoring_interval: 0,
            monitoring_role: None,
            log_exports: Vec::new(),
            network_type: "IPV4".to_owned(),
            ca_certificate: "rds-ca-rsa2048-g1".to_owned(),
            lifecycle: "open-source-rds-extended-support".to_owned(),
            managed_secret: None,
            source: None,
            tags: Vec::new(),
            pending: Pending::default(),
            steps: Vec::new(),
        }
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    pub(crate) fn key(&self) -> String {
        self.place().key(&self.identifier)
    }

    pub(crate) fn arn(&self) -> String {
        self.place().arn("db", &self.identifier)
    }

    /// Whether calls that need an available instance may go on.
    pub(crate) fn is_available(&self) -> bool {
        matches!(self.status.as_str(), "available" | "storage-optimization")
    }

    pub(crate) fn is_major_at_least(&self, major: u32) -> bool {
        super::catalog::major(&self.engine_version) >= major
    }
}

/// A snapshot of a DB instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) identifier: String,
    pub(crate) instance: String,
    pub(crate) resource_id: String,
    pub(crate) engine_version: String,
    pub(crate) master_username: String,
    pub(crate) allocated_storage: i64,
    pub(crate) storage_type: String,
    pub(crate) availability_zone: String,
    pub(crate) port: i64,
    pub(crate) kms_key: Option<String>,
    pub(crate) created: Millis,
    pub(crate) ready: bool,
    pub(crate) tags: Vec<Tag>,
}

/// Everything that exists, in all accounts and regions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    /// Counts what has been named, so that names are never given twice.
    pub(crate) named: u64,
    pub(crate) instances: BTreeMap<String, Instance>,
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
}

impl World {
    /// The instances of an account in a region, in the order of their identifiers.
    pub(crate) fn in_place(&self, place: &Place) -> impl Iterator<Item = &Instance> {
        let prefix = place.key("");
        self.instances
            .range(prefix.clone()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, instance)| instance)
    }

    /// The keys of the replicas that read directly from this instance.
    pub(crate) fn replicas_of(&self, key: &str) -> Vec<String> {
        self.instances
            .values()
            .filter(|instance| {
                instance.source.as_ref().is_some_and(|source| {
                    source.replication == "replicating" && source.key() == key
                })
            })
            .map(Instance::key)
            .collect()
    }

    /// A key whose entry belongs to another one: a file that was edited by hand.
    pub(crate) fn misplaced(&self) -> Option<&str> {
        let instances = self
            .instances
            .iter()
            .filter(|(key, instance)| **key != instance.key());
        instances.map(|(key, _)| key.as_str()).next()
    }

    /// Sets the status of the instances of this name in a region; false where there is none.
    pub(crate) fn set_status(&mut self, region: &str, identifier: &str, status: &str) -> bool {
        let mut found = false;
        for instance in self.instances.values_mut() {
            if instance.region == region && instance.identifier == identifier {
                instance.status = status.to_owned();
                found = true;
            }
        }
        found
    }

    /// A new name of a resource, such as `db-4F0C...`.
    pub(crate) fn resource_id(&mut self, place: &Place) -> String {
        self.named += 1;
        let digits = place.derived(&format!("resource {}", self.named));
        format!("db-{}", digits.to_uppercase())
    }
}
