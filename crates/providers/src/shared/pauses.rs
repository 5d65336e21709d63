//! The pauses that answers ask for.

use std::time::{Duration, SystemTime};

/// Longest pause that an answer may ask for.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);

/// How long a `Retry-After` asks to wait: in seconds, or until a date.
pub(crate) fn retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    let pause = seconds.or_else(|| {
        let date = httpdate::parse_http_date(text).ok()?;
        // One that is past asks for no pause.
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    })?;
    Some(pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date_and_is_bounded() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("99999"), Some(LONGEST));
        assert_eq!(retry_after("soon"), None);
        let past = "Fri, 01 Jan 2021 00:00:00 GMT";
        assert_eq!(retry_after(past), Some(Duration::ZERO));
        let later = httpdate::fmt_http_date(SystemTime::now() + 2 * LONGEST);
        assert_eq!(retry_after(&later), Some(LONGEST));
    }
}
