//! A plan for a pull request's comment or a step's summary: what is lost and what it costs first,
//! everything else folded, cut to a size.

use std::fmt::Write as _;

use pgfleet_model::{Action, Check, Disruption, Severity};
use pgfleet_planner::FleetPlan;
use pgfleet_pricing::CostDelta;

use crate::{
    cost::{self, amount},
    markdown::{Document, Part, Section, cell, code, row, table_head},
    plan_rows::{change_rows, drift_row},
    plan_text::PlanView,
    units::{about, count},
};

/// The largest comment that GitHub takes, which other forges take too.
pub const COMMENT_BYTES: usize = 65_536;

/// The plans of a run in at most so many bytes, 1,024 or more.
///
/// The first line is a comment by which a later run finds what it wrote before.
pub fn plan_markdown(views: &[PlanView<'_>], limit: usize) -> String {
    let mut sections = vec![
        refusals(views),
        deletions(views),
        interruptions(views),
        costs(views),
        warnings(views),
    ];
    let bills_folded = billed(views).count() > 1;
    let loud = views.iter().filter(|view| !is_quiet(view));
    sections.extend(loud.map(|view| details(view, bills_folded)));
    sections.push(quiet(views));
    Document {
        title: title(views),
        sections,
    }
    .within(limit)
}

/// Whether a fleet is as planned and nobody has to look at it.
fn is_quiet(view: &PlanView<'_>) -> bool {
    let FleetPlan { set, checks, .. } = view.plan;
    let noted = |check: &Check| check.severity == Severity::Note;
    set.is_empty() && set.drift.is_empty() && checks.iter().all(noted)
}

fn title(views: &[PlanView<'_>]) -> String {
    let mut out = "<!-- pgfleet plan -->\n".to_owned();
    let errors = checks(views, Severity::Error).count();
    let counts = counts(views);
    // Writing to a string cannot fail.
    let _ = match (errors, counts) {
        (0, [0, 0, 0]) => writeln!(out, "## pgfleet plan: nothing to change\n"),
        (0, [create, update, delete]) => writeln!(
            out,
            "## pgfleet plan: {create} to create, {update} to change, {delete} to delete\n"
        ),
        (errors, _) => writeln!(
            out,
            "## pgfleet plan: refused, {}\n",
            count(errors, "error")
        ),
    };
    if views.iter().any(|view| view.simulated) {
        out.push_str("> [!NOTE]\n> **Simulated clouds.** Nothing of this is real.\n\n");
    }
    if errors > 0 {
        out.push_str(
            "> [!CAUTION]\n> **Refused.** `pgfleet apply` makes none of these changes, in no \
             fleet of the run, until what stands below is put right.\n\n",
        );
    } else if counts[2] > 0 {
        let _ = writeln!(
            out,
            "> [!WARNING]\n> **{} will be deleted.**\n",
            count(counts[2], "instance")
        );
    }
    let total = total(views);
    if billed(views).next().is_some() {
        let _ = writeln!(
            out,
            "**{} a month**: {} now, {} afterwards, in {}.\n",
            cost::change(total),
            amount(total.before),
            amount(total.after),
            count(views.len(), "fleet")
        );
    }
    out
}

/// How many instances are created, changed and deleted.
fn counts(views: &[PlanView<'_>]) -> [usize; 3] {
    [Action::Create, Action::Update, Action::Delete]
        .map(|action| views.iter().map(|view| view.plan.set.count(action)).sum())
}

fn checks<'a>(
    views: &'a [PlanView<'_>],
    severity: Severity,
) -> impl Iterator<Item = (&'a FleetPlan, &'a Check)> {
    let all = views.iter().flat_map(|view| {
        let plan = view.plan;
        plan.checks.iter().map(move |check| (plan, check))
    });
    all.filter(move |(_, check)| check.severity == severity)
}

/// Where the fleets that have a bill are.
fn billed<'a>(views: &'a [PlanView<'a>]) -> impl Iterator<Item = &'a PlanView<'a>> {
    views.iter().filter(|view| !view.cost.addresses.is_empty())
}

fn total(views: &[PlanView<'_>]) -> CostDelta {
    views.iter().map(|view| view.cost.total()).sum()
}

fn refusals(views: &[PlanView<'_>]) -> Section {
    let rows = checks(views, Severity::Error).map(|(plan, check)| finding(Some(plan), check));
    titled(
        "What stands against it",
        String::new(),
        rows.collect(),
        "error",
    )
}

fn warnings(views: &[PlanView<'_>]) -> Section {
    let rows = checks(views, Severity::Warning).map(|(plan, check)| finding(Some(plan), check));
    titled("Warnings", String::new(), rows.collect(), "warning")
}

/// One check as a line of a list.
fn finding(plan: Option<&FleetPlan>, check: &Check) -> String {
    let Check {
        severity: _,
        code: name,
        address,
        message,
        remedy,
        source,
        key,
    } = check;
    let mut out = format!("- {}", code(name));
    if let Some(plan) = plan {
        let _ = write!(out, " **{}**", cell(plan.desired.fleet.as_str()));
    }
    if let Some(address) = address {
        let _ = write!(out, " {}", code(&address.to_string()));
    }
    let _ = write!(out, ": {}", cell(message));
    if let Some(key) = key {
        let _ = write!(out, " ({})", code(key));
    }
    if !remedy.is_empty() {
        let _ = write!(out, ". *{}*", cell(remedy));
    }
    if !source.is_empty() {
        let _ = write!(out, ". {}", link(source));
    }
    out.push('\n');
    out
}

/// Where a rule is written down.
fn link(source: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-._~:/?#=&%+".contains(sign);
    if source.starts_with("https://") && source.chars().all(plain) {
        format!("[Source]({source})")
    } else {
        format!("Source: {}", cell(source))
    }
}

fn titled(title: &str, head: String, rows: Vec<String>, noun: &'static str) -> Section {
    Section::titled(title, vec![Part::new(head, rows, noun)])
}

fn deletions(views: &[PlanView<'_>]) -> Section {
    let mut rows = Vec::new();
    for FleetPlan { desired, set, .. } in views.iter().map(|view| view.plan) {
        let deleted = set.effective().filter(|it| it.action == Action::Delete);
        let deleted = deleted.flat_map(|change| change_rows(change, &desired.region));
        for [address, id, place, why] in deleted {
            let fleet = cell(desired.fleet.as_str());
            let why = format!("{place} {why}");
            let why = cell(why.trim());
            rows.push(row(&[&fleet, &code(&address), &code(&id), &why]));
        }
    }
    let head = table_head(&["fleet", "address", "instance", "why"]);
    titled("Deleted", head, rows, "deletion")
}

fn interruptions(views: &[PlanView<'_>]) -> Section {
    let mut rows = Vec::new();
    for FleetPlan { desired, steps, .. } in views.iter().map(|view| view.plan) {
        let disrupting = steps.iter().filter(|it| it.disruption != Disruption::None);
        rows.extend(disrupting.map(|step| {
            row(&[
                &cell(desired.fleet.as_str()),
                &code(&step.address.to_string()),
                &code(&step.mutation.resource.to_string()),
                &code(&step.call),
                &format!("**{}**", step.disruption),
            ])
        }));
    }
    let head = table_head(&["fleet", "address", "instance", "by", "interruption"]);
    titled("Interrupted", head, rows, "interruption")
}

/// The bills, the sum first: it is what may not be cut off. One fleet is shown instance by instance,
/// several are a row each.
fn costs(views: &[PlanView<'_>]) -> Section {
    let mut fleets: Vec<&PlanView<'_>> = billed(views).collect();
    // What changes comes first.
    fleets.sort_by_key(|view| view.plan.set.is_empty());
    let mut parts = match &fleets[..] {
        [] => return Section::default(),
        [one] => vec![bill(one), footnotes(one)],
        fleets => vec![sums(views, fleets)],
    };
    let unknown = fleets.iter().flat_map(|view| {
        let fleet = cell(view.plan.desired.fleet.as_str());
        let lines = cost::unpriced(view.cost).into_iter();
        lines.map(move |(words, text)| format!("- **{words}**: {fleet} {}\n", cell(&text)))
    });
    parts.insert(
        1,
        Part::new(String::new(), unknown.collect(), "unknown price"),
    );
    Section::titled("Cost a month", parts)
}

/// A row of a table of costs.
fn figures(cells: &[&str], delta: CostDelta) -> String {
    let shown = [
        amount(delta.before),
        amount(delta.after),
        cost::change(delta),
    ];
    let shown = shown.iter().map(String::as_str);
    row(&cells.iter().copied().chain(shown).collect::<Vec<_>>())
}

fn sums(views: &[PlanView<'_>], fleets: &[&PlanView<'_>]) -> Part {
    let mut head = table_head(&["fleet", "before>", "after>", "change>"]);
    head.push_str(&figures(&["**all fleets**"], total(views)));
    let rows = fleets.iter().map(|view| {
        let name = cell(view.plan.desired.fleet.as_str());
        figures(&[&name], view.cost.total())
    });
    Part::new(head, rows.collect(), "fleet's cost")
}

/// One fleet's bill, instance by instance.
fn bill(view: &PlanView<'_>) -> Part {
    let mut head = table_head(&["cost a month", "what", "before>", "after>", "change>"]);
    head.push_str(&figures(&["**total**", ""], view.cost.total()));
    let rows = cost::instances(view.cost)
        .into_iter()
        .map(|(span, (what, delta))| {
            let each = if span.count > 1 { ", each" } else { "" };
            figures(&[&span.words(), &format!("{}{each}", cell(&what))], delta)
        });
    Part::new(head, rows.collect(), "cost line")
}

/// Everything about one fleet, folded.
fn details(view: &PlanView<'_>, with_bill: bool) -> Section {
    let plan = view.plan;
    let [create, update, delete] = counts(std::slice::from_ref(view));
    let mut summary = format!(
        "<b>{}</b> &nbsp; {}",
        cell(plan.desired.fleet.as_str()),
        cell(&view.place().join("   "))
    );
    if plan.set.is_empty() {
        summary.push_str(" &nbsp; nothing to change");
    } else {
        let _ = write!(
            summary,
            " &nbsp; {create} to create, {update} to change, {delete} to delete"
        );
    }
    let mut parts = vec![changes(plan), calls(plan), notes(plan)];
    if with_bill {
        parts.extend([bill(view), footnotes(view)]);
    }
    Section::folded(&summary, parts)
}

fn changes(plan: &FleetPlan) -> Part {
    let line = |action: &str, [address, id, shape, why]: [String; 4]| {
        let what = [cell(&shape), cell(&why)];
        let what: Vec<&str> = what
            .iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        row(&[action, &code(&address), &code(&id), &what.join("; ")])
    };
    let home = &plan.desired.region;
    let mut rows = Vec::new();
    for change in plan.set.effective() {
        let action = match change.action {
            Action::NoOp => "",
            Action::Create => "create",
            Action::Update => "change",
            Action::Delete => "**delete**",
        };
        let of_change = change_rows(change, home).into_iter();
        rows.extend(of_change.map(|it| line(action, it)));
    }
    let drift = plan.set.drift.iter().map(|drift| drift_row(drift, home));
    rows.extend(drift.map(|it| line("*as it is*", it)));
    let head = table_head(&["", "address", "instance", "what"]);
    Part::new(head, rows, "change")
}

fn calls(plan: &FleetPlan) -> Part {
    let rows = plan.steps.iter().map(|step| {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        row(&[
            &step.id.to_string(),
            &code(&step.call),
            &code(&step.mutation.resource.to_string()),
            &after.join(", "),
            &step.expected_seconds.map(about).unwrap_or_default(),
        ])
    });
    let head = table_head(&["step>", "call", "instance", "waits for", "takes"]);
    Part::new(head, rows.collect(), "call")
}

fn notes(plan: &FleetPlan) -> Part {
    let notes = plan.checks.iter();
    let notes = notes.filter(|check| check.severity == Severity::Note);
    let rows = notes.map(|check| finding(None, check)).collect();
    Part::new(String::new(), rows, "note")
}

/// What the figures leave out, and of when they are.
fn footnotes(view: &PlanView<'_>) -> Part {
    let left_out = cost::not_included(view.cost).into_iter();
    let left_out = left_out.map(|text| format!("not included: {text}"));
    let lines = left_out.chain(cost::price_words(view.cost));
    let rows = lines.map(|text| format!("- {}\n", cell(&text))).collect();
    Part::new(String::new(), rows, "footnote")
}

/// The fleets that are as planned, in a line each.
fn quiet(views: &[PlanView<'_>]) -> Section {
    let quiet: Vec<&PlanView<'_>> = views.iter().filter(|view| is_quiet(view)).collect();
    let rows = quiet.iter().map(|view| {
        let bill = cost::total_words(view.cost);
        row(&[
            &cell(view.plan.desired.fleet.as_str()),
            &cell(&view.place().join("   ")),
            &count(view.plan.desired.instances.len(), "instance"),
            &bill.unwrap_or_default(),
        ])
    });
    let head = table_head(&["fleet", "where", "instances", "cost"]);
    let summary = format!("{} as planned", count(quiet.len(), "fleet"));
    Section::folded(
        &summary,
        vec![Part::new(head, rows.collect(), "fleet as planned")],
    )
}
