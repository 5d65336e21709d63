//! Errors of Google's in words.

use super::*;

fn answer(method: Method, http: u16, reason: &str, message: &str) -> ProviderError {
    let call = Call {
        method,
        of: "truck-primary",
        project: "food",
    };
    by_status(call, http, reason, message, None)
}

#[test]
fn what_passes_is_waited_out_or_looked_at_again() {
    let busy = answer(Method::Patch, 409, "operationInProgress", "busy");
    assert_eq!((busy.kind, busy.retry), (ErrorKind::Busy, Retry::Backoff));
    let stale = answer(Method::Patch, 412, "staleData", "stale");
    assert_eq!(stale.retry, Retry::Reobserve);
    for (reason, message) in [
        ("instanceAlreadyExists", "there"),
        ("", "The Cloud SQL instance already exists."),
        ("conflict", "The Cloud SQL instance already exists."),
    ] {
        let there = answer(Method::Insert, 409, reason, message);
        assert_eq!(there.kind, ErrorKind::AlreadyExists, "{reason}");
    }
    for (http, reason, message) in [
        (409, "invalidState", "state"),
        (400, "operationInProgress", "busy"),
        (400, "", "Another operation was already in progress."),
    ] {
        let unready = answer(Method::Delete, http, reason, message);
        assert_eq!(unready.kind, ErrorKind::Busy, "{http} {reason}");
    }
    assert_eq!(answer(Method::List, 503, "", "").retry, Retry::Backoff);
    assert_eq!(answer(Method::Insert, 503, "", "").retry, Retry::Reobserve);
}

#[test]
fn a_missing_permission_is_named() {
    for method in Method::ALL {
        let error = answer(method, 403, "notAuthorized", "no");
        assert_eq!(error.kind, ErrorKind::Permission);
        for permission in method.permissions() {
            assert!(error.remedy.contains(permission), "{}", error.remedy);
        }
    }
}

#[test]
fn an_organisation_policy_is_no_stale_revision() {
    let message = "Request violates constraint constraints/gcp.resourceLocations";
    for http in [400, 403, 412] {
        let error = answer(Method::Insert, http, "conditionNotMet", message);
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::Refused, Retry::Never)
        );
        assert!(error.remedy.contains("policy"));
    }
}

#[test]
fn a_quota_is_told_from_a_rate() {
    let minute = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'";
    for (http, reason, message) in [
        (403, "quotaExceeded", minute),
        (403, "", minute),
        (403, "rateLimitExceeded", ""),
        (429, "", ""),
    ] {
        let rate = answer(Method::List, http, reason, message);
        let told = (rate.kind, rate.retry);
        assert_eq!(told, (ErrorKind::Throttled, Retry::Backoff), "{http}");
    }
    let most = "the project has reached the max instance per project limit";
    for (http, reason, message) in [
        (403, "quotaExceeded", "100 instances"),
        (403, "errorMaxInstancePerLabel", most),
        (403, "", most),
        (409, "errorMaxInstancePerLabel", ""),
        (429, "", most),
    ] {
        let quota = answer(Method::Insert, http, reason, message);
        let told = (quota.kind, quota.retry);
        assert_eq!(told, (ErrorKind::Refused, Retry::Never), "{http} {reason}");
        assert!(quota.remedy.contains("quota"), "{}", quota.remedy);
    }
}

#[test]
fn an_api_that_is_off_and_a_wrong_project_have_their_remedies() {
    let unused = "Cloud SQL Admin API has not been used in project 1 before or it is disabled";
    for (reason, message) in [("SERVICE_DISABLED", "off"), ("", unused)] {
        let off = answer(Method::List, 403, reason, message);
        assert!(off.remedy.contains("gcloud services enable"), "{reason}");
    }
    let wrong = answer(Method::List, 404, "", "no project");
    assert!(wrong.remedy.contains("`project` in [gcp]"));
}

#[test]
fn the_page_of_a_proxy_is_not_taken_for_google() {
    let call = Call {
        method: Method::List,
        of: "food",
        project: "food",
    };
    let page = || "<html>planted</html>".into();
    let error = Error::http(403, http::HeaderMap::new(), page());
    let told = explain(call, &error);
    assert_eq!((told.kind, told.retry), (ErrorKind::Internal, Retry::Never));
    assert!(told.remedy.contains("proxies"), "{}", told.remedy);
    assert!(!format!("{told:?}").contains("planted"));
    let gateway = explain(call, &Error::http(502, http::HeaderMap::new(), page()));
    assert_eq!(gateway.retry, Retry::Backoff);
}

#[test]
fn an_answer_may_ask_for_a_pause() {
    let mut headers = http::HeaderMap::new();
    headers.insert("retry-after", http::HeaderValue::from_static("7"));
    let asked = Duration::from_secs(7);
    for (method, http, retry) in [
        (Method::Operation, 429, Retry::After(asked)),
        (Method::Insert, 429, Retry::After(asked)),
        (Method::List, 503, Retry::After(asked)),
        (Method::Insert, 503, Retry::ReobserveAfter(asked)),
    ] {
        let call = Call {
            method,
            of: "op",
            project: "food",
        };
        let told = explain(call, &Error::http(http, headers.clone(), "".into()));
        assert_eq!(told.retry, retry, "{method:?} {http}");
    }
}

#[test]
fn what_only_people_can_mend_has_its_own_remedy() {
    for (http, reason, message, remedy) in [
        (
            403,
            "SECURITY_POLICY_VIOLATED",
            "no",
            "VPC Service Controls",
        ),
        (
            403,
            "",
            "Request is prohibited by organization's policy. \
             vpcServiceControlsUniqueIdentifier: AbCd",
            "VPC Service Controls",
        ),
        (403, "BILLING_DISABLED", "no", "billing account"),
        (
            403,
            "",
            "This API method requires billing to be enabled.",
            "billing account",
        ),
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "no", "scope"),
        (403, "USER_PROJECT_DENIED", "no", "serviceUsageConsumer"),
        (
            403,
            "SERVICE_DISABLED",
            "The sqladmin.googleapis.com API requires a quota project.",
            "set-quota-project",
        ),
        (
            429,
            "RATE_LIMIT_EXCEEDED",
            "Quota exceeded for quota metric 'Instances' and limit 'Instances per project' of \
             service 'sqladmin.googleapis.com'.",
            "higher quota",
        ),
    ] {
        let error = answer(Method::List, http, reason, message);
        assert_eq!(error.retry, Retry::Never, "{reason} {message}");
        assert!(error.remedy.contains(remedy), "{reason}: {}", error.remedy);
    }
}

#[test]
fn an_operation_s_end_has_the_same_remedies_as_an_answer() {
    let ended = |code: &str, message: &str| {
        let error = OperationError::new().set_code(code).set_message(message);
        ended("it", "food", &[error])
    };
    let policy = ended(
        "INVALID_REQUEST",
        "Organization Policy check failure: constraints/sql.restrictPublicIp",
    );
    assert!(policy.remedy.contains("policy"), "{}", policy.remedy);
    let quota = ended("QUOTA_EXCEEDED", "Quota exceeded for quota metric 'CPUs'");
    assert!(quota.remedy.contains("higher quota"), "{}", quota.remedy);
    assert_eq!(ended("INTERNAL_ERROR", "boom").kind, ErrorKind::Internal);
}

/// Google's client gives the same error again for ten seconds.
#[test]
fn a_token_that_does_not_come_is_waited_for() {
    let body = "{\"error\":\"temporarily_unavailable\",\"error_description\":\"planted\"}";
    let login = |passes| {
        let said = format!("failed to fetch, body=<{body}>");
        let status = std::io::Error::other("HTTP status 503");
        let error = CredentialsError::new(passes, said, status);
        let call = Call {
            method: Method::List,
            of: "food",
            project: "food",
        };
        explain(call, &Error::authentication(error))
    };
    let later = login(true);
    assert!(later.retry.asked_pause() > Some(Duration::from_secs(10)));
    assert!(later.message.contains("503"), "{}", later.message);
    let never = login(false);
    assert_eq!(never.kind, ErrorKind::Credentials);
    for error in [later, never] {
        assert!(error.message.contains("temporarily_unavailable"));
        assert!(!error.message.contains("planted"), "{}", error.message);
    }
}

#[test]
fn what_is_only_read_is_asked_again_as_long_as_google_says_later() {
    for method in [Method::List, Method::Get, Method::Operation] {
        let error = answer(method, 503, "backendError", "later");
        let told = (error.kind, error.retry);
        assert_eq!(told, (ErrorKind::Throttled, Retry::Backoff));
    }
    let error = answer(Method::Insert, 503, "backendError", "later");
    let told = (error.kind, error.retry);
    assert_eq!(told, (ErrorKind::Unreachable, Retry::Reobserve));
}

#[test]
fn what_keeps_an_instance_from_being_deleted_is_known_for_some_seconds_more() {
    for (reason, message) in [
        ("errorProtectedInstanceDeletionFailure", "no"),
        ("errorReplicationMasterInvalidOperation", "no"),
        (
            "invalid",
            "The requested operation is not valid for a replication master instance.",
        ),
        (
            "",
            "The instance is protected. Please disable the deletion protection and try again.",
        ),
    ] {
        for method in [Method::Delete, Method::DeleteBackedUp] {
            let error = answer(method, 400, reason, message);
            let told = (error.kind, error.retry);
            assert_eq!(told, (ErrorKind::Conflict, Retry::Backoff), "{message}");
            assert!(error.remedy.contains("run the command again"), "{message}");
        }
        let patch = answer(Method::Patch, 400, reason, message);
        assert_eq!(patch.kind, ErrorKind::Refused, "{message}");
    }
    let other = answer(Method::Delete, 400, "invalid", "no");
    assert_eq!(other.retry, Retry::Never);
    assert!(!other.remedy.contains("plan file"), "{}", other.remedy);
}
