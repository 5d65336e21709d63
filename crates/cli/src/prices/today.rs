//! Today, by the wall clock: only the age of a price follows from it, in days.

use std::time::{SystemTime, UNIX_EPOCH};

use pgfleet_pricing::Date;

/// Today. A clock that stands before 1970 finds no price old.
pub(crate) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400);
    let days = u32::try_from(days).unwrap_or(u32::MAX);
    Date::from_unix_days(days).unwrap_or(Date::LAST)
}
