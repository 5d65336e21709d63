//! What the plan file wants, resolved against what runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Address, Attributes, FleetName, PasswordSource, ProviderKind, Region, ResourceRef, Role,
};

/// A fleet as it shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredState {
    /// The fleet's name.
    pub fleet: FleetName,
    /// Where it lives.
    pub provider: ProviderKind,
    /// The primary's region; [`Region::local`] on this machine.
    pub region: Region,
    /// Whether the primary is pgfleet's own.
    pub primary: PrimaryPolicy,
    /// Whether a last snapshot of the primary is taken before it is deleted.
    pub final_snapshot: bool,
    /// The instances by address. No primary in it: it shall not exist, or it is not ours.
    pub instances: BTreeMap<Address, DesiredInstance>,
}

impl DesiredState {
    /// The primary's name with its provider, whether it is ours or not.
    pub fn primary_ref(&self) -> &ResourceRef {
        match &self.primary {
            PrimaryPolicy::Managed(resource) | PrimaryPolicy::Existing(resource) => resource,
        }
    }

    /// The replicas that shall exist, in order.
    pub fn replicas(&self) -> impl Iterator<Item = &DesiredInstance> {
        self.instances
            .values()
            .filter(|instance| instance.role() == Role::Replica)
    }

    /// The primary that shall exist, if pgfleet is to manage one.
    pub fn managed_primary(&self) -> Option<&DesiredInstance> {
        self.instances.get(&Address::Primary)
    }

    /// What `destroy` wants: nothing.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.instances.clear();
        self
    }
}

/// Whose the primary is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrimaryPolicy {
    /// pgfleet creates, changes and deletes it.
    Managed(ResourceRef),
    /// Somebody else's; replicas are attached to it and nothing else is done to it.
    Existing(ResourceRef),
}

/// One instance as it shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredInstance {
    /// Its place in the fleet.
    pub address: Address,
    /// Its name with the provider.
    pub resource: ResourceRef,
    /// What pgfleet keeps it at.
    pub attributes: Attributes,
    /// What is needed once, when the primary is created; `None` for replicas.
    pub bootstrap: Option<Bootstrap>,
    /// The key of the plan file that asks for it (`primary`, `replicas[0]`), for messages.
    pub key: String,
}

impl DesiredInstance {
    /// Primary or replica.
    pub fn role(&self) -> Role {
        self.address.role()
    }
}

/// What a primary is created with and never compared by afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The administrator's name.
    pub admin: String,
    /// The database created with the primary.
    pub database: String,
    /// Where the administrator's password is read from.
    pub password: Option<PasswordSource>,
}
