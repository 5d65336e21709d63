//! Names and identifiers, each a type of its own, so that a region cannot stand where an
//! identifier belongs.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

/// A name that breaks the rules of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{text}` {problem}")]
pub struct NameError {
    /// What the name was meant to be, for instance `fleet name`.
    pub what: &'static str,
    /// The offending text.
    pub text: String,
    /// What is wrong with it and what would be right.
    pub problem: &'static str,
}

/// Longest fleet or group name. Every vendor takes identifiers of 63 characters or more.
const MAX_NAME: usize = 63;

fn check_name(what: &'static str, text: &str) -> Result<(), NameError> {
    let fail = |problem| {
        Err(NameError {
            what,
            text: text.to_owned(),
            problem,
        })
    };
    if text.is_empty() {
        return fail("is empty; use lowercase letters, digits and single hyphens");
    }
    if text.len() > MAX_NAME {
        return fail("is longer than 63 characters");
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return fail("must start with a lowercase letter");
    }
    if !text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        return fail("may hold lowercase letters, digits and hyphens only");
    }
    if text.ends_with('-') || text.contains("--") {
        return fail("may not end in a hyphen or hold two in a row");
    }
    Ok(())
}

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_newtype! {
    /// The name of a fleet; it is the stem of every identifier that pgfleet derives.
    FleetName
}
text_newtype! {
    /// The name of a group of replicas.
    GroupName
}
text_newtype! {
    /// A vendor's region, such as `us-east-1`, `europe-west1` or `eastus2`.
    Region
}
text_newtype! {
    /// A vendor's identifier of an instance, unique within account and region.
    ResourceId
}
text_newtype! {
    /// The account or project that calls are made in; a subscription and its resource group; a folder
    /// for local fleets.
    AccountId
}

impl FromStr for FleetName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        check_name("fleet name", text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for GroupName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        check_name("group name", text)?;
        if text == "primary" || text == "replica" {
            return Err(NameError {
                what: "group name",
                text: text.to_owned(),
                problem: "is reserved; leave the name out for the unnamed group, or choose another",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl Region {
    /// Where instances live that have no region: this machine.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// Wraps a vendor's word for a region; whether the region exists is the provider's to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl ResourceId {
    /// Wraps a vendor's identifier; its rules are the provider's to check.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl AccountId {
    /// Wraps a vendor's word for an account.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// What an instance is in its fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes the writes.
    Primary,
    /// Follows the primary and answers reads.
    Replica,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        })
    }
}

/// The place of an instance in its fleet: `primary`, `replica-1`, `eu-2`.
///
/// Addresses order as people count: the primary, then the groups by name, then by number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// The primary.
    Primary,
    /// A replica: its group (none for the unnamed group) and its number in it, from 1.
    Replica {
        /// The group's name; `None` is the unnamed group, shown as `replica`.
        group: Option<GroupName>,
        /// The number in the group, counted from 1.
        number: NonZeroU32,
    },
}

impl Address {
    /// The replica with this number (from 1) in this group.
    pub fn replica(group: Option<GroupName>, number: NonZeroU32) -> Self {
        Self::Replica { group, number }
    }

    /// Which role the address stands for.
    pub fn role(&self) -> Role {
        match self {
            Self::Primary => Role::Primary,
            Self::Replica { .. } => Role::Replica,
        }
    }

    /// The identifier an instance gets where the plan names none: `FLEET-ADDRESS`.
    pub fn default_resource_id(&self, fleet: &FleetName) -> ResourceId {
        ResourceId(format!("{fleet}-{self}"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary => f.pad("primary"),
            Self::Replica {
                group: None,
                number,
            } => f.pad(&format!("replica-{number}")),
            Self::Replica {
                group: Some(group),
                number,
            } => f.pad(&format!("{group}-{number}")),
        }
    }
}

impl FromStr for Address {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "primary" {
            return Ok(Self::Primary);
        }
        let wrong = || NameError {
            what: "address",
            text: text.to_owned(),
            problem: "must be `primary`, or a group and a number such as `replica-1`",
        };
        let (group, number) = text.rsplit_once('-').ok_or_else(wrong)?;
        if number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let number = number.parse().map_err(|_| wrong())?;
        let group = if group == "replica" {
            None
        } else {
            Some(group.parse()?)
        };
        Ok(Self::Replica { group, number })
    }
}

impl TryFrom<String> for Address {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// Names one instance in an account: identifiers repeat across regions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceRef {
    /// The region; [`Region::local`] on this machine.
    pub region: Region,
    /// The vendor's identifier.
    pub id: ResourceId,
}

impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id.as_str())
    }
}

/// The platforms that a plan file can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Amazon RDS for PostgreSQL.
    Aws,
    /// Google Cloud SQL for PostgreSQL.
    Gcp,
    /// Azure Database for PostgreSQL, Flexible Server.
    Azure,
    /// PostgreSQL servers on this machine.
    Local,
}

impl ProviderKind {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [Self; 4] = [Self::Aws, Self::Gcp, Self::Azure, Self::Local];

    /// The word in the plan file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// In how many zones an instance stands ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// In one zone.
    Zonal,
    /// With a standby in a second zone: RDS Multi-AZ, Cloud SQL REGIONAL, Azure zone-redundant.
    Regional,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_what_they_print() {
        for text in ["primary", "replica-1", "replica-12", "eu-3", "eu-west-7"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn addresses_order_as_people_count() {
        let mut addresses: Vec<Address> = ["replica-10", "eu-1", "replica-2", "primary"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        addresses.sort();
        let shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["primary", "replica-2", "replica-10", "eu-1"]);
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for text in [
            "",
            "replica",
            "replica-0",
            "replica-01",
            "replica-+1",
            "Replica-1",
            "primary-1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text} was taken");
        }
    }

    #[test]
    fn names_say_what_is_wrong() {
        let error = "Food".parse::<FleetName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "fleet name `Food` must start with a lowercase letter"
        );
        assert!("a--b".parse::<FleetName>().is_err());
        assert!("a-".parse::<FleetName>().is_err());
        assert!("replica".parse::<GroupName>().is_err());
    }
}
