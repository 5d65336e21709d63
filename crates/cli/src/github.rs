//! `--github`: what came out of a run, told to the step of GitHub Actions that it is.
//!
//! The step's summary is markdown that people see below the run; its outputs are what the steps after
//! it read. Both are files that are added to.

use std::{
    cell::Cell,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

use pgfleet_model::Action;
use pgfleet_planner::FleetPlan;
use pgfleet_pricing::{Amount, CostDelta, CostEstimate, Usd};

use pgfleet_render::failure_markdown;

use crate::{
    args::GithubFlag,
    exit::Exit,
    run::refusals,
    ui::{self, Ui},
};

/// The largest summary that GitHub takes of one step, in bytes.
const SUMMARY_BYTES: usize = 1024 * 1024;
/// Less room than this is not worth beginning.
const SHORTEST: usize = 1_024;

/// The step's summary and outputs.
#[derive(Debug)]
pub(crate) struct Github {
    summary: PathBuf,
    output: PathBuf,
    /// The command whose step it is; empty where nobody can tell.
    verb: &'static str,
    /// Names and values, written when the run is over.
    outputs: Vec<(&'static str, String)>,
    /// Whether the summary says what came of the run.
    is_summarized: Cell<bool>,
}

impl Github {
    /// What `--github` asks for; `Ok(None)` where it is not given. It has been told what is missing
    /// when this fails.
    pub(crate) fn open(flag: GithubFlag, verb: &'static str, ui: Ui) -> Result<Option<Self>, Exit> {
        if !flag.github {
            return Ok(None);
        }
        let file = |variable: &str| {
            let path = std::env::var_os(variable).filter(|path| !path.is_empty());
            let path = PathBuf::from(path.ok_or_else(|| format!("{variable} is not set"))?);
            // Better now than when everything else is done.
            match append(&path) {
                Ok(_) => Ok(path),
                Err(error) => Err(format!("{variable}: {}: {error}", path.display())),
            }
        };
        match (file("GITHUB_STEP_SUMMARY"), file("GITHUB_OUTPUT")) {
            (Ok(summary), Ok(output)) => Ok(Some(Self {
                summary,
                output,
                verb,
                outputs: Vec::new(),
                is_summarized: Cell::new(false),
            })),
            (summary, output) => {
                let why: Vec<String> = [summary.err(), output.err()]
                    .into_iter()
                    .flatten()
                    .collect();
                ui.problem(
                    &format!("--github: {}", why.join("; ")),
                    "GitHub Actions sets both to files; leave --github out elsewhere",
                );
                Err(Exit::Usage)
            }
        }
    }

    /// An output of the step.
    pub(crate) fn output(&mut self, name: &'static str, value: impl Into<String>) {
        self.outputs.push((name, value.into()));
    }

    /// What a plan comes to.
    pub(crate) fn plans(&mut self, plans: &[FleetPlan], costs: &[CostEstimate], simulated: bool) {
        let count = |action| -> usize { plans.iter().map(|plan| plan.set.count(action)).sum() };
        let counts = [
            ("create", count(Action::Create)),
            ("update", count(Action::Update)),
            ("delete", count(Action::Delete)),
        ];
        let changes: usize = counts.iter().map(|(_, count)| count).sum();
        self.output("changes", changes.to_string());
        for (name, count) in counts {
            self.output(name, count.to_string());
        }
        self.output("refusals", refusals(plans).to_string());
        let total: CostDelta = costs.iter().map(CostEstimate::total).sum();
        // Empty is what is not known; it is never 0.
        let shown = |usd: Option<Usd>| usd.map(Usd::shown).unwrap_or_default();
        let side = |amount: Amount| shown(amount.known());
        self.output("monthly_before", side(total.before));
        self.output("monthly_after", side(total.after));
        self.output("monthly_delta", shown(total.change().known()));
        self.output("cost_complete", total.is_complete().to_string());
        self.output("simulated", simulated.to_string());
    }

    /// Adds to the summary what `markdown` makes of the room that is left in it.
    pub(crate) fn summarize(&self, markdown: impl FnOnce(usize) -> String, ui: Ui) {
        self.is_summarized.set(true);
        let wrote = append(&self.summary).and_then(|mut file| {
            let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
            // The line break stands between what was there and what comes.
            let room = SUMMARY_BYTES.saturating_sub(there).saturating_sub(1);
            if room < SHORTEST {
                ui.note("The step's summary is full: nothing was added to it.");
                return Ok(());
            }
            let mut text = markdown(room);
            if there > 0 {
                text.insert(0, '\n');
            }
            file.write_all(text.as_bytes())
        });
        if let Err(error) = wrote {
            let path = self.summary.display();
            ui.problem(&format!("the step's summary {path}: {error}"), "");
        }
    }

    /// Writes the outputs, the exit code among them, and where there was neither a plan nor an outcome
    /// to tell, the problems that people were told. The exit code speaks of the fleets: what goes wrong
    /// here is told, and changes it no more.
    pub(crate) fn end(mut self, exit: Exit, ui: Ui) {
        if !self.is_summarized.get()
            && let Some(end) = exit.without_result()
        {
            let verb = self.verb;
            self.summarize(|room| failure_markdown(verb, end, &ui::told(), room), ui);
        }
        self.output("exit_code", exit.code().to_string());
        let mut text = String::new();
        for (name, value) in &self.outputs {
            text.push_str(&assignment(name, value));
        }
        let wrote = append(&self.output).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = wrote {
            let path = self.output.display();
            ui.problem(&format!("the step's outputs {path}: {error}"), "");
        }
    }
}

fn append(path: &PathBuf) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// One output in the form that takes values of several lines. The word that ends the value does not
/// occur in it, so no value can set another output.
fn assignment(name: &str, value: &str) -> String {
    let mut end = "end-of-value".to_owned();
    let mut number = 0_u32;
    while value.contains(&end) {
        number += 1;
        end = format!("end-of-value-{number}-");
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name}<<{end}\n{value}\n{end}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_itself() {
        assert_eq!(
            assignment("delete", "0"),
            "delete<<end-of-value\n0\nend-of-value\n"
        );
        let hostile = "x\nend-of-value\nexit_code=0\nend-of-value-1-\n";
        let text = assignment("saved_plan", hostile);
        let (first, rest) = text.split_once('\n').unwrap();
        let end = first.strip_prefix("saved_plan<<").unwrap();
        assert!(!hostile.contains(end));
        assert_eq!(rest, format!("{hostile}\n{end}\n"));
    }
}
