//! The half that talks to the cloud in memory.

use std::time::Duration;

use async_trait::async_trait;
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion};
use pgfleet_planner::{Platform, Standing};
use pgfleet_provider::{
    ErrorKind, Operation, OperationName, Progress, Provider, ProviderError, Retry, Scope, Secrets,
    Until,
};

use super::{
    Effect, Fault, MemoryCloud, MemoryPlatform, MemoryRules, What,
    cloud::Ending,
    refusals::{Taken, refused},
};

/// Talks to a [`MemoryCloud`]. A second one on the same cloud is a second process.
pub struct MemoryProvider {
    platform: MemoryPlatform,
    cloud: MemoryCloud,
}

impl MemoryProvider {
    /// A provider of this cloud that declares other rules than the cloud has, for tests of what
    /// finds that out.
    pub fn declaring(cloud: MemoryCloud, declared: MemoryRules) -> Self {
        Self {
            platform: MemoryPlatform::new(declared),
            cloud,
        }
    }

    /// A provider of this cloud.
    pub fn new(cloud: MemoryCloud) -> Self {
        Self {
            platform: MemoryPlatform::new(cloud.rules()),
            cloud,
        }
    }

    /// The call's way to the cloud, and all that can happen to it there.
    async fn reach(&self, call: usize, fault: Option<&Fault>) -> Result<(), ProviderError> {
        self.half_of_the_way().await;
        let (error, kind) = match fault {
            Some(Fault::Throttled(time)) => {
                let error = ProviderError::new(ErrorKind::Throttled, "too many calls");
                (error.retry(Retry::After(*time)), ErrorKind::Throttled)
            }
            Some(Fault::Busy) => {
                let error = ProviderError::new(ErrorKind::Busy, "the instance is busy");
                (error.retry(Retry::Backoff), ErrorKind::Busy)
            }
            Some(Fault::Stale) => {
                let error = ProviderError::new(ErrorKind::Conflict, "the instance has changed");
                (error.retry(Retry::Reobserve), ErrorKind::Conflict)
            }
            Some(Fault::Refused) => (refused("the platform will not"), ErrorKind::Refused),
            Some(Fault::Reset) => (lost(), ErrorKind::Unreachable),
            Some(Fault::Unavailable(time)) => {
                let retry = Retry::ReobserveAfter(*time);
                (lost().retry(retry), ErrorKind::Unreachable)
            }
            Some(Fault::Hung) => std::future::pending().await,
            Some(Fault::LostAnswer | Fault::HungAfter | Fault::EndsFailed | Fault::OddWord(_))
            | None => return Ok(()),
        };
        self.cloud.note(call, Effect::Refused(kind));
        Err(error)
    }

    /// The way back.
    async fn come_back(&self, fault: Option<&Fault>) -> Result<(), ProviderError> {
        self.half_of_the_way().await;
        match fault {
            Some(Fault::LostAnswer) => Err(lost()),
            Some(Fault::HungAfter) => std::future::pending().await,
            _ => Ok(()),
        }
    }

    async fn half_of_the_way(&self) {
        let half = self.cloud.rules().durations.answer / 2;
        if half > Duration::ZERO {
            tokio::time::sleep(half).await;
        }
    }

    fn until(&self, name: String) -> Until {
        if self.cloud.rules().named_operations {
            Until::Named(OperationName(name))
        } else {
            Until::Holds
        }
    }

    fn take(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        fault: Option<&Fault>,
    ) -> Result<Taken, ProviderError> {
        let (mut state, now) = self.cloud.settled();
        // What is not the fleet's is not touched, whatever the plan was made from.
        let owner = state
            .instances
            .get(&mutation.resource)
            .map(super::cloud::Live::owner);
        if owner.is_some_and(|owner| owner.is_none_or(|owner| owner.fleet != mutation.owner.fleet))
        {
            let resource = &mutation.resource;
            return Err(refused(format!(
                "{resource} does not belong to {}",
                mutation.owner.fleet
            ))
            .remedy("give the instance another name in the plan file"));
        }
        let odd_for = match fault {
            Some(Fault::OddWord(time)) => Some(*time),
            _ => None,
        };
        state.take(
            mutation,
            expect,
            now,
            fault == Some(&Fault::EndsFailed),
            odd_for,
        )
    }

    fn progress(&self, operation: &Operation) -> Result<Progress, ProviderError> {
        let (state, now) = self.cloud.settled();
        let running = Ok(Progress::Running { retry_after: None });
        match &operation.until {
            Until::Named(OperationName(name)) => match state.operations.get(name) {
                Some(Ending::Open) => running,
                Some(Ending::Done) => Ok(Progress::Done),
                Some(Ending::Failed(why)) => {
                    Err(ProviderError::new(ErrorKind::Internal, why.clone()))
                }
                None => {
                    let gone = format!("no operation {name}");
                    Err(ProviderError::new(ErrorKind::NotFound, gone).retry(Retry::Reobserve))
                }
            },
            Until::Reached => Ok(Progress::Done),
            Until::Holds => {
                let inventory = state.inventory(now);
                let live = inventory.get(&operation.mutation.resource);
                match self.platform.standing(&operation.mutation, live) {
                    Standing::Done => Ok(Progress::Done),
                    // A listing may be a moment behind the call.
                    Standing::Running => running,
                    Standing::NotBegun => {
                        let gone = format!("{} is not as asked", operation.mutation.resource);
                        Err(ProviderError::new(ErrorKind::Conflict, gone).retry(Retry::Reobserve))
                    }
                    Standing::Failed(why) => Err(ProviderError::new(ErrorKind::Internal, why)),
                }
            }
        }
    }
}

fn lost() -> ProviderError {
    ProviderError::new(ErrorKind::Unreachable, "the connection was lost").retry(Retry::Reobserve)
}

/// A question that was lost may simply be asked again.
fn again(error: ProviderError) -> ProviderError {
    let retry = if error.retry == Retry::Reobserve {
        Retry::Backoff
    } else {
        error.retry
    };
    error.retry(retry)
}

#[async_trait]
impl Provider for MemoryProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        let (call, fault) = self.cloud.hear(What::Identity);
        self.reach(call, fault.as_ref()).await.map_err(again)?;
        self.cloud.note(call, Effect::Told);
        self.come_back(fault.as_ref()).await.map_err(again)?;
        Ok(AccountId::new("memory"))
    }

    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError> {
        let (call, fault) = self.cloud.hear(What::Observe);
        self.reach(call, fault.as_ref()).await.map_err(again)?;
        let mut inventory = self.cloud.inventory();
        self.cloud.note(call, Effect::Told);
        inventory.instances_mut().retain(|resource, live| {
            let tagged = live
                .owner
                .as_ref()
                .is_some_and(|owner| scope.fleets.contains(&owner.fleet));
            tagged || scope.regions.is_empty() || scope.regions.contains(&resource.region)
        });
        self.come_back(fault.as_ref()).await.map_err(again)?;
        Ok(inventory)
    }

    async fn preflight(&self, _mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        let (call, fault) = self.cloud.hear(What::Preflight);
        self.reach(call, fault.as_ref()).await.map_err(again)?;
        self.cloud.note(call, Effect::Told);
        self.come_back(fault.as_ref()).await.map_err(again)?;
        Ok(Vec::new())
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        expect: Option<&ObjectVersion>,
        _secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let (call, fault) = self.cloud.hear(What::Begin(Box::new(mutation.clone())));
        self.reach(call, fault.as_ref()).await?;
        let taken = self.take(mutation, expect, fault.as_ref());
        let effect = match &taken {
            Ok(Taken::Began(_)) => Effect::Began,
            Ok(Taken::Attached(_)) => Effect::Attached,
            Err(error) => Effect::Refused(error.kind),
        };
        self.cloud.note(call, effect);
        self.come_back(fault.as_ref()).await?;
        let (Taken::Began(name) | Taken::Attached(name)) = taken?;
        Ok(Operation {
            mutation: mutation.clone(),
            until: self.until(name),
            retry_after: None,
        })
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        let (call, fault) = self.cloud.hear(What::Poll(operations.len()));
        let fails = |error: ProviderError| vec![Err(again(error)); operations.len()];
        if let Err(error) = self.reach(call, fault.as_ref()).await {
            return fails(error);
        }
        let answers = operations
            .iter()
            .map(|operation| self.progress(operation))
            .collect();
        self.cloud.note(call, Effect::Told);
        match self.come_back(fault.as_ref()).await {
            Ok(()) => answers,
            Err(error) => fails(error),
        }
    }
}
