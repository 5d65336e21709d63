//! The methods that only read.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::fields::{INSTANCE, INSTANCES, OPERATION, OPERATIONS, TIERS};
use super::filter::Filter;
use super::names;
use super::render;
use super::state::Instance;
use super::tiers;
use super::view;
use crate::marker;
use serde_json::{Map, Value, json};

/// `instances.get`.
pub(crate) fn instance(call: &Call<'_>) -> ApiResult<Value> {
    let view = told(call, call.existing()?);
    Ok(render::message(&INSTANCE, &view, call.route.encoding))
}

/// What is told of an instance: all of it, but for what the options keep back.
fn told(call: &Call<'_>, instance: &Instance) -> Map<String, Value> {
    let mut view = view::instance(instance, call.world, call.route.api);
    if !call.options.settings_versions
        && let Some(Value::Object(settings)) = view.get_mut("settings")
    {
        settings.shift_remove("settingsVersion");
    }
    view
}

/// `instances.list`, in the order of names.
pub(crate) fn instances(call: &Call<'_>) -> ApiResult<Value> {
    let filter = Filter::read(call.route.parameter("filter").unwrap_or_default())?;
    let page = Page::read(call, 500, 1000)?;
    let all = call
        .world
        .in_project(call.project())
        .map(|instance| {
            let view = told(call, instance);
            (instance.name.clone(), view)
        })
        .filter(|(_, view)| filter.fits(view))
        .map(|(name, view)| (name, Value::Object(view)));
    let list = page.cut("sql#instancesList", all);
    Ok(render::message(&INSTANCES, &list, call.route.encoding))
}

/// `operations.get`.
pub(crate) fn operation(call: &Call<'_>) -> ApiResult<Value> {
    let operation = call.world.operation(call.project(), call.target());
    let operation = operation.ok_or_else(|| {
        ApiError::new(
            404,
            "operationDoesNotExist",
            "The Cloud SQL instance operation does not exist.",
        )
    })?;
    let view = operation.view(call.route.api, call.now);
    Ok(render::message(&OPERATION, &view, call.route.encoding))
}

/// `operations.list`, the newest first.
pub(crate) fn operations(call: &Call<'_>) -> ApiResult<Value> {
    let page = Page::read(call, 100, 1000)?;
    let wanted = call
        .route
        .parameter("instance")
        .filter(|name| !name.is_empty());
    let all = call
        .world
        .operations
        .iter()
        .rev()
        .filter(|operation| operation.project == call.project())
        .filter(|operation| wanted.is_none_or(|wanted| operation.target == wanted))
        .map(|operation| {
            let view = operation.view(call.route.api, call.now);
            // The newest first: larger numbers have smaller keys.
            let key = format!("{:020}", u64::MAX - operation.number);
            (key, Value::Object(view))
        });
    let list = page.cut("sql#operationsList", all);
    Ok(render::message(&OPERATIONS, &list, call.route.encoding))
}

/// `tiers.list`.
pub(crate) fn tiers(call: &Call<'_>) -> Value {
    let items = tiers::list(&names::regions(call.options));
    let mut list = Map::new();
    list.insert("kind".to_owned(), json!("sql#tiersList"));
    list.insert("items".to_owned(), items);
    render::message(&TIERS, &list, call.route.encoding)
}

/// Which part of a list a call asks for.
struct Page {
    size: usize,
    /// The key that the page before ended with.
    after: Option<String>,
}

impl Page {
    fn read(call: &Call<'_>, usual: usize, most: usize) -> ApiResult<Self> {
        let size = call.route.number("maxResults")?.filter(|size| *size > 0);
        let token = call
            .route
            .parameter("pageToken")
            .filter(|token| !token.is_empty());
        let after = token.map(|token| {
            marker::decode(token).ok_or_else(|| ApiError::invalid("Invalid page token"))
        });
        Ok(Self {
            size: size.unwrap_or(usual).min(most),
            after: after.transpose()?,
        })
    }

    /// Cuts the page out of items that are ordered by their keys. An empty list has no `items`, as
    /// Google leaves out what is empty.
    fn cut(self, kind: &str, all: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
        let Self { size, after } = self;
        let mut rest = all.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        let (keys, items): (Vec<String>, Vec<Value>) = rest.by_ref().take(size).unzip();
        let mut list = Map::new();
        list.insert("kind".to_owned(), json!(kind));
        if let Some(last) = keys.last().filter(|_| rest.next().is_some()) {
            list.insert("nextPageToken".to_owned(), json!(marker::encode(last)));
        }
        if !items.is_empty() {
            list.insert("items".to_owned(), Value::Array(items));
        }
        list
    }
}
