//! The way from a plan file's text to a run, as tests go it: what the command line does between
//! loading and telling, without either.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use pgfleet_executor::{FleetReport, Observer, Options, Stop, Traffic, Work, execute};
use pgfleet_model::{
    Event, EventKind, Field, FieldChange, Mutation, ObjectVersion, Operation, ResourceRef,
    Severity, Value,
};
use pgfleet_planner::{FleetPlan, Goal, plan};
use pgfleet_provider::{ErrorKind, Progress, Provider, ProviderError, Scope, Secrets, Until};
use pgfleet_spec::{SourceFile, Spec, parse};

/// Reads a plan file's text.
///
/// # Errors
/// Every diagnostic, a line each.
pub fn spec(text: &str) -> Result<Spec, String> {
    let source = Arc::new(SourceFile {
        name: "plan.toml".to_owned(),
        text: text.to_owned(),
    });
    parse(source, Path::new("/")).map_err(|problems| {
        let lines: Vec<String> = problems
            .iter()
            .map(|problem| format!("{}: {}; {}", problem.code, problem.message, problem.label))
            .collect();
        lines.join("\n")
    })
}

/// What a listing must cover to show this fleet.
pub fn scope(spec: &Spec) -> Scope {
    let regions = spec.addresses().into_iter().map(|(.., region)| region);
    Scope {
        regions: regions.chain([spec.region.clone()]).collect(),
        fleets: [spec.fleet.clone()].into(),
    }
}

/// Lists, plans and asks beforehand. Listing is tried a few times, since a test may be about
/// faults.
///
/// # Errors
/// What kept it from being planned; checks are no error here.
pub async fn plan_now(
    provider: &dyn Provider,
    spec: &Spec,
    goal: Goal,
) -> Result<FleetPlan, String> {
    let scope = scope(spec);
    let mut tries = 0;
    let inventory = loop {
        tries += 1;
        match provider.observe(&scope).await {
            Ok(inventory) => break inventory,
            Err(error) if tries >= 20 => return Err(error.to_string()),
            Err(_) => {}
        }
    };
    let mut plan =
        plan(spec, &inventory, provider.platform(), goal).map_err(|error| error.to_string())?;
    let mutations: Vec<&Mutation> = plan.steps.iter().map(|step| &step.mutation).collect();
    if !mutations.is_empty() {
        let checks = provider.preflight(&mutations).await.unwrap_or_default();
        plan.checks.extend(checks);
    }
    Ok(plan)
}

/// The messages of the checks that refuse a plan.
pub fn refusals(plan: &FleetPlan) -> Vec<String> {
    let errors = plan
        .checks
        .iter()
        .filter(|check| check.severity == Severity::Error);
    errors
        .map(|check| format!("{}: {}", check.code, check.message))
        .collect()
}

/// A plan as work for the executor.
pub fn work(provider: &Arc<dyn Provider>, spec: &Spec, plan: FleetPlan) -> Work {
    Work {
        plan,
        provider: Arc::clone(provider),
        scope: scope(spec),
        in_window: spec.in_window,
    }
}

/// What is done whenever something happens.
type Reaction<'a> = Box<dyn FnMut(&Event) + Send + 'a>;

/// Keeps every event, and lets a test act on them.
#[derive(Default)]
pub struct Recorder<'a> {
    /// What happened, in order.
    pub events: Vec<Event>,
    react: Option<Reaction<'a>>,
}

impl<'a> Recorder<'a> {
    /// A recorder that also does something whenever something happens.
    pub fn reacting(react: impl FnMut(&Event) + Send + 'a) -> Self {
        Self {
            events: Vec::new(),
            react: Some(Box::new(react)),
        }
    }

    /// What happened, without where and when.
    pub fn kinds(&self) -> impl Iterator<Item = &EventKind> {
        self.events.iter().map(|event| &event.kind)
    }

    /// The largest number of steps that were under way at once.
    pub fn most_at_once(&self) -> usize {
        let (mut now, mut most) = (0_usize, 0);
        for kind in self.kinds() {
            match kind {
                EventKind::StepStarted { .. } => now += 1,
                EventKind::StepDone { .. } | EventKind::StepFailed { .. } => {
                    now = now.saturating_sub(1);
                }
                _ => {}
            }
            most = most.max(now);
        }
        most
    }
}

impl Observer for Recorder<'_> {
    fn on_event(&mut self, event: &Event) {
        self.events.push(event.clone());
        if let Some(react) = &mut self.react {
            react(event);
        }
    }
}

/// Runs one fleet's plan.
///
/// # Errors
/// When the executor reports on no fleet, which is a defect of it.
pub async fn run(
    provider: &Arc<dyn Provider>,
    spec: &Spec,
    plan: FleetPlan,
    options: Options,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<FleetReport, String> {
    let works = vec![work(provider, spec, plan)];
    let traffic = Traffic::new(0);
    let mut reports = execute(works, options, &traffic, stop, observer).await;
    reports
        .pop()
        .ok_or_else(|| "the executor reported on no fleet".to_owned())
}

/// The pause before a call that was turned away is made again.
const BUSY: Duration = Duration::from_millis(200);

/// Makes one call and waits for its end, as the executor would without trouble. Whoever calls this
/// bounds the time.
///
/// # Errors
/// The call's, or the poll's.
pub async fn carry_out(
    provider: &dyn Provider,
    mutation: &Mutation,
    expect: Option<&ObjectVersion>,
) -> Result<(), ProviderError> {
    let operation = provider.begin(mutation, expect, &Secrets).await?;
    if operation.until == Until::Reached {
        return Ok(());
    }
    loop {
        let operations = std::slice::from_ref(&operation);
        match provider.poll(operations).await.into_iter().next() {
            Some(Ok(Progress::Running { retry_after })) => {
                let pause = retry_after.unwrap_or(Duration::from_millis(200));
                tokio::time::sleep(pause).await;
            }
            Some(Ok(Progress::Done)) | None => return Ok(()),
            Some(Err(error)) => return Err(error),
        }
    }
}

/// Carries out what a plan file asks for, one step after the other, and says in which error it ends.
/// Whoever calls this bounds the time.
///
/// # Errors
/// What kept it from being planned, or that no step fails.
pub async fn failure(provider: &dyn Provider, text: &str) -> Result<ProviderError, String> {
    let spec = spec(text)?;
    provider.take_note(&spec);
    let plan = plan_now(provider, &spec, Goal::Apply).await?;
    for step in &plan.steps {
        if let Err(error) = carry_out(provider, &step.mutation, None).await {
            return Ok(error);
        }
    }
    Err(format!(
        "all of {} steps were carried out",
        plan.steps.len()
    ))
}

/// Deletes an instance, its protection first, as somebody beside pgfleet would. Whoever calls this
/// bounds the time.
///
/// # Errors
/// What the provider says, or that there is nothing of this name that is pgfleet's.
pub async fn remove(provider: &dyn Provider, resource: &ResourceRef) -> Result<(), String> {
    let scope = Scope {
        regions: [resource.region.clone()].into(),
        fleets: BTreeSet::new(),
    };
    let told = |error: ProviderError| error.to_string();
    let listed = provider.observe(&scope).await.map_err(told)?;
    let live = listed.get(resource).ok_or("it is not there")?;
    let owner = live.owner.clone().ok_or("it is nobody's")?;
    let unprotect = Operation::Modify {
        fields: vec![FieldChange {
            field: Field::DeletionProtection,
            from: None,
            to: Value::Flag(false),
        }],
        in_window: false,
    };
    let delete = Operation::Delete {
        final_snapshot: false,
        source: live.source.clone(),
    };
    let is_protected = live.attributes.deletion_protection == Some(true);
    let operations = is_protected
        .then_some(unprotect)
        .into_iter()
        .chain([delete]);
    for operation in operations {
        let mutation = Mutation {
            owner: owner.clone(),
            resource: resource.clone(),
            operation,
            resume: false,
        };
        // Anybody waits for an instance that is busy, or whose source is.
        let done = loop {
            match carry_out(provider, &mutation, None).await {
                Err(error) if error.kind == ErrorKind::Busy => tokio::time::sleep(BUSY).await,
                done => break done,
            }
        };
        done.map_err(told)?;
    }
    Ok(())
}
