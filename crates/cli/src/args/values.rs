//! What stands behind a flag.

use std::{num::NonZeroUsize, time::Duration};

use clap::ValueEnum;

/// A whole number from 1 on.
pub(super) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    let wrong = |_| "write a whole number, 1 or more".to_owned();
    text.parse().map_err(wrong)
}

/// How plans are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people
    Text,
    /// For scripts
    Json,
    /// For pull requests
    Markdown,
    /// The calls as the vendor's own commands
    Shell,
}

/// A platform with prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cloud {
    /// Amazon RDS
    Aws,
    /// Google Cloud SQL
    Gcp,
    /// Azure Flexible Server
    Azure,
}

/// How reports are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// For people
    Text,
    /// For scripts
    Json,
    /// For pull requests
    Markdown,
}

/// What has a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Plan files, which may be written as JSON
    PlanFile,
    /// `plan --format json`
    Plan,
    /// What `plan --out` saves
    SavedPlan,
    /// A line of `apply --format json`
    Event,
    /// `status --format json`
    Status,
    /// `verify --format json`
    Verify,
    /// `cost --format json`
    Cost,
    /// `cost --compare --format json`
    Comparison,
    /// `prices show --format json`
    Prices,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For scripts
    Json,
}

/// Reads a number of bytes.
pub(super) fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 1_024..) => Ok(size),
        _ => Err("write a number of bytes, 1024 or more".to_owned()),
    }
}

/// Reads a time span.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "it has no unit: write {text}s for seconds, {text}m for minutes"
        ));
    }
    match humantime::parse_duration(text) {
        Ok(time) if time.is_zero() => Err("must be longer than nothing".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; write it as 30s, 20m or 1h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_unit_is_answered_with_that_number_and_units() {
        let why = duration("20").unwrap_err();
        assert_eq!(
            why,
            "it has no unit: write 20s for seconds, 20m for minutes"
        );
        assert_eq!(duration("20s"), Ok(Duration::from_secs(20)));
        assert!(
            duration("soon")
                .unwrap_err()
                .ends_with("write it as 30s, 20m or 1h")
        );
    }
}
