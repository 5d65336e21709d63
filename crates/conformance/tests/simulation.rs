//! Random fleets on random platforms, with faults and kills, until they are as planned.
//!
//! Each seed is a story: a fleet is planned, carried out, and cut short at a random moment, by the
//! end of the process or by a stop; between the runs others lay hands on it. In the end the cloud
//! behaves, and a few more runs must bring the fleet into its shape.

#![expect(
    clippy::format_push_string,
    reason = "a plan file reads best as it will stand"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use pgfleet_conformance::{
    drive::{self, Recorder},
    memory::{
        Call, Effect, Fault, FaultMix, LaneKind, MemoryCloud, MemoryProvider, MemoryRules, Orphans,
        Random, What, seeded,
    },
};
use pgfleet_executor::{Options, Stop};
use pgfleet_model::{Field, Lane, Operation, Outcome, ResourceRef, Severity, StepId, Value};
use pgfleet_planner::{FleetPlan, Goal};
use pgfleet_provider::Provider;
use pgfleet_spec::Spec;

/// Seeds in all. `PGFLEET_SOAK=N` runs N times as many, `PGFLEET_SEED=N` that one alone.
const SEEDS: u64 = 2000;
/// The seeds are dealt out to this many tests, which run side by side.
const SHARES: u64 = 4;

fn seeds(share: u64) -> Vec<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    if let Some(seed) = number("PGFLEET_SEED") {
        return if share == 0 { vec![seed] } else { Vec::new() };
    }
    let all = SEEDS * number("PGFLEET_SOAK").unwrap_or(1);
    (0..all).filter(|seed| seed % SHARES == share).collect()
}
/// Runs after the last fault within which a fleet must be as planned.
const RUNS: usize = 8;

fn rules(random: &mut Random) -> MemoryRules {
    let base = match random.below(3) {
        0 => MemoryRules::like_rds(),
        1 => MemoryRules::like_cloud_sql(),
        _ => MemoryRules::like_azure(),
    };
    MemoryRules {
        compare_and_set: random.chance(500),
        pending_values: random.chance(500),
        named_operations: random.chance(500),
        lanes: if random.chance(500) {
            LaneKind::Instance
        } else {
            LaneKind::Primary
        },
        orphans: if random.chance(500) {
            Orphans::Refused
        } else {
            Orphans::Promoted
        },
        forgets_multi_az: base.multi_az_replica && random.chance(200),
        max_replicas: random.chance(300).then_some(4),
        ..base
    }
}

/// A fleet of up to four replicas in up to two groups.
fn spec(rules: &MemoryRules, random: &mut Random) -> Spec {
    let kind = rules.kind;
    let sizes = ["m.small", "m.large"];
    let size = sizes[usize::try_from(random.below(2)).unwrap()];
    let gib = 20 + 10 * random.below(3);
    let mut text = format!("fleet = 'food'\nprovider = '{kind}'\nregion = 'here'\n");
    if random.chance(400) {
        text += &format!("tags = {{ round = '{}' }}\n", random.below(3));
    }
    text += &format!("[primary]\nsize = '{size}'\nstorage = {{ gib = {gib} }}\n[[replicas]]\n");
    let count = random.below(3);
    text += &if count > 0 && random.chance(200) {
        let names: Vec<String> = (1..=count).map(|n| format!("'renamed-{n}'")).collect();
        format!("ids = [{}]\n", names.join(", "))
    } else {
        format!("count = {count}\n")
    };
    if rules.multi_az_replica && random.chance(200) {
        text += "multi_az = true\n";
    }
    text += &format!("[[replicas]]\nname = 'eu'\ncount = {}\n", random.below(3));
    if rules.regions && random.chance(300) {
        text += "region = 'there'\n";
    }
    text += "[protect]\ndeletion = false\n";
    drive::spec(&text).unwrap()
}

struct Story {
    seed: u64,
    random: Random,
    cloud: MemoryCloud,
}

impl Story {
    fn fail(&self, why: &str) -> ! {
        let calls = self.cloud.history().calls;
        // Polls that were answered tell nothing.
        let told = |call: &&Call| !matches!(call.what, What::Poll(_)) || call.fault.is_some();
        let calls: Vec<String> = calls.iter().filter(told).map(show).collect();
        panic!("seed {}: {why}\n{}", self.seed, calls.join("\n"));
    }

    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(MemoryProvider::new(self.cloud.clone()))
    }

    /// Somebody does something behind pgfleet's back, sparing the primary.
    fn meddle(&mut self) {
        let inventory = self.cloud.inventory();
        let replicas: Vec<ResourceRef> = inventory
            .instances()
            .values()
            .filter(|live| live.source.is_some())
            .map(|live| live.resource.clone())
            .collect();
        let Some(victim) = usize::try_from(self.random.below(replicas.len() as u64))
            .ok()
            .and_then(|index| replicas.get(index))
        else {
            return;
        };
        match self.random.below(5) {
            0 => self.cloud.remove(victim),
            1 => self.cloud.stop(victim),
            2 => self.cloud.damage(victim, "somebody dropped it"),
            3 => self
                .cloud
                .set_by_hand(victim, &Field::Size, Value::Text("m.odd".into())),
            _ => self
                .cloud
                .set_by_hand(victim, &Field::StorageGib, Value::Number(80)),
        };
    }

    /// One process: plans and carries out, until its end or until something cuts it short.
    async fn run(&mut self, spec: &Spec, goal: Goal, kill: bool) -> Option<Outcome> {
        let provider = self.provider();
        let planning = drive::plan_now(provider.as_ref(), spec, goal);
        let plan = match tokio::time::timeout(Duration::from_secs(600), planning).await {
            Ok(Ok(plan)) => plan,
            // A listing that fails or hangs: whoever watched ended the process.
            _ if kill => return None,
            Ok(Err(why)) => self.fail(&why),
            Err(_) => self.fail("the listing hangs, and nothing is wrong"),
        };
        if plan.is_refused() {
            return None;
        }
        let from = self.cloud.calls();
        let stop = Stop::default();
        let parallelism = usize::try_from(1 + self.random.below(6)).unwrap();
        let options = Options {
            parallelism,
            ..Options::default()
        };
        let mut recorder = Recorder::default();
        let moment = Duration::from_millis(self.random.below(1_500_000));
        let gently = self.random.chance(400);
        let signal = stop.clone();
        let mut stopped_at = None;
        let outcome = {
            let cloud = self.cloud.clone();
            let running = drive::run(&provider, spec, plan.clone(), options, &stop, &mut recorder);
            tokio::pin!(running);
            let cut = async {
                let forever = Duration::from_secs(48 * 3600);
                tokio::time::sleep(if kill { moment } else { forever }).await;
            };
            tokio::select! {
                report = &mut running => Some(report.unwrap().outcome),
                () = cut => {
                    if gently {
                        signal.stop();
                        stopped_at = Some(cloud.calls());
                        let ended = tokio::time::timeout(Duration::from_secs(5), running).await;
                        ended.map_or(None, |report| Some(report.unwrap().outcome))
                    } else {
                        None
                    }
                }
            }
        };
        let calls = self.cloud.history().calls;
        if outcome.is_none() && !kill {
            self.fail("a run does not end, and nothing is wrong");
        }
        if stopped_at.is_some_and(|at| calls.len() > at) {
            self.fail("a call was made after the stop");
        }
        if stopped_at.is_some() && outcome.is_none() {
            self.fail("a stopped run went on for more than five seconds");
        }
        self.only_as_planned(&plan, &calls[from..]);
        outcome
    }

    /// Every call is one of the plan or puts one right; what is deleted is named in the plan, and
    /// lanes are kept.
    fn only_as_planned(&self, plan: &FleetPlan, calls: &[Call]) {
        let mut begun: BTreeMap<ResourceRef, Vec<&Operation>> = BTreeMap::new();
        let mut failing: BTreeSet<&ResourceRef> = BTreeSet::new();
        for call in calls {
            let Some(mutation) = call.mutation() else {
                continue;
            };
            let planned = plan.steps.iter().any(|step| step.mutation == *mutation);
            let deletes = matches!(mutation.operation, Operation::Delete { .. });
            let of_plan = plan
                .set
                .effective()
                .any(|change| change.address == mutation.owner.address);
            if deletes && !planned {
                self.fail(&format!(
                    "{} is deleted and the plan does not say so",
                    mutation.resource
                ));
            }
            if !of_plan {
                self.fail(&format!("{} is not the plan's to touch", mutation.resource));
            }
            if call.effect != Effect::Began {
                continue;
            }
            // What the platform took and let fail may be asked for again.
            if call.fault == Some(Fault::EndsFailed) {
                failing.insert(&mutation.resource);
            }
            let before = begun.entry(mutation.resource.clone()).or_default();
            if before.contains(&&mutation.operation) && !failing.contains(&mutation.resource) {
                self.fail(&format!("{} happened twice in one run", show(call)));
            }
            before.push(&mutation.operation);
        }
        for (resource, operations) in begun {
            let creates = operations.iter().filter(|operation| {
                matches!(
                    operation,
                    Operation::CreatePrimary { .. } | Operation::CreateReplica { .. }
                )
            });
            if creates.count() > 1 {
                self.fail(&format!("{resource} was made twice in one run"));
            }
        }
    }
}

fn show(call: &Call) -> String {
    let what = match &call.what {
        What::Begin(mutation) => {
            format!("{} {}", mutation.operation.verb(), mutation.resource)
        }
        other => format!("{other:?}"),
    };
    let fault = call
        .fault
        .as_ref()
        .map_or(String::new(), |fault| format!(" [{fault:?}]"));
    format!(
        "{:>9.1} {what}: {:?}{fault}",
        call.at.as_secs_f64(),
        call.effect
    )
}

/// Lanes of a plan exclude each other: no two of its steps run at once in one.
fn lanes_are_kept(plan: &FleetPlan, recorder: &Recorder<'_>) -> Result<(), String> {
    use pgfleet_model::EventKind::{StepDone, StepFailed, StepStarted};
    let lane_of: BTreeMap<StepId, &Lane> = plan
        .steps
        .iter()
        .map(|step| (step.id, &step.lane))
        .collect();
    let mut taken: BTreeMap<&ResourceRef, StepId> = BTreeMap::new();
    for kind in recorder.kinds() {
        match kind {
            StepStarted { step, .. } => {
                let lane = &lane_of[step].0;
                if let Some(other) = taken.insert(lane, *step) {
                    return Err(format!("steps {other} and {step} ran at once in {lane}"));
                }
            }
            StepDone { step, .. } | StepFailed { step, .. } => {
                taken.remove(&lane_of[step].0);
            }
            // A further round numbers its steps anew.
            pgfleet_model::EventKind::Observed { .. } => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

async fn tell(seed: u64) {
    let mut random = Random::new(seed);
    let rules = rules(&mut random);
    let cloud = MemoryCloud::new(rules.clone());
    let mut story = Story {
        seed,
        random,
        cloud,
    };
    for chapter in 0..3 {
        let spec = spec(&rules, &mut story.random);
        story
            .cloud
            .set_faults(seeded(seed * 10 + chapter, FaultMix::default()));
        for _ in 0..=story.random.below(3) {
            story.run(&spec, Goal::Apply, true).await;
        }
        story.cloud.clear_faults();
        if story.random.chance(500) {
            story.meddle();
        }
        let Some(runs) = settle(&mut story, &spec).await else {
            return;
        };
        assert!(runs <= RUNS);
    }
    // A change that an earlier run began may come about between a listing and the call; without
    // revisions nobody can tell.
    let mut offences = story.cloud.history().offences;
    offences.retain(|offence| !offence.starts_with("changed nothing"));
    if !offences.is_empty() {
        story.fail(&format!("offences: {}", offences.join("; ")));
    }
}

/// Runs until the fleet is as planned, without faults. Returns after how many runs; `None` where
/// the plan is refused, as it is when a primary has failed.
async fn settle(story: &mut Story, spec: &Spec) -> Option<usize> {
    for number in 1..=RUNS {
        // A value that is pending from an earlier run is drift, and a change once it holds.
        tokio::time::sleep(story.cloud.rules().durations.pending * 2).await;
        let outcome = story.run(spec, Goal::Apply, false).await;
        let provider = story.provider();
        let plan = drive::plan_now(provider.as_ref(), spec, Goal::Apply)
            .await
            .unwrap();
        if plan.is_refused() {
            let made = |check: &pgfleet_model::Check| check.code == "in-flight";
            let refusals = || {
                let checks = plan.checks.iter();
                checks.filter(|check| check.severity == Severity::Error)
            };
            // What an earlier run makes of another plan goes when it is there.
            if refusals().all(made) {
                tokio::time::sleep(story.cloud.rules().durations.create_replica).await;
                continue;
            }
            let expected = plan.checks.iter().any(|check| {
                matches!(
                    check.code.as_str(),
                    "primary/broken" | "memory/replica-limit"
                )
            });
            if !expected {
                story.fail(&format!("refused: {}", drive::refusals(&plan).join("; ")));
            }
            return None;
        }
        if plan.set.is_empty() {
            let live = story.cloud.inventory();
            let wanted = plan.desired.instances.len();
            if live.instances().len() != wanted {
                story.fail(&format!(
                    "{} instances, {wanted} wanted",
                    live.instances().len()
                ));
            }
            return Some(number);
        }
        if outcome == Some(Outcome::Done) {
            story.fail("it is said to be done, and the plan is not empty");
        }
    }
    story.fail("it never becomes as planned")
}

async fn stories(share: u64) {
    for seed in seeds(share) {
        tell(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn random_fleets_become_as_planned_whatever_happens_1() {
    stories(0).await;
}

#[tokio::test(start_paused = true)]
async fn random_fleets_become_as_planned_whatever_happens_2() {
    stories(1).await;
}

#[tokio::test(start_paused = true)]
async fn random_fleets_become_as_planned_whatever_happens_3() {
    stories(2).await;
}

#[tokio::test(start_paused = true)]
async fn random_fleets_become_as_planned_whatever_happens_4() {
    stories(3).await;
}

#[tokio::test(start_paused = true)]
async fn lanes_are_kept_whatever_the_fleet() {
    for seed in seeds(0) {
        let mut random = Random::new(seed);
        let rules = rules(&mut random);
        let cloud = MemoryCloud::new(rules.clone());
        let provider: Arc<dyn Provider> = Arc::new(MemoryProvider::new(cloud.clone()));
        for _ in 0..2 {
            let spec = spec(&rules, &mut random);
            // A value that is pending from the last run is drift, and a change once it holds.
            tokio::time::sleep(rules.durations.pending * 2).await;
            let plan = drive::plan_now(provider.as_ref(), &spec, Goal::Apply)
                .await
                .unwrap();
            if plan.is_refused() {
                continue;
            }
            let mut recorder = Recorder::default();
            let (options, stop) = (Options::default(), Stop::default());
            let running = drive::run(
                &provider,
                &spec,
                plan.clone(),
                options,
                &stop,
                &mut recorder,
            );
            let report = tokio::time::timeout(Duration::from_secs(48 * 3600), running).await;
            let outcome = report.expect("the run does not end").unwrap().outcome;
            let calls = || -> String {
                let history = cloud.history();
                let calls: Vec<String> = history.calls.iter().map(show).collect();
                calls.join("\n")
            };
            assert_eq!(outcome, Outcome::Done, "seed {seed}\n{}", calls());
            lanes_are_kept(&plan, &recorder).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
            let busy = cloud.history().refusals(pgfleet_provider::ErrorKind::Busy);
            assert_eq!(busy, 0, "seed {seed}\n{}", calls());
        }
    }
}
