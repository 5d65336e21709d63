//! The methods of the Cloud SQL Admin API that pgfleet calls: their names, what they need, and what
//! is known when no answer comes.

use std::fmt;

use pgfleet_provider::Retry;

/// The methods of the API that pgfleet calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    List,
    Get,
    Insert,
    Patch,
    Delete,
    InsertDatabase,
    UpdateUser,
    Operation,
}

impl Method {
    #[cfg(test)]
    pub(super) const ALL: [Self; 8] = [
        Self::List,
        Self::Get,
        Self::Insert,
        Self::Patch,
        Self::Delete,
        Self::InsertDatabase,
        Self::UpdateUser,
        Self::Operation,
    ];

    /// Google's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "instances.list",
            Self::Get => "instances.get",
            Self::Insert => "instances.insert",
            Self::Patch => "instances.patch",
            Self::Delete => "instances.delete",
            Self::InsertDatabase => "databases.insert",
            Self::UpdateUser => "users.update",
            Self::Operation => "operations.get",
        }
    }

    /// The permission that it needs.
    pub(super) fn permission(self) -> &'static str {
        match self {
            Self::List => "cloudsql.instances.list",
            Self::Get | Self::Operation => "cloudsql.instances.get",
            Self::Insert => "cloudsql.instances.create",
            Self::Patch => "cloudsql.instances.update",
            Self::Delete => "cloudsql.instances.delete",
            Self::InsertDatabase => "cloudsql.databases.create",
            Self::UpdateUser => "cloudsql.users.update",
        }
    }

    /// What may be done where it is not known whether the call had an effect.
    pub(super) fn unclear(self) -> Retry {
        match self {
            // No listing shows what the last two do, and done again they do no harm.
            Self::List | Self::Get | Self::Operation | Self::InsertDatabase | Self::UpdateUser => {
                Retry::Backoff
            }
            Self::Insert | Self::Patch | Self::Delete => Retry::Reobserve,
        }
    }
}

/// One call: which, and of what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) of: &'a str,
    pub(super) project: &'a str,
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.method.name(), self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_that_a_call_needs_is_in_the_documented_role() {
        let page = include_str!("../../../../docs/gcp.md");
        for method in Method::ALL {
            assert!(
                page.contains(method.permission()),
                "{}",
                method.permission()
            );
        }
    }
}
