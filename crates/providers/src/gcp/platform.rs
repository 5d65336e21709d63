//! The pure half: what Cloud SQL can do, and in which order.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredState, Field, Lane, Mutation, ObservedInstance,
    ObservedState, ProviderKind, Region, ResourceId, ResourceRef, Role,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PlannedCall, Platform, Standing,
};

use super::{EDITION, NETWORK, PITR, command_line, order, resolve, rules};

/// Cloud SQL for PostgreSQL in one project.
#[derive(Debug)]
pub struct GcpPlatform {
    project: String,
    capabilities: Capabilities,
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

    fn existing(&self, reference: &str) -> Result<ResourceRef, Box<Check>> {
        let named = reference
            .split_once('/')
            .filter(|(region, id)| !region.is_empty() && !id.is_empty() && !id.contains('/'));
        let (region, id) = named.ok_or_else(|| {
            let check = Check::error("gcp/existing", "`existing` names no instance")
                .key("primary.existing")
                .remedy("write REGION/NAME, such as \"us-east1/foodtruck-prod\"")
                .source("docs/gcp.md");
            Box::new(check)
        })?;
        Ok(ResourceRef {
            region: Region::new(region),
            id: ResourceId::new(id),
        })
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        resolve::resolve(&self.project, draft)
    }

    fn rule(&self, field: &Field, role: Role) -> FieldRule {
        let refuse = |compare, code: &str, what: &str, remedy: &str| FieldRule::Refuse {
            compare,
            check: Check::error(code, what)
                .remedy(remedy)
                .source("cloud.google.com/sql/docs/postgres/instance-settings"),
        };
        match field {
            Field::Postgres if role == Role::Primary => refuse(
                Compare::Serves,
                "gcp/version-change",
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
                "gcp/disk-type",
                "the kind of a disk cannot be changed",
                "keep the kind that runs",
            ),
            Field::Setting(name) if name == PITR => FieldRule::InPlace(Compare::Equal),
            Field::Setting(name) if name == EDITION => refuse(
                Compare::Equal,
                "gcp/edition-change",
                "pgfleet does not move an instance to another edition",
                "set `edition` in [gcp] to the one that runs, or change it with gcloud first",
            ),
            Field::Setting(name) if name == NETWORK => refuse(
                Compare::Equal,
                "gcp/network-change",
                "pgfleet does not move an instance to another network",
                "set `network` in [gcp] to the one that it is in",
            ),
            _ => FieldRule::Ignore,
        }
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

    /// One mutation at a time for a primary and all its replicas, in whatever region.
    fn lane(&self, _mutation: &Mutation, primary: &ResourceRef) -> Lane {
        Lane(primary.clone())
    }

    fn command(&self, mutation: &Mutation) -> Option<Vec<String>> {
        command_line::command(&self.project, mutation)
    }

    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing {
        pgfleet_planner::standing(self, mutation, live)
    }
}
