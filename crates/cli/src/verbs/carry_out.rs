//! What `apply` and `destroy` have in common: plan, ask, execute, tell how it ended.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use pgfleet_executor::{FleetReport, Options, Stop, Work, execute};
use pgfleet_model::{EventKind, ObservedState, Outcome};
use pgfleet_planner::{FleetPlan, Goal, SavedPlan};
use pgfleet_render::{connect_line, left_running, outcome_line, outcome_markdown};
use pgfleet_spec::Spec;

use super::plan::{markdown, text};
use crate::{
    accounts::Accounts,
    args::{Format, HowArgs},
    credentials,
    exit::Exit,
    github::Github,
    progress::Progress,
    run::{Fleet, Run, load, refusals},
    saved,
    signals::Signals,
    ui::Ui,
};

/// One of the two verbs.
pub(super) struct Command<'a> {
    pub(super) verb: &'static str,
    pub(super) goal: Goal,
    pub(super) question: &'static str,
    pub(super) how: &'a HowArgs,
    /// Whether somebody has agreed already.
    pub(super) approved: bool,
}

/// Where the plans come from.
pub(super) enum Source<'a> {
    /// They are made now, from plan files.
    Files(&'a [PathBuf]),
    /// They were made, looked at and saved before.
    Saved(&'a Path, SavedPlan),
}

/// Plans, asks and executes.
pub(super) async fn carry_out(command: &Command<'_>, source: Source<'_>, ui: Ui) -> Exit {
    let mut github = match Github::open(command.how.github, command.verb, ui) {
        Ok(github) => github,
        Err(exit) => return exit,
    };
    let exit = perform(command, source, &mut github, ui).await;
    if let Some(github) = github {
        github.end(exit, ui);
    }
    exit
}

async fn perform(
    command: &Command<'_>,
    source: Source<'_>,
    github: &mut Option<Github>,
    ui: Ui,
) -> Exit {
    let Command { verb, how, .. } = command;
    // What is wrong with the files is told first: it has to be mended however the command is given.
    let specs = match &source {
        Source::Files(paths) => match load(paths, ui) {
            Ok(specs) => specs,
            Err(exit) => return exit,
        },
        Source::Saved(..) => Vec::new(),
    };
    let may_ask = ui.can_ask() && how.format == Format::Text;
    if !command.approved && !may_ask {
        ui.problem(
            &format!("{verb} asks before it changes anything, and there is no terminal to ask on"),
            "look at the plan first, then give --auto-approve",
        );
        return Exit::Usage;
    }
    let began = Instant::now();
    // The time that somebody takes to answer is not the run's.
    let limit = how.timeout.filter(|_| command.approved);
    let mut signals = Signals::listen();
    let preparing = prepare(command, source, specs, github, ui);
    let (run, plans) = tokio::select! {
        prepared = preparing => match prepared {
            Ok(prepared) => prepared,
            Err(exit) => return exit,
        },
        () = signals.next() => {
            ui.note("Stopped. Nothing was changed.");
            return Exit::Stopped;
        }
        () = passed(limit) => {
            ui.note("Stopped after --timeout. Nothing was changed.");
            return Exit::Stopped;
        }
    };
    let left = limit.map(|limit| limit.saturating_sub(began.elapsed()));
    let timeout = left.or(how.timeout);
    let exit = run_plans(command, &run, plans, timeout, signals, github.as_ref(), ui).await;
    run.providers.close().await;
    exit
}

/// Returns when this time has passed; never, where there is none.
async fn passed(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Everything up to the first change: plans, shows them, and asks.
async fn prepare(
    command: &Command<'_>,
    source: Source<'_>,
    specs: Vec<Spec>,
    github: &mut Option<Github>,
    ui: Ui,
) -> Result<(Run, Vec<FleetPlan>), Exit> {
    let Command {
        verb: _,
        goal,
        question,
        how,
        approved,
    } = command;
    let mut run = match &source {
        Source::Files(_) => Run::serve(specs, &how.simulate, Accounts::Guarded, ui).await?,
        Source::Saved(path, saved) => saved::open(path, saved, &how.simulate, ui).await?,
    };
    if how.no_wait && run.fleets.iter().any(|fleet| !outlives_us(fleet)) {
        ui.problem(
            "--no-wait: what runs on this machine ends with pgfleet",
            "leave --no-wait out for local fleets",
        );
        return Err(Exit::Usage);
    }
    let plans = match source {
        Source::Files(_) => run.plan_what_can_be(*goal, ui).await?,
        Source::Saved(_, saved) => run.fit(saved, ui).await?,
    };
    let refused = refusals(&plans) > 0;
    let empty = plans.iter().all(|plan| plan.set.is_empty());
    match how.format {
        Format::Text => ui.result(&text(&run, &plans, None, ui)),
        Format::Json if refused => ui.note(&text(&run, &plans, None, ui)),
        Format::Json => {}
    }
    if let Some(github) = github {
        github.plans(&plans, &run.costs(&plans), run.is_simulated());
        github.summarize(|room| markdown(&run, &plans, room), ui);
    }
    if refused {
        return Err(Exit::Refused);
    }
    if empty && how.format == Format::Text {
        for (fleet, plan) in run.fleets.iter().zip(&plans) {
            hint(command.goal, fleet, &plan.observed, ui);
        }
        // There may still be something to tidy up behind a run that was killed.
        run.providers.close().await;
        tell_left_out(&run, ui);
        return Err(left_out(&run).collect());
    }
    credentials::warn(&run, &plans, ui).await;
    if !approved && !ui.ask(question).await {
        ui.note("Nothing was changed.");
        return Err(Exit::Failed);
    }
    Ok((run, plans))
}

fn outlives_us(fleet: &Fleet) -> bool {
    fleet.provider.platform().capabilities().outlives_us
}

/// Executes the plans; the first signal stops between two calls, the second ends at once.
async fn run_plans(
    command: &Command<'_>,
    run: &Run,
    plans: Vec<FleetPlan>,
    timeout: Option<Duration>,
    mut signals: Signals,
    github: Option<&Github>,
    ui: Ui,
) -> Exit {
    let how = command.how;
    let works: Vec<Work> = run
        .fleets
        .iter()
        .zip(plans)
        .map(|(fleet, plan)| Work {
            plan,
            provider: Arc::clone(&fleet.provider),
            scope: fleet.scope(),
            in_window: fleet.spec.in_window,
        })
        .collect();
    let options = Options {
        parallelism: how.parallelism.get(),
        timeout,
        no_wait: how.no_wait,
        ..Options::default()
    };
    let stop = Stop::default();
    let mut progress = Progress::new(ui, how.format, run.fleets.len() > 1, run.is_simulated());
    for (fleet, error) in run.left_out() {
        progress.left_out(fleet, error);
    }
    let reports = {
        let executing = execute(works, options, &run.traffic, &stop, &mut progress);
        tokio::pin!(executing);
        let mut asked_to_stop = false;
        loop {
            tokio::select! {
                reports = &mut executing => break reports,
                () = signals.next() => {
                    if asked_to_stop {
                        ui.note("Stopped at once.");
                        return Exit::Stopped;
                    }
                    asked_to_stop = true;
                    stop.stop();
                }
            }
        }
    };
    if let Some(github) = github {
        let told = progress.told();
        github.summarize(|room| outcome_markdown(command.verb, told, room), ui);
    }
    let is_named = progress.told().iter().any(|event| {
        let kind = &event.kind;
        matches!(
            kind,
            EventKind::StepLeft { .. } | EventKind::StepOverdue { .. }
        )
    });
    tell(command, run, &reports, is_named, ui);
    let ended = |report: &FleetReport| (report.outcome, report.took_effect);
    reports.iter().map(ended).chain(left_out(run)).collect()
}

/// How the run ended for the fleets that it could not plan.
fn left_out(run: &Run) -> impl Iterator<Item = (Outcome, bool)> {
    run.left_out().map(|_| (Outcome::Failed, false))
}

fn tell_left_out(run: &Run, ui: Ui) {
    for (fleet, _) in run.left_out() {
        ui.result(&outcome_line(fleet, Outcome::Failed, 0, ui.out()));
    }
}

/// The last words of a run.
fn tell(command: &Command<'_>, run: &Run, reports: &[FleetReport], is_named: bool, ui: Ui) {
    if reports
        .iter()
        .any(|report| report.outcome == Outcome::Stopped)
    {
        let outlives = run.fleets.iter().any(outlives_us);
        ui.note(&left_running(is_named, outlives));
    }
    if command.how.format == Format::Json {
        return;
    }
    let several = reports.len() > 1 || run.left_out().next().is_some();
    for (fleet, report) in run.fleets.iter().zip(reports) {
        // That the only fleet was stopped has just been said.
        if report.outcome != Outcome::Stopped || several {
            ui.result(&outcome_line(
                &report.fleet,
                report.outcome,
                report.observed.owned().count(),
                ui.out(),
            ));
        }
        if report.outcome == Outcome::Done {
            hint(command.goal, fleet, &report.observed, ui);
        }
    }
    tell_left_out(run, ui);
}

/// Says how to connect to what is there after an apply.
fn hint(goal: Goal, fleet: &Fleet, observed: &ObservedState, ui: Ui) {
    let Some(primary) = observed.primary().filter(|_| goal == Goal::Apply) else {
        return;
    };
    let pgfleet_spec::PrimarySpec::Managed(managed) = &fleet.spec.primary else {
        return;
    };
    let Some(endpoint) = &primary.endpoint else {
        return;
    };
    let passfile = fleet.provider.admin_passfile(&primary.resource);
    let line = connect_line(
        endpoint,
        &managed.admin,
        &managed.database,
        passfile.as_deref(),
    );
    ui.result(&line);
}
