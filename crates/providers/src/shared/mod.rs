//! What is common to the clouds, once. A cloud's own words stay in its folder.

pub(crate) mod calls;
pub(crate) mod databases;
pub(crate) mod guard;
pub(crate) mod http;
pub(crate) mod numbers;
pub(crate) mod offered;
pub(crate) mod ownership;
pub(crate) mod passwords;
pub(crate) mod pauses;
#[cfg(test)]
pub(crate) mod planning;
pub(crate) mod portable;
#[cfg(feature = "gcp")]
pub(crate) mod proxies;
mod scrub;
pub(crate) mod standing;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub(crate) mod tags;
#[cfg(any(feature = "azure", feature = "gcp"))]
pub(crate) mod unseen;
pub(crate) mod words;
