//! The simulated service: how a request finds its answer.

use super::arm;
use super::call::Call;
use super::options::{AzureOptions, AzureTiming};
use super::refusal::{Answer, Outcome, Refusal};
use super::request::{Inquiry, Target};
use super::state::World;
use super::token;
use crate::clock::{Clock, wall_now};
use crate::cloud::{Ending, Moment};
use serde_json::Value;

/// Everything that exists in the simulated Azure, and how it behaves.
#[derive(Debug)]
pub(crate) struct Azure {
    pub(super) options: AzureOptions,
    timing: AzureTiming,
    /// What `Retry-After` says, in real seconds.
    retry_after: Option<u64>,
    /// How many tokens have been issued, and up to which one they are revoked.
    issued: u64,
    revoked: u64,
    pub(super) world: World,
}

impl Azure {
    pub(crate) fn new(options: AzureOptions, clock: Clock) -> Self {
        let mut azure = Self {
            timing: AzureTiming::default(),
            retry_after: None,
            issued: 0,
            revoked: 0,
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
    pub(super) fn settle(&mut self, clock: Clock) {
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
        let told = |refusal: Refusal| format!("{}: {}", refusal.code, refusal.message);
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

    /// Lets all tokens expire that have been issued so far.
    pub(super) fn revoke(&mut self) {
        self.revoked = self.issued;
    }

    pub(super) fn route(
        &mut self,
        inquiry: &Inquiry,
        ending: Option<&Ending>,
        moment: Moment,
    ) -> Outcome<Answer> {
        let wall = wall_now();
        match &inquiry.target {
            Target::Token(tenant) if inquiry.method == "POST" => {
                self.issued += 1;
                return Ok(token::issue(
                    &self.options,
                    tenant,
                    inquiry,
                    wall,
                    self.issued,
                ));
            }
            Target::OpenId(tenant) if inquiry.method == "GET" => {
                return Ok(token::configuration(tenant, inquiry));
            }
            _ => {}
        }
        let caller = arm::caller(&self.options, inquiry, wall, self.revoked)?;
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
    fn run(&mut self) -> Outcome<Answer> {
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
