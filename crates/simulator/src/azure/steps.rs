//! What happens by itself, as time goes by.

use super::operation::{Problem, Status};
use super::request::Child;
use super::state::{Settings, World};
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that happens to a server at a time, as part of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) at: Millis,
    pub(super) server: String,
    pub(super) operation: String,
    pub(super) effect: Effect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    State(String),
    AvailabilityState(String),
    Apply(Box<Settings>),
    /// It is ready, and busy until then all the same.
    Ready {
        settled: Millis,
    },
    /// A replica becomes a server of its own.
    Promoted(String),
    /// A replica and its source change places.
    SwitchedOver,
    /// Primary and standby change places, and so do their zones.
    FailedOver,
    Gone,
    Child(Child, String, Option<Value>),
    /// The operation is over.
    Over(Option<Problem>),
}

impl World {
    /// Plans a step; those of one time happen in the order in which they were planned.
    pub(super) fn plan(&mut self, step: Step) {
        let index = self.steps.partition_point(|other| other.at <= step.at);
        self.steps.insert(index, step);
    }

    /// Lets everything happen that is due; all of it where nothing takes time.
    pub(crate) fn catch_up(&mut self, now: Millis, at_once: bool) {
        while self
            .steps
            .first()
            .is_some_and(|step| at_once || step.at <= now)
        {
            let step = self.steps.remove(0);
            self.happen(step);
        }
    }

    fn happen(&mut self, step: Step) {
        let Step {
            at,
            server: key,
            operation,
            effect,
        } = step;
        match effect {
            Effect::Over(problem) => {
                if let Some(operation) = self.operations.get_mut(&operation) {
                    operation.status = match problem {
                        Some(problem) => Status::Failed(problem),
                        None => Status::Succeeded,
                    };
                }
                return;
            }
            Effect::Gone => {
                self.servers.remove(&key);
                return;
            }
            Effect::SwitchedOver => return self.switch_over(&key),
            _ => {}
        }
        let Some(server) = self.servers.get_mut(&key) else {
            return;
        };
        match effect {
            Effect::State(word) => server.state = word,
            Effect::AvailabilityState(word) => server.availability_state = word,
            Effect::Apply(settings) => {
                if settings.storage.tier != server.settings.storage.tier {
                    server.tier_changed = Some(at);
                }
                server.settings = *settings;
            }
            Effect::Ready { settled } => {
                "Ready".clone_into(&mut server.state);
                server.settled = server.settled.max(settled);
            }
            Effect::Promoted(role) => {
                server.source = None;
                server.geo = false;
                server.promoted = Some(role);
            }
            Effect::Child(kind, name, value) => {
                let children = server.children_mut(kind);
                match value {
                    Some(value) => children.insert(name, value),
                    None => children.remove(&name),
                };
            }
            Effect::FailedOver => {
                std::mem::swap(&mut server.zone, &mut server.settings.standby_zone);
            }
            Effect::SwitchedOver | Effect::Gone | Effect::Over(_) => {}
        }
    }

    /// The replica becomes the source of the one that it read from, and of its other replicas. High
    /// availability is lost.
    fn switch_over(&mut self, replica: &str) {
        let Some(old) = self
            .servers
            .get(replica)
            .and_then(|server| server.source.clone())
        else {
            return;
        };
        for (key, server) in &mut self.servers {
            if key == replica {
                server.source = None;
                server.promoted = None;
            } else if *key == old || server.source.as_ref() == Some(&old) {
                server.source = Some(replica.to_owned());
            }
            if *key == old {
                "Disabled".clone_into(&mut server.settings.availability);
                server.settings.standby_zone = None;
                "NotEnabled".clone_into(&mut server.availability_state);
            }
        }
        let region = self
            .servers
            .get(replica)
            .map(|server| server.location.clone())
            .unwrap_or_default();
        for server in self.servers.values_mut() {
            if server.source.as_deref() == Some(replica) {
                server.geo = server.location != region;
            } else if server.source.is_none() {
                server.geo = false;
            }
        }
        let endpoints = self
            .servers
            .get_mut(&old)
            .map(|server| std::mem::take(&mut server.virtual_endpoints));
        if let (Some(server), Some(endpoints)) = (self.servers.get_mut(replica), endpoints) {
            server.virtual_endpoints.extend(endpoints);
        }
    }
}
