//! Answers that were cut off are no answers.
//!
//! The SDK's XML reader takes the end of the text for the end of every element that is open, so
//! that half a listing looks like a listing of fewer instances, or of instances without tags.

use aws_sdk_rds::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::BoxError,
};

/// An answer whose outermost element is not closed.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut off")]
struct CutOff;

/// Turns an answer that was cut off into an error.
#[derive(Debug)]
pub(super) struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.response().body().bytes() {
            Some(body) if !is_whole(body) => Err(CutOff.into()),
            _ => Ok(()),
        }
    }
}

/// Whether the outermost element is closed at the end. What is no XML is not judged.
fn is_whole(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let mut rest = text.trim();
    // The declaration, a document type, comments.
    while rest.starts_with("<?") || rest.starts_with("<!") {
        let end = if rest.starts_with("<!--") { "-->" } else { ">" };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    let Some(opened) = rest.strip_prefix('<') else {
        // An XML declaration with nothing behind it.
        return !text.trim_start().starts_with('<');
    };
    let name_ends = |c: char| c.is_whitespace() || c == '>' || c == '/';
    let Some((name, after)) = opened.split_once(name_ends) else {
        return false;
    };
    let closes = rest
        .strip_suffix('>')
        .and_then(|rest| rest.trim_end().strip_suffix(name))
        .is_some_and(|rest| rest.ends_with("</"));
    let is_empty = rest.ends_with("/>") && !after.contains('<');
    closes || is_empty
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "<?xml version=\"1.0\"?>\n<DescribeDBInstancesResponse xmlns=\"a/b\">\
        <DBInstance><TagList/><Status>available</Status></DBInstance>\
        </DescribeDBInstancesResponse>\n";

    #[test]
    fn only_the_whole_of_an_answer_is_whole() {
        let trimmed = LISTING.trim_end();
        for end in 1..trimmed.len() {
            assert!(!is_whole(&trimmed.as_bytes()[..end]), "{}", &trimmed[..end]);
        }
        assert!(is_whole(LISTING.as_bytes()));
        for whole in [
            "<a/>",
            "<a />",
            "<!DOCTYPE html><html><p>x</html>",
            "<!-- > --><a></a >",
        ] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
    }

    #[test]
    fn what_is_no_xml_is_left_to_others() {
        for other in ["", " ", "not found", "{\"message\": \"<a>\"}"] {
            assert!(is_whole(other.as_bytes()), "{other}");
        }
    }
}
