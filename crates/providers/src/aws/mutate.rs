//! The calls that change something.

use aws_sdk_rds::{
    error::ProvideErrorMetadata,
    types::{DbInstance, Tag},
};
use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, ResourceRef, Value,
};
use pgfleet_provider::{ProviderError, Secrets};
use secrecy::{ExposeSecret as _, SecretString};

use crate::shared::{
    databases, numbers,
    passwords::{self, Fault, scrubbed},
};

use super::{
    ENGINE,
    errors::{Nature, explain},
    platform::{all_tags, final_snapshots},
    setting,
};

type Answer = Result<Option<DbInstance>, ProviderError>;

pub(super) async fn create_primary(
    client: &aws_sdk_rds::Client,
    mutation: &Mutation,
    desired: &DesiredInstance,
    secrets: &Secrets,
) -> Answer {
    let attributes = &desired.attributes;
    let storage = &attributes.storage;
    let mut call = client
        .create_db_instance()
        .db_instance_identifier(mutation.resource.id.as_str())
        .engine(ENGINE)
        .set_engine_version(attributes.postgres.map(|version| version.to_string()))
        .set_db_instance_class(attributes.size.clone())
        .set_allocated_storage(numbers::sent(storage.gib))
        .set_storage_type(storage.kind.clone())
        .set_iops(numbers::sent(storage.iops))
        .set_storage_throughput(numbers::sent(storage.throughput))
        .set_max_allocated_storage(numbers::sent(storage.autogrow_to_gib))
        .set_backup_retention_period(numbers::sent(attributes.backup_days))
        .multi_az(attributes.availability == Some(Availability::Regional))
        .storage_encrypted(true)
        .set_kms_key_id(text(attributes, setting::KMS_KEY))
        .set_db_subnet_group_name(text(attributes, setting::SUBNET_GROUP))
        .set_vpc_security_group_ids(list(attributes, setting::SECURITY_GROUPS))
        .set_db_parameter_group_name(text(attributes, setting::PARAMETER_GROUP))
        .publicly_accessible(attributes.is_on(setting::PUBLIC))
        .deletion_protection(attributes.deletion_protection == Some(true))
        .copy_tags_to_snapshot(true)
        .set_tags(Some(tags(all_tags(mutation, attributes))));
    let mut password = None;
    if let Some(bootstrap) = &desired.bootstrap {
        // RDS makes the database `postgres` by itself.
        call = call
            .master_username(&bootstrap.admin)
            .set_db_name(databases::wanted(desired).map(ToOwned::to_owned));
        if let Some(source) = &bootstrap.password {
            password = Some(passwords::read(source.clone(), *secrets, fault).await?);
        }
    }
    call = call.set_master_user_password(exposed(password.as_ref()));
    let answer = call.send().await;
    answer
        .map(|answer| answer.db_instance)
        .map_err(|error| explain("CreateDBInstance", Nature::Changes, &error))
        .map_err(|error| scrubbed(error, password.as_ref()))
}

/// A replica takes its engine, version, administrator and encryption from its source. Its parameter
/// group can only be set afterwards, which the listing after the creation then shows to be needed.
pub(super) async fn create_replica(
    client: &aws_sdk_rds::Client,
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: String,
) -> Answer {
    let attributes = &desired.attributes;
    let storage = &attributes.storage;
    let answer = client
        .create_db_instance_read_replica()
        .db_instance_identifier(mutation.resource.id.as_str())
        .source_db_instance_identifier(source)
        .set_db_instance_class(attributes.size.clone())
        .set_allocated_storage(numbers::sent(storage.gib))
        .set_storage_type(storage.kind.clone())
        .set_iops(numbers::sent(storage.iops))
        .set_storage_throughput(numbers::sent(storage.throughput))
        .set_max_allocated_storage(numbers::sent(storage.autogrow_to_gib))
        .multi_az(attributes.availability == Some(Availability::Regional))
        .set_kms_key_id(text(attributes, setting::KMS_KEY))
        .set_db_subnet_group_name(text(attributes, setting::SUBNET_GROUP))
        .set_vpc_security_group_ids(list(attributes, setting::SECURITY_GROUPS))
        .publicly_accessible(attributes.is_on(setting::PUBLIC))
        .copy_tags_to_snapshot(true)
        .set_tags(Some(tags(all_tags(mutation, attributes))))
        .send()
        .await;
    answer
        .map(|answer| answer.db_instance)
        .map_err(|error| explain("CreateDBInstanceReadReplica", Nature::Changes, &error))
}

/// All attributes in one call: size and IOPS of a disk are refused one after the other.
pub(super) async fn modify(
    client: &aws_sdk_rds::Client,
    resource: &ResourceRef,
    fields: &[FieldChange],
    in_window: bool,
    password: Option<SecretString>,
) -> Answer {
    let mut call = client
        .modify_db_instance()
        .db_instance_identifier(resource.id.as_str())
        .apply_immediately(!in_window)
        .set_master_user_password(exposed(password.as_ref()));
    for FieldChange { field, to, .. } in fields {
        let number = match to {
            Value::Number(number) => i32::try_from(*number).ok(),
            _ => None,
        };
        let on = *to == Value::Flag(true);
        call = match field {
            Field::Size => call.db_instance_class(to.to_string()),
            Field::Postgres => call.engine_version(to.to_string()),
            Field::StorageGib => call.set_allocated_storage(number),
            Field::StorageType => call.storage_type(to.to_string()),
            Field::Iops => call.set_iops(number),
            Field::Throughput => call.set_storage_throughput(number),
            Field::AutogrowToGib => call.set_max_allocated_storage(number),
            Field::BackupDays => call.set_backup_retention_period(number),
            Field::MultiAz => call.multi_az(on),
            Field::DeletionProtection => call.deletion_protection(on),
            Field::Setting(name) if name == setting::PUBLIC => call.publicly_accessible(on),
            Field::Setting(name) if name == setting::PARAMETER_GROUP => {
                call.db_parameter_group_name(to.to_string())
            }
            Field::Setting(name) if name == setting::SECURITY_GROUPS => match to {
                Value::List(groups) => {
                    call.set_vpc_security_group_ids(Some(groups.iter().cloned().collect()))
                }
                _ => call,
            },
            Field::Tags | Field::Address | Field::Autogrow | Field::Setting(_) => call,
        };
    }
    let answer = call.send().await;
    answer
        .map(|answer| answer.db_instance)
        .map_err(|error| explain("ModifyDBInstance", Nature::Changes, &error))
        .map_err(|error| scrubbed(error, password.as_ref()))
}

pub(super) async fn add_tags(
    client: &aws_sdk_rds::Client,
    arn: &str,
    all: Vec<(String, String)>,
) -> Result<(), ProviderError> {
    let call = client.add_tags_to_resource().resource_name(arn);
    let answer = call.set_tags(Some(tags(all))).send().await;
    answer
        .map(drop)
        .map_err(|error| explain("AddTagsToResource", Nature::Changes, &error))
}

pub(super) async fn remove_tags(
    client: &aws_sdk_rds::Client,
    arn: &str,
    keys: Vec<String>,
) -> Result<(), ProviderError> {
    let call = client.remove_tags_from_resource().resource_name(arn);
    let answer = call.set_tag_keys(Some(keys)).send().await;
    answer
        .map(drop)
        .map_err(|error| explain("RemoveTagsFromResource", Nature::Changes, &error))
}

pub(super) async fn start(client: &aws_sdk_rds::Client, resource: &ResourceRef) -> Answer {
    let call = client.start_db_instance();
    let answer = call
        .db_instance_identifier(resource.id.as_str())
        .send()
        .await;
    answer
        .map(|answer| answer.db_instance)
        .map_err(|error| explain("StartDBInstance", Nature::Changes, &error))
}

/// A replica takes no final snapshot, and a primary one where the plan wants it. Its automated
/// backups are kept or deleted as RDS does by default.
pub(super) async fn delete(
    client: &aws_sdk_rds::Client,
    resource: &ResourceRef,
    last_snapshot: bool,
) -> Answer {
    let mut names = last_snapshot.then(|| final_snapshots(resource));
    loop {
        let name = names.as_mut().and_then(Iterator::next);
        let answer = client
            .delete_db_instance()
            .db_instance_identifier(resource.id.as_str())
            .skip_final_snapshot(!last_snapshot)
            .set_final_db_snapshot_identifier(name.clone())
            .send()
            .await;
        let error = match answer {
            Ok(answer) => return Ok(answer.db_instance),
            Err(error) => error,
        };
        // An earlier instance of this name left one behind: it is kept, and the next name is tried.
        let taken = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code)
            == Some("DBSnapshotAlreadyExists");
        if !taken || name.is_none() {
            return Err(explain("DeleteDBInstance", Nature::Changes, &error));
        }
    }
}

/// A password as the SDK takes it.
fn exposed(password: Option<&SecretString>) -> Option<String> {
    password.map(|password| password.expose_secret().to_owned())
}

/// What RDS says against an administrator's password. Its reference lets spaces pass; its answer to
/// one does not: "Only printable ASCII characters besides '/', '@', '"', ' ' may be used".
pub(super) fn fault(password: &str) -> Fault {
    let long = (8..=128).contains(&password.len());
    let fine = password
        .chars()
        .all(|c| c.is_ascii_graphic() && !"/\"@".contains(c));
    (!(long && fine)).then_some(
        "must have 8 to 128 printable ASCII characters, and none of them `/`, `\"`, `@` or a space",
    )
}

fn text(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.text(name).map(ToOwned::to_owned)
}

fn list(attributes: &Attributes, name: &str) -> Option<Vec<String>> {
    let words = attributes.list(name)?;
    Some(words.iter().cloned().collect())
}

fn tags(all: Vec<(String, String)>) -> Vec<Tag> {
    all.into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_eight_characters_and_none_that_rds_keeps_out() {
        assert_eq!(fault("A-long-passw0rd!"), None);
        let long = "x".repeat(129);
        for bad in [
            "short-1",
            "with a space",
            "with\ttab-in-it",
            "with/slash",
            "with\"quote",
            "with@sign",
            "\u{fc}ber-lang",
            &long,
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
