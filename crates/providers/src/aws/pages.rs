//! Lists that come in pages, each with a marker of the next.

use std::collections::BTreeSet;

use pgfleet_provider::{ErrorKind, ProviderError};

/// The markers of a list so far.
#[derive(Debug, Default)]
pub(super) struct Pages(BTreeSet<String>);

impl Pages {
    /// Where the next page begins; nothing after the last.
    ///
    /// # Errors
    /// The marker was followed before: the list would never end.
    pub(super) fn next(
        &mut self,
        call: &str,
        marker: Option<String>,
    ) -> Result<Option<String>, ProviderError> {
        let marker = marker.filter(|marker| !marker.is_empty());
        if marker.clone().is_none_or(|marker| self.0.insert(marker)) {
            return Ok(marker);
        }
        let why = format!("{call}: the endpoint gives the same page of its list again and again");
        Err(ProviderError::new(ErrorKind::Internal, why)
            .remedy("look at AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_RDS and proxies in between"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_its_last_page_or_where_it_turns_in_a_circle() {
        let mut pages = Pages::default();
        let mut next = |marker: &str| pages.next("DescribeDBInstances", Some(marker.to_owned()));
        assert_eq!(next("two").unwrap().as_deref(), Some("two"));
        assert_eq!(next("three").unwrap().as_deref(), Some("three"));
        assert!(next("two").unwrap_err().message.contains("same page"));
        assert_eq!(next("").unwrap(), None);
    }
}
