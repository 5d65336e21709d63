//! One call of a method: who, where, when, with what.

use super::errors::{ApiError, ApiResult};
use super::fields::{INSTANCE, OPERATION};
use super::operations::{Effect, Operation};
use super::options::{GcpOptions, GcpTiming};
use super::read::{self, Leniency};
use super::render;
use super::resource::Resource;
use super::route::{Action, Route};
use super::schema::Message;
use super::state::{Instance, World};
use crate::clock::Millis;
use serde_json::Value;

/// What a method works with.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) route: &'a Route,
    pub(crate) body: &'a [u8],
    pub(crate) options: &'a GcpOptions,
    /// How long things take under the running clock.
    pub(crate) timing: &'a GcpTiming,
    pub(crate) now: Millis,
    pub(crate) world: &'a mut World,
    /// The name of the operation that the call has begun.
    pub(crate) begun: Option<String>,
}

impl Call<'_> {
    pub(crate) fn project(&self) -> &str {
        &self.route.project
    }

    pub(crate) fn target(&self) -> &str {
        self.route.target.as_deref().unwrap_or_default()
    }

    /// The body as a message.
    pub(crate) fn read(&self, message: &'static Message) -> ApiResult<Resource> {
        let leniency = Leniency {
            ignores_output_only: self.options.ignore_output_only,
            takes_backups_back: self.options.take_backups_back,
            empties_maps: self.route.action == Action::Patch && self.options.null_removes_labels,
        };
        read::body(self.body, message, leniency).map(Resource)
    }

    /// The body as an instance.
    pub(crate) fn read_instance(&self) -> ApiResult<Resource> {
        self.read(&INSTANCE)
    }

    /// The instance that the path names.
    pub(crate) fn existing(&self) -> ApiResult<&Instance> {
        self.find(self.target())
    }

    pub(crate) fn find(&self, name: &str) -> ApiResult<&Instance> {
        self.world
            .instance(self.project(), name)
            .ok_or_else(|| self.absent())
    }

    fn absent(&self) -> ApiError {
        if self.options.hide_absent {
            ApiError::not_authorized()
        } else {
            ApiError::no_instance()
        }
    }

    /// Refuses while something is under way with an instance, its primary or any of its replicas.
    pub(crate) fn check_idle(&self, name: &str) -> ApiResult<()> {
        let group = self.world.group(self.project(), name);
        if self.world.is_busy(self.project(), &group, self.now) {
            return Err(ApiError::busy());
        }
        Ok(())
    }

    /// Begins an operation on an instance, and answers with it.
    pub(crate) fn begin(
        &mut self,
        kind: &str,
        target: &str,
        seconds: u64,
        effect: Effect,
    ) -> Value {
        let project = self.project().to_owned();
        let after = |seconds: u64| self.now.saturating_add(seconds.saturating_mul(1000));
        let lingers = match effect {
            Effect::Delete => self.timing.busy_after_delete.saturating_mul(1000),
            _ => 0,
        };
        let operation = Operation {
            group: self.world.group(&project, target),
            kind: kind.to_owned(),
            target: target.to_owned(),
            inserted: self.now,
            starts: after(self.timing.pending.min(seconds)),
            ends: after(seconds),
            lingers,
            effect: Some(effect),
            failure: None,
            passing: None,
            name: self.world.new_name(&project),
            number: self.world.named,
            project,
        };
        // A new operation is told as pending, however fast it will be.
        let view = Operation {
            starts: Millis::MAX,
            ..operation.clone()
        };
        let view = view.view(self.route.api, self.now);
        self.begun = Some(operation.name.clone());
        self.world.begin(operation);
        render::message(&OPERATION, &view, self.route.encoding)
    }
}
