//! What the cases have in common: a provider in an empty place, and the way from a shape to a run.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pgfleet_executor::{Options, PollSchedule, Stop};
use pgfleet_model::{Address, EventKind, Mutation, ObservedInstance, Outcome, ResourceRef};
use pgfleet_planner::{Capabilities, FleetPlan, Goal};
use pgfleet_provider::{Provider, ProviderError};
use pgfleet_spec::Spec;

use super::{FLEET, Hook, Shape, Subject, Verdict, watched::Watched};
use crate::drive::{self, Recorder};

pub(super) struct Desk<'a> {
    pub(super) subject: &'a dyn Subject,
    provider: Mutex<Arc<Watched>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(subject: &'a dyn Subject) -> Self {
        let provider = Mutex::new(Arc::new(Watched::new(subject.provider())));
        Self { subject, provider }
    }

    fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.provider.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn provider(&self) -> Arc<dyn Provider> {
        self.watched()
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.watched().platform().capabilities().clone()
    }

    /// The mutations that this process has asked for.
    pub(super) fn begun(&self) -> Vec<Mutation> {
        self.watched().begun()
    }

    pub(super) async fn close(&self) {
        self.watched().close().await;
    }

    /// Ends the process and begins another.
    pub(super) async fn restart(&self) {
        self.close().await;
        let next = Arc::new(Watched::new(self.subject.provider()));
        *self.provider.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    pub(super) fn spec(&self, shape: &Shape) -> Result<Spec, String> {
        drive::spec(&shape.write(&self.subject.words()))
    }

    pub(super) async fn plan(&self, shape: &Shape, goal: Goal) -> Result<FleetPlan, String> {
        let spec = self.spec(shape)?;
        drive::plan_now(self.watched().as_ref(), &spec, goal).await
    }

    /// Plans, which nothing must refuse.
    pub(super) async fn accepted(&self, shape: &Shape, goal: Goal) -> Result<FleetPlan, String> {
        let plan = self.plan(shape, goal).await?;
        let refusals = drive::refusals(&plan);
        expect(refusals.is_empty(), || {
            format!("refused: {}", refusals.join("; "))
        })?;
        Ok(plan)
    }

    fn options(&self) -> Options {
        let shortest = Duration::from_millis(50);
        let polls = PollSchedule {
            shortest,
            ..PollSchedule::default()
        };
        Options {
            timeout: Some(self.subject.patience()),
            polls,
            ..Options::default()
        }
    }

    /// Carries a plan out, which must succeed and leave nothing to do.
    pub(super) async fn carry_out(&self, shape: &Shape, plan: FleetPlan) -> Result<(), String> {
        let spec = self.spec(shape)?;
        let mut recorder = Recorder::default();
        let (options, stop) = (self.options(), Stop::default());
        let provider = self.provider();
        let report = drive::run(&provider, &spec, plan, options, &stop, &mut recorder).await?;
        expect(
            report.outcome == Outcome::Done && report.remaining == Some(0),
            || {
                let failures = recorder.kinds().filter_map(|kind| match kind {
                    EventKind::StepFailed { address, why, .. } => Some(format!("{address}: {why}")),
                    EventKind::ObserveFailed { why, .. } => Some(why.clone()),
                    _ => None,
                });
                let failures: Vec<String> = failures.collect();
                format!(
                    "it ended as {:?}, {:?} left to do; {}",
                    report.outcome,
                    report.remaining,
                    failures.join("; ")
                )
            },
        )
    }

    /// Plans and carries out; afterwards a new plan is empty. Returns the plan as it was.
    pub(super) async fn reach(&self, shape: &Shape, goal: Goal) -> Result<FleetPlan, String> {
        let plan = self.accepted(shape, goal).await?;
        self.carry_out(shape, plan.clone()).await?;
        let again = self.plan(shape, goal).await?;
        expect(again.set.is_empty(), || {
            format!(
                "the plan is not empty afterwards: {}",
                changes(&again).join("; ")
            )
        })?;
        Ok(plan)
    }

    pub(super) async fn apply(&self, shape: &Shape) -> Result<FleetPlan, String> {
        self.reach(shape, Goal::Apply).await
    }

    /// Carries a plan out until an event asks to end, and ends the process there.
    pub(super) async fn cut_short(
        &self,
        shape: &Shape,
        goal: Goal,
        until: impl Fn(&EventKind) -> bool + Send + Sync,
    ) -> Result<(), String> {
        let spec = self.spec(shape)?;
        let plan = self.accepted(shape, goal).await?;
        let (seen, stop) = (AtomicBool::new(false), Stop::default());
        let signal = tokio::sync::Notify::new();
        {
            let mut recorder = Recorder::reacting(|event| {
                if until(&event.kind) {
                    seen.store(true, Ordering::Relaxed);
                    signal.notify_one();
                }
            });
            let provider = self.provider();
            let running = drive::run(&provider, &spec, plan, self.options(), &stop, &mut recorder);
            tokio::select! {
                biased;
                () = signal.notified() => {}
                _ = running => {}
            }
        }
        expect(seen.load(Ordering::Relaxed), || {
            "it never came to the moment".to_owned()
        })?;
        self.restart().await;
        Ok(())
    }

    /// Everything of the suite's fleet that is there, by address.
    pub(super) async fn owned(&self, shape: &Shape) -> Result<Vec<ObservedInstance>, String> {
        let scope = drive::scope(&self.spec(shape)?);
        let inventory = self
            .watched()
            .observe(&scope)
            .await
            .map_err(|error| error.to_string())?;
        let ours = |live: &ObservedInstance| {
            live.owner
                .as_ref()
                .is_some_and(|owner| owner.fleet.as_str() == FLEET)
        };
        let mut owned: Vec<_> = inventory
            .instances()
            .values()
            .filter(|live| ours(live))
            .cloned()
            .collect();
        owned.sort_by_key(|live| live.owner.as_ref().map(|owner| owner.address.clone()));
        Ok(owned)
    }

    pub(super) async fn live(
        &self,
        shape: &Shape,
        address: &str,
    ) -> Result<ObservedInstance, String> {
        let owned = self.owned(shape).await?;
        let found = owned.into_iter().find(|live| {
            live.owner
                .as_ref()
                .is_some_and(|owner| owner.address.to_string() == address)
        });
        found.ok_or_else(|| format!("there is no {address}"))
    }

    /// Makes one call and waits for its end, as the executor would without trouble.
    pub(super) async fn begin_and_wait(
        &self,
        mutation: &Mutation,
        expect: Option<&pgfleet_model::ObjectVersion>,
    ) -> Result<(), ProviderError> {
        drive::carry_out(self.watched().as_ref(), mutation, expect).await
    }
}

/// Every change that does something, as `address action reasons`.
pub(super) fn changes(plan: &FleetPlan) -> Vec<String> {
    let changes = plan.set.effective().map(|change| {
        let reasons: Vec<String> = change.reasons.iter().map(ToString::to_string).collect();
        let action = format!("{:?}", change.action).to_lowercase();
        format!("{} {action} {}", change.address, reasons.join(","))
    });
    changes.collect()
}

/// The addresses of instances.
pub(super) fn addresses(owned: &[ObservedInstance]) -> Vec<String> {
    let owners = owned.iter().filter_map(|live| live.owner.as_ref());
    owners.map(|owner| owner.address.to_string()).collect()
}

/// The name that a plan gives an address.
pub(super) fn name(plan: &FleetPlan, address: &str) -> Result<ResourceRef, String> {
    let address: Address = address
        .parse()
        .map_err(|error: pgfleet_model::NameError| error.to_string())?;
    let wanted = plan.desired.instances.get(&address);
    wanted
        .map(|wanted| wanted.resource.clone())
        .ok_or_else(|| format!("no {address} is planned"))
}

/// Fails a case unless something holds.
pub(super) fn expect(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// Fails a case unless two lists are the same.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: &T,
    wanted: &T,
) -> Result<(), String> {
    expect(found == wanted, || {
        format!("{what}: {found:?} instead of {wanted:?}")
    })
}

/// Ends a case where the subject has no hand for it.
pub(super) fn cannot(hook: Hook) -> Option<Verdict> {
    match hook {
        Hook::Done => None,
        Hook::Cannot(why) => Some(Verdict::NotRun(why)),
    }
}
