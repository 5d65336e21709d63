//! One call of an action: who, where, when, with what.

use super::errors::{ApiError, ApiResult};
use super::form::Arguments;
use super::names;
use super::options::{AwsOptions, AwsTiming};
use super::state::{Instance, Place, World};
use super::xml::Xml;
use crate::clock::{Clock, Millis};

/// What an action works with.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) place: Place,
    pub(crate) arguments: Arguments,
    pub(crate) options: &'a AwsOptions,
    /// How long things take under the running clock.
    pub(crate) timing: &'a AwsTiming,
    pub(crate) now: Millis,
    pub(crate) world: &'a mut World,
    /// The key of the instance that the action has begun to work on.
    pub(crate) touched: Option<String>,
}

impl Call<'_> {
    /// The key of the instance that a parameter names; it exists.
    pub(crate) fn existing(&self, parameter: &str) -> ApiResult<String> {
        let (place, identifier) = names::instance(self.arguments.required(parameter), &self.place)?;
        let key = place.key(&identifier);
        if place != self.place || !self.world.instances.contains_key(&key) {
            return Err(ApiError::no_instance(&identifier));
        }
        Ok(key)
    }

    pub(crate) fn instance(&self, key: &str) -> ApiResult<&Instance> {
        self.world
            .instances
            .get(key)
            .ok_or_else(|| ApiError::no_instance(key))
    }

    /// The instance to change; the call counts as working on it.
    pub(crate) fn change(&mut self, key: &str) -> ApiResult<&mut Instance> {
        self.touched = Some(key.to_owned());
        self.world
            .instances
            .get_mut(key)
            .ok_or_else(|| ApiError::no_instance(key))
    }

    /// Writes an instance as the call's answer.
    pub(crate) fn answer(&self, key: &str, xml: &mut Xml) -> ApiResult<()> {
        let instance = self.instance(key)?;
        xml.element("DBInstance", |xml| {
            super::render::instance(xml, instance, self.world, self.options, self.now);
        });
        Ok(())
    }

    /// Writes a new instance as the call's answer.
    pub(crate) fn answer_made(&mut self, key: &str, xml: &mut Xml) -> ApiResult<()> {
        if self.options.finished_in_answer {
            self.world.catch_up(self.now, Clock::AtOnce, self.timing);
        }
        self.answer(key, xml)
    }

    /// Refuses an identifier that is taken.
    pub(crate) fn check_free(&self, identifier: &str) -> ApiResult<()> {
        if self
            .world
            .instances
            .contains_key(&self.place.key(identifier))
        {
            return Err(ApiError::new(
                400,
                "DBInstanceAlreadyExists",
                "DB instance already exists",
            ));
        }
        Ok(())
    }

    /// Refuses an instance more than the account may have, or more storage.
    pub(crate) fn check_quotas(&self, more_instances: usize, more_gib: i64) -> ApiResult<()> {
        let (mut count, mut gib) = (0, 0);
        for instance in self.world.in_place(&self.place) {
            count += 1;
            gib += instance
                .allocated_storage
                .max(instance.pending.allocated_storage.unwrap_or(0));
        }
        if more_instances > 0 && count + more_instances > self.options.instance_quota {
            return Err(ApiError::new(
                400,
                "InstanceQuotaExceeded",
                "DB Instance quota exceeded",
            ));
        }
        if more_gib > 0 && gib + more_gib > self.options.storage_quota_gib {
            return Err(ApiError::new(
                400,
                "StorageQuotaExceeded",
                "The request would exceed the total storage quota for this account and region.",
            ));
        }
        Ok(())
    }

    /// Refuses a class that there is not, that is not offered here, or that has no capacity left.
    pub(crate) fn check_class(&self, class: &str, version: &str) -> ApiResult<()> {
        if !self.options.knows_class(class) {
            return Err(ApiError::value(format!(
                "Invalid DB Instance class: {class}"
            )));
        }
        if !self.options.offers(&self.place.region, version, class) {
            return Err(ApiError::combination(format!(
                "RDS does not support creating a DB instance with the following combination: \
                 DBInstanceClass={class}, Engine=postgres, EngineVersion={version}, \
                 LicenseModel=postgresql-license."
            )));
        }
        if self
            .options
            .classes_without_capacity
            .iter()
            .any(|full| full == class)
        {
            return Err(ApiError::new(
                400,
                "InsufficientDBInstanceCapacity",
                format!("Cannot create a {class} database instance: no capacity in the zone."),
            ));
        }
        Ok(())
    }

    /// Refuses a zone that the region does not have.
    pub(crate) fn zone(&self, multi_az: bool) -> ApiResult<String> {
        let zones = self.options.zones(&self.place.region).unwrap_or_default();
        if let Some(wanted) = self.arguments.text("AvailabilityZone") {
            if multi_az {
                return Err(ApiError::combination(
                    "Requesting a specific availability zone is not valid for Multi-AZ instances.",
                ));
            }
            if !zones.iter().any(|zone| zone == wanted) {
                return Err(ApiError::value(format!(
                    "{wanted} is not a valid availability zone."
                )));
            }
            return Ok(wanted.to_owned());
        }
        let count = u64::try_from(zones.len().max(1)).unwrap_or(1);
        let index = usize::try_from(self.world.named % count).unwrap_or(0);
        Ok(zones
            .get(index)
            .cloned()
            .unwrap_or_else(|| format!("{}a", self.place.region)))
    }

    /// Checks the subnet group that the call names.
    pub(crate) fn subnet_group(&self) -> ApiResult<Option<String>> {
        let Some(name) = self.arguments.text("DBSubnetGroupName") else {
            return Ok(None);
        };
        let name = name.to_ascii_lowercase();
        let known = super::groups::subnet_groups(self.options, &self.place.region);
        if known.contains(&name) || self.options.accept_any_group {
            return Ok(Some(name));
        }
        Err(ApiError::new(
            404,
            "DBSubnetGroupNotFoundFault",
            format!("DB subnet group '{name}' does not exist."),
        ))
    }

    /// Checks the parameter group that the call names, for a version.
    pub(crate) fn parameter_group(&self, version: &str) -> ApiResult<Option<String>> {
        let Some(name) = self.arguments.text("DBParameterGroupName") else {
            return Ok(None);
        };
        let name = name.to_ascii_lowercase();
        if let Some(family) = name.strip_prefix("default.") {
            let right = format!("postgres{}", super::catalog::major(version));
            if family == right {
                return Ok(Some(name));
            }
            return Err(ApiError::combination(format!(
                "The Parameter Group {name} with DBParameterGroupFamily {family} can't be used for \
                 this instance. Please use a Parameter Group with DBParameterGroupFamily {right}"
            )));
        }
        let known = &self.options.parameter_groups;
        let here = |group: &super::options::AwsGroup| {
            group.region == self.place.region && group.name == name
        };
        if known.iter().any(here) || self.options.accept_any_group {
            return Ok(Some(name));
        }
        Err(ApiError::new(
            404,
            "DBParameterGroupNotFound",
            format!("DBParameterGroup not found: {name}"),
        ))
    }

    /// The ARN of a KMS key that can be used here.
    pub(crate) fn kms_key(&self, key: &str) -> ApiResult<String> {
        let Place { account, region } = &self.place;
        let arn = match key.strip_prefix("arn:") {
            Some(_) if key.starts_with(&format!("arn:aws:kms:{region}:")) => key.to_owned(),
            Some(_) => return Err(ApiError::kms(key)),
            None if key.starts_with("alias/") => format!("arn:aws:kms:{region}:{account}:{key}"),
            None => format!("arn:aws:kms:{region}:{account}:key/{key}"),
        };
        if key.is_empty()
            || self
                .options
                .inaccessible_kms_keys
                .iter()
                .any(|bad| bad == key || *bad == arn)
        {
            return Err(ApiError::kms(key));
        }
        Ok(arn)
    }

    /// The key that RDS itself keeps in the account.
    pub(crate) fn default_kms_key(&self) -> String {
        let Place { account, region } = &self.place;
        let hex = self.place.derived("aws/rds");
        format!(
            "arn:aws:kms:{region}:{account}:key/{}-{}-4{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..15],
            &hex[15..18],
            &hex[12..24]
        )
    }

    pub(crate) fn port(&self, parameter: &str) -> ApiResult<Option<i64>> {
        match self.arguments.integer(parameter) {
            Some(port) if !(1150..=65535).contains(&port) => Err(ApiError::value(format!(
                "Invalid database port: {port}. Valid port range is 1150-65535."
            ))),
            port => Ok(port),
        }
    }

    pub(crate) fn backup_retention(&self) -> ApiResult<Option<i64>> {
        match self.arguments.integer("BackupRetentionPeriod") {
            Some(days) if !(0..=35).contains(&days) => Err(ApiError::value(format!(
                "Invalid backup retention period: {days}. Must be between 0 and 35."
            ))),
            days => Ok(days),
        }
    }
}
