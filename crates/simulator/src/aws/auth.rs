//! Who asks, and which region and service: read from the Signature Version 4 header.
//!
//! The signature's form is checked; the signature itself cannot be, since nobody gives the
//! simulator secret keys.

use super::errors::{ApiError, ApiResult};

/// What the `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// Reads an `Authorization` header; `date` is the header `X-Amz-Date`.
pub(crate) fn caller(authorization: Option<&str>, date: Option<&str>) -> ApiResult<Caller> {
    let Some(header) = authorization else {
        return Err(ApiError::new(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ));
    };
    let Some(fields) = header.strip_prefix("AWS4-HMAC-SHA256") else {
        return Err(incomplete(
            "the Authorization header is not of the form AWS4-HMAC-SHA256",
        ));
    };
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then(|| value.trim()))
            .ok_or_else(|| {
                incomplete(&format!(
                    "Authorization header requires '{name}' parameter."
                ))
            })
    };
    let (credential, signed, signature) = (
        field("Credential")?,
        field("SignedHeaders")?,
        field("Signature")?,
    );
    if signature.len() != 64 || !signature.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(incomplete(
            "'Signature' is not the 64 hexadecimal digits of SHA-256.",
        ));
    }
    if !signed.split(';').any(|name| name == "host") {
        return Err(incomplete("'SignedHeaders' must contain 'host'."));
    }
    let Some(date) = date.filter(|date| is_amz_date(date)) else {
        return Err(incomplete(
            "a header 'X-Amz-Date' of the form YYYYMMDDThhmmssZ is required.",
        ));
    };
    let mut parts = credential.split('/');
    let (Some(access_key), Some(day), Some(region), Some(service), Some("aws4_request"), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(incomplete(
            "Credential must have exactly 5 slash-delimited elements: \
             keyid/date/region/service/aws4_request.",
        ));
    };
    if access_key.is_empty() || region.is_empty() {
        return Err(incomplete("Credential has an empty element."));
    }
    if !date.starts_with(day) || day.len() != 8 {
        return Err(ApiError::new(
            403,
            "SignatureDoesNotMatch",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP.",
        ));
    }
    Ok(Caller {
        access_key: access_key.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

fn is_amz_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 16
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        })
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(400, "IncompleteSignature", message)
}
