//! Platforms that throttle, hang, or never come to an end.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::support::{Bench, Otherwise, creates};
use async_trait::async_trait;
use pgfleet_conformance::{
    drive::Recorder,
    memory::{Durations, Fault, MemoryProvider, MemoryRules, What},
};
use pgfleet_executor::{Options, Stop, Traffic, Urgency, Watched, expected, list};
use pgfleet_model::{EventKind, Outcome, Region, ResourceId, ResourceRef};
use pgfleet_planner::Goal;
use pgfleet_provider::{ErrorKind, Login, Provider, ProviderError, Retry, Scope};
use tokio::time::Instant;

/// A platform whose answers take a second.
fn slow() -> MemoryRules {
    MemoryRules {
        max_replicas: None,
        durations: Durations {
            answer: Duration::from_secs(1),
            ..Durations::default()
        },
        ..MemoryRules::like_rds()
    }
}

/// Calls at once before and after each change of pace.
fn paces(recorder: &Recorder<'_>) -> Vec<(u32, u32)> {
    let paces = recorder.kinds().filter_map(|kind| match kind {
        EventKind::PaceChanged { before, after, .. } => Some((*before, *after)),
        _ => None,
    });
    paces.collect()
}

#[tokio::test(start_paused = true)]
async fn throttling_halves_the_calls_at_once_and_they_recover() {
    let bench = Bench::new(slow());
    let mut throttled = 0;
    bench.cloud.set_faults(move |what| {
        let strikes =
            throttled < 4 && matches!(what, What::Begin(_)) && !creates(what, "food-primary");
        throttled += i32::from(strikes);
        strikes.then_some(Fault::Throttled(Duration::from_secs(2)))
    });
    let spec = bench.spec(120, "", "");
    let options = Options {
        parallelism: 120,
        ..Options::default()
    };
    let (stop, mut recorder) = (Stop::default(), Recorder::default());
    let report = bench
        .run(&spec, Goal::Apply, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Done);
    let paces = paces(&recorder);
    assert_eq!(paces[0], (16, 8), "{paces:?}");
    assert_eq!(*paces.last().unwrap(), (15, 16), "{paces:?}");
    // Those that left together counted once.
    assert_eq!(paces.iter().filter(|(from, to)| to < from).count(), 1);
    // No call reached the platform while it wanted to be left alone.
    let history = bench.cloud.history();
    let struck: Vec<Duration> = history
        .calls
        .iter()
        .filter(|call| call.fault.is_some())
        .map(|call| call.at)
        .collect();
    let heard = *struck.last().unwrap() + Duration::from_millis(500);
    let quiet = history
        .calls
        .iter()
        .filter(|call| call.at > heard && call.at < heard + Duration::from_secs(2));
    assert_eq!(quiet.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_only_throttles_is_left_alone_soon() {
    let bench = Bench::new(slow());
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let replicas = 14;
    let spec = bench.spec(replicas, "", "");
    let plan = bench.plan(&spec, Goal::Apply).await;
    let before = bench.cloud.history().count().begin;
    bench.cloud.set_faults(|what| match what {
        What::Begin(_) => Some(Fault::Throttled(Duration::from_millis(100))),
        _ => None,
    });
    let options = Options {
        parallelism: 20,
        ..Options::default()
    };
    let (stop, mut recorder) = (Stop::default(), Recorder::default());
    let report = bench
        .carry_out(&spec, plan, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Failed);
    // Ten repetitions of each would be 154 calls; the whole run has a hundred.
    let calls = bench.cloud.history().count().begin - before;
    assert!(calls <= 100 + replicas as usize, "{calls} calls");
    let given_up = recorder.kinds().any(|kind| {
        matches!(kind, EventKind::StepFailed { why, .. } if why.contains("too many calls to aws here"))
    });
    assert!(given_up, "{:?}", recorder.events);
}

#[tokio::test(start_paused = true)]
async fn what_never_ends_is_left_to_the_next_run_which_attaches() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench
        .cloud
        .set_faults(|what| creates(what, "food-primary").then_some(Fault::HungAfter));
    let spec = bench.spec(1, "", "");
    let began = Instant::now();
    let (report, recorder) = bench.apply(&spec).await;
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(began.elapsed() < Duration::from_secs(5 * 3600));
    let count =
        |wanted: fn(&EventKind) -> bool| recorder.kinds().filter(|kind| wanted(kind)).count();
    assert_eq!(
        count(|kind| matches!(kind, EventKind::StepOverdue { .. })),
        1
    );
    assert_eq!(
        count(|kind| matches!(kind, EventKind::StepSkipped { .. })),
        1
    );
    bench.cloud.set_faults(|_| None);
    let (report, _) = bench.apply(&spec).await;
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(bench.cloud.history().creates_of(&bench.name("primary")), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_is_a_lost_answer() {
    for fault in [Fault::Hung, Fault::HungAfter] {
        let mut bench = Bench::new(MemoryRules::like_rds());
        bench.provider = Arc::new(Watched::new(Arc::clone(&bench.provider)));
        let (mut struck, fault) = (false, fault);
        bench.cloud.set_faults(move |what| {
            let strikes = creates(what, "food-primary") && !std::mem::replace(&mut struck, true);
            strikes.then(|| fault.clone())
        });
        let began = Instant::now();
        let (report, recorder) = bench.apply(&bench.spec(1, "", "")).await;
        assert_eq!(report.outcome, Outcome::Done);
        assert!(began.elapsed() < Duration::from_secs(3600));
        assert_eq!(bench.cloud.history().creates_of(&bench.name("primary")), 1);
        let told = recorder.kinds().any(|kind| {
            matches!(kind, EventKind::StepRetried { why, .. } if why.contains("does not answer"))
        });
        assert!(told, "{:?}", recorder.events);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_hangs_ends_as_an_error() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench
        .cloud
        .set_faults(|what| (*what == What::Observe).then_some(Fault::Hung));
    let inner = Arc::new(MemoryProvider::new(bench.cloud.clone()));
    let provider: Arc<dyn Provider> = Arc::new(Watched::new(inner));
    let began = Instant::now();
    let requests = vec![(provider, Scope::default())];
    let mut listings = list(requests, Urgency::Waited, &Traffic::new(0)).await;
    let error = listings.pop().unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(began.elapsed() < Duration::from_secs(900));
}

/// A platform that tells no login.
struct Silent;

#[async_trait]
impl Otherwise for Silent {
    async fn own_login(
        &self,
        _inner: &dyn Provider,
        _primary: &ResourceRef,
    ) -> Result<Option<Login>, ProviderError> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_asked_for_in_vain_is_given_up() {
    let mut bench = Bench::new(MemoryRules::like_rds());
    bench.alter(Silent);
    let provider = Watched::new(Arc::clone(&bench.provider));
    // Nothing else would end it.
    let bound = Duration::from_secs(900);
    let primary = ResourceRef {
        region: Region::new("here"),
        id: ResourceId::new("food-primary"),
    };
    let answer = tokio::time::timeout(bound, provider.own_login(&primary)).await;
    assert_eq!(answer.unwrap().unwrap_err().kind, ErrorKind::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn listings_wait_for_a_platform_that_throttles_and_are_bounded() {
    let bench = Bench::new(MemoryRules::like_rds());
    let traffic = Traffic::new(7);
    let scope = Scope {
        regions: [pgfleet_model::Region::new("here")].into(),
        ..Scope::default()
    };
    let mut left = 5;
    bench.cloud.set_faults(move |_| {
        left -= 1;
        (left > 0).then_some(Fault::Throttled(Duration::from_secs(1)))
    });
    let ask = || vec![(Arc::clone(&bench.provider), scope.clone())];
    let listings = list(ask(), Urgency::Waited, &traffic).await;
    assert!(listings[0].is_ok(), "{listings:?}");
    bench
        .cloud
        .set_faults(|_| Some(Fault::Throttled(Duration::from_secs(3600))));
    let began = Instant::now();
    let listings = list(ask(), Urgency::Waited, &traffic).await;
    assert_eq!(listings[0].as_ref().unwrap_err().kind, ErrorKind::Throttled);
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "an hour is too long"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_busy_is_asked_for_as_long_as_in_an_apply() {
    let bench = Bench::new(MemoryRules::like_cloud_sql());
    let regions = || [pgfleet_model::Region::new("here")].into();
    let fails = |kind| Err(ProviderError::new(kind, "not now").retry(Retry::Backoff));
    let began = Instant::now();
    let within = |minutes: u64| began.elapsed() < Duration::from_secs(60 * minutes);
    // That it was busy for long is held against nothing that fails afterwards.
    let conflicts = AtomicU32::new(0);
    let busy = async || {
        if within(15) {
            fails(ErrorKind::Busy)
        } else if conflicts.fetch_add(1, Ordering::Relaxed) < 2 {
            fails(ErrorKind::Conflict)
        } else {
            Ok(())
        }
    };
    let traffic = Traffic::new(3);
    let answer = traffic.ask(bench.provider.as_ref(), regions(), busy).await;
    assert_eq!(answer, Ok(()));
    let always = async || -> Result<(), _> { fails(ErrorKind::Busy) };
    let answer = traffic.ask(bench.provider.as_ref(), regions(), always);
    assert_eq!(answer.await.unwrap_err().kind, ErrorKind::Busy);
    assert!(within(15 + 60));
}

#[tokio::test(start_paused = true)]
async fn what_shares_a_lane_is_expected_to_take_longer() {
    for (rules, replicas_in_a_row) in [
        (MemoryRules::like_rds(), 1),
        (MemoryRules::like_cloud_sql(), 3),
    ] {
        let bench = Bench::new(rules);
        let plan = bench.plan(&bench.spec(3, "", ""), Goal::Apply).await;
        let of = |number: usize| u64::from(plan.steps[number].expected_seconds.unwrap());
        let wanted = of(0) + replicas_in_a_row * of(1);
        assert_eq!(expected(&plan.steps), Duration::from_secs(wanted));
    }
    assert_eq!(expected(&[]), Duration::ZERO);
}
