//! What happens during an apply, as lines.

use pgfleet_model::{Event, EventKind, Outcome};

use crate::{
    Paint,
    units::{about, elapsed},
};

/// The event as one line, without a line break; `None` where it is not worth one. Fleets are
/// named where a run has several.
pub fn event_line(event: &Event, several: bool, paint: Paint) -> Option<String> {
    let text = step_line(&event.kind, paint).or_else(|| fleet_line(&event.kind, paint))?;
    Some(if several {
        format!("  {}{text}", event.fleet)
    } else {
        text
    })
}

/// What happens to a step.
fn step_line(kind: &EventKind, paint: Paint) -> Option<String> {
    Some(match kind {
        EventKind::StepStarted {
            address,
            verb,
            resource_id,
            expected_seconds,
            ..
        } => {
            let expected = expected_seconds
                .map(|s| format!("   {}", about(s)))
                .unwrap_or_default();
            format!(
                "  {} {address:<11} {verb} {resource_id}{expected}",
                paint.quiet("·")
            )
        }
        EventKind::StepRetried {
            address, why, wait, ..
        } => {
            let wait = elapsed(*wait);
            format!(
                "  {} {address:<11} {why}; again in {wait}",
                paint.careful("↻")
            )
        }
        EventKind::StepDone { address, took, .. } => {
            format!(
                "  {} {address:<11} done   {}",
                paint.good("✔"),
                elapsed(*took)
            )
        }
        EventKind::StepFailed {
            address,
            why,
            remedy,
            ..
        } => {
            let remedy = on_its_own_line(remedy);
            format!("  {} {address:<11} {why}{remedy}", paint.bad("✘"))
        }
        EventKind::StepOverdue {
            address,
            resource_id,
            call,
            waited,
            ..
        } => {
            let (sign, waited) = (paint.careful("!"), elapsed(*waited));
            let remedy = on_its_own_line(
                "it may go on; look at the instance, and run the same command again to re-attach",
            );
            format!(
                "  {sign} {address:<11} {call} {resource_id} has not ended after {waited}, and is \
                 waited for no longer{remedy}"
            )
        }
        EventKind::StepSkipped {
            address, because, ..
        } => {
            let sign = paint.quiet("-");
            format!("  {sign} {address:<11} not tried, since step {because} failed or did not end")
        }
        EventKind::StepLeft {
            resource_id, call, ..
        } => format!("  {call} {resource_id}"),
        _ => return None,
    })
}

/// What happens to a fleet.
fn fleet_line(kind: &EventKind, paint: Paint) -> Option<String> {
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
                let sign = paint.careful("↻");
                format!(
                    "  {sign} throttled by {provider} {region}: {before} -> {after} calls at once"
                )
            } else if after == most {
                let sign = paint.quiet("·");
                format!("  {sign} {provider} {region} takes {after} calls at once again")
            } else {
                return None;
            }
        }
        EventKind::Observed { remaining } if *remaining > 0 => {
            format!(
                "  {} {remaining} still to change after the last step; unless this goes on, run the \
                 same command again",
                paint.careful("!")
            )
        }
        EventKind::ObserveFailed { why, remedy } => {
            let remedy = on_its_own_line(remedy);
            format!("  {} the result: {why}{remedy}", paint.bad("✘"))
        }
        EventKind::FleetFinished {
            outcome: Outcome::Failed,
        } => {
            format!("  {} failed; nothing was changed", paint.bad("✘"))
        }
        EventKind::FleetFinished {
            outcome: Outcome::FailedPartly,
        } => {
            format!(
                "  {} failed half-way; run the same command again to go on",
                paint.bad("✘")
            )
        }
        _ => return None,
    })
}

/// A remedy below what it is for; nothing where nothing is known.
fn on_its_own_line(remedy: &str) -> String {
    if remedy.is_empty() {
        String::new()
    } else {
        format!("\n      {remedy}")
    }
}

/// The event as one line of JSON.
pub fn event_json(event: &Event) -> String {
    // A tree of strings and numbers always has a JSON form.
    serde_json::to_string(event).unwrap_or_default()
}

/// The last words of a run that was stopped, after what was in flight has been named.
pub fn left_running(outlives_us: bool) -> String {
    let left = if outlives_us {
        "What is named above goes on without pgfleet."
    } else {
        "What is named above was cut short; it is begun anew."
    };
    let text =
        format!("Stopped. No further calls were made. {left} Run the same command again to go on.");
    crate::table::wrap(&text, 0).join("\n")
}

/// The last line of a fleet that is as planned.
pub fn outcome_line(fleet: &pgfleet_model::FleetName, instances: usize, paint: Paint) -> String {
    let instances = crate::units::count(instances, "instance");
    format!(
        "{} {} as planned: {instances}\n",
        paint.good("✔"),
        paint.strong(fleet)
    )
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
    let text = crate::table::hanging("       ", message);
    let mut text = format!("{} {}", paint.bad("error:"), text.trim_start());
    if !remedy.is_empty() {
        text.push_str(&crate::table::hanging("       ", remedy));
    }
    text
}
