//! Refusals, in ARM's words where they have been quoted.

use serde_json::{Value, json};
use std::borrow::Cow;

/// An answer, before it is put on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// None: an answer without a body.
    pub(crate) body: Option<Value>,
    /// The error's code, where it is one.
    pub(crate) error: Option<String>,
    /// Whether the request has changed what exists.
    pub(crate) effect: bool,
}

impl Answer {
    /// An answer that has changed nothing.
    pub(super) fn read(body: Value) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Some(body),
            error: None,
            effect: false,
        }
    }

    /// An answer of this status and without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
            error: None,
            effect: false,
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            headers: Vec::new(),
        }
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A parameter whose value cannot be taken.
    pub(super) fn parameter(name: &str) -> Self {
        Self::new(
            400,
            "InvalidParameterValue",
            format!("Invalid value given for parameter {name}. Specify a valid parameter value."),
        )
    }

    /// A parameter whose value cannot be taken, and why.
    pub(super) fn parameter_since(name: &str, why: &str) -> Self {
        let mut refusal = Self::parameter(name);
        refusal.message.push(' ');
        refusal.message.push_str(why);
        refusal
    }

    /// A body that cannot be read as what it should be.
    pub(super) fn content(detail: &str) -> Self {
        Self::new(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{detail}'."),
        )
    }

    /// What does not exist: a type such as `Microsoft.DBforPostgreSQL/flexibleServers`.
    pub(super) fn not_found(kind: &str, name: &str, group: &str) -> Self {
        Self::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{kind}/{name}' under resource group '{group}' was not found. For \
                 more details please go to https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    pub(super) fn busy(name: &str) -> Self {
        Self::new(
            409,
            "ServerIsBusy",
            format!("Server '{name}' is busy with another operation. Please try again later."),
        )
    }

    /// Too many requests by ARM's count.
    pub(crate) fn throttled(seconds: u64) -> Self {
        Self::new(
            429,
            "TooManyRequests",
            format!(
                "The request is being throttled as the limit has been reached for operation type \
                 - Read_ObservationWindow_00:01:00. Please try again after '{seconds}' seconds."
            ),
        )
        .with_header("retry-after", seconds.to_string())
    }

    /// Too many requests of a subscription.
    pub(crate) fn subscription_throttled(subscription: &str, seconds: u64) -> Self {
        Self::new(
            429,
            "SubscriptionRequestsThrottled",
            format!(
                "Number of requests for subscription '{subscription}' exceeded the limit of the \
                 current region. Please try again after '{seconds}' seconds."
            ),
        )
        .with_header("retry-after", seconds.to_string())
    }

    /// A token whose time is over.
    pub(crate) fn expired() -> Self {
        Self::new(
            401,
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is earlier than current UTC time.",
        )
        .with_header(
            "www-authenticate",
            challenge("The access token has expired."),
        )
    }

    pub(super) fn unauthenticated(code: &'static str, message: &str) -> Self {
        Self::new(401, code, message).with_header("www-authenticate", challenge(message))
    }

    pub(crate) fn body(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.message}})
    }

    pub(crate) fn answer(self) -> Answer {
        Answer {
            status: self.status,
            body: Some(self.body()),
            headers: self.headers,
            error: Some(self.code.into_owned()),
            effect: false,
        }
    }
}

fn challenge(description: &str) -> String {
    format!(
        "Bearer authorization_uri=\"https://login.windows.net/common\", error=\"invalid_token\", \
         error_description=\"{}\"",
        description.replace('"', "'")
    )
}
