//! A request before it is looked into.

use super::auth::{self, Caller};
use super::errors::{ApiError, ApiResult};
use super::form::{self, Form};
use std::fmt;

/// A request of the Query protocol, as far as it can be read without looking at what exists.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) caller: Caller,
    /// `?` where there is none.
    pub(crate) action: String,
    pub(crate) identifier: Option<String>,
    pub(super) form: Form,
}

/// Without the parameters, since a password may be among them.
impl fmt::Debug for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            caller,
            action,
            identifier,
            form: _,
        } = self;
        formatter
            .debug_struct("Query")
            .field("caller", caller)
            .field("action", action)
            .field("identifier", identifier)
            .finish_non_exhaustive()
    }
}

impl Query {
    pub(crate) fn region(&self) -> &str {
        &self.caller.region
    }
}

/// Reads a request's headers and body.
pub(crate) fn query(
    authorization: Option<&str>,
    date: Option<&str>,
    content_type: Option<&str>,
    body: &[u8],
) -> ApiResult<Query> {
    let caller = auth::caller(authorization, date)?;
    if let Some(kind) = content_type
        && !kind.starts_with("application/x-www-form-urlencoded")
    {
        return Err(ApiError::new(
            400,
            "MalformedQueryString",
            "The body must be of the type application/x-www-form-urlencoded.",
        ));
    }
    let form = form::decode(body)?;
    let action = form.get("Action").filter(|action| !action.is_empty());
    let action = action.cloned().ok_or_else(|| {
        ApiError::new(
            400,
            "MissingAction",
            "The request must contain the parameter Action.",
        )
    })?;
    let named = form
        .get("DBInstanceIdentifier")
        .or_else(|| form.get("ResourceName"));
    let identifier = named.map(|name| {
        name.rsplit(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    });
    Ok(Query {
        caller,
        action,
        identifier,
        form,
    })
}
