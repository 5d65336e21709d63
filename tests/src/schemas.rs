//! Every JSON document that any run of any test prints or saves is held against its schema.

use std::{collections::BTreeMap, path::Path, sync::OnceLock};

use jsonschema::Validator;
use pgfleet_render::JsonForm;
use serde_json::Value;

/// Fails the test where what a run printed or saved is not as its schema says.
#[track_caller]
pub(crate) fn hold_against_schemas(arguments: &[String], folder: &Path, code: i32, stdout: &str) {
    let after = |flag: &str| {
        let in_one = arguments.iter().find_map(|argument| {
            let value = argument.strip_prefix(flag)?;
            value.strip_prefix('=')
        });
        in_one.or_else(|| {
            let at = arguments.iter().position(|argument| argument == flag)?;
            arguments.get(at + 1).map(String::as_str)
        })
    };
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let verb = arguments.first().map_or("", String::as_str);
    if after("--format") == Some("json") && code != 64 {
        let form = match verb {
            "plan" => JsonForm::Plan,
            "apply" | "destroy" => JsonForm::Event,
            "status" => JsonForm::Status,
            "verify" => JsonForm::Verify,
            "cost" if has("--compare") => JsonForm::Comparison,
            "cost" => JsonForm::Cost,
            "prices" => JsonForm::Prices,
            other => panic!("`{other} --format json` has no schema here"),
        };
        if form == JsonForm::Event {
            // A run that was killed may have left half a line.
            let whole = stdout
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            whole.for_each(|line| fits(form, line));
        } else if code >= 0 && !stdout.is_empty() {
            fits(form, stdout);
        }
    }
    if let Some(file) = after("--out").filter(|_| verb == "plan" && matches!(code, 0 | 2)) {
        let path = folder.join(file);
        // Somebody else reads from a pipe.
        if std::fs::metadata(&path).unwrap().is_file() {
            let text = std::fs::read_to_string(path).unwrap();
            fits(JsonForm::SavedPlan, &text);
        }
    }
}

/// The same of what was shown on a terminal, where words to people stand beside it.
#[track_caller]
pub(crate) fn hold_screen_against_schemas(
    arguments: &[String],
    folder: &Path,
    code: i32,
    screen: &str,
) {
    let screen = screen.replace('\r', "");
    let lines: Vec<&str> = screen.lines().collect();
    let edge = |line: &&str| line.starts_with(['{', '}']);
    let first = lines.iter().position(edge);
    let last = lines.iter().rposition(edge);
    let document = first.zip(last).map_or_else(String::new, |(first, last)| {
        let lines = &lines[first..=last];
        lines.iter().flat_map(|line| [line, "\n"]).collect()
    });
    hold_against_schemas(arguments, folder, code, &document);
}

/// Fails the test unless events of a run are what their schema says.
#[track_caller]
pub(crate) fn hold_events(events: &[Value]) {
    for event in events {
        fits(JsonForm::Event, &event.to_string());
    }
}

/// Fails the test unless the text is what the schema says, without a field that it does not name.
#[track_caller]
fn fits(form: JsonForm, text: &str) {
    static VALIDATORS: OnceLock<BTreeMap<JsonForm, Validator>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(|| {
        let validator = |form: JsonForm| {
            let schema = form.closed_schema();
            (form, jsonschema::draft202012::new(&schema).unwrap())
        };
        JsonForm::ALL.into_iter().map(validator).collect()
    });
    let document: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let errors: Vec<String> = validators[&form]
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "not as the schema of {} says: {errors:#?}\n{text}",
        form.name()
    );
}
