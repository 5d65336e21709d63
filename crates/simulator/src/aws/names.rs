//! The rules of names, and the reading of ARNs and windows.

use super::errors::{ApiError, ApiResult};
use super::state::{Place, Tag};
use crate::clock::Millis;

/// Checks an identifier and lower-cases it: 1 to 63 letters, digits and hyphens, a letter first,
/// no hyphen last and no two in a row.
pub(crate) fn identifier(parameter: &str, text: &str) -> ApiResult<String> {
    let good = (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.ends_with('-')
        && !text.contains("--");
    if good {
        return Ok(text.to_ascii_lowercase());
    }
    Err(ApiError::value(format!(
        "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; \
         must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or \
         contain two consecutive hyphens."
    )))
}

/// The region, account and identifier of `arn:aws:rds:REGION:ACCOUNT:KIND:NAME`.
pub(crate) fn arn(text: &str, kind: &str) -> Option<(Place, String)> {
    let mut parts = text.splitn(7, ':');
    if parts.next() != Some("arn")
        || !parts.next()?.starts_with("aws")
        || parts.next() != Some("rds")
    {
        return None;
    }
    let (region, account) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    if parts.next() != Some(kind) {
        return None;
    }
    let name = parts.next()?.to_ascii_lowercase();
    Some((Place { account, region }, name))
}

/// Finds the instance that an identifier or an ARN means, seen from `place`.
pub(crate) fn instance(text: &str, place: &Place) -> ApiResult<(Place, String)> {
    if text.starts_with("arn:") {
        return arn(text, "db")
            .ok_or_else(|| ApiError::value(format!("Invalid DB instance ARN: {text}")));
    }
    Ok((place.clone(), text.to_ascii_lowercase()))
}

/// Checks an administrator's name: 1 to 63 letters, digits and underscores, a letter first.
pub(crate) fn master_username(text: &str) -> ApiResult<()> {
    let good = (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !good {
        return Err(ApiError::value(
            "The parameter MasterUsername is not a valid identifier because it is empty, too long, \
             does not begin with a letter or contains other than letters, digits and underscores.",
        ));
    }
    let lower = text.to_ascii_lowercase();
    let role = lower == "admin" || lower == "rdsrepladmin" || lower.starts_with("rds_");
    if role || lower == "rdsadmin" || lower.starts_with("pg_") || is_reserved(&lower) {
        return Err(ApiError::value(format!(
            "MasterUsername {text} cannot be used as it is a reserved word used by the engine"
        )));
    }
    Ok(())
}

/// Whether PostgreSQL 17 reserves a word (its appendix "SQL Key Words").
fn is_reserved(lower: &str) -> bool {
    const RESERVED: &str = "all analyse analyze and any array as asc asymmetric both case cast check \
        collate column constraint create current_catalog current_date current_role current_time \
        current_timestamp current_user default deferrable desc distinct do else end except false \
        fetch for foreign from grant group having in initially intersect into lateral leading limit \
        localtime localtimestamp not null offset on only or order placing primary references \
        returning select session_user some symmetric system_user table then to trailing true union \
        unique user using variadic when where window with";
    RESERVED.split_ascii_whitespace().any(|word| word == lower)
}

/// Checks a database's name: 1 to 63 letters, digits and underscores, no digit first.
pub(crate) fn database(text: &str) -> ApiResult<()> {
    let good = (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let lower = text.to_ascii_lowercase();
    if is_reserved(&lower) || matches!(lower.as_str(), "rdsadmin" | "template0" | "template1") {
        return Err(ApiError::value(format!(
            "Database name {text} cannot be used. It is a reserved word for this engine"
        )));
    }
    if good {
        return Ok(());
    }
    Err(ApiError::value(
        "DBName must begin with a letter and contain only alphanumeric characters.",
    ))
}

/// Checks a password: 8 to 128 printable characters other than `/`, `"`, `@` and space.
pub(crate) fn password(text: &str) -> ApiResult<()> {
    if !(8..=128).contains(&text.chars().count()) {
        return Err(ApiError::value(
            "The parameter MasterUserPassword is not a valid password because it is shorter than 8 \
             characters or longer than 128.",
        ));
    }
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'"' | b'@'))
    {
        return Err(ApiError::value(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII \
             characters besides '/', '@', '\"', ' ' may be used.",
        ));
    }
    Ok(())
}

/// Checks tags: keys of 1 to 128 characters without `aws:` before them, values up to 256.
pub(crate) fn tags(tags: &[Tag]) -> ApiResult<()> {
    if tags.len() > 50 {
        return Err(ApiError::value("A resource can have at most 50 tags."));
    }
    let allowed = |text: &str| {
        text.chars()
            .all(|one| one.is_alphanumeric() || one.is_whitespace() || "_.:/=+-@".contains(one))
    };
    for (index, tag) in tags.iter().enumerate() {
        let (key, value) = (tag.key.as_str(), tag.value.as_str());
        if !(1..=128).contains(&key.chars().count())
            || value.chars().count() > 256
            || !allowed(key)
            || !allowed(value)
        {
            return Err(ApiError::value(format!(
                "The tag {key:?} has an invalid key or value."
            )));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(ApiError::value(
                "Tag keys starting with 'aws:' are reserved for system use.",
            ));
        }
        if tags[..index].iter().any(|other| other.key == key) {
            return Err(ApiError::value(format!("Duplicate tag key {key:?}.")));
        }
    }
    Ok(())
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_A_WEEK: u64 = 7 * 24 * 60;

/// Checks a backup window, `hh:mm-hh:mm`, of at least half an hour.
pub(crate) fn backup_window(text: &str) -> ApiResult<String> {
    let minutes = |text: &str| clock_time(text);
    let window = text
        .split_once('-')
        .and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
    match window {
        Some((from, to)) if (to + 24 * 60 - from) % (24 * 60) >= 30 => Ok(text.to_owned()),
        _ => Err(ApiError::value(format!("Invalid backup window: {text}"))),
    }
}

/// Checks a maintenance window, `ddd:hh24:mi-ddd:hh24:mi`, and lower-cases it.
pub(crate) fn maintenance_window(text: &str) -> ApiResult<String> {
    let text = text.to_ascii_lowercase();
    match window_minutes(&text) {
        Some((from, to)) if (to + MINUTES_A_WEEK - from) % MINUTES_A_WEEK >= 30 => Ok(text),
        _ => Err(ApiError::value(format!(
            "Invalid maintenance window: {text}"
        ))),
    }
}

/// The next time that a maintenance window opens.
pub(crate) fn window_opens(window: &str, now: Millis) -> Millis {
    const MINUTE: u64 = 60_000;
    // 1970 began on a Thursday: three days after a Monday.
    let (from, _) = window_minutes(window).unwrap_or_default();
    let week = MINUTES_A_WEEK * MINUTE;
    let into_week = now.saturating_add(3 * 24 * 60 * MINUTE) % week;
    let wait = (from * MINUTE + week - into_week) % week;
    now.saturating_add(wait)
}

fn window_minutes(text: &str) -> Option<(u64, u64)> {
    let side = |text: &str| {
        let (day, time) = text.split_once(':')?;
        let day = DAYS.iter().position(|name| *name == day)?;
        Some(u64::try_from(day).ok()? * 24 * 60 + clock_time(time)?)
    };
    let (from, to) = text.split_once('-')?;
    Some((side(from)?, side(to)?))
}

/// The minutes of `hh:mm`.
fn clock_time(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: u64| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>()
            .ok()
            .filter(|number| digits && *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}
