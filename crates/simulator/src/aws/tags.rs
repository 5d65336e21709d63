//! `AddTagsToResource`, `RemoveTagsFromResource` and `ListTagsForResource`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::state::Tag;
use super::xml::Xml;

/// The tags of the DB instance or snapshot that the call's ARN names.
fn tags_of<'a>(call: &'a mut Call<'_>) -> ApiResult<&'a mut Vec<Tag>> {
    let text = call.arguments.required("ResourceName").to_owned();
    if let Some((place, name)) = names::arn(&text, "db") {
        let key = place.key(&name);
        let found = call
            .world
            .instances
            .get_mut(&key)
            .filter(|_| place == call.place);
        return found
            .map(|instance| &mut instance.tags)
            .ok_or_else(|| ApiError::no_instance(&name));
    }
    if let Some((place, name)) = names::arn(&text, "snapshot") {
        let found = call
            .world
            .snapshots
            .get_mut(&place.key(&name))
            .filter(|_| place == call.place);
        return found.map(|snapshot| &mut snapshot.tags).ok_or_else(|| {
            ApiError::new(
                404,
                "DBSnapshotNotFound",
                format!("DBSnapshot {name} not found."),
            )
        });
    }
    Err(ApiError::value(format!(
        "Invalid resource name: {text}: the ARN of a DB instance or DB \
         snapshot is required."
    )))
}

pub(crate) fn add(call: &mut Call<'_>, _: &mut Xml) -> ApiResult<()> {
    let new = call.arguments.tags("Tags").to_vec();
    let tags = tags_of(call)?;
    let mut all = tags.clone();
    names::tags(&new)?;
    for tag in new {
        match all.iter_mut().find(|old| old.key == tag.key) {
            Some(old) => *old = tag,
            None => all.push(tag),
        }
    }
    names::tags(&all)?;
    *tags = all;
    Ok(())
}

pub(crate) fn remove(call: &mut Call<'_>, _: &mut Xml) -> ApiResult<()> {
    let keys = call.arguments.texts("TagKeys").unwrap_or_default().to_vec();
    tags_of(call)?.retain(|tag| !keys.contains(&tag.key));
    Ok(())
}

pub(crate) fn list(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    if let Some(filter) = call.arguments.filters().first() {
        return Err(ApiError::value(format!(
            "Unrecognized filter name: {}",
            filter.name
        )));
    }
    let tags = tags_of(call)?;
    super::render::tags(xml, tags);
    Ok(())
}
