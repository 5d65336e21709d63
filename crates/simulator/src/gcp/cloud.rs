//! The simulated Cloud SQL as one of the clouds.

use super::errors::{ApiError, ApiResult};
use super::options::{GcpOptions, GcpTiming};
use super::outside;
use super::route::Route;
use super::service;
use super::state::World;
use super::token::{self, Desk, Refused};
use crate::clock::{Clock, wall_now};
use crate::cloud::{Answer, Asked, Cloud, Credential, Ending, Moment, Rate, Refusal, Request};
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that exists in the simulated Cloud SQL, and how it behaves.
#[derive(Debug)]
pub(crate) struct Gcp {
    pub(super) options: GcpOptions,
    pub(super) timing: GcpTiming,
    pub(super) world: World,
    /// How many tokens have been issued.
    issued: u64,
}

impl Gcp {
    pub(crate) fn new(options: GcpOptions, clock: Clock) -> Self {
        Self {
            timing: service::timing(&options, clock),
            options,
            world: World::default(),
            issued: 0,
        }
    }

    pub(crate) fn change_options(&mut self, clock: Clock, change: impl FnOnce(&mut GcpOptions)) {
        change(&mut self.options);
        self.timing = service::timing(&self.options, clock);
    }

    fn error_answer(&self, error: &ApiError) -> Answer {
        let options = &self.options;
        let body = error.body(options.error_status, options.error_reasons);
        let mut answer = json_answer(error.status, &body);
        answer.error = Some(error.reason.to_string());
        if error.status == 401 {
            let challenge = "Bearer realm=\"https://accounts.google.com/\"";
            let header = ("www-authenticate", challenge.to_owned());
            answer.headers.push(header);
        }
        let throttled = error.status == 429 && error.reason == "rateLimitExceeded";
        let retry = options.retry_after_seconds.filter(|_| throttled);
        if let Some(seconds) = retry {
            answer.headers.push(("retry-after", seconds.to_string()));
        }
        answer
    }

    fn issue(&mut self, desk: &Desk, request: &Request) -> Answer {
        self.issued += 1;
        match desk.answer(request, &self.options, wall_now(), self.issued) {
            Ok(token) => json_answer(200, &token),
            Err(Refused::Google(error)) => self.error_answer(&error),
            Err(Refused::Oauth { error, why }) => Answer {
                error: Some(error.to_owned()),
                ..json_answer(400, &json!({"error": error, "error_description": why}))
            },
        }
    }

    fn asked(&self, request: &Request) -> ApiResult<Asked> {
        let token = token::bearer(request).unwrap_or_default();
        if let Some(desk) = Desk::read(&request.method, request.path()) {
            return Ok(Asked {
                action: desk.action().to_owned(),
                identifier: None,
                place: "-".to_owned(),
                credential: Credential(token.to_owned()),
            });
        }
        token::check_bearer(request, &self.options, wall_now(), false)?;
        let route = Route::read(&request.method, &request.uri)?;
        let identifier = route.target.clone().or_else(|| {
            let body: Value = serde_json::from_slice(&request.body).ok()?;
            body.get("name")?.as_str().map(str::to_owned)
        });
        Ok(Asked {
            action: route.action.name().to_owned(),
            identifier,
            place: route.project,
            credential: Credential(token.to_owned()),
        })
    }
}

impl Cloud for Gcp {
    fn latency(&self) -> Duration {
        Duration::from_millis(self.options.latency_milliseconds)
    }

    fn rate(&self) -> Option<Rate> {
        self.options.rate
    }

    fn read(&self, request: &Request) -> Result<Asked, Answer> {
        self.asked(request)
            .map_err(|error| self.error_answer(&error))
    }

    fn checks_credential(&self, asked: &Asked) -> bool {
        asked.action != Desk::Exchange.action()
    }

    fn catch_up(&mut self, moment: Moment) {
        self.world.catch_up(moment);
    }

    fn answer(&mut self, request: &Request, ending: Option<&Ending>, moment: Moment) -> Answer {
        if let Some(desk) = Desk::read(&request.method, request.path()) {
            return self.issue(&desk, request);
        }
        let Self {
            options,
            timing,
            world,
            issued: _,
        } = self;
        match service::answer(request, ending, options, timing, world, moment.now) {
            Ok((body, effect)) => Answer {
                effect,
                ..json_answer(200, &body)
            },
            Err(error) => self.error_answer(&error),
        }
    }

    fn refuse(&self, _request: &Request, refusal: &Refusal) -> Answer {
        let error = match refusal {
            Refusal::Throttled => ApiError::throttled(),
            Refusal::Expired => ApiError::unauthenticated(true),
            Refusal::TooLarge => ApiError::new(
                413,
                "uploadTooLarge",
                "Request payload size exceeds the limit.",
            ),
            Refusal::Scripted {
                status,
                code,
                message,
            } => ApiError::new(*status, code.clone(), message),
            Refusal::NotKept(reason) => ApiError::new(
                500,
                "internalError",
                format!("The simulator's state could not be kept: {reason}"),
            ),
        };
        self.error_answer(&error)
    }

    /// A page of a proxy on the way, cut off.
    fn malformed(&self) -> &'static str {
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title"
    }

    fn save(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.world)
    }

    fn load(&mut self, saved: Value) -> Result<(), String> {
        let world: World = serde_json::from_value(saved).map_err(|error| error.to_string())?;
        if let Some(key) = world.misplaced() {
            return Err(format!("{key} is not the key of its entry"));
        }
        self.world = world;
        Ok(())
    }

    fn options(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.options)
    }

    fn set_options(&mut self, options: Value, clock: Clock) -> Result<(), String> {
        let options = serde_json::from_value(options).map_err(|error| error.to_string())?;
        self.change_options(clock, |old| *old = options);
        Ok(())
    }

    fn set_status(&mut self, place: &str, identifier: &str, status: &str) -> Result<(), String> {
        outside::set_state(&mut self.world, place, identifier, status)
    }

    fn control(
        &mut self,
        what: &str,
        body: &Value,
        moment: Moment,
    ) -> Option<Result<Value, String>> {
        outside::control(self, what, body, moment)
    }
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        content_type: "application/json; charset=UTF-8",
        headers: Vec::new(),
        body: format!("{body:#}\n"),
        error: None,
        effect: false,
    }
}
