//! Why a request came to nothing.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::shared::{guard::PlainHttp, pauses, words::sentence};

/// Why a request came to nothing. No variant holds a request or a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::azure) enum Failure {
    /// It would have gone over the network as plain text.
    #[error(transparent)]
    PlainHttp(#[from] PlainHttp),
    /// Something on this machine keeps requests from being made.
    #[error("{0}")]
    NoClient(String),
    /// There is no token; the text says what was tried.
    #[error("{why}")]
    NoToken {
        /// Whether there may be one later: the login does not answer, or is busy.
        passes: bool,
        why: String,
    },
    /// No answer came.
    #[error("{why}")]
    Unreachable {
        /// Whether the request may have arrived.
        sent: bool,
        why: String,
    },
    /// An answer came, and it says no.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// An answer came that is not what Azure Resource Manager answers.
    #[error("{0}")]
    Malformed(String),
}

/// An answer that says no.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::azure) struct Refusal {
    pub(in crate::azure) status: u16,
    /// Azure's word for it; empty where the answer has none.
    pub(in crate::azure) code: String,
    pub(in crate::azure) message: String,
    /// The words of its details, the outermost first: what it is about, where its own word says only
    /// that something failed.
    pub(in crate::azure) details: Vec<String>,
    pub(in crate::azure) retry_after: Option<Duration>,
    /// Whether it has the form of Azure's errors at all.
    pub(in crate::azure) from_azure: bool,
}

impl Refusal {
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let parsed = serde_json::from_slice::<Value>(body).ok();
        let told = parsed.as_ref().and_then(error_of).unwrap_or_default();
        // Of a text alone anybody may be the author.
        let from_azure = !told.is_empty() && !parsed.as_ref().is_some_and(is_text);
        let message = if told.message.is_empty() {
            format!("HTTP status {status}")
        } else {
            told.message
        };
        Self {
            status,
            code: told.code,
            message,
            details: told.details,
            retry_after: retry_after(headers),
            from_azure,
        }
    }
}

/// Whether a code says that the server, or the primary that a replica hangs on, is at work on
/// something else.
pub(in crate::azure) fn is_busy(code: &str) -> bool {
    code.ends_with("Busy")
        || code.contains("InProgress")
        || matches!(code, "ConflictingServerOperation" | "RetryableError")
}

/// What an error says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) details: Vec<String>,
}

impl Told {
    fn is_empty(&self) -> bool {
        self.code.is_empty() && self.message.is_empty()
    }

    /// Adds what a detail says, and its own details; its code, where it says nothing else.
    fn add(&mut self, detail: &Value) {
        let code = text(detail, "code");
        if !self.say(&text(detail, "message")) {
            self.say(&code);
        }
        if !code.is_empty() {
            self.details.push(code);
        }
        self.add_details(detail);
    }

    fn add_details(&mut self, error: &Value) {
        let details = error.get("details").and_then(Value::as_array);
        for detail in details.into_iter().flatten() {
            self.add(detail);
        }
    }

    /// Adds words that are not there yet; whether they are words at all: a template that nobody
    /// filled in says nothing.
    fn say(&mut self, words: &str) -> bool {
        if words.is_empty() || words.starts_with("{0}") {
            return false;
        }
        if !self.message.contains(words) {
            if !self.message.is_empty() {
                self.message.push_str(": ");
            }
            self.message.push_str(words);
        }
        true
    }
}

fn text(value: &Value, key: &str) -> String {
    let text = value.get(key).and_then(Value::as_str);
    text.map(sentence).unwrap_or_default()
}

/// Whether an error is a text, and not an object.
fn is_text(body: &Value) -> bool {
    body.get("error").is_some_and(Value::is_string)
}

/// What `{"error": {...}}` says, the same without its envelope, or `{"error": "..."}`. What `details`
/// add, one within the other, is part of the message: the outer words are often only that something
/// failed.
pub(super) fn error_of(body: &Value) -> Option<Told> {
    let mut told = Told::default();
    if is_text(body) {
        told.say(&text(body, "error"));
    } else {
        let envelope = body.get("error").filter(|error| error.is_object());
        let error = envelope.unwrap_or(body);
        told.code = text(error, "code");
        told.say(&text(error, "message"));
        told.add_details(error);
    }
    told.message = sentence(&told.message);
    (!told.is_empty()).then_some(told)
}

/// How long an answer asks to wait: in seconds, in milliseconds, or until a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = text("retry-after-ms").or_else(|| text("x-ms-retry-after-ms"));
    let millis = millis.and_then(|text| text.parse().ok().map(Duration::from_millis));
    millis
        .map(|pause| pause.min(pauses::LONGEST))
        .or_else(|| pauses::retry_after(text("retry-after")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| {
                let name = reqwest::header::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn an_error_is_read_with_and_without_its_envelope() {
        for body in [
            r#"{"error":{"code":"ServerIsBusy","message":"It is busy."}}"#,
            r#"{"code":"ServerIsBusy","message":"It is busy."}"#,
        ] {
            let refusal = Refusal::read(409, &HeaderMap::new(), body.as_bytes());
            assert_eq!(
                (refusal.code.as_str(), refusal.message.as_str()),
                ("ServerIsBusy", "It is busy")
            );
            assert!(refusal.from_azure);
        }
    }

    #[test]
    fn details_are_told_and_templates_are_not() {
        let body = r#"{"error":{"code":"OperationFailed","message":"{0}",
            "details":[{"code":"X","message":"No room in the zone."}]}}"#;
        let refusal = Refusal::read(400, &HeaderMap::new(), body.as_bytes());
        assert_eq!(refusal.message, "No room in the zone");
    }

    #[test]
    fn details_of_details_are_told_and_their_codes_where_they_say_nothing_else() {
        let body = r#"{"error":{"code":"OperationFailed","message":"It failed.","details":[
            {"code":"Outer","message":"","details":[{"code":"QuotaExceeded","message":"{0}"}]},
            {"message":"No cores are left."}]}}"#;
        let refusal = Refusal::read(400, &HeaderMap::new(), body.as_bytes());
        assert_eq!(
            refusal.message,
            "It failed: Outer: QuotaExceeded: No cores are left"
        );
        assert_eq!(refusal.details, ["Outer", "QuotaExceeded"]);
    }

    #[test]
    fn an_error_that_is_a_text_is_told_and_may_be_anybody_s() {
        let body = br#"{"status": "Failed", "error": "No room in the zone."}"#;
        let refusal = Refusal::read(500, &HeaderMap::new(), body);
        assert_eq!(refusal.message, "No room in the zone");
        assert!(!refusal.from_azure);
    }

    #[test]
    fn what_is_not_azure_s_is_not_repeated() {
        for body in ["<html>gateway</html>", "", "{\"err", "[]"] {
            let refusal = Refusal::read(502, &HeaderMap::new(), body.as_bytes());
            assert_eq!(refusal.message, "HTTP status 502");
            assert!(!refusal.from_azure);
        }
    }

    #[test]
    fn the_pause_that_is_asked_for_is_read_in_every_form_and_bounded() {
        let seconds = |pairs: &[(&'static str, &str)]| retry_after(&headers(pairs));
        assert_eq!(
            seconds(&[("retry-after", "7")]),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            seconds(&[("retry-after", "7"), ("x-ms-retry-after-ms", "250")]),
            Some(Duration::from_millis(250))
        );
        assert_eq!(
            seconds(&[("x-ms-retry-after-ms", "99999999")]),
            Some(pauses::LONGEST)
        );
        assert_eq!(seconds(&[]), None);
    }
}
