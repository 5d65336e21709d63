//! Plan files: from their text to a [`Spec`] in which everything is possible, or to every
//! problem in them, each at its place.
//!
//! The crate knows the file's keys and what they must agree on with each other. It knows no
//! platform's limits, no prices and nothing of what runs.
//!
//! ```
//! use std::{path::Path, sync::Arc};
//! use pgfleet_spec::{SourceFile, parse};
//!
//! let file = |text: &str| {
//!     Arc::new(SourceFile { name: "plan.toml".to_owned(), text: text.to_owned() })
//! };
//! let plan = "fleet = 'foodtruck'\nprovider = 'local'\n[[replicas]]\ncount = 2\n";
//! let spec = parse(file(plan), Path::new("."))?;
//! let addresses: Vec<_> = spec.addresses().iter().map(|(at, ..)| at.to_string()).collect();
//! assert_eq!(addresses, ["primary", "replica-1", "replica-2"]);
//!
//! let wrong = "fleet = 'foodtruck'\nprovider = 'local'\n[[replicas]]\ncuont = 2\n";
//! let problems = parse(file(wrong), Path::new(".")).unwrap_err();
//! assert_eq!(problems[0].code, "spec/unknown-key");
//! assert_eq!(problems[0].label, "did you mean `count`?");
//! # Ok::<(), Vec<pgfleet_spec::Diagnostic>>(())
//! ```

mod build;
mod code;
mod cross;
mod diagnostic;
mod duplicates;
mod example;
mod instances;
mod keys;
mod load;
mod parse;
mod problems;
mod redact;
mod rules;
mod schema;
mod spec;
mod storage;
mod structure;
mod syntax;
mod text;
mod tree;

pub use code::CODES;
pub use diagnostic::{Diagnostic, Place, SourceFile};
pub use load::load;
pub use parse::parse;
pub use schema::schema;
pub use spec::*;
pub use text::{either, likeness};
