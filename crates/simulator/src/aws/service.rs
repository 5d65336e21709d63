//! Taking a request apart, finding its action, and answering.

use super::actions;
use super::auth::{self, Caller};
use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::form::{self, Arguments, Form};
use super::options::{AwsOptions, Timing};
use super::state::{Place, World, digest};
use super::steps::{Step, status};
use super::xml::Xml;
use crate::clock::{Clock, Millis};
use std::fmt;

const RDS: (&str, &str) = ("2014-10-31", "http://rds.amazonaws.com/doc/2014-10-31/");
const STS: (&str, &str) = ("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/");

/// A request as far as it can be read without looking at what exists.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) caller: Caller,
    /// `?` where there is none.
    pub(crate) action: String,
    pub(crate) identifier: Option<String>,
    form: Form,
}

/// Without the parameters, since a password may be among them.
impl fmt::Debug for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            caller,
            action,
            identifier,
            form: _,
        } = self;
        formatter
            .debug_struct("Asked")
            .field("caller", caller)
            .field("action", action)
            .field("identifier", identifier)
            .finish_non_exhaustive()
    }
}

impl Asked {
    pub(crate) fn region(&self) -> &str {
        &self.caller.region
    }
}

/// Reads a request's headers and body.
pub(crate) fn asked(
    authorization: Option<&str>,
    date: Option<&str>,
    content_type: Option<&str>,
    body: &[u8],
) -> ApiResult<Asked> {
    let caller = auth::caller(authorization, date)?;
    if let Some(kind) = content_type
        && !kind.starts_with("application/x-www-form-urlencoded")
    {
        return Err(ApiError::new(
            400,
            "MalformedQueryString",
            "The body must be of the type application/x-www-form-urlencoded.",
        ));
    }
    let form = form::decode(body)?;
    let action = form.get("Action").filter(|action| !action.is_empty());
    let action = action.cloned().ok_or_else(|| {
        ApiError::new(
            400,
            "MissingAction",
            "The request must contain the parameter Action.",
        )
    })?;
    let named = form
        .get("DBInstanceIdentifier")
        .or_else(|| form.get("ResourceName"));
    let identifier = named.map(|name| {
        name.rsplit(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    });
    Ok(Asked {
        caller,
        action,
        identifier,
        form,
    })
}

/// How the work of a call ends otherwise than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In this status, instead of `available`.
    In(String),
    /// By way of this status, for some simulated seconds.
    Through(String, u64),
}

/// An answer: status and XML, and what is to be known about it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) request_id: String,
    /// The error's code, where it is one.
    pub(crate) error: Option<String>,
    /// Whether the request has changed what exists.
    pub(crate) effect: bool,
}

/// The simulated AWS under one clock.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) options: AwsOptions,
    pub(crate) timing: Timing,
}

impl Service {
    pub(crate) fn new(options: AwsOptions, clock: Clock) -> Self {
        let mut timing = options.timing.clone();
        if clock == Clock::AtOnce {
            let storage_pause = timing.storage_pause;
            timing = Timing {
                create: 0,
                create_replica: 0,
                backup: 0,
                source_busy_after: 0,
                source_busy: 0,
                modify_lag: 0,
                modify: 0,
                upgrade: 0,
                optimize: 0,
                storage_pause,
                reboot: 0,
                start: 0,
                stop: 0,
                delete: 0,
            };
        }
        Self { options, timing }
    }

    /// Answers a request.
    pub(crate) fn answer(
        &self,
        asked: &Asked,
        ending: Option<&Ending>,
        world: &mut World,
        now: Millis,
        request_id: &str,
    ) -> Answer {
        let service = asked.caller.service.as_str();
        let result = match service {
            "sts" => self.sts(asked),
            "rds" => self.rds(asked, ending, world, now),
            _ => Err(ApiError::new(
                403,
                "SignatureDoesNotMatch",
                "Credential should be scoped to correct service: 'rds'.",
            )),
        };
        match result {
            Ok((content, effect)) => {
                let (_, namespace) = if service == "sts" { STS } else { RDS };
                let action = &asked.action;
                let body = Xml::document(&format!("{action}Response"), namespace, |xml| {
                    // Actions without a result answer with metadata only.
                    if !matches!(
                        action.as_str(),
                        "AddTagsToResource" | "RemoveTagsFromResource"
                    ) {
                        xml.element(&format!("{action}Result"), |xml| xml.append(&content));
                    }
                    xml.element("ResponseMetadata", |xml| xml.leaf("RequestId", request_id));
                });
                let request_id = request_id.to_owned();
                Answer {
                    status: 200,
                    body,
                    request_id,
                    error: None,
                    effect,
                }
            }
            Err(error) => error_answer(&error, service, request_id),
        }
    }

    fn account(&self, caller: &Caller) -> String {
        self.options
            .accounts
            .get(&caller.access_key)
            .unwrap_or(&self.options.account)
            .clone()
    }

    fn check_region(&self, region: &str) -> ApiResult<()> {
        if self.options.zones(region).is_some() {
            return Ok(());
        }
        Err(ApiError::new(
            403,
            "SignatureDoesNotMatch",
            format!("Credential should be scoped to a valid region, not '{region}'."),
        ))
    }

    fn sts(&self, asked: &Asked) -> ApiResult<(Xml, bool)> {
        self.check_region(asked.region())?;
        check_version(asked, STS.0)?;
        if asked.action != "GetCallerIdentity" {
            return Err(invalid_action(asked, STS.0));
        }
        let account = self.account(&asked.caller);
        let mut xml = Xml::default();
        xml.leaf("Arn", format_args!("arn:aws:iam::{account}:user/simulated"));
        let id = digest(&format!("user {account}")).to_uppercase();
        xml.leaf("UserId", format_args!("AIDA{}", &id[..17]));
        xml.leaf("Account", account);
        Ok((xml, false))
    }

    fn rds(
        &self,
        asked: &Asked,
        ending: Option<&Ending>,
        world: &mut World,
        now: Millis,
    ) -> ApiResult<(Xml, bool)> {
        self.check_region(asked.region())?;
        check_version(asked, RDS.0)?;
        let action = actions::find(&asked.action).ok_or_else(|| invalid_action(asked, RDS.0))?;
        let arguments =
            Arguments::read(action, asked.form.clone(), self.options.strict_parameters)?;
        let place = Place {
            account: self.account(&asked.caller),
            region: asked.region().to_owned(),
        };
        let mut call = Call {
            place,
            arguments,
            options: &self.options,
            timing: &self.timing,
            now,
            world,
            touched: None,
        };
        let mut xml = Xml::default();
        run(action.name, &mut call, &mut xml)?;
        if let (Some(ending), Some(key)) = (ending, call.touched.take()) {
            end_otherwise(world, &key, ending, now);
        }
        let reads = action.name.starts_with("Describe") || action.name.starts_with("List");
        Ok((xml, !reads))
    }
}

fn run(action: &str, call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    use super::{create, delete, describe, groups, modify, offers, power, replica, tags};
    match action {
        "CreateDBInstance" => create::create(call, xml),
        "CreateDBInstanceReadReplica" => replica::create(call, xml),
        "DescribeDBInstances" => describe::instances(call, xml),
        "ModifyDBInstance" => modify::modify(call, xml),
        "DeleteDBInstance" => delete::delete(call, xml),
        "StartDBInstance" => power::start(call, xml),
        "StopDBInstance" => power::stop(call, xml),
        "RebootDBInstance" => power::reboot(call, xml),
        "PromoteReadReplica" => power::promote(call, xml),
        "AddTagsToResource" => tags::add(call, xml),
        "RemoveTagsFromResource" => tags::remove(call, xml),
        "ListTagsForResource" => tags::list(call, xml),
        "DescribeOrderableDBInstanceOptions" => offers::orderable(call, xml),
        "DescribeDBEngineVersions" => offers::engine_versions(call, xml),
        "DescribeDBParameterGroups" => groups::describe_parameter_groups(call, xml),
        "DescribeDBSubnetGroups" => groups::describe_subnet_groups(call, xml),
        "DescribePendingMaintenanceActions" => describe::maintenance(call, xml),
        "DescribeDBSnapshots" => describe::snapshots(call, xml),
        other => Err(ApiError::internal(format!(
            "{other} has a table and no code"
        ))),
    }
}

/// Makes the work that a call began end as a script says.
fn end_otherwise(world: &mut World, key: &str, ending: &Ending, now: Millis) {
    let Some(instance) = world.instances.get_mut(key) else {
        return;
    };
    let usual = |step: &Step| step.effect == status("available");
    let last = instance.steps.iter().rposition(usual);
    match ending {
        Ending::In(other) => match last {
            Some(index) => instance.steps[index].effect = status(other),
            None => instance.then(now, [(0, status(other))]),
        },
        Ending::Through(other, seconds) => {
            let index = last.unwrap_or(instance.steps.len());
            let at = instance.steps.get(index).map_or(now, |step| step.at);
            for step in &mut instance.steps[index..] {
                step.at = step.at.saturating_add(seconds.saturating_mul(1000));
            }
            instance.steps.insert(
                index,
                Step {
                    at,
                    window: false,
                    effect: status(other),
                },
            );
        }
    }
}

fn check_version(asked: &Asked, version: &str) -> ApiResult<()> {
    match asked.form.get("Version") {
        Some(given) if given == version => Ok(()),
        Some(given) => Err(invalid_action(asked, given)),
        None => Err(ApiError::new(
            400,
            "MissingParameter",
            "The request must contain the parameter Version",
        )),
    }
}

fn invalid_action(asked: &Asked, version: &str) -> ApiError {
    ApiError::new(
        400,
        "InvalidAction",
        format!(
            "Could not find operation {} for version {version}",
            asked.action
        ),
    )
}

/// An error as the service `rds` or `sts` writes it.
pub(crate) fn error_answer(error: &ApiError, service: &str, request_id: &str) -> Answer {
    let (_, namespace) = if service == "sts" { STS } else { RDS };
    let body = Xml::document("ErrorResponse", namespace, |xml| {
        xml.element("Error", |xml| {
            xml.leaf("Type", error.blame());
            xml.leaf("Code", &error.code);
            xml.leaf("Message", &error.message);
        });
        xml.leaf("RequestId", request_id);
    });
    Answer {
        status: error.status,
        body,
        request_id: request_id.to_owned(),
        error: Some(error.code.to_string()),
        effect: false,
    }
}
