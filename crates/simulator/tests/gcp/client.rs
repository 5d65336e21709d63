//! A client of the Admin API that knows nothing but JSON, and a simulator to use it on.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::http::{Reply, exchange};
use pgfleet_simulator::{Builder, Clock, GcpOptions, Simulator};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;

pub(crate) const PROJECT: &str = "lab-1";
pub(crate) const HERE: &str = "europe-west1";
pub(crate) const THERE: &str = "us-central1";

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What is at a JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, reason: &str) -> &Self {
        let given = self.text("/error/errors/0/reason");
        assert_eq!(
            (self.status, given.as_str()),
            (status, reason),
            "{}",
            self.body
        );
        assert_eq!(self.at("/error/code"), status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn saying(&self, words: &str) -> &Self {
        assert!(self.text("/error/message").contains(words), "{}", self.body);
        self
    }
}

/// A running simulator and a client of it.
pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
}

impl Lab {
    pub(crate) async fn at_once() -> Self {
        Self::with(GcpOptions::default(), Clock::AtOnce).await
    }

    pub(crate) async fn manual() -> Self {
        Self::with(GcpOptions::default(), Clock::Manual).await
    }

    pub(crate) async fn with(options: GcpOptions, clock: Clock) -> Self {
        Self::start(Simulator::builder().gcp(options).clock(clock)).await
    }

    pub(crate) async fn start(builder: Builder) -> Self {
        Self {
            simulator: builder.start().await.unwrap(),
        }
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Reply> {
        let mut stream = TcpStream::connect(self.simulator.address()).await?;
        let headers = format!("Content-Type: application/json\r\n{headers}");
        exchange(&mut stream, method, target, &headers, body.as_bytes()).await
    }

    /// Calls a method, its path below the project; a body that is null is none.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let target = format!("/v1/projects/{PROJECT}/{path}");
        self.send(method, &target, "", &body).await.unwrap()
    }

    pub(crate) async fn insert(&self, body: &Value) -> Reply {
        self.call("POST", "instances", body).await
    }

    pub(crate) async fn get(&self, name: &str) -> Reply {
        self.call("GET", &format!("instances/{name}"), &Value::Null)
            .await
    }

    pub(crate) async fn list(&self, query: &str) -> Reply {
        self.call("GET", &format!("instances?{query}"), &Value::Null)
            .await
    }

    pub(crate) async fn patch(&self, name: &str, body: &Value) -> Reply {
        self.call("PATCH", &format!("instances/{name}"), body).await
    }

    /// Patches settings alone.
    pub(crate) async fn set(&self, name: &str, settings: Value) -> Reply {
        self.patch(name, &json!({"settings": settings})).await
    }

    pub(crate) async fn delete(&self, name: &str) -> Reply {
        self.call("DELETE", &format!("instances/{name}"), &Value::Null)
            .await
    }

    /// Does something to an instance as a whole, such as `restart`.
    pub(crate) async fn act(&self, name: &str, verb: &str) -> Reply {
        self.call("POST", &format!("instances/{name}/{verb}"), &Value::Null)
            .await
    }

    /// The operation that an answer tells of, as it is now.
    pub(crate) async fn operation(&self, begun: &Reply) -> Reply {
        let path = format!("operations/{}", begun.text("/name"));
        self.call("GET", &path, &Value::Null).await.ok()
    }

    /// Creates a primary that may have replicas, which is there with the next request.
    pub(crate) async fn primary(&self, name: &str) {
        self.insert(&primary(name)).await.ok();
    }

    pub(crate) async fn replica(&self, name: &str, source: &str) {
        self.insert(&replica(name, source)).await.ok();
    }

    pub(crate) async fn version(&self, name: &str) -> i64 {
        let version = self.get(name).await.ok().text("/settings/settingsVersion");
        version.parse().unwrap()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        let control = self.simulator.control();
        control.advance(Duration::from_secs(seconds)).unwrap();
    }
}

/// A primary of the Enterprise edition with all that replicas need.
pub(crate) fn primary(name: &str) -> Value {
    json!({
        "name": name,
        "databaseVersion": "POSTGRES_17",
        "region": HERE,
        "rootPassword": "correct-horse",
        "settings": {
            "tier": "db-custom-2-7680",
            "edition": "ENTERPRISE",
            "dataDiskSizeGb": "20",
            "userLabels": {"managed-by": "pgfleet"},
            "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true}
        }
    })
}

/// The same of Enterprise Plus.
pub(crate) fn plus(name: &str) -> Value {
    with(
        primary(name),
        json!({"settings": {"edition": "ENTERPRISE_PLUS", "tier": "db-perf-optimized-N-2"}}),
    )
}

/// A replica as small as its source may be.
pub(crate) fn replica(name: &str, source: &str) -> Value {
    json!({
        "name": name,
        "masterInstanceName": source,
        "settings": {"tier": "db-custom-2-7680", "edition": "ENTERPRISE"}
    })
}

/// JSON with more laid over it; null takes away.
pub(crate) fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        return more;
    };
    for (key, value) in more {
        let map = base.as_object_mut().unwrap();
        match value {
            Value::Null => {
                map.remove(&key);
            }
            Value::Object(_) => {
                let old = map.remove(&key).filter(Value::is_object);
                map.insert(key, with(old.unwrap_or_else(|| json!({})), value));
            }
            _ => {
                map.insert(key, value);
            }
        }
    }
    base
}
