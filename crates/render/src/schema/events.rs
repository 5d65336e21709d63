//! The events of an apply.

use serde_json::{Value, json};

use super::{
    plan,
    shapes::{Fields, address, array, object, or_null, provider, seconds, text, whole, word},
    simulated,
};

/// One line. Which fields it has follows from its event.
pub(super) fn line() -> Value {
    let of_step = || vec![("step", whole()), ("address", address())];
    let step = |more: Fields| -> Fields { of_step().into_iter().chain(more).collect() };
    let events: [(&str, Fields); 13] = [
        ("fleet-started", vec![("steps", whole()), simulated()]),
        (
            "step-started",
            step(vec![
                ("resource_id", text()),
                ("call", text()),
                ("verb", text()),
                ("expected_seconds", or_null(whole())),
            ]),
        ),
        ("step-accepted", of_step()),
        (
            "step-retried",
            step(vec![("why", text()), ("wait_seconds", seconds())]),
        ),
        (
            "step-done",
            step(vec![("call", text()), ("took_seconds", seconds())]),
        ),
        (
            "step-failed",
            step(vec![("why", text()), ("remedy", text())]),
        ),
        (
            "step-overdue",
            step(vec![
                ("resource_id", text()),
                ("call", text()),
                ("waited_seconds", seconds()),
            ]),
        ),
        (
            "pace-changed",
            vec![
                ("provider", provider()),
                ("region", text()),
                ("before", whole()),
                ("after", whole()),
                ("most", whole()),
            ],
        ),
        ("step-skipped", step(vec![("because", whole())])),
        (
            "step-left",
            step(vec![("resource_id", text()), ("call", text())]),
        ),
        (
            "observed",
            vec![
                ("remaining", whole()),
                (
                    "changes",
                    array(object(vec![
                        ("address", address()),
                        ("action", plan::action()),
                        ("reasons", plan::reasons()),
                    ])),
                ),
            ],
        ),
        ("observe-failed", vec![("why", text()), ("remedy", text())]),
        (
            "fleet-finished",
            vec![(
                "outcome",
                word(&["done", "failed", "failed-partly", "stopped"]),
            )],
        ),
    ];
    let lines = events.into_iter().map(|(name, more)| {
        let mut fields = vec![
            ("fleet", text()),
            ("elapsed_seconds", seconds()),
            ("event", json!({"const": name})),
        ];
        fields.extend(more);
        object(fields)
    });
    json!({"oneOf": lines.collect::<Vec<_>>()})
}
