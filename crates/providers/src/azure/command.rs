//! Mutations as commands of Azure's own tool, which waits for the end of each by itself.

use pgfleet_model::{
    Attributes, Availability, DesiredInstance, Field, FieldChange, Mutation, Operation,
    PasswordSource, ResourceRef, Storage, Value,
};
use pgfleet_planner::Word;

use crate::shared::{
    databases::{self, TAG_PENDING},
    passwords::{self, has_version},
};

use super::{
    SERVERS,
    platform::is_tag,
    rules::{FEWEST_IOPS, LEAST_THROUGHPUT, SECOND_KIND},
    setting,
    size::{full_name, tier_of},
};

/// Where the commands act.
pub(super) struct Place<'a> {
    pub(super) subscription: &'a str,
    pub(super) group: &'a str,
}

/// What [`super::mutate`] sends, as `az postgres flexible-server ...`.
pub(super) fn of(
    place: &Place<'_>,
    mutation: &Mutation,
    password: Option<&PasswordSource>,
) -> Vec<Vec<Word>> {
    // An earlier run made the call; only its end is waited for.
    if mutation.resume {
        return Vec::new();
    }
    let resource = &mutation.resource;
    match &mutation.operation {
        Operation::CreatePrimary { desired } => vec![create_primary(place, mutation, desired)],
        Operation::CreateReplica { desired, source } => {
            create_replica(place, mutation, desired, source)
        }
        Operation::Modify { fields, .. } => modify(place, mutation, fields, password),
        Operation::Start => vec![place.on("start", resource)],
        Operation::Delete { .. } => {
            let mut words = place.on("delete", resource);
            words.push("--yes".into());
            vec![words]
        }
    }
}

impl Place<'_> {
    /// `az postgres flexible-server VERB` on one server.
    fn on(&self, verb: &str, resource: &ResourceRef) -> Vec<Word> {
        let mut words: Vec<Word> = ["az", "postgres", "flexible-server"]
            .map(Word::from)
            .to_vec();
        words.extend(verb.split(' ').map(Word::from));
        option(&mut words, "name", Some(&resource.id));
        self.here(&mut words);
        words
    }

    fn here(&self, words: &mut Vec<Word>) {
        option(words, "resource-group", Some(self.group));
        option(words, "subscription", Some(self.subscription));
    }

    /// `az tag update`, which leaves other tags as they are.
    fn tags(&self, resource: &ResourceRef, operation: &str, tags: Vec<Word>) -> Vec<Word> {
        let Place {
            subscription,
            group,
        } = self;
        let id = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/{SERVERS}/{}",
            resource.id
        );
        let mut words: Vec<Word> = ["az", "tag", "update"].map(Word::from).to_vec();
        option(&mut words, "resource-id", Some(id));
        option(&mut words, "operation", Some(operation));
        words.push("--tags".into());
        words.extend(tags);
        words
    }
}

fn option(words: &mut Vec<Word>, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        words.push(format!("--{name}").into());
        words.push(value.to_string().into());
    }
}

fn enabled(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

fn tag(name: &str, value: &str) -> Word {
    format!("{name}={value}").into()
}

fn create_primary(place: &Place<'_>, mutation: &Mutation, desired: &DesiredInstance) -> Vec<Word> {
    let attributes = &desired.attributes;
    let mut words = place.on("create", &mutation.resource);
    option(&mut words, "location", Some(&mutation.resource.region));
    let version = attributes.postgres.map(|version| version.major);
    option(&mut words, "version", version);
    size(&mut words, attributes.size.as_deref());
    disk(&mut words, attributes);
    let kind = match attributes.storage.kind.as_deref() {
        Some("premium-ssd") => Some("Premium_LRS"),
        Some("premium-ssd-v2") => Some("PremiumV2_LRS"),
        _ => None,
    };
    option(&mut words, "storage-type", kind);
    // The tool wants both numbers with this kind, where Azure itself takes its fewest.
    let second = is_second(attributes);
    let number = |own: Option<u32>, fewest| own.or(second.then_some(fewest));
    let Storage {
        iops, throughput, ..
    } = attributes.storage;
    option(&mut words, "iops", number(iops, FEWEST_IOPS));
    let throughput = number(throughput, LEAST_THROUGHPUT);
    option(&mut words, "throughput", throughput);
    let autogrow = attributes.storage.autogrow.map(enabled);
    option(&mut words, "storage-auto-grow", autogrow);
    option(&mut words, "backup-retention", attributes.backup_days);
    let standby = attributes.availability == Some(Availability::Regional);
    option(&mut words, "zonal-resiliency", Some(enabled(standby)));
    if let Some(bootstrap) = &desired.bootstrap {
        option(&mut words, "admin-user", Some(&bootstrap.admin));
        if let Some(source) = &bootstrap.password {
            words.push("--admin-password".into());
            words.push(source.into());
        }
    }
    network(&mut words, attributes);
    if !attributes.settings.contains_key(setting::SUBNET) {
        // A public address, and no firewall rule for it. `None` would mean no access at all.
        option(&mut words, "public-access", Some("Enabled"));
    }
    let note = databases::wanted(desired).map(|database| tag(TAG_PENDING, database));
    let version = passwords::tag(&attributes.settings);
    let version = version.map(|(name, value)| tag(&name, &value));
    let more = note.into_iter().chain(version).collect();
    new_tags(&mut words, mutation, attributes, more);
    words.push("--yes".into());
    words
}

fn create_replica(
    place: &Place<'_>,
    mutation: &Mutation,
    desired: &DesiredInstance,
    source: &ResourceRef,
) -> Vec<Vec<Word>> {
    let attributes = &desired.attributes;
    let mut words = place.on("replica create", &mutation.resource);
    option(&mut words, "source-server", Some(&source.id));
    option(&mut words, "location", Some(&mutation.resource.region));
    size(&mut words, attributes.size.as_deref());
    disk(&mut words, attributes);
    if is_second(attributes) {
        option(&mut words, "storage-type", Some("PremiumV2_LRS"));
    }
    network(&mut words, attributes);
    new_tags(&mut words, mutation, attributes, Vec::new());
    words.push("--yes".into());
    // The tool has no words for the rest when a replica is made.
    let mut rest = Vec::new();
    let storage = &attributes.storage;
    option(
        &mut rest,
        "storage-auto-grow",
        storage.autogrow.map(enabled),
    );
    option(&mut rest, "iops", storage.iops);
    option(&mut rest, "throughput", storage.throughput);
    let rest = (!rest.is_empty()).then(|| {
        let mut words = place.on("update", &mutation.resource);
        words.append(&mut rest);
        words
    });
    [words].into_iter().chain(rest).collect()
}

fn is_second(attributes: &Attributes) -> bool {
    attributes.storage.kind.as_deref() == Some(SECOND_KIND)
}

fn size(words: &mut Vec<Word>, size: Option<&str>) {
    if let Some(size) = size {
        option(words, "tier", Some(tier_of(size).as_str()));
        option(words, "sku-name", Some(full_name(size)));
    }
}

fn disk(words: &mut Vec<Word>, attributes: &Attributes) {
    option(words, "storage-size", attributes.storage.gib);
}

fn network(words: &mut Vec<Word>, attributes: &Attributes) {
    option(words, "subnet", attributes.settings.get(setting::SUBNET));
    let zone = attributes.settings.get(setting::DNS_ZONE);
    option(words, "private-dns-zone", zone);
}

fn new_tags(words: &mut Vec<Word>, mutation: &Mutation, attributes: &Attributes, more: Vec<Word>) {
    words.push("--tags".into());
    let own = mutation.owner.tags();
    let all = attributes.tags.iter().chain(&own);
    words.extend(all.map(|(name, value)| tag(name, value)));
    words.extend(more);
}

fn modify(
    place: &Place<'_>,
    mutation: &Mutation,
    fields: &[FieldChange],
    password: Option<&PasswordSource>,
) -> Vec<Vec<Word>> {
    let resource = &mutation.resource;
    if let Some(database) = databases::made_by(fields) {
        let mut words: Vec<Word> = ["az", "postgres", "flexible-server", "db", "create"]
            .map(Word::from)
            .to_vec();
        option(&mut words, "server-name", Some(&resource.id));
        option(&mut words, "name", Some(database));
        place.here(&mut words);
        return vec![words];
    }
    if databases::is_settled(fields) {
        return vec![place.tags(resource, "Delete", vec![TAG_PENDING.into()])];
    }
    let mut commands = Vec::new();
    let (tags, rest): (Vec<_>, Vec<_>) = fields.iter().partition(|change| is_tag(&change.field));
    if !rest.is_empty() {
        let mut words = place.on("update", resource);
        if has_version(fields) {
            // Without its source there is no command.
            let Some(source) = password else {
                return Vec::new();
            };
            words.push("--admin-password".into());
            words.push(source.into());
        }
        for change in rest {
            update(&mut words, change);
        }
        words.push("--yes".into());
        commands.push(words);
    }
    // The version of the password comes after it.
    let version = fields.iter().find_map(passwords::changed_tag);
    if !tags.is_empty() || version.is_some() {
        let mut all = mutation.owner.tags();
        all.extend(version);
        for change in tags {
            if let Value::Map(wanted) = &change.to {
                all.extend(wanted.clone());
            }
        }
        let all = all.iter().map(|(name, value)| tag(name, value));
        commands.push(place.tags(resource, "Merge", all.collect()));
    }
    commands
}

fn update(words: &mut Vec<Word>, FieldChange { field, to, .. }: &FieldChange) {
    let on = *to == Value::Flag(true);
    match field {
        Field::Size => size(words, Some(&to.to_string())),
        Field::StorageGib => option(words, "storage-size", Some(to)),
        Field::Iops => option(words, "iops", Some(to)),
        Field::Throughput => option(words, "throughput", Some(to)),
        Field::Autogrow => option(words, "storage-auto-grow", Some(enabled(on))),
        Field::BackupDays => option(words, "backup-retention", Some(to)),
        Field::MultiAz => option(words, "zonal-resiliency", Some(enabled(on))),
        Field::Postgres
        | Field::StorageType
        | Field::AutogrowToGib
        | Field::DeletionProtection
        | Field::Tags
        | Field::Address
        | Field::Setting(_) => {}
    }
}
