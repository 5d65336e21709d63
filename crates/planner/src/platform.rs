//! The pure half of a provider: all that the planner sees of a platform.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredInstance, DesiredState, Disruption, Field, Lane, Mutation,
    ObservedInstance, ObservedState, Phase, ProviderKind, Region, ResourceId, ResourceRef, Role,
    Settings, Storage,
};
use pgfleet_spec::InstanceSize;

use crate::Word;

/// The setting that holds `password_version`, where it is above 1.
pub const PASSWORD_VERSION: &str = "password_version";

/// What a platform can do at all. The conformance suite runs what is declared, and holds a
/// provider to refusing what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct Capabilities {
    /// Instances live in regions, and replicas may live in another than their primary.
    pub regions: bool,
    /// A primary may stand ready in two zones.
    pub multi_az_primary: bool,
    /// A replica may stand ready in two zones.
    pub multi_az_replica: bool,
    /// Instances have a class that can be changed.
    pub resize: bool,
    /// Stopped instances can be started.
    pub start: bool,
    /// Stopped instances can be altered, and are then before they are started: what they are set
    /// to may be what keeps them from starting.
    pub alters_stopped: bool,
    /// A deleted primary can leave a snapshot behind.
    pub final_snapshot: bool,
    /// Calls take the instance's revision and refuse when it has moved.
    pub compare_and_set: bool,
    /// A value can be pending, and becomes effective without a further call.
    pub pending_values: bool,
    /// What has begun goes on when pgfleet ends.
    pub outlives_us: bool,
    /// Replicas that one primary may have, where the platform sets a limit.
    pub max_replicas: Option<u32>,
}

/// How a wanted value is compared with a live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// The same value.
    Equal,
    /// At least as much. More than wanted satisfies; it is shown as drift where a plan file
    /// names the value, and not where pgfleet derived it.
    AtLeast {
        /// Whether more than wanted is shown as drift.
        show_more: bool,
    },
    /// As much, or up to so many hundredths more, to which the platform may have rounded it up. It is
    /// shown as drift then.
    RoundedUp {
        /// The hundredths.
        percent: u32,
    },
    /// Every wanted pair is there; others are left alone.
    Includes,
    /// A version that serves the wanted one.
    Serves,
}

/// What a difference in one attribute leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldRule {
    /// The attribute is not compared.
    Ignore,
    /// It is altered in place.
    InPlace(Compare),
    /// A replica is made anew; for a primary this is a refusal, since a primary is never replaced.
    Rebuild(Compare),
    /// Apply refuses.
    Refuse {
        /// How it is compared.
        compare: Compare,
        /// Why it is refused, as a check without address and key.
        check: Check,
    },
}

/// What the plan file says of one instance, for the platform to fill in its attributes.
#[derive(Debug)]
pub struct Draft<'a> {
    /// `size`, with the replica's inherited from the primary.
    pub size: Option<&'a InstanceSize>,
    /// `storage.gib` as the plan file gives it to the group itself.
    pub group_gib: Option<u32>,
    /// `storage.gib` as the plan file gives it to the primary.
    pub primary_gib: Option<u32>,
    /// `size` of the primary, where the plan file gives one.
    pub primary_size: Option<&'a InstanceSize>,
    /// The platform's own table, with the group's overrides in it.
    pub platform: &'a Settings,
    /// The group's overrides alone: what belongs to a region does not cross it by itself.
    pub overrides: &'a Settings,
    /// The live instance, where there is one.
    pub live: Option<&'a ObservedInstance>,
    /// The live primary, where there is one.
    pub live_primary: Option<&'a ObservedInstance>,
    /// The same, where the plan does not own it: what the plan file leaves open is as it is seen
    /// there.
    pub existing: Option<&'a ObservedInstance>,
    /// The identifiers of all replicas that the fleet shall have.
    pub replicas: &'a [ResourceId],
    /// The primary's name with its provider.
    pub primary: &'a ResourceRef,
    /// What has been resolved so far; the platform completes it.
    pub desired: &'a mut DesiredInstance,
}

/// A mutation with what people need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCall {
    /// The call.
    pub mutation: Mutation,
    /// Its name with the vendor.
    pub call: String,
    /// What users notice.
    pub disruption: Disruption,
    /// About how long it takes, in seconds.
    pub expected_seconds: Option<u32>,
}

/// The call at `first` must have succeeded before the call at `then` is made; both count from 0
/// in the list that [`Platform::order`] was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The earlier call.
    pub first: usize,
    /// The later call.
    pub then: usize,
}

/// How far a mutation has come, to judge by a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing of it is to be seen.
    NotBegun,
    /// It is under way.
    Running,
    /// It is done.
    Done,
    /// It cannot come to its end; the text says why.
    Failed(String),
}

/// The pure half of a provider. Every function may be called at any time, any number of times.
pub trait Platform: Send + Sync {
    /// Which platform it is.
    fn kind(&self) -> ProviderKind;

    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Names a primary that pgfleet does not own (`existing`), in the plan's region where the
    /// reference names none.
    ///
    /// # Errors
    /// A check, where the text names nothing on this platform.
    fn existing(&self, reference: &str, region: &Region) -> Result<ResourceRef, Box<Check>>;

    /// Completes the attributes of one instance: its class, its settings; takes away what the
    /// platform has not, and says so.
    fn resolve(&self, draft: Draft<'_>) -> Vec<Check>;

    /// Makes a new replica's disk of the kind that its live primary has, where the plan file does not
    /// say. Operations and throughput are those of that kind.
    fn copy_disk(&self, disk: &mut Storage, source: &Storage) {
        disk.kind = disk.kind.take().or_else(|| source.kind.clone());
        if disk.kind == source.kind {
            disk.iops = disk.iops.or(source.iops);
            disk.throughput = disk.throughput.or(source.throughput);
        }
    }

    /// What a difference in `field` leads to.
    fn rule(&self, field: &Field, role: Role) -> FieldRule;

    /// Whether the platform itself sets `other` anew when `field` of the same instance is altered.
    fn brings(&self, _field: &Field, _other: &Field) -> bool {
        false
    }

    /// The platform's rules, held against a whole fleet.
    fn check(
        &self,
        desired: &DesiredState,
        observed: &ObservedState,
        changes: &ChangeSet,
    ) -> Vec<Check>;

    /// The calls that one mutation of the planner takes: most often itself.
    fn calls(&self, mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall>;

    /// What must wait for what, beyond the order that holds everywhere (see [`crate::steps`]).
    fn order(&self, calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge>;

    /// Whether a replica is copied only after this call of its primary. What comes to the replica in
    /// any case need not hold it up.
    fn precedes_replicas(&self, _call: &PlannedCall) -> bool {
        true
    }

    /// Which mutations exclude each other in time.
    fn lane(&self, mutation: &Mutation, primary: &ResourceRef) -> Lane;

    /// Whether the administrator's password is changed when `password_version` rises. The version
    /// stands among the primary's settings then, as [`PASSWORD_VERSION`].
    fn rotates_passwords(&self) -> bool {
        false
    }

    /// The mutation as commands of the vendor's own tool, word by word, in an order that works.
    /// None where the tool has no command for it.
    fn commands(&self, mutation: &Mutation) -> Vec<Vec<Word>>;

    /// Commands that end when the mutation has come to its end, where [`Platform::commands`] end
    /// earlier. They are printed only before a step that needs it, and last of all.
    fn awaiting(&self, _mutation: &Mutation) -> Vec<Vec<Word>> {
        Vec::new()
    }

    /// Whether somebody, or the platform, works on making the instance.
    fn is_being_made(&self, live: &ObservedInstance) -> bool {
        live.phase == Phase::Creating
    }

    /// How far a mutation has come, to judge by the listing's entry for its instance.
    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing;
}
