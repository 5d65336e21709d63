//! Answers that are whole.
//!
//! The SDK takes what there is of an answer whose end is missing: half a listing would look like
//! instances that are gone.

use aws_sdk_rds::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::BoxError,
};

/// An answer of which the end is missing, or that is no XML.
#[derive(Debug, thiserror::Error)]
#[error("the answer does not end with its outermost element")]
struct CutOff;

/// Refuses them.
#[derive(Debug, Clone, Copy)]
pub(in crate::aws) struct WholeAnswers;

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
        let answer = context.response();
        let body = answer.body().bytes().unwrap_or_default();
        // An error has its code, or is none of AWS's: that is looked at where errors are explained.
        if answer.status().is_success() && !is_whole(body) {
            return Err(CutOff.into());
        }
        Ok(())
    }
}

/// Whether a document ends with the element that it begins with.
fn is_whole(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let text = text.trim();
    let root = match text.strip_prefix("<?") {
        Some(rest) => rest
            .split_once("?>")
            .map_or("", |(_, rest)| rest)
            .trim_start(),
        None => text,
    };
    let name = root.strip_prefix('<').unwrap_or_default();
    let name = name
        .split([' ', '\t', '\r', '\n', '>', '/'])
        .next()
        .unwrap_or_default();
    !name.is_empty() && text.ends_with(&format!("</{name}>"))
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn half_a_document_is_told_from_a_whole_one() {
        let whole = "<?xml version=\"1.0\"?>\n<AResponse xmlns=\"x\"><A><B/></A></AResponse>\n";
        assert!(is_whole(whole.as_bytes()));
        let end = whole.trim_end().len();
        for length in 0..end {
            assert!(
                !is_whole(&whole.as_bytes()[..length]),
                "{}",
                &whole[..length]
            );
        }
        assert!(!is_whole(b"<<not & xml>"));
        assert!(!is_whole(b""));
    }
}
