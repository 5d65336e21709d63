//! Finding the action of a request, and answering.

use super::actions;
use super::auth::Caller;
use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::form::Arguments;
use super::options::{AwsOptions, AwsTiming};
use super::request::Query;
use super::state::{Place, World, digest};
use super::steps::{Effect, Step, status};
use super::xml::Xml;
use crate::clock::{Clock, Millis};
use crate::cloud::{Answer, Ending};

const RDS: (&str, &str) = ("2014-10-31", "http://rds.amazonaws.com/doc/2014-10-31/");
const STS: (&str, &str) = ("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/");

/// The simulated AWS under one clock.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) options: AwsOptions,
    pub(crate) timing: AwsTiming,
}

impl Service {
    pub(crate) fn new(options: AwsOptions, clock: Clock) -> Self {
        let mut timing = options.timing.clone();
        if clock == Clock::AtOnce {
            let storage_pause = timing.storage_pause;
            timing = AwsTiming {
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
        query: &Query,
        ending: Option<&Ending>,
        world: &mut World,
        now: Millis,
        request_id: &str,
    ) -> Answer {
        let service = query.caller.service.as_str();
        let result = match service {
            "sts" => self.sts(query),
            "rds" => self.rds(query, ending, world, now),
            _ => Err(ApiError::new(
                403,
                "SignatureDoesNotMatch",
                "Credential should be scoped to correct service: 'rds'.",
            )),
        };
        match result {
            Ok((content, effect)) => {
                let (_, namespace) = if service == "sts" { STS } else { RDS };
                let action = &query.action;
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
                xml_answer(200, body, request_id, None, effect)
            }
            Err(error) => error_answer(&error, service, request_id),
        }
    }

    /// Creates an instance without a request, and lets all its steps happen.
    pub(crate) fn seed(
        &self,
        region: &str,
        parameters: &[(&str, &str)],
        world: &mut World,
        now: Millis,
    ) -> Result<bool, String> {
        const ACTION: &str = "CreateDBInstance";
        let defaults = [
            ("Version", RDS.0),
            ("Engine", "postgres"),
            ("MasterUsername", "postgres"),
            ("MasterUserPassword", "kept-nowhere"),
        ];
        let all = defaults.iter().chain(parameters);
        let form = all
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let caller = Caller {
            access_key: String::new(),
            region: region.to_owned(),
            service: "rds".to_owned(),
        };
        let query = Query {
            caller,
            action: ACTION.to_owned(),
            identifier: None,
            form,
        };
        match self.rds(&query, None, world, now) {
            Ok(_) => {}
            Err(error) if error.code == "DBInstanceAlreadyExists" => return Ok(false),
            Err(error) => return Err(format!("{}: {}", error.code, error.message)),
        }
        let named = parameters
            .iter()
            .find(|(name, _)| *name == "DBInstanceIdentifier");
        let identifier = named.map_or("", |(_, name)| *name).to_ascii_lowercase();
        let place = Place {
            account: self.options.account.clone(),
            region: region.to_owned(),
        };
        if let Some(instance) = world.instances.get_mut(&place.key(&identifier)) {
            for step in &mut instance.steps {
                step.at = now;
            }
        }
        world.catch_up(now, Clock::Manual, &self.timing);
        Ok(true)
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

    fn sts(&self, query: &Query) -> ApiResult<(Xml, bool)> {
        self.check_region(query.region())?;
        check_version(query, STS.0)?;
        if query.action != "GetCallerIdentity" {
            return Err(invalid_action(query, STS.0));
        }
        let account = self.account(&query.caller);
        let mut xml = Xml::default();
        xml.leaf("Arn", format_args!("arn:aws:iam::{account}:user/simulated"));
        let id = digest(&format!("user {account}")).to_uppercase();
        xml.leaf("UserId", format_args!("AIDA{}", &id[..17]));
        xml.leaf("Account", account);
        Ok((xml, false))
    }

    fn rds(
        &self,
        query: &Query,
        ending: Option<&Ending>,
        world: &mut World,
        now: Millis,
    ) -> ApiResult<(Xml, bool)> {
        self.check_region(query.region())?;
        check_version(query, RDS.0)?;
        let action = actions::find(&query.action).ok_or_else(|| invalid_action(query, RDS.0))?;
        let arguments =
            Arguments::read(action, query.form.clone(), self.options.strict_parameters)?;
        let place = Place {
            account: self.account(&query.caller),
            region: query.region().to_owned(),
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
    let usual = |step: &Step| step.effect == Effect::Available;
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

fn check_version(query: &Query, version: &str) -> ApiResult<()> {
    match query.form.get("Version") {
        Some(given) if given == version => Ok(()),
        Some(given) => Err(invalid_action(query, given)),
        None => Err(ApiError::new(
            400,
            "MissingParameter",
            "The request must contain the parameter Version",
        )),
    }
}

fn invalid_action(query: &Query, version: &str) -> ApiError {
    ApiError::new(
        400,
        "InvalidAction",
        format!(
            "Could not find operation {} for version {version}",
            query.action
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
    let code = error.code.to_string();
    xml_answer(error.status, body, request_id, Some(code), false)
}

fn xml_answer(
    status: u16,
    body: String,
    request_id: &str,
    error: Option<String>,
    effect: bool,
) -> Answer {
    Answer {
        status,
        content_type: "text/xml",
        headers: vec![("x-amzn-requestid", request_id.to_owned())],
        body,
        error,
        effect,
    }
}
