//! The simulated AWS as one of the clouds.

use super::errors::ApiError;
use super::options::AwsOptions;
use super::request::{Query, query};
use super::service::{Service, error_answer};
use super::state::World;
use crate::clock::Clock;
use crate::cloud::{Answer, Asked, Cloud, Credential, Ending, Moment, Rate, Refusal, Request};
use hyper::Method;
use serde_json::Value;
use std::time::Duration;

/// Everything that exists in the simulated AWS, and how it behaves.
#[derive(Debug)]
pub(crate) struct Aws {
    service: Service,
    world: World,
}

impl Aws {
    pub(crate) fn new(options: AwsOptions, clock: Clock) -> Self {
        Self {
            service: Service::new(options, clock),
            world: World::default(),
        }
    }

    pub(crate) fn change_options(&mut self, clock: Clock, change: impl FnOnce(&mut AwsOptions)) {
        let mut options = self.service.options.clone();
        change(&mut options);
        self.service = Service::new(options, clock);
    }

    /// Makes an instance that has been there all along; false where there is one of this name.
    pub(crate) fn seed(
        &mut self,
        region: &str,
        parameters: &[(&str, &str)],
        moment: Moment,
    ) -> Result<bool, String> {
        let Self { service, world } = self;
        service.seed(region, parameters, world, moment.now)
    }
}

impl Cloud for Aws {
    fn latency(&self) -> Duration {
        Duration::from_millis(self.service.options.latency_milliseconds)
    }

    fn rate(&self) -> Option<Rate> {
        self.service.options.rate
    }

    fn read(&self, request: &Request) -> Result<Asked, Answer> {
        let query = read(request).map_err(|error| error_answer(&error, "rds", &request.id))?;
        let Query {
            caller,
            action,
            identifier,
            form: _,
        } = query;
        Ok(Asked {
            action,
            identifier,
            place: caller.region,
            credential: Credential(caller.access_key),
        })
    }

    fn catch_up(&mut self, moment: Moment) {
        let Self { service, world } = self;
        world.catch_up(moment.now, moment.clock, &service.timing);
    }

    fn answer(&mut self, request: &Request, ending: Option<&Ending>, moment: Moment) -> Answer {
        let Self { service, world } = self;
        match read(request) {
            Ok(query) => service.answer(&query, ending, world, moment.now, &request.id),
            Err(error) => error_answer(&error, "rds", &request.id),
        }
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer {
        let error = match refusal {
            Refusal::Throttled => ApiError::throttled(),
            Refusal::Expired => ApiError::new(
                403,
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            Refusal::TooLarge => {
                ApiError::new(413, "RequestEntityTooLarge", "The request is too large.")
            }
            Refusal::Scripted {
                status,
                code,
                message,
            } => ApiError::new(*status, code.clone(), message),
            Refusal::NotKept(reason) => {
                ApiError::internal(format!("the simulator's state could not be kept: {reason}"))
            }
        };
        let query = read(request);
        let service = query.as_ref().map_or("rds", |query| &query.caller.service);
        error_answer(&error, service, &request.id)
    }

    fn malformed(&self) -> &'static str {
        "<<not & xml>"
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
        serde_json::to_value(&self.service.options)
    }

    fn set_options(&mut self, options: Value, clock: Clock) -> Result<(), String> {
        let options = serde_json::from_value(options).map_err(|error| error.to_string())?;
        self.service = Service::new(options, clock);
        Ok(())
    }

    fn set_status(&mut self, place: &str, identifier: &str, status: &str) -> Result<(), String> {
        if self.world.set_status(place, identifier, status) {
            return Ok(());
        }
        Err(format!("there is no DB instance {identifier} in {place}"))
    }
}

fn read(request: &Request) -> Result<Query, ApiError> {
    if request.method != Method::POST || request.path() != "/" {
        return Err(ApiError::new(
            404,
            "UnknownOperationException",
            "Requests of the Query protocol are sent as POST to /.",
        ));
    }
    query(
        request.header("authorization"),
        request.header("x-amz-date"),
        request.header("content-type"),
        &request.body,
    )
}
