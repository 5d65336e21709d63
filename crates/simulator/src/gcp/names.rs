//! The rules of names, labels and places.

use super::errors::{ApiError, ApiResult};
use super::options::GcpOptions;
use super::resource::Resource;

/// Checks an instance's name: small letters, digits and hyphens, a letter first, no hyphen last; with
/// the project and a colon at most 98 characters.
pub(crate) fn instance(project: &str, name: &str) -> ApiResult<()> {
    let good = name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !good {
        return Err(ApiError::invalid(format_args!("instance name ({name})")));
    }
    if project.len() + 1 + name.len() > 98 {
        return Err(ApiError::invalid(format_args!(
            "instance name ({name}): with the project it must be at most 98 characters long"
        )));
    }
    Ok(())
}

/// Checks labels: keys of 1 to 63 small letters, digits, `_` and `-`, a letter first; values of at
/// most 63 of them; at most 64 labels. Letters of other scripts count as small letters.
pub(crate) fn labels(resource: &Resource) -> ApiResult<()> {
    let Some(labels) = resource.get("settings.userLabels") else {
        return Ok(());
    };
    let labels = labels.as_object().into_iter().flatten();
    let allowed = |text: &str| {
        text.chars().all(|one| {
            (one.is_alphabetic() && !one.is_uppercase())
                || one.is_numeric()
                || matches!(one, '_' | '-')
        })
    };
    let mut count = 0;
    for (key, value) in labels {
        count += 1;
        let letter = key.starts_with(|first: char| first.is_alphabetic());
        if !(1..=63).contains(&key.chars().count()) || !letter || !allowed(key) {
            return Err(ApiError::invalid(format_args!("Invalid label key ({key})")));
        }
        let value = value.as_str().unwrap_or_default();
        if value.chars().count() > 63 || !allowed(value) {
            return Err(ApiError::invalid(format_args!(
                "Invalid label value ({value}) for key ({key})"
            )));
        }
    }
    if count > 64 {
        return Err(ApiError::invalid("at most 64 labels are allowed"));
    }
    Ok(())
}

/// Regions of Cloud SQL with the letters of their zones: not all of them.
const REGIONS: &[(&str, &str)] = &[
    ("africa-south1", "abc"),
    ("asia-east1", "abc"),
    ("asia-east2", "abc"),
    ("asia-northeast1", "abc"),
    ("asia-northeast2", "abc"),
    ("asia-northeast3", "abc"),
    ("asia-south1", "abc"),
    ("asia-south2", "abc"),
    ("asia-southeast1", "abc"),
    ("asia-southeast2", "abc"),
    ("australia-southeast1", "abc"),
    ("australia-southeast2", "abc"),
    ("europe-central2", "abc"),
    ("europe-north1", "abc"),
    ("europe-southwest1", "abc"),
    ("europe-west1", "bcd"),
    ("europe-west2", "abc"),
    ("europe-west3", "abc"),
    ("europe-west4", "abc"),
    ("europe-west6", "abc"),
    ("europe-west8", "abc"),
    ("europe-west9", "abc"),
    ("europe-west10", "abc"),
    ("europe-west12", "abc"),
    ("me-central1", "abc"),
    ("me-central2", "abc"),
    ("me-west1", "abc"),
    ("northamerica-northeast1", "abc"),
    ("northamerica-northeast2", "abc"),
    ("southamerica-east1", "abc"),
    ("southamerica-west1", "abc"),
    ("us-central1", "abcf"),
    ("us-east1", "bcd"),
    ("us-east4", "abc"),
    ("us-east5", "abc"),
    ("us-south1", "abc"),
    ("us-west1", "abc"),
    ("us-west2", "abc"),
    ("us-west3", "abc"),
    ("us-west4", "abc"),
];

/// The zones of a region; none where there is no such region.
pub(crate) fn zones(region: &str, options: &GcpOptions) -> Option<Vec<String>> {
    let known = REGIONS.iter().find(|(name, _)| *name == region);
    let letters = known.map(|(_, letters)| *letters).or_else(|| {
        let more = options.regions.iter().any(|name| name == region);
        more.then_some("abc")
    })?;
    Some(
        letters
            .chars()
            .map(|letter| format!("{region}-{letter}"))
            .collect(),
    )
}

/// All regions, in order.
pub(crate) fn regions(options: &GcpOptions) -> Vec<String> {
    let mut all: Vec<String> = REGIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    all.extend(options.regions.iter().cloned());
    all.sort_unstable();
    all.dedup();
    all
}

/// The major version of `POSTGRES_17`; 9 of `POSTGRES_9_6`. None of anything else.
pub(crate) fn major(version: &str) -> Option<u32> {
    let digits = version.strip_prefix("POSTGRES_")?;
    digits.split('_').next()?.parse().ok()
}
