//! Mutations as commands of AWS's own tool.

pub(super) mod awaiting;

use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, Operation,
    PasswordSource, ResourceRef, Value,
};
use pgfleet_planner::Word;

use crate::shared::passwords::has_password;

use super::{
    ENGINE,
    platform::{all_tags, final_snapshot, is_abroad, is_tag, new_tags},
    setting,
};

/// What [`super::mutate`] sends, as `aws rds ...`.
pub(super) fn of(mutation: &Mutation, password: Option<&PasswordSource>) -> Vec<Vec<Word>> {
    // An earlier run made the call; only its end is waited for.
    if mutation.resume {
        return Vec::new();
    }
    let resource = &mutation.resource;
    let mut words = match &mutation.operation {
        Operation::CreatePrimary { desired } => create_primary(mutation, desired),
        Operation::CreateReplica { desired, source } => create_replica(mutation, desired, source),
        Operation::Modify { fields, .. } if fields.iter().all(|change| is_tag(&change.field)) => {
            retag(mutation, fields)
        }
        Operation::Modify { fields, in_window } => {
            let mut words = modify(mutation, fields, *in_window);
            if has_password(fields) {
                // Without its source there is no command.
                let Some(source) = password else {
                    return Vec::new();
                };
                words.push("--master-user-password".into());
                words.push(source.into());
            }
            words
        }
        Operation::Start => command("start-db-instance", resource),
        Operation::Delete {
            final_snapshot: last,
            ..
        } => {
            let mut words = command("delete-db-instance", resource);
            if *last {
                words.push("--final-db-snapshot-identifier".into());
                words.push(final_snapshot(resource).into());
            } else {
                words.push("--skip-final-snapshot".into());
            }
            words
        }
    };
    in_region(&mut words, resource);
    [words]
        .into_iter()
        .chain(group_afterwards(mutation))
        .collect()
}

/// A replica in another region is made with the default group of parameters, and switched to its own
/// when it is there.
fn group_afterwards(mutation: &Mutation) -> Vec<Vec<Word>> {
    let Operation::CreateReplica { desired, source } = &mutation.operation else {
        return Vec::new();
    };
    let resource = &mutation.resource;
    let group = desired.attributes.text(setting::PARAMETER_GROUP);
    let Some(group) = group.filter(|_| is_abroad(resource, source)) else {
        return Vec::new();
    };
    let mut words = command("modify-db-instance", resource);
    option(&mut words, "db-parameter-group-name", Some(group));
    flag(&mut words, "apply-immediately", true);
    in_region(&mut words, resource);
    vec![awaiting::wait("db-instance-available", resource), words]
}

/// `aws rds VERB` on one instance.
pub(super) fn command(verb: &str, resource: &ResourceRef) -> Vec<Word> {
    [
        "aws",
        "rds",
        verb,
        "--db-instance-identifier",
        resource.id.as_str(),
    ]
    .map(Word::from)
    .to_vec()
}

pub(super) fn in_region(words: &mut Vec<Word>, resource: &ResourceRef) {
    option(words, "region", Some(&resource.region));
}

/// An instance's ARN, which holds the account's number: only RDS knows it.
fn arn(resource: &ResourceRef) -> Word {
    let mut words = command("describe-db-instances", resource);
    option(&mut words, "query", Some("DBInstances[0].DBInstanceArn"));
    option(&mut words, "output", Some("text"));
    in_region(&mut words, resource);
    Word::Output(words)
}

fn option(words: &mut Vec<Word>, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        words.push(format!("--{name}").into());
        words.push(value.to_string().into());
    }
}

fn flag(words: &mut Vec<Word>, name: &str, value: bool) {
    words.push(format!("--{}{name}", if value { "" } else { "no-" }).into());
}

fn create_primary(mutation: &Mutation, desired: &DesiredInstance) -> Vec<Word> {
    let mut words = command("create-db-instance", &mutation.resource);
    let attributes = &desired.attributes;
    option(&mut words, "engine", Some(ENGINE));
    option(&mut words, "engine-version", attributes.postgres);
    if let Some(bootstrap) = &desired.bootstrap {
        option(&mut words, "master-username", Some(&bootstrap.admin));
        if let Some(source) = &bootstrap.password {
            words.push("--master-user-password".into());
            words.push(source.into());
        }
        let named = Some(&bootstrap.database).filter(|database| *database != "postgres");
        option(&mut words, "db-name", named);
    }
    option(
        &mut words,
        "backup-retention-period",
        attributes.backup_days,
    );
    words.push("--storage-encrypted".into());
    option(&mut words, "kms-key-id", attributes.text(setting::KMS_KEY));
    option(
        &mut words,
        "db-parameter-group-name",
        attributes.text(setting::PARAMETER_GROUP),
    );
    flag(
        &mut words,
        "deletion-protection",
        attributes.deletion_protection == Some(true),
    );
    shared(&mut words, mutation, attributes);
    words
}

fn create_replica(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: &ResourceRef,
) -> Vec<Word> {
    let mut words = command("create-db-instance-read-replica", &mutation.resource);
    words.push("--source-db-instance-identifier".into());
    if is_abroad(&mutation.resource, source) {
        words.push(arn(source));
        // With it the tool signs the request that RDS makes to the source's region.
        option(&mut words, "source-region", Some(&source.region));
    } else {
        words.push(source.id.to_string().into());
    }
    option(
        &mut words,
        "kms-key-id",
        desired.attributes.text(setting::KMS_KEY),
    );
    shared(&mut words, mutation, &desired.attributes);
    words
}

/// What both creations take.
fn shared(words: &mut Vec<Word>, mutation: &Mutation, attributes: &Attributes) {
    let storage = &attributes.storage;
    option(words, "db-instance-class", attributes.size.as_ref());
    option(words, "allocated-storage", storage.gib);
    option(words, "storage-type", storage.kind.as_ref());
    option(words, "iops", storage.iops);
    option(words, "storage-throughput", storage.throughput);
    option(words, "max-allocated-storage", storage.autogrow_to_gib);
    flag(
        words,
        "multi-az",
        attributes.availability == Some(Availability::Regional),
    );
    option(
        words,
        "db-subnet-group-name",
        attributes.text(setting::SUBNET_GROUP),
    );
    security_groups(words, attributes.settings.get(setting::SECURITY_GROUPS));
    let public = attributes.is_on(setting::PUBLIC);
    flag(words, "publicly-accessible", public);
    words.push("--copy-tags-to-snapshot".into());
    tags(words, all_tags(mutation, attributes));
}

fn tags(words: &mut Vec<Word>, all: Vec<(String, String)>) {
    words.push("--tags".into());
    let all = all.into_iter();
    words.extend(all.map(|(key, value)| Word::Plain(tag(&key, &value))));
}

fn retag(mutation: &Mutation, fields: &[FieldChange]) -> Vec<Word> {
    let mut words: Vec<Word> = ["aws", "rds", "add-tags-to-resource", "--resource-name"]
        .map(Word::from)
        .to_vec();
    words.push(arn(&mutation.resource));
    tags(&mut words, new_tags(mutation, fields));
    words
}

/// A tag in the tool's own short form, in which only quotes need care.
fn tag(key: &str, value: &str) -> String {
    let quoted = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
        if !text.is_empty() && text.chars().all(plain) {
            text.to_owned()
        } else {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
    };
    format!("Key={},Value={}", quoted(key), quoted(value))
}

fn security_groups(words: &mut Vec<Word>, groups: Option<&Value>) {
    if let Some(Value::List(groups)) = groups {
        words.push("--vpc-security-group-ids".into());
        words.extend(groups.iter().cloned().map(Word::Plain));
    }
}

fn modify(mutation: &Mutation, fields: &[FieldChange], in_window: bool) -> Vec<Word> {
    let mut words = command("modify-db-instance", &mutation.resource);
    for FieldChange { field, to, .. } in fields {
        let on = *to == Value::Flag(true);
        match field {
            Field::Size => option(&mut words, "db-instance-class", Some(to)),
            Field::Postgres => option(&mut words, "engine-version", Some(to)),
            Field::StorageGib => option(&mut words, "allocated-storage", Some(to)),
            Field::StorageType => option(&mut words, "storage-type", Some(to)),
            Field::Iops => option(&mut words, "iops", Some(to)),
            Field::Throughput => option(&mut words, "storage-throughput", Some(to)),
            Field::AutogrowToGib => option(&mut words, "max-allocated-storage", Some(to)),
            Field::BackupDays => option(&mut words, "backup-retention-period", Some(to)),
            Field::MultiAz => flag(&mut words, "multi-az", on),
            Field::DeletionProtection => flag(&mut words, "deletion-protection", on),
            Field::Setting(name) if name == setting::PUBLIC => {
                flag(&mut words, "publicly-accessible", on);
            }
            Field::Setting(name) if name == setting::PARAMETER_GROUP => {
                option(&mut words, "db-parameter-group-name", Some(to));
            }
            Field::Setting(name) if name == setting::SECURITY_GROUPS => {
                security_groups(&mut words, Some(to));
            }
            Field::Tags | Field::Address | Field::Autogrow | Field::Setting(_) => {}
        }
    }
    flag(&mut words, "apply-immediately", !in_window);
    words
}
