//! What the cloud turns down, and what it notes as careless.

use std::time::Duration;

use pgfleet_model::{
    Availability, DesiredInstance, Field, FieldChange, Mutation, ObjectVersion, Operation,
    ResourceRef, Role, Value,
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry};
use tokio::time::Instant;

use super::{
    Orphans,
    cloud::{Ending, Live, Pending, State, Work},
    life::can_be_pending,
};

pub(super) fn refused(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, message)
}

fn unsupported(what: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        format!("this platform has no {what}"),
    )
}

fn busy(what: &ResourceRef) -> ProviderError {
    ProviderError::new(
        ErrorKind::Busy,
        format!("{what} is busy with another operation"),
    )
    .retry(Retry::Backoff)
}

fn look(kind: ErrorKind, message: String) -> ProviderError {
    ProviderError::new(kind, message).retry(Retry::Reobserve)
}

/// What became of a mutation.
pub(super) enum Taken {
    /// Work of this name began.
    Began(String),
    /// Work of this name was going on already.
    Attached(String),
}

impl State {
    /// Takes a mutation, or turns it down.
    pub(super) fn take(
        &mut self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        now: Instant,
        fails: bool,
        odd_for: Option<Duration>,
    ) -> Result<Taken, ProviderError> {
        let Mutation {
            resource,
            operation,
            resume,
            ..
        } = mutation;
        self.is_supported(mutation)?;
        if *resume && let Some(name) = self.under_way(resource, operation) {
            return Ok(Taken::Attached(name));
        }
        self.is_there_as_needed(resource, operation)?;
        self.lane_is_free(resource, operation)?;
        match operation {
            Operation::CreatePrimary { desired } => self.create(mutation, desired, None),
            Operation::CreateReplica { desired, source } => {
                self.can_follow(source, desired)?;
                self.create(mutation, desired, Some(source));
            }
            Operation::Modify { fields, .. } => {
                self.modify(resource, fields, expect)?;
            }
            Operation::Start => self.start(resource)?,
            Operation::Delete { .. } => self.delete(resource)?,
        }
        self.note_strangers(mutation);
        let name = format!("operation-{}", self.operations.len() + 1);
        self.operations.insert(name.clone(), Ending::Open);
        let ends = now + self.rules.durations.of(operation);
        if let Some(live) = self.instances.get_mut(resource) {
            live.revision += 1;
            live.odd_until = odd_for.map(|time| now + time);
            live.work = Some(Work {
                name: name.clone(),
                operation: operation.clone(),
                ends,
                fails,
            });
        }
        Ok(Taken::Began(name))
    }

    fn is_supported(&self, mutation: &Mutation) -> Result<(), ProviderError> {
        let rules = &self.rules;
        let zones = |role: Role| match role {
            Role::Primary => rules.multi_az_primary,
            Role::Replica => rules.multi_az_replica,
        };
        match &mutation.operation {
            Operation::Start if !rules.start => Err(unsupported("way to start an instance")),
            Operation::Delete {
                final_snapshot: true,
                ..
            } if !rules.final_snapshot => Err(unsupported("final snapshot")),
            Operation::Modify { fields, .. } => {
                let asks = |field: Field| fields.iter().find(move |change| change.field == field);
                let role = self.instances.get(&mutation.resource).map(|live| live.role);
                if asks(Field::Size).is_some() && !rules.resize {
                    return Err(unsupported("instance classes"));
                }
                let zone = asks(Field::MultiAz).is_some_and(|c| c.to == Value::Flag(true));
                if zone && !zones(role.unwrap_or(Role::Primary)) {
                    return Err(unsupported("second zone for this instance"));
                }
                Ok(())
            }
            Operation::CreatePrimary { desired } | Operation::CreateReplica { desired, .. } => {
                let attributes = &desired.attributes;
                if attributes.size.is_some() && !rules.resize {
                    return Err(unsupported("instance classes"));
                }
                let regional = attributes.availability == Some(Availability::Regional);
                if regional && !zones(desired.role()) {
                    return Err(unsupported("second zone for this instance"));
                }
                match &mutation.operation {
                    Operation::CreateReplica { source, .. }
                        if !rules.regions && source.region != mutation.resource.region =>
                    {
                        Err(unsupported("replicas in another region"))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The name of the work that an earlier call of the same kind began.
    fn under_way(&self, resource: &ResourceRef, operation: &Operation) -> Option<String> {
        let work = self.instances.get(resource)?.work.as_ref()?;
        (work.operation.verb() == operation.verb()).then(|| work.name.clone())
    }

    fn is_there_as_needed(
        &self,
        resource: &ResourceRef,
        operation: &Operation,
    ) -> Result<(), ProviderError> {
        let creates = operation.is_create();
        match self.instances.get(resource) {
            Some(_) if creates => Err(look(
                ErrorKind::AlreadyExists,
                format!("{resource} exists already"),
            )),
            None if !creates => Err(look(
                ErrorKind::NotFound,
                format!("{resource} is not there"),
            )),
            Some(live) => match live.work.as_ref().map(|work| &work.operation) {
                Some(Operation::Delete { .. }) => Err(look(
                    ErrorKind::Conflict,
                    format!("{resource} is being deleted"),
                )),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn lane_is_free(
        &self,
        resource: &ResourceRef,
        operation: &Operation,
    ) -> Result<(), ProviderError> {
        let source = match operation {
            Operation::CreateReplica { source, .. } => Some(source),
            _ => self
                .instances
                .get(resource)
                .and_then(|live| live.source.as_ref()),
        };
        let lane = self.lane(resource, source);
        let works = self
            .instances
            .iter()
            .filter(|(_, live)| live.work.is_some());
        let same =
            |(other, live): &(&ResourceRef, &Live)| self.lane(other, live.source.as_ref()) == lane;
        works
            .into_iter()
            .find(same)
            .map_or(Ok(()), |(other, _)| Err(busy(other)))
    }

    fn can_follow(
        &self,
        source: &ResourceRef,
        desired: &DesiredInstance,
    ) -> Result<(), ProviderError> {
        let Some(live) = self.instances.get(source) else {
            return Err(refused(format!("the source {source} is not there")));
        };
        if live.work.is_some() {
            return Err(busy(source));
        }
        if live.stopped || live.failed || live.broken.is_some() || live.role != Role::Primary {
            return Err(refused(format!("nothing can follow {source} as it is")));
        }
        let followers = self.followers(source).len();
        if self
            .rules
            .max_replicas
            .is_some_and(|limit| followers >= limit as usize)
        {
            return Err(refused(format!(
                "{source} has {followers} replicas, as many as it may"
            )));
        }
        let (own, its) = (desired.attributes.storage.gib, live.attributes.storage.gib);
        if own.is_some() && own < its {
            return Err(refused(format!(
                "a replica's disk is at least as large as {source}'s"
            )));
        }
        Ok(())
    }

    fn create(
        &mut self,
        mutation: &Mutation,
        desired: &DesiredInstance,
        source: Option<&ResourceRef>,
    ) {
        let mut tags = desired.attributes.tags.clone();
        tags.extend(mutation.owner.tags());
        let role = if source.is_some() {
            Role::Replica
        } else {
            Role::Primary
        };
        let mut live = Live::new(tags, role, source.cloned());
        live.attributes = desired.attributes.clone();
        live.attributes.tags.clear();
        if self.rules.forgets_multi_az && role == Role::Replica {
            live.attributes.availability = Some(Availability::Zonal);
        }
        let inherited = source.and_then(|source| self.instances.get(source));
        if let Some(primary) = inherited {
            live.attributes.postgres = primary.attributes.postgres;
        }
        let newest = || "16.4".parse().ok();
        live.attributes.postgres = live.attributes.postgres.or_else(newest);
        self.instances.insert(mutation.resource.clone(), live);
    }

    fn modify(
        &mut self,
        resource: &ResourceRef,
        fields: &[FieldChange],
        expect: Option<&ObjectVersion>,
    ) -> Result<(), ProviderError> {
        let pending_values = self.rules.pending_values;
        let compare_and_set = self.rules.compare_and_set;
        let Some(live) = self.instances.get_mut(resource) else {
            return Ok(());
        };
        if compare_and_set && expect.is_some_and(|expect| expect.0 != live.revision.to_string()) {
            return Err(look(
                ErrorKind::Conflict,
                format!("{resource} has changed meanwhile"),
            ));
        }
        if live.stopped || live.failed {
            return Err(refused(format!("{resource} does not run")));
        }
        for change in fields
            .iter()
            .filter(|change| change.field == Field::StorageGib)
        {
            if live
                .attributes
                .get(&Field::StorageGib)
                .is_some_and(|gib| change.to < gib)
            {
                return Err(refused(format!("the disk of {resource} cannot shrink")));
            }
        }
        if fields.iter().all(|change| holds(live, change)) {
            self.history
                .offences
                .push(format!("changed nothing on {resource}"));
        }
        for change in fields
            .iter()
            .filter(|change| pending_values && can_be_pending(&change.field))
        {
            let pending = Pending {
                value: change.to.clone(),
                due: None,
            };
            live.pending.insert(change.field.clone(), pending);
        }
        Ok(())
    }

    fn start(&mut self, resource: &ResourceRef) -> Result<(), ProviderError> {
        match self.instances.get(resource) {
            Some(live) if !live.stopped => {
                Err(look(ErrorKind::Conflict, format!("{resource} is running")))
            }
            _ => Ok(()),
        }
    }

    fn delete(&mut self, resource: &ResourceRef) -> Result<(), ProviderError> {
        let followers = self.followers(resource);
        let Some(live) = self.instances.get(resource) else {
            return Ok(());
        };
        if live.attributes.deletion_protection == Some(true) {
            return Err(refused(format!("{resource} is protected against deletion")));
        }
        if let Some(follower) = followers.first() {
            self.history
                .offences
                .push(format!("{resource} deleted from under {follower}"));
            if self.rules.orphans == Orphans::Refused {
                return Err(refused(format!("{follower} follows {resource}")));
            }
        }
        Ok(())
    }

    /// Notes work on what does not bear the caller's tags. A cloud lets that pass, as clouds do.
    fn note_strangers(&mut self, mutation: &Mutation) {
        let Some(live) = self.instances.get(&mutation.resource) else {
            return;
        };
        let fleet = live.owner().map(|owner| owner.fleet);
        if fleet.as_ref() != Some(&mutation.owner.fleet) {
            let offence = format!("{} is not {}'s", mutation.resource, mutation.owner.fleet);
            self.history.offences.push(offence);
        }
    }
}

/// Whether a change is made already, or pending.
fn holds(live: &Live, change: &FieldChange) -> bool {
    if let Some(pending) = live.pending.get(&change.field) {
        return pending.value == change.to;
    }
    match (&change.field, &change.to) {
        (Field::Tags, Value::Map(tags)) => tags.iter().all(|(k, v)| live.tags.get(k) == Some(v)),
        (Field::Address, to) => {
            live.owner()
                .map(|owner| Value::Text(owner.address.to_string()))
                .as_ref()
                == Some(to)
        }
        (field, to) => live.attributes.get(field).as_ref() == Some(to),
    }
}
