//! The pure half: what RDS can do, and in which calls and order.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredState, Field, FieldChange, Lane, Mutation,
    ObservedInstance, ObservedState, ProviderKind, Region, ResourceRef, Role, Storage, Value,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PASSWORD_VERSION, PlannedCall, Platform,
    Standing, Word,
};

use crate::shared::passwords::{self, Passwords, changed_tag, is_version, rotates};

use super::{command, command::awaiting, docs, observe::reference, order, resolve, rules, setting};

/// RDS as the planner sees it.
#[derive(Debug, Clone)]
pub struct AwsPlatform {
    capabilities: Capabilities,
    pub(super) passwords: Passwords,
}

impl Default for AwsPlatform {
    fn default() -> Self {
        Self {
            capabilities: Capabilities {
                regions: true,
                multi_az_primary: true,
                multi_az_replica: true,
                resize: true,
                start: true,
                alters_stopped: false,
                final_snapshot: true,
                compare_and_set: false,
                pending_values: true,
                outlives_us: true,
                // A quota that can be raised: a warning, not a limit.
                max_replicas: None,
            },
            passwords: Passwords::default(),
        }
    }
}

impl Platform for AwsPlatform {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Aws
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn existing(&self, name: &str, region: &Region) -> Result<ResourceRef, Box<Check>> {
        let found = reference(name, region);
        if found.id.as_str().contains(':') {
            let check = Check::error("aws/existing", "`existing` names no RDS instance")
                .key("primary.existing")
                .remedy("write its identifier, or arn:aws:rds:REGION:ACCOUNT:db:IDENTIFIER")
                .source(docs("USER_Tagging.ARN.html"));
            return Err(Box::new(check));
        }
        Ok(found)
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        resolve::resolve(draft)
    }

    fn copy_disk(&self, disk: &mut Storage, source: &Storage) {
        rules::disk::copy(disk, source);
    }

    fn rule(&self, field: &Field, role: Role) -> FieldRule {
        match field {
            Field::Size
            | Field::MultiAz
            | Field::StorageType
            | Field::Throughput
            | Field::AutogrowToGib
            | Field::DeletionProtection => FieldRule::InPlace(Compare::Equal),
            Field::Iops => FieldRule::InPlace(Compare::RoundedUp {
                percent: rules::disk::LEAST_RAISE,
            }),
            Field::StorageGib => FieldRule::InPlace(Compare::AtLeast { show_more: true }),
            Field::Postgres => FieldRule::InPlace(Compare::Serves),
            Field::Tags => FieldRule::InPlace(Compare::Includes),
            // A version that is higher than the plan's was set by a later plan.
            field if is_version(field) && role == Role::Primary => {
                FieldRule::InPlace(Compare::AtLeast { show_more: false })
            }
            Field::BackupDays if role == Role::Primary => FieldRule::InPlace(Compare::Equal),
            Field::Setting(name)
                if [
                    setting::SECURITY_GROUPS,
                    setting::PARAMETER_GROUP,
                    setting::PUBLIC,
                ]
                .contains(&name.as_str()) =>
            {
                FieldRule::InPlace(Compare::Equal)
            }
            Field::Setting(name) if name == setting::SUBNET_GROUP => FieldRule::Refuse {
                compare: Compare::Equal,
                check: Check::error(
                    "aws/subnet-group",
                    "an instance is moved to other subnets by hand only",
                )
                .remedy("keep the subnet group that it has")
                .source(docs("USER_VPC.VPC2VPC.html")),
            },
            // The key is chosen when the instance is made, and RDS shows another spelling of it.
            Field::BackupDays | Field::Autogrow | Field::Address | Field::Setting(_) => {
                FieldRule::Ignore
            }
        }
    }

    /// A disk's speed follows its kind and its size, and the group of parameters the version.
    fn brings(&self, field: &Field, other: &Field) -> bool {
        match field {
            Field::StorageGib | Field::StorageType | Field::Iops => {
                matches!(other, Field::Iops | Field::Throughput)
            }
            Field::Postgres => {
                matches!(other, Field::Setting(name) if name == setting::PARAMETER_GROUP)
            }
            _ => false,
        }
    }

    fn check(
        &self,
        desired: &DesiredState,
        observed: &ObservedState,
        changes: &ChangeSet,
    ) -> Vec<Check> {
        rules::check(desired, observed, changes)
    }

    fn calls(&self, mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
        order::calls(mutation, before)
    }

    fn order(&self, calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
        order::order(calls, observed)
    }

    fn lane(&self, mutation: &Mutation, _primary: &ResourceRef) -> Lane {
        Lane(mutation.resource.clone())
    }

    fn rotates_passwords(&self) -> bool {
        true
    }

    fn commands(&self, mutation: &Mutation) -> Vec<Vec<Word>> {
        command::of(mutation, self.passwords.of(&mutation.owner.fleet).as_ref())
    }

    fn awaiting(&self, mutation: &Mutation) -> Vec<Vec<Word>> {
        awaiting::of(mutation)
    }

    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing {
        // No listing shows a password; it shows that one is being changed.
        let password = Field::Setting(PASSWORD_VERSION.to_owned());
        if rotates(mutation) && live.is_some_and(|live| live.pending.contains_key(&password)) {
            return Standing::Running;
        }
        pgfleet_planner::standing(self, mutation, live)
    }
}

/// Whether an attribute is kept in tags.
pub(super) fn is_tag(field: &Field) -> bool {
    matches!(field, Field::Tags | Field::Address) || is_version(field)
}

/// The name of the last snapshot of an instance.
pub(super) fn final_snapshot(resource: &ResourceRef) -> String {
    format!("{}-final", resource.id)
}

/// The names that are tried for it, one after the other: a snapshot outlives its instance.
pub(super) fn final_snapshots(resource: &ResourceRef) -> impl Iterator<Item = String> + use<> {
    let first = final_snapshot(resource);
    let further = (2..100).map({
        let first = first.clone();
        move |number| format!("{first}-{number}")
    });
    std::iter::once(first).chain(further)
}

/// The tags that an instance shall bear: the plan's, and pgfleet's own.
pub(super) fn all_tags(mutation: &Mutation, attributes: &Attributes) -> Vec<(String, String)> {
    let own = mutation.owner.tags();
    let version = passwords::tag(&attributes.settings);
    let all = attributes.tags.clone().into_iter();
    all.chain(own).chain(version).collect()
}

/// The tags that a change of tags sets: those that the plan wants, and pgfleet's own.
pub(super) fn new_tags(mutation: &Mutation, fields: &[FieldChange]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = mutation.owner.tags().into_iter().collect();
    for change in fields {
        if let (Field::Tags, Value::Map(wanted)) = (&change.field, &change.to) {
            all.extend(wanted.clone());
        }
        all.extend(changed_tag(change));
    }
    all
}

/// Whether a replica lies in another region than its source.
pub(super) fn is_abroad(resource: &ResourceRef, source: &ResourceRef) -> bool {
    resource.region != source.region
}
