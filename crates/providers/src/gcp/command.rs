//! Mutations as commands of Google's own tool, which waits for the end of each.

use pgfleet_model::{
    Availability, DesiredInstance, Field, FieldChange, Mutation, Operation, PasswordSource,
    ResourceRef, Tags, Value,
};
use pgfleet_planner::Word;

use crate::shared::{
    databases::{self, TAG_PENDING},
    passwords::{changed_tag, has_password},
};

use super::{
    ADMIN,
    bodies::{SETTLED, is_public, new_labels},
    order::ends_recovery,
    setting::{NETWORK, PITR, SSL},
    size::edition,
};

const PATCHING: [&str; 4] = ["gcloud", "sql", "instances", "patch"];
/// The tool's command that knows labels.
const LABELLING: [&str; 5] = ["gcloud", "beta", "sql", "instances", "patch"];

/// The switch of point-in-time recovery.
const RECOVERY: &str = "enable-point-in-time-recovery";

/// What [`super::mutate`] sends, as `gcloud sql ...`. Labels are known to its beta commands only
/// (label-instance of Cloud SQL's documentation), and so have a command of their own.
pub(super) fn of(
    project: &str,
    mutation: &Mutation,
    password: Option<&PasswordSource>,
) -> Vec<Vec<Word>> {
    // An earlier run made the call; only its end is waited for.
    if mutation.resume {
        return Vec::new();
    }
    let id = mutation.resource.id.as_str();
    let last = [format!("--project={project}"), "--quiet".to_owned()].map(Word::from);
    let fields = match &mutation.operation {
        Operation::Modify { fields, .. } => fields.as_slice(),
        _ => &[],
    };
    if has_password(fields) {
        // Without its source there is no command.
        let Some(source) = password else {
            return Vec::new();
        };
        let words = ["gcloud", "sql", "users", "set-password", ADMIN];
        let own = [format!("--instance={id}").into(), "--password".into()];
        let words = words.map(Word::from).into_iter().chain(own);
        return vec![words.chain([source.into()]).chain(last).collect()];
    }
    if let Some(database) = databases::made_by(fields) {
        let words = ["gcloud", "sql", "databases", "create", database].map(Word::from);
        let own = [format!("--instance={id}").into()];
        return vec![words.into_iter().chain(own).chain(last).collect()];
    }
    let own = mutation.owner.tags();
    let (verb, flags, labels) = match &mutation.operation {
        Operation::CreatePrimary { desired } => create(mutation, desired, None),
        Operation::CreateReplica { desired, source } => create(mutation, desired, Some(source)),
        Operation::Modify { fields, .. } => ("patch", alter(fields), changed_labels(fields, &own)),
        Operation::Start => {
            let flags = vec!["--activation-policy=always".into()];
            ("patch", flags, Tags::new())
        }
        Operation::Delete { final_snapshot, .. } => {
            let last = final_snapshot.then(|| Word::from("--enable-final-backup"));
            ("delete", last.into_iter().collect(), Tags::new())
        }
    };
    let command = |words: &[&str], flags: Vec<Word>| {
        let words = words.iter().copied().chain([id]).map(Word::from);
        words
            .chain(flags)
            .chain(last.clone())
            .collect::<Vec<Word>>()
    };
    let mut commands = Vec::new();
    if ends_recovery(fields) {
        // The tool takes it in no command that has `--no-backup`, which Google takes only after it.
        let flag = switch(RECOVERY, false);
        commands.push(command(&PATCHING, vec![flag.into()]));
    }
    if !flags.is_empty() || verb == "delete" {
        commands.push(command(&["gcloud", "sql", "instances", verb], flags));
    }
    if !labels.is_empty() {
        let flag = format!("--update-labels={}", pairs(&labels));
        commands.push(command(&LABELLING, vec![flag.into()]));
    }
    commands
}

/// A creation, and the labels that follow it.
fn create(
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: Option<&ResourceRef>,
) -> (&'static str, Vec<Word>, Tags) {
    let attributes = &desired.attributes;
    let mut flags: Vec<Word> = Vec::new();
    let mut flag = |text: String| flags.push(text.into());
    flag(format!("--region={}", mutation.resource.region));
    match (source, attributes.postgres) {
        (Some(source), _) => flag(format!("--master-instance-name={}", source.id)),
        (None, Some(version)) => flag(format!("--database-version=POSTGRES_{}", version.major)),
        (None, None) => {}
    }
    let edition = edition(attributes);
    let word = edition.as_str().to_ascii_lowercase().replace('_', "-");
    flag(format!("--edition={word}"));
    if let Some(tier) = &attributes.size {
        flag(format!("--tier={tier}"));
    }
    let two_zones = attributes.availability == Some(Availability::Regional);
    flag(availability(two_zones));
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
    if let Some(network) = attributes.text(NETWORK) {
        flag(format!("--network={network}"));
    }
    if !is_public(attributes) {
        flag("--no-assign-ip".to_owned());
    }
    if let Some(mode) = attributes.text(SSL) {
        flag(format!("--ssl-mode={mode}"));
    }
    if source.is_none() {
        let days = attributes.backup_days.unwrap_or(0);
        if days == 0 {
            flag("--no-backup".to_owned());
        } else {
            flag(format!("--retained-backups-count={days}"));
        }
        if days > 0 && attributes.is_on(PITR) {
            let log = days.min(edition.longest_log());
            flag(switch(RECOVERY, true));
            flag(format!("--retained-transaction-log-days={log}"));
        }
    }
    if attributes.deletion_protection == Some(true) {
        flag("--deletion-protection".to_owned());
    }
    let bootstrap = desired.bootstrap.as_ref();
    if let Some(password) = bootstrap.and_then(|bootstrap| bootstrap.password.as_ref()) {
        flags.push("--root-password".into());
        flags.push(password.into());
    }
    ("create", flags, new_labels(mutation, desired))
}

fn alter(fields: &[FieldChange]) -> Vec<Word> {
    let mut flags = Vec::new();
    for FieldChange { field, from, to } in fields {
        match (field, to) {
            (Field::Size, Value::Text(tier)) => flags.push(format!("--tier={tier}")),
            (Field::MultiAz, Value::Flag(on)) => flags.push(availability(*on)),
            (Field::StorageGib, Value::Number(gib)) => flags.push(format!("--storage-size={gib}")),
            (Field::Autogrow, Value::Flag(on)) => flags.push(switch("storage-auto-increase", *on)),
            (Field::DeletionProtection, Value::Flag(on)) => {
                flags.push(switch("deletion-protection", *on));
            }
            (Field::BackupDays, Value::Number(0)) => flags.push("--no-backup".to_owned()),
            (Field::BackupDays, Value::Number(days)) => {
                // Backups that are off are switched on by their hour.
                if *from == Some(Value::Number(0)) {
                    flags.push("--backup-start-time=03:00".to_owned());
                }
                flags.push(format!("--retained-backups-count={days}"));
            }
            (Field::Setting(name), Value::Flag(true)) if name == PITR => {
                flags.push(switch(RECOVERY, true));
            }
            _ => {}
        }
    }
    flags.into_iter().map(Word::from).collect()
}

/// The labels that a change sets: none where it is not about labels.
fn changed_labels(fields: &[FieldChange], own: &Tags) -> Tags {
    let mut labels = Tags::new();
    for change in fields {
        match (&change.field, &change.to) {
            (Field::Tags, Value::Map(tags)) => labels.extend(tags.clone()),
            (Field::Address, _) => labels.extend(own.clone()),
            (field, _) if databases::is_note(field) => {
                labels.insert(TAG_PENDING.to_owned(), SETTLED.to_owned());
            }
            _ => labels.extend(changed_tag(change)),
        }
    }
    labels
}

fn switch(name: &str, on: bool) -> String {
    format!("--{}{name}", if on { "" } else { "no-" })
}

fn availability(two_zones: bool) -> String {
    let word = if two_zones { "regional" } else { "zonal" };
    format!("--availability-type={word}")
}

fn pairs(labels: &Tags) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join(",")
}
