//! What holds for requests to every cloud: their bounds, who we say that we are, what is logged of
//! them, and lists that come to an end.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use pgfleet_model::Region;

/// Longest that a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// Longest that one answer may take. The clouds answer at once and work afterwards.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);
/// Who asks, where a vendor's client does not say so itself.
pub(crate) const AGENT: &str = concat!("pgfleet/", env!("CARGO_PKG_VERSION"));

/// A request and what came of it, for the log. What a cloud does not tell is left out.
#[derive(Debug, Default)]
pub(crate) struct Sent<'a> {
    pub(crate) operation: Option<&'a str>,
    pub(crate) region: Option<&'a Region>,
    /// Of the answer; none where none came.
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) since: Option<Instant>,
}

/// One line for each request: never a body, a header of ours, or an address, which may be signed.
pub(crate) fn log(sent: &Sent<'_>) {
    let Sent {
        operation,
        region,
        status,
        request_id,
        since,
    } = sent;
    tracing::info!(
        target: "pgfleet::wire",
        operation,
        region = region.map(tracing::field::display),
        status,
        request_id,
        seconds = since.map(|since| since.elapsed().as_secs_f64()),
        "{}", if status.is_some() { "answered" } else { "no answer" }
    );
}

/// The markers of a list so far, each of the page that follows.
#[derive(Debug, Default)]
pub(crate) struct Pages(BTreeSet<String>);

/// A list that would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint gives the same page of its list again and again")]
pub(crate) struct Circle;

impl Pages {
    /// Where the next page begins; nothing after the last.
    pub(crate) fn next(&mut self, marker: Option<String>) -> Result<Option<String>, Circle> {
        match marker.filter(|marker| !marker.is_empty()) {
            Some(marker) if !self.0.insert(marker.clone()) => Err(Circle),
            marker => Ok(marker),
        }
    }
}

/// Takes away what is null, which in JSON of the vendors' is what is not there.
#[cfg(any(feature = "azure", feature = "gcp"))]
pub(crate) fn drop_nulls(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(values) => values.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_its_last_page_or_where_it_turns_in_a_circle() {
        let mut pages = Pages::default();
        let mut next = |marker: &str| pages.next(Some(marker.to_owned()));
        assert_eq!(next("two").unwrap().as_deref(), Some("two"));
        assert_eq!(next("three").unwrap().as_deref(), Some("three"));
        assert_eq!(next("two"), Err(Circle));
        assert_eq!(next(""), Ok(None));
    }
}
