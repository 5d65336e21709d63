//! What `status` and `verify` show.

use std::fmt::Write as _;

use pgfleet_model::{Address, Endpoint, FleetName, Lag, Phase, ProviderKind, ResourceId, Role};
use serde_json::{Value, json};

use crate::{
    Paint,
    table::{Table, WIDTH, hanging},
    units::bytes,
};

/// One fleet as `status` shows it.
#[derive(Debug)]
pub struct FleetStatus {
    /// Its name.
    pub fleet: FleetName,
    /// Where it is.
    pub provider: ProviderKind,
    /// Its instances, the primary first.
    pub instances: Vec<InstanceView>,
}

/// One instance as `status` shows it.
#[derive(Debug)]
pub struct InstanceView {
    /// Its place in the fleet.
    pub address: Address,
    /// Its name with the provider.
    pub resource_id: ResourceId,
    /// What it is.
    pub role: Role,
    /// Whether it is there, and where it is in its life.
    pub found: Found,
    /// The platform's own word for that.
    pub raw_phase: String,
    /// Where to connect.
    pub endpoint: Option<Endpoint>,
    /// Whether it receives from its primary; `None`: not known, or not a replica.
    pub streaming: Option<bool>,
    /// A few words on what it does, such as `streaming`, `replay paused`.
    pub word: String,
    /// How many bytes it is behind; `None`: not known.
    pub lag_bytes: Option<u64>,
    /// How long it is behind; `None` for a primary.
    pub lag: Option<Lag>,
    /// What stands in the fleet's way there.
    pub problem: Option<String>,
}

/// What was found under the name that a plan gives an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// An instance of the fleet.
    Ours(Phase),
    /// An instance that does not bear the fleet's tags.
    NotOurs,
    /// Nothing.
    Missing,
}

impl Found {
    /// The word for it in all output.
    fn word(self) -> String {
        match self {
            Self::Ours(phase) => phase.to_string(),
            Self::NotOurs => "not-ours".to_owned(),
            Self::Missing => "missing".to_owned(),
        }
    }
}

/// The fleets as people read them.
pub fn status_text(fleets: &[FleetStatus], simulated: bool, paint: Paint) -> String {
    let mut out = String::new();
    for (number, fleet) in fleets.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let mark = if simulated { "   simulated" } else { "" };
        let fleet_name = paint.strong(&fleet.fleet);
        let _ = writeln!(out, "{fleet_name}   {}{mark}", fleet.provider);
        let mut lines = lines(fleet, true);
        // The clouds' host names are long: they then stand in a line of their own.
        let below = lines.iter().any(|line| line.chars().count() + 2 > WIDTH);
        if below {
            lines = self::lines(fleet, false);
        }
        for (line, view) in lines.into_iter().zip(&fleet.instances) {
            let _ = writeln!(out, "  {}", tinted(&line, view, paint));
            if let Some(endpoint) = view.endpoint.as_ref().filter(|_| below) {
                let _ = writeln!(out, "    {endpoint}");
            }
            if let Some(problem) = &view.problem {
                out.push_str(&hanging("    ", problem));
            } else if let Some(Lag::Unknown(why)) = &view.lag {
                out.push_str(&hanging("    lag unknown: ", why));
            }
        }
    }
    out
}

/// A line for each instance, with its endpoint or without.
fn lines(fleet: &FleetStatus, with_endpoints: bool) -> Vec<String> {
    let mut table = Table::default();
    for view in &fleet.instances {
        table.row(cells(view, with_endpoints));
    }
    table.lines()
}

fn cells(view: &InstanceView, with_endpoint: bool) -> Vec<String> {
    let endpoint = match &view.endpoint {
        _ if !with_endpoint => String::new(),
        Some(endpoint) => endpoint.to_string(),
        None => "-".to_owned(),
    };
    let phase = view.found.word().replace('-', " ");
    let behind = match &view.lag {
        Some(Lag::Known(time)) => format!("{:.1} s behind", time.as_secs_f64()),
        Some(Lag::Unknown(_)) | None => String::new(),
    };
    let lag_bytes = view.lag_bytes.map(bytes).unwrap_or_default();
    vec![
        view.address.to_string(),
        endpoint,
        phase,
        view.word.clone(),
        lag_bytes,
        behind,
    ]
}

fn tinted(line: &str, view: &InstanceView, paint: Paint) -> String {
    match (view.found, view.streaming) {
        (Found::Ours(Phase::Available), Some(true)) => line.to_owned(),
        (Found::Ours(Phase::Available), _) if view.role == Role::Primary => line.to_owned(),
        (Found::Ours(Phase::Available), _) => paint.careful(line),
        _ => paint.bad(line),
    }
}

/// The fleets as scripts read them.
pub fn status_json(fleets: &[FleetStatus], simulated: bool) -> Value {
    let instance = |view: &InstanceView| {
        let (seconds, unknown) = match &view.lag {
            Some(Lag::Known(time)) => (json!(time.as_secs_f64()), Value::Null),
            Some(Lag::Unknown(why)) => (Value::Null, json!(why)),
            None => (Value::Null, Value::Null),
        };
        json!({
            "address": view.address,
            "resource_id": view.resource_id,
            "role": view.role,
            "phase": view.found.word(),
            "raw_phase": view.raw_phase,
            "endpoint": view.endpoint,
            "streaming": view.streaming,
            "lag": {"bytes": view.lag_bytes, "seconds": seconds, "unknown": unknown},
            "problem": view.problem,
        })
    };
    json!({
        "format_version": "1",
        "simulated": simulated,
        "fleets": fleets.iter().map(|fleet| json!({
            "fleet": fleet.fleet,
            "instances": fleet.instances.iter().map(instance).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// One fleet as `verify` shows it.
#[derive(Debug)]
pub struct FleetVerification {
    /// Its name.
    pub fleet: FleetName,
    /// What keeps the whole fleet from being verified, where it has no replica to say so of.
    pub problem: Option<String>,
    /// Its replicas.
    pub replicas: Vec<ReplicaVerification>,
}

/// One replica as `verify` shows it.
#[derive(Debug)]
pub struct ReplicaVerification {
    /// Its place in the fleet.
    pub address: Address,
    /// How long it took until the marker was seen, in milliseconds.
    pub milliseconds: Option<f64>,
    /// Why the marker was not seen; `None`: it was.
    pub problem: Option<String>,
}

/// The verdicts as people read them.
pub fn verify_text(fleets: &[FleetVerification], paint: Paint) -> String {
    let mut out = String::new();
    for fleet in fleets {
        let _ = writeln!(out, "{}", paint.strong(&fleet.fleet));
        if let Some(problem) = &fleet.problem {
            let _ = write!(
                out,
                "  {} {}",
                paint.bad("✘"),
                hanging("    ", problem).trim_start()
            );
        } else if fleet.replicas.is_empty() {
            out.push_str("    the plan has no replicas to verify\n");
        }
        for replica in &fleet.replicas {
            let (sign, text) = match (&replica.problem, replica.milliseconds) {
                (Some(problem), _) => (paint.bad("✘"), problem.clone()),
                (None, Some(time)) => (
                    paint.good("✔"),
                    format!("saw the marker after {time:.1} ms"),
                ),
                (None, None) => (paint.good("✔"), "saw the marker".to_owned()),
            };
            let lead = format!("    {:<11} ", replica.address.to_string());
            let body = hanging(&lead, &text);
            let _ = write!(
                out,
                "  {sign} {}",
                body.strip_prefix("    ").unwrap_or(&body)
            );
        }
    }
    out
}

/// The verdicts as scripts read them.
pub fn verify_json(fleets: &[FleetVerification]) -> Value {
    let replica = |replica: &ReplicaVerification| {
        json!({
            "address": replica.address,
            "ok": replica.problem.is_none(),
            "milliseconds": replica.milliseconds,
            "problem": replica.problem,
        })
    };
    json!({
        "format_version": "1",
        "fleets": fleets.iter().map(|fleet| json!({
            "fleet": fleet.fleet,
            "problem": fleet.problem,
            "replicas": fleet.replicas.iter().map(replica).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
