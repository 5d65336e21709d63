//! docs/aws.md's least privilege, held against what the provider calls.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The calls that the provider makes: each names itself where its error is explained.
fn calls() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut places = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws")];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            let inside = fs::read_dir(place).unwrap();
            places.extend(inside.map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(place).unwrap();
        for part in text.split("explain(").skip(1) {
            if let Some(name) = part.trim_start().strip_prefix('"') {
                found.insert(name.split('"').next().unwrap().to_owned());
            }
        }
        // Every request is sent where its error is explained.
        let sent = text.matches(".send()").count();
        let explained = text.matches("explain(").count();
        assert!(sent <= explained, "a request is sent and not explained");
    }
    assert!(found.len() > 8, "{found:?}");
    found
}

/// The statements of the policy.
fn statements(page: &str) -> Vec<Value> {
    let json = page.split("```json").nth(1).unwrap();
    let json = json.split("```").next().unwrap();
    let policy: Value = serde_json::from_str(json).unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

/// The actions of a statement.
fn actions(statement: &Value) -> impl Iterator<Item = String> {
    let actions = statement["Action"].as_array().unwrap().clone();
    actions
        .into_iter()
        .map(|action| action.as_str().unwrap().to_owned())
}

/// The actions of the policy.
fn policy(page: &str) -> BTreeSet<String> {
    statements(page).iter().flat_map(actions).collect()
}

/// The actions that AWS asks for beside those that are called, each with its reason.
fn reasons(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.filter_map(|row| row.split_once("` | "));
    rows.filter(|(action, why)| action.contains(':') && why.len() > 20)
        .map(|(action, _)| action.to_owned())
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

#[test]
fn the_policy_allows_what_aws_asks_for_beside_the_calls() {
    let page = read("../../docs/aws.md");
    let allowed = policy(&page);
    // Of a key of one's own, and for the first instance of an account.
    for action in [
        "kms:CreateGrant",
        "kms:DescribeKey",
        "iam:CreateServiceLinkedRole",
    ] {
        assert!(allowed.contains(action), "{action}");
    }
    // A group bears no tag of pgfleet's.
    let switches = statements(&page).into_iter().any(|statement| {
        let modifies = actions(&statement).any(|action| action == "rds:ModifyDBInstance");
        let groups = statement["Resource"].to_string().contains(":pg:*");
        modifies && groups && statement["Condition"].is_null()
    });
    assert!(switches, "nobody may switch to another parameter group");
}
