//! What happens to instances by itself, as time goes by.

use super::options::AwsTiming;
use super::state::{Instance, Pending, World};
use crate::clock::{Clock, Millis};
use serde::{Deserialize, Serialize};

/// Something that happens to an instance at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) at: Millis,
    /// That it waits for the maintenance window, which `Clock::AtOnce` waits for too.
    pub(crate) window: bool,
    pub(crate) effect: Effect,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    Status(String),
    /// Work is done: the status is `available`, or `storage-optimization` while that goes on.
    Available,
    /// The server answers: it has an endpoint and a creation time.
    Born,
    /// The standby in another zone is in place.
    SecondZone,
    BackedUp,
    Apply(Box<Pending>),
    ParametersWait,
    ParametersInSync,
    OptimizationEnds,
    Promoted,
    /// A final snapshot is complete.
    SnapshotReady(String),
    Gone,
}

pub(crate) fn status(word: &str) -> Effect {
    Effect::Status(word.to_owned())
}

impl Instance {
    /// Appends steps, each some seconds after the one before it. Work that is under way ends first.
    pub(crate) fn then(&mut self, now: Millis, steps: impl IntoIterator<Item = (u64, Effect)>) {
        // Storage is optimized beside all other work.
        let busy = |step: &&Step| !step.window && step.effect != Effect::OptimizationEnds;
        let running = self.steps.iter().filter(busy).map(|step| step.at).max();
        let mut at = running.unwrap_or(now).max(now);
        for (seconds, effect) in steps {
            at = at.saturating_add(seconds.saturating_mul(1000));
            self.insert_step(Step {
                at,
                window: false,
                effect,
            });
        }
    }

    pub(crate) fn insert_step(&mut self, step: Step) {
        let index = self.steps.partition_point(|other| other.at <= step.at);
        self.steps.insert(index, step);
    }
}

impl World {
    /// Lets everything happen that is due.
    pub(crate) fn catch_up(&mut self, now: Millis, clock: Clock, timing: &AwsTiming) {
        let due = |step: &Step| step.at <= now || (clock == Clock::AtOnce && !step.window);
        while let Some(key) = self
            .instances
            .iter()
            .filter_map(|(key, instance)| {
                instance
                    .steps
                    .iter()
                    .find(|step| due(step))
                    .map(|step| (step.at, key))
            })
            .min()
            .map(|(_, key)| key.clone())
        {
            let Some(instance) = self.instances.get_mut(&key) else {
                return;
            };
            let Some(index) = instance.steps.iter().position(&due) else {
                return;
            };
            let step = instance.steps.remove(index);
            self.happen(&key, step, timing);
        }
    }

    fn happen(&mut self, key: &str, step: Step, timing: &AwsTiming) {
        if step.effect == Effect::Gone {
            self.remove(key);
            return;
        }
        let Some(instance) = self.instances.get_mut(key) else {
            return;
        };
        match step.effect {
            Effect::Status(word) => instance.status = word,
            Effect::Available => {
                let word = if instance.storage_optimizing {
                    "storage-optimization"
                } else {
                    "available"
                };
                instance.status = word.to_owned();
            }
            Effect::Born => instance.created = Some(step.at),
            Effect::SecondZone => instance.multi_az = true,
            Effect::BackedUp => instance.backed_up = true,
            Effect::Apply(values) if step.window => {
                // The window has opened: the work begins now.
                let work = super::modify::work(instance, *values, timing);
                instance.then(step.at, work);
            }
            Effect::Apply(values) => {
                let renamed = values.identifier.clone();
                let upgraded = values.engine_version.clone().filter(|version| {
                    super::catalog::major(version)
                        != super::catalog::major(&instance.engine_version)
                });
                apply(instance, *values, step.at);
                if let Some(version) = upgraded {
                    self.upgrade_replicas(key, &version, step.at);
                }
                if let Some(name) = renamed {
                    self.rename(key, &name);
                }
            }
            Effect::ParametersWait => instance.parameter_status = "pending-reboot".to_owned(),
            Effect::ParametersInSync => instance.parameter_status = "in-sync".to_owned(),
            Effect::OptimizationEnds => {
                instance.storage_optimizing = false;
                if instance.status == "storage-optimization" {
                    instance.status = "available".to_owned();
                }
            }
            Effect::Promoted => instance.source = None,
            Effect::SnapshotReady(key) => {
                if let Some(snapshot) = self.snapshots.get_mut(&key) {
                    snapshot.ready = true;
                }
            }
            Effect::Gone => {}
        }
    }

    /// A major upgrade takes the replicas of the same region along.
    fn upgrade_replicas(&mut self, key: &str, version: &str, at: Millis) {
        let region = self
            .instances
            .get(key)
            .map(|instance| instance.region.clone());
        for replica in self.replicas_of(key) {
            let Some(instance) = self.instances.get_mut(&replica) else {
                continue;
            };
            if Some(&instance.region) == region.as_ref() {
                let values = Pending {
                    engine_version: Some(version.to_owned()),
                    ..Pending::default()
                };
                apply(instance, values, at);
                self.upgrade_replicas(&replica, version, at);
            }
        }
    }

    fn rename(&mut self, key: &str, name: &str) {
        let Some(mut instance) = self.instances.remove(key) else {
            return;
        };
        instance.identifier = name.to_owned();
        let new_key = instance.key();
        self.instances.insert(new_key, instance);
        for replica in self.instances.values_mut() {
            if let Some(source) = replica.source.as_mut().filter(|source| source.key() == key) {
                source.identifier = name.to_owned();
            }
        }
    }

    /// An instance is gone. RDS promotes its replicas of the same region without a word; those of
    /// other regions stay, with replication terminated (user guide, `USER_ReadRepl`).
    fn remove(&mut self, key: &str) {
        let Some(gone) = self.instances.remove(key) else {
            return;
        };
        for replica in self.instances.values_mut() {
            let Some(source) = &mut replica.source else {
                continue;
            };
            if source.key() != key {
                continue;
            }
            if replica.region == gone.region {
                replica.source = None;
            } else {
                source.replication = "terminated".to_owned();
            }
        }
    }
}

fn apply(instance: &mut Instance, values: Pending, at: Millis) {
    instance.pending.settle(&values);
    if values.touches_storage() {
        instance.storage_modified = Some(at);
        instance.storage_optimizing = true;
    }
    if let Some(class) = values.class {
        instance.class = class;
    }
    if let Some(size) = values.allocated_storage {
        instance.allocated_storage = size;
    }
    if let Some(port) = values.port {
        instance.port = port;
    }
    if let Some(days) = values.backup_retention {
        instance.backup_retention = days;
        instance.backed_up &= days > 0;
    }
    if let Some(multi_az) = values.multi_az {
        instance.multi_az = multi_az;
    }
    if let Some(version) = values.engine_version {
        let family = |version: &str| format!("default.postgres{}", super::catalog::major(version));
        if instance.parameter_group == family(&instance.engine_version) {
            instance.parameter_group = family(&version);
        }
        instance.engine_version = version;
    }
    if let Some(kind) = values.storage_type {
        instance.storage_type = kind;
        (instance.iops, instance.throughput) =
            super::storage::defaults(&instance.storage_type, instance.allocated_storage);
    } else if values.allocated_storage.is_some() && instance.storage_type == "gp3" {
        let (iops, throughput) = super::storage::defaults("gp3", instance.allocated_storage);
        instance.iops = instance.iops.max(iops);
        instance.throughput = instance.throughput.max(throughput);
    }
    if values.iops.is_some() {
        instance.iops = values.iops;
    }
    if values.throughput.is_some() {
        instance.throughput = values.throughput;
    }
    if let Some(certificate) = values.ca_certificate {
        instance.ca_certificate = certificate;
    }
}
