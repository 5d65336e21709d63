//! A plan as people read it before they say yes.

use std::fmt::Write as _;

use pgfleet_model::{Action, Check, Disruption, Severity, Step};
use pgfleet_planner::{FleetPlan, Goal};
use pgfleet_pricing::CostEstimate;
use pgfleet_spec::Spec;

use crate::{
    Paint, cost,
    diagnostics::snippet,
    plan_rows::{change_rows, drift_row},
    table::{Table, WIDTH, hanging, heading},
    units::{about, count},
};

/// One fleet's plan with what it is about.
#[derive(Debug)]
pub struct PlanView<'a> {
    /// The plan.
    pub plan: &'a FleetPlan,
    /// The file it came from.
    pub spec: &'a Spec,
    /// What it costs.
    pub cost: &'a CostEstimate,
    /// The account, project, subscription or folder; empty where nobody asked for it.
    pub account: &'a str,
    /// Whether the cloud is simulated.
    pub simulated: bool,
}

impl PlanView<'_> {
    /// Where the fleet is, in words.
    pub(crate) fn place(&self) -> Vec<String> {
        let Self { plan, account, .. } = self;
        let desired = &plan.desired;
        let is_local = desired.region == pgfleet_model::Region::local();
        let place = if is_local {
            desired.provider.to_string()
        } else {
            format!("{} {}", desired.provider, desired.region)
        };
        let account = match account {
            _ if self.simulated => Some("simulated".to_owned()),
            &"" => None,
            account if is_local => Some((*account).to_owned()),
            account => Some(format!("account {account}")),
        };
        [place].into_iter().chain(account).collect()
    }
}

/// Everything that a plan has to say about one fleet.
pub fn plan_text(view: &PlanView<'_>, paint: Paint) -> String {
    let plan = view.plan;
    let mut place = view.place();
    if plan.set.is_empty() && !plan.is_refused() {
        place.push(as_planned(plan));
        place.extend(cost::total_words(view.cost));
    }
    let mut out = heading(plan.desired.fleet.as_str(), &place, paint);
    section(&mut out, "", &changes(plan, paint));
    section(
        &mut out,
        "Calls, in this order\n",
        &steps(&plan.steps, paint),
    );
    section(
        &mut out,
        "Checks\n",
        &checks(&plan.checks, view.spec, paint),
    );
    section(&mut out, "", &cost::section(plan, view.cost, paint));
    out
}

/// What there is of a fleet in which nothing is to be done.
fn as_planned(plan: &FleetPlan) -> String {
    match (plan.goal, plan.desired.instances.len()) {
        (
            Goal::Destroy {
                replicas_only: true,
            },
            _,
        ) => "no replica is there".to_owned(),
        (_, 0) => "no instance is there".to_owned(),
        (_, instances) => format!("{} as planned", count(instances, "instance")),
    }
}

fn section(out: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "\n{title}{body}");
    }
}

/// The changes and the drift, a line each, or two where names are long.
fn changes(plan: &FleetPlan, paint: Paint) -> String {
    let home = &plan.desired.region;
    let effective = plan.set.effective().flat_map(|change| {
        let rows = change_rows(change, home).into_iter();
        rows.map(|row| (sign(change.action), row))
    });
    let drift = plan.set.drift.iter();
    let drift = drift.map(|drift| ('i', drift_row(drift, home)));
    let rows: Vec<(char, [String; 4])> = effective.chain(drift).collect();
    let mut bodies = in_one_line(&rows);
    let fits = |body: &String| body.lines().all(|line| line.chars().count() <= WIDTH);
    if !bodies.iter().all(fits) {
        bodies = in_two_lines(&rows);
    }
    let mut out = String::new();
    for ((sign, _), body) in rows.iter().zip(bodies) {
        let painted = match sign {
            '+' => paint.good(sign),
            '~' => paint.careful(sign),
            '-' => paint.bad(sign),
            _ => paint.quiet(sign),
        };
        // The first four blanks are those of the sign.
        let body = body.strip_prefix("    ").unwrap_or(&body);
        let _ = write!(out, "  {painted} {body}");
    }
    out
}

fn in_one_line(rows: &[(char, [String; 4])]) -> Vec<String> {
    let mut table = Table::default();
    for (_, row) in rows {
        table.row(row);
    }
    let lines = table.lines().into_iter();
    // The last column may be longer than a line.
    lines
        .map(|line| {
            let (head, tail) = split_last_column(&line);
            hanging(&format!("    {head}"), tail)
        })
        .collect()
}

fn in_two_lines(rows: &[(char, [String; 4])]) -> Vec<String> {
    let mut table = Table::default();
    for (_, [address, id, ..]) in rows {
        table.row([address, id]);
    }
    let heads = table.lines().into_iter();
    heads
        .zip(rows)
        .map(|(head, (_, [.., shape, why]))| {
            let what = format!("{shape}  {why}");
            format!("    {head}\n{}", hanging("      ", what.trim()))
        })
        .collect()
}

/// The line before its last column, gap included, and the column.
fn split_last_column(line: &str) -> (&str, &str) {
    line.rfind("  ")
        .map_or(("", line), |gap| line.split_at(gap + 2))
}

fn sign(action: Action) -> char {
    match action {
        Action::NoOp => ' ',
        Action::Create => '+',
        Action::Update => '~',
        Action::Delete => '-',
    }
}

/// The calls with a bracket around those that run side by side, as roomy as fits.
fn steps(steps: &[Step], paint: Paint) -> String {
    let fits = |line: &String| line.lines().all(|line| line.chars().count() <= WIDTH);
    let mut lines = Vec::new();
    for room in [Room::Ample, Room::Little, Room::TwoLines] {
        lines = step_lines(steps, room);
        if lines.iter().all(fits) {
            break;
        }
    }
    let mut out = String::new();
    for (line, step) in lines.into_iter().zip(steps) {
        let line = match step.disruption {
            Disruption::None => line,
            _ => paint.careful(line),
        };
        let _ = writeln!(out, "{line}");
    }
    out
}

/// How much room the calls have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    /// For words beside the brackets.
    Ample,
    /// For the brackets alone.
    Little,
    /// For everything but names, which stand below it.
    TwoLines,
}

fn step_lines(steps: &[Step], room: Room) -> Vec<String> {
    let mut table = Table::default();
    for (index, step) in steps.iter().enumerate() {
        let same = |other: Option<&Step>| {
            other.is_some_and(|other| other.after == step.after && other.lane != step.lane)
        };
        let above = same(index.checked_sub(1).and_then(|above| steps.get(above)));
        let below = same(steps.get(index + 1));
        let bracket = match (above, below) {
            (false, false) => "",
            (false, true) => "┐",
            (true, true) => "│",
            (true, false) if room == Room::Ample => "┘ side by side",
            (true, false) => "┘",
        };
        let time = step.expected_seconds.map(about).unwrap_or_default();
        let notice = match step.disruption {
            Disruption::None => String::new(),
            other => other.to_string(),
        };
        let name = if room == Room::TwoLines {
            String::new()
        } else {
            step.mutation.resource.to_string()
        };
        table.row([
            format!("{:>4}", step.id),
            step.call.clone(),
            name,
            bracket.to_owned(),
            time,
            notice,
        ]);
    }
    let lines = table.lines();
    if room != Room::TwoLines {
        return lines;
    }
    let named = |(line, step): (String, &Step)| format!("{line}\n      {}", step.mutation.resource);
    lines.into_iter().zip(steps).map(named).collect()
}

/// What refuses a fleet, for where its plan is not shown.
pub fn refusals_text(spec: &Spec, refusals: &[Check], paint: Paint) -> String {
    let (fleet, provider) = (paint.strong(&spec.fleet), spec.provider);
    format!("{fleet}   {provider}\n\n{}", checks(refusals, spec, paint))
}

fn checks(checks: &[Check], spec: &Spec, paint: Paint) -> String {
    let mut out = String::new();
    let mut rest = checks;
    while let Some(check) = rest.first() {
        let place = check.key.as_deref().and_then(|key| spec.place_of(key));
        // Notes of one kind are one paragraph: nobody reads the same words eight times.
        let alike = |other: &&Check| other.severity == Severity::Note && other.code == check.code;
        let run = rest.iter().take_while(alike).count().max(1);
        match (check.severity, place) {
            (Severity::Error, Some(place)) => out.push_str(&refusal(check, spec, place, paint)),
            _ => out.push_str(&checks_text(&rest[..run], paint)),
        }
        rest = &rest[run..];
    }
    // A refusal ends with an empty line, to stand apart from what follows it.
    let end = out.trim_end().len();
    out.truncate(end);
    out.push_str(if out.is_empty() { "" } else { "\n" });
    out
}

/// An error with the line of the plan file that asks for it.
fn refusal(check: &Check, spec: &Spec, place: &pgfleet_spec::Place, paint: Paint) -> String {
    let mut text = snippet(
        &spec.source,
        place,
        &check.code,
        &check.message,
        &check.remedy,
        &check.source,
        paint,
    );
    text.push_str("\n\n");
    text
}

/// Checks of one severity and code in a paragraph of their own.
pub(crate) fn checks_text(checks: &[Check], paint: Paint) -> String {
    let Some(Check { severity, code, .. }) = checks.first() else {
        return String::new();
    };
    let word = match severity {
        Severity::Note => paint.quiet("note   "),
        Severity::Warning => paint.careful("warning"),
        Severity::Error => paint.bad("error  "),
    };
    let mut text = code.clone();
    for (number, check) in checks.iter().enumerate() {
        text.push_str(if number == 0 { ": " } else { "; " });
        if let Some(address) = &check.address {
            let _ = write!(text, "{address}: ");
        }
        text.push_str(&check.message);
        for part in [&check.remedy, &check.source] {
            if !part.is_empty() {
                let _ = write!(text, "; {part}");
            }
        }
    }
    let body = hanging("           ", &text);
    format!("  {word}  {}", body.trim_start())
}

/// What all fleets of a run cost together; empty where fewer than two of them have a bill.
pub fn plan_costs(costs: &[&CostEstimate]) -> String {
    cost::all_fleets(costs)
}

/// The last line of a plan: how much it changes, and what to type next.
pub fn plan_summary(counts: [usize; 3], refusals: usize, next: Option<&str>) -> String {
    let [create, update, delete] = counts;
    if refusals > 0 {
        let errors = count(refusals, "error");
        return format!("Refused: {errors}. Nothing was changed.\n");
    }
    if counts == [0, 0, 0] {
        return "Nothing to change.\n".to_owned();
    }
    let counts = format!("{create} to create, {update} to change, {delete} to delete.");
    let Some(next) = next.map(|next| format!("Next: {next}")) else {
        return format!("{counts}\n");
    };
    // What is to be typed is never broken.
    let fits = counts.len() + 2 + next.chars().count() <= WIDTH;
    format!("{counts}{}{next}\n", if fits { "  " } else { "\n" })
}
