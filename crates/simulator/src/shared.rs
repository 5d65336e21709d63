//! What all connections work on.

use crate::aws::{
    self, Answer, ApiError, Asked, AwsOptions, Ending, Service, World, asked, error_answer,
};
use crate::clock::{Anchor, Clock, Time, wall_now};
use crate::faults::{FaultEffect, Faults};
use crate::log::{Log, Record};
use crate::store::Store;
use sha2::{Digest, Sha256};
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
    pub(crate) service: Service,
    pub(crate) time: Time,
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Access keys whose session is over; `*` means all.
    pub(crate) expired: BTreeSet<String>,
    buckets: BTreeMap<String, (f64, Instant)>,
    effects: u64,
    pub(crate) store: Option<Store>,
}

impl State {
    /// Lets happen what is due, and tells the time.
    pub(crate) fn catch_up(&mut self) -> u64 {
        let now = self.time.now();
        self.world
            .catch_up(now, self.time.mode(), &self.service.timing);
        now
    }

    pub(crate) fn save(&self) -> std::io::Result<()> {
        match &self.store {
            Some(store) => store.save(self.time.anchor(), &self.world),
            None => Ok(()),
        }
    }
}

/// What is to be done with a request before it is answered.
#[derive(Debug)]
pub(crate) enum Before {
    /// It is refused.
    Refuse(ApiError),
    /// A fault hits it, or none does.
    Go(Option<FaultEffect>),
}

impl Shared {
    pub(crate) fn new(
        options: AwsOptions,
        clock: Clock,
        with_control: bool,
        hook: Option<Hook>,
        store: Option<Store>,
        saved: Option<(Anchor, World)>,
    ) -> Self {
        let (anchor, world) = saved.unwrap_or_else(|| (Anchor::today(), World::default()));
        let state = State {
            service: Service::new(options, clock),
            time: Time::resume(clock, anchor),
            world,
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

    /// Changes how the simulated AWS behaves, from the next request on.
    pub(crate) fn change_options(&self, change: impl FnOnce(&mut AwsOptions)) {
        let mut state = self.state();
        let mut options = state.service.options.clone();
        change(&mut options);
        state.service = Service::new(options, state.time.mode());
    }

    /// An id in the form of a random UUID.
    pub(crate) fn request_id(&self) -> String {
        use std::fmt::Write as _;
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let hash = Sha256::digest(format!("{} {number}", self.request_seed));
        let mut id = String::new();
        for (index, byte) in hash.iter().take(16).enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                id.push('-');
            }
            let byte = match index {
                6 => byte & 0x0f | 0x40,
                8 => byte & 0x3f | 0x80,
                _ => *byte,
            };
            let _ = write!(id, "{byte:02x}");
        }
        id
    }

    /// Decides what happens to a request before it is looked into.
    pub(crate) fn before(&self, asked: &Asked) -> Before {
        let mut state = self.state();
        if state.expired.contains("*") || state.expired.contains(&asked.caller.access_key) {
            return Before::Refuse(expired());
        }
        if !Self::take_token(&mut state, asked.region()) {
            return Before::Refuse(ApiError::throttled());
        }
        let hit = state
            .faults
            .hit(&asked.action, asked.identifier.as_deref(), asked.region());
        match hit {
            Some(FaultEffect::Error {
                status,
                code,
                message,
            }) => Before::Refuse(ApiError::new(status, code, message)),
            Some(FaultEffect::Throttle) => Before::Refuse(ApiError::throttled()),
            Some(FaultEffect::ExpiredToken) => Before::Refuse(expired()),
            hit => Before::Go(hit),
        }
    }

    fn take_token(state: &mut State, region: &str) -> bool {
        let Some(rate) = state.service.options.rate else {
            return true;
        };
        let now = Instant::now();
        let (tokens, since) = state
            .buckets
            .entry(region.to_owned())
            .or_insert((rate.burst, now));
        *tokens = (*tokens + since.elapsed().as_secs_f64() * rate.per_second).min(rate.burst);
        *since = now;
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }

    /// Answers a request, keeps what it changed, and writes it down.
    pub(crate) fn perform(&self, asked: &Asked, fault: Option<&FaultEffect>) -> Answer {
        let request_id = self.request_id();
        let ending = match fault {
            Some(FaultEffect::EndIn { word }) => Some(Ending::In(word.clone())),
            Some(FaultEffect::PassThrough { word, seconds }) => {
                Some(Ending::Through(word.clone(), *seconds))
            }
            _ => None,
        };
        let mut state = self.state();
        let now = state.catch_up();
        let State { service, world, .. } = &mut *state;
        let mut answer = service.answer(asked, ending.as_ref(), world, now, &request_id);
        if answer.effect
            && let Err(error) = state.save()
        {
            let error =
                ApiError::internal(format!("the simulator's state could not be kept: {error}"));
            answer = Answer {
                effect: true,
                ..error_answer(&error, "rds", &request_id)
            };
        }
        let effect = answer.effect;
        state.effects += u64::from(effect);
        let number = state.effects;
        let record = state.log.add(record(asked, fault, &answer));
        drop(state);
        if effect && let Some(hook) = &self.hook {
            hook(number, &record);
        }
        answer
    }

    /// Writes a request down that was refused or lost before it was looked into.
    pub(crate) fn note(&self, asked: Option<&Asked>, outcome: &str, status: Option<u16>) {
        let record = Record {
            number: 0,
            at_milliseconds: wall_now(),
            action: asked.map_or("?", |asked| &asked.action).to_owned(),
            identifier: asked.and_then(|asked| asked.identifier.clone()),
            region: asked.map_or("?", Asked::region).to_owned(),
            outcome: outcome.to_owned(),
            status,
            effect: false,
        };
        self.state().log.add(record);
    }

    pub(crate) fn read(
        authorization: Option<&str>,
        date: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Asked, aws::ApiError> {
        asked(authorization, date, content_type, body)
    }
}

fn expired() -> ApiError {
    ApiError::new(
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    )
}

fn record(asked: &Asked, fault: Option<&FaultEffect>, answer: &Answer) -> Record {
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
        action: asked.action.clone(),
        identifier: asked.identifier.clone(),
        region: asked.region().to_owned(),
        outcome,
        status,
        effect: answer.effect,
    }
}
