//! `pgfleet plan`.

use pgfleet_model::Action;
use pgfleet_planner::{FleetPlan, Goal};
use pgfleet_pricing::CostEstimate;
use pgfleet_render::{
    PlanView, path_word, plan_costs, plan_json, plan_markdown, plan_shell, plan_summary, plan_text,
};

use super::looking;
use crate::{
    accounts::Accounts,
    args::{PlanArgs, PlanFormat},
    exit::Exit,
    github::Github,
    run::{Run, refusals},
    saved,
    ui::Ui,
};

/// Shows what would change.
pub(super) async fn perform(args: &PlanArgs, ui: Ui) -> Exit {
    let mut github = match Github::open(args.github, "plan", ui) {
        Ok(github) => github,
        Err(exit) => return exit,
    };
    let exit = looking(show(args, &mut github, ui), ui).await;
    if let Some(github) = github {
        github.end(exit, ui);
    }
    exit
}

async fn show(args: &PlanArgs, github: &mut Option<Github>, ui: Ui) -> Exit {
    let accounts = match args.out {
        Some(_) => Accounts::All,
        None => Accounts::Guarded,
    };
    let run = match Run::open(&args.plans.plans, &args.simulate, accounts, ui).await {
        Ok(run) => run,
        Err(exit) => return exit,
    };
    if let Some(out) = &args.out
        && let Err(exit) = saved::refuse_place(out, &run, &args.simulate, ui)
    {
        return exit;
    }
    let plans = match run.plan(Goal::Apply, ui).await {
        Ok(plans) => plans,
        Err(exit) => return exit,
    };
    let refused = refusals(&plans) > 0;
    let pending = plans.iter().any(|plan| !plan.set.is_empty());
    print(args, &run, &plans, ui);
    if let Some(github) = github {
        github.plans(&plans, &run.costs(&plans), run.is_simulated());
        github.summarize(|room| markdown(&run, &plans, room), ui);
    }
    if let Some(path) = args.out.as_ref().filter(|_| !refused) {
        if let Err(why) = saved::save(path, &run, plans) {
            ui.problem(&format!("the plan cannot be saved: {why}"), "");
            return Exit::Failed;
        }
        if let Some(github) = github {
            github.output("saved_plan", path.to_string_lossy());
        }
        if run.fleets.iter().any(|fleet| fleet.account.is_empty()) {
            ui.note("Nobody there tells the account: the saved plan is bound to none.");
        }
        let (shown, word) = (path.display(), path_word(path));
        let again = args.simulate.again();
        ui.note(&format!(
            "Saved as {shown}.  Next: pgfleet apply {word}{again}"
        ));
    }
    if refused {
        Exit::Refused
    } else if args.detailed_exitcode && pending {
        Exit::Pending
    } else {
        Exit::Done
    }
}

fn print(args: &PlanArgs, run: &Run, plans: &[FleetPlan], ui: Ui) {
    match args.format {
        PlanFormat::Text => {
            let words: Vec<_> = args
                .plans
                .plans
                .iter()
                .map(|path| path_word(path))
                .collect();
            let next = format!("pgfleet apply {}{}", words.join(" "), args.simulate.again());
            let next = args.out.is_none().then_some(next.as_str());
            ui.result(&text(run, plans, next, ui));
        }
        PlanFormat::Json => {
            let costs = run.costs(plans);
            let plans: Vec<_> = plans.iter().zip(&costs).collect();
            ui.result(&format!("{:#}\n", plan_json(&plans, run.is_simulated())));
        }
        PlanFormat::Markdown => ui.result(&markdown(run, plans, args.size.max_bytes)),
        // Commands that must not be run are not printed.
        PlanFormat::Shell if refusals(plans) > 0 => ui.note(&text(run, plans, None, ui)),
        PlanFormat::Shell => {
            let fleets = run.fleets.iter().zip(plans);
            let fleets: Vec<_> = fleets
                .map(|(fleet, plan)| (plan, fleet.provider.platform()))
                .collect();
            ui.result(&plan_shell(&fleets, run.is_simulated()));
        }
    }
}

/// The plans of a run as they are shown.
fn views<'a>(run: &'a Run, plans: &'a [FleetPlan], costs: &'a [CostEstimate]) -> Vec<PlanView<'a>> {
    let fleets = run.fleets.iter().zip(plans).zip(costs);
    fleets
        .map(|((fleet, plan), cost)| PlanView {
            plan,
            cost,
            spec: &fleet.spec,
            account: &fleet.account,
            simulated: run.is_simulated(),
        })
        .collect()
}

/// The plans of a run for a pull request, in at most so many bytes.
pub(super) fn markdown(run: &Run, plans: &[FleetPlan], limit: usize) -> String {
    let costs = run.costs(plans);
    plan_markdown(&views(run, plans, &costs), limit)
}

/// The plans of a run with a last line that counts, and says what to type `next` where it is given.
pub(super) fn text(run: &Run, plans: &[FleetPlan], next: Option<&str>, ui: Ui) -> String {
    let mut out = String::new();
    let costs = run.costs(plans);
    for view in views(run, plans, &costs) {
        out.push_str(&plan_text(&view, ui.out()));
        out.push('\n');
    }
    out.push_str(&plan_costs(&costs.iter().collect::<Vec<_>>()));
    let count = |action| {
        plans
            .iter()
            .map(|plan| plan.set.count(action))
            .sum::<usize>()
    };
    let counts = [
        count(Action::Create),
        count(Action::Update),
        count(Action::Delete),
    ];
    out.push_str(&plan_summary(counts, refusals(plans), next));
    out
}
