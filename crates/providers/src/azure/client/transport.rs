//! The one HTTP client, for requests that the generated client builds and for our own.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use azure_core::{Body, HttpClient, Request, Response};
use bytes::Bytes;
use reqwest::{
    ClientBuilder, Method, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;

use super::{
    failure::{Failure, Refusal},
    tokens::{Token, Tokens},
};
use crate::shared::{
    guard::{TlsOnly, is_loopback},
    http::{self, AGENT, ANSWER, CONNECT, drop_nulls},
    words::chain,
};

/// An HTTP client that keeps connections and trusts whom the system trusts (`SSL_CERT_FILE`). Each
/// request bears the token of whoever asks.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    guard: TlsOnly,
    tokens: Arc<Tokens>,
}

/// A request but for its token.
struct Draft {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

/// An answer that says yes.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Http {
    /// For requests to an endpoint, which may be on this machine: no proxy stands in between then.
    pub(super) fn new(endpoint: &Url, guard: TlsOnly, tokens: Tokens) -> Result<Self, Failure> {
        guard.check(endpoint.as_str())?;
        let mut builder = builder(is_here(endpoint));
        if endpoint.scheme() == "http" {
            // Reading the authorities of the system takes longer than a plan without changes otherwise does.
            builder = builder.tls_certs_only([]);
        }
        let client = built(builder)?;
        let tokens = Arc::new(tokens);
        Ok(Self {
            client,
            guard,
            tokens,
        })
    }

    /// Reads what lies at an address.
    pub(super) async fn get(&self, url: Url) -> Result<Answer, Failure> {
        let draft = Draft {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        self.send(draft).await
    }

    /// Sends one request, once. One whose token is not taken has done nothing, and is sent with
    /// another token, once.
    async fn send(&self, draft: Draft) -> Result<Answer, Failure> {
        self.guard.check(draft.url.as_str())?;
        let token = if draft.url.scheme() == "https" {
            self.tokens.get().await?
        } else {
            // A token over a wire that others can read is a token given away.
            None
        };
        let answer = self.send_as(token.as_ref(), &draft).await;
        let refused = |answer: &Result<Answer, Failure>| matches!(answer, Err(Failure::Refused(refusal)) if refusal.status == 401);
        let Some(token) = token.filter(|_| refused(&answer)) else {
            return answer;
        };
        match self.tokens.instead_of(&token).await? {
            Some(other) => self.send_as(Some(&other), &draft).await,
            None => answer,
        }
    }

    /// Redirections are not followed: they would take the token along.
    async fn send_as(&self, token: Option<&Token>, draft: &Draft) -> Result<Answer, Failure> {
        let Draft {
            method,
            url,
            headers,
            body,
        } = draft;
        let operation = operation(method, url.path());
        let mut request = self.client.request(method.clone(), url.clone());
        request = request.headers(headers.clone());
        if let Some(token) = token {
            // It is marked as sensitive.
            request = request.bearer_auth(token.token.secret());
        }
        if !body.is_empty() {
            request = request.body(body.clone());
        }
        let sent = Instant::now();
        let answer = request.send().await;
        log(operation, answer.as_ref().ok(), sent);
        let answer = answer.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = answer.bytes().await.map_err(|error| Failure::Unreachable {
            sent: true,
            why: format!("the answer is cut off: {}", told(&error)),
        })?;
        if status.is_success() {
            Ok(Answer {
                status: status.as_u16(),
                headers,
                body,
            })
        } else {
            let body = without(token, body);
            let refusal = Refusal::read(status.as_u16(), &headers, &body);
            Err(Failure::Refused(refusal))
        }
    }
}

/// An answer without the token that the request bore, where it repeats that.
fn without(token: Option<&Token>, body: Bytes) -> Bytes {
    let secret = token.map(|token| token.token.secret());
    let secret = secret.filter(|secret| !secret.is_empty());
    match (secret, std::str::from_utf8(&body)) {
        (Some(secret), Ok(text)) if text.contains(secret) => text.replace(secret, "***").into(),
        _ => body,
    }
}

/// The name of a request in the specification of [`super::api::API_VERSION`]. Addresses are not logged: their queries may be signed.
fn operation(method: &Method, path: &str) -> &'static str {
    let within = path
        .split_once("/providers/")
        .map_or("", |(_, within)| within);
    let words: Vec<&str> = within.split('/').skip(1).collect();
    match (method.as_str(), words.as_slice()) {
        ("GET", ["flexibleServers"]) => "Servers_ListByResourceGroup",
        ("GET", ["flexibleServers", _]) => "Servers_Get",
        ("PUT", ["flexibleServers", _]) => "Servers_CreateOrUpdate",
        ("PATCH", ["flexibleServers", _]) => "Servers_Update",
        ("DELETE", ["flexibleServers", _]) => "Servers_Delete",
        ("POST", ["flexibleServers", _, "start"]) => "Servers_Start",
        ("PUT", ["flexibleServers", _, "databases", _]) => "Databases_Create",
        ("POST", ["checkNameAvailability"]) => "NameAvailability_CheckGlobally",
        ("GET", ["locations", ..]) => "Operations_Get",
        _ => "other",
    }
}

fn log(operation: &str, answer: Option<&reqwest::Response>, sent: Instant) {
    let request_id = answer.and_then(|answer| answer.headers().get("x-ms-request-id"));
    http::log(&http::Sent {
        operation: Some(operation),
        status: answer.map(|answer| answer.status().as_u16()),
        request_id: request_id.and_then(|id| id.to_str().ok()),
        since: Some(sent),
        ..http::Sent::default()
    });
}

/// Whether an address is one of this machine's own.
pub(super) fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

/// A client as pgfleet wants it; what it sends to this machine goes over no proxy.
pub(super) fn client(on_this_machine: bool) -> Result<reqwest::Client, Failure> {
    built(builder(on_this_machine))
}

fn builder(on_this_machine: bool) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(AGENT)
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(Policy::none());
    if on_this_machine {
        builder.no_proxy()
    } else {
        builder
    }
}

fn built(builder: ClientBuilder) -> Result<reqwest::Client, Failure> {
    builder
        .build()
        .map_err(|error| Failure::NoClient(format!("no HTTP client: {}", chain(&error))))
}

fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::Unreachable {
        sent: !error.is_connect() && !error.is_builder(),
        why: told(error),
    }
}

/// An error in words, without the address: it may be signed.
fn told(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection was lost"
    };
    match std::error::Error::source(error) {
        Some(cause) => format!("{what}: {}", chain(cause)),
        None => what.to_owned(),
    }
}

/// The same client under the generated one.
#[derive(Debug)]
pub(super) struct Transport(pub(super) Http);

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<Response> {
        let failed =
            |failure: Failure| azure_core::Error::new(azure_core::error::ErrorKind::Other, failure);
        let broken =
            |what: &str| failed(Failure::NoClient(format!("no request can be made: {what}")));
        let method = Method::from_bytes(request.method().as_ref().as_bytes());
        let method = method.map_err(|_| broken("its method"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers().iter() {
            let name = HeaderName::from_bytes(name.as_str().as_bytes());
            let value = HeaderValue::from_str(value.as_str());
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(broken("a header"));
            };
            headers.insert(name, value);
        }
        // The generated client's own, which is of nobody.
        headers.remove(AUTHORIZATION);
        let Body::Bytes(body) = request.body() else {
            return Err(broken("its body"));
        };
        let body = without_nulls(body).map_err(|_| broken("its body"))?;
        let draft = Draft {
            method,
            url: request.url().clone(),
            headers,
            body,
        };
        let Answer {
            status,
            headers,
            body,
        } = self.0.send(draft).await.map_err(failed)?;
        let status = azure_core::StatusCode::try_from(status);
        let status = status.map_err(|_| {
            failed(Failure::Malformed(
                "an HTTP status that nobody knows".to_owned(),
            ))
        })?;
        let headers: std::collections::HashMap<_, _> = headers
            .iter()
            .filter_map(|(name, value)| {
                let value = value.to_str().ok()?.to_owned();
                Some((name.as_str().to_owned().into(), value.into()))
            })
            .collect();
        let body = Box::pin(futures_util::stream::iter([Ok(body)]));
        Ok(Response::new(status, headers.into(), body))
    }
}

/// The generated models write `null` for dates that nobody set, `pointInTimeUTC` in every creation,
/// and the service refuses them. Nothing that pgfleet sends is meant to be null.
fn without_nulls(body: &Bytes) -> serde_json::Result<Bytes> {
    if body.is_empty() {
        return Ok(body.clone());
    }
    let mut value: Value = serde_json::from_slice(body)?;
    drop_nulls(&mut value);
    serde_json::to_vec(&value).map(Bytes::from)
}

impl From<Transport> for azure_core::TransportOptions {
    fn from(transport: Transport) -> Self {
        Self::new(Arc::new(transport))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::models, *};

    #[test]
    fn no_request_carries_a_null() {
        let backup = models::Backup {
            backup_retention_days: Some(7),
            ..models::Backup::default()
        };
        let properties = models::ServerProperties {
            backup: Some(backup),
            ..models::ServerProperties::default()
        };
        let mut server = models::Server::new(models::TrackedResource::new("eastus2".to_owned()));
        server.properties = Some(properties);
        let body = azure_core::to_json(&server).unwrap();
        assert!(String::from_utf8_lossy(&body).contains("null"));
        let sent = without_nulls(&body).unwrap();
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        let expected = serde_json::json!({
            "location": "eastus2",
            "properties": { "backup": { "backupRetentionDays": 7 } },
        });
        assert_eq!(sent, expected);
    }
}
