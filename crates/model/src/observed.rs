//! What runs, as a provider lists it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::OnceLock,
};

use serde::{Deserialize, Serialize};

use crate::{
    Address, Attributes, DesiredInstance, DesiredState, Field, FleetName, ResourceRef, Role, Tags,
    Value,
};

/// Tag that every instance of ours bears, with the value `pgfleet`.
pub const TAG_MANAGED_BY: &str = "managed-by";
/// What the names of all other tags of pgfleet's own begin with, those of single platforms too.
pub const TAG_PREFIX: &str = "pgfleet-";
/// Tag that names the fleet.
pub const TAG_FLEET: &str = "pgfleet-fleet";
/// Tag that names the address in the fleet.
pub const TAG_ADDRESS: &str = "pgfleet-address";

/// Everything that a provider sees in one account and the regions it was asked about, ours or not.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    instances: BTreeMap<ResourceRef, ObservedInstance>,
    /// Made when it is first needed: one listing serves a thousand fleets, and each picks its few
    /// instances out of it.
    index: OnceLock<Index>,
}

/// Which instances are whose, by tag and by whom they follow.
#[derive(Debug, Clone, Default)]
struct Index {
    of_fleet: BTreeMap<FleetName, Vec<ResourceRef>>,
    followers: BTreeMap<ResourceRef, Vec<ResourceRef>>,
}

impl Inventory {
    /// The instances by name.
    pub fn instances(&self) -> &BTreeMap<ResourceRef, ObservedInstance> {
        &self.instances
    }

    /// The instances, to be altered.
    pub fn instances_mut(&mut self) -> &mut BTreeMap<ResourceRef, ObservedInstance> {
        self.index = OnceLock::new();
        &mut self.instances
    }

    /// One instance.
    pub fn get(&self, resource: &ResourceRef) -> Option<&ObservedInstance> {
        self.instances.get(resource)
    }

    /// The instances that bear a fleet's tags.
    pub fn of_fleet(&self, fleet: &FleetName) -> impl Iterator<Item = &ObservedInstance> {
        let names = self.index().of_fleet.get(fleet).into_iter().flatten();
        names.filter_map(|name| self.instances.get(name))
    }

    /// The replicas of an instance, whosever they are.
    pub fn followers(&self, source: &ResourceRef) -> impl Iterator<Item = &ObservedInstance> {
        let names = self.index().followers.get(source).into_iter().flatten();
        names.filter_map(|name| self.instances.get(name))
    }

    /// Whom an instance follows, and whom that one follows, and so on.
    fn above(&self, resource: &ResourceRef) -> Vec<ResourceRef> {
        let mut above = Vec::new();
        let mut next = self.get(resource);
        while let Some(source) = next.and_then(|live| live.source.as_ref()) {
            // A listing is what others say: a circle in it must not hold the run.
            if source == resource || above.contains(source) {
                break;
            }
            above.push(source.clone());
            next = self.get(source);
        }
        above
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (name, instance) in &self.instances {
                if let Some(owner) = &instance.owner {
                    let names = index.of_fleet.entry(owner.fleet.clone()).or_default();
                    names.push(name.clone());
                }
                if let Some(source) = &instance.source {
                    let names = index.followers.entry(source.clone()).or_default();
                    names.push(name.clone());
                }
            }
            index
        })
    }
}

impl PartialEq for Inventory {
    fn eq(&self, other: &Self) -> bool {
        self.instances == other.instances
    }
}

impl Eq for Inventory {}

impl FromIterator<ObservedInstance> for Inventory {
    fn from_iter<I: IntoIterator<Item = ObservedInstance>>(instances: I) -> Self {
        let instances = instances
            .into_iter()
            .map(|instance| (instance.resource.clone(), instance))
            .collect();
        Self {
            instances,
            index: OnceLock::new(),
        }
    }
}

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Being made.
    Creating,
    /// Usable.
    Available,
    /// Being changed, and usable or soon to be again.
    Modifying,
    /// Going away.
    Deleting,
    /// Broken in a way that does not pass by itself.
    Failed,
    /// Not running, and able to be started.
    Stopped,
    /// A word that this pgfleet does not know: keep waiting.
    Unknown,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Modifying => "modifying",
            Self::Deleting => "deleting",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        })
    }
}

/// Whether an instance does its work, beside the phase that its platform reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "why")]
pub enum Condition {
    /// Nothing is known against it.
    Sound,
    /// It cannot be mended in place; the text says why, as the end of "it is broken: ...".
    Broken(String),
}

/// Whose an instance is by its tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The fleet that the tags name.
    pub fleet: FleetName,
    /// The address that the tags name.
    pub address: Address,
}

impl Owner {
    /// Reads pgfleet's three tags and takes them out of `tags`. `None`: not ours, or tags that
    /// somebody damaged, which is the same, since nothing may then be done to the instance.
    pub fn take_from(tags: &mut Tags) -> Option<Self> {
        if tags.get(TAG_MANAGED_BY).map(String::as_str) != Some("pgfleet") {
            return None;
        }
        let fleet = tags.get(TAG_FLEET)?.parse().ok()?;
        let address = tags.get(TAG_ADDRESS)?.parse().ok()?;
        for name in [TAG_MANAGED_BY, TAG_FLEET, TAG_ADDRESS] {
            tags.remove(name);
        }
        Some(Self { fleet, address })
    }

    /// The three tags that say this.
    pub fn tags(&self) -> Tags {
        BTreeMap::from([
            (TAG_MANAGED_BY.to_owned(), "pgfleet".to_owned()),
            (TAG_FLEET.to_owned(), self.fleet.to_string()),
            (TAG_ADDRESS.to_owned(), self.address.to_string()),
        ])
    }
}

/// Where applications connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.host, self.port))
    }
}

/// The provider's own mark of an instance's revision, for compare-and-set: Cloud SQL's
/// `settingsVersion`. Opaque to everybody else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectVersion(pub String);

/// One instance as its provider lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedInstance {
    /// Its name with the provider.
    pub resource: ResourceRef,
    /// Whose it is by its tags; `None`: not ours.
    pub owner: Option<Owner>,
    /// What it is: observed, never read from a name.
    pub role: Role,
    /// Which instance a replica follows, where that is known.
    pub source: Option<ResourceRef>,
    /// Where it is in its life.
    pub phase: Phase,
    /// The platform's own word for that.
    pub raw_phase: String,
    /// Whether it does its work.
    pub condition: Condition,
    /// Where to connect; `None` until there is such a place.
    pub endpoint: Option<Endpoint>,
    /// Its revision, where the platform has compare-and-set.
    pub version: Option<ObjectVersion>,
    /// What it is set to now.
    pub attributes: Attributes,
    /// What it is set to become without a further call: RDS pending values.
    pub pending: BTreeMap<Field, Value>,
}

/// An instance that the plan does not own and that stands in its way or in its fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stranger {
    /// Has an identifier that the plan wants, but not our tags, or those of another fleet.
    Holds(Address, ObservedInstance),
    /// Follows an instance of the fleet, or the primary that the fleet follows, and is none of the
    /// fleet's. Whose replica it is, [`ObservedState::strangers_of`] tells.
    Follows(ObservedInstance),
}

/// What one fleet's plan is compared with: its own instances, and who else is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedState {
    /// Instances of the fleet whose identifier the plan wants, by the plan's address.
    pub wanted: BTreeMap<Address, ObservedInstance>,
    /// Instances with the fleet's tags whose identifier the plan does not want.
    pub surplus: Vec<ObservedInstance>,
    /// Instances of others that matter.
    pub strangers: Vec<Stranger>,
    /// A primary that pgfleet does not own but follows (`existing`), where it was found.
    pub existing: Option<ObservedInstance>,
    /// The instances above that one, where it is a replica itself: its source first, and on as far
    /// as the listing goes.
    #[serde(default)]
    pub above: Vec<ResourceRef>,
}

impl ObservedState {
    /// Picks out of a listing what concerns one fleet.
    ///
    /// The identifier identifies: an instance of ours under the identifier that the plan wants at
    /// an address is that address's instance, whatever address its tag names.
    pub fn select(inventory: &Inventory, desired: &DesiredState) -> Self {
        let mut state = Self {
            wanted: BTreeMap::new(),
            surplus: Vec::new(),
            strangers: Vec::new(),
            existing: None,
            above: Vec::new(),
        };
        let primary = desired.primary_ref();
        let mut known: BTreeSet<&ResourceRef> = BTreeSet::new();
        if let crate::PrimaryPolicy::Existing(existing) = &desired.primary {
            state.existing = inventory.get(existing).cloned();
            state.above = inventory.above(existing);
            known.insert(existing);
        }
        for DesiredInstance {
            address, resource, ..
        } in desired.instances.values()
        {
            let Some(live) = inventory.get(resource) else {
                continue;
            };
            known.insert(resource);
            let owner = live.owner.as_ref();
            if owner.is_some_and(|owner| owner.fleet == desired.fleet) {
                state.wanted.insert(address.clone(), live.clone());
            } else {
                let stranger = Stranger::Holds(address.clone(), live.clone());
                state.strangers.push(stranger);
            }
        }
        for live in inventory.of_fleet(&desired.fleet) {
            if known.insert(&live.resource) {
                state.surplus.push(live.clone());
            }
        }
        let ours = state.owned().map(|live| &live.resource);
        let leaders: BTreeSet<&ResourceRef> = ours.chain([primary]).collect();
        let mut followers = Vec::new();
        for leader in leaders {
            for live in inventory.followers(leader) {
                if known.insert(&live.resource) {
                    followers.push(Stranger::Follows(live.clone()));
                }
            }
        }
        state.strangers.extend(followers);
        state
    }

    /// The fleet's live primary: its own, or the existing one that it follows.
    pub fn primary(&self) -> Option<&ObservedInstance> {
        self.wanted
            .get(&Address::Primary)
            .or(self.existing.as_ref())
            .or_else(|| {
                self.surplus
                    .iter()
                    .find(|instance| instance.role == Role::Primary)
            })
    }

    /// The replicas of an instance that are none of the fleet's. Those further below are not among
    /// them: platforms limit, promote and refuse by whom a replica follows.
    pub fn strangers_of(&self, source: &ResourceRef) -> impl Iterator<Item = &ObservedInstance> {
        self.strangers
            .iter()
            .filter_map(move |stranger| match stranger {
                Stranger::Follows(live) if live.source.as_ref() == Some(source) => Some(live),
                Stranger::Follows(_) | Stranger::Holds(..) => None,
            })
    }

    /// Every instance of the fleet, wanted or not.
    pub fn owned(&self) -> impl Iterator<Item = &ObservedInstance> {
        self.wanted.values().chain(&self.surplus)
    }
}
