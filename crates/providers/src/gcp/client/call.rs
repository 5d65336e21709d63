//! The methods of the Cloud SQL Admin API that pgfleet calls: their names, what they need, and what
//! is known when no answer comes.

use std::fmt;

use pgfleet_provider::Retry;

/// The methods of the API that pgfleet calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gcp) enum Method {
    List,
    Get,
    Insert,
    Patch,
    Delete,
    /// A deletion that takes a last backup first.
    DeleteBackedUp,
    InsertDatabase,
    UpdateUser,
    Operation,
}

impl Method {
    #[cfg(test)]
    pub(in crate::gcp) const ALL: [Self; 9] = [
        Self::List,
        Self::Get,
        Self::Insert,
        Self::Patch,
        Self::Delete,
        Self::DeleteBackedUp,
        Self::InsertDatabase,
        Self::UpdateUser,
        Self::Operation,
    ];

    /// Google's name for it.
    pub(in crate::gcp) fn name(self) -> &'static str {
        match self {
            Self::List => "instances.list",
            Self::Get => "instances.get",
            Self::Insert => "instances.insert",
            Self::Patch => "instances.patch",
            Self::Delete | Self::DeleteBackedUp => "instances.delete",
            Self::InsertDatabase => "databases.insert",
            Self::UpdateUser => "users.update",
            Self::Operation => "operations.get",
        }
    }

    /// The permissions that it needs.
    pub(in crate::gcp) fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::List => &["cloudsql.instances.list"],
            Self::Get | Self::Operation => &["cloudsql.instances.get"],
            Self::Insert => &["cloudsql.instances.create"],
            Self::Patch => &["cloudsql.instances.update"],
            Self::Delete => &["cloudsql.instances.delete"],
            Self::DeleteBackedUp => &["cloudsql.instances.delete", "cloudsql.backupRuns.create"],
            Self::InsertDatabase => &["cloudsql.databases.create"],
            Self::UpdateUser => &["cloudsql.users.update"],
        }
    }

    /// What may be done where it is not known whether the call had an effect.
    pub(in crate::gcp) fn unclear(self) -> Retry {
        match self {
            // No listing shows what the last two do, and done again they do no harm.
            Self::List | Self::Get | Self::Operation | Self::InsertDatabase | Self::UpdateUser => {
                Retry::Backoff
            }
            Self::Insert | Self::Patch | Self::Delete | Self::DeleteBackedUp => Retry::Reobserve,
        }
    }
}

/// One call: which, and of what.
#[derive(Debug, Clone, Copy)]
pub(in crate::gcp) struct Call<'a> {
    pub(in crate::gcp) method: Method,
    pub(in crate::gcp) of: &'a str,
    pub(in crate::gcp) project: &'a str,
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.method.name(), self.of)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the command of the page gives the role.
    fn role(page: &str) -> BTreeSet<&str> {
        let (_, command) = page.split_once("gcloud iam roles create").unwrap();
        let (_, list) = command.split_once("--permissions=").unwrap();
        // A hyphen at a line's end goes on with the next line.
        let ends = list.find("\n\n").unwrap();
        let words = list[..ends].split([',', '\\', '\n', ' ']);
        words.filter(|word| !word.is_empty()).collect()
    }

    /// The permissions of the page's list that have what they are for beside them.
    fn listed(page: &str) -> BTreeSet<&str> {
        let lines = page.lines().map(str::trim);
        let lines = lines.filter(|line| line.starts_with("cloudsql."));
        lines
            .filter_map(|line| Some(line.split_once("  ")?.0))
            .collect()
    }

    #[test]
    fn the_documented_role_has_what_the_calls_need_and_nothing_else() {
        let page = include_str!("../../../../../docs/gcp.md");
        let needed = Method::ALL.iter().flat_map(|method| method.permissions());
        let needed: BTreeSet<&str> = needed.copied().collect();
        assert_eq!(role(page), needed);
        assert_eq!(listed(page), needed);
    }
}
