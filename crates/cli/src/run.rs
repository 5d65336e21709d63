//! From plan files to plans: loading, listing, planning, asking beforehand.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::join_all;
use pgfleet_executor::{Listing, Traffic, Urgency, list};
use pgfleet_model::{Check, FleetName, Inventory, Mutation, Severity};
use pgfleet_planner::{
    Cycle, Fit, FleetPlan, Goal, Resolution, Retagging, SavedFleet, SavedPlan, plan, resolve,
};
use pgfleet_pricing::CostEstimate;
use pgfleet_provider::{ErrorKind, Provider, ProviderError, Scope};
use pgfleet_render::path_word;
use pgfleet_spec::{Diagnostic, Spec};

use crate::{
    accounts::Accounts,
    args::SimulateFlag,
    bill::Prices,
    exit::Exit,
    problems::{Problem, tell},
    providers::Providers,
    saved::{mistaken, refuse},
    simulation::Simulation,
    ui::Ui,
};

/// One plan file with the provider that serves it.
pub(crate) struct Fleet {
    pub(crate) spec: Spec,
    pub(crate) provider: Arc<dyn Provider>,
    /// The account, project, subscription or folder; empty where nothing needed to know it, or
    /// nobody tells it.
    pub(crate) account: String,
}

impl Fleet {
    /// What a listing must cover to show this fleet.
    pub(crate) fn scope(&self) -> Scope {
        let regions = self.spec.addresses().into_iter().map(|(.., region)| region);
        Scope {
            regions: regions.chain([self.spec.region.clone()]).collect(),
            fleets: [self.spec.fleet.clone()].into(),
        }
    }
}

/// The fleets of a run.
pub(crate) struct Run {
    pub(crate) fleets: Vec<Fleet>,
    /// Fleets that cannot be looked at: without a provider, an account or a listing. The others still
    /// are, since one of them may be refused, which speaks louder.
    unserved: Vec<Problem>,
    pub(crate) providers: Providers,
    pub(crate) prices: Prices,
    /// What all calls of the run go through.
    pub(crate) traffic: Arc<Traffic>,
    /// The clouds, where they are simulated.
    simulation: Option<Simulation>,
}

/// Loads the plan files. Every problem of every file has been told when this fails.
pub(crate) fn load(plans: &[PathBuf], ui: Ui) -> Result<Vec<Spec>, Exit> {
    pgfleet_spec::load(plans).map_err(|problems: Vec<Diagnostic>| {
        match mistaken(&problems) {
            Some(name) if !Path::new(name).is_file() => ui.problem(
                &format!("{name} is a saved plan, and no file"),
                "a saved plan is taken from a file only: write it to one, and name that",
            ),
            Some(name) => ui.problem(
                &format!("{name} is a saved plan, not a plan file"),
                &format!(
                    "`pgfleet apply {}`, alone, carries it out; keep it out of folders of plan files",
                    path_word(Path::new(name))
                ),
            ),
            None => ui.diagnostics(&problems),
        }
        Exit::Usage
    })
}

impl Run {
    /// Finds a provider for every plan file. Every problem has been told when this fails.
    pub(crate) async fn open(
        plans: &[PathBuf],
        simulate: &SimulateFlag,
        accounts: Accounts,
        ui: Ui,
    ) -> Result<Self, Exit> {
        Self::serve(load(plans, ui)?, simulate, accounts, ui).await
    }

    /// Finds a provider for every spec. Every problem has been told when this fails; those of some
    /// fleets only are told when the run is looked at, with what is wrong in the others.
    pub(crate) async fn serve(
        specs: Vec<Spec>,
        simulate: &SimulateFlag,
        accounts: Accounts,
        ui: Ui,
    ) -> Result<Self, Exit> {
        let prices = Prices::of(&specs, ui);
        let simulation = Simulation::start(simulate, &specs, ui).await?;
        let mut providers = Providers::new(simulation.as_ref().map(Simulation::endpoint));
        let traffic = Traffic::new(std::process::id().into());
        let mut fleets = Vec::with_capacity(specs.len());
        let mut problems = Vec::new();
        for spec in specs {
            let served = match providers.serve(&spec) {
                Ok(provider) => accounts
                    .of(&spec, provider.as_ref(), simulation.is_some(), &traffic)
                    .await
                    .map(|account| (provider, account)),
                Err(error) => Err(Problem::of(&spec, error)),
            };
            match served {
                Ok((provider, account)) => fleets.push(Fleet {
                    spec,
                    provider,
                    account,
                }),
                Err(problem) => problems.push(problem),
            }
        }
        if fleets.is_empty() && !problems.is_empty() {
            return Err(tell(&problems, ui));
        }
        Ok(Self {
            fleets,
            unserved: problems,
            providers,
            prices,
            traffic,
            simulation,
        })
    }

    /// Whether the clouds are simulated.
    pub(crate) fn is_simulated(&self) -> bool {
        self.simulation.is_some()
    }

    /// Finds providers and resolves every fleet against a listing, for the verbs that only look.
    /// Every problem has been told when this fails.
    pub(crate) async fn look_at(
        plans: &[PathBuf],
        simulate: &SimulateFlag,
        ui: Ui,
    ) -> Result<(Self, Vec<Resolution>), Exit> {
        let run = Self::open(plans, simulate, Accounts::Guarded, ui).await?;
        let resolutions = run.all(run.try_look().await, ui)?;
        Ok((run, resolutions))
    }

    /// The same for the fleets that can be looked at; the others are left out of the run, and it is told
    /// why. Fails where there are no fleets left.
    pub(crate) async fn look_at_what_can_be(
        plans: &[PathBuf],
        simulate: &SimulateFlag,
        ui: Ui,
    ) -> Result<(Self, Vec<Resolution>, Exit), Exit> {
        let mut run = Self::open(plans, simulate, Accounts::Guarded, ui).await?;
        let resolved = run.try_look().await;
        let looked = run.leave_out(resolved);
        let exit = tell(&run.unserved, ui);
        if looked.is_empty() && exit != Exit::Done {
            return Err(exit);
        }
        Ok((run, looked, exit))
    }

    /// What each fleet's provider lists, in the order of the fleets.
    async fn observe(&self) -> Vec<Listing> {
        let requests = self
            .fleets
            .iter()
            .map(|fleet| (Arc::clone(&fleet.provider), fleet.scope()));
        list(requests.collect(), Urgency::Waited, &self.traffic).await
    }

    /// Plans every fleet. Every problem has been told when this fails.
    pub(crate) async fn plan(&self, goal: Goal, ui: Ui) -> Result<Vec<FleetPlan>, Exit> {
        let plans = self.try_plan(goal).await;
        let refused = self.tell_refusals(&plans, ui);
        // A refusal speaks louder than a platform that cannot be asked.
        let louder = |failed| Exit::of_all(refused.into_iter().chain([failed]));
        self.all(plans, ui).map_err(louder)
    }

    /// Plans the fleets that can be planned, and leaves the others out of the run: a cloud that cannot
    /// be asked does not keep the fleets of another waiting, but a refusal anywhere keeps all. Every
    /// problem has been told.
    pub(crate) async fn plan_what_can_be(
        &mut self,
        goal: Goal,
        ui: Ui,
    ) -> Result<Vec<FleetPlan>, Exit> {
        let plans = self.try_plan(goal).await;
        let refused = self.tell_refusals(&plans, ui);
        let planned = self.leave_out(plans);
        if self.unserved.is_empty() {
            return Ok(planned);
        }
        let failed = tell(&self.unserved, ui);
        if failed == Exit::Failed && refused.is_none() && !planned.is_empty() {
            return Ok(planned);
        }
        Err(Exit::of_all(refused.into_iter().chain([failed])))
    }

    /// The results of the fleets that have one; the others are no fleets of the run any more.
    fn leave_out<T>(&mut self, results: Vec<Result<T, ProviderError>>) -> Vec<T> {
        let fleets = std::mem::take(&mut self.fleets);
        let mut done = Vec::new();
        for (fleet, result) in fleets.into_iter().zip(results) {
            match result {
                Ok(result) => {
                    self.fleets.push(fleet);
                    done.push(result);
                }
                Err(error) => self.unserved.push(Problem::of(&fleet.spec, error)),
            }
        }
        done
    }

    async fn try_plan(&self, goal: Goal) -> Vec<Result<FleetPlan, ProviderError>> {
        let listings = self.observe().await;
        let fleets = self.fleets.iter().zip(listings);
        join_all(fleets.map(|(fleet, listing)| async move {
            self.plan_one(fleet, listing?.as_ref(), goal).await
        }))
        .await
    }

    /// Tells what refuses the fleets that could be planned, where others could not, so that no plan is
    /// shown.
    fn tell_refusals(&self, plans: &[Result<FleetPlan, ProviderError>], ui: Ui) -> Option<Exit> {
        if self.unserved.is_empty() && plans.iter().all(Result::is_ok) {
            return None;
        }
        let mut exit = None;
        for (fleet, plan) in self.fleets.iter().zip(plans) {
            let checks: Vec<Check> = plan.iter().flat_map(errors).cloned().collect();
            if !checks.is_empty() {
                ui.refusals(&fleet.spec, &checks);
                exit = Some(Exit::Refused);
            }
        }
        exit
    }

    /// The fleets that are left out of the run, each with why.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = (&FleetName, &ProviderError)> {
        let problems = self.unserved.iter();
        problems.map(|problem| (&problem.fleet, &problem.error))
    }

    /// Holds a saved plan against what runs. Every problem has been told when this fails.
    pub(crate) async fn fit(&self, saved: SavedPlan, ui: Ui) -> Result<Vec<FleetPlan>, Exit> {
        let listings = self.observe().await;
        let saved = saved.fleets.into_iter();
        let mut saved: BTreeMap<FleetName, SavedFleet> = saved
            .map(|saved| (saved.desired.fleet.clone(), saved))
            .collect();
        let fleets = self.fleets.iter().zip(listings);
        let fits = fleets.filter_map(|(fleet, listing)| {
            let saved = saved.remove(&fleet.spec.fleet)?;
            let fit = listing.and_then(|listing| self.fit_one(fleet, saved, &listing));
            Some(fit)
        });
        let fits: Vec<Result<Fit, ProviderError>> = fits.collect();
        let stale: Vec<String> = fits
            .iter()
            .flatten()
            .flat_map(|fit| match fit {
                Fit::Fits(_) => &[][..],
                Fit::Stale(why) => why,
            })
            .cloned()
            .collect();
        let fits = self.all(fits, ui);
        // One fleet that has moved speaks louder than a platform that cannot be asked.
        if !stale.is_empty() {
            return Err(refuse(&stale, ui));
        }
        let plans = fits?.into_iter().filter_map(|fit| match fit {
            Fit::Fits(plan) => Some(*plan),
            Fit::Stale(_) => None,
        });
        Ok(plans.collect())
    }

    fn fit_one(
        &self,
        fleet: &Fleet,
        saved: SavedFleet,
        inventory: &Inventory,
    ) -> Result<Fit, ProviderError> {
        let approved = saved.desired.clone();
        let mut fit = saved
            .fit(inventory, fleet.provider.platform())
            .map_err(|cycle| circular(&cycle))?;
        // What is made as large as its primary has grown costs more than was looked at.
        if let Fit::Fits(plan) = &mut fit
            && plan.desired != approved
        {
            let budget = self.prices.checks(&fleet.spec, plan);
            let is_refused = |check: &Check| check.severity == Severity::Error;
            plan.checks.extend(budget.into_iter().filter(is_refused));
        }
        Ok(fit)
    }

    /// Whose instances are to be, for the fleets of the run. Every problem has been told when this
    /// fails.
    pub(crate) async fn retag(
        &self,
        what: impl Fn(&Resolution, &Inventory) -> Retagging,
        ui: Ui,
    ) -> Result<Vec<Retagging>, Exit> {
        let listings = self.observe().await;
        let found = self.fleets.iter().zip(listings).map(|(fleet, listing)| {
            let inventory = listing?;
            let found = resolve(&fleet.spec, &inventory, fleet.provider.platform());
            Ok(what(&found, &inventory))
        });
        self.all(found.collect(), ui)
    }

    async fn try_look(&self) -> Vec<Result<Resolution, ProviderError>> {
        let listings = self.observe().await;
        let fleets = self.fleets.iter().zip(listings);
        let resolved = fleets.map(|(fleet, listing)| {
            let platform = fleet.provider.platform();
            Ok(resolve(&fleet.spec, listing?.as_ref(), platform))
        });
        resolved.collect()
    }

    /// Plans one fleet, with what its provider and its budget have to say.
    async fn plan_one(
        &self,
        fleet: &Fleet,
        inventory: &Inventory,
        goal: Goal,
    ) -> Result<FleetPlan, ProviderError> {
        let platform = fleet.provider.platform();
        let plan = plan(&fleet.spec, inventory, platform, goal);
        let mut plan = plan.map_err(|cycle| circular(&cycle))?;
        let mutations: Vec<&Mutation> = plan.steps.iter().map(|step| &step.mutation).collect();
        if !mutations.is_empty() {
            let provider = fleet.provider.as_ref();
            let regions = mutations
                .iter()
                .map(|mutation| mutation.resource.region.clone());
            let ask = async || provider.preflight(&mutations).await;
            match self.traffic.ask(provider, regions.collect(), ask).await {
                Ok(checks) => plan.checks.extend(checks),
                // What is refused already is refused, whatever the platform would say.
                Err(error) if plan.is_refused() => {
                    let check = Check::warning("platform/not-asked", error.message);
                    plan.checks.push(check.remedy(error.remedy));
                }
                Err(error) => return Err(error),
            }
        }
        plan.checks.extend(self.prices.checks(&fleet.spec, &plan));
        plan.checks
            .sort_by_key(|check| std::cmp::Reverse(check.severity));
        Ok(plan)
    }

    /// What each plan costs, in the order of the fleets.
    pub(crate) fn costs(&self, plans: &[FleetPlan]) -> Vec<CostEstimate> {
        let fleets = self.fleets.iter().zip(plans);
        fleets
            .map(|(fleet, plan)| self.prices.estimate(&fleet.spec, plan))
            .collect()
    }

    /// The results of all fleets, in their order; or every problem, told.
    fn all<T>(&self, results: Vec<Result<T, ProviderError>>, ui: Ui) -> Result<Vec<T>, Exit> {
        let (mut done, mut problems) = (Vec::new(), self.unserved.clone());
        for (fleet, result) in self.fleets.iter().zip(results) {
            match result {
                Ok(result) => done.push(result),
                Err(error) => problems.push(Problem::of(&fleet.spec, error)),
            }
        }
        if problems.is_empty() {
            Ok(done)
        } else {
            Err(tell(&problems, ui))
        }
    }
}

fn circular(cycle: &Cycle) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, cycle.to_string())
}

/// How many checks refuse.
pub(crate) fn refusals(plans: &[FleetPlan]) -> usize {
    plans.iter().flat_map(errors).count()
}

/// The checks of a plan that refuse.
fn errors(plan: &FleetPlan) -> impl Iterator<Item = &Check> {
    let checks = plan.checks.iter();
    checks.filter(|check| check.severity == Severity::Error)
}
