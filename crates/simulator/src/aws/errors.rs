//! The errors that RDS and STS answer with: their codes and HTTP statuses.
//!
//! Source: the lists "Errors" of each action and "Common Errors" in the RDS API reference.

use std::borrow::Cow;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterValue", message)
    }

    pub(crate) fn combination(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterCombination", message)
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidDBInstanceState", message)
    }

    pub(crate) fn no_instance(identifier: &str) -> Self {
        Self::new(
            404,
            "DBInstanceNotFound",
            format!("DBInstance {identifier} not found."),
        )
    }

    pub(crate) fn kms(key: &str) -> Self {
        Self::new(
            400,
            "KMSKeyNotAccessibleFault",
            format!(
                "The specified KMS key [{key}] does not exist, is not enabled or you do not have \
                 permissions to access it."
            ),
        )
    }

    pub(crate) fn throttled() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }

    /// Whose fault it is, as the answer's `Type` says.
    pub(crate) fn blame(&self) -> &'static str {
        if self.status >= 500 {
            "Receiver"
        } else {
            "Sender"
        }
    }
}
