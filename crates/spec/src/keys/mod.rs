//! The table of every key that a plan file may hold. Validation and the JSON Schema are both
//! read from it, so neither can know a key that the other does not.

mod fleet;
mod platforms;

use pgfleet_model::ProviderKind;

pub(crate) use fleet::ROOT;

use crate::rules::Rule;

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it means, in a line.
    pub(crate) doc: &'static str,
    /// A value as JSON.
    pub(crate) example: &'static str,
    /// As JSON, where there is one that does not depend on other keys.
    pub(crate) default: Option<&'static str>,
    pub(crate) required: bool,
    /// A key of a platform that replicas may have their own value of.
    pub(crate) per_group: bool,
}

/// What a key holds.
pub(crate) enum Kind {
    Text(Rule),
    Word(&'static [&'static str]),
    Flag,
    /// A whole number within the two.
    Whole(u32, u32),
    /// A number within the two.
    Number(f64, f64),
    /// A number above the first, up to the second.
    Above(f64, f64),
    /// A decimal, written as a number or as text.
    Money,
    /// A list of texts that each obey the rule.
    Texts(Rule),
    /// A list of texts of which there must be one at least.
    Command(Rule),
    /// Names with texts.
    Tags,
    Table(&'static [Key]),
    Tables(&'static [Key]),
    /// A text, or a table with these keys.
    Size(&'static [Key]),
    /// A table with exactly one of these keys.
    Password(&'static [Key]),
    /// The table of a platform.
    Platform(ProviderKind, &'static [Key]),
    /// The same inside a group of replicas: only the keys that are `per_group`.
    GroupPlatform(ProviderKind, &'static [Key]),
}

const fn key(name: &'static str, kind: Kind, doc: &'static str, example: &'static str) -> Key {
    Key {
        name,
        kind,
        doc,
        example,
        default: None,
        required: false,
        per_group: false,
    }
}

impl Key {
    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn per_group(mut self) -> Self {
        self.per_group = true;
        self
    }
}

/// The most replicas of one fleet.
pub(crate) const MAX_REPLICAS: u32 = 1000;
