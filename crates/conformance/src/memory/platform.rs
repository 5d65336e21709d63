//! The pure half: declares what the rules say.

use pgfleet_model::{
    Attributes, Availability, ChangeSet, Check, DesiredState, Disruption, Field, FieldChange, Lane,
    Mutation, ObservedInstance, ObservedState, Operation, ProviderKind, Region, ResourceId,
    ResourceRef, Role, Value,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PlannedCall, Platform, Standing, Word,
};
use pgfleet_spec::InstanceSize;

use super::{LaneKind, MemoryRules};

const HERE: &str = "the rules of the platform in memory";
/// Keys of a plan's platform table that are about the account, not about instances.
const ACCOUNT_KEYS: [&str; 4] = ["account", "project", "subscription", "resource_group"];

/// What the platform in memory declares.
#[derive(Debug, Clone)]
pub struct MemoryPlatform {
    rules: MemoryRules,
    capabilities: Capabilities,
}

impl MemoryPlatform {
    /// The platform of these rules.
    pub fn new(rules: MemoryRules) -> Self {
        let capabilities = Capabilities {
            regions: rules.regions,
            multi_az_primary: rules.multi_az_primary,
            multi_az_replica: rules.multi_az_replica,
            resize: rules.resize,
            start: rules.start,
            alters_stopped: false,
            final_snapshot: rules.final_snapshot,
            compare_and_set: rules.compare_and_set,
            pending_values: rules.pending_values,
            outlives_us: true,
            max_replicas: rules.max_replicas,
        };
        Self {
            rules,
            capabilities,
        }
    }

    fn has_zones(&self, role: Role) -> bool {
        match role {
            Role::Primary => self.capabilities.multi_az_primary,
            Role::Replica => self.capabilities.multi_az_replica,
        }
    }
}

impl Platform for MemoryPlatform {
    fn kind(&self) -> ProviderKind {
        self.rules.kind
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn existing(&self, reference: &str, _region: &Region) -> Result<ResourceRef, Box<Check>> {
        let (region, id) = reference.split_once('/').ok_or_else(|| {
            let check = Check::error("memory/existing", "`existing` names no instance")
                .key("primary.existing")
                .remedy("write REGION/IDENTIFIER")
                .source(HERE);
            Box::new(check)
        })?;
        Ok(ResourceRef {
            region: Region::new(region),
            id: ResourceId::new(id),
        })
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        let Draft {
            size,
            platform,
            desired,
            ..
        } = draft;
        let mut checks = Vec::new();
        let role = desired.role();
        let key = desired.key.clone();
        let attributes = &mut desired.attributes;
        attributes.size = match size {
            _ if !self.rules.resize => None,
            None => None,
            Some(InstanceSize::Class(class)) => Some(class.clone()),
            Some(InstanceSize::AtLeast {
                vcpus, memory_gib, ..
            }) => Some(format!("m.{vcpus}x{memory_gib}")),
        };
        if size.is_some() && !self.rules.resize {
            checks.push(
                Check::note("memory/size-ignored", "instances have no class here")
                    .key(format!("{key}.size"))
                    .source(HERE),
            );
        }
        if !self.has_zones(role) {
            if attributes.availability == Some(Availability::Regional) {
                checks.push(
                    Check::error(
                        "memory/multi-az",
                        format!("a {role} has no second zone here"),
                    )
                    .at(&desired.address)
                    .key(format!("{key}.multi_az"))
                    .remedy("leave `multi_az` out")
                    .source(HERE),
                );
            }
            attributes.availability = None;
        }
        if role == Role::Replica {
            attributes.postgres = None;
        }
        for (name, value) in platform.iter().filter(|(name, _)| !is_of_account(name)) {
            attributes.settings.insert(name.clone(), value.clone());
        }
        checks
    }

    fn rule(&self, field: &Field, _role: Role) -> FieldRule {
        match field {
            Field::Postgres => FieldRule::Refuse {
                compare: Compare::Serves,
                check: Check::error("memory/version", "another PostgreSQL version runs")
                    .remedy("keep the version that runs")
                    .source(HERE),
            },
            Field::Tags => FieldRule::InPlace(Compare::Includes),
            Field::StorageGib => FieldRule::InPlace(Compare::AtLeast { show_more: true }),
            Field::Setting(name) if name == "kms_key" => FieldRule::Rebuild(Compare::Equal),
            _ => FieldRule::InPlace(Compare::Equal),
        }
    }

    fn check(
        &self,
        desired: &DesiredState,
        observed: &ObservedState,
        _changes: &ChangeSet,
    ) -> Vec<Check> {
        let mut checks = Vec::new();
        let others = observed.strangers_of(desired.primary_ref()).count();
        let wanted = desired.replicas().count() + others;
        if let Some(limit) = self
            .rules
            .max_replicas
            .filter(|limit| wanted > *limit as usize)
        {
            checks.push(
                Check::error(
                    "memory/replica-limit",
                    format!("{wanted} replicas, {limit} allowed"),
                )
                .key("replicas")
                .remedy(format!("lower `count` to {limit} or less in all"))
                .source(HERE),
            );
        }
        let region = &desired.primary_ref().region;
        let abroad = desired
            .replicas()
            .find(|replica| replica.resource.region != *region);
        if let Some(abroad) = abroad.filter(|_| !self.rules.regions) {
            checks.push(
                Check::error(
                    "memory/region",
                    "replicas live in their primary's region here",
                )
                .at(&abroad.address)
                .key(format!("{}.region", abroad.key))
                .remedy("leave `region` out")
                .source(HERE),
            );
        }
        let all = observed.owned().chain(&observed.existing);
        let snapshot = desired.final_snapshot && !self.rules.final_snapshot;
        if snapshot && desired.instances.is_empty() && all.count() > 0 {
            checks.push(
                Check::warning("memory/no-snapshot", "no final snapshot can be taken here")
                    .remedy("dump what is worth keeping")
                    .source(HERE),
            );
        }
        checks
    }

    fn calls(&self, mutation: Mutation, before: Option<&Attributes>) -> Vec<PlannedCall> {
        let plain = |mutation: Mutation| {
            let seconds = self.rules.durations.of(&mutation.operation).as_secs();
            let (call, disruption) = match &mutation.operation {
                Operation::CreatePrimary { .. } => ("CreateInstance", Disruption::None),
                Operation::CreateReplica { .. } => ("CreateReplica", Disruption::None),
                Operation::Modify { .. } => ("ModifyInstance", Disruption::Restart),
                Operation::Start => ("StartInstance", Disruption::None),
                Operation::Delete { .. } => ("DeleteInstance", Disruption::None),
            };
            let call = call.to_owned();
            let expected_seconds = u32::try_from(seconds).ok();
            PlannedCall {
                mutation,
                call,
                disruption,
                expected_seconds,
            }
        };
        let Operation::Delete {
            final_snapshot,
            source,
        } = &mutation.operation
        else {
            return vec![plain(mutation)];
        };
        let snapshot = *final_snapshot && self.rules.final_snapshot;
        let operation = Operation::Delete {
            final_snapshot: snapshot,
            source: source.clone(),
        };
        let delete = plain(Mutation {
            operation,
            ..mutation.clone()
        });
        let protected = before.is_some_and(|before| before.deletion_protection == Some(true));
        if !protected || mutation.resume {
            return vec![delete];
        }
        // A protected instance is refused; the plan's own protection has been asked before.
        let fields = vec![FieldChange {
            field: Field::DeletionProtection,
            from: Some(Value::Flag(true)),
            to: Value::Flag(false),
        }];
        let operation = Operation::Modify {
            fields,
            in_window: false,
        };
        vec![
            plain(Mutation {
                operation,
                ..mutation
            }),
            delete,
        ]
    }

    fn order(&self, _calls: &[PlannedCall], _observed: &ObservedState) -> Vec<Edge> {
        Vec::new()
    }

    fn lane(&self, mutation: &Mutation, primary: &ResourceRef) -> Lane {
        Lane(match self.rules.lanes {
            LaneKind::Instance => mutation.resource.clone(),
            LaneKind::Primary => primary.clone(),
        })
    }

    fn commands(&self, _mutation: &Mutation) -> Vec<Vec<Word>> {
        Vec::new()
    }

    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing {
        pgfleet_planner::standing(self, mutation, live)
    }
}

fn is_of_account(name: &str) -> bool {
    ACCOUNT_KEYS.contains(&name)
}
