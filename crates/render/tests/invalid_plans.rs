//! Every plan in `plans/invalid` is refused with exactly the text in the `.out` file beside it,
//! and every diagnostic has such a plan. `UPDATE_GOLDEN=1` writes the `.out` files anew.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

/// What no file in a repository can show: it is not there, not readable, or megabytes long.
/// The tests of the spec crate show them.
const WITHOUT_FILE: &[&str] = &[
    "spec/missing-file",
    "spec/too-complex",
    "spec/too-large",
    "spec/unreadable-file",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../plans/invalid")
        .canonicalize()
        .unwrap()
}

/// The plans by name: files, and folders for what takes more than one file.
fn plans() -> Vec<PathBuf> {
    let mut plans: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "out"))
        .collect();
    plans.sort();
    plans
}

#[test]
fn every_invalid_plan_is_refused_as_written_down() {
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    let folder = folder();
    // From within the folder, so that no output depends on where the repository lies.
    env::set_current_dir(&folder).unwrap();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for plan in plans() {
        let name = plan.file_name().unwrap().to_string_lossy().into_owned();
        let stem = plan.file_stem().unwrap().to_string_lossy().into_owned();
        let list = pgfleet_spec::load(&[PathBuf::from(&name)]).expect_err(&name);
        assert!(
            list.iter()
                .any(|found| found.code == format!("spec/{stem}"))
                || ["syntax-json", "duplicate-id-across-fleets"].contains(&stem.as_str()),
            "{name} does not show spec/{stem}"
        );
        seen.extend(list.iter().map(|found| found.code));
        let text = pgfleet_render::diagnostics(&list, pgfleet_render::Paint::new(false));
        let golden = folder.join(&stem).with_extension("out");
        if update {
            fs::write(&golden, &text).unwrap();
        }
        match fs::read_to_string(&golden) {
            Ok(expected) if expected == text => {}
            Ok(expected) => {
                wrong.push(format!("{name}: expected\n{expected}\nbut it is\n{text}"));
            }
            Err(error) => wrong.push(format!("{}: {error}", golden.display())),
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE_GOLDEN=1 writes them anew",
        wrong.join("\n")
    );

    let expected: BTreeSet<&str> = pgfleet_spec::CODES
        .iter()
        .copied()
        .filter(|code| !WITHOUT_FILE.contains(code))
        .collect();
    assert_eq!(
        seen, expected,
        "each code needs a file in plans/invalid, or an exemption here"
    );
}

#[test]
fn no_output_lies_there_without_its_plan() {
    let plans: BTreeSet<_> = plans()
        .iter()
        .map(|path| path.file_stem().unwrap().to_owned())
        .collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "out") {
            assert!(
                plans.contains(path.file_stem().unwrap()),
                "{} has no plan",
                path.display()
            );
        }
    }
}

#[test]
fn no_output_shows_a_password() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "out") {
            let text = fs::read_to_string(&path).unwrap();
            for secret in ["hunter2", "battery"] {
                assert!(!text.contains(secret), "{} shows {secret}", path.display());
            }
        }
    }
}
