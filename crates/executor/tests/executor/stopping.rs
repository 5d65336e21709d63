//! Runs that are stopped, by a signal or a bound of time, and those that do not wait.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{Bench, every_kind};
use pgfleet_conformance::{
    drive::Recorder,
    memory::{Durations, Fault, MemoryRules, What},
};
use pgfleet_executor::{Options, Stop};
use pgfleet_model::{EventKind, Operation, Outcome};
use pgfleet_planner::Goal;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn what_was_turned_away_does_not_go_on_after_a_stop() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench.cloud.set_faults(|what| match what {
        What::Begin(_) => Some(Fault::Busy),
        _ => None,
    });
    let stop = Stop::default();
    let signal = stop.clone();
    let mut recorder = Recorder::reacting(move |event| {
        if matches!(event.kind, EventKind::StepRetried { .. }) {
            signal.stop();
        }
    });
    let spec = bench.spec(0, "", "");
    let report = bench
        .run(&spec, Goal::Apply, Options::default(), &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
    let left = recorder
        .kinds()
        .filter(|kind| matches!(kind, EventKind::StepLeft { .. }));
    assert_eq!(left.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_no_call_is_made_and_what_is_left_is_named() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench.apply(&bench.spec(0, "", "")).await;
    let stop = Stop::default();
    let stopped_at: Arc<Mutex<Option<usize>>> = Arc::default();
    let (accepted, at) = (Mutex::new(0), Arc::clone(&stopped_at));
    let (cloud, signal) = (bench.cloud.clone(), stop.clone());
    // At the second of three: the third waits for room.
    let mut recorder = Recorder::reacting(move |event| {
        if matches!(event.kind, EventKind::StepAccepted { .. }) {
            *accepted.lock().unwrap() += 1;
            if *accepted.lock().unwrap() == 2 {
                signal.stop();
                *at.lock().unwrap() = Some(cloud.history().calls.len());
            }
        }
    });
    let options = Options {
        parallelism: 2,
        ..Options::default()
    };
    let spec = bench.spec(3, "", "");
    let report = bench
        .run(&spec, Goal::Apply, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(
        Some(bench.cloud.history().calls.len()),
        *stopped_at.lock().unwrap()
    );
    let left: Vec<&str> = recorder
        .kinds()
        .filter_map(|kind| match kind {
            EventKind::StepLeft { resource_id, .. } => Some(resource_id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(left, ["food-replica-1", "food-replica-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_the_steps_and_the_listing_makes_no_call() {
    let bench = Bench::new(MemoryRules::like_rds());
    let stop = Stop::default();
    let signal = stop.clone();
    let mut recorder = Recorder::reacting(move |event| {
        if matches!(event.kind, EventKind::StepDone { .. }) {
            signal.stop();
        }
    });
    let spec = bench.spec(0, "", "");
    let report = bench
        .run(&spec, Goal::Apply, Options::default(), &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
    let last = bench.cloud.history().calls.pop().unwrap();
    assert!(
        matches!(last.what, What::Poll(_)),
        "{:?} came after the stop",
        last.what
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_beforehand_makes_no_call_at_all() {
    let bench = Bench::new(MemoryRules::like_rds());
    let spec = bench.spec(1, "", "");
    let plan = bench.plan(&spec, Goal::Apply).await;
    let before = bench.cloud.history().calls.len();
    let stop = Stop::default();
    stop.stop();
    let mut recorder = Recorder::default();
    let options = Options::default();
    let report = bench
        .carry_out(&spec, plan, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(bench.cloud.history().calls.len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_does_not_outlast_the_grace() {
    let hung: [fn(&What) -> bool; 2] = [
        |what| matches!(what, What::Begin(_)),
        |what| matches!(what, What::Poll(_)),
    ];
    for hangs in hung {
        let bench = Bench::new(MemoryRules::like_rds());
        bench
            .cloud
            .set_faults(move |what| hangs(what).then_some(Fault::HungAfter));
        let stop = Stop::default();
        let signal = stop.clone();
        let signalling = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(600)).await;
            signal.stop();
        });
        let began = Instant::now();
        let mut recorder = Recorder::default();
        let options = Options {
            grace: Duration::from_secs(2),
            ..Options::default()
        };
        let spec = bench.spec(1, "", "");
        let report = bench
            .run(&spec, Goal::Apply, options, &stop, &mut recorder)
            .await;
        signalling.await.unwrap();
        assert_eq!(report.outcome, Outcome::Stopped);
        assert!(
            began.elapsed() <= Duration::from_secs(603),
            "{:?}",
            began.elapsed()
        );
        let left = recorder
            .kinds()
            .filter(|kind| matches!(kind, EventKind::StepLeft { .. }));
        assert_eq!(left.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_is_never_answered_ends_with_the_stop() {
    let bench = Bench::new(MemoryRules::like_rds());
    let spec = bench.spec(0, "", "");
    let plan = bench.plan(&spec, Goal::Apply).await;
    bench
        .cloud
        .set_faults(|what| (*what == What::Observe).then_some(Fault::Hung));
    let stop = Stop::default();
    let mut recorder = Recorder::default();
    let options = Options {
        timeout: Some(Duration::from_secs(3600)),
        ..Options::default()
    };
    let report = bench
        .carry_out(&spec, plan, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_the_run_and_the_next_one_attaches() {
    for rules in every_kind() {
        let bench = Bench::new(rules);
        let spec = bench.spec(1, "", "");
        let began = Instant::now();
        let limit = Duration::from_secs(100);
        let options = Options {
            timeout: Some(limit),
            ..Options::default()
        };
        let mut recorder = Recorder::default();
        let stop = Stop::default();
        let report = bench
            .run(&spec, Goal::Apply, options, &stop, &mut recorder)
            .await;
        assert_eq!(report.outcome, Outcome::Stopped);
        assert!(
            began.elapsed() <= limit + Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
        let (report, _) = bench.apply(&spec).await;
        assert_eq!(report.outcome, Outcome::Done);
        let history = bench.cloud.history();
        assert_eq!(history.creates_of(&bench.name("primary")), 1);
        assert_eq!(history.creates_of(&bench.name("replica-1")), 1);
        assert_eq!(history.offences, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_no_second_round_begins() {
    // The steps end just before the deadline, and the listing just after it.
    let durations = Durations {
        answer: Duration::from_secs(4),
        ..Durations::default()
    };
    let rules = MemoryRules {
        forgets_multi_az: true,
        durations,
        ..MemoryRules::like_rds()
    };
    for seconds in (1070..1130).step_by(2) {
        let bench = Bench::new(rules.clone());
        let spec = bench.spec(1, "", "multi_az = true");
        let plan = bench.plan(&spec, Goal::Apply).await;
        let limit = Duration::from_secs(seconds);
        let options = Options {
            timeout: Some(limit),
            ..Options::default()
        };
        let mut recorder = Recorder::default();
        let stop = Stop::default();
        let start = bench.cloud.history().calls.len();
        let offset = bench.cloud.history().calls[0].at + Duration::from_secs(8);
        let report = bench
            .carry_out(&spec, plan, options, &stop, &mut recorder)
            .await;
        assert_eq!(report.outcome, Outcome::Stopped, "after {seconds} s");
        for call in &bench.cloud.history().calls[start..] {
            assert!(call.at <= offset + limit, "{seconds} s: {call:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_waiting_only_what_can_begin_at_once_begins() {
    let bench = Bench::new(MemoryRules::like_rds());
    let spec = bench.spec(2, "", "");
    let options = Options {
        no_wait: true,
        ..Options::default()
    };
    let stop = Stop::default();
    let mut recorder = Recorder::default();
    let began = Instant::now();
    let report = bench
        .run(&spec, Goal::Apply, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(began.elapsed() < Duration::from_secs(5));
    let count = bench.cloud.history().count();
    assert_eq!((count.begin, count.poll), (1, 0));
    // The fleet in full, then its end without waiting: replicas only, since the primary waits.
    let (report, _) = bench.apply(&spec).await;
    assert_eq!(report.outcome, Outcome::Done);
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let report = bench
        .run(&spec, goal, options, &stop, &mut Recorder::default())
        .await;
    assert_eq!(report.outcome, Outcome::Stopped);
    let history = bench.cloud.history();
    let deletes = history
        .began()
        .filter(|m| matches!(m.operation, Operation::Delete { .. }));
    assert_eq!(deletes.count(), 2);
}
