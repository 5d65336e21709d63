//! Operations: what has been begun, and what comes of it as time goes by.

use super::resource::Resource;
use super::state::World;
use crate::clock::{Clock, Millis, timestamp};
use crate::cloud::{Ending, Moment};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The replica that a primary may change places with.
pub(crate) const DESIGNATED: &str = "replicationCluster.failoverDrReplicaName";

/// How many operations are kept; the oldest that are done make room.
const KEPT: usize = 1000;

/// Something that has been begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// Counts all that has been named: newer operations have larger ones.
    pub(crate) number: u64,
    pub(crate) project: String,
    /// Its `operationType`.
    pub(crate) kind: String,
    /// The instance that it is about.
    pub(crate) target: String,
    /// The primary whose other operations must wait.
    pub(crate) group: String,
    pub(crate) inserted: Millis,
    pub(crate) starts: Millis,
    pub(crate) ends: Millis,
    /// How long its group stays busy after its end, in milliseconds.
    pub(crate) lingers: Millis,
    /// What is still to come of it; none: it is done.
    pub(crate) effect: Option<Effect>,
    /// The error that it ends in: its effect then does not come.
    pub(crate) failure: Option<Failure>,
    /// A state that the instance passes through, and from when on.
    pub(crate) passing: Option<(Millis, String)>,
}

/// What an operation does to its target in the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    Create,
    /// The instance becomes this.
    Change(Box<Resource>),
    /// So does it, and its replicas take over the version.
    Upgrade(Box<Resource>),
    Restart,
    /// It has a database of this name.
    Database(String),
    /// One of its users has another password, which is kept nowhere.
    Password,
    Promote,
    /// It changes places with its primary.
    Switchover,
    Delete,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Operation {
    fn is_done(&self) -> bool {
        self.effect.is_none()
    }

    fn status(&self, now: Millis) -> &'static str {
        if self.is_done() {
            "DONE"
        } else if self.starts <= now {
            "RUNNING"
        } else {
            "PENDING"
        }
    }

    /// As the API tells of it.
    pub(crate) fn view(&self, api: &str, now: Millis) -> Map<String, Value> {
        let Self {
            name,
            number: _,
            project,
            kind,
            target,
            group: _,
            inserted,
            starts,
            ends,
            lingers: _,
            effect,
            failure,
            passing: _,
        } = self;
        let link = format!("https://sqladmin.googleapis.com/{api}/projects/{project}");
        let mut view = Map::new();
        let mut put = |key: &str, value: Value| {
            view.insert(key.to_owned(), value);
        };
        put("kind", json!("sql#operation"));
        put("targetLink", json!(format!("{link}/instances/{target}")));
        put("status", json!(self.status(now)));
        put("user", json!("simulated@example.com"));
        put("insertTime", json!(timestamp(*inserted)));
        let done = effect.is_none();
        if done || *starts <= now {
            put("startTime", json!(timestamp(*starts)));
        }
        if done {
            put("endTime", json!(timestamp(*ends)));
        }
        if let Some(Failure { code, message }) = failure.as_ref().filter(|_| done) {
            let error = json!({"kind": "sql#operationError", "code": code, "message": message});
            put(
                "error",
                json!({"kind": "sql#operationErrors", "errors": [error]}),
            );
        }
        put("operationType", json!(kind));
        put("name", json!(name));
        put("targetId", json!(target));
        put("selfLink", json!(format!("{link}/operations/{name}")));
        put("targetProject", json!(project));
        view
    }
}

impl World {
    pub(crate) fn operation(&self, project: &str, name: &str) -> Option<&Operation> {
        let mut operations = self.operations.iter();
        operations.find(|operation| operation.project == project && operation.name == name)
    }

    /// Whether something is under way in the group of a primary.
    pub(crate) fn is_busy(&self, project: &str, group: &str, now: Millis) -> bool {
        let mut operations = self.operations.iter();
        operations.any(|operation| {
            let lingers = operation.ends.saturating_add(operation.lingers) > now;
            (!operation.is_done() || (operation.lingers > 0 && lingers))
                && operation.project == project
                && operation.group == group
        })
    }

    pub(crate) fn begin(&mut self, operation: Operation) {
        self.operations.push(operation);
        if self.operations.len() > KEPT
            && let Some(oldest) = self.operations.iter().position(Operation::is_done)
        {
            self.operations.remove(oldest);
        }
    }

    /// Makes an operation that has just begun end as a script says. The word of `Ending::In` is an
    /// error's code, or a state such as `FAILED` that the instance is then left in.
    pub(crate) fn end_otherwise(&mut self, name: &str, ending: &Ending) {
        let begun = self.operations.iter_mut().find(|begun| begun.name == name);
        let Some(operation) = begun else {
            return;
        };
        match ending {
            Ending::In(word) => {
                let message = "The operation failed, as a fault of the simulator says.";
                let code = if is_state(word) {
                    "INTERNAL_ERROR"
                } else {
                    word
                };
                operation.failure = Some(Failure {
                    code: code.to_owned(),
                    message: message.to_owned(),
                });
                if is_state(word) {
                    operation.passing = Some((operation.ends, word.clone()));
                }
            }
            Ending::Through(word, seconds) => {
                operation.passing = Some((operation.ends, word.clone()));
                let more = seconds.saturating_mul(1000);
                operation.ends = operation.ends.saturating_add(more);
            }
        }
    }

    /// Lets everything happen that is due.
    pub(crate) fn catch_up(&mut self, moment: Moment) {
        let Moment { now, clock } = moment;
        let is_due = |operation: &Operation| {
            !operation.is_done() && (operation.ends <= now || clock == Clock::AtOnce)
        };
        // The one that ends first comes first; of those that end together, the older one.
        while let Some(index) = (0..self.operations.len())
            .filter(|index| is_due(&self.operations[*index]))
            .min_by_key(|index| self.operations[*index].ends)
        {
            self.finish(index, now);
        }
        let passing: Vec<_> = self
            .operations
            .iter()
            .filter(|operation| !operation.is_done())
            .filter_map(|operation| {
                let (from, word) = operation.passing.clone()?;
                let passes = from <= now;
                passes.then(|| (operation.project.clone(), operation.target.clone(), word))
            })
            .collect();
        for (project, target, word) in passing {
            if let Some(instance) = self.instance_mut(&project, &target) {
                instance.resource.set("state", word);
            }
        }
    }

    fn finish(&mut self, index: usize, now: Millis) {
        let operation = &mut self.operations[index];
        let Some(effect) = operation.effect.take() else {
            return;
        };
        operation.ends = operation.ends.min(now);
        operation.starts = operation.starts.min(operation.ends);
        let Operation {
            project,
            target,
            failure,
            passing,
            ..
        } = operation.clone();
        match failure {
            Some(_) => {
                let left = match (passing, effect) {
                    (Some((_, word)), _) => word,
                    (None, Effect::Create) => "FAILED".to_owned(),
                    (None, _) => "RUNNABLE".to_owned(),
                };
                if let Some(instance) = self.instance_mut(&project, &target) {
                    instance.resource.set("state", left);
                }
            }
            None => self.happen(&project, &target, effect),
        }
    }

    fn happen(&mut self, project: &str, target: &str, effect: Effect) {
        let Some(instance) = self.instance_mut(project, target) else {
            return;
        };
        let source = instance.source().map(str::to_owned);
        instance.resource.set("state", "RUNNABLE");
        let mut touches_source = false;
        match effect {
            Effect::Create => touches_source = true,
            Effect::Change(resource) => instance.become_this(*resource),
            Effect::Upgrade(resource) => {
                instance.become_this(*resource);
                let version = instance.resource.text("databaseVersion");
                let version = version.unwrap_or_default().to_owned();
                self.upgrade_replicas(project, target, &version);
            }
            Effect::Restart | Effect::Password => {}
            Effect::Database(name) => {
                instance.databases.insert(name);
            }
            Effect::Promote => {
                instance.become_primary();
                touches_source = true;
            }
            Effect::Switchover => self.switch_over(project, target),
            Effect::Delete => {
                self.instances.remove(&super::state::key(project, target));
                touches_source = true;
            }
        }
        let source = source.filter(|_| touches_source);
        let Some(source) = source.and_then(|source| self.instance_mut(project, &source)) else {
            return;
        };
        source.bump();
        // A replica that has gone its own way is no longer the one to change places with.
        if source.resource.text(DESIGNATED) == Some(target) {
            source.resource.0.shift_remove("replicationCluster");
        }
    }

    fn upgrade_replicas(&mut self, project: &str, name: &str, version: &str) {
        let replicas = self.replicas_of(project, name);
        let names: Vec<String> = replicas
            .iter()
            .map(|replica| replica.name.clone())
            .collect();
        for name in names {
            if let Some(replica) = self.instance_mut(project, &name) {
                replica.resource.set("databaseVersion", version);
                replica.bump();
            }
            self.upgrade_replicas(project, &name, version);
        }
    }

    /// A replica and its primary change places; other replicas follow the new primary.
    fn switch_over(&mut self, project: &str, name: &str) {
        const MOVED: &str = "settings.backupConfiguration";
        let old = self.group(project, name);
        let Some(primary) = self.instance_mut(project, &old) else {
            return;
        };
        let resource = &mut primary.resource;
        let backups = resource.get(MOVED).cloned();
        resource.set("masterInstanceName", name);
        resource.set("instanceType", "READ_REPLICA_INSTANCE");
        resource.set("settings.databaseReplicationEnabled", true);
        resource.set(MOVED, json!({"enabled": false}));
        resource.0.shift_remove("replicationCluster");
        primary.bump();
        for instance in self.instances.values_mut() {
            if instance.project != project {
                continue;
            }
            if instance.name == name {
                instance.become_primary();
                let resource = &mut instance.resource;
                resource.set(MOVED, backups.clone().unwrap_or_default());
                resource.set(DESIGNATED, old.as_str());
            } else if instance.source() == Some(old.as_str()) {
                instance.resource.set("masterInstanceName", name);
            }
        }
    }
}

impl super::state::Instance {
    /// Loses what only a replica has.
    fn become_primary(&mut self) {
        let resource = &mut self.resource;
        resource.0.shift_remove("masterInstanceName");
        resource.0.shift_remove("replicaConfiguration");
        resource.set("instanceType", "CLOUD_SQL_INSTANCE");
        if let Some(Value::Object(settings)) = resource.0.get_mut("settings") {
            settings.shift_remove("databaseReplicationEnabled");
            settings.shift_remove("replicationLagMaxSeconds");
        }
        self.bump();
    }

    /// Takes over what a change has worked out, but for a disk that has grown meanwhile.
    fn become_this(&mut self, resource: Resource) {
        const SIZE: &str = "settings.dataDiskSizeGb";
        let grown = self.resource.integer(SIZE);
        self.resource = resource;
        self.resource.set("state", "RUNNABLE");
        if grown > self.resource.integer(SIZE)
            && let Some(size) = grown
        {
            self.resource.set_long(SIZE, size);
        }
        self.bump();
    }
}

fn is_state(word: &str) -> bool {
    super::enums::INSTANCE_STATE.number(word).is_some()
}
