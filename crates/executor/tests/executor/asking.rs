//! When a platform is asked after what it works on.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use crate::support::{Bench, Otherwise};
use async_trait::async_trait;
use pgfleet_conformance::{
    drive::Recorder,
    memory::{MemoryRules, What},
};
use pgfleet_executor::{Options, Stop};
use pgfleet_model::{Mutation, Outcome};
use pgfleet_planner::Goal;
use pgfleet_provider::{
    ErrorKind, Operation, Progress, Provider, ProviderError, Retry, Secrets, Until,
};
use tokio::time::Instant;

/// More than the parallelism of many tools, and as many as RDS takes.
const REPLICAS: u32 = 15;
/// How often the impatient replica may be asked after before it is ready.
const ASKED: usize = 10;

/// A platform that says when it wants to be asked after an operation.
struct Particular {
    pause: fn(&Operation) -> Duration,
    asked: Mutex<BTreeMap<String, Vec<Instant>>>,
}

impl Particular {
    fn new(pause: fn(&Operation) -> Duration) -> Self {
        Self {
            pause,
            asked: Mutex::default(),
        }
    }
}

/// After `replica-1` every second and after all else every ten.
fn by_address(operation: &Operation) -> Duration {
    let address = operation.mutation.owner.address.to_string();
    Duration::from_secs(if address == "replica-1" { 1 } else { 10 })
}

#[async_trait]
impl Otherwise for Particular {
    async fn begin(
        &self,
        inner: &dyn Provider,
        mutation: &Mutation,
    ) -> Result<Operation, ProviderError> {
        let taken = inner.begin(mutation, None, &Secrets).await?;
        let retry_after = Some((self.pause)(&taken));
        Ok(Operation {
            retry_after,
            ..taken
        })
    }

    async fn poll(
        &self,
        inner: &dyn Provider,
        operations: &[Operation],
    ) -> Vec<Result<Progress, ProviderError>> {
        let answers = inner.poll(operations).await;
        let mut asked = self.asked.lock().unwrap();
        operations
            .iter()
            .zip(answers)
            .map(|(operation, answer)| {
                let address = operation.mutation.owner.address.to_string();
                asked.entry(address).or_default().push(Instant::now());
                match answer? {
                    Progress::Done => Ok(Progress::Done),
                    Progress::Running { .. } => Ok(Progress::Running {
                        retry_after: Some((self.pause)(operation)),
                    }),
                }
            })
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn each_operation_is_asked_after_when_the_platform_wants_it() {
    let mut bench = Bench::new(MemoryRules::like_rds());
    let particular = bench.alter(Particular::new(by_address));
    let mut recorder = Recorder::default();
    let (options, stop) = (Options::default(), Stop::default());
    let spec = bench.spec(2, "", "");
    let report = bench
        .run(&spec, Goal::Apply, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Done);
    let asked = particular.asked.lock().unwrap();
    assert!(asked["replica-1"].len() > ASKED, "{asked:?}");
    for (address, times) in asked.iter() {
        let least = Duration::from_secs(if address == "replica-1" { 1 } else { 10 });
        for pair in times.windows(2) {
            assert!(pair[1] - pair[0] >= least, "{address}: {times:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_asks_for_no_pause_is_not_asked_without_end() {
    let mut bench = Bench::new(MemoryRules::like_rds());
    let particular = bench.alter(Particular::new(|_| Duration::ZERO));
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let asked = particular.asked.lock().unwrap()["primary"].len();
    assert!(asked <= 45, "{asked} polls");
}

#[tokio::test(start_paused = true)]
async fn one_poll_asks_after_everything_that_is_in_flight() {
    let bench = Bench::new(MemoryRules::like_rds());
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let before = bench.cloud.history().calls.len();
    let (report, _) = bench.apply(&bench.spec(REPLICAS, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let history = bench.cloud.history();
    let polls: Vec<usize> = history.calls[before..]
        .iter()
        .filter_map(|call| match call.what {
            What::Poll(operations) => Some(operations),
            _ => None,
        })
        .collect();
    assert!(polls.len() <= 45, "{} polls for 600 s", polls.len());
    assert!(
        polls
            .iter()
            .all(|operations| *operations == REPLICAS as usize),
        "{polls:?}"
    );
}

/// A platform that takes calls and then knows nothing of them: when it was called.
#[derive(Default)]
struct Forgetful(Mutex<Vec<Instant>>);

#[async_trait]
impl Otherwise for Forgetful {
    async fn begin(
        &self,
        _inner: &dyn Provider,
        mutation: &Mutation,
    ) -> Result<Operation, ProviderError> {
        self.0.lock().unwrap().push(Instant::now());
        Ok(Operation {
            mutation: mutation.clone(),
            until: Until::Holds,
            retry_after: None,
        })
    }

    async fn poll(
        &self,
        _inner: &dyn Provider,
        operations: &[Operation],
    ) -> Vec<Result<Progress, ProviderError>> {
        let forgotten = || ProviderError::new(ErrorKind::Conflict, "no such operation");
        let look = |_| Err(forgotten().retry(Retry::Reobserve));
        operations.iter().map(look).collect()
    }
}

/// A listing may lag behind: it is given the more time the more often it was looked at in vain.
#[tokio::test(start_paused = true)]
async fn what_does_not_show_is_not_done_again_at_once() {
    let mut bench = Bench::new(MemoryRules::like_rds());
    let forgetful = bench.alter(Forgetful::default());
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::FailedPartly);
    let begun = forgetful.0.lock().unwrap();
    let (first, last) = (begun[0], begun[begun.len() - 1]);
    assert!(last - first > Duration::from_secs(60), "{begun:?}");
}
