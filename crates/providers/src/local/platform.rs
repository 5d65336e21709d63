//! The pure half: what PostgreSQL on this machine can do, and in which order.

use pgfleet_model::{
    Action, Attributes, Change, ChangeSet, Check, DesiredState, Disruption, Field, FieldChange,
    Lane, Mutation, ObservedInstance, ObservedState, Operation, Phase, ProviderKind, Region,
    ResourceRef, Role, Storage, Value,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PlannedCall, Platform, Standing, Word,
};

use super::{
    config::{
        MAX_SENDERS, MAX_SLOTS, ORPHAN_SLOTS, PORT, STANDBY_SETTINGS, UPSTREAM, senders, slots,
    },
    existing,
    layout::slot_name,
    source::Source,
};

/// Raw phase of a folder whose making was interrupted.
pub(crate) const CREATING_INTERRUPTED: &str = "creating, interrupted";
/// Raw phase of a folder whose removal was interrupted.
pub(crate) const DELETING_INTERRUPTED: &str = "deleting, interrupted";

/// Longest identifier: with `pgfleet__` before it, it names a slot of at most 63 characters.
const LONGEST_ID: usize = 54;
const HERE: &str = "docs/local.md";

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
            Box::new(check.remedy("write postgres://USER:PASSWORD@HOST:PORT/DATABASE"))
        })?;
        Ok(source.resource)
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        let Draft {
            size,
            platform,
            overrides: _,
            live,
            live_primary,
            replicas,
            primary: _,
            desired,
        } = draft;
        let mut checks = Vec::new();
        let key = desired.key.clone();
        let attributes = &mut desired.attributes;
        if size.is_some() {
            checks.push(
                Check::note("local/size-ignored", "`size` means nothing on this machine")
                    .source(HERE),
            );
        }
        if attributes.storage != Storage::default() {
            checks.push(
                Check::note(
                    "local/storage-ignored",
                    "`storage` means nothing on this machine",
                )
                .source(HERE),
            );
        }
        if attributes.availability == Some(pgfleet_model::Availability::Regional) {
            checks.push(
                Check::error("local/multi-az", "this machine has no second zone")
                    .at(&desired.address)
                    .key(format!("{key}.multi_az"))
                    .remedy("leave `multi_az` out; replicas stand ready to take over")
                    .source(HERE),
            );
        }
        attributes.size = None;
        attributes.storage = Storage::default();
        attributes.availability = None;
        attributes.backup_days = None;
        attributes.deletion_protection = None;
        match desired.address.role() {
            Role::Primary => {
                let attributes = &mut desired.attributes.settings;
                if let Some(port) = platform.get(PORT) {
                    attributes.insert(PORT.into(), port.clone());
                }
                attributes.insert(MAX_SENDERS.into(), Value::Number(senders(replicas.len())));
                attributes.insert(MAX_SLOTS.into(), Value::Number(slots(replicas.len())));
                // A slot that waits for its replica to be made again goes with that: alone it asks
                // for no call, now or when the result is looked at. Where the slots are not known,
                // nothing is asked of them.
                if live.is_some_and(|live| live.attributes.settings.contains_key(ORPHAN_SLOTS)) {
                    let wanted: Vec<String> = replicas.iter().map(slot_name).collect();
                    let orphans = list(live, ORPHAN_SLOTS);
                    let all_wait = orphans.iter().all(|slot| wanted.contains(slot));
                    if orphans.is_empty() || !all_wait {
                        attributes.insert(ORPHAN_SLOTS.into(), Value::List(Vec::new()));
                    }
                }
            }
            Role::Replica => {
                // The version is the primary's, whatever the plan says.
                desired.attributes.postgres = None;
                let settings = &mut desired.attributes.settings;
                for name in STANDBY_SETTINGS {
                    let least = live_primary.and_then(|primary| number(primary, name));
                    if let Some(least) = least {
                        settings.insert(name.into(), Value::Number(least));
                    }
                }
                let grown = settings.get(MAX_SENDERS).and_then(as_number).unwrap_or(0);
                let grown = grown.max(senders(replicas.len()));
                settings.insert(MAX_SENDERS.into(), Value::Number(grown));
                // The plan's port is that of a primary of ours.
                let ours = live_primary.is_none_or(|primary| primary.owner.is_some());
                let port = platform.get(PORT).filter(|_| ours);
                let upstream = match port {
                    Some(port) => Some(format!("127.0.0.1:{port}")),
                    None => live_primary
                        .and_then(|primary| primary.endpoint.as_ref())
                        .map(ToString::to_string),
                };
                if let Some(upstream) = upstream {
                    settings.insert(UPSTREAM.into(), Value::Text(upstream));
                }
            }
        }
        checks
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
        let mut checks: Vec<Check> = desired
            .instances
            .values()
            .filter_map(bad_identifier)
            .collect();
        checks.extend(no_snapshot(desired, observed, changes));
        checks.extend(standbys_first(changes));
        checks.extend(existing::check(desired, observed));
        checks
    }

    fn calls(&self, mutation: Mutation, _before: Option<&Attributes>) -> Vec<PlannedCall> {
        let plain = |mutation: Mutation, call: &str, seconds: u32| PlannedCall {
            mutation,
            call: call.to_owned(),
            disruption: Disruption::None,
            expected_seconds: Some(seconds),
        };
        match &mutation.operation {
            Operation::CreatePrimary { .. } => vec![plain(mutation, "initdb", 3)],
            Operation::CreateReplica { .. } => vec![plain(mutation, "pg_basebackup", 3)],
            Operation::Start => vec![plain(mutation, "pg_ctl start", 2)],
            Operation::Delete { .. } => vec![plain(mutation, "stop and remove", 2)],
            Operation::Modify { fields, in_window } => {
                // Two calls where both kinds change, so that standbys can be raised before their
                // primary, and pointed at its new port after it.
                let (sizes, others): (Vec<_>, Vec<_>) = fields
                    .iter()
                    .cloned()
                    .partition(|change| is_standby_setting(&change.field));
                [sizes, others]
                    .into_iter()
                    .filter(|fields| !fields.is_empty())
                    .map(|fields| {
                        let (call, disruption, seconds) = modification(&fields);
                        let operation = Operation::Modify {
                            fields,
                            in_window: *in_window,
                        };
                        PlannedCall {
                            mutation: Mutation {
                                operation,
                                ..mutation.clone()
                            },
                            call: call.to_owned(),
                            disruption,
                            expected_seconds: Some(seconds),
                        }
                    })
                    .collect()
            }
        }
    }

    fn order(&self, calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
        let primary = observed.primary().map(|primary| &primary.resource);
        let on_primary = |call: &PlannedCall| Some(&call.mutation.resource) == primary;
        let alters = |call: &PlannedCall, wanted: &dyn Fn(&Field) -> bool| {
            matches!(&call.mutation.operation, Operation::Modify { fields, .. }
                if fields.iter().any(|change| wanted(&change.field)))
        };
        let deletes = |call: &PlannedCall, role: Role| {
            matches!(call.mutation.operation, Operation::Delete { .. })
                && call.mutation.owner.address.role() == role
        };
        let mut edges = Vec::new();
        for (first, one) in calls.iter().enumerate() {
            for (then, other) in calls.iter().enumerate() {
                let up = !on_primary(one)
                    && on_primary(other)
                    && alters(one, &is_standby_setting)
                    && alters(other, &is_standby_setting);
                let moved = on_primary(one)
                    && !on_primary(other)
                    && alters(one, &|field| *field == Field::Setting(PORT.into()))
                    && alters(other, &|field| *field == Field::Setting(UPSTREAM.into()));
                // A replica's slot is dropped on the running primary.
                let slot = on_primary(one)
                    && one.mutation.operation == Operation::Start
                    && !on_primary(other)
                    && matches!(other.mutation.operation, Operation::Delete { .. });
                // A replica that was promoted is one of the fleet's all the same, and its primary
                // is not removed before it.
                let last = deletes(one, Role::Replica) && deletes(other, Role::Primary);
                if up || moved || slot || last {
                    edges.push(Edge { first, then });
                }
            }
        }
        edges
    }

    fn lane(&self, mutation: &Mutation, _primary: &ResourceRef) -> Lane {
        Lane(mutation.resource.clone())
    }

    fn commands(&self, _mutation: &Mutation) -> Vec<Vec<Word>> {
        Vec::new()
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

fn is_standby_setting(field: &Field) -> bool {
    matches!(field, Field::Setting(name)
        if STANDBY_SETTINGS.contains(&name.as_str()) || name == MAX_SLOTS)
}

/// The name of a modification, what users notice of it, and how long it takes.
fn modification(fields: &[FieldChange]) -> (&'static str, Disruption, u32) {
    let any = |wanted: &dyn Fn(&Field) -> bool| fields.iter().any(|change| wanted(&change.field));
    if any(&|field| is_standby_setting(field) || *field == Field::Setting(PORT.into())) {
        ("pg_ctl restart", Disruption::Restart, 3)
    } else if any(&|field| *field == Field::Setting(UPSTREAM.into())) {
        ("pg_ctl reload", Disruption::None, 1)
    } else if any(&|field| *field == Field::Setting(ORPHAN_SLOTS.into())) {
        ("pg_drop_replication_slot", Disruption::None, 1)
    } else {
        ("write tags", Disruption::None, 1)
    }
}

pub(crate) fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

pub(crate) fn number(live: &ObservedInstance, name: &str) -> Option<u64> {
    live.attributes.settings.get(name).and_then(as_number)
}

fn list(live: Option<&ObservedInstance>, name: &str) -> Vec<String> {
    match live.and_then(|live| live.attributes.settings.get(name)) {
        Some(Value::List(words)) => words.clone(),
        _ => Vec::new(),
    }
}

fn bad_identifier(instance: &pgfleet_model::DesiredInstance) -> Option<Check> {
    let id = instance.resource.id.as_str();
    let fits = id.len() <= LONGEST_ID
        && id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    (!fits).then(|| {
        Check::error(
            "local/identifier",
            format!("`{id}` cannot name a folder and a replication slot"),
        )
        .at(&instance.address)
        .key(instance.key.clone())
        .remedy("use at most 54 lowercase letters, digits and hyphens, a letter or digit first")
        .source(HERE)
    })
}

fn no_snapshot(
    desired: &DesiredState,
    observed: &ObservedState,
    changes: &ChangeSet,
) -> Option<Check> {
    let primary = observed.primary()?;
    let deleted =
        |change: &&Change| change.action == Action::Delete && change.resource == primary.resource;
    let goes = changes.changes.iter().find(deleted)?;
    (desired.final_snapshot && primary.phase != Phase::Deleting).then(|| {
        Check::warning(
            "local/no-snapshot",
            format!(
                "{} is removed with its data: this machine takes no snapshot",
                goes.resource
            ),
        )
        .remedy("run pg_dump before, if the data is worth keeping")
        .source(HERE)
    })
}

fn standbys_first(changes: &ChangeSet) -> Option<Check> {
    let raised = |role: Role| {
        changes
            .effective()
            .filter(|change| change.address.role() == role)
            .any(|change| {
                change
                    .fields
                    .iter()
                    .any(|field| is_standby_setting(&field.field))
            })
    };
    (raised(Role::Primary) && raised(Role::Replica)).then(|| {
        Check::note(
            "postgres/standby-settings",
            "replicas are raised before their primary: a standby whose settings are below its \
             primary's stops replaying",
        )
        .source("postgresql.org/docs/current/hot-standby.html, \"Administrator's Overview\"")
    })
}
