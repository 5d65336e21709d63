//! A client of ARM that knows nothing but bytes, and a simulator to use it on.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::http;
use pgfleet_simulator::{AzureOptions, Builder, Clock, Simulator};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;
use tokio::net::TcpStream;

pub(crate) const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
pub(crate) const VERSION: &str = "2024-08-01";
pub(crate) const PASSWORD: &str = "Correct-horse-1";

/// An answer in JSON.
#[derive(Debug)]
pub(crate) struct Reply(http::Reply);

impl Deref for Reply {
    type Target = http::Reply;

    fn deref(&self) -> &http::Reply {
        &self.0
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The value at a path such as `/properties/state`.
    pub(crate) fn at(&self, path: &str) -> Value {
        self.json().pointer(path).cloned().unwrap_or(Value::Null)
    }

    /// The text at a path; empty where there is none.
    pub(crate) fn text(&self, path: &str) -> String {
        self.at(path).as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        let given = (self.status, self.text("/error/code"));
        assert_eq!(given, (status, code.to_owned()), "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn saying(&self, words: &str) {
        assert!(self.text("/error/message").contains(words), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        Self(self.0.ok())
    }

    #[track_caller]
    pub(crate) fn accepted(self) -> Self {
        assert_eq!(self.status, 202, "{}", self.body);
        self
    }
}

/// Sends a request on a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    let reply = http::exchange(&mut stream, method, target, headers, body).await?;
    Ok(Reply(reply))
}

/// What is asked for at an address that an answer named.
pub(crate) fn target(address: &str) -> &str {
    address.strip_prefix("http://localhost").unwrap()
}

pub(crate) fn group_path(group: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}")
}

pub(crate) fn path(name: &str) -> String {
    let group = group_path("Food");
    format!("{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/{name}")
}

/// The body of a new primary.
pub(crate) fn primary() -> Value {
    json!({
        "location": "eastus",
        "sku": {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"},
        "tags": {"team": "food"},
        "properties": {
            "createMode": "Create",
            "version": "16",
            "administratorLogin": "postgres",
            "administratorLoginPassword": PASSWORD,
            "storage": {"storageSizeGB": 128},
        },
    })
}

pub(crate) fn replica(of: &str) -> Value {
    json!({
        "location": "eastus",
        "properties": {"createMode": "Replica", "sourceServerResourceId": path(of)},
    })
}

/// A copy of a body with a value put at a path such as `/properties/storage`.
pub(crate) fn with(mut body: Value, path: &str, value: impl Into<Value>) -> Value {
    let mut at = &mut body;
    for name in path.split('/').skip(1) {
        at = &mut at[name];
    }
    *at = value.into();
    body
}

/// A running simulator and a client of it.
pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
}

impl Lab {
    pub(crate) async fn at_once() -> Self {
        Self::with(AzureOptions::default(), Clock::AtOnce).await
    }

    pub(crate) async fn manual() -> Self {
        Self::with(AzureOptions::default(), Clock::Manual).await
    }

    pub(crate) async fn with(options: AzureOptions, clock: Clock) -> Self {
        Self::start(Simulator::builder().azure(options).clock(clock)).await
    }

    pub(crate) async fn start(builder: Builder) -> Self {
        Self {
            simulator: builder.start().await.unwrap(),
        }
    }

    /// A request as it is, whatever its target.
    pub(crate) async fn raw(&self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let address = self.simulator.address();
        let sent = send(address, method, target, headers, body.as_bytes()).await;
        sent.unwrap()
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let target = format!("{path}?api-version={VERSION}");
        self.raw(method, &target, "", &body).await
    }

    pub(crate) async fn read(&self, path: &str) -> Reply {
        self.call("GET", path, &Value::Null).await
    }

    pub(crate) async fn get(&self, name: &str) -> Reply {
        self.read(&path(name)).await
    }

    pub(crate) async fn put(&self, name: &str, body: &Value) -> Reply {
        self.call("PUT", &path(name), body).await
    }

    pub(crate) async fn patch(&self, name: &str, body: &Value) -> Reply {
        self.call("PATCH", &path(name), body).await
    }

    pub(crate) async fn delete(&self, name: &str) -> Reply {
        self.call("DELETE", &path(name), &Value::Null).await
    }

    pub(crate) async fn post(&self, name: &str, what: &str) -> Reply {
        let path = format!("{}/{what}", path(name));
        self.call("POST", &path, &Value::Null).await
    }

    /// What an address says that an answer named.
    pub(crate) async fn follow(&self, reply: &Reply, header: &str) -> Reply {
        let target = target(reply.header(header).unwrap());
        self.raw("GET", target, "", "").await
    }

    /// The status word of the operation that an answer began.
    pub(crate) async fn status_of(&self, reply: &Reply) -> String {
        let reply = self.follow(reply, "azure-asyncoperation").await;
        reply.ok().text("/status")
    }

    pub(crate) async fn state(&self, name: &str) -> String {
        self.get(name).await.ok().text("/properties/state")
    }

    pub(crate) fn advance(&self, seconds: u64) {
        let control = self.simulator.control();
        control.advance(Duration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut AzureOptions)) {
        self.simulator.control().change_azure(change);
    }

    /// A primary, and so many replicas `r1`, `r2`, all ready.
    pub(crate) async fn fleet(&self, replicas: usize) {
        self.put("food", &primary()).await.accepted();
        self.advance(1000);
        for number in 1..=replicas {
            self.put(&format!("r{number}-food"), &replica("food"))
                .await
                .accepted();
            self.advance(1000);
        }
    }
}
