//! The calls of a run on their way to the platforms: how many at once, and how many repetitions.
//!
//! One line leads to each platform in each region, and all that a run asks there goes through it:
//! what throttles one call slows all down, and what is spent on repeating one is spent for all.
//! The rules are [`Pace`]'s, [`RetryBudget`]'s and [`Backoff`]'s; here they meet a clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pgfleet_model::{ProviderKind, Region};
use pgfleet_provider::{
    Backoff, ErrorKind, Pace, PaceChange, Provider, ProviderError, RetryBudget,
};
use tokio::{sync::Notify, time::Instant};

use crate::jitter::Jitter;

/// Calls on the way to one platform in one region where nothing is throttled. Steps that wait for
/// the platform's work are no calls: their number is [`Options::parallelism`](crate::Options).
const CALLS_AT_ONCE: u32 = 16;

/// All lines of a run.
#[derive(Debug)]
pub struct Traffic {
    began: Instant,
    lines: Mutex<Lines>,
    /// Told when a call has ended.
    freed: Notify,
}

#[derive(Debug)]
struct Lines {
    open: BTreeMap<(ProviderKind, Region), Line>,
    /// What nobody has been told yet.
    changes: Vec<Change>,
    jitter: Jitter,
}

/// The way to one platform in one region.
#[derive(Debug)]
struct Line {
    pace: Pace,
    budget: RetryBudget,
    on_the_way: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            pace: Pace::new(CALLS_AT_ONCE),
            budget: RetryBudget::default(),
            on_the_way: 0,
        }
    }
}

/// A line on which calls at once have become fewer or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) provider: ProviderKind,
    pub(crate) region: Region,
    pub(crate) pace: PaceChange,
}

/// Whom a call asks, and about which regions. A platform that answers for several regions at once
/// does not say which of them throttled it: it counts for all of them then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    provider: ProviderKind,
    regions: BTreeSet<Region>,
}

impl Route {
    pub(crate) fn new(provider: &dyn Provider, regions: BTreeSet<Region>) -> Self {
        let provider = provider.platform().kind();
        Self { provider, regions }
    }

    fn lines(&self) -> impl Iterator<Item = (ProviderKind, Region)> {
        let regions = self.regions.iter();
        regions.map(|region| (self.provider, region.clone()))
    }
}

/// When there is room for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    Now,
    /// The platform has asked to be left alone until then.
    At(Instant),
    /// When one of the calls on the way has ended.
    AfterAnother,
}

impl Traffic {
    /// Lines that are free. `seed` begins the random sequence of the pauses.
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            lines: Mutex::new(Lines {
                open: BTreeMap::new(),
                changes: Vec::new(),
                jitter: Jitter(seed),
            }),
            freed: Notify::new(),
        })
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether a call may be made now.
    pub(crate) fn opening(&self, route: &Route) -> Opening {
        let mut lines = self.lines();
        let now = self.now();
        let mut latest = now;
        for name in route.lines() {
            let line = lines.open.entry(name).or_default();
            match line.pace.opens(line.on_the_way, now) {
                Some(opens) => latest = latest.max(opens),
                None => return Opening::AfterAnother,
            }
        }
        if latest <= now {
            Opening::Now
        } else {
            Opening::At(self.began + latest)
        }
    }

    /// When the first of the platforms that asked to be left alone may be asked again.
    pub(crate) fn next_opening(&self) -> Option<Instant> {
        let now = self.now();
        let lines = self.lines();
        let opens = lines.open.values().map(|line| line.pace.opens(0, now));
        let later = opens.flatten().filter(|opens| *opens > now).min();
        later.map(|opens| self.began + opens)
    }

    /// Counts a call from now on until it has ended; `again`: it repeats one that failed.
    pub(crate) fn enter(self: &Arc<Self>, route: Route, again: bool) -> Call {
        let mut lines = self.lines();
        for name in route.lines() {
            lines.open.entry(name).or_default().on_the_way += 1;
        }
        Call {
            traffic: Arc::clone(self),
            sent: self.now(),
            route,
            again,
        }
    }

    /// Waits until there is room, and takes it.
    async fn wait_and_enter(self: &Arc<Self>, route: &Route, again: bool) -> Call {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // From here on no end of a call is missed.
            freed.as_mut().enable();
            match self.opening(route) {
                Opening::Now => return self.enter(route.clone(), again),
                Opening::At(time) => tokio::time::sleep_until(time).await,
                Opening::AfterAnother => freed.await,
            }
        }
    }

    /// Whether a call that failed may be made again, and after which pause. `attempt` counts the
    /// repetitions from 1, `since` is how long ago the first of its failures was.
    pub(crate) fn pause(
        &self,
        route: &Route,
        error: &ProviderError,
        backoff: Backoff,
        attempt: u32,
        since: Duration,
    ) -> Result<Duration, GivenUp> {
        let mut lines = self.lines();
        let jitter = lines.jitter.next();
        let pause = backoff.pause(error.retry, attempt, since, jitter);
        let Some(pause) = pause else {
            return Err(GivenUp::TriedEnough);
        };
        let mut paid = true;
        for name in route.lines() {
            let line = lines.open.entry(name).or_default();
            paid &= line.budget.spend(error.kind, error.retry);
        }
        if paid {
            Ok(pause)
        } else {
            Err(GivenUp::BudgetUsedUp)
        }
    }

    /// Asks a platform something that people wait for ([`Urgency::Waited`]).
    ///
    /// # Errors
    /// The last answer's.
    pub async fn ask<T>(
        self: &Arc<Self>,
        provider: &dyn Provider,
        regions: BTreeSet<Region>,
        ask: impl AsyncFn() -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        self.ask_with(Urgency::Waited, provider, regions, ask).await
    }

    /// Asks a platform something, and asks again where it is too busy to answer, or what is asked
    /// about is busy: that passes. How often one is asked that does not answer depends on the urgency.
    pub(crate) async fn ask_with<T>(
        self: &Arc<Self>,
        urgency: Urgency,
        provider: &dyn Provider,
        regions: BTreeSet<Region>,
        ask: impl AsyncFn() -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let route = Route::new(provider, regions);
        // How often it has failed in each way, and since when: what is busy for long uses up no
        // patience with anything else.
        let mut failed: BTreeMap<ErrorKind, (u32, Instant)> = BTreeMap::new();
        loop {
            let call = self.wait_and_enter(&route, !failed.is_empty()).await;
            let answer = ask().await;
            call.end(answer.as_ref().err());
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let new = || (0, Instant::now());
            let (attempt, first) = failed.entry(error.kind).or_insert_with(new);
            *attempt += 1;
            let backoff = match error.kind {
                ErrorKind::Throttled => Backoff::default(),
                ErrorKind::Busy => Backoff::default().while_busy(),
                _ if urgency == Urgency::Waited && *attempt > 2 => return Err(error),
                _ => Backoff::default(),
            };
            match self.pause(&route, &error, backoff, *attempt, first.elapsed()) {
                Ok(pause) => tokio::time::sleep(pause).await,
                Err(why) => return Err(why.told(error, &route)),
            }
        }
    }

    /// The changes of pace since this was last asked.
    pub(crate) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.lines().changes)
    }
}

/// How much a question matters to whoever asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// People wait for the answer, and nothing has been done yet: a platform that does not answer is
    /// asked twice more.
    Waited,
    /// It tells what came of work that is done: a platform that does not answer is asked as often as
    /// a step is repeated.
    Result,
}

/// Why a call is not made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// It is refused, or has failed too often or for too long.
    TriedEnough,
    /// All calls on its line together have failed too often.
    BudgetUsedUp,
}

impl GivenUp {
    /// The error as it is told then.
    pub(crate) fn told(self, mut error: ProviderError, route: &Route) -> ProviderError {
        if self == Self::BudgetUsedUp {
            let regions: Vec<&str> = route.regions.iter().map(Region::as_str).collect();
            error.message = format!(
                "{}; not tried again, since too many calls to {} {} have failed in this run",
                error.message,
                route.provider,
                regions.join(", ")
            );
            if error.remedy.is_empty() {
                error.remedy = "run the same command again later".to_owned();
            }
        }
        error
    }
}

/// A call on its way. Dropped, it was given up: nothing is learnt from it.
#[derive(Debug)]
pub(crate) struct Call {
    traffic: Arc<Traffic>,
    route: Route,
    sent: Duration,
    again: bool,
}

impl Call {
    /// The call was answered, with this error or well.
    pub(crate) fn end(self, error: Option<&ProviderError>) {
        self.end_by_region(|_| error);
    }

    /// The call was answered, for each region by itself.
    pub(crate) fn end_by_region<'e>(self, error: impl Fn(&Region) -> Option<&'e ProviderError>) {
        let now = self.traffic.now();
        let mut lines = self.traffic.lines();
        for name in self.route.lines() {
            let line = lines.open.entry(name.clone()).or_default();
            let change = match error(&name.1) {
                None => {
                    line.budget.succeeded(self.again);
                    line.pace.answered()
                }
                Some(error) if error.kind == ErrorKind::Throttled => {
                    let wait = error.retry.asked_pause();
                    line.pace.throttled(self.sent, now, wait)
                }
                Some(_) => None,
            };
            if let Some(pace) = change {
                let (provider, region) = name;
                let PaceChange { before, after, .. } = pace;
                tracing::info!(%provider, %region, before, after, "calls at once");
                lines.changes.push(Change {
                    provider,
                    region,
                    pace,
                });
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut lines = self.traffic.lines();
        for name in self.route.lines() {
            let line = lines.open.entry(name).or_default();
            line.on_the_way = line.on_the_way.saturating_sub(1);
        }
        self.traffic.freed.notify_waiters();
    }
}
