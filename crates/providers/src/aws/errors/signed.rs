//! What AWS repeats of a request whose signature it does not take: all of its headers, and with them
//! the session's token.

/// Where AWS begins to say what should have been signed.
const REPEATED: [&str; 2] = ["the canonical string", "the string-to-sign"];
/// What a secret, or a part of a signature, stands behind.
const BEFORE: [&str; 3] = ["x-amz-security-token", "credential=", "signature="];
/// What stands where it stood.
const HIDDEN: &str = "***";

/// A message of AWS's without the request that it repeats, and without its signature.
pub(super) fn unsigned(message: &str) -> String {
    // Letters of ASCII only, so that places in one are places in the other.
    let lower = message.to_ascii_lowercase();
    let end = REPEATED.iter().filter_map(|words| lower.find(words)).min();
    let message = &message[..end.unwrap_or(message.len())];
    let mut clean = String::with_capacity(message.len());
    let mut done = 0;
    while let Some((begin, name)) = first(&lower[done..message.len()]) {
        let begin = done + begin + name.len();
        clean.push_str(&message[done..begin]);
        let rest = &message[begin..];
        // In a list of headers, in an address or in JSON: signs of any kind, then the value.
        let value = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let length = rest[value..].find(char::is_whitespace);
        let length = length.unwrap_or(rest.len() - value);
        clean.push_str(&rest[..value]);
        if length > 0 {
            clean.push_str(HIDDEN);
        }
        done = begin + value + length;
    }
    clean.push_str(&message[done..]);
    clean
}

/// The first name of something that is not told.
fn first(lower: &str) -> Option<(usize, &'static str)> {
    let found = BEFORE
        .iter()
        .filter_map(|name| Some((lower.find(name)?, *name)));
    found.min()
}

#[cfg(test)]
mod tests {
    use super::unsigned;

    #[test]
    fn the_request_that_aws_repeats_is_left_out() {
        let said = "The request signature we calculated does not match.\n\nThe Canonical String for \
                    this request should have been\n'POST\n/\n\nx-amz-security-token:PLANTED\n'\n\n\
                    The String-to-Sign should have been\n'AWS4-HMAC-SHA256'";
        let told = "The request signature we calculated does not match.";
        assert_eq!(unsigned(said).trim(), told);
        assert_eq!(unsigned("The String-to-Sign is PLANTED"), "");
        assert_eq!(
            unsigned("Signature expired: \u{e4}"),
            "Signature expired: \u{e4}"
        );
    }

    #[test]
    fn a_session_s_token_and_a_signature_are_hidden_in_each_spelling() {
        for said in [
            "x-amz-security-token:PLANTED+/=",
            "X-Amz-Security-Token: PLANTED",
            "X-Amz-Security-Token=PLANTED%2B%2F&X-Amz-Date=1",
            "X-AMZ-SECURITY-TOKEN%3APLANTED",
            "\"x-amz-security-token\": \"PLANTED\"",
            "{\"x-amz-security-token\":\"PLANTED\"}",
            "AWS4-HMAC-SHA256 Credential=PLANTED/20261130/us-east-1/rds/aws4_request",
            "SignedHeaders=host, Signature=PLANTED",
            "host;x-amz-security-token, Signature=PLANTED",
        ] {
            let told = unsigned(&format!("\u{e4} bad: {said} it is"));
            assert!(!told.contains("PLANTED") && told.contains("***"), "{told}");
            assert!(
                told.starts_with("\u{e4} bad: ") && told.ends_with(" it is"),
                "{told}"
            );
        }
        assert_eq!(unsigned("x-amz-security-token:"), "x-amz-security-token:");
    }
}
