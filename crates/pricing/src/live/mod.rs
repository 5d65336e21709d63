//! What the live price lists answer, read into a catalog. The bytes are handed in: where they come
//! from is the command line's business.
//!
//! Everything that is needed is checked (currency, unit, sign, size); everything else is left out.
//! An answer that cannot be read, or that holds no price of what it should price, is an error, and
//! nothing of it is used.

mod aws;
mod azure;
mod gcp;
mod rate;

use pgfleet_model::{ProviderKind, Region};

pub use aws::{aws_offer, aws_regions};
pub use azure::AzurePages;
pub use gcp::GcpPages;

/// Why an answer is of no use, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct LiveError {
    /// Where: a line of the answer, a row of the list.
    pub place: String,
    /// What is the matter.
    pub message: String,
}

impl LiveError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }

    fn json(error: &serde_json::Error) -> Self {
        let place = format!("line {} column {}", error.line(), error.column());
        Self::new(place, error.to_string())
    }

    fn nothing(provider: ProviderKind, region: &Region) -> Self {
        let message = format!("the list holds no price of PostgreSQL in {region}");
        Self::new(provider.to_string(), message)
    }
}

/// A word of an answer as it can be shown.
fn clip(text: &str) -> String {
    let shown = text.chars().take(60);
    shown.flat_map(char::escape_default).collect()
}
