//! What is made of Google's answers, asked from a server of the test's own.

use std::sync::{Arc, Mutex};

use pgfleet_model::{
    Address, Attributes, Bootstrap, DesiredInstance, Field, FieldChange, Region, ResourceId, Value,
};
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

const PLANTED: &str = "planted-4711";

type Answers = dyn Fn(&str, usize) -> (u16, Json) + Send + Sync;

/// A server that answers a request (`GET operations/op`) by itself and how often it came before.
struct Google {
    endpoint: Endpoint,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Google {
    async fn serving(answers: impl Fn(&str, usize) -> (u16, Json) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers): (_, Arc<Answers>) = (Arc::clone(&asked), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&seen), Arc::clone(&answers)));
            }
        });
        let endpoint = Endpoint::parse(&url, &[]).unwrap();
        Self { endpoint, asked }
    }

    fn provider(&self) -> GcpProvider {
        GcpProvider::new("food", self.endpoint.clone())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads one request, answers it and closes.
async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>, answers: Arc<Answers>) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    let is_whole = |text: &str| {
        text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head.split_once("content-length: ");
            let length = length.and_then(|(_, rest)| rest.lines().next()?.trim().parse().ok());
            body.len() >= length.unwrap_or(0)
        })
    };
    while !is_whole(&text) {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    let line = text.lines().next().unwrap_or_default();
    let mut words = line.split([' ', '?']);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let path = path.rsplit_once("/food/").map_or(path, |(_, path)| path);
    let request = format!("{method} {path}");
    let before = {
        let mut seen = seen.lock().unwrap();
        let before = seen.iter().filter(|other| **other == request).count();
        seen.push(request.clone());
        before
    };
    let (status, body) = answers(&request, before);
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

fn resource() -> ResourceRef {
    ResourceRef {
        region: Region::new("us-east1"),
        id: ResourceId::new("truck-primary"),
    }
}

fn owner() -> Owner {
    Owner {
        fleet: "truck".parse().unwrap(),
        address: Address::Primary,
    }
}

fn mutation(operation: Verb) -> Mutation {
    Mutation {
        owner: owner(),
        resource: resource(),
        operation,
        resume: false,
    }
}

/// The fleet's primary in a listing.
fn live(state: &str, team: &str) -> Json {
    json!({
        "name": "truck-primary",
        "region": "us-east1",
        "state": state,
        "databaseVersion": "POSTGRES_16",
        "settings": {
            "tier": "db-custom-2-7680",
            "settingsVersion": "3",
            "userLabels": {
                "managed-by": "pgfleet",
                "pgfleet-fleet": "truck",
                "pgfleet-address": "primary",
                "team": team,
            },
        },
    })
}

fn operation(status: &str, error: Option<Json>) -> Json {
    let mut operation = json!({"name": "op", "status": status, "targetId": "truck-primary"});
    if let Some(error) = error {
        operation["error"] = error;
    }
    operation
}

fn refusal(status: u16, reason: &str) -> (u16, Json) {
    let errors = json!([{"reason": reason, "message": "no", "domain": "global"}]);
    let error = json!({"code": status, "message": "no", "errors": errors});
    (status, json!({"error": error}))
}

/// The primary with a password.
fn create() -> Mutation {
    let desired = DesiredInstance {
        address: Address::Primary,
        resource: resource(),
        attributes: Attributes {
            size: Some("db-custom-2-7680".into()),
            ..Attributes::default()
        },
        bootstrap: Some(Bootstrap {
            admin: "postgres".into(),
            database: "postgres".into(),
            password: Some(pgfleet_model::PasswordSource::Command(vec![
                "echo".into(),
                PLANTED.into(),
            ])),
        }),
        key: "primary".into(),
    };
    let desired = Box::new(desired);
    mutation(Verb::CreatePrimary { desired })
}

fn team(to: &str) -> Mutation {
    let to = Value::Map([("team".to_owned(), to.to_owned())].into());
    let fields = vec![FieldChange {
        field: Field::Tags,
        from: None,
        to,
    }];
    mutation(Verb::Modify {
        fields,
        in_window: false,
    })
}

async fn begun(provider: &GcpProvider, mutation: &Mutation) -> Result<Operation, ProviderError> {
    provider.begin(mutation, None, &Secrets).await
}

async fn polled(provider: &GcpProvider, operation: &Operation) -> Result<Progress, ProviderError> {
    let operations = std::slice::from_ref(operation);
    provider.poll(operations).await.remove(0)
}

#[tokio::test]
async fn a_password_that_google_repeats_in_an_operation_s_end_is_told_nowhere() {
    for at_once in [true, false] {
        let google = Google::serving(move |request, _| {
            let said = format!("the password {PLANTED} is too weak");
            let errors = json!([{"code": "INVALID", "message": said}]);
            let failed = operation("DONE", Some(json!({"errors": errors})));
            let taken = operation("PENDING", None);
            match request {
                "POST instances" if !at_once => (200, taken),
                _ => (200, failed),
            }
        })
        .await;
        let provider = google.provider();
        let error = match begun(&provider, &create()).await {
            Ok(operation) => polled(&provider, &operation).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.message.contains("is too weak"), "{error}");
        assert!(!format!("{error:?}").contains(PLANTED), "{error:?}");
    }
}

#[tokio::test]
async fn a_list_that_lags_behind_is_looked_at_again() {
    let google = Google::serving(|request, before| match request {
        "GET instances" => {
            let team = if before < 2 { "old" } else { "new" };
            (200, json!({"items": [live("RUNNABLE", team)]}))
        }
        "PATCH instances/truck-primary" => (200, operation("PENDING", None)),
        "GET operations/op" => (200, operation("DONE", None)),
        _ => (200, live("RUNNABLE", "old")),
    })
    .await;
    let provider = google.provider();
    let operation = begun(&provider, &team("new")).await.unwrap();
    let progress = polled(&provider, &operation).await.unwrap();
    assert_eq!(progress, Progress::Done);
    let scope = Scope {
        regions: [Region::new("us-east1")].into(),
        fleets: [owner().fleet].into(),
    };
    let seen = provider.observe(&scope).await.unwrap();
    let team = &seen.get(&resource()).unwrap().attributes.tags["team"];
    assert_eq!(team, "new", "{:?}", google.asked());
}

#[tokio::test]
async fn an_operation_that_is_not_shown_leaves_it_to_the_instance() {
    for (status, reason) in [(403, "notAuthorized"), (404, "operationDoesNotExist")] {
        let google = Google::serving(move |request, _| match request {
            "PATCH instances/truck-primary" => (200, operation("PENDING", None)),
            "GET operations/op" => refusal(status, reason),
            _ => (200, live("RUNNABLE", "old")),
        })
        .await;
        let provider = google.provider();
        let operation = begun(&provider, &team("new")).await.unwrap();
        let error = polled(&provider, &operation).await.unwrap_err();
        assert!(error.retry.looks_first(), "{status}: {error:?}");
        // Labels that are as they are to be are as good.
        let claimed = provider.claim(&resource(), Some(&owner())).await;
        assert!(claimed.is_ok(), "{status}: {claimed:?}");
    }
}

#[tokio::test]
async fn an_end_with_an_error_of_which_nothing_is_said_is_looked_into() {
    let google = Google::serving(|request, _| {
        let nothing = json!({"kind": "sql#operationErrors"});
        match request {
            "PATCH instances/truck-primary" => (200, operation("PENDING", None)),
            "GET operations/op" => (200, operation("DONE", Some(nothing))),
            _ => (200, live("RUNNABLE", "old")),
        }
    })
    .await;
    let provider = google.provider();
    let operation = begun(&provider, &team("new")).await.unwrap();
    let error = polled(&provider, &operation).await.unwrap_err();
    assert!(error.retry.looks_first(), "{error:?}");
}

#[tokio::test]
async fn what_is_in_no_state_that_is_known_is_left_as_it_is() {
    for (state, kind, retry) in [
        ("NEW_WORD", ErrorKind::Busy, Retry::Backoff),
        ("SUSPENDED", ErrorKind::Refused, Retry::Never),
    ] {
        let google = Google::serving(move |_, _| (200, live(state, "old"))).await;
        let error = begun(&google.provider(), &team("new")).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (kind, retry), "{state}");
        assert!(error.message.contains(state), "{error}");
        assert!(!error.remedy.is_empty());
        assert_eq!(google.asked(), ["GET instances/truck-primary"], "{state}");
    }
}

#[tokio::test]
async fn a_name_that_google_keeps_has_its_remedy() {
    let google = Google::serving(|request, _| match request {
        "POST instances" => refusal(409, "instanceAlreadyExists"),
        _ => refusal(404, "instanceDoesNotExist"),
    })
    .await;
    let error = begun(&google.provider(), &create()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    assert!(error.remedy.contains("up to a week"), "{}", error.remedy);
}
