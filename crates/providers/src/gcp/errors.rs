//! What Google's errors mean, in one place: their kind, their remedy, and whether to try again.
//!
//! Error bodies often lack the word that Google's client classifies by, so the HTTP status
//! decides, and the reason where the body gives one.

#[cfg(test)]
mod tests;

use std::{error::Error as StdError, time::Duration};

use google_cloud_gax::error::{
    CredentialsError, Error,
    rpc::{Status, StatusDetails},
};
use google_cloud_sql_v1::model::OperationError;
use pgfleet_provider::{ErrorKind, ProviderError, Retry};

use crate::shared::{
    pauses::retry_after,
    words::{causes, chain, sentence},
};

use super::client::call::{Call, Method};

/// Explains why a call failed.
pub(super) fn explain(call: Call<'_>, error: &Error) -> ProviderError {
    let Some(http) = error.http_status_code() else {
        return without_answer(call, error);
    };
    let pause = error
        .http_headers()
        .and_then(|headers| retry_after(headers.get("retry-after")?.to_str().ok()?));
    match error.status() {
        Some(status) => {
            let reason = reason(status);
            by_status(call, http, &reason, &sentence(&status.message), pause)
        }
        // Those of a gateway in between bear no JSON, and pass all the same.
        None if matches!(http, 408 | 409 | 412 | 429 | 500..=599) => {
            by_status(call, http, "", "", pause)
        }
        None => not_google(
            call,
            &format!("HTTP status {http} without the body of an error"),
        ),
    }
}

/// What an answer with this status means.
fn by_status(
    call: Call<'_>,
    http: u16,
    reason: &str,
    message: &str,
    pause: Option<Duration>,
) -> ProviderError {
    let said = match (message, reason) {
        ("", "") => format!("HTTP status {http}"),
        ("", reason) => reason.to_owned(),
        (message, _) => message.to_owned(),
    };
    let error = |kind| ProviderError::new(kind, format!("{call} failed: {said}"));
    let passes = Retry::Backoff.not_before(pause);
    let told = Told {
        reason,
        words: &message.to_ascii_lowercase(),
    };
    if let Some((kind, remedy)) = told.of_what_lasts(http, call.project) {
        return error(kind).remedy(remedy);
    }
    let deletes = matches!(call.method, Method::Delete | Method::DeleteBackedUp);
    match http {
        403 | 429 if told.of_a_rate() => error(ErrorKind::Throttled).retry(passes),
        429 => error(ErrorKind::Throttled).retry(passes),
        // Of a database PostgreSQL's own words are passed on, as a request that cannot be.
        400 | 409 if told.of_one_that_is_there() => {
            error(ErrorKind::AlreadyExists).retry(Retry::Reobserve)
        }
        400 if told.of_a_busy_instance() => error(ErrorKind::Busy).retry(passes),
        409 => error(ErrorKind::Busy).retry(passes),
        // Replicas that have just gone, and protection that has just been lifted, are known for some
        // seconds more.
        400 if deletes && told.of_what_keeps_an_instance() => error(ErrorKind::Conflict)
            .remedy(
                "Google still knows of replicas or of deletion protection: run the command again, \
                 and if it stays so, see who else has replicas of it or has protected it",
            )
            .retry(passes),
        400 if deletes => error(ErrorKind::Refused)
            .remedy("Google does not delete it as it is: look at it in the Google Cloud console"),
        400 => error(ErrorKind::Refused)
            .remedy("Google refuses the request as such: correct what it names in the plan file"),
        401 => error(ErrorKind::Credentials).remedy(
            "the credentials are not accepted or have expired: run `gcloud auth \
             application-default login` again, or look at GOOGLE_APPLICATION_CREDENTIALS",
        ),
        403 => error(ErrorKind::Permission).remedy(format!(
            "give whoever runs this the permission {} in the project {} (docs/gcp.md has the \
             role), and look at the names: Google answers the same for what does not exist",
            call.method.permissions().join(" and "),
            call.project
        )),
        404 if call.method == Method::List => error(ErrorKind::NotFound).remedy(format!(
            "look at `project` in [gcp]: there is no {}, or it is not yours",
            call.project
        )),
        404 => error(ErrorKind::NotFound)
            .retry(Retry::Reobserve)
            .remedy("somebody else has deleted it; run the command again"),
        // It is asked to come back later, as with a rate; and so is waited as long.
        503 if call.method.unclear() == Retry::Backoff => error(ErrorKind::Throttled).retry(passes),
        412 => error(ErrorKind::Conflict)
            .retry(Retry::Reobserve)
            .remedy("the instance has changed meanwhile; run the command again"),
        408 | 500..=599 => error(ErrorKind::Unreachable)
            .remedy("run the command again; see status.cloud.google.com")
            .retry(call.method.unclear().not_before(pause)),
        _ => error(ErrorKind::Internal),
    }
}

/// What an error says beside its status. A body may have no reason: the words tell then.
#[derive(Clone, Copy)]
struct Told<'a> {
    reason: &'a str,
    /// In small letters.
    words: &'a str,
}

impl Told<'_> {
    fn is(self, reasons: &[&str], words: &[&str]) -> bool {
        reasons.contains(&self.reason) || words.iter().any(|words| self.words.contains(words))
    }

    /// What is refused again and again until people do something about it, with what that is.
    fn of_what_lasts(self, http: u16, project: &str) -> Option<(ErrorKind, String)> {
        let refused = |remedy: String| Some((ErrorKind::Refused, remedy));
        let barred = |remedy: String| Some((ErrorKind::Permission, remedy));
        match http {
            _ if self.of_a_perimeter() => barred(format!(
                "VPC Service Controls keep the project {project} from being asked from here: run \
                 this inside the perimeter, or give the identifier to whoever keeps it and ask for \
                 a rule that lets sqladmin.googleapis.com in"
            )),
            _ if self.of_a_policy() => refused(
                "an organisation policy forbids it: change the plan file (a private `network`, \
                 another `region`), or ask whoever keeps the policy for an exception"
                    .to_owned(),
            ),
            400..=499 if self.of_billing() => barred(format!(
                "link the project {project} to a billing account that is open: gcloud billing \
                 projects describe {project}; it takes some minutes until Google knows"
            )),
            400..=499 if self.of_too_many_instances() => refused(higher_quota(project)),
            403 | 429 if self.of_a_rate() => None,
            400..=499 if self.of_a_quota() => refused(higher_quota(project)),
            401 | 403 if self.of_a_scope() => barred(
                "the token may not be used for this: give the machine, or the login, the scope \
                 https://www.googleapis.com/auth/cloud-platform"
                    .to_owned(),
            ),
            403 if self.of_whom_it_is_charged_to() => barred(format!(
                "whoever runs this may not use the project that calls are charged to: take one \
                 that may be used (gcloud auth application-default set-quota-project {project}), \
                 and give the role roles/serviceusage.serviceUsageConsumer in it"
            )),
            403 if self.of_an_api_that_is_off() => barred(format!(
                "enable the API: gcloud services enable sqladmin.googleapis.com \
                 --project={project}"
            )),
            _ => None,
        }
    }

    fn of_a_perimeter(self) -> bool {
        self.is(
            &["SECURITY_POLICY_VIOLATED", "vpcServiceControls"],
            &[
                "vpcservicecontrolsuniqueidentifier",
                "prohibited by organization's policy",
            ],
        )
    }

    fn of_a_policy(self) -> bool {
        self.is(
            &[],
            &["constraints/", "organization policy", "custom org policies"],
        )
    }

    fn of_billing(self) -> bool {
        self.is(
            &["BILLING_DISABLED", "accountDisabled"],
            &[
                "billing to be enabled",
                "billing account for the owning project",
            ],
        )
    }

    fn of_a_scope(self) -> bool {
        self.is(
            &["ACCESS_TOKEN_SCOPE_INSUFFICIENT"],
            &["insufficient authentication scopes"],
        )
    }

    /// The project that a call is counted and charged to, which need not be the one that it is about.
    fn of_whom_it_is_charged_to(self) -> bool {
        self.is(
            &["USER_PROJECT_DENIED"],
            &["requires a quota project", "serviceusage.services.use"],
        )
    }

    /// People have met it as 403, 409 and 429.
    fn of_too_many_instances(self) -> bool {
        self.is(&["errorMaxInstancePerLabel"], &["max instance"])
    }

    fn of_a_rate(self) -> bool {
        self.is(
            &["rateLimitExceeded", "userRateLimitExceeded"],
            &["per minute", "per 100 seconds", "per second", "rate limit"],
        )
    }

    fn of_a_quota(self) -> bool {
        self.is(
            &["quotaExceeded", "QUOTA_EXCEEDED"],
            &["quota exceeded", "quota limit"],
        )
    }

    fn of_one_that_is_there(self) -> bool {
        self.is(
            &["instanceAlreadyExists", "alreadyExists"],
            &["already exists"],
        )
    }

    fn of_a_busy_instance(self) -> bool {
        self.is(
            &["invalidState", "operationInProgress"],
            &["already in progress", "in an appropriate state"],
        )
    }

    fn of_what_keeps_an_instance(self) -> bool {
        self.is(
            &[
                "errorProtectedInstanceDeletionFailure",
                "errorReplicationMasterInvalidOperation",
            ],
            &["replication master instance", "is protected"],
        )
    }

    fn of_an_api_that_is_off(self) -> bool {
        self.is(
            &["accessNotConfigured", "SERVICE_DISABLED"],
            &["has not been used in project", "it is disabled"],
        )
    }
}

fn higher_quota(project: &str) -> String {
    format!("ask Google for a higher quota of Cloud SQL in the project {project}, or plan less")
}

fn not_google(call: Call<'_>, what: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Internal,
        format!("{call} failed: the endpoint does not answer as Cloud SQL does ({what})"),
    )
    .remedy("look at CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL and at proxies in between (HTTPS_PROXY)")
}

/// No answer came, or none that makes sense.
fn without_answer(call: Call<'_>, error: &Error) -> ProviderError {
    if error.is_authentication() {
        let passes = causes(error)
            .find_map(|cause| cause.downcast_ref::<CredentialsError>())
            .is_some_and(CredentialsError::is_transient);
        if passes {
            let why = format!(
                "{call} failed: no token was to be had: {}",
                told_of_login(error)
            );
            return ProviderError::new(ErrorKind::Throttled, why)
                .remedy("run the command again; see status.cloud.google.com")
                .retry(Retry::After(KEPT));
        }
        return no_credentials(error);
    }
    if error.is_deserialization() {
        // What came is not shown: nobody knows what is in it.
        return not_google(call, "what came is not the JSON that it sends")
            .retry(call.method.unclear());
    }
    let unreachable = |why: &str, retry| {
        ProviderError::new(
            ErrorKind::Unreachable,
            format!("{call} failed: Cloud SQL does not answer: {why}"),
        )
        .remedy("look at the network, the proxy and CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL")
        .retry(retry)
    };
    // The request never left.
    if error.is_connect() {
        return unreachable(&chain(error), Retry::Backoff);
    }
    if error.is_timeout() || error.is_exhausted() {
        return unreachable("it takes too long", call.method.unclear());
    }
    unreachable(&chain(error), call.method.unclear())
}

/// For so long Google's client gives the same answer again where no token came, without asking.
const KEPT: Duration = Duration::from_secs(11);

/// Credentials that were not found, or that lead to no token.
pub(super) fn no_credentials(error: &(dyn StdError + 'static)) -> ProviderError {
    ProviderError::new(
        ErrorKind::Credentials,
        format!(
            "no credentials of Google's were found, or they cannot be used: {}",
            told_of_login(error)
        ),
    )
    .remedy(
        "run `gcloud auth application-default login`, or point GOOGLE_APPLICATION_CREDENTIALS at a \
         credentials file; for a pipeline see docs/gcp.md",
    )
}

/// What is said of a login that failed, without what came: nobody knows what is in it.
fn told_of_login(error: &(dyn StdError + 'static)) -> String {
    // What the client says of every failure, and says nothing by it.
    let noise = [
        "cannot create the authentication headers",
        "Fetching the token resulted in transient errors.",
        "Subsequent calls with this credential might succeed",
        "but future attempts may succeed",
    ];
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        let words = without_body(&cause.to_string());
        let words = noise
            .iter()
            .fold(words, |words, noise| words.replace(noise, ""));
        let words = sentence(words.trim_matches([' ', ':', '.']));
        if words.chars().any(char::is_alphanumeric) && !said.contains(&words) {
            said.push(words);
        }
    }
    sentence(&said.join(": "))
}

/// The words of Google's client without the body of an answer in them, but with the word that the body
/// has for the error.
fn without_body(text: &str) -> String {
    const BEGINS: &str = "body=<";
    let Some((before, rest)) = text.split_once(BEGINS) else {
        return text.to_owned();
    };
    let (body, after) = rest.rsplit_once('>').unwrap_or((rest, ""));
    let before = before.trim_end_matches([' ', ',']);
    match word_of(body) {
        Some(word) => format!("{before} ({word}){after}"),
        None => format!("{before}{after}"),
    }
}

/// The error's word in a body: `invalid_grant` of OAuth, `PERMISSION_DENIED` of Google.
fn word_of(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let error = body.get("error")?;
    let word = error.as_str().or_else(|| error.get("status")?.as_str())?;
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '_';
    let short = word.len() <= 40 && word.chars().all(is_word);
    short.then(|| word.to_owned())
}

/// The reason that a body gives beside its message: `operationInProgress`.
fn reason(status: &Status) -> String {
    let found = status.details.iter().find_map(|detail| match detail {
        StatusDetails::ErrorInfo(info) if !info.reason.is_empty() => Some(info.reason.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// An operation that ended with errors.
pub(super) fn ended(what: &str, project: &str, errors: &[OperationError]) -> ProviderError {
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
        // Whether it is one, the instance tells.
        let why = format!("{what} ended with an error of which Google says no more");
        return ProviderError::new(ErrorKind::Unreachable, why)
            .remedy("look at the instance's operations in the Google Cloud console")
            .retry(Retry::Reobserve);
    }
    let why = format!("{what} ended in failure: {}", said.join("; "));
    let lasts = errors.iter().find_map(|error| {
        let told = Told {
            reason: &error.code,
            words: &error.message.to_ascii_lowercase(),
        };
        told.of_what_lasts(403, project)
    });
    if let Some((kind, remedy)) = lasts {
        return ProviderError::new(kind, why).remedy(remedy);
    }
    let passes = errors.iter().any(|error| {
        let code = error.code.to_ascii_lowercase().replace('_', "");
        ["operationinprogress", "staledata", "serviceunavailable"].contains(&code.as_str())
    });
    if passes {
        return ProviderError::new(ErrorKind::Conflict, why).retry(Retry::Reobserve);
    }
    let kind = if why.contains("already exists") {
        ErrorKind::AlreadyExists
    } else {
        ErrorKind::Internal
    };
    ProviderError::new(kind, why)
        .remedy("look at the instance's operations in the Google Cloud console")
}
