//! The JSON Schemas in `schemas/` are those of the program. After a wanted change:
//! `UPDATE_GOLDEN=1 cargo test -p pgfleet-render --test schemas`, then read the difference.
//!
//! That every output fits them is held by the end-to-end tests, which check each run's.

use std::{fs, path::Path};

use pgfleet_render::JsonForm;
use serde_json::Value;

#[test]
fn the_files_are_what_the_program_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let mut all: Vec<(&str, Value)> = JsonForm::ALL
        .iter()
        .map(|form| (form.name(), form.schema()))
        .collect();
    all.push(("plan-file", pgfleet_spec::schema()));
    for (name, schema) in &all {
        let path = folder.join(format!("{name}.schema.json"));
        let text = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{name} differs: UPDATE_GOLDEN=1");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), all.len());
}

#[test]
fn each_is_a_schema_and_refuses_what_is_nothing() {
    for form in JsonForm::ALL {
        let schema = form.schema();
        assert!(jsonschema::meta::is_valid(&schema), "{}", form.name());
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for wrong in ["{}", "[]", "null", "{\"format_version\": \"2\"}"] {
            let wrong: Value = serde_json::from_str(wrong).unwrap();
            assert!(!validator.is_valid(&wrong), "{} takes {wrong}", form.name());
        }
    }
}
