//! The pure half: what Cloud SQL can do, and in which order.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredState, Field, Lane, Mutation, ObservedInstance,
    ObservedState, ProviderKind, Region, ResourceId, ResourceRef, Role,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PlannedCall, Platform, Standing, Word,
};

use crate::shared::{
    calls::changes,
    databases,
    passwords::{Passwords, is_version},
};

use super::{
    command, docs, order, resolve, rules,
    setting::{EDITION, NETWORK, PITR},
};

/// Cloud SQL for PostgreSQL in one project.
#[derive(Debug)]
pub struct GcpPlatform {
    project: String,
    capabilities: Capabilities,
    pub(super) passwords: Passwords,
}

impl GcpPlatform {
    /// The platform as it is in `project`.
    pub fn new(project: &str) -> Self {
        Self {
            project: project.to_owned(),
            capabilities: Capabilities {
                regions: true,
                multi_az_primary: true,
                multi_az_replica: true,
                resize: true,
                start: true,
                alters_stopped: false,
                final_snapshot: true,
                compare_and_set: true,
                pending_values: false,
                outlives_us: true,
                max_replicas: Some(rules::MAX_REPLICAS),
            },
            passwords: Passwords::default(),
        }
    }
}

impl Platform for GcpPlatform {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Gcp
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn existing(&self, reference: &str, region: &Region) -> Result<ResourceRef, Box<Check>> {
        // A name, REGION/NAME, or Google's own connection name PROJECT:REGION:NAME.
        let (place, name) = match reference.split_once('/') {
            Some((place, name)) => (place, name),
            None => match reference.rsplit_once(':') {
                Some((before, name)) => (before.rsplit(':').next().unwrap_or_default(), name),
                None => (region.as_str(), reference),
            },
        };
        let of_another = reference
            .rsplitn(3, ':')
            .nth(2)
            .is_some_and(|project| project != self.project);
        if place.is_empty() || name.is_empty() || name.contains(['/', ':']) || of_another {
            let check = Check::error(
                "gcp/existing",
                format!(
                    "`existing` names no instance of the project {}",
                    self.project
                ),
            )
            .key("primary.existing")
            .remedy("write its name, REGION/NAME, or its connection name PROJECT:REGION:NAME")
            .source(docs("instance-settings"));
            return Err(Box::new(check));
        }
        Ok(ResourceRef {
            region: Region::new(place),
            id: ResourceId::new(name),
        })
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        resolve::resolve(&self.project, draft)
    }

    fn rule(&self, field: &Field, role: Role) -> FieldRule {
        let refuse =
            |compare, code: &str, page: &str, what: &str, remedy: &str| FieldRule::Refuse {
                compare,
                check: Check::error(code, what).remedy(remedy).source(docs(page)),
            };
        match field {
            Field::Postgres if role == Role::Primary => refuse(
                Compare::Serves,
                "gcp/version-change",
                "upgrade-major-db-version-inplace",
                "the primary runs another PostgreSQL version than the plan asks for",
                "keep the version that runs, or upgrade it with gcloud first; pgfleet never replaces \
                 a primary",
            ),
            Field::Size
            | Field::MultiAz
            | Field::Autogrow
            | Field::BackupDays
            | Field::DeletionProtection => FieldRule::InPlace(Compare::Equal),
            Field::Tags => FieldRule::InPlace(Compare::Includes),
            Field::StorageGib => FieldRule::InPlace(Compare::AtLeast { show_more: true }),
            Field::StorageType if role == Role::Replica => FieldRule::Rebuild(Compare::Equal),
            Field::StorageType => refuse(
                Compare::Equal,
                "gcp/storage-type",
                "instance-settings",
                "the kind of a disk cannot be changed",
                "keep the kind that runs",
            ),
            Field::Setting(name) if name == PITR => FieldRule::InPlace(Compare::Equal),
            field if databases::concerns(field) => FieldRule::InPlace(Compare::Equal),
            // A version that is higher than the plan's was set by a later plan.
            field if is_version(field) && role == Role::Primary => {
                FieldRule::InPlace(Compare::AtLeast { show_more: false })
            }
            Field::Setting(name) if name == EDITION => refuse(
                Compare::Equal,
                "gcp/edition-change",
                "upgrade-cloud-sql-instance-to-enterprise-plus-in-place",
                "pgfleet does not move an instance to another edition",
                "set `edition` in [gcp] to the one that runs, or change it with gcloud first",
            ),
            Field::Setting(name) if name == NETWORK => refuse(
                Compare::Equal,
                "gcp/network-change",
                "configure-private-ip",
                "pgfleet does not move an instance to another network",
                "set `network` in [gcp] to the one that it is in",
            ),
            _ => FieldRule::Ignore,
        }
    }

    /// The log for point-in-time recovery goes with the backups.
    fn brings(&self, field: &Field, other: &Field) -> bool {
        *field == Field::BackupDays && matches!(other, Field::Setting(name) if name == PITR)
    }

    fn check(
        &self,
        desired: &DesiredState,
        observed: &ObservedState,
        changes: &ChangeSet,
    ) -> Vec<Check> {
        rules::check(&self.project, desired, observed, changes)
    }

    fn calls(&self, mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
        order::calls(mutation, before)
    }

    fn order(&self, calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
        order::order(calls, observed)
    }

    /// A database comes to every replica, however old that is: one that cannot be made keeps none away.
    fn precedes_replicas(&self, call: &PlannedCall) -> bool {
        let mut changes = changes(call).iter();
        !changes.any(|change| databases::concerns(&change.field))
    }

    /// One mutation at a time for a primary and all its replicas, in whatever region.
    fn lane(&self, _mutation: &Mutation, primary: &ResourceRef) -> Lane {
        Lane(primary.clone())
    }

    fn rotates_passwords(&self) -> bool {
        true
    }

    fn commands(&self, mutation: &Mutation) -> Vec<Vec<Word>> {
        let password = self.passwords.of(&mutation.owner.fleet);
        command::of(&self.project, mutation, password.as_ref())
    }

    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing {
        pgfleet_planner::standing(self, mutation, live)
    }
}
