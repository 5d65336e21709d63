//! What a call works on.

use super::body::{self, Reading};
use super::fields::{Object, Version};
use super::options::{AzureOptions, AzureTiming};
use super::refusal::{Outcome, Refusal};
use super::request::Inquiry;
use super::state::{Server, World, key};
use crate::clock::Millis;
use serde_json::Value;

pub(super) const SERVERS: &str = "Microsoft.DBforPostgreSQL/flexibleServers";

/// A call to the PostgreSQL service that may go on: the caller may do it, and its group exists.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) asked: &'a Inquiry,
    pub(super) version: Version,
    pub(super) version_word: &'static str,
    pub(super) options: &'a AzureOptions,
    pub(super) timing: &'a AzureTiming,
    pub(super) retry_after: Option<u64>,
    pub(super) now: Millis,
    pub(super) world: &'a mut World,
    /// The operation that this call has begun.
    pub(super) begun: Option<String>,
}

impl Call<'_> {
    pub(super) fn body(&self, object: &Object) -> Outcome<Body> {
        let reading = Reading {
            patch: self.asked.method == "PATCH",
            version: self.version,
            strict: self.options.strict_fields,
        };
        body::read(&self.asked.body, object, reading).map(|read| Body(Value::Object(read)))
    }

    /// The key of the server that the path names.
    pub(super) fn key(&self) -> String {
        key(
            &self.asked.subscription,
            &self.asked.group,
            &self.asked.server,
        )
    }

    /// The server that the path names.
    pub(super) fn found(&self) -> Outcome<&Server> {
        self.world
            .servers
            .get(&self.key())
            .ok_or_else(|| Refusal::not_found(SERVERS, &self.asked.server, &self.asked.group))
    }

    /// A server that is ready for a change.
    pub(super) fn ready(&self, key: &str) -> Outcome<&Server> {
        let Some(server) = self.world.servers.get(key) else {
            let name = key.rsplit('/').next().unwrap_or_default();
            return Err(Refusal::not_found(SERVERS, name, &self.asked.group));
        };
        if matches!(
            server.state.as_str(),
            "Stopped" | "Disabled" | "Inaccessible"
        ) {
            return Err(Refusal::new(
                400,
                "ServerStateNotReady",
                format!(
                    "The operation is not allowed while the server '{}' is in the state '{}'.",
                    server.name, server.state
                ),
            ));
        }
        if server.is_settled(self.now) {
            Ok(server)
        } else {
            Err(Refusal::busy(&server.name))
        }
    }

    /// The group as it is written where it was made.
    pub(super) fn group_name(&self) -> String {
        let known = self.options.resource_groups.iter().find(|group| {
            group.name.eq_ignore_ascii_case(&self.asked.group)
                && group
                    .subscription
                    .eq_ignore_ascii_case(&self.asked.subscription)
        });
        known.map_or(&self.asked.group, |group| &group.name).clone()
    }
}

/// A body that has been read: names and words are as documented.
#[derive(Debug)]
pub(super) struct Body(pub(super) Value);

impl Body {
    /// The value at a path such as `/properties/storage/tier`.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        self.0.pointer(path)
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    /// A switch: `Enabled` or `Disabled`.
    pub(super) fn on(&self, path: &str) -> Option<bool> {
        self.text(path).map(|word| word == "Enabled")
    }
}
