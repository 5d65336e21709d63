//! Calls that fail, get lost, or change nothing.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{Bench, creates, every_kind};
use pgfleet_conformance::{
    drive::{self, Recorder},
    memory::{Fault, MemoryCloud, MemoryRules, What},
};
use pgfleet_executor::{Options, Stop};
use pgfleet_model::{EventKind, Operation, Outcome};
use pgfleet_planner::Goal;
use pgfleet_provider::Backoff;

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
async fn a_revision_that_keeps_moving_is_read_as_often_as_it_moves() {
    let bench = Bench::new(MemoryRules::like_cloud_sql());
    bench.apply(&bench.spec(0, "", "")).await;
    let mut left = 40;
    bench.cloud.set_faults(move |what| {
        let strikes = matches!(what, What::Begin(_)) && left > 0;
        left -= i32::from(strikes);
        strikes.then_some(Fault::Stale)
    });
    let (report, _) = bench.apply(&bench.spec(0, "tags = { a = 'b' }", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn the_result_is_asked_for_as_patiently_as_steps_are_repeated() {
    for fault in [Fault::Reset, Fault::Unavailable(Duration::from_secs(5))] {
        let bench = Bench::new(MemoryRules::like_cloud_sql());
        let spec = bench.spec(1, "", "");
        let plan = bench.plan(&spec, Goal::Apply).await;
        let mut left = 8;
        bench.cloud.set_faults(move |what| {
            let strikes = *what == What::Observe && left > 0;
            left -= i32::from(strikes);
            strikes.then(|| fault.clone())
        });
        let mut recorder = Recorder::default();
        let (options, stop) = (Options::default(), Stop::default());
        let carried = bench.carry_out(&spec, plan, options, &stop, &mut recorder);
        assert_eq!(carried.await.outcome, Outcome::Done);
    }
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
