//! Pages of long lists: `MaxRecords` and `Marker`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};

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
        page.marker = Some(encode(&last));
    }
    Ok(page)
}

/// A marker says where the page ended, so that instances that come or go meanwhile cannot shift
/// the pages. Clients must not look into it, hence the digits.
fn encode(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::from("m"), |mut marker, byte| {
        let _ = write!(marker, "{byte:02x}");
        marker
    })
}

fn decode(marker: &str) -> ApiResult<String> {
    let bytes = marker
        .strip_prefix('m')
        .filter(|digits| digits.len() % 2 == 0)
        .and_then(|digits| {
            let digits = digits.as_bytes().chunks(2);
            digits
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect::<Option<Vec<u8>>>()
        });
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            ApiError::value(
                "The request failed: the marker is not valid, or it is of another list.",
            )
        })
}
