//! The half that talks to RDS.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use futures_util::future::{BoxFuture, join_all};
use pgfleet_model::{
    AccountId, Check, Condition, Inventory, Mutation, ObjectVersion, ObservedInstance,
    Operation as Verb, Owner, Phase, Region, ResourceRef, TAG_ADDRESS, TAG_FLEET, TAG_MANAGED_BY,
};
use pgfleet_provider::{
    ErrorKind, Operation, Platform, Progress, Provider, ProviderError, Retry, Scope, Secrets,
    Standing, Until,
};
use pgfleet_spec::Spec;
use tokio::sync::OnceCell;

use crate::shared::{
    ownership::is_ours,
    passwords::{has_password, rotates},
    standing::progress,
};

use super::{
    AwsOptions, AwsPlatform,
    client::Clients,
    errors::{Nature, explain},
    mutate,
    observe::{Listed, list, listed},
    platform::{is_abroad, is_tag, new_tags},
    preflight,
    seen::gone::{Awaited, TAGS_SHOWN, TAKEN, gone, overwritten},
    seen::polled::{Page, Polled},
    seen::{Known, Seen, replicas},
};

/// How often RDS is asked for a list that shows each replica that an instance names.
const LISTS: u32 = 6;
/// Between two such questions.
const PAUSE: Duration = Duration::from_secs(2);

/// RDS in all regions of one account. Fleets of a run share one, and with it its listings.
pub struct AwsProvider {
    platform: AwsPlatform,
    clients: Clients,
    /// Where the account is asked for: the service answers the same in each region.
    home: Region,
    account: OnceCell<AccountId>,
    /// What RDS offers, as far as it was asked.
    offers: preflight::Offers,
    seen: Seen,
    /// What the last poll listed.
    polled: Polled,
    awaited: Awaited,
}

impl AwsProvider {
    /// A provider whose account is asked for in `home`. Nothing is asked before the first call.
    pub fn new(options: AwsOptions, home: Region) -> Self {
        Self {
            platform: AwsPlatform::default(),
            clients: Clients::new(options, home.clone()),
            home,
            account: OnceCell::new(),
            offers: preflight::Offers::default(),
            seen: Seen::default(),
            polled: Polled::default(),
            awaited: Awaited::default(),
        }
    }

    /// A call that failed since credentials of this generation have expired can be made again where
    /// others are found. Whatever it failed for, what it was signed with is not told.
    async fn renewed(&self, generation: u64, error: ProviderError) -> ProviderError {
        let error = self.clients.hidden_in(error);
        if error.kind == ErrorKind::Expired && self.clients.renew(generation).await {
            return error.retry(Retry::Backoff);
        }
        error
    }

    /// Does something, and finds new credentials where it fails for want of them.
    async fn renewing<T>(
        &self,
        work: BoxFuture<'_, Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let generation = self.clients.generation();
        match work.await {
            Ok(done) => Ok(done),
            Err(error) => Err(self.renewed(generation, error).await),
        }
    }

    /// What was last seen of an instance; it is looked for where it was not seen yet.
    async fn look_up(&self, resource: &ResourceRef) -> Result<Known, ProviderError> {
        if let Some(known) = self.seen.of(resource) {
            return Ok(known);
        }
        self.list_regions([resource.region.clone()].into()).await?;
        self.seen.of(resource).ok_or_else(|| {
            ProviderError::new(ErrorKind::NotFound, format!("RDS lists no {resource}"))
                .retry(Retry::Reobserve)
        })
    }

    async fn arn(&self, resource: &ResourceRef) -> Result<String, ProviderError> {
        self.look_up(resource).await?.arn.ok_or_else(|| {
            let why = format!("RDS tells no ARN of {resource}");
            ProviderError::new(ErrorKind::Internal, why)
        })
    }

    /// Lists regions side by side, and then those in which replicas of these lie; with the regions
    /// among the latter that may not be listed.
    async fn list_regions(
        &self,
        regions: BTreeSet<Region>,
    ) -> Result<(Vec<Listed>, BTreeSet<Region>), ProviderError> {
        let mut seen = Vec::new();
        let (mut done, mut left_out) = (BTreeSet::new(), BTreeSet::new());
        let mut next = regions.clone();
        while !next.is_empty() {
            let asked = next.iter().map(|region| async move {
                let client = self.clients.rds(region).await;
                (region.clone(), list(&client, region).await)
            });
            let answers = join_all(asked).await;
            done.append(&mut next);
            for (region, listed) in answers {
                let listed = match listed {
                    // Somebody else's replicas may lie where the plan has nothing to do.
                    Err(error) if !regions.contains(&region) && is_closed(&error) => {
                        left_out.insert(region);
                        continue;
                    }
                    listed => listed?,
                };
                for one in listed {
                    // A replica that the plan no longer wants may be all that is left in a region.
                    if one.instance.owner.is_some() {
                        let abroad = one.replicas_abroad();
                        next.extend(abroad.map(|replica| replica.region.clone()));
                    }
                    self.seen.note(&one);
                    seen.push(one);
                }
            }
            next.retain(|region| !done.contains(region));
        }
        Ok((seen, left_out))
    }

    /// Lists regions until they show each replica that an instance of pgfleet's names: one that was
    /// just made is listed a moment later, one that was just deleted is named a moment longer.
    async fn list_whole(
        &self,
        regions: &BTreeSet<Region>,
    ) -> Result<Vec<ObservedInstance>, ProviderError> {
        let mut lists = 1;
        loop {
            let (mut listed, left_out) = self.list_regions(regions.clone()).await?;
            let lacks = replicas::mark(&mut listed, &self.seen, &left_out);
            if !lacks || lists == LISTS {
                return Ok(listed.into_iter().map(|one| one.instance).collect());
            }
            lists += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sets pgfleet's tags, or takes them off.
    async fn tag(
        &self,
        resource: &ResourceRef,
        owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        let client = self.clients.rds(&resource.region).await;
        let arn = self.arn(resource).await?;
        if let Some(owner) = owner {
            if let Some(engine) = self.look_up(resource).await?.other_engine {
                let why = format!("{resource} runs {engine}, which pgfleet does not manage");
                return Err(ProviderError::new(ErrorKind::Refused, why)
                    .remedy("give the instance another name in the plan file"));
            }
            let tags = owner.tags().into_iter().collect();
            return mutate::add_tags(&client, &arn, tags).await;
        }
        let keys = [TAG_MANAGED_BY, TAG_FLEET, TAG_ADDRESS].map(ToOwned::to_owned);
        mutate::remove_tags(&client, &arn, keys.to_vec()).await
    }

    /// Makes the call, and says what its answer shows of the instance.
    async fn call(
        &self,
        mutation: &Mutation,
        secrets: &Secrets,
    ) -> Result<Option<ObservedInstance>, ProviderError> {
        let resource = &mutation.resource;
        let client = self.clients.rds(&resource.region).await;
        if !mutation.operation.is_create() {
            let seen = self.look_up(resource).await?;
            is_ours(mutation, seen.owner.as_ref())?;
            if matches!(mutation.operation, Verb::Delete { .. }) {
                let fleet = &mutation.owner.fleet;
                replicas::is_left_by_all(resource, fleet, &seen, &self.seen)?;
            }
        }
        let answer = match &mutation.operation {
            Verb::CreatePrimary { desired } => {
                mutate::create_primary(&client, mutation, desired, secrets).await?
            }
            Verb::CreateReplica { desired, source } => {
                let named = if is_abroad(resource, source) {
                    self.arn(source).await?
                } else {
                    source.id.to_string()
                };
                mutate::create_replica(&client, mutation, desired, named).await?
            }
            Verb::Modify { fields, .. } if fields.iter().all(|change| is_tag(&change.field)) => {
                let arn = self.arn(resource).await?;
                mutate::add_tags(&client, &arn, new_tags(mutation, fields)).await?;
                None
            }
            Verb::Modify { fields, in_window } => {
                let password = if has_password(fields) {
                    let fleet = &mutation.owner.fleet;
                    let passwords = &self.platform.passwords;
                    Some(passwords.read(fleet, *secrets, mutate::fault).await?)
                } else {
                    None
                };
                mutate::modify(&client, resource, fields, *in_window, password).await?
            }
            Verb::Start => mutate::start(&client, resource).await?,
            Verb::Delete { final_snapshot, .. } => {
                mutate::delete(&client, resource, *final_snapshot).await?
            }
        };
        match answer {
            Some(live) => {
                let shown = listed(&live, &resource.region)?;
                self.seen.note(&shown);
                Ok(Some(shown.instance))
            }
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Provider for AwsProvider {
    fn platform(&self) -> &dyn Platform {
        &self.platform
    }

    fn take_note(&self, spec: &Spec) {
        self.platform.passwords.take_note(spec);
    }

    async fn identity(&self) -> Result<AccountId, ProviderError> {
        let ask = || async {
            let client = self.clients.sts(&self.home).await;
            let answer = client.get_caller_identity().send().await;
            let answer =
                answer.map_err(|error| explain("GetCallerIdentity", Nature::Reads, &error))?;
            let account = answer.account.ok_or_else(|| {
                ProviderError::new(
                    ErrorKind::Internal,
                    "AWS does not say which account this is",
                )
            })?;
            Ok(AccountId::new(account))
        };
        self.renewing(Box::pin(self.account.get_or_try_init(ask)))
            .await
            .cloned()
    }

    async fn observe(&self, scope: &Scope) -> Result<Inventory, ProviderError> {
        let seen = self
            .renewing(Box::pin(self.list_whole(&scope.regions)))
            .await?;
        Ok(seen.into_iter().collect())
    }

    async fn preflight(&self, mutations: &[&Mutation]) -> Result<Vec<Check>, ProviderError> {
        self.renewing(Box::pin(preflight::check(
            &self.clients,
            &self.offers,
            &self.seen,
            mutations,
        )))
        .await
    }

    async fn begin(
        &self,
        mutation: &Mutation,
        _expect: Option<&ObjectVersion>,
        secrets: &Secrets,
    ) -> Result<Operation, ProviderError> {
        let attached = || Operation {
            mutation: mutation.clone(),
            until: Until::Holds,
            retry_after: None,
        };
        self.awaited.begin(mutation, Instant::now());
        // What an earlier run began is not begun again: the listing shows how far it is.
        if mutation.resume {
            return Ok(attached());
        }
        let _changing = self.polled.changing();
        let shown = self.renewing(Box::pin(self.call(mutation, secrets))).await;
        let shown = shown.map_err(|error| match error.retry {
            _ if error.kind == ErrorKind::Busy && self.has_failed(mutation) => {
                in_this_state(mutation, error)
            }
            // Whether a password was changed no listing tells. Changing it again does no harm.
            retry if retry.looks_first() && rotates(mutation) => {
                error.retry(Retry::Backoff.not_before(retry.asked_pause()))
            }
            _ => error,
        })?;
        let done = shown.is_some_and(|live| {
            !matches!(mutation.operation, Verb::Delete { .. })
                && self.platform.standing(mutation, Some(&live)) == Standing::Done
        });
        Ok(Operation {
            until: if done { Until::Reached } else { Until::Holds },
            ..attached()
        })
    }

    async fn credentials_expire(&self) -> Option<SystemTime> {
        self.clients.credentials_expire()
    }

    async fn claim(
        &self,
        resource: &ResourceRef,
        owner: Option<&Owner>,
    ) -> Result<(), ProviderError> {
        let _changing = self.polled.changing();
        self.renewing(Box::pin(self.tag(resource, owner))).await
    }

    fn polled(&self, scope: &Scope) -> Option<Arc<Inventory>> {
        self.polled.covering(scope)
    }

    async fn poll(&self, operations: &[Operation]) -> Vec<Result<Progress, ProviderError>> {
        let before = self.polled.mark();
        let generation = self.clients.generation();
        let regions: BTreeSet<Region> = operations
            .iter()
            .map(|operation| operation.mutation.resource.region.clone())
            .collect();
        let asked = regions.into_iter().map(|region| async move {
            let client = self.clients.rds(&region).await;
            let listed = list(&client, &region).await;
            (region, listed.map(|listed| self.page(listed)))
        });
        let mut listings: BTreeMap<Region, _> = join_all(asked).await.into_iter().collect();
        for listing in listings.values_mut() {
            if let Err(error) = listing {
                *error = self.renewed(generation, error.clone()).await;
            }
        }
        self.polled.keep(before, &listings);
        operations
            .iter()
            .map(|operation| {
                let mutation = &operation.mutation;
                let live = match listings.get(&mutation.resource.region) {
                    Some(Ok(page)) => page.instances.get(&mutation.resource),
                    Some(Err(error)) => return Err(error.clone()),
                    None => None,
                };
                let is_gone =
                    self.awaited
                        .is_gone(&mutation.resource, live.is_some(), Instant::now());
                let standing = match live {
                    Some(live) if retags(mutation) => self.tagged(mutation, live),
                    // Made with its tags, and listed without them for a moment.
                    Some(live) if live.owner.is_none() && self.is_fresh(mutation) => {
                        Standing::Running
                    }
                    live => self.platform.standing(mutation, live),
                };
                let is_idle = live.is_some() && standing == Standing::NotBegun;
                let idle = self
                    .awaited
                    .idle(&mutation.resource, is_idle, Instant::now());
                match standing {
                    Standing::NotBegun if is_gone => Err(gone(mutation)),
                    // Tags are shown late; RDS has taken them.
                    Standing::NotBegun if retags(mutation) && idle >= TAGS_SHOWN => {
                        Ok(Progress::Done)
                    }
                    Standing::NotBegun if is_modified(mutation) && idle >= TAKEN => {
                        Err(overwritten(mutation))
                    }
                    // What RDS has taken it begins a moment later: its status stays as it was.
                    Standing::NotBegun => Ok(Progress::Running { retry_after: None }),
                    standing => {
                        let look = "the instance's events in the RDS console";
                        progress(standing, &mutation.resource, look)
                    }
                }
            })
            .collect()
    }
}

/// Whether a region is one that these credentials have no business in, which is so until somebody
/// changes it: not enabled, not allowed, or its keys are not known there.
fn is_closed(error: &ProviderError) -> bool {
    let kinds = [
        ErrorKind::Permission,
        ErrorKind::Credentials,
        ErrorKind::Refused,
    ];
    kinds.contains(&error.kind) && error.retry == Retry::Never
}

/// Whether a mutation sets tags and nothing else.
fn retags(mutation: &Mutation) -> bool {
    matches!(&mutation.operation, Verb::Modify { fields, .. }
        if fields.iter().all(|change| is_tag(&change.field)))
}

fn is_modified(mutation: &Mutation) -> bool {
    matches!(mutation.operation, Verb::Modify { .. }) && !retags(mutation)
}

/// A refusal of what has failed: its state does not pass by itself.
fn in_this_state(mutation: &Mutation, error: ProviderError) -> ProviderError {
    let snapshot = matches!(
        mutation.operation,
        Verb::Delete {
            final_snapshot: true,
            ..
        }
    );
    let remedy = if snapshot {
        "write final_snapshot = false in [primary]: RDS takes no last snapshot of what has failed"
    } else {
        "look at the instance's events in the RDS console; what has failed is mended or deleted there"
    };
    error.remedy(remedy).retry(Retry::Never)
}

impl AwsProvider {
    /// Whether an instance was last seen as one that has failed.
    fn has_failed(&self, mutation: &Mutation) -> bool {
        let known = self.seen.of(&mutation.resource);
        known.is_some_and(|known| known.has_failed)
    }

    /// How far a change of tags is: they are set whatever else an instance is at.
    fn tagged(&self, mutation: &Mutation, live: &ObservedInstance) -> Standing {
        let live = ObservedInstance {
            phase: Phase::Available,
            condition: Condition::Sound,
            ..live.clone()
        };
        self.platform.standing(mutation, Some(&live))
    }

    /// Whether this run has just made what is waited for.
    fn is_fresh(&self, mutation: &Mutation) -> bool {
        let age = self.awaited.age(&mutation.resource, Instant::now());
        mutation.operation.is_create()
            && !mutation.resume
            && age.is_some_and(|age| age < TAGS_SHOWN)
    }

    fn page(&self, listed: Vec<Listed>) -> Page {
        let ours = listed.iter().filter(|one| one.instance.owner.is_some());
        let abroad = ours.flat_map(Listed::replicas_abroad);
        let beyond = abroad.map(|replica| replica.region.clone()).collect();
        let noted = listed.into_iter().map(|one| {
            self.seen.note(&one);
            (one.instance.resource.clone(), one.instance)
        });
        let instances = noted.collect();
        Page { instances, beyond }
    }
}
