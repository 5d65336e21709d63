//! Which method a request means: its path, and its query.

use super::errors::{ApiError, ApiResult};
use super::render::Encoding;
use crate::percent;
use hyper::{Method, Uri};
use std::collections::BTreeMap;

/// A method of the API, by the name that Google's reference gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    Get,
    List,
    Patch,
    Update,
    Delete,
    PromoteReplica,
    Switchover,
    Restart,
    InsertDatabase,
    GetDatabase,
    ListDatabases,
    UpdateUser,
    GetOperation,
    ListOperations,
    ListTiers,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Insert => "instances.insert",
            Self::Get => "instances.get",
            Self::List => "instances.list",
            Self::Patch => "instances.patch",
            Self::Update => "instances.update",
            Self::Delete => "instances.delete",
            Self::PromoteReplica => "instances.promoteReplica",
            Self::Switchover => "instances.switchover",
            Self::Restart => "instances.restart",
            Self::InsertDatabase => "databases.insert",
            Self::GetDatabase => "databases.get",
            Self::ListDatabases => "databases.list",
            Self::UpdateUser => "users.update",
            Self::GetOperation => "operations.get",
            Self::ListOperations => "operations.list",
            Self::ListTiers => "tiers.list",
        }
    }

    /// What the caller must be allowed to do.
    pub(crate) fn permission(self) -> Option<&'static str> {
        Some(match self {
            Self::Insert => "cloudsql.instances.create",
            Self::Get | Self::GetOperation | Self::ListOperations => "cloudsql.instances.get",
            Self::List => "cloudsql.instances.list",
            Self::Patch | Self::Update => "cloudsql.instances.update",
            Self::Delete => "cloudsql.instances.delete",
            Self::PromoteReplica => "cloudsql.instances.promoteReplica",
            Self::Switchover => "cloudsql.instances.switchover",
            Self::Restart => "cloudsql.instances.restart",
            Self::InsertDatabase => "cloudsql.databases.create",
            Self::GetDatabase => "cloudsql.databases.get",
            Self::ListDatabases => "cloudsql.databases.list",
            Self::UpdateUser => "cloudsql.users.update",
            Self::ListTiers => return None,
        })
    }

    pub(crate) fn takes_body(self) -> bool {
        matches!(
            self,
            Self::Insert | Self::Patch | Self::Update | Self::InsertDatabase | Self::UpdateUser
        )
    }

    /// The query parameters of its own, beside those of every method.
    fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::List => &["filter", "maxResults", "pageToken"],
            Self::Delete => &[
                "enableFinalBackup",
                "finalBackupDescription",
                "finalBackupExpiryTime",
                "finalBackupTtlDays",
            ],
            Self::PromoteReplica => &["failover"],
            Self::Switchover => &["dbTimeout"],
            Self::UpdateUser => &["host", "name"],
            Self::ListOperations => &["instance", "maxResults", "pageToken"],
            _ => &[],
        }
    }
}

/// A request's path and query, read.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// What stands before `projects`, for links: `v1` or `sql/v1beta4`.
    pub(crate) api: &'static str,
    pub(crate) project: String,
    pub(crate) action: Action,
    /// The instance or operation that the path names.
    pub(crate) target: Option<String>,
    /// What it names of the instance.
    pub(crate) part: Option<String>,
    pub(crate) encoding: Encoding,
    query: BTreeMap<String, String>,
}

/// The versions of the API, by how paths begin.
const APIS: [(&str, &str); 3] = [
    ("/v1/projects/", "v1"),
    ("/sql/v1/projects/", "v1"),
    ("/sql/v1beta4/projects/", "sql/v1beta4"),
];

impl Route {
    pub(crate) fn read(method: &Method, uri: &Uri) -> ApiResult<Self> {
        let path = uri.path();
        let unknown = || {
            let message = format!("The requested URL {path} was not found on this server.");
            ApiError::new(404, "notFound", message)
        };
        let (api, rest) = APIS
            .iter()
            .find_map(|(start, api)| Some((*api, path.strip_prefix(start)?)))
            .ok_or_else(unknown)?;
        let parts = rest.split('/').map(|part| decode(part, false));
        let parts: Vec<String> = parts.collect::<ApiResult<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(unknown());
        }
        let (action, target) = match (method.as_str(), &parts[1..]) {
            ("POST", ["instances"]) => (Action::Insert, None),
            ("GET", ["instances"]) => (Action::List, None),
            ("GET", ["instances", name]) => (Action::Get, Some(*name)),
            ("PATCH", ["instances", name]) => (Action::Patch, Some(*name)),
            ("PUT", ["instances", name]) => (Action::Update, Some(*name)),
            ("DELETE", ["instances", name]) => (Action::Delete, Some(*name)),
            ("POST", ["instances", name, "promoteReplica"]) => {
                (Action::PromoteReplica, Some(*name))
            }
            ("POST", ["instances", name, "switchover"]) => (Action::Switchover, Some(*name)),
            ("POST", ["instances", name, "restart"]) => (Action::Restart, Some(*name)),
            ("POST", ["instances", name, "databases"]) => (Action::InsertDatabase, Some(*name)),
            ("GET", ["instances", name, "databases"]) => (Action::ListDatabases, Some(*name)),
            ("GET", ["instances", name, "databases", _]) => (Action::GetDatabase, Some(*name)),
            ("PUT", ["instances", name, "users"]) => (Action::UpdateUser, Some(*name)),
            ("GET", ["operations"]) => (Action::ListOperations, None),
            ("GET", ["operations", name]) => (Action::GetOperation, Some(*name)),
            ("GET", ["tiers"]) => (Action::ListTiers, None),
            (
                _,
                [
                    "instances" | "operations" | "tiers" | "flags" | "backups",
                    ..,
                ],
            ) => {
                return Err(ApiError::uncovered(&format!("{method} {path}")));
            }
            _ => return Err(unknown()),
        };
        let mut route = Self {
            api,
            project: parts[0].to_owned(),
            action,
            target: target.map(str::to_owned),
            part: parts.get(4).map(|part| (*part).to_owned()),
            encoding: Encoding::Names,
            query: BTreeMap::new(),
        };
        route.read_query(uri.query().unwrap_or_default())?;
        Ok(route)
    }

    fn read_query(&mut self, text: &str) -> ApiResult<()> {
        let mut violations = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name, true)?, decode(value, true)?);
            match name.trim_start_matches('$') {
                "alt" => match value.as_str() {
                    "json" => {}
                    "json;enum-encoding=int" => self.encoding = Encoding::Numbers,
                    other => return Err(ApiError::uncovered(&format!("$alt={other}"))),
                },
                // Clients send what they leave open as empty, or as false.
                "fields" | "callback" | "location" if value.is_empty() => {}
                "reconcilePscNetworking" | "reconcilePscNetworkingForce" if value == "false" => {}
                "fields"
                | "callback"
                | "location"
                | "reconcilePscNetworking"
                | "reconcilePscNetworkingForce" => {
                    return Err(ApiError::uncovered(&format!("the query parameter {name}")));
                }
                ".xgafv" | "access_token" | "key" | "oauth_token" | "prettyPrint" | "quotaUser"
                | "uploadType" | "upload_protocol" => {}
                own if self.action.parameters().contains(&own) => {
                    self.query.insert(own.to_owned(), value);
                }
                _ => {
                    let message = format!(
                        "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query \
                         parameter. Field '{name}' could not be found in request message."
                    );
                    violations.push((String::new(), message));
                }
            }
        }
        if violations.is_empty() {
            return Ok(());
        }
        Err(ApiError::json(&violations))
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(crate) fn switch(&self, name: &str) -> ApiResult<bool> {
        match self.parameter(name) {
            None | Some("" | "false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(wrong(name, "TYPE_BOOL", other)),
        }
    }

    pub(crate) fn number(&self, name: &str) -> ApiResult<Option<usize>> {
        let number = |text: &str| {
            let number = text.parse::<u32>().ok();
            number.and_then(|number| usize::try_from(number).ok())
        };
        match self.parameter(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match number(text) {
                Some(number) => Ok(Some(number)),
                None => Err(wrong(name, "TYPE_UINT32", text)),
            },
        }
    }
}

fn wrong(name: &str, kind: &str, value: &str) -> ApiError {
    let field = super::schema::snake(name);
    let text = format!("Invalid value at '{field}' ({kind}), \"{value}\"");
    ApiError::json(&[(field, text)])
}

fn decode(text: &str, query: bool) -> ApiResult<String> {
    percent::decode(text.as_bytes(), query).ok_or_else(|| {
        let text = format!("Invalid percent-encoding: {text}");
        ApiError::json(&[(String::new(), text)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, uri: &str) -> ApiResult<Route> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Route::read(&method, &uri.parse().unwrap())
    }

    #[test]
    fn the_encoding_of_enums_is_read_encoded_or_not() {
        for query in [
            "$alt=json;enum-encoding=int",
            "%24alt=json%3Benum-encoding%3Dint",
            "alt=json;enum-encoding%3dint&prettyPrint=false",
        ] {
            let route = read("GET", &format!("/v1/projects/p/instances?{query}")).unwrap();
            assert_eq!(route.encoding, Encoding::Numbers, "{query}");
        }
    }

    #[test]
    fn both_versions_of_the_api_have_the_same_methods() {
        for start in ["/v1", "/sql/v1", "/sql/v1beta4"] {
            let route = read(
                "POST",
                &format!("{start}/projects/p/instances/a/promoteReplica"),
            )
            .unwrap();
            assert_eq!(route.action, Action::PromoteReplica);
            assert_eq!(route.target.as_deref(), Some("a"));
        }
        assert_eq!(read("GET", "/v1/projects/p/what").unwrap_err().status, 404);
        assert_eq!(
            read("POST", "/v1/projects/p/instances/a/clone")
                .unwrap_err()
                .status,
            501
        );
        assert_eq!(
            read("GET", "/v1/projects/p/instances?x=1")
                .unwrap_err()
                .status,
            400
        );
    }
}
