//! Files and folders.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod support;

use std::{fs, path::PathBuf};

use support::codes;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn local(fleet: &str) -> String {
    format!("fleet = '{fleet}'\nprovider = 'local'\n")
}

fn load(paths: &[PathBuf]) -> Result<Vec<String>, Vec<pgfleet_spec::Diagnostic>> {
    let specs = pgfleet_spec::load(paths)?;
    Ok(specs.iter().map(|spec| spec.fleet.to_string()).collect())
}

fn load_codes(paths: &[PathBuf]) -> Vec<&'static str> {
    load(paths)
        .unwrap_err()
        .iter()
        .map(|found| found.code)
        .collect()
}

#[test]
fn a_folder_is_its_plans_by_name() {
    let folder = folder(&[
        ("b.toml", &local("b")),
        ("a.json", "{\"fleet\": \"a\", \"provider\": \"local\"}"),
        ("notes.md", "not a plan"),
        (".pgfleet-simulated.json", "{}"),
    ]);
    fs::create_dir(folder.path().join("deeper")).unwrap();
    fs::write(folder.path().join("deeper/c.toml"), "nonsense").unwrap();
    assert_eq!(load(&[folder.path().into()]).unwrap(), ["a", "b"]);
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let folder = folder(&[("a.toml", &local("a"))]);
    let file = folder.path().join("a.toml");
    let roundabout = folder.path().join(".").join("a.toml");
    assert_eq!(
        load(&[file.clone(), folder.path().into(), roundabout, file]).unwrap(),
        ["a"]
    );
}

#[test]
fn all_problems_of_all_files_come_at_once() {
    let folder = folder(&[
        ("a.toml", &local("same")),
        ("b.toml", "fleet = 'same'\nprovider = 'local'\nfoo = 1\n"),
        ("c.toml", "[primary"),
    ]);
    let missing = folder.path().join("missing.toml");
    assert_eq!(
        load_codes(&[folder.path().into(), missing]),
        [
            "spec/duplicate-fleet",
            "spec/unknown-key",
            "spec/syntax",
            "spec/missing-file"
        ]
    );
    let found = load(&[folder.path().into()]).unwrap_err();
    assert!(found[0].source.name.ends_with("b.toml") && found[0].message.contains("a.toml"));
}

#[test]
fn files_that_cannot_be_plans() {
    let folder = folder(&[("latin.toml", ""), ("huge.toml", "")]);
    let (latin, huge) = (
        folder.path().join("latin.toml"),
        folder.path().join("huge.toml"),
    );
    fs::write(&latin, b"fleet = 'a'\ntags = { a = 'caf\xe9' }\n").unwrap();
    fs::File::create(&huge)
        .unwrap()
        .set_len(16 * 1024 * 1024 + 1)
        .unwrap();
    assert_eq!(load_codes(&[huge]), ["spec/too-large"]);
    let found = load(&[latin]).unwrap_err();
    assert_eq!(found[0].code, "spec/not-utf8");
    let place = found[0].place.as_ref().unwrap();
    assert_eq!((place.line, place.column), (2, 18));

    let empty = tempfile::tempdir().unwrap();
    assert_eq!(load_codes(&[empty.path().into()]), ["spec/no-plans"]);
    // A path through a file can be neither opened nor missing by mere mistyping.
    let through = folder.path().join("latin.toml/plan.toml");
    assert_eq!(load_codes(&[through]), ["spec/unreadable-file"]);
}

#[test]
fn one_identifier_in_two_fleets_is_refused_within_an_account() {
    let plan = |fleet: &str, account: &str| {
        format!(
            "fleet = '{fleet}'\nprovider = 'aws'\nregion = 'us-east-1'\n{account}\n\
             [primary]\nsize = 'x'\nid = 'orders'\n"
        )
    };
    let (one, two) = (
        "aws = { account = '111111111111' }",
        "aws = { account = '222222222222' }",
    );
    for (first, second, refused) in [
        ("", "", true),
        (one, "", true),
        (one, one, true),
        (one, two, false),
    ] {
        let folder = folder(&[
            ("a.toml", &plan("a", first)),
            ("b.toml", &plan("b", second)),
        ]);
        let result = load(&[folder.path().into()]);
        assert_eq!(result.is_err(), refused, "{first} {second}");
        if let Err(found) = result {
            assert_eq!(found[0].code, "spec/duplicate-id");
            assert!(found[0].source.name.ends_with("b.toml"));
        }
    }
}

#[test]
fn two_fleets_may_follow_one_primary() {
    let plan = |fleet: &str| {
        format!(
            "fleet = '{fleet}'\nprovider = 'aws'\nregion = 'us-east-1'\n\
             [primary]\nexisting = 'orders'\n[[replicas]]\ncount = 1\n"
        )
    };
    let folder = folder(&[("a.toml", &plan("a")), ("b.toml", &plan("b"))]);
    assert_eq!(load(&[folder.path().into()]).unwrap(), ["a", "b"]);
}

#[test]
fn paths_begin_at_the_plan() {
    let text = format!("{}[local]\ndata_dir = 'data'\n", local("a"));
    let folder = folder(&[("a.toml", &text)]);
    let specs = pgfleet_spec::load(&[folder.path().join("a.toml")]).unwrap();
    let expected = folder.path().join("data").to_string_lossy().into_owned();
    assert_eq!(
        specs[0].platform["data_dir"],
        pgfleet_model::Value::Text(expected)
    );
}

#[test]
fn nothing_named_is_nothing_loaded() {
    assert!(pgfleet_spec::load(&[]).unwrap().is_empty());
    // The helper that other tests share, used here so that it stays honest.
    assert_eq!(codes(support::toml("x = 1")).len(), 3);
}
