//! What happens during an apply, as lines.

use pgfleet_model::{Action, Address, Event, EventKind, FleetName, Outcome, Remaining};

use crate::{
    Paint,
    table::{WIDTH, hanging, wrap},
    units::{about, count, elapsed},
};

/// What is to be told of something that happened.
struct Told {
    /// The sign before it, painted, of one column.
    sign: String,
    /// Whose it is, in a column of its own; empty for what is about a whole fleet.
    whose: String,
    text: String,
    /// What is said behind it only where it fits.
    extra: String,
    /// What to do about it, below; empty where nothing is known.
    remedy: String,
}

impl Told {
    fn of_step(sign: String, address: &Address, text: String) -> Self {
        let whose = format!("{:<11} ", address.to_string());
        Self {
            whose,
            ..Self::of_fleet(sign, text)
        }
    }

    fn of_fleet(sign: String, text: String) -> Self {
        Self {
            sign,
            whose: String::new(),
            text,
            extra: String::new(),
            remedy: String::new(),
        }
    }

    fn with_remedy(self, remedy: &str) -> Self {
        let remedy = remedy.to_owned();
        Self { remedy, ..self }
    }

    /// The lines, behind the fleet where it is named, none longer than the page where words allow.
    fn lines(&self, fleet: Option<&FleetName>) -> String {
        let Self {
            sign,
            whose,
            text,
            extra,
            remedy,
        } = self;
        let fleet = fleet.map_or_else(String::new, |fleet| format!("  {fleet}"));
        // A sign is painted, which takes no room: it is measured as one column.
        let lead = format!("{fleet}  . {whose}");
        let fits = |text: &str| lead.chars().count() + text.chars().count() <= WIDTH;
        let whole = format!("{text}{extra}");
        let body = if fits(&whole) {
            whole
        } else if fits(text) {
            text.clone()
        } else {
            // What others say may be longer than a line, and a long name leaves little room.
            let indent = lead.chars().count().min(WIDTH / 2);
            let lines = wrap(text, lead.chars().count());
            lines.join(&format!("\n{}", " ".repeat(indent)))
        };
        let mut out = format!("{fleet}  {sign} {whose}{body}");
        if !remedy.is_empty() {
            out.push('\n');
            out.push_str(hanging("      ", remedy).trim_end());
        }
        out
    }
}

/// The event as a line without a line break at its end, or several where it does not fit; `None`
/// where it is not worth one. Fleets are named where a run has several.
pub fn event_line(event: &Event, several: bool, paint: Paint) -> Option<String> {
    let told = of_step(&event.kind, paint).or_else(|| of_fleet(&event.kind, paint))?;
    Some(told.lines(several.then_some(&event.fleet)))
}

/// What happens to a step.
fn of_step(kind: &EventKind, paint: Paint) -> Option<Told> {
    Some(match kind {
        EventKind::StepStarted {
            address,
            call,
            resource_id,
            expected_seconds,
            ..
        } => {
            let expected = expected_seconds
                .map(|s| format!("   {}", about(s)))
                .unwrap_or_default();
            let text = format!("{call} {resource_id}");
            Told {
                extra: expected,
                ..Told::of_step(paint.quiet("·"), address, text)
            }
        }
        EventKind::StepRetried {
            address, why, wait, ..
        } => {
            let text = format!("{why}; again in {}", elapsed(*wait));
            Told::of_step(paint.careful("↻"), address, text)
        }
        EventKind::StepDone {
            address,
            call,
            took,
            ..
        } => {
            let text = format!("{call} done   {}", elapsed(*took));
            Told::of_step(paint.good("✔"), address, text)
        }
        EventKind::StepFailed {
            address,
            why,
            remedy,
            ..
        } => Told::of_step(paint.bad("✘"), address, why.clone()).with_remedy(remedy),
        EventKind::StepOverdue {
            address,
            resource_id,
            call,
            waited,
            ..
        } => {
            let waited = elapsed(*waited);
            let text = format!(
                "{call} {resource_id} has not ended after {waited}, and is waited for no longer"
            );
            Told::of_step(paint.careful("!"), address, text).with_remedy(
                "it may go on; look at the instance, and run the same command again to re-attach",
            )
        }
        EventKind::StepSkipped {
            address, because, ..
        } => {
            let text = format!("not tried, since step {because} failed or did not end");
            Told::of_step(paint.quiet("-"), address, text)
        }
        EventKind::StepLeft {
            address,
            resource_id,
            call,
            ..
        } => {
            let text = format!("{call} {resource_id}");
            Told::of_step(paint.careful("!"), address, text)
        }
        _ => return None,
    })
}

/// What happens to a fleet. How it ended is said by [`outcome_line`].
fn of_fleet(kind: &EventKind, paint: Paint) -> Option<Told> {
    Some(match kind {
        // It recovers step by step; that it has is enough to know.
        EventKind::PaceChanged {
            provider,
            region,
            before,
            after,
            most,
        } => {
            if after < before {
                let text =
                    format!("throttled by {provider} {region}: {before} -> {after} calls at once");
                Told::of_fleet(paint.careful("↻"), text)
            } else if after == most {
                let text = format!("{provider} {region} takes {after} calls at once again");
                Told::of_fleet(paint.quiet("·"), text)
            } else {
                return None;
            }
        }
        EventKind::Observed { remaining, changes } if *remaining > 0 => {
            let named: Vec<String> = changes.iter().map(still_to_change).collect();
            let text = format!(
                "{remaining} still to change after the last step: {}; unless this goes on, run the \
                 same command again",
                named.join("; ")
            );
            Told::of_fleet(paint.careful("!"), text)
        }
        EventKind::ObserveFailed { why, remedy } => {
            Told::of_fleet(paint.bad("✘"), format!("the result: {why}")).with_remedy(remedy)
        }
        _ => return None,
    })
}

fn still_to_change(change: &Remaining) -> String {
    let Remaining {
        address,
        action,
        reasons,
    } = change;
    let verb = match action {
        Action::NoOp => "keep",
        Action::Create => "create",
        Action::Update => "change",
        Action::Delete => "delete",
    };
    let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    format!("{verb} {address} ({})", reasons.join(", "))
}

/// The event as one line of JSON. `simulated`: the clouds are, which a fleet's first line says.
pub fn event_json(event: &Event, simulated: bool) -> String {
    // A tree of strings and numbers always has a JSON form.
    let mut line = serde_json::to_value(event).unwrap_or_default();
    if matches!(event.kind, EventKind::FleetStarted { .. }) {
        line["simulated"] = simulated.into();
    }
    line.to_string()
}

/// The last words of a run that was stopped, after what was in flight has been named, if anything
/// was.
pub fn left_running(is_named: bool, outlives_us: bool) -> String {
    let left = match (is_named, outlives_us) {
        (false, _) => "Nothing was left under way.",
        (true, true) => "What is named above goes on without pgfleet.",
        (true, false) => "What is named above was cut short; it is begun anew.",
    };
    let text =
        format!("Stopped. No further calls were made. {left} Run the same command again to go on.");
    wrap(&text, 0).join("\n")
}

/// The last line of a fleet: how its run ended, and how many of its instances there are.
pub fn outcome_line(fleet: &FleetName, outcome: Outcome, instances: usize, paint: Paint) -> String {
    let (sign, words) = match outcome {
        Outcome::Done => {
            let left = match instances {
                0 => "nothing is left of it".to_owned(),
                some => count(some, "instance"),
            };
            (paint.good("✔"), format!("as planned: {left}"))
        }
        Outcome::Failed => (
            paint.bad("✘"),
            "failed; nothing was changed in it".to_owned(),
        ),
        Outcome::FailedPartly => (
            paint.bad("✘"),
            "failed half-way; run the same command again to go on".to_owned(),
        ),
        Outcome::Stopped => (
            paint.careful("!"),
            "stopped; run the same command again to go on".to_owned(),
        ),
    };
    format!("{sign} {} {words}\n", paint.strong(fleet))
}

/// How to connect to a primary.
pub fn connect_line(
    endpoint: &pgfleet_model::Endpoint,
    user: &str,
    database: &str,
    passfile: Option<&std::path::Path>,
) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let passfile = passfile.map_or_else(String::new, |path| {
        format!(" passfile='{}'", quoted(&path.display().to_string()))
    });
    let (host, port) = (&endpoint.host, endpoint.port);
    format!(
        "  connect:  psql \"host={host} port={port} user='{}' dbname='{}'{passfile}\"\n",
        quoted(user),
        quoted(database)
    )
}

/// An error with its remedy, which may be empty.
pub fn problem(message: &str, remedy: &str, paint: Paint) -> String {
    let text = hanging("       ", message);
    let mut text = format!("{} {}", paint.bad("error:"), text.trim_start());
    if !remedy.is_empty() {
        text.push_str(&hanging("       ", remedy));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pgfleet_model::Reason;

    use super::*;

    fn shown(kind: EventKind, several: bool) -> String {
        let event = Event {
            fleet: "food".parse().unwrap(),
            elapsed: Duration::from_secs(1),
            kind,
        };
        event_line(&event, several, Paint::new(false)).unwrap()
    }

    #[test]
    fn a_step_is_told_by_its_call() {
        let started = EventKind::StepStarted {
            step: 2,
            address: Address::Primary,
            resource_id: "food-primary".to_owned(),
            call: "Databases_Create".to_owned(),
            verb: "change".to_owned(),
            expected_seconds: Some(10),
        };
        let done = EventKind::StepDone {
            step: 2,
            address: Address::Primary,
            call: "Databases_Create".to_owned(),
            took: Duration::from_secs(3),
        };
        assert_eq!(
            shown(started, false),
            "  · primary     Databases_Create food-primary   about 10 s"
        );
        assert_eq!(
            shown(done, true),
            "  food  ✔ primary     Databases_Create done   3.0s"
        );
    }

    #[test]
    fn what_is_still_to_change_is_named() {
        let observed = EventKind::Observed {
            remaining: 1,
            changes: vec![Remaining {
                address: Address::Primary,
                action: Action::Update,
                reasons: vec![Reason::Stopped],
            }],
        };
        let text = shown(observed, false);
        assert!(text.contains("change primary (stopped)"), "{text}");
    }

    #[test]
    fn what_a_platform_says_at_length_is_broken_to_fit() {
        for several in [false, true] {
            let failed = EventKind::StepFailed {
                step: 1,
                address: Address::Primary,
                why: "the platform has much to say ".repeat(9),
                remedy: "and much is to be done about it ".repeat(9),
            };
            let text = shown(failed, several);
            assert!(text.lines().count() > 6);
            assert!(
                text.lines().all(|line| line.chars().count() <= WIDTH),
                "{text}"
            );
        }
    }

    #[test]
    fn every_end_of_a_fleet_has_its_line() {
        let fleet = "food".parse().unwrap();
        let line = |outcome, left| outcome_line(&fleet, outcome, left, Paint::new(false));
        assert_eq!(line(Outcome::Done, 3), "✔ food as planned: 3 instances\n");
        assert_eq!(
            line(Outcome::Done, 0),
            "✔ food as planned: nothing is left of it\n"
        );
        assert_eq!(
            line(Outcome::Failed, 0),
            "✘ food failed; nothing was changed in it\n"
        );
        assert!(line(Outcome::FailedPartly, 1).contains("run the same command again"));
        assert!(line(Outcome::Stopped, 1).contains("run the same command again"));
    }
}
