//! The platforms that pgfleet knows, one folder and one cargo feature each.
//!
//! Every folder has these rooms:
//!
//! | room | what is in it |
//! |---|---|
//! | `platform` | the pure half: what the platform can do, and where its rules are asked |
//! | `resolve` | a plan file's words, completed with what only the platform knows |
//! | `rules` | checks of a plan, each with its source |
//! | `order` | the calls that a change takes, and what waits for what |
//! | `provider` | the other half: the trait's functions, and what they keep between calls |
//! | `observe` | the listing, turned into pgfleet's words |
//! | `mutate` | the calls that change something |
//! | `errors` | the platform's errors, turned into kind, remedy and how to retry |
//!
//! The clouds have these besides, where they need them:
//!
//! | room | what is in it |
//! |---|---|
//! | `client` | what goes over the wire: the vendor's client, credentials, endpoints |
//! | `bodies` | what is sent, where that is written as a document |
//! | `preflight` | what the cloud itself is asked before a plan is carried out |
//! | `command` | the calls as the vendor's own commands |
//! | `size` | classes by their names |
//! | `seen` | what was seen of instances and is still needed |
//! | `sent` | what was sent to instances, as long as answers are judged by it |
//! | `tags` | tags by their names, where the same name is spelled in more than one way |
//!
//! What is common to the clouds stands in `shared`, which knows no folder; no folder knows another.
//! The tests of rules lie in `rules/tests` of each cloud.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(feature = "local")]
pub mod local;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
#[cfg_attr(
    not(all(feature = "aws", feature = "azure", feature = "gcp")),
    allow(dead_code, reason = "one cloud alone does not need all of it")
)]
mod shared;
