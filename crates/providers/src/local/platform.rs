//! The pure half: what PostgreSQL on this machine can do, and in which order.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredState, Field, Lane, Mutation, ObservedInstance,
    ObservedState, Phase, ProviderKind, Region, ResourceRef, Role, Value,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PlannedCall, Platform, Standing, Word,
};

use super::{
    config::{ORPHAN_SLOTS, PORT, UPSTREAM},
    order, resolve,
    rules::{self, HERE},
    source::Source,
};

/// Raw phase of a folder whose making was interrupted.
pub(crate) const CREATING_INTERRUPTED: &str = "creating, interrupted";
/// Raw phase of a folder whose removal was interrupted.
pub(crate) const DELETING_INTERRUPTED: &str = "deleting, interrupted";

/// PostgreSQL servers on this machine.
#[derive(Debug)]
pub struct LocalPlatform {
    capabilities: Capabilities,
}

impl Default for LocalPlatform {
    fn default() -> Self {
        Self {
            capabilities: Capabilities {
                regions: false,
                multi_az_primary: false,
                multi_az_replica: false,
                resize: false,
                start: true,
                alters_stopped: true,
                final_snapshot: false,
                compare_and_set: true,
                pending_values: false,
                outlives_us: false,
                max_replicas: None,
            },
        }
    }
}

impl Platform for LocalPlatform {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Local
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn existing(&self, reference: &str, _region: &Region) -> Result<ResourceRef, Box<Check>> {
        let source = Source::existing(reference).map_err(|why| {
            let message = format!("`existing` cannot be used: {why}");
            let check = Check::error("local/existing", message).key("primary.existing");
            let page = "https://www.postgresql.org/docs/current/libpq-connect.html";
            Box::new(
                check
                    .remedy("write postgres://USER:PASSWORD@HOST:PORT/DATABASE")
                    .source(format!("{page}#LIBPQ-CONNSTRING-URIS")),
            )
        })?;
        Ok(source.resource)
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        resolve::resolve(draft)
    }

    fn rule(&self, field: &Field, role: Role) -> FieldRule {
        match field {
            Field::Tags => FieldRule::InPlace(Compare::Includes),
            Field::Postgres if role == Role::Primary => FieldRule::Refuse {
                compare: Compare::Serves,
                check: Check::error(
                    "local/version",
                    "the primary runs another PostgreSQL version than the plan asks for",
                )
                .remedy("keep the version that runs, or upgrade it by pg_upgrade and destroy the replicas first")
                .source(HERE),
            },
            Field::Setting(name) if name == PORT || name == UPSTREAM || name == ORPHAN_SLOTS => {
                FieldRule::InPlace(Compare::Equal)
            }
            Field::Setting(_) => FieldRule::InPlace(Compare::AtLeast { show_more: false }),
            _ => FieldRule::Ignore,
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

    fn calls(&self, mutation: Mutation, _before: Option<&Attributes>) -> Vec<PlannedCall> {
        order::calls(mutation)
    }

    fn order(&self, calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
        order::order(calls, observed)
    }

    fn lane(&self, mutation: &Mutation, _primary: &ResourceRef) -> Lane {
        Lane(mutation.resource.clone())
    }

    fn commands(&self, _mutation: &Mutation) -> Vec<Vec<Word>> {
        Vec::new()
    }

    fn is_being_made(&self, live: &ObservedInstance) -> bool {
        // What was interrupted nobody works on.
        live.phase == Phase::Creating && live.raw_phase != CREATING_INTERRUPTED
    }

    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing {
        // What was interrupted goes on only when it is begun again.
        let interrupted = live.is_some_and(|live| {
            live.raw_phase == CREATING_INTERRUPTED || live.raw_phase == DELETING_INTERRUPTED
        });
        if interrupted {
            return Standing::NotBegun;
        }
        pgfleet_planner::standing(self, mutation, live)
    }
}

pub(crate) fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

pub(crate) fn number(live: &ObservedInstance, name: &str) -> Option<u64> {
    live.attributes.number(name)
}
