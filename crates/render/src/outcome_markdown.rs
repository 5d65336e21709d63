//! How an apply ended, for a step's summary.

use std::fmt::Write as _;

use pgfleet_model::{Event, EventKind, FleetName, Outcome};

use crate::{
    markdown::{Document, Part, Section, cell, code, row, table_head},
    units::{count, elapsed},
};

/// How a run of `verb` ended, from its events, in at most so many bytes, 1,024 or more.
pub fn outcome_markdown(verb: &str, events: &[Event], limit: usize) -> String {
    let sections = vec![failures(events), left(events), fleets(events)];
    Document {
        title: title(verb, events),
        sections,
    }
    .within(limit)
}

/// Why a command came to no plan and no outcome, in at most so many bytes, 1,024 or more. `end` says
/// how it ended; each problem has a message and a remedy, which may be empty.
pub fn failure_markdown(
    verb: &str,
    end: &str,
    problems: &[(String, String)],
    limit: usize,
) -> String {
    let rows = problems.iter().map(|(message, remedy)| {
        let remedy = cell(remedy);
        let gap = if remedy.is_empty() { "" } else { " <br> " };
        format!("- {}{gap}{remedy}\n", cell(message))
    });
    let told = Part {
        head: String::new(),
        rows: rows.collect(),
        noun: "problem",
    };
    Document {
        title: format!("## pgfleet {verb}: {end}\n\n"),
        sections: vec![Section {
            parts: vec![told],
            ..Section::default()
        }],
    }
    .within(limit)
}

fn outcomes(events: &[Event]) -> impl Iterator<Item = (&Event, Outcome)> {
    events.iter().filter_map(|event| match event.kind {
        EventKind::FleetFinished { outcome } => Some((event, outcome)),
        _ => None,
    })
}

fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed, nothing was changed",
        Outcome::FailedPartly => "failed half-way",
        Outcome::Stopped => "stopped",
    }
}

fn title(verb: &str, events: &[Event]) -> String {
    let all = [
        Outcome::Stopped,
        Outcome::FailedPartly,
        Outcome::Failed,
        Outcome::Done,
    ];
    let counts = all.into_iter().filter_map(|outcome| {
        let fleets = outcomes(events).filter(|(_, it)| *it == outcome).count();
        (fleets > 0).then(|| format!("{} {}", count(fleets, "fleet"), words(outcome)))
    });
    let counts: Vec<String> = counts.collect();
    let mut out = format!("## pgfleet {verb}: {}\n\n", counts.join("; "));
    let unfinished = |outcome| matches!(outcome, Outcome::Stopped | Outcome::FailedPartly);
    if outcomes(events).any(|(_, outcome)| unfinished(outcome)) {
        out.push_str(
            "> [!IMPORTANT]\n> Run the same command again to go on: it takes up what is in \
             flight and makes nothing twice.\n\n",
        );
    }
    out
}

fn line(fleet: &FleetName, place: &str, why: &str, remedy: &str) -> String {
    let mut out = format!("- **{}** {place}: {}", cell(fleet.as_str()), cell(why));
    if !remedy.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(out, ". *{}*", cell(remedy));
    }
    out.push('\n');
    out
}

fn failures(events: &[Event]) -> Section {
    let rows = events.iter().filter_map(|event| match &event.kind {
        EventKind::StepFailed {
            address,
            why,
            remedy,
            ..
        } => Some(line(&event.fleet, &code(&address.to_string()), why, remedy)),
        EventKind::ObserveFailed { why, remedy } => {
            Some(line(&event.fleet, "the result", why, remedy))
        }
        _ => None,
    });
    let part = Part::new(String::new(), rows.collect(), "failure");
    Section::titled("Failed", vec![part])
}

fn left(events: &[Event]) -> Section {
    let rows = events.iter().filter_map(|event| match &event.kind {
        EventKind::StepLeft {
            address,
            resource_id,
            call,
            ..
        }
        | EventKind::StepOverdue {
            address,
            resource_id,
            call,
            ..
        } => Some(row(&[
            &cell(event.fleet.as_str()),
            &code(&address.to_string()),
            &code(call),
            &code(resource_id),
        ])),
        _ => None,
    });
    let head = table_head(&["fleet", "address", "call", "instance"]);
    let part = Part::new(head, rows.collect(), "call in flight");
    Section::titled("In flight at the end", vec![part])
}

fn fleets(events: &[Event]) -> Section {
    let rows = outcomes(events).map(|(event, outcome)| {
        let took = elapsed(event.elapsed);
        row(&[&cell(event.fleet.as_str()), words(outcome), &took])
    });
    let head = table_head(&["fleet", "outcome", "after>"]);
    let part = Part::new(head, rows.collect(), "fleet");
    Section::titled("Fleets", vec![part])
}
