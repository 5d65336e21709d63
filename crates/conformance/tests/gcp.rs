//! The suite on the Cloud SQL provider, against a small stub of the API on loopback: it keeps the
//! rules that the provider leans on (one operation for each primary, `settingsVersion`, names).

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use pgfleet_conformance::suite::{self, Hook, Subject, Words};
use pgfleet_model::{ProviderKind, ResourceRef};
use pgfleet_provider::Provider;
use pgfleet_providers::gcp::{Endpoint, GcpProvider};
use serde_json::{Value, json};

/// How long the stub works on an operation.
const WORK: Duration = Duration::from_millis(120);

#[derive(Default)]
struct State {
    instances: BTreeMap<String, Value>,
    /// By name: the instance, the lane, its end, and whether it deletes.
    operations: BTreeMap<String, (String, String, Instant, bool)>,
    lose: bool,
    struck: BTreeSet<String>,
    /// Bodies that were sent to make or alter something.
    bodies: Vec<Value>,
}

type Answer = (u16, Value);

fn error(code: u16, reason: &str) -> Answer {
    let item = json!({"message": reason, "domain": "global", "reason": reason});
    let body = json!({"error": {"code": code, "message": reason, "errors": [item]}});
    (code, body)
}

impl State {
    fn settle(&mut self) {
        let now = Instant::now();
        for (name, _, end, deletes) in self.operations.values() {
            if *end > now {
                continue;
            }
            if *deletes {
                self.instances.remove(name);
            } else if let Some(live) = self.instances.get_mut(name) {
                if live["state"] == "PENDING_CREATE" {
                    live["state"] = json!("RUNNABLE");
                    live["ipAddresses"] = {
                        let number = name
                            .bytes()
                            .fold(7_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
                        let address = format!("192.0.2.{number}");
                        json!([{"type": "PRIMARY", "ipAddress": address}])
                    };
                }
            }
        }
        // What has ended is not settled again: a name may be taken anew.
        for (name, _, end, _) in self.operations.values_mut() {
            if *end <= now {
                name.clear();
            }
        }
    }

    fn begin(&mut self, name: &str, lane: &str, deletes: bool) -> Answer {
        let operation = format!("op-{}", self.operations.len());
        let end = Instant::now() + WORK;
        let entry = (name.to_owned(), lane.to_owned(), end, deletes);
        self.operations.insert(operation.clone(), entry);
        (
            200,
            json!({"name": operation, "status": "PENDING", "targetId": name}),
        )
    }

    fn lane(&self, name: &str) -> String {
        let master = &self.instances[name]["masterInstanceName"];
        let master = master.as_str().and_then(|master| master.rsplit(':').next());
        master.unwrap_or(name).to_owned()
    }

    fn is_busy(&self, lane: &str) -> bool {
        let now = Instant::now();
        let mut operations = self.operations.values();
        operations.any(|(_, other, end, _)| other == lane && *end > now)
    }

    fn answer(&mut self, method: &str, path: &str, body: Value) -> Answer {
        self.settle();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, &parts[..]) {
            ("GET", ["v1", "projects", "food", "operations", name]) => {
                let Some((target, _, end, _)) = self.operations.get(*name) else {
                    return error(404, "operationDoesNotExist");
                };
                let done = *end <= Instant::now();
                let status = if done { "DONE" } else { "RUNNING" };
                (
                    200,
                    json!({"name": name, "status": status, "targetId": target}),
                )
            }
            ("GET", ["v1", "projects", "food", "instances"]) => {
                let items: Vec<&Value> = self.instances.values().collect();
                (200, json!({"items": items}))
            }
            ("POST", ["v1", "projects", "food", "instances"]) => self.insert(body),
            (_, ["v1", "projects", "food", "instances", name]) => {
                if !self.instances.contains_key(*name) {
                    return error(404, "instanceDoesNotExist");
                }
                let lane = self.lane(name);
                match method {
                    "GET" => (200, self.instances[*name].clone()),
                    _ if self.is_busy(&lane) => error(409, "operationInProgress"),
                    "PATCH" => self.patch(name, &lane, &body),
                    _ => self.delete(name, &lane),
                }
            }
            _ => error(404, "notFound"),
        }
    }

    fn insert(&mut self, mut body: Value) -> Answer {
        self.bodies.push(body.clone());
        let name = body["name"].as_str().unwrap().to_owned();
        if self.instances.contains_key(&name) {
            return error(409, "instanceAlreadyExists");
        }
        let master = body["masterInstanceName"].as_str().map(ToOwned::to_owned);
        if let Some(master) = &master {
            let Some(primary) = self.instances.get(master) else {
                return error(400, "invalid");
            };
            let backup = &primary["settings"]["backupConfiguration"];
            if backup["pointInTimeRecoveryEnabled"] != true {
                return error(400, "invalidRequest");
            }
            body["masterInstanceName"] = json!(format!("food:{master}"));
        }
        let lane = master.unwrap_or_else(|| name.clone());
        if self.is_busy(&lane) {
            return error(409, "operationInProgress");
        }
        body["state"] = json!("PENDING_CREATE");
        body["settings"]["settingsVersion"] = json!("1");
        body.as_object_mut().unwrap().remove("rootPassword");
        self.instances.insert(name.clone(), body);
        self.begin(&name, &lane, false)
    }

    fn patch(&mut self, name: &str, lane: &str, body: &Value) -> Answer {
        self.bodies.push(body.clone());
        let live = self.instances.get_mut(name).unwrap();
        let settings = &mut live["settings"];
        if settings["settingsVersion"] != body["settings"]["settingsVersion"] {
            return error(412, "staleData");
        }
        for (key, value) in body["settings"].as_object().unwrap() {
            settings[key] = value.clone();
        }
        let version: u64 = settings["settingsVersion"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        settings["settingsVersion"] = json!((version + 1).to_string());
        self.begin(name, lane, false)
    }

    fn delete(&mut self, name: &str, lane: &str) -> Answer {
        let full = format!("food:{name}");
        let mut instances = self.instances.values();
        if instances.any(|live| live["masterInstanceName"] == full.as_str()) {
            return error(400, "invalid");
        }
        let live = self.instances.get_mut(name).unwrap();
        if live["settings"]["deletionProtectionEnabled"] == true {
            return error(400, "invalid");
        }
        live["state"] = json!("PENDING_DELETE");
        self.begin(name, lane, true)
    }
}

/// Serves one connection until it ends.
fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            assert!(
                !line.starts_with("authorization"),
                "credentials on plain http"
            );
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let mut words = first.split(' ');
        let (method, path) = (words.next()?, words.next()?.split('?').next()?);
        let (status, answer) = {
            let mut state = state.lock().unwrap();
            let key = format!("{method} {path} {}", body["name"]);
            let (status, answer) = state.answer(method, path, body);
            if state.lose && method != "GET" && status == 200 && state.struck.insert(key) {
                return None;
            }
            (status, answer.to_string())
        };
        let length = answer.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all((head + &answer).as_bytes()).ok()?;
    }
}

struct Gcp {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Gcp {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { url, state }
    }

    fn alter(
        &self,
        resource: &ResourceRef,
        change: impl FnOnce(&mut Value),
    ) -> Result<Hook, String> {
        let mut state = self.state.lock().unwrap();
        let live = state.instances.get_mut(resource.id.as_str());
        change(live.ok_or("it is not there")?);
        Ok(Hook::Done)
    }
}

#[async_trait]
impl Subject for Gcp {
    fn name(&self) -> &'static str {
        "Cloud SQL on a stub"
    }

    fn words(&self) -> Words {
        Words {
            provider: ProviderKind::Gcp,
            region: Some("us-east1".to_owned()),
            other_region: "europe-west1".to_owned(),
            sizes: [
                "db-custom-2-7680".to_owned(),
                "db-custom-4-15360".to_owned(),
            ],
            gib: Some(20),
            tables: "[gcp]\nproject = 'food'\n".to_owned(),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn clear(&self) -> Result<(), String> {
        let mut state = self.state.lock().unwrap();
        let bodies = std::mem::take(&mut state.bodies);
        *state = State {
            bodies,
            ..State::default()
        };
        Ok(())
    }

    fn provider(&self) -> Arc<dyn Provider> {
        let endpoint = Endpoint::parse(&self.url, "").unwrap();
        Arc::new(GcpProvider::new("food", endpoint))
    }

    async fn remove(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let mut state = self.state.lock().unwrap();
        state.instances.remove(resource.id.as_str());
        Ok(Hook::Done)
    }

    async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
        self.alter(resource, |live| {
            live["settings"]["activationPolicy"] = json!("NEVER");
        })
    }

    async fn damage(&self, resource: &ResourceRef) -> Result<Hook, String> {
        self.alter(resource, |live| live["state"] = json!("FAILED"))
    }

    async fn occupy(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let (name, region) = (resource.id.as_str(), resource.region.as_str());
        let live = json!({"name": name, "region": region, "state": "RUNNABLE",
            "databaseVersion": "MYSQL_8_0", "settings": {"settingsVersion": "7"}});
        let mut state = self.state.lock().unwrap();
        state.instances.insert(name.to_owned(), live);
        Ok(Hook::Done)
    }

    async fn is_untouched(&self, resource: &ResourceRef) -> bool {
        let state = self.state.lock().unwrap();
        let live = state.instances.get(resource.id.as_str());
        live.is_some_and(|live| live["settings"]["settingsVersion"] == "7")
    }

    async fn lose_answers(&self) -> Result<Hook, String> {
        self.state.lock().unwrap().lose = true;
        Ok(Hook::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn like_every_provider() {
    let gcp = Gcp::new();
    let report = suite::run(&gcp).await;
    assert!(report.is_passed(), "{report}");
    assert_eq!(report.not_run(), Vec::<&str>::new(), "{report}");
    assert_eq!(report.not_supported(), ["wait for the window"], "{report}");
    let state = gcp.state.lock().unwrap();
    for body in &state.bodies {
        let settings = &body["settings"];
        if body["name"].is_string() {
            assert_eq!(settings["edition"], 2, "the edition is sent: {body}");
            assert_eq!(settings["userLabels"]["managed-by"], "pgfleet");
        } else {
            assert!(settings["settingsVersion"].is_string(), "{body}");
        }
        for of_google in ["state", "kind", "etag", "selfLink", "ipAddresses"] {
            assert!(body.get(of_google).is_none(), "{of_google} was sent");
        }
    }
}
