//! Long operations: where they are asked after, and what the answers mean.
//!
//! Azure names an operation by an address, long and signed. It is used as it came, and only where
//! it leads to the endpoint itself or to Azure's own hosts: a token goes along.

use std::time::Duration;

use pgfleet_provider::OperationName;
use reqwest::{Url, header::HeaderMap};
use serde_json::Value;

use super::failure::{Failure, Refusal, error_of, is_busy};
use crate::shared::guard::is_loopback;

/// The public cloud's host; its regions have names below it.
const AZURE: &str = "management.azure.com";

/// What became of a request that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::azure) struct Taken {
    /// The operation, where it goes on and has an address.
    pub(in crate::azure) operation: Option<OperationName>,
    /// Whether the answer itself says that nothing is left to be done.
    pub(in crate::azure) done: bool,
    pub(in crate::azure) retry_after: Option<Duration>,
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::azure) enum State {
    Running {
        retry_after: Option<Duration>,
    },
    Succeeded,
    Failed(Ended),
    /// It may have failed, for this reason. An answer of this kind comes as well where the operation
    /// cannot be asked after just now: the server itself has to tell.
    Doubtful(Refusal),
    /// The answer does not tell: the server itself has to.
    Unknown,
}

/// Why an operation failed, in the service's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::azure) struct Ended {
    pub(in crate::azure) code: String,
    pub(in crate::azure) message: String,
    /// The words of its details, the outermost first.
    pub(in crate::azure) details: Vec<String>,
}

/// The address of an operation, and what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: Url,
    /// `Azure-AsyncOperation` answers with a status; `Location` with 202 until it is done.
    pub(super) tells_status: bool,
}

impl Address {
    /// `Azure-AsyncOperation`, else `Location`.
    pub(super) fn of(headers: &HeaderMap, endpoint: &Url) -> Option<Self> {
        let find = |name: &str, tells_status| {
            let text = headers.get(name)?.to_str().ok()?;
            let url = endpoint.join(text.trim()).ok()?;
            may_be_asked(endpoint, &url).then_some(Self { url, tells_status })
        };
        find("azure-asyncoperation", true).or_else(|| find("location", false))
    }

    pub(super) fn name(&self) -> OperationName {
        let kind = if self.tells_status {
            "status"
        } else {
            "result"
        };
        OperationName(format!("{kind} {}", self.url))
    }

    pub(super) fn parse(name: &OperationName) -> Option<Self> {
        let (kind, url) = name.0.split_once(' ')?;
        Some(Self {
            url: url.parse().ok()?,
            tells_status: kind == "status",
        })
    }
}

/// Whether an address that came in an answer belongs to whom was asked.
pub(super) fn may_be_asked(endpoint: &Url, url: &Url) -> bool {
    if url.origin() == endpoint.origin() {
        return true;
    }
    let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
    let (asked, named) = (host(endpoint), host(url));
    let same_machine = is_loopback(&asked)
        && is_loopback(&named)
        && endpoint.scheme() == url.scheme()
        && endpoint.port_or_known_default() == url.port_or_known_default();
    let azure = |host: &str| host == AZURE || host.ends_with(&format!(".{AZURE}"));
    same_machine || (azure(&asked) && azure(&named) && url.scheme() == "https")
}

/// What an answer at an operation's address means.
pub(super) fn state(
    tells_status: bool,
    status: u16,
    body: Option<&Value>,
    retry_after: Option<Duration>,
) -> State {
    let running = State::Running { retry_after };
    let word = body.and_then(|body| body.get("status")?.as_str());
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("succeeded") => State::Succeeded,
        Some("failed" | "canceled" | "cancelled") => {
            let told = body
                .filter(|body| body.get("error").is_some())
                .and_then(error_of)
                .unwrap_or_default();
            State::Failed(Ended {
                code: told.code,
                message: told.message,
                details: told.details,
            })
        }
        _ if status == 202 => running,
        // What else bears a word of this name is what was made, and not how far it is.
        Some("inprogress") => running,
        _ if !tells_status => State::Succeeded,
        Some(_) => running,
        None if status == 204 => State::Succeeded,
        None => State::Unknown,
    }
}

/// What an answer at an operation's address means that says no. At the address of its result an
/// error of Azure's may be how the operation ended, but for those that are about the question itself.
pub(super) fn refused(tells_status: bool, refusal: Refusal) -> Result<State, Failure> {
    let Refusal {
        status,
        code,
        details,
        from_azure,
        ..
    } = &refusal;
    match status {
        // Azure forgets operations, and not everybody may ask after them.
        403 | 404 | 410 => Ok(State::Unknown),
        // Between the two, somebody else's gateway may be the one that answers.
        401 | 408 | 429 | 502..=504 => Err(Failure::Refused(refusal)),
        // Either the operation ended so, or it cannot be asked after just now.
        _ if is_busy(code) || details.iter().any(|code| is_busy(code)) => Ok(State::Unknown),
        _ if *from_azure && (*status == 400 || !tells_status) => Ok(State::Doubtful(refusal)),
        _ => Err(Failure::Refused(refusal)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_leads_to_whom_was_asked_or_to_nobody() {
        let azure = url("https://management.azure.com/?api-version=1");
        for fine in [
            "https://management.azure.com/x?t=1&c=2",
            "https://eastus2.management.azure.com/x",
        ] {
            assert!(may_be_asked(&azure, &url(fine)), "{fine}");
        }
        for foreign in [
            "http://management.azure.com/x",
            "https://management.azure.com.example.com/x",
            "https://notmanagement.azure.com/x",
            "http://127.0.0.1/x",
        ] {
            assert!(!may_be_asked(&azure, &url(foreign)), "{foreign}");
        }
        let here = url("http://127.0.0.1:8080");
        assert!(may_be_asked(&here, &url("http://localhost:8080/x")));
        assert!(!may_be_asked(&here, &url("http://localhost:8081/x")));
        assert!(!may_be_asked(&here, &url("https://management.azure.com/x")));
    }

    #[test]
    fn the_address_of_the_status_goes_before_that_of_the_result() {
        let here = url("http://127.0.0.1:8080");
        let mut headers = HeaderMap::new();
        headers.insert(
            "location",
            "http://127.0.0.1:8080/r?s=a%2Fb".parse().unwrap(),
        );
        let result = Address::of(&headers, &here).unwrap();
        assert!(!result.tells_status);
        let status = "http://127.0.0.1:8080/s?c=a%2Fb&t=1";
        headers.insert("azure-asyncoperation", status.parse().unwrap());
        let address = Address::of(&headers, &here).unwrap();
        assert!(address.tells_status);
        assert_eq!(address.url.as_str(), status, "it is used as it came");
        assert_eq!(Address::parse(&address.name()), Some(address));
    }

    #[test]
    fn a_status_is_read_whatever_is_missing() {
        let ask = |status, body: Value| state(true, status, Some(&body), None);
        let running = State::Running { retry_after: None };
        assert_eq!(ask(200, json!({"status": "InProgress"})), running);
        assert_eq!(ask(200, json!({"status": "SomethingNew"})), running);
        assert_eq!(ask(202, json!({})), running);
        assert_eq!(ask(200, json!({"status": "Succeeded"})), State::Succeeded);
        assert_eq!(ask(200, json!({})), State::Unknown);
        assert_eq!(
            ask(200, json!({"status": "Failed"})),
            State::Failed(Ended::default())
        );
        let failed = json!({"status": "Failed", "error": {"code": "X", "message": "No room."}});
        assert_eq!(
            ask(200, failed),
            State::Failed(Ended {
                code: "X".to_owned(),
                message: "No room".to_owned(),
                details: Vec::new(),
            })
        );
        let State::Failed(ended) = ask(200, json!({"status": "Failed", "error": "No room."}))
        else {
            panic!("it is no failure");
        };
        assert_eq!(ended.message, "No room");
        assert_eq!(state(false, 202, None, None), running);
        assert_eq!(state(false, 204, None, None), State::Succeeded);
    }

    #[test]
    fn a_result_that_bears_a_status_is_no_success_by_its_code_alone() {
        let ask = |body: Value| state(false, 200, Some(&body), None);
        let failed = json!({"status": "Failed", "error": {"code": "X", "message": "No room."}});
        let State::Failed(ended) = ask(failed) else {
            panic!("it is no failure");
        };
        assert_eq!((&*ended.code, &*ended.message), ("X", "No room"));
        let running = State::Running { retry_after: None };
        assert_eq!(ask(json!({"status": "InProgress"})), running);
        for made in [json!({"name": "x"}), json!({"status": "Online"})] {
            assert_eq!(ask(made), State::Succeeded);
        }
    }

    #[test]
    fn an_error_at_the_address_of_the_result_may_be_how_an_operation_ended() {
        let refusal = |status, code: &str, from_azure| Refusal {
            status,
            code: code.to_owned(),
            message: "words".to_owned(),
            details: Vec::new(),
            retry_after: None,
            from_azure,
        };
        for status in [400, 409, 422, 500] {
            let told = refused(false, refusal(status, "NoRoom", true));
            let Ok(State::Doubtful(refusal)) = told else {
                panic!("{status}: {told:?}");
            };
            assert_eq!(refusal.code, "NoRoom");
        }
        for (status, code) in [(401, "X"), (408, "X"), (429, "X"), (503, "X")] {
            let told = refused(false, refusal(status, code, true));
            assert!(told.is_err(), "{status}: {told:?}");
        }
        for (status, code) in [(403, "X"), (404, "X"), (410, "X"), (409, "ServerIsBusy")] {
            let told = refused(false, refusal(status, code, true));
            assert_eq!(told.unwrap(), State::Unknown, "{status}");
        }
        // A gateway's page, and a status that cannot be had just now.
        assert!(refused(false, refusal(500, "", false)).is_err());
        assert!(refused(true, refusal(500, "InternalServerError", true)).is_err());
        let told = refused(true, refusal(403, "AuthorizationFailed", true));
        assert_eq!(told.unwrap(), State::Unknown);
    }
}
