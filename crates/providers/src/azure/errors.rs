//! What Azure's errors mean, in one place: their kind, their remedy, and whether to try again.

use pgfleet_provider::{ErrorKind, ProviderError, Retry};

use super::client::{Ended, Failure, Refusal, is_busy};

/// What a caller must be allowed to do. `docs/azure.md` lists the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Read,
    Write,
    Delete,
    Start,
    WriteDatabase,
    CheckName,
    ReadOperation,
}

impl Action {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Microsoft.DBforPostgreSQL/flexibleServers/read",
            Self::Write => "Microsoft.DBforPostgreSQL/flexibleServers/write",
            Self::Delete => "Microsoft.DBforPostgreSQL/flexibleServers/delete",
            Self::Start => "Microsoft.DBforPostgreSQL/flexibleServers/start/action",
            Self::WriteDatabase => "Microsoft.DBforPostgreSQL/flexibleServers/databases/write",
            Self::CheckName => "Microsoft.DBforPostgreSQL/checkNameAvailability/action",
            Self::ReadOperation => "Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read",
        }
    }

    /// Whether it only looks: then it may simply be done again.
    fn reads(self) -> bool {
        matches!(self, Self::Read | Self::CheckName | Self::ReadOperation)
    }
}

/// Explains why a request failed. `what` names it: `Servers_CreateOrUpdate of food-primary`.
pub(super) fn explain(what: &str, action: Action, failure: &Failure) -> ProviderError {
    // Of a change whose answer was lost nobody knows whether it was made.
    let unclear = if action.reads() {
        Retry::Backoff
    } else {
        Retry::Reobserve
    };
    match failure {
        Failure::PlainHttp(plain) => ProviderError::new(ErrorKind::Environment, plain.to_string())
            .remedy(crate::shared::guard::REMEDY),
        Failure::NoClient(why) => {
            ProviderError::new(ErrorKind::Environment, format!("{what}: {why}")).remedy(
                "look at AZURE_RESOURCE_MANAGER_ENDPOINT and at the system's certificates \
                 (SSL_CERT_FILE)",
            )
        }
        // The login comes before the request, which was never sent.
        Failure::NoToken { passes: true, why } => ProviderError::new(
            ErrorKind::Unreachable,
            format!("{what}: Azure's login does not answer: {why}"),
        )
        .remedy("look at the network, the proxy and AZURE_AUTHORITY_HOST")
        .retry(Retry::Backoff),
        Failure::NoToken { passes: false, why } => ProviderError::new(
            ErrorKind::Credentials,
            format!("{what}: no credentials of Azure serve: {why}"),
        )
        .remedy(
            "log in with `az login`; for a program set AZURE_TENANT_ID, AZURE_CLIENT_ID and \
             AZURE_CLIENT_SECRET, or use workload identity; docs/azure.md has GitHub Actions",
        ),
        Failure::Unreachable { sent, why } => ProviderError::new(
            ErrorKind::Unreachable,
            format!("{what}: Azure does not answer: {why}"),
        )
        .remedy("look at the network, the proxy and AZURE_RESOURCE_MANAGER_ENDPOINT")
        .retry(if *sent { unclear } else { Retry::Backoff }),
        Failure::Malformed(why) => {
            ProviderError::new(ErrorKind::Internal, format!("{what}: {why}"))
                .remedy(
                    "run the command again; if it stays so, look at \
                     AZURE_RESOURCE_MANAGER_ENDPOINT and proxies in between",
                )
                .retry(unclear)
        }
        Failure::Refused(refusal) => refused(what, action, unclear, refusal),
    }
}

fn refused(what: &str, action: Action, unclear: Retry, refusal: &Refusal) -> ProviderError {
    let Refusal {
        status,
        code,
        message,
        details,
        retry_after,
        from_azure,
    } = refusal;
    let code_and = if code.is_empty() {
        String::new()
    } else {
        format!("{code}: ")
    };
    // Its kind is told below.
    let error = ProviderError::new(ErrorKind::Refused, format!("{what}: {code_and}{message}"));
    let of = |kind| ProviderError {
        kind,
        ..error.clone()
    };
    if !from_azure && !matches!(status, 401 | 403 | 404 | 408 | 429 | 500..) {
        return of(ErrorKind::Internal)
            .remedy("this is not how Azure answers; look at AZURE_RESOURCE_MANAGER_ENDPOINT");
    }
    let later = Retry::Backoff.not_before(*retry_after);
    if let Some(error) = by_codes(code, details, action, later, &of) {
        return error;
    }
    match status {
        401 => of(ErrorKind::Credentials)
            .remedy("Azure does not accept the login: `az login`, or look at AZURE_CLIENT_ID"),
        403 if !from_azure => of(ErrorKind::Permission).remedy(format!(
            "this is not how Azure refuses: look at proxies in between; else {}",
            allow(action)
        )),
        403 => of(ErrorKind::Permission).remedy(allow(action)),
        404 => of(ErrorKind::NotFound)
            .remedy("somebody else has deleted it; run the command again")
            .retry(if action.reads() {
                Retry::Never
            } else {
                Retry::Reobserve
            }),
        // Any other code of a conflict says what is wrong, and would again.
        409 if matches!(code.as_str(), "" | "Conflict") => of(ErrorKind::Busy).retry(later),
        412 => of(ErrorKind::Conflict).retry(Retry::Reobserve),
        429 => of(ErrorKind::Throttled).retry(later),
        501 => of(ErrorKind::Unsupported)
            .remedy("Azure does not do this there; look at AZURE_RESOURCE_MANAGER_ENDPOINT"),
        408 | 500.. => of(ErrorKind::Unreachable).retry(unclear.not_before(*retry_after)),
        _ => error,
    }
}

/// What to do where a name cannot be had.
pub(super) const ANOTHER_NAME: &str =
    "names are unique in all of Azure: set `id` or `ids`, or another `fleet`";

fn allow(action: Action) -> String {
    format!(
        "allow the action {} to whoever runs this; docs/azure.md has a role",
        action.as_str()
    )
}

/// What Azure's own words tell: that of the error itself, else the first of its details that tells
/// anything.
fn by_codes(
    code: &str,
    details: &[String],
    action: Action,
    later: Retry,
    of: &impl Fn(ErrorKind) -> ProviderError,
) -> Option<ProviderError> {
    let mut codes = std::iter::once(code).chain(details.iter().map(String::as_str));
    codes.find_map(|code| by_code(code, action, later, of))
}

/// What Azure's own word tells, where it has one that tells more than the status.
fn by_code(
    code: &str,
    action: Action,
    later: Retry,
    of: &impl Fn(ErrorKind) -> ProviderError,
) -> Option<ProviderError> {
    Some(match code {
        "TooManyRequests" | "SubscriptionRequestsThrottled" => {
            of(ErrorKind::Throttled).retry(later)
        }
        "AuthorizationFailed" | "LinkedAuthorizationFailed" => {
            of(ErrorKind::Permission).remedy(allow(action))
        }
        // The next request takes a new token.
        "ExpiredAuthenticationToken" => of(ErrorKind::Expired)
            .remedy("the token has expired: log in again and run the command again")
            .retry(Retry::Backoff),
        "InvalidAuthenticationTokenTenant" => of(ErrorKind::Credentials).remedy(
            "the subscription belongs to another tenant: `az login --tenant`, or set \
             AZURE_TENANT_ID",
        ),
        "ResourceGroupNotFound" => of(ErrorKind::NotFound)
            .remedy("look at `resource_group` in [azure]; `az group create` makes one"),
        "SubscriptionNotFound" | "InvalidSubscriptionId" => of(ErrorKind::NotFound).remedy(
            "look at `subscription` in [azure], and whose login this is (`az account list`)",
        ),
        "MissingSubscriptionRegistration" | "SubscriptionNotRegistered" => of(ErrorKind::Refused)
            .remedy("run `az provider register --namespace Microsoft.DBforPostgreSQL` once"),
        "RequestDisallowedByPolicy" => of(ErrorKind::Refused)
            .remedy("a policy of the subscription refuses it: ask those who keep the policy"),
        "ScopeLocked" => of(ErrorKind::Refused)
            .remedy("a lock keeps it from being changed: `az lock list` shows which"),
        "ReadOnlyDisabledSubscription" | "ResourceGroupBeingDeleted" => of(ErrorKind::Refused)
            .remedy("look at the state of the subscription and of the resource group"),
        "InvalidResourceLocation" => of(ErrorKind::Refused).remedy(
            "a server of this name is in another region: set `id` or `ids`, or keep its region",
        ),
        code if code.contains("NameNotAvailable") => of(ErrorKind::Refused).remedy(ANOTHER_NAME),
        code if code.contains("AlreadyExist") => of(ErrorKind::AlreadyExists)
            .remedy(ANOTHER_NAME)
            .retry(Retry::Reobserve),
        code if is_busy(code) => of(ErrorKind::Busy).retry(later),
        code if is_about_room(code) => of(ErrorKind::Refused).remedy(
            "ask for a higher quota (the subscription's \"Usage + quotas\"), or take another size \
             or region",
        ),
        _ => return None,
    })
}

fn is_about_room(code: &str) -> bool {
    code.contains("Quota")
        || code.contains("OfferRestricted")
        || matches!(code, "SkuNotAvailable" | "InsufficientCapacity")
}

/// An operation that ended without success.
pub(super) fn ended(what: &str, ended: &Ended) -> ProviderError {
    let Ended {
        code,
        message,
        details,
    } = ended;
    let why = match (code.is_empty(), message.is_empty()) {
        (true, true) => "Azure does not say why".to_owned(),
        (true, false) => message.clone(),
        (false, true) => code.clone(),
        (false, false) => format!("{code}: {message}"),
    };
    let error = |kind| ProviderError::new(kind, format!("{what} ended in failure: {why}"));
    // Nothing goes on any more: what passes is begun again, after a look.
    let told = by_codes(code, details, Action::Write, Retry::Reobserve, &error);
    told.unwrap_or_else(|| {
        error(ErrorKind::Internal).remedy(
            "look at the server's activity log in the Azure portal, then run the command again",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, code: &str) -> Failure {
        Failure::Refused(Refusal {
            status,
            code: code.to_owned(),
            message: "words".to_owned(),
            details: Vec::new(),
            retry_after: None,
            from_azure: true,
        })
    }

    fn retry(status: u16, code: &str, action: Action) -> Retry {
        explain("Servers_CreateOrUpdate of x", action, &answer(status, code)).retry
    }

    #[test]
    fn what_passes_is_repeated_and_what_is_refused_is_not() {
        for code in [
            "",
            "ServerIsBusy",
            "ServerBusy",
            "Conflict",
            "OperationInProgress",
            "ConflictingServerOperation",
        ] {
            assert_eq!(retry(409, code, Action::Write), Retry::Backoff, "{code}");
        }
        assert_eq!(retry(400, "ServerIsBusy", Action::Write), Retry::Backoff);
        assert_eq!(
            retry(500, "InternalServerError", Action::Write),
            Retry::Reobserve
        );
        assert_eq!(
            retry(500, "InternalServerError", Action::Read),
            Retry::Backoff
        );
        for (status, code) in [
            (400, "InvalidParameterValue"),
            (401, "InvalidAuthenticationToken"),
            (403, "AuthorizationFailed"),
            (403, "RequestDisallowedByPolicy"),
            (404, "ResourceGroupNotFound"),
            (404, "SubscriptionNotFound"),
            (409, "MissingSubscriptionRegistration"),
            (409, "ScopeLocked"),
            (409, "SkuNotAvailable"),
            (409, "InvalidResourceLocation"),
            (409, "ServerNameNotAvailable"),
            (409, "SomethingNew"),
            (400, "ServerStateNotReady"),
            (400, "QuotaExceeded"),
            (501, "NotImplemented"),
        ] {
            assert_eq!(retry(status, code, Action::Write), Retry::Never, "{code}");
        }
    }

    #[test]
    fn what_is_there_already_is_looked_at() {
        for code in [
            "ServerNameAlreadyExists",
            "ReadReplicaAlreadyExistWithGivenName",
            "ResourceAlreadyExists",
        ] {
            let error = explain("x", Action::Write, &answer(409, code));
            let told = (error.kind, error.retry);
            assert_eq!(told, (ErrorKind::AlreadyExists, Retry::Reobserve), "{code}");
        }
    }

    #[test]
    fn the_pause_that_azure_asks_for_is_kept() {
        let pause = Duration::from_secs(17);
        let refusal = Refusal {
            status: 429,
            code: "TooManyRequests".to_owned(),
            message: "words".to_owned(),
            details: Vec::new(),
            retry_after: Some(pause),
            from_azure: true,
        };
        let error = explain("Servers_List", Action::Read, &Failure::Refused(refusal));
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::Throttled, Retry::After(pause))
        );
    }

    #[test]
    fn a_missing_permission_is_named() {
        let error = explain("x", Action::Start, &answer(403, "AuthorizationFailed"));
        assert!(
            error.remedy.contains("flexibleServers/start/action"),
            "{}",
            error.remedy
        );
    }

    #[test]
    fn a_web_page_is_no_answer_of_azure_s() {
        let page = |status| {
            let refusal = Refusal {
                status,
                message: format!("HTTP status {status}"),
                ..Refusal::default()
            };
            explain("x", Action::Read, &Failure::Refused(refusal))
        };
        assert_eq!(page(302).kind, ErrorKind::Internal);
        assert_eq!(page(502).retry, Retry::Backoff);
        assert!(page(403).remedy.contains("proxies"), "{:?}", page(403));
    }

    #[test]
    fn a_login_that_is_down_is_no_missing_permission() {
        let told = |passes| {
            let why = "client secret: no answer".to_owned();
            explain("x", Action::Write, &Failure::NoToken { passes, why })
        };
        let (down, refused) = (told(true), told(false));
        assert_eq!(
            (down.kind, down.retry),
            (ErrorKind::Unreachable, Retry::Backoff)
        );
        assert_eq!(
            (refused.kind, refused.retry),
            (ErrorKind::Credentials, Retry::Never)
        );
    }

    #[test]
    fn a_failed_operation_says_what_azure_says() {
        let why = Ended {
            code: "OperationFailed".to_owned(),
            message: "no room".to_owned(),
            details: Vec::new(),
        };
        let error = ended("creating x", &why);
        assert_eq!(
            error.message,
            "creating x ended in failure: OperationFailed: no room"
        );
        assert_eq!(error.retry, Retry::Never);
        let busy = Ended {
            code: "ServerIsBusy".to_owned(),
            message: String::new(),
            details: Vec::new(),
        };
        assert_eq!(ended("x", &busy).retry, Retry::Reobserve);
        let room = Ended {
            code: "QuotaExceeded".to_owned(),
            message: "no cores are left".to_owned(),
            details: Vec::new(),
        };
        let within = Ended {
            code: "OperationFailed".to_owned(),
            details: vec!["Outer".to_owned(), room.code.clone()],
            ..room.clone()
        };
        for why in [room, within] {
            let told = ended("x", &why);
            assert!(told.remedy.contains("quota"), "{told:?}");
        }
        assert!(
            ended("x", &Ended::default())
                .message
                .contains("does not say why")
        );
    }
}
