//! The pure half: what RDS can do, and in which calls and order.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredState, Disruption, Field, FieldChange, Lane, Mutation,
    ObservedInstance, ObservedState, Operation, ProviderKind, Region, ResourceRef, Role, Value,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PASSWORD_VERSION, PlannedCall, Platform,
    Standing, Word,
};
use pgfleet_spec::InstanceSize;

use crate::{
    passwords::{self, Passwords, is_password, rotates},
    portable::class_for,
};

use super::{GUIDE, awaiting, command, observe::reference, rules, setting};

/// Keys of `[aws]` that are about the account, not about instances.
const ACCOUNT: &str = "account";
/// The disk of a primary whose plan file names none: the smallest that RDS makes.
const SMALLEST_GIB: u32 = 20;
/// The kind of a new disk whose plan file names none.
const USUAL_DISK: &str = "gp3";

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
                .source(format!("{GUIDE}USER_Tagging.ARN.html"));
            return Err(Box::new(check));
        }
        Ok(found)
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        let Draft {
            size,
            platform,
            overrides,
            live,
            live_primary,
            primary,
            desired,
            ..
        } = draft;
        let mut checks = Vec::new();
        let region = desired.resource.region.clone();
        match size {
            // Replicas of a primary that pgfleet does not own are as that one is seen to be.
            None => {
                desired.attributes.size =
                    live_primary.and_then(|live| live.attributes.size.clone());
            }
            Some(InstanceSize::Class(class)) => desired.attributes.size = Some(class.clone()),
            Some(wanted @ InstanceSize::AtLeast { .. }) => {
                match class_for(ProviderKind::Aws, wanted, &region, live) {
                    Some(class) => desired.attributes.size = Some(class),
                    None => checks.push(
                        Check::error("aws/size", "no class that pgfleet knows holds this much")
                            .at(&desired.address)
                            .key(format!("{}.size", desired.key))
                            .remedy("name the class, such as size = \"db.r6g.large\"")
                            .source(format!("{GUIDE}Concepts.DBInstanceClass.html")),
                    ),
                }
            }
        }
        if live.is_none() {
            let storage = &mut desired.attributes.storage;
            storage.gib = storage.gib.or(Some(SMALLEST_GIB));
            storage.kind = storage.kind.take().or_else(|| Some(USUAL_DISK.to_owned()));
        }
        let abroad = region != primary.region;
        let own_place = desired.role() == Role::Primary || !abroad;
        let table = if own_place { platform } else { overrides };
        let named = table.iter().filter(|(name, _)| *name != ACCOUNT);
        let settings = &mut desired.attributes.settings;
        settings.extend(named.map(|(name, value)| (name.clone(), value.clone())));
        if desired.address.role() == Role::Replica && !abroad {
            // A replica lies in its primary's subnet group and is encrypted with its key: neither
            // may be said again.
            settings.remove(setting::SUBNET_GROUP);
            if !overrides.contains_key(setting::KMS_KEY) {
                settings.remove(setting::KMS_KEY);
            }
        }
        checks
    }

    fn rule(&self, field: &Field, role: Role) -> FieldRule {
        match field {
            Field::Size
            | Field::MultiAz
            | Field::StorageType
            | Field::Iops
            | Field::Throughput
            | Field::AutogrowToGib
            | Field::DeletionProtection => FieldRule::InPlace(Compare::Equal),
            Field::StorageGib => FieldRule::InPlace(Compare::AtLeast { show_more: true }),
            Field::Postgres => FieldRule::InPlace(Compare::Serves),
            Field::Tags => FieldRule::InPlace(Compare::Includes),
            // A version that is higher than the plan's was set by a later plan.
            field if is_password(field) && role == Role::Primary => {
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
                .source(format!("{GUIDE}USER_VPC.VPC2VPC.html")),
            },
            // The key is chosen when the instance is made, and RDS shows another spelling of it.
            Field::BackupDays | Field::Autogrow | Field::Address | Field::Setting(_) => {
                FieldRule::Ignore
            }
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
        match &mutation.operation {
            Operation::Modify { fields, in_window } => {
                let (tags, rest): (Vec<_>, Vec<_>) = fields
                    .iter()
                    .cloned()
                    .partition(|change| is_tag(&change.field));
                let version = rest.iter().find(|change| is_password(&change.field));
                let version = version.map(passwords::retag).into_iter().collect();
                [tags, rest, version]
                    .into_iter()
                    .filter(|fields| !fields.is_empty())
                    .map(|fields| {
                        let in_window = *in_window;
                        let operation = Operation::Modify { fields, in_window };
                        planned(
                            Mutation {
                                operation,
                                ..mutation.clone()
                            },
                            before,
                        )
                    })
                    .collect()
            }
            Operation::Delete { .. } => {
                let protected =
                    before.is_some_and(|before| before.deletion_protection == Some(true));
                let lift = (protected && !mutation.resume).then(|| Mutation {
                    operation: Operation::Modify {
                        fields: vec![FieldChange {
                            field: Field::DeletionProtection,
                            from: Some(Value::Flag(true)),
                            to: Value::Flag(false),
                        }],
                        in_window: false,
                    },
                    ..mutation.clone()
                });
                lift.into_iter()
                    .chain([mutation])
                    .map(|mutation| planned(mutation, before))
                    .collect()
            }
            _ => vec![planned(mutation, before)],
        }
    }

    /// Replicas get a new version before their primary does: RDS refuses the other order with
    /// `DBUpgradeDependencyFailure`.
    fn order(&self, calls: &[PlannedCall], observed: &ObservedState) -> Vec<Edge> {
        let upgrades: Vec<usize> = (0..calls.len())
            .filter(|index| match &calls[*index].mutation.operation {
                Operation::Modify { fields, .. } => {
                    fields.iter().any(|change| change.field == Field::Postgres)
                }
                _ => false,
            })
            .collect();
        let primary = observed.primary().map(|primary| &primary.resource);
        let (primaries, replicas): (Vec<_>, Vec<_>) = upgrades
            .into_iter()
            .partition(|index| Some(&calls[*index].mutation.resource) == primary);
        let edges = primaries.iter().flat_map(|then| {
            replicas.iter().map(|first| Edge {
                first: *first,
                then: *then,
            })
        });
        edges.collect()
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
        let Operation::Modify { fields, in_window } = &mutation.operation else {
            return pgfleet_planner::standing(self, mutation, live);
        };
        if !rotates(mutation) {
            return pgfleet_planner::standing(self, mutation, live);
        }
        // No listing shows a password; it shows that one is being changed.
        let password = Field::Setting(PASSWORD_VERSION.to_owned());
        if live.is_some_and(|live| live.pending.contains_key(&password)) {
            return Standing::Running;
        }
        let rest = fields.iter().filter(|change| !is_password(&change.field));
        let rest = Mutation {
            operation: Operation::Modify {
                fields: rest.cloned().collect(),
                in_window: *in_window,
            },
            ..mutation.clone()
        };
        pgfleet_planner::standing(self, &rest, live)
    }
}

/// Whether an attribute is kept in tags.
pub(super) fn is_tag(field: &Field) -> bool {
    matches!(field, Field::Tags | Field::Address)
}

/// A mutation with RDS's name for its call, what users notice, and how long it takes.
fn planned(mutation: Mutation, before: Option<&Attributes>) -> PlannedCall {
    let (call, disruption, seconds) = match &mutation.operation {
        Operation::CreatePrimary { .. } => ("CreateDBInstance", Disruption::None, 720),
        Operation::CreateReplica { .. } => ("CreateDBInstanceReadReplica", Disruption::None, 600),
        Operation::Start => ("StartDBInstance", Disruption::None, 300),
        Operation::Delete { .. } => ("DeleteDBInstance", Disruption::None, 300),
        Operation::Modify { fields, .. } if fields.iter().all(|change| is_tag(&change.field)) => {
            ("AddTagsToResource", Disruption::None, 2)
        }
        Operation::Modify { fields, in_window } => {
            let restarts = fields
                .iter()
                .any(|change| matches!(change.field, Field::Size | Field::Postgres));
            let two_zones = before.is_some_and(|before| {
                before.availability == Some(pgfleet_model::Availability::Regional)
            });
            let disruption = match (restarts, two_zones) {
                (false, _) => Disruption::None,
                (true, false) => Disruption::Restart,
                (true, true) => Disruption::Failover,
            };
            let seconds = if *in_window {
                2
            } else if restarts {
                600
            } else {
                120
            };
            ("ModifyDBInstance", disruption, seconds)
        }
    };
    PlannedCall {
        mutation,
        call: call.to_owned(),
        disruption,
        expected_seconds: Some(seconds),
    }
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
    }
    all
}

/// Whether a replica lies in another region than its source.
pub(super) fn is_abroad(resource: &ResourceRef, source: &ResourceRef) -> bool {
    resource.region != source.region
}
