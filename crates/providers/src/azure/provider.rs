//! The half that talks to Azure.

use async_trait::async_trait;
use futures_util::{FutureExt as _, future::join_all};
use pgfleet_model::{AccountId, Check, Inventory, Mutation, ObjectVersion, Owner, ResourceRef};
use pgfleet_planner::Standing;
use pgfleet_provider::{
    Operation, Platform, Progress, Provider, ProviderError, Scope, Secrets, Until,
};
use pgfleet_spec::Spec;

use crate::shared::{
    standing::{progress, settled},
    unseen::{PAUSES, Unseen},
};

use super::{
    AzureOptions, AzurePlatform,
    client::{Client, Ended, Failure, Place, Refusal, State},
    errors::{Action, ended, explain},
    mutate::{self, Begun},
    observe,
    preflight::{self, FreeNames},
    sent::Sent,
};

/// The flexible servers of one resource group. Fleets of a run share one, and with it its listings.
pub struct AzureProvider {
    platform: AzurePlatform,
    account: AccountId,
    client: Result<Client, ProviderError>,
    free: FreeNames,
    unseen: Unseen,
    sent: Sent,
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
            sent: Sent::default(),
        }
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

    /// Asks after an operation: at its address where it has one, else the server itself.
    async fn asked(&self, operation: &Operation) -> Result<Progress, ProviderError> {
        let mutation = &operation.mutation;
        let name = match &operation.until {
            Until::Named(name) => name,
            Until::Holds => return self.shown(mutation).await,
            Until::Reached => return Ok(Progress::Done),
        };
        let what = format!("{} of {}", mutation.operation.verb(), mutation.resource);
        match self.client()?.progress(name).await {
            Ok(State::Running { retry_after }) => {
                self.sent.goes_on(&mutation.resource);
                Ok(Progress::Running { retry_after })
            }
            Ok(State::Succeeded) => {
                self.unseen.done(mutation);
                Ok(Progress::Done)
            }
            Ok(State::Failed(why)) => Err(ended(&what, &why)),
            Ok(State::Doubtful(refusal)) => match self.standing(mutation).await? {
                Standing::Done | Standing::Running => {
                    self.sent.goes_on(&mutation.resource);
                    self.shown(mutation).await
                }
                Standing::NotBegun | Standing::Failed(_) => {
                    let again = self.sent.may_go_on(&mutation.resource);
                    Err(doubtful(&what, refusal, again))
                }
            },
            Ok(State::Unknown) => self.shown(mutation).await,
            Err(failure) => Err(explain(&what, Action::ReadOperation, &failure)),
        }
    }

    /// How far a mutation is by the server itself. It is asked and not the list, which lags behind at
    /// times and would let what was taken seem to have come to nothing. Only one call at a time is
    /// under way for a primary and its replicas, so that these questions are few.
    async fn shown(&self, mutation: &Mutation) -> Result<Progress, ProviderError> {
        let resource = &mutation.resource;
        let standing = match self.standing(mutation).await? {
            Standing::NotBegun if self.sent.is_fresh(resource) => Standing::Running,
            standing => standing,
        };
        if standing == Standing::Done {
            self.unseen.done(mutation);
        }
        progress(
            standing,
            resource,
            "the server's activity log in the Azure portal",
        )
    }

    async fn standing(&self, mutation: &Mutation) -> Result<Standing, ProviderError> {
        let id = mutation.resource.id.as_str();
        let live = mutate::look(self.client()?, id).await?;
        let live = live.as_ref().map(observe::alone);
        Ok(self.platform.standing(mutation, live.as_ref()))
    }
}

/// An error at the address of an operation, where the server itself does not show that it goes on or
/// has come to its end. The service's general word for a trouble of its own is about the question at
/// least as often: it is asked `again`.
fn doubtful(what: &str, refusal: Refusal, again: bool) -> ProviderError {
    let mut codes = std::iter::once(&refusal.code).chain(&refusal.details);
    let general = codes.all(|code| matches!(code.as_str(), "" | "InternalServerError"));
    if again && refusal.status >= 500 && general {
        return explain(what, Action::ReadOperation, &Failure::Refused(refusal));
    }
    let Refusal {
        code,
        message,
        details,
        ..
    } = refusal;
    let why = Ended {
        code,
        message,
        details,
    };
    ended(what, &why)
}

#[async_trait]
impl Provider for AzureProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    fn take_note(&self, spec: &Spec) {
        self.platform.passwords.take_note(spec);
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
        let free = mutation.operation.is_create()
            && self
                .free
                .take(&mutation.resource.id, std::time::Instant::now());
        let sent = &self.sent;
        let begun = mutate::begin(self.client()?, mutation, passwords, *secrets, free, sent);
        let begun = Box::pin(begun).await?;
        sent.taken(&mutation.resource);
        let (until, retry_after) = match begun {
            Begun::Taken(taken) => (
                taken.operation.map_or(Until::Holds, Until::Named),
                taken.retry_after,
            ),
            Begun::Attached => (Until::Holds, None),
            Begun::Reached => {
                self.unseen.done(mutation);
                (Until::Reached, None)
            }
        };
        Ok(Operation {
            mutation: mutation.clone(),
            until,
            retry_after,
        })
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        let asked = operations.iter().map(|operation| async move {
            let answer = self.asked(operation).await;
            answer.map_err(|error| self.sent.hidden(&operation.mutation.resource, error))
        });
        join_all(asked).await
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
                State::Doubtful(_) | State::Unknown
                    if mutate::is_claimed(client, resource, owner).await? =>
                {
                    Ok(Progress::Done)
                }
                State::Doubtful(refusal) if refusal.status < 500 => {
                    Err(doubtful(what, refusal, false))
                }
                State::Running { retry_after } => Ok(Progress::Running { retry_after }),
                State::Doubtful(_) | State::Unknown => Ok(Progress::Running { retry_after: None }),
            }
        };
        settled(resource, taken.retry_after, || ask().boxed()).await
    }
}

#[cfg(test)]
mod tests {
    use pgfleet_provider::Retry;

    use super::*;

    #[test]
    fn the_service_s_general_word_is_asked_about_again_and_not_for_ever() {
        let refusal = |code: &str, details: &[&str]| Refusal {
            status: 500,
            code: code.to_owned(),
            message: "words".to_owned(),
            details: details.iter().map(|code| (*code).to_owned()).collect(),
            retry_after: None,
            from_azure: true,
        };
        let told = |code, details: &[&str], again| doubtful("x", refusal(code, details), again);
        assert_eq!(told("InternalServerError", &[], true).retry, Retry::Backoff);
        for last in [
            told("InternalServerError", &[], false),
            told("InternalServerError", &["NoRoom"], true),
            told("NoRoom", &[], true),
        ] {
            assert_eq!(last.retry, Retry::Never, "{last:?}");
            assert!(last.message.contains("ended in failure"), "{last:?}");
        }
    }
}
