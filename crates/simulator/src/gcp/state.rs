//! What exists in the simulated projects.

use super::operations::Operation;
use super::resource::Resource;
use crate::uuid::uuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A Cloud SQL instance. The resource holds what the API tells of it, but for what follows from its
/// name or from other instances; it names its source without the project.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instance {
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) resource: Resource,
    /// Databases that were made on it, beside those that every server has.
    #[serde(default)]
    pub(crate) databases: BTreeSet<String>,
}

impl Instance {
    pub(crate) fn key(&self) -> String {
        key(&self.project, &self.name)
    }

    pub(crate) fn state(&self) -> &str {
        self.resource.text("state").unwrap_or_default()
    }

    /// The instance that this one replicates.
    pub(crate) fn source(&self) -> Option<&str> {
        self.resource.text("masterInstanceName")
    }

    pub(crate) fn region(&self) -> &str {
        self.resource.text("region").unwrap_or_default()
    }

    /// Whether it can be worked on.
    pub(crate) fn is_runnable(&self) -> bool {
        matches!(self.state(), "RUNNABLE" | "ONLINE_MAINTENANCE")
    }

    /// Counts a change of what `settingsVersion` guards.
    pub(crate) fn bump(&mut self) {
        let version = self.resource.integer("settings.settingsVersion");
        let next = version.unwrap_or(0).saturating_add(1);
        self.resource.set_long("settings.settingsVersion", next);
    }
}

pub(crate) fn key(project: &str, name: &str) -> String {
    format!("{project}/{name}")
}

/// Everything that exists, in all projects.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    /// Counts what has been named, so that names are never given twice.
    pub(crate) named: u64,
    pub(crate) instances: BTreeMap<String, Instance>,
    /// Oldest first.
    pub(crate) operations: Vec<Operation>,
}

impl World {
    pub(crate) fn instance(&self, project: &str, name: &str) -> Option<&Instance> {
        self.instances.get(&key(project, name))
    }

    pub(crate) fn instance_mut(&mut self, project: &str, name: &str) -> Option<&mut Instance> {
        self.instances.get_mut(&key(project, name))
    }

    /// The instances of a project, in the order of their names.
    pub(crate) fn in_project(&self, project: &str) -> impl Iterator<Item = &Instance> {
        let prefix = key(project, "");
        self.instances
            .range(prefix.clone()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, instance)| instance)
    }

    /// The instances that replicate this one directly.
    pub(crate) fn replicas_of(&self, project: &str, name: &str) -> Vec<&Instance> {
        let replicas = self.in_project(project);
        replicas
            .filter(|replica| replica.source() == Some(name))
            .collect()
    }

    /// The chain from an instance up to its primary, itself first.
    pub(crate) fn chain(&self, project: &str, name: &str) -> Vec<&Instance> {
        let mut chain: Vec<&Instance> = Vec::new();
        let mut next = Some(name);
        while let Some(instance) = next.and_then(|name| self.instance(project, name)) {
            // A file that was edited by hand may hold a circle.
            if chain.iter().any(|seen| seen.name == instance.name) {
                break;
            }
            chain.push(instance);
            next = instance.source();
        }
        chain
    }

    /// The name of the primary that an instance goes back to; operations on it and on all its
    /// replicas wait for each other.
    pub(crate) fn group(&self, project: &str, name: &str) -> String {
        let chain = self.chain(project, name);
        chain
            .last()
            .map_or(name, |primary| &primary.name)
            .to_owned()
    }

    /// A key whose entry belongs to another one: a file that was edited by hand.
    pub(crate) fn misplaced(&self) -> Option<&str> {
        let mut instances = self.instances.iter();
        let found = instances.find(|(key, instance)| **key != instance.key());
        found.map(|(key, _)| key.as_str())
    }

    /// A new name in the form of a UUID.
    pub(crate) fn new_name(&mut self, project: &str) -> String {
        self.named += 1;
        uuid(&format!("{project} {}", self.named))
    }
}

/// A text's SHA-256 in hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let bytes = Sha256::digest(text.as_bytes());
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
