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

/// A replica of the primary, with a disk of 100 GiB.
fn replica() -> Mutation {
    let resource = ResourceRef {
        id: ResourceId::new("truck-replica-1"),
        ..resource()
    };
    let address: Address = "replica-1".parse().unwrap();
    let mut attributes = Attributes {
        size: Some("db-custom-2-7680".into()),
        ..Attributes::default()
    };
    attributes.storage.gib = Some(100);
    let desired = DesiredInstance {
        address: address.clone(),
        resource: resource.clone(),
        attributes,
        bootstrap: None,
        key: "replicas[0]".into(),
    };
    Mutation {
        owner: Owner { address, ..owner() },
        resource,
        operation: Verb::CreateReplica {
            desired: Box::new(desired),
            source: self::resource(),
        },
        resume: false,
    }
}

fn delete() -> Mutation {
    mutation(Verb::Delete {
        final_snapshot: false,
        source: None,
    })
}

/// Every second request is turned away, whichever it begins with: each change is taken by the fourth.
#[tokio::test]
async fn a_change_that_is_turned_away_is_made_again_without_a_second_look() {
    let database = FieldChange {
        field: Field::Setting("database".into()),
        from: None,
        to: Value::Text("orders".into()),
    };
    let database = mutation(Verb::Modify {
        fields: vec![database],
        in_window: false,
    });
    for change in [team("new"), delete(), database, replica()] {
        for first in [0, 1] {
            let count = Mutex::new(first);
            let google = Google::serving(move |request, _| {
                let mut count = count.lock().unwrap();
                *count += 1;
                match request {
                    _ if *count % 2 == 0 => refusal(429, "rateLimitExceeded"),
                    get if get.starts_with("GET") => (200, live("RUNNABLE", "old")),
                    _ => (200, operation("PENDING", None)),
                }
            })
            .await;
            let provider = google.provider();
            let mut tries = 0;
            while let Err(error) = begun(&provider, &change).await {
                assert_eq!(error.retry, Retry::Backoff, "{error:?}");
                tries += 1;
                assert!(tries < 3, "{:?}", google.asked());
            }
        }
    }
}

#[tokio::test]
async fn a_revision_that_has_moved_is_read_again() {
    let google = Google::serving(|request, before| match (request, before) {
        ("PATCH instances/truck-primary", 0) => refusal(429, "rateLimitExceeded"),
        ("PATCH instances/truck-primary", 1) => refusal(412, "staleData"),
        ("PATCH instances/truck-primary", _) => (200, operation("PENDING", None)),
        _ => (200, live("RUNNABLE", "old")),
    })
    .await;
    let provider = google.provider();
    for looks_first in [false, true] {
        let error = begun(&provider, &team("new")).await.unwrap_err();
        assert_eq!(error.retry.looks_first(), looks_first, "{error:?}");
    }
    begun(&provider, &team("new")).await.unwrap();
    let asked = google.asked();
    let looks = asked.iter().filter(|asked| asked.starts_with("GET"));
    assert_eq!(looks.count(), 2, "{asked:?}");
}

/// A list tells whether what was not answered was taken, and then the call itself does, each in turn:
/// else a service that answers every second request would take none.
#[tokio::test]
async fn what_is_not_clear_is_looked_up_every_other_time() {
    let google = Google::serving(|_, _| refusal(503, "backendError")).await;
    let provider = google.provider();
    for looks_first in [true, false, true, false] {
        let error = begun(&provider, &create()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert_eq!(error.retry.looks_first(), looks_first, "{error:?}");
    }
}

/// What comes of a replica of a source that is not there, and was listed before or not.
async fn orphaned(status: u16, reason: &'static str, listed: bool) {
    let google = Google::serving(move |request, before| match request {
        // Gone as soon as the list has shown it.
        "GET instances" if listed && before == 0 => {
            (200, json!({"items": [live("RUNNABLE", "old")]}))
        }
        "GET instances" => (200, json!({})),
        "POST instances" => refusal(404, "instanceDoesNotExist"),
        _ => refusal(status, reason),
    })
    .await;
    let provider = google.provider();
    if listed {
        provider.list().await.unwrap();
    }
    let error = begun(&provider, &replica()).await.unwrap_err();
    let told = (error.kind, error.retry);
    assert_eq!(told, (ErrorKind::NotFound, Retry::Never), "{error:?}");
    assert!(error.message.contains("truck-primary"), "{error}");
    assert!(error.remedy.contains("pgfleet plan"), "{}", error.remedy);
}

#[tokio::test]
async fn a_source_that_somebody_has_deleted_is_no_reason_to_wait() {
    tokio::join!(
        orphaned(404, "instanceDoesNotExist", false),
        orphaned(404, "instanceDoesNotExist", true),
        orphaned(403, "notAuthorized", false),
        orphaned(403, "notAuthorized", true),
    );
}

#[tokio::test]
async fn a_source_that_is_not_shown_at_once_is_looked_for_again() {
    let google = Google::serving(|request, before| match request {
        "GET instances/truck-primary" if before == 0 => refusal(404, "instanceDoesNotExist"),
        "GET instances/truck-primary" => (200, live("RUNNABLE", "old")),
        _ => (200, operation("PENDING", None)),
    })
    .await;
    begun(&google.provider(), &replica()).await.unwrap();
}

/// Its disk was listed a moment ago.
#[tokio::test]
async fn a_source_that_has_grown_since_it_was_listed_is_looked_at_once() {
    for grown in [true, false] {
        let google = Google::serving(move |request, before| {
            let mut now = live("RUNNABLE", "old");
            now["settings"]["dataDiskSizeGb"] = if grown { "150" } else { "100" }.into();
            match request {
                "GET instances" => {
                    let mut then = live("RUNNABLE", "old");
                    then["settings"]["dataDiskSizeGb"] = "100".into();
                    (200, json!({"items": [then]}))
                }
                "POST instances" if before == 0 => refusal(400, "invalid"),
                "POST instances" => (200, operation("PENDING", None)),
                _ => (200, now),
            }
        })
        .await;
        let provider = google.provider();
        provider.list().await.unwrap();
        let begun = begun(&provider, &replica()).await;
        assert_eq!(begun.is_ok(), grown, "{begun:?}");
        let asked = google.asked();
        let made = asked.iter().filter(|asked| *asked == "POST instances");
        assert_eq!(made.count(), 1 + usize::from(grown), "{asked:?}");
    }
}
