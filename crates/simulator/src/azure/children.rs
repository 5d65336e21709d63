//! What a server has below it: databases, firewall rules, virtual endpoints.

use super::call::{Body, Call, SERVERS};
use super::fields::{DATABASE, FIREWALL_RULE, VIRTUAL_ENDPOINT, Version};
use super::names;
use super::operation::OperationKind;
use super::refusal::{Answer, Outcome, Refusal};
use super::request::Child;
use super::state::Server;
use super::steps::Effect;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const UTF8: (&str, &str) = ("UTF8", "en_US.utf8");

/// What every new server has.
pub(super) fn first_databases() -> BTreeMap<String, Value> {
    let (charset, collation) = UTF8;
    ["azure_maintenance", "azure_sys", "postgres"]
        .into_iter()
        .map(|name| {
            let properties = json!({"charset": charset, "collation": collation});
            (name.to_owned(), properties)
        })
        .collect()
}

impl Server {
    pub(super) fn children(&self, kind: Child) -> &BTreeMap<String, Value> {
        match kind {
            Child::Database => &self.databases,
            Child::FirewallRule => &self.firewall_rules,
            Child::VirtualEndpoint => &self.virtual_endpoints,
        }
    }

    pub(super) fn children_mut(&mut self, kind: Child) -> &mut BTreeMap<String, Value> {
        match kind {
            Child::Database => &mut self.databases,
            Child::FirewallRule => &mut self.firewall_rules,
            Child::VirtualEndpoint => &mut self.virtual_endpoints,
        }
    }

    /// A child as JSON.
    pub(super) fn child(&self, kind: Child, name: &str) -> Option<Value> {
        let properties = self.children(kind).get(name)?;
        let word = kind.word();
        Some(json!({
            "properties": properties,
            "id": format!("{}/{word}/{name}", self.id()),
            "name": name,
            "type": format!("{SERVERS}/{word}"),
        }))
    }
}

impl Call<'_> {
    pub(super) fn children(&self, kind: Child) -> Outcome<Answer> {
        let server = self.found()?;
        let names = server.children(kind).keys();
        let all: Vec<Value> = names.filter_map(|name| server.child(kind, name)).collect();
        Ok(Answer::read(json!({"value": all})))
    }

    pub(super) fn child(&self, kind: Child, name: &str) -> Outcome<Answer> {
        let server = self.found()?;
        match server.child(kind, name) {
            Some(child) => Ok(Answer::read(child)),
            None => Err(Refusal::not_found(
                &format!("{SERVERS}/{}/{}", server.name, kind.word()),
                name,
                &self.asked.group,
            )),
        }
    }

    pub(super) fn put_child(&mut self, kind: Child, name: &str) -> Outcome<Answer> {
        let server = self.found()?;
        let replica = server.source.is_some();
        let exists = server.children(kind).contains_key(name);
        let properties = match kind {
            Child::Database => {
                let body = self.body(&DATABASE)?;
                names::database(name)?;
                if replica {
                    return Err(read_only(&server.name));
                }
                if exists {
                    return Err(Refusal::new(
                        409,
                        "DatabaseAlreadyExists",
                        format!("The database '{name}' already exists."),
                    ));
                }
                database(&body)
            }
            Child::FirewallRule => {
                let body = self.body(&FIREWALL_RULE)?;
                names::child(name, "firewallRuleName")?;
                firewall_rule(&body)?
            }
            Child::VirtualEndpoint => {
                if self.version < Version::V2024 {
                    return Err(Refusal::parameter("api-version"));
                }
                let body = self.body(&VIRTUAL_ENDPOINT)?;
                names::child(name, "virtualEndpointName")?;
                if replica {
                    return Err(read_only(&server.name));
                }
                self.virtual_endpoint(&body, name)?
            }
        };
        self.change_child(kind, name, Some(properties))
    }

    pub(super) fn delete_child(&mut self, kind: Child, name: &str) -> Outcome<Answer> {
        let server = self.found()?;
        if !server.children(kind).contains_key(name) {
            return Ok(Answer::empty(204));
        }
        let reserved = ["azure_maintenance", "azure_sys", "postgres"];
        if kind == Child::Database && reserved.contains(&name) {
            return Err(Refusal::parameter("databaseName"));
        }
        self.change_child(kind, name, None)
    }

    fn change_child(
        &mut self,
        kind: Child,
        name: &str,
        properties: Option<Value>,
    ) -> Outcome<Answer> {
        let key = self.key();
        let location = self.ready(&key)?.location.clone();
        let operation = OperationKind::Child(kind, name.to_owned());
        let id = self.begin(operation, &key, None, location);
        let seconds = self.timing.child;
        let effect = Effect::Child(kind, name.to_owned(), properties);
        self.then(
            &id,
            [(seconds, key.clone(), effect), (0, key, Effect::Over(None))],
        );
        Ok(self.accepted(&id))
    }

    fn virtual_endpoint(&self, body: &Body, name: &str) -> Outcome<Value> {
        let server = self.found()?;
        let members = body.at("/properties/members").and_then(Value::as_array);
        let members = members.cloned().unwrap_or_default();
        let key = server.key();
        let known = |member: &Value| {
            let member = member.as_str().unwrap_or_default();
            let mut all = self.world.replicas_of(&key);
            member.eq_ignore_ascii_case(&server.name)
                || all.any(|replica| replica.name.eq_ignore_ascii_case(member))
        };
        if members.is_empty() || members.len() > 2 || !members.iter().all(known) {
            return Err(Refusal::parameter_since(
                "members",
                "They are the primary, and one of its read replicas.",
            ));
        }
        Ok(json!({
            "endpointType": "ReadWrite",
            "members": members,
            "virtualEndpoints": [
                format!("{name}.writer.postgres.database.azure.com"),
                format!("{name}.reader.postgres.database.azure.com"),
            ],
        }))
    }
}

fn database(body: &Body) -> Value {
    let (charset, collation) = UTF8;
    json!({
        "charset": body.text("/properties/charset").unwrap_or(charset),
        "collation": body.text("/properties/collation").unwrap_or(collation),
    })
}

fn firewall_rule(body: &Body) -> Outcome<Value> {
    let address = |name: &str| {
        let given = body.text(&format!("/properties/{name}"));
        given
            .and_then(|text| text.parse::<Ipv4Addr>().ok())
            .ok_or_else(|| Refusal::parameter(name))
    };
    let (first, last) = (address("startIpAddress")?, address("endIpAddress")?);
    if first > last {
        return Err(Refusal::parameter("endIpAddress"));
    }
    Ok(json!({"startIpAddress": first.to_string(), "endIpAddress": last.to_string()}))
}

fn read_only(name: &str) -> Refusal {
    Refusal::new(
        400,
        "OperationNotAllowedOnReplica",
        format!("The operation is not allowed on the read replica '{name}'."),
    )
}
