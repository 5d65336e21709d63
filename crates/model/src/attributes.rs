//! What can differ between an instance as wanted and as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Availability, PgVersion};

/// Tags beside pgfleet's own three.
pub type Tags = BTreeMap<String, String>;

/// What only one platform knows (a KMS key, a port), by the platform's own names.
pub type Settings = BTreeMap<String, Value>;

/// An instance's disk. `None` means: not declared, or not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// Size in GiB.
    pub gib: Option<u32>,
    /// The vendor's word for the kind of disk, such as `gp3`.
    pub kind: Option<String>,
    /// Provisioned operations a second.
    pub iops: Option<u32>,
    /// Provisioned throughput in MiB/s.
    pub throughput: Option<u32>,
    /// Whether the disk grows by itself.
    pub autogrow: Option<bool>,
    /// Up to how many GiB it may grow by itself.
    pub autogrow_to_gib: Option<u32>,
}

/// The attributes of an instance that changes can alter. On the desired side `None` means that
/// the plan does not say; on the observed side, that the platform does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// The vendor's instance class.
    pub size: Option<String>,
    /// One zone or two.
    pub availability: Option<Availability>,
    /// The PostgreSQL version.
    pub postgres: Option<PgVersion>,
    /// The disk.
    pub storage: Storage,
    /// Days for which automatic backups are kept.
    pub backup_days: Option<u32>,
    /// Whether the platform itself refuses to delete the instance.
    pub deletion_protection: Option<bool>,
    /// Tags beside pgfleet's own.
    pub tags: Tags,
    /// What only this platform knows.
    pub settings: Settings,
}

/// Names one attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Field {
    /// The instance class.
    Size,
    /// `multi_az` of the plan file.
    MultiAz,
    /// The PostgreSQL version.
    Postgres,
    /// Disk size in GiB.
    StorageGib,
    /// Kind of disk.
    StorageType,
    /// Provisioned operations a second.
    Iops,
    /// Provisioned throughput in MiB/s.
    Throughput,
    /// Whether the disk grows by itself.
    Autogrow,
    /// The limit of that growth in GiB.
    AutogrowToGib,
    /// Days of backups.
    BackupDays,
    /// Refusal of deletion by the platform.
    DeletionProtection,
    /// All tags beside pgfleet's own.
    Tags,
    /// The address that pgfleet's tag names.
    Address,
    /// A setting of the platform.
    Setting(String),
}

/// The setting that says in which zone an instance lies, where a failover may move it to another: it
/// is observed and never desired.
pub const ZONE: &str = "zone";

/// The setting that names replicas which an instance speaks of and the listing does not show, yet or
/// any more: it is observed for a moment and never desired.
pub const UNLISTED_REPLICAS: &str = "unlisted_replicas";
/// The setting for what a platform says of a replication that fails and may go on by itself.
pub const REPLICATION_ERROR: &str = "replication_error";

impl Field {
    /// Whether it changes without anybody's doing: disks grow, a failover swaps zones, and listings
    /// lag behind.
    pub fn moves_by_itself(&self) -> bool {
        match self {
            Self::StorageGib => true,
            Self::Setting(name) => {
                [ZONE, UNLISTED_REPLICAS, REPLICATION_ERROR].contains(&name.as_str())
            }
            _ => false,
        }
    }

    /// The name in JSON and in what people read.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Size => "size",
            Self::MultiAz => "multi_az",
            Self::Postgres => "postgres",
            Self::StorageGib => "storage_gib",
            Self::StorageType => "storage_type",
            Self::Iops => "iops",
            Self::Throughput => "throughput",
            Self::Autogrow => "autogrow",
            Self::AutogrowToGib => "autogrow_to_gib",
            Self::BackupDays => "backup_days",
            Self::DeletionProtection => "deletion_protection",
            Self::Tags => "tags",
            Self::Address => "address",
            Self::Setting(name) => name,
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.as_str().to_owned()
    }
}

impl From<String> for Field {
    fn from(name: String) -> Self {
        let known = [
            Self::Size,
            Self::MultiAz,
            Self::Postgres,
            Self::StorageGib,
            Self::StorageType,
            Self::Iops,
            Self::Throughput,
            Self::Autogrow,
            Self::AutogrowToGib,
            Self::BackupDays,
            Self::DeletionProtection,
            Self::Tags,
            Self::Address,
        ];
        known
            .into_iter()
            .find(|field| field.as_str() == name)
            .unwrap_or(Self::Setting(name))
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A count; the field's doc names the unit.
    Number(u64),
    /// A word.
    Text(String),
    /// Several words; their order has no meaning.
    List(BTreeSet<String>),
    /// Names with values.
    Map(BTreeMap<String, String>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::List(words) if words.is_empty() => f.write_str("none"),
            Self::List(words) => {
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                f.write_str(&words.join(", "))
            }
            Self::Map(pairs) if pairs.is_empty() => f.write_str("none"),
            Self::Map(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
                f.write_str(&pairs.join(", "))
            }
        }
    }
}

/// One attribute that is to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which attribute.
    pub field: Field,
    /// What it is now, where that is known.
    pub from: Option<Value>,
    /// What it shall be.
    pub to: Value,
}

impl Attributes {
    /// The text of a setting.
    pub fn text(&self, setting: &str) -> Option<&str> {
        match self.settings.get(setting) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number of a setting.
    pub fn number(&self, setting: &str) -> Option<u64> {
        match self.settings.get(setting) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The words of a setting.
    pub fn list(&self, setting: &str) -> Option<&BTreeSet<String>> {
        match self.settings.get(setting) {
            Some(Value::List(words)) => Some(words),
            _ => None,
        }
    }

    /// Whether a setting says yes.
    pub fn is_on(&self, setting: &str) -> bool {
        self.settings.get(setting) == Some(&Value::Flag(true))
    }

    /// Every attribute that has a value, in a fixed order.
    pub fn fields(&self) -> Vec<(Field, Value)> {
        // Taken apart in full, so that a new attribute cannot be forgotten here.
        let Self {
            size,
            availability,
            postgres,
            storage:
                Storage {
                    gib,
                    kind,
                    iops,
                    throughput,
                    autogrow,
                    autogrow_to_gib,
                },
            backup_days,
            deletion_protection,
            tags,
            settings,
        } = self;
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        let number = |number: &Option<u32>| number.map(|n| Value::Number(n.into()));
        let flag = |flag: &Option<bool>| flag.map(Value::Flag);
        let mut fields: Vec<(Field, Value)> = [
            (Field::Size, text(size)),
            (
                Field::MultiAz,
                availability.map(|a| Value::Flag(a == Availability::Regional)),
            ),
            (
                Field::Postgres,
                postgres.map(|version| Value::Text(version.to_string())),
            ),
            (Field::StorageGib, number(gib)),
            (Field::StorageType, text(kind)),
            (Field::Iops, number(iops)),
            (Field::Throughput, number(throughput)),
            (Field::Autogrow, flag(autogrow)),
            (Field::AutogrowToGib, number(autogrow_to_gib)),
            (Field::BackupDays, number(backup_days)),
            (Field::DeletionProtection, flag(deletion_protection)),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
        .collect();
        if !tags.is_empty() {
            fields.push((Field::Tags, Value::Map(tags.clone())));
        }
        fields.extend(
            settings
                .iter()
                .map(|(name, value)| (Field::Setting(name.clone()), value.clone())),
        );
        fields
    }

    /// The value of one attribute, where it has one.
    pub fn get(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Setting(name) => self.settings.get(name).cloned(),
            Field::Tags => Some(Value::Map(self.tags.clone())),
            _ => self
                .fields()
                .into_iter()
                .find(|(name, _)| name == field)
                .map(|(_, value)| value),
        }
    }

    /// Sets one attribute. A value of the wrong kind for the field leaves it as it was: only
    /// values that came from [`Attributes::fields`] are meant to come here.
    pub fn set(&mut self, field: &Field, value: Value) {
        let number = |value: &Value| match value {
            Value::Number(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        match (field, value) {
            (Field::Size, Value::Text(text)) => self.size = Some(text),
            (Field::StorageType, Value::Text(text)) => self.storage.kind = Some(text),
            (Field::Postgres, Value::Text(text)) => {
                if let Ok(version) = text.parse() {
                    self.postgres = Some(version);
                }
            }
            (Field::MultiAz, Value::Flag(flag)) => {
                self.availability = Some(if flag {
                    Availability::Regional
                } else {
                    Availability::Zonal
                });
            }
            (Field::Autogrow, Value::Flag(flag)) => self.storage.autogrow = Some(flag),
            (Field::DeletionProtection, Value::Flag(flag)) => {
                self.deletion_protection = Some(flag);
            }
            (Field::StorageGib, value) => self.storage.gib = number(&value).or(self.storage.gib),
            (Field::Iops, value) => self.storage.iops = number(&value).or(self.storage.iops),
            (Field::Throughput, value) => {
                self.storage.throughput = number(&value).or(self.storage.throughput);
            }
            (Field::AutogrowToGib, value) => {
                self.storage.autogrow_to_gib = number(&value).or(self.storage.autogrow_to_gib);
            }
            (Field::BackupDays, value) => self.backup_days = number(&value).or(self.backup_days),
            (Field::Tags, Value::Map(tags)) => self.tags.extend(tags),
            (Field::Setting(name), value) => {
                self.settings.insert(name.clone(), value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Attributes {
        Attributes {
            size: Some("db.t3.medium".into()),
            availability: Some(Availability::Regional),
            postgres: Some("16.3".parse().unwrap()),
            storage: Storage {
                gib: Some(100),
                kind: Some("gp3".into()),
                iops: Some(3000),
                throughput: Some(125),
                autogrow: Some(true),
                autogrow_to_gib: Some(500),
            },
            backup_days: Some(7),
            deletion_protection: Some(true),
            tags: BTreeMap::from([("team".into(), "food".into())]),
            settings: BTreeMap::from([("port".into(), Value::Number(5440))]),
        }
    }

    #[test]
    fn every_field_that_is_read_can_be_set() {
        let mut copy = Attributes::default();
        for (field, value) in full().fields() {
            copy.set(&field, value);
        }
        assert_eq!(copy, full());
    }

    #[test]
    fn a_field_survives_its_name() {
        for (field, value) in full().fields() {
            assert_eq!(Field::from(String::from(field.clone())), field);
            assert_eq!(full().get(&field), Some(value));
        }
    }
}
