//! The errors that Cloud SQL answers with.
//!
//! Reasons and statuses are those of the page "Cloud SQL Admin API error messages", where a code
//! such as `ERROR_REPLICA_DEPTH_LIMIT_EXCEEDED` stands for the reason
//! `errorReplicaDepthLimitExceeded`; others are as people have quoted them.

use serde_json::{Value, json};
use std::borrow::Cow;

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) message: String,
    /// For machines: members of `details`.
    details: Vec<Value>,
    /// It is Google's common front end that says so, which also gives a `status`; Cloud SQL does not.
    front: bool,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(
        status: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            reason: reason.into(),
            message: message.into(),
            details: Vec::new(),
            front: false,
        }
    }

    fn front(self) -> Self {
        Self {
            front: true,
            ..self
        }
    }

    /// A value that cannot be.
    pub(crate) fn invalid(message: impl std::fmt::Display) -> Self {
        Self::new(400, "invalid", format!("Invalid request: {message}."))
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(400, "required", format!("Missing parameter: {field}."))
    }

    /// What the JSON parser says against a body or a query.
    pub(crate) fn json(violations: &[(String, String)]) -> Self {
        let lines: Vec<&str> = violations.iter().map(|(_, text)| text.as_str()).collect();
        let fields: Vec<Value> = violations
            .iter()
            .map(|(field, text)| json!({"field": field, "description": text}))
            .collect();
        let mut error = Self::new(400, "invalid", lines.join("\n")).front();
        error.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": fields,
        }));
        error
    }

    pub(crate) fn no_instance() -> Self {
        let message = "The Cloud SQL instance does not exist.";
        Self::new(404, "instanceDoesNotExist", message)
    }

    pub(crate) fn not_authorized() -> Self {
        let message = "The client is not authorized to make this request.";
        Self::new(403, "notAuthorized", message)
    }

    /// A permission is missing.
    pub(crate) fn forbidden(permission: &str, resource: &str) -> Self {
        let message = format!(
            "boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission \
             {permission} on resource {resource}."
        );
        Self::new(403, "forbidden", message)
    }

    /// The API is off in a project.
    pub(crate) fn disabled(project: &str) -> Self {
        let message = format!(
            "Cloud SQL Admin API has not been used in project {project} before or it is disabled. \
             Enable it by visiting https://console.developers.google.com/apis/api/sqladmin.\
             googleapis.com/overview?project={project} then retry. If you enabled this API recently, \
             wait a few minutes for the action to propagate to our systems and retry."
        );
        let mut error = Self::new(403, "accessNotConfigured", message).front();
        error.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {
                "consumer": format!("projects/{project}"),
                "service": "sqladmin.googleapis.com",
            },
        }));
        error
    }

    pub(crate) fn busy() -> Self {
        let message = "Operation failed because another operation was already in progress. Try your \
                       request after the current operation is complete.";
        Self::new(409, "operationInProgress", message)
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::new(409, "invalidState", message)
    }

    pub(crate) fn stale() -> Self {
        Self::new(412, "staleData", "Condition does not match.")
    }

    pub(crate) fn throttled() -> Self {
        let message = "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute per \
                       user' of service 'sqladmin.googleapis.com'.";
        Self::new(429, "rateLimitExceeded", message).front()
    }

    /// The request carries no token, or one that is not taken.
    pub(crate) fn unauthenticated(given: bool) -> Self {
        let (reason, start) = if given {
            (
                "authError",
                "Request had invalid authentication credentials.",
            )
        } else {
            (
                "required",
                "Request is missing required authentication credential.",
            )
        };
        let rest = "Expected OAuth 2 access token, login cookie or other valid authentication \
                    credential. See https://developers.google.com/identity/sign-in/web/\
                    devconsole-project.";
        Self::new(401, reason, format!("{start} {rest}")).front()
    }

    /// What Google has and the simulator does not.
    pub(crate) fn uncovered(what: &str) -> Self {
        let message = format!("This simulator does not cover {what}.");
        Self::new(501, "unsupportedOperation", message)
    }

    /// The answer's body. `with_status`: whether it has a `status`; none: as Google does. Without
    /// reasons, `errors` and `details` are left out.
    pub(crate) fn body(&self, with_status: Option<bool>, reasons: bool) -> Value {
        let Self {
            status,
            reason,
            message,
            details,
            front,
        } = self;
        let mut error = json!({"code": status, "message": message});
        if reasons {
            error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
        }
        if let Some(word) = word(*status).filter(|_| with_status.unwrap_or(*front)) {
            error["status"] = json!(word);
        }
        if reasons && !details.is_empty() {
            error["details"] = json!(details);
        }
        json!({"error": error})
    }
}

/// The name of `google.rpc.Code` that goes with an HTTP status.
fn word(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        412 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => return None,
    })
}
