//! The databases of an instance.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::fields::{DATABASE, DATABASES};
use super::operations::Effect;
use super::render;
use super::replica;
use super::resource::Resource;
use super::state::Instance;
use serde_json::{Map, Value, json};

/// What every instance has.
const FIRST: [&str; 2] = ["cloudsqladmin", "postgres"];
/// PostgreSQL cuts longer names off.
const LONGEST: usize = 63;
const CHARSET: &str = "UTF8";
const COLLATION: &str = "en_US.UTF8";

/// `databases.insert`.
pub(crate) fn insert(call: &mut Call<'_>) -> ApiResult<Value> {
    let said = call.read(&DATABASE)?;
    let instance = call.existing()?;
    let target = instance.name.clone();
    belongs(&said, instance)?;
    let name = said.text("name").unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::missing("name"));
    }
    if name.len() > LONGEST {
        return Err(ApiError::invalid(format_args!("database name ({name})")));
    }
    let charset = said.text("charset").unwrap_or_default();
    if !["", CHARSET].contains(&charset)
        || said.text("collation").is_some_and(|own| own != COLLATION)
    {
        return Err(ApiError::uncovered("a charset or collation of its own"));
    }
    check_writable(call, &target)?;
    if has(call.existing()?, name) {
        return Err(ApiError::invalid(format_args!(
            "failed to create database {name}. Detail: pq: database \"{name}\" already exists"
        )));
    }
    let seconds = call.timing.update;
    let effect = Effect::Database(name.to_owned());
    Ok(call.begin("CREATE_DATABASE", &target, seconds, effect))
}

/// `databases.get`.
pub(crate) fn get(call: &Call<'_>) -> ApiResult<Value> {
    let instance = call.existing()?;
    let name = call.route.part.as_deref().unwrap_or_default();
    if !has(instance, name) {
        return Err(ApiError::new(
            404,
            "databaseDoesNotExist",
            "The Cloud SQL instance database does not exist.",
        ));
    }
    let view = view(call, instance, name);
    Ok(render::message(&DATABASE, &view, call.route.encoding))
}

/// `databases.list`.
pub(crate) fn list(call: &Call<'_>) -> ApiResult<Value> {
    let instance = call.existing()?;
    let own = instance.databases.iter().map(String::as_str);
    let all = FIRST.into_iter().chain(own);
    let items: Vec<Value> = all
        .map(|name| Value::Object(view(call, instance, name)))
        .collect();
    let list = Map::from_iter([
        ("kind".to_owned(), json!("sql#databasesList")),
        ("items".to_owned(), Value::Array(items)),
    ]);
    Ok(render::message(&DATABASES, &list, call.route.encoding))
}

/// Refuses a body that speaks of another instance than the path.
pub(super) fn belongs(said: &Resource, instance: &Instance) -> ApiResult<()> {
    for (field, own) in [("instance", &instance.name), ("project", &instance.project)] {
        if said.text(field).is_some_and(|other| other != own) {
            return Err(ApiError::invalid(format_args!(
                "{field} is another than that of the path"
            )));
        }
    }
    Ok(())
}

/// Refuses what only a primary that runs can take, and while something else is under way.
pub(super) fn check_writable(call: &Call<'_>, target: &str) -> ApiResult<()> {
    call.check_idle(target)?;
    let instance = call.find(target)?;
    if instance.source().is_some() {
        return Err(ApiError::new(
            400,
            "errorReadReplicaInvalidOperation",
            "The requested operation isn't valid for a read replica.",
        ));
    }
    if !instance.is_runnable()
        || instance.resource.text("settings.activationPolicy") == Some("NEVER")
    {
        return Err(replica::not_ready());
    }
    Ok(())
}

fn has(instance: &Instance, name: &str) -> bool {
    FIRST.contains(&name) || instance.databases.contains(name)
}

fn view(call: &Call<'_>, instance: &Instance, name: &str) -> Map<String, Value> {
    let Instance {
        project,
        name: owner,
        ..
    } = instance;
    let api = call.route.api;
    let link =
        format!("https://sqladmin.googleapis.com/{api}/projects/{project}/instances/{owner}");
    Map::from_iter([
        ("kind".to_owned(), json!("sql#database")),
        ("charset".to_owned(), json!(CHARSET)),
        ("collation".to_owned(), json!(COLLATION)),
        ("name".to_owned(), json!(name)),
        ("instance".to_owned(), json!(owner)),
        (
            "selfLink".to_owned(),
            json!(format!("{link}/databases/{name}")),
        ),
        ("project".to_owned(), json!(project)),
    ])
}
