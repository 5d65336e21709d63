//! What all connections work on.

use crate::clock::{Time, wall_now};
use crate::cloud::{Answer, Asked, CloudName, Clouds, Ending, Moment, Refusal, Request};
use crate::faults::{FaultEffect, Faults};
use crate::log::{Log, Record};
use crate::store::Store;
use crate::uuid::uuid;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Called after the nth request that took effect.
pub(crate) type Hook = Box<dyn Fn(u64, &Record) + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) with_control: bool,
    hook: Option<Hook>,
    request_seed: u64,
    requests: AtomicU64,
    state: Mutex<State>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("with_control", &self.with_control)
            .finish_non_exhaustive()
    }
}

/// What changes from request to request.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clouds: Clouds,
    pub(crate) time: Time,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Credentials whose time is over; `*` means all.
    pub(crate) expired: BTreeSet<String>,
    buckets: BTreeMap<(CloudName, String), (f64, Instant)>,
    effects: u64,
    pub(crate) store: Option<Store>,
}

impl State {
    /// Lets happen what is due, and tells the time.
    pub(crate) fn catch_up(&mut self) -> Moment {
        let moment = Moment {
            now: self.time.now(),
            clock: self.time.mode(),
        };
        self.clouds.catch_up(moment);
        moment
    }

    pub(crate) fn save(&self) -> std::io::Result<()> {
        match &self.store {
            Some(store) => store.save(self.time.anchor(), self.clouds.save()?),
            None => Ok(()),
        }
    }
}

/// What is to be done with a request before it is looked into.
#[derive(Debug)]
pub(crate) enum Before {
    /// It is refused.
    Refuse(Refusal),
    /// A fault hits it, or none does.
    Go(Option<FaultEffect>),
}

impl Shared {
    pub(crate) fn new(
        clouds: Clouds,
        time: Time,
        with_control: bool,
        hook: Option<Hook>,
        store: Option<Store>,
    ) -> Self {
        let state = State {
            clouds,
            time,
            faults: Faults::default(),
            log: Log::default(),
            expired: BTreeSet::new(),
            buckets: BTreeMap::new(),
            effects: 0,
            store,
        };
        Self {
            with_control,
            hook,
            request_seed: wall_now(),
            requests: AtomicU64::new(0),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; and if it did, the state would still be sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what exists, other than by a request. `act` also tells whether it has changed any.
    pub(crate) fn change<T>(
        &self,
        act: impl FnOnce(&mut Clouds, Moment) -> Result<(T, bool), String>,
    ) -> Result<T, String> {
        let mut state = self.state();
        let moment = state.catch_up();
        let (result, changed) = act(&mut state.clouds, moment)?;
        if changed {
            state.save().map_err(|error| error.to_string())?;
        }
        Ok(result)
    }

    /// An id in the form of a random UUID.
    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        uuid(&format!("{} {number}", self.request_seed))
    }

    /// Decides what happens to a request before it is looked into.
    pub(crate) fn before(&self, cloud: CloudName, asked: &Asked) -> Before {
        let mut state = self.state();
        let checked = state.clouds.get(cloud).checks_credential(asked);
        if checked && (state.expired.contains("*") || state.expired.contains(&asked.credential.0)) {
            return Before::Refuse(Refusal::Expired);
        }
        if !take_token(&mut state, cloud, &asked.place) {
            return Before::Refuse(Refusal::Throttled);
        }
        match state.faults.hit(cloud, asked) {
            Some(FaultEffect::Error {
                status,
                code,
                message,
            }) => Before::Refuse(Refusal::Scripted {
                status,
                code,
                message,
            }),
            Some(FaultEffect::Throttle) => Before::Refuse(Refusal::Throttled),
            Some(FaultEffect::ExpiredToken) => Before::Refuse(Refusal::Expired),
            hit => Before::Go(hit),
        }
    }

    /// Answers a request, keeps what it changed, and writes it down.
    pub(crate) fn perform(
        &self,
        name: CloudName,
        request: &Request,
        asked: &Asked,
        fault: Option<&FaultEffect>,
    ) -> Answer {
        let ending = match fault {
            Some(FaultEffect::EndIn { word }) => Some(Ending::In(word.clone())),
            Some(FaultEffect::PassThrough { word, seconds }) => {
                Some(Ending::Through(word.clone(), *seconds))
            }
            _ => None,
        };
        let mut state = self.state();
        let moment = state.catch_up();
        let cloud = state.clouds.get_mut(name);
        let mut answer = cloud.answer(request, ending.as_ref(), moment);
        if answer.effect
            && let Err(error) = state.save()
        {
            let refusal = Refusal::NotKept(error.to_string());
            answer = state.clouds.get(name).refuse(request, &refusal);
            answer.effect = true;
        }
        let effect = answer.effect;
        state.effects += u64::from(effect);
        let number = state.effects;
        let record = state.log.add(record(name, asked, fault, &answer));
        drop(state);
        if effect && let Some(hook) = &self.hook {
            hook(number, &record);
        }
        answer
    }

    /// Writes a request down that was refused or lost before it was looked into.
    pub(crate) fn note(
        &self,
        cloud: CloudName,
        asked: Option<&Asked>,
        outcome: &str,
        status: Option<u16>,
    ) {
        let record = Record {
            number: 0,
            at_milliseconds: wall_now(),
            cloud,
            action: asked.map_or("?", |asked| &asked.action).to_owned(),
            identifier: asked.and_then(|asked| asked.identifier.clone()),
            region: asked.map_or("?", |asked| &asked.place).to_owned(),
            outcome: outcome.to_owned(),
            status,
            effect: false,
        };
        self.state().log.add(record);
    }
}

fn take_token(state: &mut State, cloud: CloudName, place: &str) -> bool {
    let Some(rate) = state.clouds.get(cloud).rate() else {
        return true;
    };
    let now = Instant::now();
    let (tokens, since) = state
        .buckets
        .entry((cloud, place.to_owned()))
        .or_insert((rate.burst, now));
    *tokens = (*tokens + since.elapsed().as_secs_f64() * rate.per_second).min(rate.burst);
    *since = now;
    if *tokens < 1.0 {
        return false;
    }
    *tokens -= 1.0;
    true
}

fn record(cloud: CloudName, asked: &Asked, fault: Option<&FaultEffect>, answer: &Answer) -> Record {
    let (outcome, status) = match fault {
        Some(FaultEffect::LoseAnswer) => ("answer lost".to_owned(), None),
        Some(FaultEffect::HangAfter) => ("hangs".to_owned(), None),
        Some(FaultEffect::ErrorAfter { status, code, .. }) => (code.clone(), Some(*status)),
        Some(FaultEffect::Truncate) => ("answer truncated".to_owned(), Some(answer.status)),
        Some(FaultEffect::Malformed) => ("answer malformed".to_owned(), Some(answer.status)),
        _ => (
            answer.error.clone().unwrap_or_else(|| "ok".to_owned()),
            Some(answer.status),
        ),
    };
    Record {
        number: 0,
        at_milliseconds: wall_now(),
        cloud,
        action: asked.action.clone(),
        identifier: asked.identifier.clone(),
        region: asked.place.clone(),
        outcome,
        status,
        effect: answer.effect,
    }
}
