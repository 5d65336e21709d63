//! Calls that fail, get lost, or are never answered, and runs that are stopped.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{Bench, creates};
use pgfleet_conformance::{
    drive::{self, Recorder},
    memory::{Durations, Fault, MemoryCloud, MemoryRules, What},
};
use pgfleet_executor::{Options, Stop};
use pgfleet_model::{EventKind, Operation, Outcome};
use pgfleet_planner::Goal;
use pgfleet_provider::Backoff;
use tokio::time::Instant;

fn every_kind() -> [MemoryRules; 3] {
    [
        MemoryRules::like_rds(),
        MemoryRules::like_cloud_sql(),
        MemoryRules::like_azure(),
    ]
}

/// Strikes the first call of each mutation.
fn first_of_each(cloud: &MemoryCloud, fault: &Fault) {
    let (mut struck, fault) = (BTreeSet::new(), fault.clone());
    cloud.set_faults(move |what| {
        let What::Begin(mutation) = what else {
            return None;
        };
        let key = format!("{} {}", mutation.operation.verb(), mutation.resource);
        struck.insert(key).then(|| fault.clone())
    });
}

#[tokio::test(start_paused = true)]
async fn repetitions_are_bounded_and_told() {
    let bench = Bench::new(MemoryRules::like_rds());
    let asked = Duration::from_secs(7);
    bench.cloud.set_faults(move |what| match what {
        What::Begin(_) => Some(Fault::Throttled(asked)),
        _ => None,
    });
    let backoff = Backoff {
        attempts: 4,
        ..Backoff::default()
    };
    let options = Options {
        backoff,
        ..Options::default()
    };
    let mut recorder = Recorder::default();
    let spec = bench.spec(0, "", "");
    let report = bench
        .run(&spec, Goal::Apply, options, &Stop::default(), &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Failed);
    let waits: Vec<Duration> = recorder
        .kinds()
        .filter_map(|kind| match kind {
            EventKind::StepRetried { wait, .. } => Some(*wait),
            _ => None,
        })
        .collect();
    assert_eq!(waits.len(), 4);
    assert!(waits.iter().all(|wait| *wait >= asked), "{waits:?}");
    let history = bench.cloud.history();
    assert_eq!(history.count().begin, 5);
    let begun = history
        .calls
        .iter()
        .filter(|call| call.mutation().is_some())
        .map(|call| call.at);
    let begun: Vec<Duration> = begun.collect();
    assert!(
        begun
            .windows(2)
            .all(|pair| pair[1].saturating_sub(pair[0]) >= asked),
        "{begun:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_busy_instance_uses_up_no_patience_with_anything_else() {
    let attempts = Backoff::default().attempts;
    let other = [Fault::Stale, Fault::Throttled(Duration::from_secs(1))];
    for other in other.into_iter().chain([Fault::LostAnswer]) {
        let bench = Bench::new(MemoryRules::like_cloud_sql());
        bench.apply(&bench.spec(0, "", "")).await;
        let mut left = 2 * attempts;
        let fault = other.clone();
        bench.cloud.set_faults(move |what| {
            if !matches!(what, What::Begin(_)) {
                return None;
            }
            left = left.checked_sub(1)?;
            // The last one but two is another trouble: nothing has come of the call by then.
            let is_other = left == 2;
            Some(if is_other { fault.clone() } else { Fault::Busy })
        });
        let larger = bench
            .spec(0, "", "")
            .source
            .text
            .replace("m.large", "m.xlarge");
        let (report, _) = bench.apply(&drive::spec(&larger).unwrap()).await;
        assert_eq!(report.outcome, Outcome::Done, "{other:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_repeated() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench
        .cloud
        .set_faults(|what| creates(what, "food-primary").then_some(Fault::Refused));
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(bench.cloud.history().count().begin, 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_nothing_is_done_twice() {
    for rules in every_kind() {
        let bench = Bench::new(rules);
        for fault in [Fault::LostAnswer, Fault::Reset] {
            first_of_each(&bench.cloud, &fault);
            let small = bench.spec(2, "", "");
            let (report, _) = bench.apply(&small).await;
            assert_eq!(report.outcome, Outcome::Done, "create after {fault:?}");
            // Size, which can be pending, and tags, which cannot.
            let other = drive::spec(
                &format!("{}\n", small.source.text)
                    .replace("m.large", "m.xlarge")
                    .replace("region", "tags = { a = 'b' }\nregion"),
            );
            let (report, _) = bench.apply(&other.unwrap()).await;
            assert_eq!(report.outcome, Outcome::Done, "change after {fault:?}");
            let mut recorder = Recorder::default();
            let goal = Goal::Destroy {
                replicas_only: false,
            };
            let stop = Stop::default();
            let options = Options::default();
            let report = bench.run(&small, goal, options, &stop, &mut recorder).await;
            assert_eq!(report.outcome, Outcome::Done, "delete after {fault:?}");
        }
        let history = bench.cloud.history();
        // Twice over: make three, alter three, delete three.
        assert_eq!(history.began().count(), 18);
        assert_eq!(history.offences, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for_is_kept_before_looking_too() {
    let bench = Bench::new(MemoryRules::like_azure());
    let asked = Duration::from_secs(30);
    first_of_each(&bench.cloud, &Fault::Unavailable(asked));
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let history = bench.cloud.history();
    let turned_away = history
        .calls
        .iter()
        .position(|call| call.mutation().is_some())
        .unwrap();
    let [refused, next, ..] = &history.calls[turned_away..] else {
        panic!("nothing came after it");
    };
    assert!(next.at >= refused.at + asked, "{next:?}");
    assert_eq!(history.began().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_revision_is_read_again() {
    let bench = Bench::new(MemoryRules::like_cloud_sql());
    bench.apply(&bench.spec(1, "", "")).await;
    let spec = bench.spec(1, "tags = { a = 'b' }", "");
    let plan = bench.plan(&spec, Goal::Apply).await;
    for address in ["primary", "replica-1"] {
        let tag = pgfleet_model::Value::Map([("x".to_owned(), "y".to_owned())].into());
        bench
            .cloud
            .set_by_hand(&bench.name(address), &pgfleet_model::Field::Tags, tag);
    }
    let (options, stop) = (Options::default(), Stop::default());
    let mut recorder = Recorder::default();
    let report = bench
        .carry_out(&spec, plan, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Done);
    let conflicts = bench
        .cloud
        .history()
        .refusals(pgfleet_provider::ErrorKind::Conflict);
    assert_eq!(conflicts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_never_comes_about_is_given_up() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench.apply(&bench.spec(0, "", "")).await;
    bench.cloud.set_faults(|what| match what {
        What::Begin(_) => Some(Fault::EndsFailed),
        _ => None,
    });
    let before = bench.cloud.history().count().begin;
    let spec = bench.spec(0, "tags = { a = 'b' }", "");
    let (report, _) = bench.apply(&spec).await;
    assert_ne!(report.outcome, Outcome::Done);
    let calls = bench.cloud.history().count().begin - before;
    assert!(calls <= 11, "{calls} calls");
}

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
async fn polls_keep_the_pause_that_the_platform_asks_for() {
    let bench = Bench::new(MemoryRules::like_rds());
    let asked = Duration::from_secs(40);
    let mut left = 3;
    bench.cloud.set_faults(move |what| {
        if !matches!(what, What::Poll(_)) || left == 0 {
            return None;
        }
        left -= 1;
        Some(Fault::Throttled(asked))
    });
    let (report, _) = bench.apply(&bench.spec(0, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let history = bench.cloud.history();
    let polls = history
        .calls
        .iter()
        .filter(|call| matches!(call.what, What::Poll(_)));
    let polls: Vec<Duration> = polls.map(|call| call.at).collect();
    for pair in polls.windows(2).take(3) {
        assert!(pair[1].saturating_sub(pair[0]) >= asked, "{polls:?}");
    }
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

#[tokio::test(start_paused = true)]
async fn a_change_of_an_earlier_run_is_waited_for_and_not_made_again() {
    for rules in every_kind() {
        let bench = Bench::new(rules);
        bench.apply(&bench.spec(0, "", "")).await;
        let spec = bench.spec(0, "tags = { a = 'b' }", "");
        let options = Options {
            timeout: Some(Duration::from_secs(60)),
            ..Options::default()
        };
        let mut recorder = Recorder::default();
        let stop = Stop::default();
        let report = bench
            .run(&spec, Goal::Apply, options, &stop, &mut recorder)
            .await;
        assert_eq!(report.outcome, Outcome::Stopped);
        let (report, _) = bench.apply(&spec).await;
        assert_eq!(report.outcome, Outcome::Done);
        let history = bench.cloud.history();
        let changes = history
            .began()
            .filter(|m| matches!(m.operation, Operation::Modify { .. }));
        assert_eq!(changes.count(), 1);
        assert_eq!(history.offences, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_under_a_change_is_not_waited_for() {
    for rules in every_kind() {
        let bench = Bench::new(rules);
        bench.apply(&bench.spec(1, "", "")).await;
        let spec = bench.spec(1, "tags = { a = 'b' }", "");
        let plan = bench.plan(&spec, Goal::Apply).await;
        let replica = bench.name("replica-1");
        assert!(bench.cloud.remove(&replica));
        let before = bench.cloud.calls();
        let mut recorder = Recorder::default();
        let (options, stop) = (Options::default(), Stop::default());
        let carried = bench.carry_out(&spec, plan, options, &stop, &mut recorder);
        assert_eq!(carried.await.outcome, Outcome::FailedPartly);
        let failed = recorder.kinds().filter_map(|kind| match kind {
            EventKind::StepFailed { address, .. } => Some(address.to_string()),
            _ => None,
        });
        assert_eq!(failed.collect::<Vec<_>>(), ["replica-1"]);
        let primary = bench.cloud.inventory();
        let primary = primary.get(&bench.name("primary"));
        assert_eq!(primary.unwrap().attributes.tags["a"], "b");
        let history = bench.cloud.history();
        let asked = history.calls[before..].iter().filter(|call| {
            call.mutation()
                .is_some_and(|mutation| mutation.resource == replica)
        });
        assert_eq!(asked.count(), 4);
    }
}
