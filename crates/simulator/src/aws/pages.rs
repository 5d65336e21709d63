//! Pages of long lists: `MaxRecords` and `Marker`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use crate::marker;

/// A page of items, and the marker of the next page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) marker: Option<String>,
}

/// Cuts the page that the call asks for out of items that are ordered by their name. `most` is the
/// largest page that the action allows.
pub(crate) fn page<T>(
    call: &Call<'_>,
    most: i64,
    items: impl IntoIterator<Item = (String, T)>,
) -> ApiResult<Page<T>> {
    let size = call.arguments.integer("MaxRecords").unwrap_or(100);
    if !(20..=most).contains(&size) {
        return Err(ApiError::value(format!(
            "Invalid value {size} for MaxRecords. Must be between 20 and {most}"
        )));
    }
    let size = usize::try_from(size).unwrap_or(100);
    let after = call.arguments.text("Marker").map(decode).transpose()?;
    let mut rest = items
        .into_iter()
        .filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
    let mut page = Page {
        items: Vec::new(),
        marker: None,
    };
    let mut last = String::new();
    for (name, item) in rest.by_ref().take(size) {
        last = name;
        page.items.push(item);
    }
    if rest.next().is_some() {
        page.marker = Some(marker::encode(&last));
    }
    Ok(page)
}

fn decode(text: &str) -> ApiResult<String> {
    marker::decode(text).ok_or_else(|| {
        ApiError::value("The request failed: the marker is not valid, or it is of another list.")
    })
}
