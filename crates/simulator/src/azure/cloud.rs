//! The simulated Azure as one of the clouds.

use super::refusal;
use super::request::Inquiry;
use super::service::Azure;
use super::state::World;
use super::token;
use crate::clock::Clock;
use crate::cloud::{Answer, Asked, Cloud, Credential, Ending, Moment, Rate, Refusal, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// A server that has been there all along.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    subscription: String,
    resource_group: String,
    name: String,
    /// The body of a PUT.
    body: Value,
}

/// A disk that has grown by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disk {
    identifier: String,
    size_gib: i64,
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
            } => {
                // A login has a form of its own.
                if Inquiry::read(request).action == "Token" {
                    return written(request, token::refused(*status, code, message));
                }
                refusal::Refusal::new(*status, code.clone(), message)
            }
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
        moment: Moment,
    ) -> Option<Result<Value, String>> {
        match what {
            "seed" => Some(
                Seed::deserialize(body)
                    .map_err(|error| error.to_string())
                    .and_then(
                        |Seed {
                             subscription,
                             resource_group,
                             name,
                             body,
                         }| {
                            let seeded =
                                self.seed(&subscription, &resource_group, &name, body, moment)?;
                            Ok(json!({"seeded": seeded}))
                        },
                    ),
            ),
            "revoke" => {
                self.revoke();
                Some(Ok(json!({"revoked": true})))
            }
            "disk" => Some(
                Disk::deserialize(body)
                    .map_err(|error| error.to_string())
                    .and_then(
                        |Disk {
                             identifier,
                             size_gib,
                         }| {
                            self.grow(&identifier, size_gib)?;
                            Ok(json!({"size_gib": size_gib}))
                        },
                    ),
            ),
            _ => None,
        }
    }

    fn set_status(&mut self, place: &str, identifier: &str, status: &str) -> Result<(), String> {
        if self.world.set_state(place, identifier, status) {
            return Ok(());
        }
        Err(format!("there is no server {identifier} in {place}"))
    }
}
