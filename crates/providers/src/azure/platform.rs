//! The pure half: what the service can do, and in which calls and order.

use pgfleet_model::{
    Attributes, ChangeSet, Check, DesiredState, Field, Lane, Mutation, ObservedInstance,
    ObservedState, ProviderKind, Region, ResourceId, ResourceRef, Role,
};
use pgfleet_planner::{
    Capabilities, Compare, Draft, Edge, FieldRule, PlannedCall, Platform, Standing, Word,
};

use crate::shared::{
    databases,
    passwords::{Passwords, is_version},
};

use super::{command, docs, order, resolve, rules, setting};

/// The servers of one resource group as the planner sees them.
#[derive(Debug, Clone)]
pub struct AzurePlatform {
    subscription: String,
    group: String,
    capabilities: Capabilities,
    pub(super) passwords: Passwords,
}

impl AzurePlatform {
    /// The platform as it is in a subscription's resource group.
    pub fn new(subscription: impl Into<String>, group: impl Into<String>) -> Self {
        Self {
            subscription: subscription.into(),
            group: group.into(),
            capabilities: Capabilities {
                regions: true,
                multi_az_primary: true,
                multi_az_replica: false,
                resize: true,
                start: true,
                alters_stopped: false,
                final_snapshot: false,
                compare_and_set: false,
                pending_values: false,
                outlives_us: true,
                max_replicas: Some(rules::MAX_REPLICAS),
            },
            passwords: Passwords::default(),
        }
    }
}

impl Platform for AzurePlatform {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Azure
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A name, in the plan's region; `REGION/NAME`; or the whole resource ID, of the same group.
    fn existing(&self, reference: &str, region: &Region) -> Result<ResourceRef, Box<Check>> {
        let found = |region: &str, name: &str| ResourceRef {
            region: Region::new(region),
            id: ResourceId::new(name.to_ascii_lowercase()),
        };
        let refused = |why: &str| {
            Box::new(
                Check::error("azure/existing", format!("`existing` {why}"))
                    .key("primary.existing")
                    .remedy("write the server's name, REGION/NAME, or its resource ID")
                    .source(docs("read-replica/how-to-create-read-replica")),
            )
        };
        let parts: Vec<&str> = reference.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            [name] if !name.is_empty() => Ok(found(region.as_str(), name)),
            [region, name] if !region.is_empty() && !name.is_empty() => Ok(found(region, name)),
            [subscriptions, subscription, groups, group, _, _, kind, name]
                if subscriptions.eq_ignore_ascii_case("subscriptions")
                    && groups.eq_ignore_ascii_case("resourceGroups")
                    && kind.eq_ignore_ascii_case("flexibleServers")
                    && !name.is_empty() =>
            {
                let here = subscription.eq_ignore_ascii_case(&self.subscription)
                    && group.eq_ignore_ascii_case(&self.group);
                if here {
                    Ok(found(region.as_str(), name))
                } else {
                    Err(refused("lies in another subscription or resource group"))
                }
            }
            _ => Err(refused("names no flexible server")),
        }
    }

    fn resolve(&self, draft: Draft<'_>) -> Vec<Check> {
        resolve::resolve(draft)
    }

    fn rule(&self, field: &Field, role: Role) -> FieldRule {
        let refuse = |compare, check: Check| FieldRule::Refuse { compare, check };
        match field {
            Field::Size | Field::Iops | Field::Throughput | Field::Autogrow => {
                FieldRule::InPlace(Compare::Equal)
            }
            Field::MultiAz | Field::BackupDays if role == Role::Primary => {
                FieldRule::InPlace(Compare::Equal)
            }
            Field::StorageGib => FieldRule::InPlace(Compare::AtLeast { show_more: true }),
            Field::Tags => FieldRule::InPlace(Compare::Includes),
            Field::Postgres if role == Role::Primary => refuse(
                Compare::Serves,
                Check::error(
                    "azure/version-change",
                    "the server runs another major version than the plan asks for",
                )
                .remedy(
                    "write the version that runs; an upgrade is done by hand, after the replicas \
                     are deleted, and there is no way back to an older version",
                )
                .source(docs("configure-maintain/concepts-major-version-upgrade")),
            ),
            Field::StorageType => refuse(
                Compare::Equal,
                Check::error("azure/storage-type", "the kind of a disk cannot be changed")
                    .remedy("keep the kind that it has")
                    .source(docs("compute-storage/concepts-storage")),
            ),
            Field::Setting(name) if name == setting::SUBNET => refuse(
                Compare::Equal,
                Check::error("azure/subnet", "a server cannot be moved to another subnet")
                    .remedy("keep the subnet that it is in")
                    .source(docs("network/concepts-networking-private")),
            ),
            field if databases::concerns(field) => FieldRule::InPlace(Compare::Equal),
            // A version that is higher than the plan's was set by a later plan.
            field if is_version(field) && role == Role::Primary => {
                FieldRule::InPlace(Compare::AtLeast { show_more: false })
            }
            // One that somebody has made is shown, and left as it is.
            Field::Setting(name) if name == setting::SAME_ZONE => {
                FieldRule::InPlace(Compare::AtLeast { show_more: true })
            }
            // The zone of names is chosen with the subnet.
            Field::MultiAz
            | Field::BackupDays
            | Field::Postgres
            | Field::AutogrowToGib
            | Field::DeletionProtection
            | Field::Address
            | Field::Setting(_) => FieldRule::Ignore,
        }
    }

    /// A standby is in one zone or in another.
    fn brings(&self, field: &Field, other: &Field) -> bool {
        let same_zone = matches!(other, Field::Setting(name) if name == setting::SAME_ZONE);
        *field == Field::MultiAz && same_zone
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

    /// One mutation at a time for a primary and all its replicas, in whatever region.
    fn lane(&self, _mutation: &Mutation, primary: &ResourceRef) -> Lane {
        Lane(primary.clone())
    }

    fn rotates_passwords(&self) -> bool {
        true
    }

    fn commands(&self, mutation: &Mutation) -> Vec<Vec<Word>> {
        let place = command::Place {
            subscription: &self.subscription,
            group: &self.group,
        };
        let password = self.passwords.of(&mutation.owner.fleet);
        command::of(&place, mutation, password.as_ref())
    }

    fn standing(&self, mutation: &Mutation, live: Option<&ObservedInstance>) -> Standing {
        pgfleet_planner::standing(self, mutation, live)
    }
}

/// Whether an attribute is kept in tags.
pub(super) fn is_tag(field: &Field) -> bool {
    matches!(field, Field::Tags | Field::Address) || databases::is_note(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_primary_is_named_in_three_ways() {
        let platform = AzurePlatform::new("S", "food");
        let here = Region::new("eastus2");
        let name = |text: &str| {
            let found = platform.existing(text, &here);
            found
                .map(|found| format!("{} {}", found.region, found.id))
                .ok()
        };
        let id = "/subscriptions/s/resourceGroups/FOOD/providers/Microsoft.DBforPostgreSQL/flexibleServers/Main";
        assert_eq!(name("main").as_deref(), Some("eastus2 main"));
        assert_eq!(name("westus/main").as_deref(), Some("westus main"));
        assert_eq!(name(id).as_deref(), Some("eastus2 main"));
        assert_eq!(name(&id.replace("FOOD", "drinks")), None);
        assert_eq!(name("a/b/c"), None);
    }

    #[test]
    fn a_server_is_never_replaced() {
        let platform = AzurePlatform::new("S", "food");
        let fields = [
            Field::Size,
            Field::MultiAz,
            Field::Postgres,
            Field::StorageGib,
            Field::StorageType,
            Field::Autogrow,
            Field::BackupDays,
            Field::Tags,
            Field::Setting(setting::SUBNET.to_owned()),
            Field::Setting(setting::DNS_ZONE.to_owned()),
        ];
        for field in fields {
            for role in [Role::Primary, Role::Replica] {
                let rule = platform.rule(&field, role);
                assert!(
                    !matches!(rule, FieldRule::Rebuild(_)),
                    "{field} of a {role}"
                );
            }
        }
    }
}
