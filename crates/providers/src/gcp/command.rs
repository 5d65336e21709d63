//! The calls as commands of gcloud. A password is in none of them: gcloud sets it with
//! `gcloud sql users set-password`.

use pgfleet_model::{
    Availability, DesiredInstance, Field, FieldChange, Mutation, Operation, ResourceRef, Tags,
    Value,
};

use super::{
    resolve::setting,
    setting::{NETWORK, PITR},
    tier::edition,
};

pub(super) fn of(project: &str, mutation: &Mutation) -> Option<Vec<String>> {
    let id = mutation.resource.id.as_str();
    let (verb, flags) = match &mutation.operation {
        Operation::CreatePrimary { desired } => ("create", create(mutation, desired, None)),
        Operation::CreateReplica { desired, source } => {
            ("create", create(mutation, desired, Some(source)))
        }
        Operation::Modify { fields, .. } => ("patch", alter(mutation, fields)?),
        Operation::Start => ("patch", vec!["--activation-policy=ALWAYS".to_owned()]),
        Operation::Delete { final_snapshot, .. } => {
            let flag = "--enable-final-backup".to_owned();
            (
                "delete",
                final_snapshot.then_some(flag).into_iter().collect(),
            )
        }
    };
    let words = ["gcloud", "sql", "instances", verb, id].map(str::to_owned);
    let last = [format!("--project={project}"), "--quiet".to_owned()];
    Some(words.into_iter().chain(flags).chain(last).collect())
}

fn create(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: Option<&ResourceRef>,
) -> Vec<String> {
    let attributes = &desired.attributes;
    let mut labels = attributes.tags.clone();
    labels.extend(mutation.owner.tags());
    let mut flags = vec![format!("--region={}", mutation.resource.region)];
    let mut flag = |text: String| flags.push(text);
    match (source, attributes.postgres) {
        (Some(source), _) => flag(format!("--master-instance-name={}", source.id)),
        (None, Some(version)) => flag(format!("--database-version=POSTGRES_{}", version.major)),
        (None, None) => {}
    }
    flag(format!(
        "--edition={}",
        gcloud_word(edition(attributes).as_str())
    ));
    if let Some(tier) = &attributes.size {
        flag(format!("--tier={tier}"));
    }
    flag(format!(
        "--availability-type={}",
        availability(attributes.availability)
    ));
    if let Some(gib) = attributes.storage.gib {
        flag(format!("--storage-size={gib}"));
    }
    if let Some(kind) = &attributes.storage.kind {
        flag(format!("--storage-type={}", kind.trim_start_matches("PD_")));
    }
    flag(switch(
        "storage-auto-increase",
        attributes.storage.autogrow.unwrap_or(true),
    ));
    if let Some(network) = setting(attributes, NETWORK) {
        flag(format!("--network={network}"));
        flag("--no-assign-ip".to_owned());
    }
    if source.is_none() {
        let days = attributes.backup_days.unwrap_or(0);
        flag(switch("backup", days > 0));
        if days > 0 {
            flag(format!("--retained-backups-count={days}"));
        }
        if days > 0 && attributes.settings.get(PITR) == Some(&Value::Flag(true)) {
            let log = days.min(edition(attributes).longest_log());
            flag("--enable-point-in-time-recovery".to_owned());
            flag(format!("--retained-transaction-log-days={log}"));
        }
    }
    if attributes.deletion_protection == Some(true) {
        flag("--deletion-protection".to_owned());
    }
    flag(format!("--labels={}", pairs(&labels)));
    flags
}

fn alter(mutation: &Mutation, fields: &[FieldChange]) -> Option<Vec<String>> {
    let mut flags = Vec::new();
    let mut labels = Tags::new();
    for FieldChange { field, to, .. } in fields {
        match (field, to) {
            (Field::Size, Value::Text(tier)) => flags.push(format!("--tier={tier}")),
            (Field::MultiAz, Value::Flag(on)) => {
                let kind = if *on { "REGIONAL" } else { "ZONAL" };
                flags.push(format!("--availability-type={kind}"));
            }
            (Field::StorageGib, Value::Number(gib)) => flags.push(format!("--storage-size={gib}")),
            (Field::Autogrow, Value::Flag(on)) => flags.push(switch("storage-auto-increase", *on)),
            (Field::DeletionProtection, Value::Flag(on)) => {
                flags.push(switch("deletion-protection", *on));
            }
            (Field::BackupDays, Value::Number(0)) => flags.push("--no-backup".to_owned()),
            (Field::BackupDays, Value::Number(days)) => {
                flags.push(format!("--retained-backups-count={days}"));
            }
            (Field::Setting(name), Value::Flag(on)) if name == PITR => {
                flags.push(switch("enable-point-in-time-recovery", *on));
            }
            (Field::Tags, Value::Map(tags)) => labels.extend(tags.clone()),
            (Field::Address, _) => labels.extend(mutation.owner.tags()),
            _ => return None,
        }
    }
    if !labels.is_empty() {
        flags.push(format!("--update-labels={}", pairs(&labels)));
    }
    Some(flags)
}

fn switch(name: &str, on: bool) -> String {
    if on {
        format!("--{name}")
    } else {
        format!("--no-{name}")
    }
}

fn availability(availability: Option<Availability>) -> &'static str {
    match availability {
        Some(Availability::Regional) => "REGIONAL",
        Some(Availability::Zonal) | None => "ZONAL",
    }
}

fn gcloud_word(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', "-")
}

fn pairs(tags: &Tags) -> String {
    let pairs: Vec<String> = tags
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join(",")
}
