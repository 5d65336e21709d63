//! The half that talks to Azure.

use async_trait::async_trait;
use futures_util::{FutureExt as _, future::join_all};
use pgfleet_model::{
    AccountId, Check, FleetName, Inventory, Mutation, ObjectVersion, Owner, PasswordSource,
    ResourceRef,
};
use pgfleet_provider::{
    Operation, OperationName, Platform, Progress, Provider, ProviderError, Scope, Secrets, Until,
};

use crate::shared::standing::{progress, settled};

use super::{
    AzureOptions, AzurePlatform,
    client::{Client, Place, State},
    errors::{Action, ended, explain},
    mutate::{self, Begun},
    observe,
    preflight::{self, FreeNames},
    seen::{PAUSES, Unseen},
};

/// The flexible servers of one resource group. Fleets of a run share one, and with it its listings.
pub struct AzureProvider {
    platform: AzurePlatform,
    account: AccountId,
    client: Result<Client, ProviderError>,
    free: FreeNames,
    unseen: Unseen,
}

impl AzureProvider {
    /// The servers of a subscription's resource group. Nothing is sent before the first call.
    pub fn new(
        options: &AzureOptions,
        subscription: impl Into<String>,
        group: impl Into<String>,
    ) -> Self {
        let (subscription, group) = (subscription.into(), group.into());
        let place = Place {
            subscription: subscription.clone(),
            group: group.clone(),
        };
        let client = Client::new(place, &options.endpoint(), &options.insecure_hosts);
        // Both are the same in any case.
        let account = format!("{subscription}/{group}").to_ascii_lowercase();
        Self {
            platform: AzurePlatform::new(subscription, group),
            account: AccountId::new(account),
            client: client.map_err(|failure| explain("Azure", Action::Read, &failure)),
            free: FreeNames::default(),
            unseen: Unseen::default(),
        }
    }

    /// Where the administrator's password of a fleet is read from, in case it is to be changed.
    pub fn remember(&self, fleet: FleetName, password: PasswordSource) {
        self.platform.passwords.remember(fleet, password);
    }

    fn client(&self) -> Result<&Client, ProviderError> {
        self.client.as_ref().map_err(Clone::clone)
    }

    async fn list(&self) -> Result<Inventory, ProviderError> {
        let client = self.client()?;
        let listed = client.list().await.map_err(|failure| {
            let group = &client.place().group;
            let what = format!("Servers_ListByResourceGroup of {group}");
            explain(&what, Action::Read, &failure)
        })?;
        Ok(observe::inventory(&listed))
    }

    /// Asks after an operation by its address. `None`: the server itself has to tell.
    async fn asked(
        &self,
        operation: &Operation,
        name: &OperationName,
    ) -> Result<Option<Progress>, ProviderError> {
        let resource = &operation.mutation.resource;
        let what = format!("{} of {resource}", operation.mutation.operation.verb());
        match self.client()?.progress(name).await {
            Ok(State::Running { retry_after }) => Ok(Some(Progress::Running { retry_after })),
            Ok(State::Succeeded) => {
                self.unseen.done(&operation.mutation);
                Ok(Some(Progress::Done))
            }
            Ok(State::Failed(why)) => Err(ended(&what, &why)),
            Ok(State::Unknown) => Ok(None),
            Err(failure) => Err(explain(&what, Action::ReadOperation, &failure)),
        }
    }

    /// How far a mutation is by the listing.
    fn held(&self, mutation: &Mutation, listed: &Inventory) -> Result<Progress, ProviderError> {
        let resource = &mutation.resource;
        let standing = self.platform.standing(mutation, listed.get(resource));
        progress(
            standing,
            resource,
            "the server's activity log in the Azure portal",
        )
    }
}

#[async_trait]
impl Provider for AzureProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        Ok(self.account.clone())
    }

    /// Lists until what is done is seen: no operation is waited for, all are over.
    async fn observe(&self, _scope: &Scope) -> Result<Inventory, ProviderError> {
        for pause in PAUSES {
            let listed = self.list().await?;
            if !self.unseen.is_missed_by(&listed, &self.platform) {
                return Ok(listed);
            }
            tokio::time::sleep(pause).await;
        }
        self.unseen.give_up();
        self.list().await
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        preflight::check(self.client()?, mutations, &self.free).await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        _expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let passwords = &self.platform.passwords;
        self.unseen.forget(&mutation.resource);
        let free = mutation.operation.is_create() && self.free.take(&mutation.resource.id);
        let begun = mutate::begin(self.client()?, mutation, passwords, *secrets, free);
        let begun = Box::pin(begun).await?;
        let (until, retry_after) = match begun {
            Begun::Taken(taken) => (
                taken.operation.map_or(Until::Holds, Until::Named),
                taken.retry_after,
            ),
            Begun::Attached => (Until::Holds, None),
            Begun::Reached => (Until::Reached, None),
        };
        Ok(Operation {
            mutation: mutation.clone(),
            until,
            retry_after,
        })
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        // One operation at a time for each primary: never a call for each server.
        let asked = operations.iter().map(|operation| async move {
            match &operation.until {
                Until::Named(name) => self.asked(operation, name).await,
                Until::Holds => Ok(None),
                Until::Reached => Ok(Some(Progress::Done)),
            }
        });
        let answers = join_all(asked).await;
        let listing = if answers.iter().any(|answer| matches!(answer, Ok(None))) {
            self.list().await
        } else {
            Ok(Inventory::default())
        };
        let answers = answers.into_iter().zip(operations);
        answers
            .map(|(answer, operation)| match answer? {
                Some(progress) => Ok(progress),
                None => match &listing {
                    Ok(listed) => self.held(&operation.mutation, listed),
                    Err(error) => Err(error.clone()),
                },
            })
            .collect()
    }

    async fn claim(
        &self,
        resource: &ResourceRef,
        owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        let client = self.client()?;
        let Begun::Taken(taken) = mutate::claim(client, resource, owner).await? else {
            return Ok(());
        };
        let Some(name) = taken.operation else {
            return Ok(());
        };
        let (name, what) = (&name, &format!("Servers_Update of {resource}"));
        let ask = || async move {
            let state = client.progress(name).await;
            match state.map_err(|failure| explain(what, Action::ReadOperation, &failure))? {
                State::Succeeded => Ok(Progress::Done),
                State::Failed(why) => Err(ended(what, &why)),
                State::Unknown if mutate::is_claimed(client, resource, owner).await? => {
                    Ok(Progress::Done)
                }
                State::Running { retry_after } => Ok(Progress::Running { retry_after }),
                State::Unknown => Ok(Progress::Running { retry_after: None }),
            }
        };
        settled(resource, taken.retry_after, || ask().boxed()).await
    }
}
