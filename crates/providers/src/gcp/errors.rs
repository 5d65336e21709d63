//! What Google answers when something is wrong, turned into kind, remedy and how to retry.
//!
//! The API's error bodies often lack the word that Google's client classifies by, so the HTTP
//! status decides, and the reason where the body gives one.

use std::time::Duration;

use google_cloud_gax::error::{
    Error,
    rpc::{Status, StatusDetails},
};
use google_cloud_sql_v1::model::OperationError;
use pgfleet_provider::{ErrorKind, ProviderError, Retry, SecretError};

/// Longest part of somebody else's sentence that is repeated.
const LONGEST: usize = 500;
/// Longest pause that an answer may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
const PAGE: &str = "docs/gcp.md";

/// Whether a call may have had an effect although its answer says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// It only reads: it may simply be made again.
    Read,
    /// It changes something: look before it is made again.
    Write,
}

impl Call {
    fn again(self) -> Retry {
        match self {
            Self::Read => Retry::Backoff,
            Self::Write => Retry::Reobserve,
        }
    }
}

/// Explains a failed call. `what` names it: `instances.get of food-primary`.
pub(crate) fn explain(what: &str, call: Call, error: &Error) -> ProviderError {
    let Some(status) = error.http_status_code() else {
        return without_answer(what, call, error);
    };
    let said = error
        .status()
        .map(|status| sentence(&status.message))
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| format!("HTTP status {status}"));
    let reason = error.status().and_then(reason).unwrap_or_default();
    let pause = error
        .http_headers()
        .and_then(|headers| {
            headers
                .get("retry-after")?
                .to_str()
                .ok()?
                .trim()
                .parse()
                .ok()
        })
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
    let new =
        |kind, because: &str| ProviderError::new(kind, format!("{what} failed: {because}{said}"));
    let throttled = || {
        new(ErrorKind::Throttled, "too many calls: ")
            .retry(pause.map_or(Retry::Backoff, Retry::After))
    };
    match (status, reason.as_str()) {
        (429, _) | (403, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded") => {
            throttled()
        }
        (400, _) => new(ErrorKind::Refused, "").remedy(
            "the request was refused as such; if the plan file is right, please report this",
        ),
        (401, _) => new(ErrorKind::Credentials, "the credentials were refused: ").remedy(
            "run `gcloud auth application-default login`, or check GOOGLE_APPLICATION_CREDENTIALS",
        ),
        (403, "accessNotConfigured" | "SERVICE_DISABLED") => {
            new(ErrorKind::Permission, "the API is not enabled: ")
                .remedy("run `gcloud services enable sqladmin.googleapis.com` in the project")
        }
        (403, _) => new(ErrorKind::Permission, "").remedy(format!(
            "give the caller the role of {PAGE}; Google answers the same for what does not exist"
        )),
        (404, _) => new(ErrorKind::NotFound, "").remedy(
            "check the project and the names; somebody may have deleted it in the meantime",
        ),
        (409, _) => new(ErrorKind::Busy, "")
            .remedy("wait until the operation in progress is done, then run the same command again")
            .retry(pause.map_or(Retry::Backoff, Retry::After)),
        (412, _) => new(ErrorKind::Conflict, "the instance has changed meanwhile: ")
            .remedy("run the same command again")
            .retry(Retry::Reobserve),
        (408 | 500..=599, _) => {
            let retry = match (call, pause) {
                (Call::Read, Some(pause)) => Retry::After(pause),
                _ => call.again(),
            };
            new(ErrorKind::Unreachable, "")
                .remedy("run the same command again; see status.cloud.google.com")
                .retry(retry)
        }
        _ => new(ErrorKind::Internal, ""),
    }
}

/// No answer came, or none that makes sense.
fn without_answer(what: &str, call: Call, error: &Error) -> ProviderError {
    let new = |kind, why: &str| ProviderError::new(kind, format!("{what} failed: {why}"));
    let network = "check the network and the proxy, then run the same command again";
    if error.is_authentication() {
        let transient = std::error::Error::source(error)
            .and_then(|source| source.downcast_ref::<google_cloud_gax::error::CredentialsError>())
            .is_some_and(google_cloud_gax::error::CredentialsError::is_transient);
        let retry = if transient {
            Retry::Backoff
        } else {
            Retry::Never
        };
        return new(
            ErrorKind::Credentials,
            &format!("no credentials: {}", chain(error)),
        )
        .remedy(
            "run `gcloud auth application-default login`, or point GOOGLE_APPLICATION_CREDENTIALS \
             at a credentials file; in CI see docs/gcp.md",
        )
        .retry(retry);
    }
    // The request never left.
    if error.is_connect() {
        return new(ErrorKind::Unreachable, &chain(error))
            .remedy(network)
            .retry(Retry::Backoff);
    }
    if error.is_timeout() || error.is_exhausted() {
        return new(ErrorKind::Unreachable, "no answer in time")
            .remedy(network)
            .retry(call.again());
    }
    if error.is_io() || error.is_transport() {
        return new(ErrorKind::Unreachable, &chain(error))
            .remedy(network)
            .retry(call.again());
    }
    if error.is_deserialization() {
        // Not shown: nobody knows what is in it.
        return new(
            ErrorKind::Internal,
            "the answer is not as Google describes it",
        )
        .retry(call.again());
    }
    new(ErrorKind::Internal, &chain(error))
}

/// The reason that a body gives beside its message: `operationInProgress`.
fn reason(status: &Status) -> Option<String> {
    status.details.iter().find_map(|detail| match detail {
        StatusDetails::ErrorInfo(info) if !info.reason.is_empty() => Some(info.reason.clone()),
        _ => None,
    })
}

/// The error with what lies below it, without repetitions.
fn chain(error: &Error) -> String {
    let mut words = Vec::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(cause) = next {
        let text = sentence(&cause.to_string());
        if !text.is_empty() && !words.contains(&text) {
            words.push(text);
        }
        next = cause.source();
    }
    if words.is_empty() {
        words.push(sentence(&error.to_string()));
    }
    sentence(&words.join(": "))
}

/// Somebody else's words as part of a sentence of ours: one line, bounded, no full stop.
pub(crate) fn sentence(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line: String = words.join(" ").chars().take(LONGEST).collect();
    line.trim_end_matches('.').to_owned()
}

/// An operation that ended with errors.
pub(crate) fn ended(what: &str, errors: &[OperationError]) -> ProviderError {
    let mut said: Vec<String> = errors
        .iter()
        .map(
            |error| match (error.code.as_str(), sentence(&error.message)) {
                ("", message) => message,
                (code, message) if message.is_empty() => code.to_owned(),
                (code, message) => format!("{message} ({code})"),
            },
        )
        .filter(|text| !text.is_empty())
        .collect();
    said.dedup();
    if said.is_empty() {
        said.push("Google says no more".to_owned());
    }
    let passes = |code: &str| {
        let code = code.to_ascii_lowercase().replace('_', "");
        ["operationinprogress", "staledata", "serviceunavailable"].contains(&code.as_str())
    };
    let error = ProviderError::new(
        ErrorKind::Internal,
        format!("{what} ended in failure: {}", said.join("; ")),
    );
    if errors.iter().any(|error| passes(&error.code)) {
        ProviderError {
            kind: ErrorKind::Conflict,
            ..error
        }
        .retry(Retry::Reobserve)
    } else {
        error.remedy("look at the instance's operations in the Google Cloud console")
    }
}

/// A password that cannot be read.
pub(crate) fn no_secret(error: &SecretError) -> ProviderError {
    ProviderError::new(ErrorKind::Credentials, error.to_string())
}

/// A sentence of the provider's own.
pub(crate) fn refused(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, message)
}

/// Takes a secret out of an error, in case that somebody repeats what was sent.
pub(crate) fn without_secret(error: ProviderError, secret: Option<&str>) -> ProviderError {
    match secret.filter(|secret| !secret.is_empty()) {
        Some(secret) => ProviderError {
            message: error.message.replace(secret, "***"),
            ..error
        },
        None => error,
    }
}
