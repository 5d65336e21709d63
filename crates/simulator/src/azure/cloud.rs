//! The simulated Azure as one of the clouds.

use super::arm;
use super::call::Call;
use super::options::{AzureOptions, AzureTiming};
use super::refusal::{self, Outcome};
use super::request::{Inquiry, Target};
use super::state::World;
use super::token;
use crate::clock::{Clock, wall_now};
use crate::cloud::{Answer, Asked, Cloud, Credential, Ending, Moment, Rate, Refusal, Request};
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that exists in the simulated Azure, and how it behaves.
#[derive(Debug)]
pub(crate) struct Azure {
    options: AzureOptions,
    timing: AzureTiming,
    /// What `Retry-After` says, in real seconds.
    retry_after: Option<u64>,
    world: World,
}

impl Azure {
    pub(crate) fn new(options: AzureOptions, clock: Clock) -> Self {
        let mut azure = Self {
            timing: AzureTiming::default(),
            retry_after: None,
            world: World::default(),
            options,
        };
        azure.settle(clock);
        azure
    }

    pub(crate) fn change_options(&mut self, clock: Clock, change: impl FnOnce(&mut AzureOptions)) {
        change(&mut self.options);
        self.settle(clock);
    }

    /// Draws what follows from options and clock.
    fn settle(&mut self, clock: Clock) {
        let at_once = clock == Clock::AtOnce;
        self.timing = if at_once {
            self.options.timing.at_once()
        } else {
            self.options.timing.clone()
        };
        self.retry_after = self.options.retry_after.map(|seconds| real(seconds, clock));
    }

    /// Whether a path belongs to Azure: to ARM, or to the login.
    pub(crate) fn owns(path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        let arm = path
            .strip_prefix("/subscriptions")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        arm || path.ends_with("/oauth2/v2.0/token")
            || path.ends_with("/v2.0/.well-known/openid-configuration")
    }

    /// Makes a server that has been there all along; false where the name is taken. `body` is that
    /// of a PUT; administrator and password may be left out.
    pub(crate) fn seed(
        &mut self,
        subscription: &str,
        group: &str,
        name: &str,
        mut body: Value,
        moment: Moment,
    ) -> Result<bool, String> {
        if self.world.named(name).is_some() {
            return Ok(false);
        }
        let properties = body.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(properties) = properties
            && !properties.contains_key("createMode")
        {
            for (field, value) in [
                ("administratorLogin", "postgres"),
                ("administratorLoginPassword", "Kept-nowhere-1"),
            ] {
                if !properties.contains_key(field) {
                    properties.insert(field.to_owned(), Value::from(value));
                }
            }
        }
        let inquiry = Inquiry::of_ourselves(subscription, group, name, &body);
        let told = |refusal: refusal::Refusal| format!("{}: {}", refusal.code, refusal.message);
        let (options, timing) = (self.options.clone(), self.timing.at_once());
        arm::scope(&options, &inquiry, "").map_err(told)?;
        let [.., (version_word, version)] = super::fields::VERSIONS;
        let mut call = Call {
            asked: &inquiry,
            version,
            version_word,
            options: &options,
            timing: &timing,
            retry_after: None,
            now: moment.now,
            world: &mut self.world,
            begun: None,
        };
        call.put().map_err(told)?;
        self.world.catch_up(moment.now, false);
        Ok(true)
    }

    /// Lets the storage of a server grow by itself.
    pub(super) fn grow(&mut self, name: &str, gib: i64) -> Result<(), String> {
        self.world.grow(name, gib)
    }

    fn route(
        &mut self,
        inquiry: &Inquiry,
        ending: Option<&Ending>,
        moment: Moment,
    ) -> Outcome<refusal::Answer> {
        let wall = wall_now();
        match &inquiry.target {
            Target::Token(tenant) if inquiry.method == "POST" => {
                return Ok(token::issue(&self.options, tenant, inquiry, wall));
            }
            Target::OpenId(tenant) if inquiry.method == "GET" => {
                return Ok(token::configuration(tenant, inquiry));
            }
            _ => {}
        }
        let caller = arm::caller(&self.options, inquiry, wall)?;
        if inquiry.action == "?" {
            return Err(arm::unknown(inquiry));
        }
        arm::scope(&self.options, inquiry, &caller)?;
        if let Some(answer) = arm::own(&self.options, inquiry)? {
            return Ok(answer);
        }
        let (version_word, version) = arm::version(inquiry)?;
        let mut call = Call {
            asked: inquiry,
            version,
            version_word,
            options: &self.options,
            timing: &self.timing,
            retry_after: self.retry_after,
            now: moment.now,
            world: &mut self.world,
            begun: None,
        };
        let answer = call.run()?;
        if let Some(ending) = ending {
            call.end_otherwise(ending);
        }
        Ok(answer)
    }
}

impl Call<'_> {
    fn run(&mut self) -> Outcome<refusal::Answer> {
        let asked = self.asked;
        match (&asked.target, asked.method.as_str()) {
            (Target::Servers, _) => self.servers(),
            (Target::Server, "GET") => self.get(),
            (Target::Server, "PUT") => self.put(),
            (Target::Server, "PATCH") => self.patch(),
            (Target::Server, _) => self.delete(),
            (Target::Power(word), _) => self.power_of(word),
            (Target::Replicas, _) => self.replicas(),
            (Target::Children(kind), _) => self.children(*kind),
            (Target::Child(kind, name), "GET") => self.child(*kind, name),
            (Target::Child(kind, name), "PUT") => self.put_child(*kind, name),
            (Target::Child(kind, name), _) => self.delete_child(*kind, name),
            (Target::CheckName, _) => self.check_name(),
            (Target::Capabilities, _) => self.capabilities(),
            (Target::OperationStatus(id), _) => self.operation_status(id),
            (Target::OperationResult(id), _) => self.operation_result(id),
            _ => Err(arm::unknown(asked)),
        }
    }
}

/// Simulated seconds as real ones, rounded up; none where nothing takes time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a float's conversion saturates, and the numbers are small"
)]
fn real(seconds: u64, clock: Clock) -> u64 {
    match clock {
        Clock::Scaled(factor) if factor > 0.0 => ((seconds as f64 / factor).ceil() as u64).max(1),
        Clock::AtOnce => 0,
        _ => 1,
    }
}

/// Writes an answer as ARM does.
fn written(request: &Request, answer: refusal::Answer) -> Answer {
    let refusal::Answer {
        status,
        mut headers,
        body,
        error,
        effect,
    } = answer;
    headers.push(("x-ms-request-id", request.id.clone()));
    headers.push(("x-ms-correlation-request-id", request.id.clone()));
    if !headers.iter().any(|(name, _)| *name == "cache-control") {
        headers.push(("cache-control", "no-cache".to_owned()));
    }
    Answer {
        status,
        content_type: "application/json; charset=utf-8",
        headers,
        body: body.map(|body| body.to_string()).unwrap_or_default(),
        error,
        effect,
    }
}

impl Cloud for Azure {
    fn latency(&self) -> Duration {
        Duration::from_millis(self.options.latency_milliseconds)
    }

    fn rate(&self) -> Option<Rate> {
        self.options.rate
    }

    fn read(&self, request: &Request) -> Result<Asked, Answer> {
        let inquiry = Inquiry::read(request);
        let credential = match inquiry.token.as_deref() {
            Some(bearer) => {
                token::read(bearer).map_or_else(|| bearer.to_owned(), |token| token.client)
            }
            None => String::new(),
        };
        let place = if inquiry.subscription.is_empty() {
            inquiry.region
        } else {
            inquiry.subscription
        };
        Ok(Asked {
            action: inquiry.action,
            identifier: inquiry.identifier,
            place,
            credential: Credential(credential),
        })
    }

    fn checks_credential(&self, asked: &Asked) -> bool {
        !matches!(asked.action.as_str(), "Token" | "OpenIdConfiguration")
    }

    fn catch_up(&mut self, moment: Moment) {
        let at_once = moment.clock == Clock::AtOnce;
        self.world.catch_up(moment.now, at_once);
    }

    fn answer(&mut self, request: &Request, ending: Option<&Ending>, moment: Moment) -> Answer {
        let inquiry = Inquiry::read(request);
        let answer = self.route(&inquiry, ending, moment);
        written(request, answer.unwrap_or_else(refusal::Refusal::answer))
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer {
        let seconds = self.options.throttled_seconds;
        let refusal = match refusal {
            Refusal::Throttled if self.options.rate.is_some() => {
                let inquiry = Inquiry::read(request);
                refusal::Refusal::subscription_throttled(&inquiry.subscription, seconds)
            }
            Refusal::Throttled => refusal::Refusal::throttled(seconds),
            Refusal::Expired => refusal::Refusal::expired(),
            Refusal::TooLarge => {
                refusal::Refusal::new(413, "RequestEntityTooLarge", "The request is too large.")
            }
            Refusal::Scripted {
                status,
                code,
                message,
            } => refusal::Refusal::new(*status, code.clone(), message),
            Refusal::NotKept(reason) => refusal::Refusal::new(
                500,
                "InternalServerError",
                format!("the simulator's state could not be kept: {reason}"),
            ),
        };
        written(request, refusal.answer())
    }

    fn malformed(&self) -> &'static str {
        "{\"error\": <<not JSON"
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
        self.options = serde_json::from_value(options).map_err(|error| error.to_string())?;
        self.settle(clock);
        Ok(())
    }

    fn control(
        &mut self,
        what: &str,
        body: &Value,
        _moment: Moment,
    ) -> Option<Result<Value, String>> {
        if what != "grow" {
            return None;
        }
        let (Some(name), Some(gib)) = (body["name"].as_str(), body["gib"].as_i64()) else {
            return Some(Err("it takes a name and a size in gib".to_owned()));
        };
        Some(self.grow(name, gib).map(|()| json!({"gib": gib})))
    }

    fn set_status(&mut self, place: &str, identifier: &str, status: &str) -> Result<(), String> {
        if self.world.set_state(place, identifier, status) {
            return Ok(());
        }
        Err(format!("there is no server {identifier} in {place}"))
    }
}
