//! The requests that pgfleet makes to Azure Resource Manager: each is sent once.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::auth::{AccessToken, Secret, TokenCredential};
use azure_core_1::time::OffsetDateTime;
use azure_mgmt_postgresql::package_flexibleserver_2024_08_01 as generated;
use pgfleet_provider::OperationName;
use reqwest::{
    Url,
    header::{HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{
    failure::{Failure, Refusal, retry_after},
    models::{CheckNameAvailabilityRequest, Database, Server, ServerForUpdate},
    operation::{self, Address, State, Taken},
    read,
    tokens::{SCOPE, Tokens},
    transport::{Answer, Http, Transport},
};
use crate::{
    azure::SERVERS,
    shared::{guard::TlsOnly, http::Pages, words::causes},
};

/// The version of the API. The generated client is of 2024-08-01; every request that pgfleet makes
/// has the same form in this one.
pub(super) const API_VERSION: &str = "2025-08-01";

/// The subscription and resource group that a client acts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::azure) struct Place {
    pub(in crate::azure) subscription: String,
    pub(in crate::azure) group: String,
}

/// The servers of one resource group.
pub(in crate::azure) struct Client {
    place: Place,
    endpoint: Url,
    http: Http,
    generated: generated::Client,
}

impl Answer {
    fn json(&self, what: &str) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
            let kind = match start {
                None => "empty",
                Some(b'<') => "a web page",
                Some(b'{' | b'[') => "JSON that is cut off or broken",
                Some(_) => "no JSON",
            };
            Failure::Malformed(format!("the answer to {what} is {kind}"))
        })
    }
}

impl Client {
    /// A client for an endpoint. Sends nothing yet.
    pub(in crate::azure) fn new(
        place: Place,
        endpoint: &str,
        insecure_hosts: &[String],
    ) -> Result<Self, Failure> {
        let no_address = || Failure::NoClient(format!("`{endpoint}` is no http or https address"));
        let base: Url = endpoint.trim().parse().map_err(|_| no_address())?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(no_address());
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(Failure::NoClient(
                "the endpoint of Azure Resource Manager holds a user name".to_owned(),
            ));
        }
        if base.path() != "/" || base.query().is_some() || base.fragment().is_some() {
            let why = format!("`{endpoint}` holds more than a host, and the rest would be lost");
            return Err(Failure::NoClient(why));
        }
        let tokens = if base.scheme() == "https" {
            Tokens::somebody()
        } else {
            Tokens::Nobody
        };
        let http = Http::new(&base, TlsOnly::except(insecure_hosts), tokens)?;
        let mut versioned = base.clone();
        versioned
            .query_pairs_mut()
            .append_pair("api-version", API_VERSION);
        let generated = generated::Client::builder(Arc::new(Nobody))
            .endpoint(versioned)
            .scopes(&[SCOPE])
            .retry(azure_core::RetryOptions::none())
            .transport(Transport(http.clone()))
            .build()
            .map_err(|error| Failure::NoClient(crate::shared::words::chain(&error)))?;
        Ok(Self {
            place,
            endpoint: base,
            http,
            generated,
        })
    }

    pub(in crate::azure) fn place(&self) -> &Place {
        &self.place
    }

    fn names(&self) -> (String, String) {
        (self.place.subscription.clone(), self.place.group.clone())
    }

    /// The full name of a server of this group.
    pub(in crate::azure) fn resource_id(&self, name: &str) -> String {
        let Place {
            subscription,
            group,
        } = &self.place;
        format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{SERVERS}/{name}")
    }

    fn first_page(&self) -> Url {
        let mut url = self.endpoint.clone();
        let Place {
            subscription,
            group,
        } = &self.place;
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend([
                "subscriptions",
                subscription,
                "resourceGroups",
                group,
                "providers",
            ]);
            path.extend(SERVERS.split('/'));
        }
        url.query_pairs_mut()
            .append_pair("api-version", API_VERSION);
        url
    }

    /// Every server of the group, page by page.
    pub(in crate::azure) async fn list(&self) -> Result<Vec<Server>, Failure> {
        const WHAT: &str = "the list of servers";
        // The generated client has its own way of paging, which takes the token to anywhere.
        let mut answer = self.http.get(self.first_page()).await?;
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let page = answer.json(WHAT)?;
            let servers = page.get("value").and_then(Value::as_array);
            let servers = servers
                .ok_or_else(|| Failure::Malformed(format!("{WHAT} is not what Azure answers")))?;
            for server in servers {
                found.push(read::server(server)?);
            }
            let next = page.get("nextLink").and_then(Value::as_str);
            let next = pages.next(next.map(ToOwned::to_owned));
            let next = next.map_err(|circle| Failure::Malformed(format!("{WHAT}: {circle}")))?;
            let Some(next) = next else {
                return Ok(found);
            };
            let lost = |why: &str| Failure::Malformed(format!("{WHAT} goes on {why}"));
            let next = self.endpoint.join(&next).map_err(|_| lost("nowhere"))?;
            if !operation::may_be_asked(&self.endpoint, &next) {
                return Err(lost("at another host, which was not asked"));
            }
            answer = self.http.get(next).await?;
        }
    }

    /// One server; `None` where there is none of this name in the group.
    pub(in crate::azure) async fn get(&self, name: &str) -> Result<Option<Server>, Failure> {
        let (subscription, group) = self.names();
        let asked = self.generated.servers_client();
        let asked = asked.get(subscription, group, name).send();
        match Self::heard(asked.await).await {
            Ok(answer) => read::server(&answer.json(name)?).map(Some),
            Err(Failure::Refused(Refusal {
                status: 404, code, ..
            })) if is_missing(&code) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes a server.
    pub(in crate::azure) async fn create(
        &self,
        name: &str,
        server: Server,
    ) -> Result<Taken, Failure> {
        let (subscription, group) = self.names();
        let asked = self.generated.servers_client();
        let asked = asked.create(subscription, group, name, server).send();
        self.taken(asked.await).await
    }

    /// Changes what the body names, and nothing else.
    pub(in crate::azure) async fn update(
        &self,
        name: &str,
        update: ServerForUpdate,
    ) -> Result<Taken, Failure> {
        let (subscription, group) = self.names();
        let asked = self.generated.servers_client();
        let asked = asked.update(subscription, group, name, update).send();
        self.taken(asked.await).await
    }

    /// Starts a server.
    pub(in crate::azure) async fn start(&self, name: &str) -> Result<Taken, Failure> {
        let (subscription, group) = self.names();
        let asked = self.generated.servers_client();
        let asked = asked.start(subscription, group, name).send();
        self.taken(asked.await).await
    }

    /// Deletes a server. `None`: it was not there.
    pub(in crate::azure) async fn delete(&self, name: &str) -> Result<Option<Taken>, Failure> {
        let (subscription, group) = self.names();
        let asked = self.generated.servers_client();
        let asked = asked.delete(subscription, group, name).send();
        match self.taken(asked.await).await {
            Ok(taken) => Ok(Some(taken)),
            Err(Failure::Refused(Refusal {
                status: 404, code, ..
            })) if is_missing(&code) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes a database on a server; one that is there stays as it is.
    pub(in crate::azure) async fn create_database(
        &self,
        server: &str,
        database: &str,
    ) -> Result<Taken, Failure> {
        let (subscription, group) = self.names();
        let asked = self.generated.databases_client();
        let asked = asked
            .create(subscription, group, server, database, Database::new())
            .send();
        self.taken(asked.await).await
    }

    /// Why a name cannot be had; `None` where it can. Names are unique in all of Azure.
    pub(in crate::azure) async fn why_taken(&self, name: &str) -> Result<Option<String>, Failure> {
        let request = CheckNameAvailabilityRequest {
            name: Some(name.to_owned()),
            type_: Some(SERVERS.to_owned()),
        };
        let asked = self.generated.check_name_availability_client();
        let asked = asked.execute(&self.place.subscription, request).send();
        let answer = Self::heard(asked.await).await?;
        let answer = answer.json("the question whether a name is free")?;
        let free = answer.get("nameAvailable").and_then(Value::as_bool);
        let text = |key| answer.get(key).and_then(Value::as_str);
        let why = text("message").or(text("reason")).unwrap_or("it is taken");
        Ok((free == Some(false)).then(|| crate::shared::words::sentence(why)))
    }

    /// Asks after an operation at its own address.
    pub(in crate::azure) async fn progress(&self, name: &OperationName) -> Result<State, Failure> {
        let address = Address::parse(name)
            .filter(|address| operation::may_be_asked(&self.endpoint, &address.url));
        let Some(Address { url, tells_status }) = address else {
            return Ok(State::Unknown);
        };
        let answer = match self.http.get(url).await {
            Ok(answer) => answer,
            Err(Failure::Refused(refusal)) => {
                return operation::refused(tells_status, refusal);
            }
            Err(failure) => return Err(failure),
        };
        let body = serde_json::from_slice(&answer.body).ok();
        let pause = retry_after(&answer.headers);
        Ok(operation::state(
            tells_status,
            answer.status,
            body.as_ref(),
            pause,
        ))
    }

    /// What the generated client heard.
    async fn heard<R>(answer: azure_core::Result<R>) -> Result<Answer, Failure>
    where
        R: Into<azure_core::Response>,
    {
        let response: azure_core::Response = match answer {
            Ok(answer) => answer.into(),
            Err(error) => return Err(cause(&error)),
        };
        let (status, headers, body) = response.deconstruct();
        let headers = headers
            .iter()
            .filter_map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
                Some((name, HeaderValue::from_str(value.as_str()).ok()?))
            })
            .collect();
        let body = body.collect().await.map_err(|error| cause(&error))?;
        Ok(Answer {
            status: status.into(),
            headers,
            body,
        })
    }

    async fn taken<R>(&self, answer: azure_core::Result<R>) -> Result<Taken, Failure>
    where
        R: Into<azure_core::Response>,
    {
        let answer = Self::heard(answer).await?;
        let address = Address::of(&answer.headers, &self.endpoint);
        Ok(Taken {
            done: address.is_none() && answer.status == 204,
            operation: address.map(|address| address.name()),
            retry_after: retry_after(&answer.headers),
        })
    }
}

/// The generated client wants somebody to ask for tokens; the transport does.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl TokenCredential for Nobody {
    async fn get_token(&self, _scopes: &[&str]) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(
            Secret::new(""),
            OffsetDateTime::UNIX_EPOCH,
        ))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}

/// Whether a 404 is about the server, and not about what it would lie in.
fn is_missing(code: &str) -> bool {
    !matches!(code, "ResourceGroupNotFound" | "SubscriptionNotFound")
        && (code.is_empty() || code.contains("NotFound"))
}

/// What the generated client wraps in its own errors.
fn cause(error: &azure_core::Error) -> Failure {
    let ours = causes(error).find_map(|cause| cause.downcast_ref::<Failure>());
    ours.cloned()
        .unwrap_or_else(|| Failure::NoClient(crate::shared::words::chain(error)))
}
