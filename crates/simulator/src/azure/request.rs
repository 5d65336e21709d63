//! A request before it is looked into: which resource it is about, and what it would do.

use super::catalog::plain;
use super::uri;
use crate::cloud::Request;
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What a path is about. Names are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Token(String),
    OpenId(String),
    Subscriptions,
    Subscription,
    Group,
    /// The servers of the subscription, or of a group.
    Servers,
    Server,
    Power(&'static str),
    Replicas,
    Children(Child),
    Child(Child, String),
    CheckName,
    Capabilities,
    OperationStatus(String),
    OperationResult(String),
    Unknown,
}

/// What a server has below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Child {
    Database,
    FirewallRule,
    VirtualEndpoint,
}

impl Child {
    /// The last part of its type.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Database => "databases",
            Self::FirewallRule => "firewallRules",
            Self::VirtualEndpoint => "virtualendpoints",
        }
    }

    fn group(self) -> &'static str {
        match self {
            Self::Database => "Databases",
            Self::FirewallRule => "FirewallRules",
            Self::VirtualEndpoint => "VirtualEndpoints",
        }
    }
}

/// A request as far as it can be read without looking at what exists.
#[derive(Clone)]
pub(crate) struct Inquiry {
    /// As Azure's specification names it, such as `Servers_CreateOrUpdate`; `?` where it is none.
    pub(crate) action: String,
    /// The server.
    pub(crate) identifier: Option<String>,
    /// The region where the request names one; `global` where it does not.
    pub(crate) region: String,
    pub(super) subscription: String,
    pub(super) group: String,
    pub(super) server: String,
    pub(super) target: Target,
    pub(super) method: String,
    pub(super) query: Vec<(String, String)>,
    /// What addresses in answers begin with, such as `http://127.0.0.1:4000`.
    pub(super) base: String,
    pub(super) path: String,
    /// The bearer's token.
    pub(super) token: Option<String>,
    /// Whether it came over TLS.
    pub(super) secure: bool,
    pub(super) body: Bytes,
}

/// Without the body and the token, since there are secrets in them.
impl fmt::Debug for Inquiry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Inquiry")
            .field("action", &self.action)
            .field("identifier", &self.identifier)
            .field("region", &self.region)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

const PROVIDER: &str = "Microsoft.DBforPostgreSQL";

impl Inquiry {
    pub(crate) fn read(request: &Request) -> Self {
        let segments: Vec<String> = request
            .path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(uri::decode)
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let scheme = if request.secure { "https" } else { "http" };
        let host = request.header("host").unwrap_or("localhost");
        let bearer = request.header("authorization").map(|header| {
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            if is(scheme, "Bearer") {
                token.trim().to_owned()
            } else {
                String::new()
            }
        });
        let mut inquiry = Self {
            action: "?".to_owned(),
            identifier: None,
            region: "global".to_owned(),
            subscription: String::new(),
            group: String::new(),
            server: String::new(),
            target: Target::Unknown,
            method: request.method.as_str().to_owned(),
            query: uri::pairs(request.uri.query().unwrap_or_default()),
            base: format!("{scheme}://{host}"),
            path: request.path().to_owned(),
            token: bearer,
            secure: request.secure,
            body: request.body.clone(),
        };
        inquiry.resolve(&segments);
        inquiry.finish()
    }

    /// A request that nobody has sent.
    pub(super) fn of_ourselves(
        subscription: &str,
        group: &str,
        server: &str,
        body: &Value,
    ) -> Self {
        let inquiry = Self {
            action: "?".to_owned(),
            identifier: None,
            region: "global".to_owned(),
            subscription: subscription.to_owned(),
            group: group.to_owned(),
            server: server.to_owned(),
            target: Target::Server,
            method: "PUT".to_owned(),
            query: Vec::new(),
            base: "http://localhost".to_owned(),
            path: String::new(),
            token: None,
            secure: false,
            body: Bytes::from(body.to_string()),
        };
        inquiry.finish()
    }

    fn finish(mut self) -> Self {
        self.action = self.name();
        if self.action == "Token" {
            // Who asks for a token is told by the form.
            let form = uri::form(&self.body);
            self.identifier = uri::value(&form, "client_id").map(str::to_owned);
        }
        if !self.server.is_empty() {
            self.identifier = Some(self.server.to_ascii_lowercase());
        }
        if let Some(location) = self.wanted_location() {
            self.region = location;
        }
        self
    }

    /// The region that a new server is to be in.
    fn wanted_location(&self) -> Option<String> {
        if self.target != Target::Server || self.method != "PUT" {
            return None;
        }
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body.get("location")?.as_str().map(plain)
    }

    fn resolve(&mut self, segments: &[&str]) {
        match segments {
            [tenant, "oauth2", "v2.0", "token"] => {
                self.target = Target::Token((*tenant).to_owned());
            }
            [tenant, "v2.0", ".well-known", "openid-configuration"] => {
                self.target = Target::OpenId((*tenant).to_owned());
            }
            [first] if is(first, "subscriptions") => self.target = Target::Subscriptions,
            [first, subscription, rest @ ..] if is(first, "subscriptions") => {
                (*subscription).clone_into(&mut self.subscription);
                self.below_subscription(rest);
            }
            _ => {}
        }
    }

    fn below_subscription(&mut self, rest: &[&str]) {
        match rest {
            [] => self.target = Target::Subscription,
            [groups, group] if is(groups, "resourceGroups") => {
                (*group).clone_into(&mut self.group);
                self.target = Target::Group;
            }
            [groups, group, providers, provider, kind, rest @ ..]
                if is(groups, "resourceGroups")
                    && is(providers, "providers")
                    && is(provider, PROVIDER)
                    && is(kind, "flexibleServers") =>
            {
                (*group).clone_into(&mut self.group);
                self.below_servers(rest);
            }
            [providers, provider, rest @ ..]
                if is(providers, "providers") && is(provider, PROVIDER) =>
            {
                self.below_provider(rest);
            }
            _ => {}
        }
    }

    fn below_provider(&mut self, rest: &[&str]) {
        match rest {
            [kind] if is(kind, "flexibleServers") => self.target = Target::Servers,
            [check] if is(check, "checkNameAvailability") => self.target = Target::CheckName,
            [locations, location, what] if is(locations, "locations") => {
                self.region = plain(location);
                if is(what, "capabilities") {
                    self.target = Target::Capabilities;
                } else if is(what, "checkNameAvailability") {
                    self.target = Target::CheckName;
                }
            }
            [locations, location, what, id] if is(locations, "locations") => {
                self.region = plain(location);
                let id = id.to_ascii_lowercase();
                if is(what, "azureAsyncOperation") {
                    self.target = Target::OperationStatus(id);
                } else if is(what, "operationResults") {
                    self.target = Target::OperationResult(id);
                }
            }
            _ => {}
        }
    }

    fn below_servers(&mut self, rest: &[&str]) {
        let [server, rest @ ..] = rest else {
            self.target = Target::Servers;
            return;
        };
        (*server).clone_into(&mut self.server);
        let children = [Child::Database, Child::FirewallRule, Child::VirtualEndpoint];
        let child = |word: &str| children.into_iter().find(|child| is(word, child.word()));
        match rest {
            [] => self.target = Target::Server,
            [word] if is(word, "replicas") => self.target = Target::Replicas,
            [word] => {
                let power = ["start", "stop", "restart"]
                    .into_iter()
                    .find(|p| is(word, p));
                if let Some(power) = power {
                    self.target = Target::Power(power);
                } else if let Some(child) = child(word) {
                    self.target = Target::Children(child);
                }
            }
            [word, name] => {
                if let Some(child) = child(word) {
                    self.target = Target::Child(child, (*name).to_owned());
                }
            }
            _ => {}
        }
    }

    /// The name of what is asked; `?` where the method does not fit the path.
    fn name(&self) -> String {
        let method = self.method.as_str();
        let name = match (&self.target, method) {
            (Target::Token(_), "POST") => "Token",
            (Target::OpenId(_), "GET") => "OpenIdConfiguration",
            (Target::Subscriptions, "GET") => "Subscriptions_List",
            (Target::Subscription, "GET") => "Subscriptions_Get",
            (Target::Group, "GET") => "ResourceGroups_Get",
            (Target::Group, "HEAD") => "ResourceGroups_CheckExistence",
            (Target::Servers, "GET") if self.group.is_empty() => "Servers_ListBySubscription",
            (Target::Servers, "GET") => "Servers_ListByResourceGroup",
            (Target::Server, "GET") => "Servers_Get",
            (Target::Server, "PUT") => "Servers_CreateOrUpdate",
            (Target::Server, "PATCH") => "Servers_Update",
            (Target::Server, "DELETE") => "Servers_Delete",
            (Target::Power("start"), "POST") => "Servers_Start",
            (Target::Power("stop"), "POST") => "Servers_Stop",
            (Target::Power(_), "POST") => "Servers_Restart",
            (Target::Replicas, "GET") => "Replicas_ListByServer",
            (Target::CheckName, "POST") => "NameAvailability_Check",
            (Target::Capabilities, "GET") => "CapabilitiesByLocation_List",
            (Target::OperationStatus(_), "GET") => "Operations_GetStatus",
            (Target::OperationResult(_), "GET") => "Operations_GetResult",
            (Target::Children(child), "GET") => return format!("{}_ListByServer", child.group()),
            (Target::Child(child, _), method) => {
                let verb = match method {
                    "GET" => "Get",
                    "PUT" => "CreateOrUpdate",
                    "DELETE" => "Delete",
                    _ => return "?".to_owned(),
                };
                return format!("{}_{verb}", child.group());
            }
            _ => "?",
        };
        name.to_owned()
    }

    /// The action and the scope as Azure's roles know them.
    pub(super) fn permission(&self) -> (String, String) {
        let verb = match self.method.as_str() {
            "PUT" | "PATCH" => "write",
            "DELETE" => "delete",
            "POST" => "action",
            _ => "read",
        };
        let servers = format!("{PROVIDER}/flexibleServers");
        let action = match &self.target {
            Target::Subscriptions | Target::Subscription => {
                "Microsoft.Resources/subscriptions/read".to_owned()
            }
            Target::Group => "Microsoft.Resources/subscriptions/resourceGroups/read".to_owned(),
            Target::Servers | Target::Server => format!("{servers}/{verb}"),
            Target::Power(word) => format!("{servers}/{word}/action"),
            Target::Replicas => format!("{servers}/replicas/read"),
            Target::Children(child) | Target::Child(child, _) => {
                format!("{servers}/{}/{verb}", child.word())
            }
            Target::CheckName => format!("{PROVIDER}/checkNameAvailability/action"),
            Target::Capabilities => format!("{PROVIDER}/locations/capabilities/read"),
            Target::OperationStatus(_) => {
                format!("{PROVIDER}/locations/azureAsyncOperation/read")
            }
            Target::OperationResult(_) => format!("{PROVIDER}/locations/operationResults/read"),
            Target::Token(_) | Target::OpenId(_) | Target::Unknown => String::new(),
        };
        let mut scope = format!("/subscriptions/{}", self.subscription);
        if !self.group.is_empty() {
            scope = format!("{scope}/resourceGroups/{}", self.group);
        }
        if !self.server.is_empty() {
            scope = format!("{scope}/providers/{servers}/{}", self.server);
        }
        (action, scope)
    }
}

fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

/// The subscription, the group and the name in the id of a server; its names in any case.
pub(super) fn server_id(id: &str) -> Option<(String, String, String)> {
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    match segments[..] {
        [
            first,
            subscription,
            groups,
            group,
            providers,
            provider,
            kind,
            name,
        ] if is(first, "subscriptions")
            && is(groups, "resourceGroups")
            && is(providers, "providers")
            && is(provider, PROVIDER)
            && is(kind, "flexibleServers")
            && !name.is_empty() =>
        {
            Some((subscription.to_owned(), group.to_owned(), name.to_owned()))
        }
        _ => None,
    }
}
