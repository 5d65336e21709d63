//! The JSON Schema agrees with the loader about everything that one key alone can get wrong.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod support;

use std::{fs, path::Path};

use support::{VALID, to_json, toml};

fn validator() -> jsonschema::Validator {
    let schema = pgfleet_spec::schema();
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn valid_plans_are_valid() {
    let validator = validator();
    let mut texts: Vec<(String, String)> = VALID
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans");
    let mut shipped = 0;
    for entry in fs::read_dir(plans).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            shipped += 1;
            texts.push((
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
    assert!(shipped > 0, "no plan was found");
    for (name, text) in texts {
        let errors: Vec<String> = validator
            .iter_errors(&to_json(&text))
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        assert!(support::named(&name, &text).is_ok(), "{name}");
    }
}

#[test]
fn what_one_key_gets_wrong_is_wrong_in_both() {
    let validator = validator();
    for line in [
        "foo = 1",
        "postgres = 16",
        "postgres = 'x'",
        "apply_changes = 'later'",
        "tags = { a = 1 }",
        "tags = { pgfleet-fleet = 'x' }",
        "tags = { pgfleet-of-tomorrow = 'x' }",
        "tags = { PGFLEET-fleet = 'x' }",
        "tags = { Managed-By = 'x' }",
        "tags = { a = \"\\u0000\" }",
        "[primary]\nbackup_days = 36",
        "[primary]\nbackup_days = '7'",
        "[primary]\nid = 'a b'",
        "[primary]\nadmin = ''",
        "[primary]\npassword = 'x'",
        "[primary]\npassword = {}",
        "[primary]\npassword = { env = 'A', file = 'b' }",
        "[primary]\npassword = { command = [] }",
        "[primary]\nsize = { vcpus = 2 }",
        "[primary]\nsize = { vcpus = 2, memory_gib = 0 }",
        "[primary]\nstorage = { gib = 0 }",
        "[primary]\nstorage = { size = 10 }",
        "[[replicas]]\nname = 'A'",
        "[[replicas]]\ncount = 1001",
        "[[replicas]]\nids = [1]",
        "[[replicas]]\nlocal = { port = 5440 }",
        "[replicas]\ncount = 2",
        "[protect]\nmonthly_usd = -1",
        "[protect]\nmonthly_usd = '1e3'",
        "[alerts]\nlag = '1 second'",
        "[alerts]\nerror_rate = 2",
        "[local]\nport = 80",
    ] {
        let text = format!("fleet = 'a'\nprovider = 'local'\n{line}\n");
        assert!(toml(&text).is_err(), "the loader takes {line}");
        assert!(
            !validator.is_valid(&to_json(&text)),
            "the schema takes {line}"
        );
    }
    assert!(!validator.is_valid(&to_json("provider = 'local'")));
}

#[test]
fn every_key_is_described_and_its_example_is_valid() {
    fn walk(path: &str, schema: &serde_json::Value, count: &mut usize) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            *count += 1;
            let path = format!("{path}.{name}");
            assert!(
                property["description"]
                    .as_str()
                    .is_some_and(|text| text.len() > 10),
                "{path}"
            );
            let validator = jsonschema::draft202012::new(property).unwrap();
            for example in property["examples"].as_array().unwrap() {
                assert!(validator.is_valid(example), "{path}: {example}");
            }
            if let Some(default) = property.get("default") {
                assert!(validator.is_valid(default), "{path}: {default}");
            }
            walk(&path, property, count);
            walk(&path, &property["items"], count);
        }
    }
    let mut count = 0;
    walk("", &pgfleet_spec::schema(), &mut count);
    assert!(count > 80, "{count}");
}
