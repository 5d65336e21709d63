//! docs/aws.md's least privilege, held against what the provider calls.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{collections::BTreeSet, fs, path::Path};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The calls that the provider makes: each names itself where its error is explained.
fn calls() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for part in text.split("explain(").skip(1) {
            if let Some(name) = part.trim_start().strip_prefix('"') {
                found.insert(name.split('"').next().unwrap().to_owned());
            }
        }
        // Every request is sent where its error is explained.
        let sent = text.matches(".send()").count();
        let explained = text.matches("explain(").count() - text.matches("fn explain").count();
        assert!(sent <= explained, "a request is sent and not explained");
    }
    assert!(found.len() > 8, "{found:?}");
    found
}

/// The actions of the policy.
fn policy(page: &str) -> BTreeSet<String> {
    let json = page.split("```json").nth(1).unwrap();
    let json = json.split("```").next().unwrap();
    let policy: serde_json::Value = serde_json::from_str(json).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().unwrap());
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

/// The actions that AWS asks for beside those that are called, each with its reason.
fn reasons(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `rds:"));
    let rows = rows.filter_map(|row| row.split_once("` | "));
    rows.filter(|(_, why)| why.len() > 20)
        .map(|(action, _)| format!("rds:{action}"))
        .collect()
}

#[test]
fn the_policy_allows_every_call_and_nothing_without_a_reason() {
    let page = read("../../docs/aws.md");
    // Whoever has credentials may ask who they are.
    let called: BTreeSet<String> = calls()
        .into_iter()
        .filter(|call| call != "GetCallerIdentity")
        .map(|call| format!("rds:{call}"))
        .collect();
    let allowed = policy(&page);
    let missing: Vec<_> = called.difference(&allowed).collect();
    assert!(missing.is_empty(), "not in the policy: {missing:?}");
    let further: BTreeSet<String> = allowed.difference(&called).cloned().collect();
    let without: Vec<_> = further
        .iter()
        .filter(|one| !reasons(&page).contains(*one))
        .collect();
    assert!(without.is_empty(), "without a reason: {without:?}");
}
