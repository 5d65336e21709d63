//! Long-running operations: their addresses, which are signed, and what these say.

use super::call::Call;
use super::catalog::plain;
use super::options::OperationAddresses;
use super::refusal::{Answer, Outcome, Refusal};
use super::request::{Child, Inquiry};
use super::steps::{Effect, Step};
use super::uri;
use crate::clock::{Millis, timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// An operation, running or over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) kind: OperationKind,
    pub(super) subscription: String,
    /// The key of the server.
    pub(super) server: String,
    /// The key of the source of a replica that is made, promoted or deleted.
    pub(super) source: Option<String>,
    /// As addresses name it.
    pub(super) location: String,
    pub(super) started: Millis,
    /// The server's state before.
    pub(super) before: String,
    pub(super) status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OperationKind {
    Create,
    CreateReplica,
    Update,
    Promote,
    Delete,
    Power,
    Child(Child, String),
}

impl OperationKind {
    /// The word that the service puts in its answer.
    fn word(&self) -> &'static str {
        match self {
            Self::Create => "UpsertServerManagementOperationV2",
            Self::CreateReplica => "CreateReadReplicaManagementOperation",
            Self::Update => "UpdateServerManagementOperation",
            Self::Promote => "PromoteReadReplicaManagementOperation",
            Self::Delete => "DropServerManagementOperation",
            Self::Power => "ServerPowerManagementOperation",
            Self::Child(Child::Database, _) => "UpsertDatabaseManagementOperation",
            Self::Child(Child::FirewallRule, _) => "UpsertFirewallRulesManagementOperation",
            Self::Child(Child::VirtualEndpoint, _) => "UpsertVirtualEndpointManagementOperation",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    InProgress,
    Succeeded,
    Failed(Problem),
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) message: String,
}

/// How many operations are remembered. Azure counts days, which a fast clock would have over soon.
const KEPT: usize = 1000;

const STATUS: &str = "azureAsyncOperation";
const RESULT: &str = "operationResults";

impl Call<'_> {
    /// Begins an operation on a server; steps are planned with its id.
    pub(super) fn begin(
        &mut self,
        kind: OperationKind,
        server: &str,
        source: Option<String>,
        location: String,
    ) -> String {
        let (now, world) = (self.now, &mut *self.world);
        if world.operations.len() >= KEPT {
            let over = world.operations.values();
            let over = over.filter(|operation| operation.status != Status::InProgress);
            let oldest = over.min_by_key(|operation| operation.started);
            if let Some(id) = oldest.map(|operation| operation.id.clone()) {
                world.operations.remove(&id);
            }
        }
        let id = world.new_id();
        let before = world.servers.get(server).map(|server| server.state.clone());
        let operation = Operation {
            id: id.clone(),
            kind,
            subscription: self.asked.subscription.clone(),
            server: server.to_owned(),
            source,
            location,
            started: now,
            before: before.unwrap_or_default(),
            status: Status::InProgress,
        };
        world.operations.insert(id.clone(), operation);
        self.begun = Some(id.clone());
        id
    }

    /// Plans steps of an operation, each some seconds after the one before it.
    pub(super) fn then(
        &mut self,
        operation: &str,
        steps: impl IntoIterator<Item = (u64, String, Effect)>,
    ) {
        let mut at = self.now;
        for (seconds, server, effect) in steps {
            at = at.saturating_add(seconds.saturating_mul(1000));
            self.world.plan(Step {
                at,
                server,
                operation: operation.to_owned(),
                effect,
            });
        }
    }

    /// Accepts: 202, and the addresses at which the operation is followed.
    pub(super) fn accepted(&self, id: &str) -> Answer {
        let Some(operation) = self.world.operations.get(id) else {
            return Answer::empty(202);
        };
        let alone = self.options.operation_addresses == OperationAddresses::Nowhere;
        let status = if alone && operation.kind == OperationKind::Update {
            200
        } else {
            202
        };
        Answer {
            status,
            headers: self.addresses(operation),
            body: Some(json!({
                "operation": operation.kind.word(),
                "startTime": timestamp(operation.started),
            })),
            error: None,
            effect: true,
        }
    }

    pub(super) fn addresses(&self, operation: &Operation) -> Vec<(&'static str, String)> {
        use OperationAddresses::{AsyncOperation, Location, Nowhere};
        let wanted = self.options.operation_addresses;
        let mut headers = Vec::new();
        if wanted == Nowhere {
            return headers;
        }
        if wanted != Location {
            headers.push(("azure-asyncoperation", self.address(operation, STATUS)));
        }
        if wanted != AsyncOperation {
            headers.push(("location", self.address(operation, RESULT)));
        }
        if let Some(seconds) = self.retry_after {
            headers.push(("retry-after", seconds.to_string()));
        }
        headers
    }

    fn address(&self, operation: &Operation, what: &str) -> String {
        let Operation {
            id,
            subscription,
            location,
            ..
        } = operation;
        let base = &self.asked.base;
        let location = uri::encode(location);
        let version = self.version_word;
        let ticks = ticks(operation.started);
        let [certificate, signature, digest] = signature(id, what, version, &ticks);
        format!(
            "{base}/subscriptions/{subscription}/providers/Microsoft.DBforPostgreSQL/locations/\
             {location}/{what}/{id}?api-version={version}&t={ticks}&c={certificate}&s={signature}\
             &h={digest}"
        )
    }

    fn operation(&self, id: &str, what: &str) -> Outcome<&Operation> {
        let asked: &Inquiry = self.asked;
        let operation = self.world.operations.get(id).filter(|operation| {
            operation
                .subscription
                .eq_ignore_ascii_case(&asked.subscription)
                && plain(&operation.location) == asked.region
        });
        let operation = operation.ok_or_else(|| {
            Refusal::new(
                404,
                "OperationNotFound",
                format!("The operation '{id}' was not found."),
            )
        })?;
        let query = &asked.query;
        let version = uri::value(query, "api-version").unwrap_or_default();
        let ticks = ticks(operation.started);
        let right = signature(id, what, version, &ticks);
        let given = ["c", "s", "h"].map(|name| uri::value(query, name).unwrap_or_default());
        if uri::value(query, "t") != Some(ticks.as_str())
            || given != right.each_ref().map(String::as_str)
        {
            return Err(Refusal::new(
                400,
                "InvalidOperationSignature",
                "The address of the operation is not signed, or its signature does not fit. Use \
                 the address of the answer as it is.",
            ));
        }
        Ok(operation)
    }

    /// `azureAsyncOperation`: always 200, with the status in the body.
    pub(super) fn operation_status(&self, id: &str) -> Outcome<Answer> {
        let operation = self.operation(id, STATUS)?;
        let left_out = |part: &str| {
            let parts = &self.options.operation_parts_left_out;
            parts.iter().any(|other| other == part)
        };
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| {
            if !left_out(name) {
                body.insert(name.to_owned(), value);
            }
        };
        put("name", json!(operation.id));
        let word = match operation.status {
            Status::InProgress => "InProgress",
            Status::Succeeded => "Succeeded",
            Status::Failed(_) => "Failed",
        };
        put("status", json!(word));
        put("startTime", json!(timestamp(operation.started)));
        if let Status::Failed(problem) = &operation.status {
            let mut error = Map::new();
            if !left_out("error.code") {
                error.insert("code".to_owned(), json!(problem.code));
            }
            if !left_out("error.message") {
                error.insert("message".to_owned(), json!(problem.message));
            }
            put("error", Value::Object(error));
        }
        let mut answer = Answer::read(Value::Object(body));
        if operation.status == Status::InProgress
            && let Some(seconds) = self.retry_after
        {
            answer.headers.push(("retry-after", seconds.to_string()));
        }
        Ok(answer)
    }

    /// `operationResults`: 202 while it runs, then what it came to.
    pub(super) fn operation_result(&self, id: &str) -> Outcome<Answer> {
        let operation = self.operation(id, RESULT)?;
        match &operation.status {
            Status::InProgress => {
                let mut answer = Answer::empty(202);
                answer.headers = self.addresses(operation);
                Ok(answer)
            }
            Status::Failed(problem) => Err(Refusal::new(
                500,
                problem.code.clone(),
                problem.message.clone(),
            )),
            Status::Succeeded => {
                let server = self.world.servers.get(&operation.server);
                let result = match &operation.kind {
                    OperationKind::Delete | OperationKind::Power => None,
                    OperationKind::Child(kind, name) => {
                        server.and_then(|server| server.child(*kind, name))
                    }
                    _ => server.map(|server| self.render(server)),
                };
                Ok(match result {
                    Some(body) => Answer::read(body),
                    None => Answer::empty(204),
                })
            }
        }
    }
}

/// Ticks of 100 nanoseconds since the year 1, as .NET counts.
fn ticks(at: Millis) -> String {
    (at.saturating_mul(10_000))
        .saturating_add(621_355_968_000_000_000)
        .to_string()
}

/// What Azure signs its addresses with: a certificate, a signature and a digest. Ours are made from
/// hashes and of the real length, so that nobody can make them from the operation's id.
fn signature(id: &str, what: &str, version: &str, ticks: &str) -> [String; 3] {
    let long = |text: &str, blocks: usize| {
        let mut bytes = Vec::with_capacity(blocks * 32);
        for block in 0..blocks {
            bytes.extend_from_slice(&Sha256::digest(format!("{text} {block}")));
        }
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let text = format!("{id} {what} {version} {ticks}");
    [
        long("certificate", 60),
        long(&format!("signature {text}"), 8),
        long(&format!("digest {text}"), 1),
    ]
}
