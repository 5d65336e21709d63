//! What the tests share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses a part of it, and fails by panicking"
)]
#![allow(
    clippy::allow_attributes,
    reason = "an expectation would fail where all of it is used"
)]

use std::{collections::BTreeMap, path::Path, sync::Arc};

use pgfleet_spec::{Diagnostic, SourceFile, Spec, parse};

/// Plans in which nothing is wrong, each with most keys of its provider.
pub(crate) const VALID: [(&str, &str); 4] = [
    ("aws.toml", include_str!("../plans/aws.toml")),
    ("gcp.toml", include_str!("../plans/gcp.toml")),
    ("azure.toml", include_str!("../plans/azure.toml")),
    ("local.toml", include_str!("../plans/local.toml")),
];

pub(crate) fn named(name: &str, text: &str) -> Result<Spec, Vec<Diagnostic>> {
    let source = SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    parse(Arc::new(source), Path::new("/plans"))
}

pub(crate) fn toml(text: &str) -> Result<Spec, Vec<Diagnostic>> {
    named("plan.toml", text)
}

pub(crate) fn json(text: &str) -> Result<Spec, Vec<Diagnostic>> {
    named("plan.json", text)
}

/// The codes of what is wrong.
pub(crate) fn codes(result: Result<Spec, Vec<Diagnostic>>) -> Vec<&'static str> {
    let found = result.map(|_| ()).expect_err("the plan was taken");
    found.iter().map(|found| found.code).collect()
}

/// A TOML text as JSON.
pub(crate) fn to_json(text: &str) -> serde_json::Value {
    ::toml::from_str(text).unwrap()
}

/// The spec without where it came from.
pub(crate) fn meaning(mut spec: Spec) -> Spec {
    spec.source = Arc::new(SourceFile {
        name: String::new(),
        text: String::new(),
    });
    spec.places = BTreeMap::new();
    spec
}
