//! Saved plans as files: what was saved, or nothing.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

#[expect(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

use pgfleet_planner::{SavedPlan, SavedPlanError};
use support::{count, numbered, planned, primary, saved};

fn text_of(plan: &SavedPlan) -> String {
    let mut bytes = Vec::new();
    plan.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn file() -> (SavedPlan, String) {
    let plan = SavedPlan {
        pgfleet: "1.2.3".to_owned(),
        simulated: false,
        fleets: vec![saved(&planned(&count(2), [primary(), numbered(3)]))],
    };
    let text = text_of(&plan);
    (plan, text)
}

#[test]
fn a_file_is_what_was_saved_or_nothing() {
    let (plan, text) = file();
    assert!(SavedPlan::is_meant_by(&text));
    assert_eq!(SavedPlan::from_text(&text).unwrap(), plan);

    let edited = text.replacen("food-replica-1", "food-replica-9", 1);
    let damaged = [
        edited.as_str(),
        &text[..text.len() / 2],
        &text.replace("\"digest\"", "\"d\""),
        // The last of two would count.
        &text.replacen(
            "\"simulated\": false",
            "\"simulated\": true, \"simulated\": false",
            1,
        ),
        &format!("{text}\n"),
    ];
    for text in damaged {
        assert!(SavedPlan::is_meant_by(text));
        let error = SavedPlan::from_text(text).unwrap_err();
        assert!(matches!(error, SavedPlanError::Damaged(_)), "{error}");
    }
    let later = text.replacen("\"format_version\": \"1\"", "\"format_version\": \"2\"", 1);
    let error = SavedPlan::from_text(&later).unwrap_err();
    assert_eq!(error, SavedPlanError::Format("2".to_owned()));
    for other in ["{}", "[]", "{\"fleet\": \"food\"}"] {
        assert_eq!(
            SavedPlan::from_text(other).unwrap_err(),
            SavedPlanError::Other
        );
    }
}

#[test]
fn no_byte_of_a_file_can_be_changed_taken_out_or_added() {
    let plan = SavedPlan {
        pgfleet: "1.2.3".to_owned(),
        simulated: false,
        fleets: vec![saved(&planned(&count(0), [primary()]))],
    };
    let text = text_of(&plan);
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        let signs = b"x 0\"\n";
        let sign = signs[at % signs.len()];
        bytes[at] = if bytes[at] == sign { b'1' } else { sign };
        let edited = String::from_utf8(bytes).unwrap();
        assert!(SavedPlan::from_text(&edited).is_err(), "another at {at}");
    }
    for at in (0..text.len()).step_by(29) {
        assert!(SavedPlan::from_text(&text[..at]).is_err(), "cut at {at}");
        let mut without = text.clone();
        without.remove(at);
        assert!(SavedPlan::from_text(&without).is_err(), "without {at}");
        let mut more = text.clone();
        more.insert(at, ' ');
        assert!(SavedPlan::from_text(&more).is_err(), "a blank at {at}");
    }
}
