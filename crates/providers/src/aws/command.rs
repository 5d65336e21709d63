//! Mutations as commands of AWS's own tool.

use pgfleet_model::{
    Attributes, Availability, DesiredInstance, FieldChange, Mutation, Operation, ResourceRef, Value,
};

use super::{
    ENGINE,
    platform::{all_tags, final_snapshot, is_abroad, is_tag},
    setting,
};

/// The words of `aws rds ...`, but for the password, which is never among them: the command reads
/// it from the variable that the words name.
pub(super) fn of(mutation: &Mutation) -> Option<Vec<String>> {
    let mut words = match &mutation.operation {
        Operation::CreatePrimary { desired } => create_primary(mutation, desired),
        Operation::CreateReplica { desired, source } => create_replica(mutation, desired, source)?,
        Operation::Modify { fields, .. } if fields.iter().all(|change| is_tag(&change.field)) => {
            // The ARN holds the account's number, which only RDS knows.
            return None;
        }
        Operation::Modify { fields, in_window } => modify(mutation, fields, *in_window),
        Operation::Start => command("start-db-instance", &mutation.resource),
        Operation::Delete {
            final_snapshot: last,
            ..
        } => {
            let mut words = command("delete-db-instance", &mutation.resource);
            if *last {
                words.push("--final-db-snapshot-identifier".to_owned());
                words.push(final_snapshot(&mutation.resource));
            } else {
                words.push("--skip-final-snapshot".to_owned());
            }
            words
        }
    };
    words.push("--region".to_owned());
    words.push(mutation.resource.region.to_string());
    Some(words)
}

fn command(verb: &str, resource: &ResourceRef) -> Vec<String> {
    [
        "aws",
        "rds",
        verb,
        "--db-instance-identifier",
        resource.id.as_str(),
    ]
    .map(ToOwned::to_owned)
    .to_vec()
}

fn option(words: &mut Vec<String>, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        words.push(format!("--{name}"));
        words.push(value.to_string());
    }
}

fn flag(words: &mut Vec<String>, name: &str, value: bool) {
    words.push(format!("--{}{name}", if value { "" } else { "no-" }));
}

fn create_primary(mutation: &Mutation, desired: &DesiredInstance) -> Vec<String> {
    let mut words = command("create-db-instance", &mutation.resource);
    let attributes = &desired.attributes;
    option(&mut words, "engine", Some(ENGINE));
    option(&mut words, "engine-version", attributes.postgres);
    if let Some(bootstrap) = &desired.bootstrap {
        option(&mut words, "master-username", Some(&bootstrap.admin));
        let named = Some(&bootstrap.database).filter(|database| *database != "postgres");
        option(&mut words, "db-name", named);
    }
    option(
        &mut words,
        "backup-retention-period",
        attributes.backup_days,
    );
    words.push("--storage-encrypted".to_owned());
    option(&mut words, "kms-key-id", text(attributes, setting::KMS_KEY));
    option(
        &mut words,
        "db-parameter-group-name",
        text(attributes, setting::PARAMETER_GROUP),
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
) -> Option<Vec<String>> {
    if is_abroad(&mutation.resource, source) {
        // The source is named by its ARN, which holds the account's number.
        return None;
    }
    let mut words = command("create-db-instance-read-replica", &mutation.resource);
    option(
        &mut words,
        "source-db-instance-identifier",
        Some(&source.id),
    );
    shared(&mut words, mutation, &desired.attributes);
    Some(words)
}

/// What both creations take.
fn shared(words: &mut Vec<String>, mutation: &Mutation, attributes: &Attributes) {
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
        text(attributes, setting::SUBNET_GROUP),
    );
    security_groups(words, attributes.settings.get(setting::SECURITY_GROUPS));
    let public = attributes.settings.get(setting::PUBLIC) == Some(&Value::Flag(true));
    flag(words, "publicly-accessible", public);
    words.push("--copy-tags-to-snapshot".to_owned());
    words.push("--tags".to_owned());
    let tags = all_tags(mutation, attributes).into_iter();
    words.extend(tags.map(|(key, value)| tag(&key, &value)));
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

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a Value> {
    attributes.settings.get(name)
}

fn security_groups(words: &mut Vec<String>, groups: Option<&Value>) {
    if let Some(Value::List(groups)) = groups {
        words.push("--vpc-security-group-ids".to_owned());
        words.extend(groups.iter().cloned());
    }
}

fn modify(mutation: &Mutation, fields: &[FieldChange], in_window: bool) -> Vec<String> {
    use pgfleet_model::Field;
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
