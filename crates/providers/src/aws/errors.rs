//! What RDS's errors mean, in one place: their kind, their remedy, and whether to try again.

mod signed;

use std::error::Error as StdError;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use pgfleet_model::Region;
use pgfleet_provider::{ErrorKind, ProviderError, Retry};

use crate::shared::{
    guard::{self, PlainHttp},
    http::Circle,
    pauses::retry_after,
    words::{causes, chain, sentence},
};

use super::client::{connect::BadProxy, credentials::BadKey};
use signed::unsigned;

/// Whether a call changes something: what is not known of it has to be looked up then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    Reads,
    Changes,
}

impl Nature {
    /// What may be done where it is not known what a call did.
    fn unclear(self) -> Retry {
        match self {
            Self::Reads => Retry::Backoff,
            Self::Changes => Retry::Reobserve,
        }
    }
}

/// How AWS's services say that there were too many calls, whatever the status: the codes that its
/// SDKs repeat a call for.
const THROTTLED: [&str; 12] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
/// How they say that it was not the call's fault.
const PASSES: [&str; 6] = [
    "InternalError",
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];
/// How AWS says that credentials have expired.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// Explains why a call failed. `call` is RDS's own name for it, which is the IAM action's too.
pub(super) fn explain<E>(call: &str, nature: Nature, error: &SdkError<E>) -> ProviderError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let unclear = nature.unclear();
    match error {
        SdkError::ServiceError(service) => {
            let error = service.err();
            let status = service.raw().status().as_u16();
            // It was taken, and what came of it cannot be read.
            if (200..300).contains(&status) && error.code().is_none() {
                return unreadable(call, unclear);
            }
            let explained = match error.code() {
                Some(code) => by_code(call, nature, code, error.message().unwrap_or_default()),
                // No code: not the XML that AWS answers with.
                None => not_aws(call),
            };
            let explained = by_status(unclear, status, explained);
            let asked = service.raw().headers().get("retry-after");
            let retry = explained.retry.not_before(asked.and_then(retry_after));
            explained.retry(retry)
        }
        SdkError::ResponseError(_) => unreadable(call, unclear),
        _ => by_cause(call, unclear, error),
    }
}

fn unreadable(call: &str, unclear: Retry) -> ProviderError {
    ProviderError::new(
        ErrorKind::Internal,
        format!("{call}: the answer is cut off or is not what RDS answers"),
    )
    .remedy("run the command again; if it stays so, look at the endpoint (AWS_ENDPOINT_URL)")
    .retry(unclear)
}

/// What its status tells of an answer whose words tell nothing that passes: those of a gateway in
/// between bear no XML, and pass all the same.
fn by_status(unclear: Retry, status: u16, explained: ProviderError) -> ProviderError {
    let (kind, retry) = match status {
        _ if explained.retry != Retry::Never => return explained,
        429 => (ErrorKind::Throttled, Retry::Backoff),
        408 | 500 | 502..=599 => (ErrorKind::Unreachable, unclear),
        _ => return explained,
    };
    ProviderError::new(
        kind,
        format!("{} (HTTP status {status})", explained.message),
    )
    .remedy(
        "run the command again; if it stays so, look at AWS_ENDPOINT_URL, at proxies in between \
         and at health.aws.amazon.com",
    )
    .retry(retry)
}

/// A list that turns in a circle.
pub(super) fn endless(call: &str, circle: Circle) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, format!("{call}: {circle}"))
        .remedy("look at AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_RDS and proxies in between")
}

fn not_aws(call: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Internal,
        format!("{call}: the endpoint does not answer as RDS does"),
    )
    .remedy("look at AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_RDS and proxies in between")
}

/// The request was not sent, or nothing came back.
fn by_cause(call: &str, unclear: Retry, error: &(dyn StdError + 'static)) -> ProviderError {
    if let Some(plain) = causes(error).find_map(|cause| cause.downcast_ref::<PlainHttp>()) {
        return ProviderError::new(ErrorKind::Environment, plain.to_string()).remedy(guard::REMEDY);
    }
    if let Some(proxy) = causes(error).find_map(|cause| cause.downcast_ref::<BadProxy>()) {
        return ProviderError::new(ErrorKind::Environment, proxy.to_string())
            .remedy(BadProxy::REMEDY);
    }
    if let Some(key) = causes(error).find_map(|cause| cause.downcast_ref::<BadKey>()) {
        return ProviderError::new(ErrorKind::Credentials, key.to_string()).remedy(BadKey::REMEDY);
    }
    let mut causes = causes(error);
    if let Some(said) = causes.find_map(|cause| no_endpoint(&cause.to_string())) {
        return ProviderError::new(ErrorKind::Environment, format!("{call}: {said}"))
            .remedy("look at AWS_ENDPOINT_URL, at AWS_ENDPOINT_URL_RDS and _STS and at endpoint_url in the profile: https://HOST or http://127.0.0.1:PORT");
    }
    let words = unsigned(&chain(error));
    if let Some(remedy) = of_connections(&words) {
        let why = format!("{call}: AWS is not reached: {words}");
        return ProviderError::new(ErrorKind::Unreachable, why)
            .remedy(remedy)
            .retry(unclear);
    }
    // A header that cannot be written holds a key: nothing else in one comes from elsewhere.
    let is_no_key = words.to_ascii_lowercase().contains("invalid header value");
    if is_no_key || words.contains("credentials") || words.contains("identity") {
        return ProviderError::new(
            ErrorKind::Credentials,
            format!("{call}: no AWS credentials were found, or they cannot be used: {words}"),
        )
        .remedy(
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with \
             `aws sso login`; in a pipeline, AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
        );
    }
    ProviderError::new(
        ErrorKind::Unreachable,
        format!("{call}: RDS does not answer: {words}"),
    )
    .remedy("look at the network, the region's name and AWS_ENDPOINT_URL")
    .retry(unclear)
}

/// What an endpoint is wrong for, where it is the address itself: the SDK repeats the whole request
/// with it, headers and all.
fn no_endpoint(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("failed to apply endpoint `")?;
    let (endpoint, rest) = rest.split_once("` to request `")?;
    // What stands before an `@` may be a password.
    let endpoint = endpoint.rsplit_once('@').map_or(endpoint, |(_, host)| host);
    let why = rest.rsplit_once("`: ").map(|(_, why)| sentence(why));
    let why = why.unwrap_or_default();
    Some(sentence(&format!(
        "the endpoint `{endpoint}` is no address: {why}"
    )))
}

/// What to do where a connection is not made for a reason of this machine's.
fn of_connections(words: &str) -> Option<&'static str> {
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["UnknownIssuer", "invalid peer certificate"]) {
        return Some(
            "nobody whom this machine trusts has signed the endpoint's certificate: let \
             SSL_CERT_FILE name the file of the authority that did, such as your proxy's",
        );
    }
    says(&["proxy", "tunnel"])
        .then_some("look at HTTPS_PROXY, at the proxy that it names, and at NO_PROXY")
}

/// The action that AWS says is missing: one call may need several.
fn missing_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("to perform: ")?;
    let action = rest.split_whitespace().next()?;
    let action = action.trim_end_matches(['.', ',']);
    let (service, name) = action.split_once(':')?;
    let plain = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    (plain(service) && plain(name)).then_some(action)
}

/// Says of which region an error is, where several are asked side by side.
pub(super) fn of_region(call: &str, region: &Region, error: ProviderError) -> ProviderError {
    let told = match error.message.strip_prefix(&format!("{call}: ")) {
        Some(rest) => format!("{call} in {region}: {rest}"),
        None => format!("{region}: {}", error.message),
    };
    ProviderError {
        message: told,
        ..error
    }
}

fn by_code(call: &str, nature: Nature, code: &str, message: &str) -> ProviderError {
    let message = sentence(&unsigned(message));
    let error = |kind| ProviderError::new(kind, format!("{call}: {code}: {message}"));
    match code {
        code if THROTTLED.contains(&code) => error(ErrorKind::Throttled).retry(Retry::Backoff),
        code if PASSES.contains(&code) => error(ErrorKind::Unreachable).retry(nature.unclear()),
        "DBInstanceAlreadyExists" | "DBInstanceAlreadyExistsFault" => {
            error(ErrorKind::AlreadyExists).retry(Retry::Reobserve)
        }
        "DBInstanceNotFound" | "DBInstanceNotFoundFault" => error(ErrorKind::NotFound)
            .retry(Retry::Reobserve)
            .remedy("somebody else has deleted it; run the command again"),
        "InvalidDBInstanceState" | "InvalidDBInstanceStateFault" => {
            error(ErrorKind::Busy).retry(Retry::Backoff)
        }
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => {
            let service = match call {
                "GetCallerIdentity" => "sts",
                _ => "rds",
            };
            let action = missing_action(&message);
            let action = action.map_or_else(|| format!("{service}:{call}"), ToOwned::to_owned);
            error(ErrorKind::Permission).remedy(format!(
                "allow the action {action} to whoever runs this; docs/aws.md has the policy"
            ))
        }
        code if EXPIRED.contains(&code) => error(ErrorKind::Expired)
            .remedy("the credentials have expired: log in again and run the command again"),
        // Their scope names the region that the plan file names.
        "SignatureDoesNotMatch" if message.contains("valid region") => error(ErrorKind::Refused)
            .remedy("look at `region` in the plan file: AWS knows no such region"),
        // The time that a signature holds for: AWS says which is which.
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestTimeTooSkewed"
            if code == "RequestTimeTooSkewed"
                || message.contains("Signature expired")
                || message.contains("Signature not yet current") =>
        {
            error(ErrorKind::Credentials)
                .remedy("the clock of this machine is wrong: set it, and run the command again")
        }
        "OptInRequired" | "SubscriptionRequiredException" => error(ErrorKind::Refused).remedy(
            "enable the region for the account (AWS Account Management, AWS Regions), or take it \
             out of the plan file",
        ),
        "InvalidClientTokenId" if call == "DescribeDBInstances" => {
            error(ErrorKind::Credentials).remedy(
                "AWS does not accept the credentials; look at AWS_PROFILE and the keys, and whether \
                 the account has enabled the region",
            )
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "AuthFailure" => error(ErrorKind::Credentials)
            .remedy("AWS does not accept the credentials; look at AWS_PROFILE and the keys"),
        "InstanceQuotaExceeded" | "StorageQuotaExceeded" | "InstanceQuotaExceededFault" => {
            error(ErrorKind::Refused)
                .remedy("ask AWS for a higher quota (Service Quotas, Amazon RDS)")
        }
        "InsufficientDBInstanceCapacity" | "InsufficientDBInstanceCapacityFault" => {
            error(ErrorKind::Refused)
                .remedy("this class has no room in the zone now: try later, or another class")
        }
        "DBSnapshotAlreadyExists" => error(ErrorKind::Refused)
            .remedy("delete old snapshots of it, or set final_snapshot = false in [primary]"),
        "KMSKeyNotAccessibleFault" => error(ErrorKind::Refused)
            .remedy("look at `kms_key`: the key's region, its state and its policy"),
        "DBSubnetGroupNotFoundFault" => {
            error(ErrorKind::Refused).remedy("look at `subnet_group` and its region")
        }
        "DBParameterGroupNotFound" => {
            error(ErrorKind::Refused).remedy("look at `parameter_group` and its region")
        }
        "InvalidParameterCombination" if message.contains("Cannot find version") => {
            error(ErrorKind::Refused)
                .remedy("look at `postgres`: RDS offers no such version in this region")
        }
        // Endpoints that only stand in for RDS do not know all of it.
        "InvalidAction" | "UnknownOperationException" | "NotImplemented" => {
            error(ErrorKind::Unsupported)
                .remedy("look at AWS_ENDPOINT_URL: this endpoint has no such call")
        }
        _ => error(ErrorKind::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_repeated_and_what_is_refused_is_not() {
        let retry = |code, nature| by_code("CreateDBInstance", nature, code, "words").retry;
        assert_eq!(retry("Throttling", Nature::Changes), Retry::Backoff);
        assert_eq!(retry("InternalFailure", Nature::Changes), Retry::Reobserve);
        assert_eq!(retry("InternalFailure", Nature::Reads), Retry::Backoff);
        assert_eq!(
            retry("DBInstanceAlreadyExists", Nature::Changes),
            Retry::Reobserve
        );
        assert_eq!(
            retry("InvalidDBInstanceState", Nature::Changes),
            Retry::Backoff
        );
        // Whatever their status.
        for code in THROTTLED {
            let told = by_code("CreateDBInstance", Nature::Changes, code, "words");
            let throttled = (ErrorKind::Throttled, Retry::Backoff);
            assert_eq!((told.kind, told.retry), throttled, "{code}");
        }
        for code in PASSES {
            let lost = (retry(code, Nature::Reads), retry(code, Nature::Changes));
            assert_eq!(lost, (Retry::Backoff, Retry::Reobserve), "{code}");
        }
        for code in [
            "InvalidParameterValue",
            "AccessDenied",
            "ExpiredToken",
            "SomethingNew",
        ] {
            assert_eq!(retry(code, Nature::Changes), Retry::Never, "{code}");
        }
    }

    #[test]
    fn credentials_have_expired_by_the_code_and_not_by_the_words() {
        let told = |code, words| by_code("CreateDBInstance", Nature::Changes, code, words);
        for code in EXPIRED {
            assert_eq!(told(code, "words").kind, ErrorKind::Expired, "{code}");
        }
        let wrong = told("InvalidClientTokenId", "no ExpiredToken");
        assert_eq!(wrong.kind, ErrorKind::Credentials);
    }

    #[test]
    fn a_gateway_s_answer_passes_whatever_its_body_holds() {
        let told = |status, unclear| {
            let told = by_status(unclear, status, not_aws("CreateDBInstance"));
            (told.kind, told.retry)
        };
        for status in [500, 502, 503, 504] {
            let lost = (ErrorKind::Unreachable, Retry::Reobserve);
            assert_eq!(told(status, Retry::Reobserve), lost, "{status}");
        }
        let throttled = (ErrorKind::Throttled, Retry::Backoff);
        assert_eq!(told(429, Retry::Reobserve), throttled);
        for status in [403, 404, 501] {
            assert_eq!(told(status, Retry::Backoff).1, Retry::Never, "{status}");
        }
    }

    #[test]
    fn a_missing_permission_is_named() {
        for code in ["AccessDenied", "UnauthorizedOperation", "NotAuthorized"] {
            let error = by_code("CreateDBInstance", Nature::Changes, code, "no");
            assert_eq!(error.kind, ErrorKind::Permission, "{code}");
            let named = error.remedy.contains("rds:CreateDBInstance");
            assert!(named, "{code}: {}", error.remedy);
        }
    }

    #[test]
    fn the_permission_that_is_missing_is_the_one_that_aws_names() {
        let said = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: \
                    rds:AddTagsToResource on resource: arn:aws:rds:us-east-1:123456789012:db:*";
        let error = by_code("CreateDBInstance", Nature::Changes, "AccessDenied", said);
        assert!(error.remedy.contains("rds:AddTagsToResource"), "{error:?}");
        assert!(!error.remedy.contains("rds:CreateDBInstance"), "{error:?}");
        assert_eq!(missing_action("not authorized to perform: <script>"), None);
    }

    #[test]
    fn a_clock_and_a_region_that_are_wrong_are_told_as_such() {
        let told = |code, words| by_code("DescribeDBInstances", Nature::Reads, code, words).remedy;
        let late = "Signature expired: 20261130T050000Z is now earlier than 20261130T055500Z";
        assert!(told("SignatureDoesNotMatch", late).contains("clock"));
        assert!(!told("SignatureDoesNotMatch", "no").contains("clock"));
        assert!(told("OptInRequired", "no").contains("enable the region"));
        let error = by_code("DescribeDBInstances", Nature::Reads, "OptInRequired", "no");
        let error = of_region("DescribeDBInstances", &Region::new("eu-south-1"), error);
        let told = "DescribeDBInstances in eu-south-1: OptInRequired: no";
        assert_eq!(error.message, told);
        assert!(
            of_connections("invalid peer certificate: UnknownIssuer")
                .is_some_and(|remedy| remedy.contains("SSL_CERT_FILE"))
        );
        assert!(
            of_connections("proxy authorization required")
                .is_some_and(|remedy| remedy.contains("HTTPS_PROXY"))
        );
        assert_eq!(of_connections("connection refused"), None);
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_told_without_the_request() {
        let said = "failed to apply endpoint `nonsense` to request `Request { body: \
                    MasterUserPassword=planted }`: endpoint must contain scheme";
        let told = no_endpoint(said).unwrap();
        assert_eq!(
            told,
            "the endpoint `nonsense` is no address: endpoint must contain scheme"
        );
    }

    #[test]
    fn an_answer_that_says_yes_and_cannot_be_read_is_looked_up() {
        use aws_sdk_rds::{
            config::http::HttpResponse, operation::create_db_instance::CreateDBInstanceError,
        };
        let retry = |nature| {
            let page = HttpResponse::new(200.try_into().unwrap(), "<a>12x</a>".into());
            let error = CreateDBInstanceError::unhandled("no number");
            explain(
                "CreateDBInstance",
                nature,
                &SdkError::service_error(error, page),
            )
            .retry
        };
        assert_eq!(retry(Nature::Changes), Retry::Reobserve);
        assert_eq!(retry(Nature::Reads), Retry::Backoff);
    }

    #[test]
    fn a_page_of_a_proxy_that_fails_for_a_moment_is_no_answer() {
        use aws_sdk_rds::{
            config::http::HttpResponse, operation::create_db_instance::CreateDBInstanceError,
        };
        let error = |status: u16, nature| {
            let page = HttpResponse::new(status.try_into().unwrap(), "<html>busy</html>".into());
            let error = CreateDBInstanceError::unhandled("no XML");
            explain(
                "CreateDBInstance",
                nature,
                &SdkError::service_error(error, page),
            )
            .retry
        };
        assert_eq!(error(503, Nature::Reads), Retry::Backoff);
        assert_eq!(error(502, Nature::Changes), Retry::Reobserve);
        assert_eq!(error(404, Nature::Changes), Retry::Never);
    }
}
