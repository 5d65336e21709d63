//! Steps side by side: how many, in which lanes, what follows a failure, and what the last listing
//! proves.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{Bench, creates};
use pgfleet_conformance::{
    drive::{self, Recorder},
    memory::{Calls, Durations, Effect, Fault, MemoryRules, What},
};
use pgfleet_executor::{Options, Stop, Traffic, execute};
use pgfleet_model::{EventKind, Field, Operation, Outcome, Value};
use pgfleet_planner::Goal;
use pgfleet_provider::ErrorKind;

#[tokio::test(start_paused = true)]
async fn a_fleet_is_made_and_the_last_listing_proves_it() {
    let bench = Bench::new(MemoryRules::like_rds());
    let (report, recorder) = bench.apply(&bench.spec(3, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(report.remaining, Some(0));
    assert_eq!(report.observed.owned().count(), 4);
    assert_eq!(
        recorder.kinds().last(),
        Some(&EventKind::FleetFinished {
            outcome: Outcome::Done
        })
    );
    let history = bench.cloud.history();
    assert_eq!(history.count().begin, 4);
    assert_eq!(
        history.calls.last().map(|call| &call.what),
        Some(&What::Observe)
    );
    assert_eq!(history.offences, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn no_more_steps_run_at_once_than_are_allowed() {
    let bench = Bench::new(MemoryRules::like_rds());
    let mut recorder = Recorder::default();
    let options = Options {
        parallelism: 3,
        ..Options::default()
    };
    let spec = bench.spec(8, "", "");
    let report = bench
        .run(&spec, Goal::Apply, options, &Stop::default(), &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(recorder.most_at_once(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_shares_a_lane_runs_one_at_a_time() {
    let bench = Bench::new(MemoryRules::like_cloud_sql());
    let (report, recorder) = bench.apply(&bench.spec(4, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(recorder.most_at_once(), 1);
    assert_eq!(bench.cloud.history().refusals(ErrorKind::Busy), 0);
}

#[tokio::test(start_paused = true)]
async fn lanes_of_two_fleets_run_side_by_side() {
    let bench = Bench::new(MemoryRules::like_cloud_sql());
    let specs = ["one", "two"].map(|fleet| {
        drive::spec(&format!(
            "fleet = '{fleet}'\nprovider = 'gcp'\nregion = 'here'\n[primary]\nsize = 'm'\n\
             [[replicas]]\ncount = 2\n"
        ))
        .unwrap()
    });
    let mut works = Vec::new();
    for spec in &specs {
        works.push(drive::work(
            &bench.provider,
            spec,
            bench.plan(spec, Goal::Apply).await,
        ));
    }
    let before = bench.cloud.history().count().observe;
    let mut recorder = Recorder::default();
    let (options, stop) = (Options::default(), Stop::default());
    let reports = execute(works, options, &Traffic::new(0), &stop, &mut recorder).await;
    assert!(
        reports.iter().all(|report| report.outcome == Outcome::Done),
        "{reports:?}"
    );
    assert_eq!(recorder.most_at_once(), 2);
    assert_eq!(bench.cloud.history().refusals(ErrorKind::Busy), 0);
    // One listing at the end proves both.
    assert_eq!(bench.cloud.history().count().observe - before, 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_failed_step_is_skipped() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench
        .cloud
        .set_faults(|what| creates(what, "food-primary").then_some(Fault::Refused));
    let (report, recorder) = bench.apply(&bench.spec(2, "", "")).await;
    assert_eq!(report.outcome, Outcome::Failed);
    let skipped = recorder.kinds().filter_map(|kind| match kind {
        EventKind::StepSkipped { because, .. } => Some(*because),
        _ => None,
    });
    assert_eq!(skipped.collect::<Vec<_>>(), [1, 1]);
    assert_eq!(bench.cloud.history().count().begin, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_stop_what_does_not_wait_for_it() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench
        .cloud
        .set_faults(|what| creates(what, "food-replica-1").then_some(Fault::Refused));
    let (report, recorder) = bench.apply(&bench.spec(2, "", "")).await;
    assert_eq!(report.outcome, Outcome::FailedPartly);
    let failed = recorder
        .kinds()
        .filter(|kind| matches!(kind, EventKind::StepFailed { .. }));
    assert_eq!(failed.count(), 1);
    assert_eq!(bench.cloud.inventory().instances().len(), 2);
    bench.name("replica-2");
}

#[tokio::test(start_paused = true)]
async fn work_that_ends_in_failure_fails_its_step() {
    for rules in [MemoryRules::like_rds(), MemoryRules::like_azure()] {
        let bench = Bench::new(rules);
        bench
            .cloud
            .set_faults(|what| creates(what, "food-replica-1").then_some(Fault::EndsFailed));
        let (report, _) = bench.apply(&bench.spec(1, "", "")).await;
        assert_eq!(report.outcome, Outcome::FailedPartly);
        // The next run sees that it cannot be mended, and makes it anew.
        bench.cloud.clear_faults();
        let (report, _) = bench.apply(&bench.spec(1, "", "")).await;
        assert_eq!(report.outcome, Outcome::Done);
        let deleted = bench.cloud.history().deleted();
        assert_eq!(deleted, [bench.name("replica-1")]);
    }
}

#[tokio::test(start_paused = true)]
async fn words_that_nobody_knows_are_waited_out() {
    for rules in [MemoryRules::like_rds(), MemoryRules::like_azure()] {
        let bench = Bench::new(rules);
        bench.cloud.set_faults(|what| match what {
            What::Begin(_) => Some(Fault::OddWord(Duration::from_secs(2000))),
            _ => None,
        });
        let (report, _) = bench.apply(&bench.spec(1, "", "")).await;
        assert_eq!(report.outcome, Outcome::Done);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_forgot_is_put_right_in_a_second_round() {
    let rules = MemoryRules {
        forgets_multi_az: true,
        ..MemoryRules::like_rds()
    };
    let bench = Bench::new(rules);
    let (report, recorder) = bench.apply(&bench.spec(2, "", "multi_az = true")).await;
    assert_eq!(report.outcome, Outcome::Done);
    let seen = recorder.kinds().filter_map(|kind| match kind {
        EventKind::Observed { remaining, .. } => Some(*remaining),
        _ => None,
    });
    assert_eq!(seen.collect::<Vec<_>>(), [2, 0]);
    let history = bench.cloud.history();
    let altered = history
        .began()
        .filter(|m| matches!(m.operation, Operation::Modify { .. }));
    assert_eq!(altered.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_second_round_touches_only_what_was_approved_and_deletes_nothing() {
    let bench = Bench::new(MemoryRules::like_rds());
    bench.apply(&bench.spec(3, "", "")).await;
    let spec = bench.spec(4, "", "");
    let plan = bench.plan(&spec, Goal::Apply).await;
    let addresses: BTreeSet<String> = plan
        .steps
        .iter()
        .map(|step| step.address.to_string())
        .collect();
    assert_eq!(addresses, BTreeSet::from(["replica-4".to_owned()]));
    let before = bench.cloud.history().calls.len();
    // Meanwhile somebody alters one, removes one and breaks one.
    let size = Value::Text("m.tiny".into());
    assert!(
        bench
            .cloud
            .set_by_hand(&bench.name("replica-1"), &Field::Size, size)
    );
    assert!(bench.cloud.remove(&bench.name("replica-2")));
    assert!(
        bench
            .cloud
            .damage(&bench.name("replica-3"), "the disk is gone")
    );
    let mut recorder = Recorder::default();
    let report = bench
        .carry_out(
            &spec,
            plan,
            Options::default(),
            &Stop::default(),
            &mut recorder,
        )
        .await;
    assert_eq!(report.outcome, Outcome::FailedPartly);
    // One to alter, one to make, one to delete and make.
    assert_eq!(report.remaining, Some(4));
    let history = bench.cloud.history();
    let touched: Vec<String> = history.calls[before..]
        .iter()
        .filter(|call| call.effect == Effect::Began)
        .filter_map(|call| Some(call.mutation()?.owner.address.to_string()))
        .collect();
    assert_eq!(touched, ["replica-4"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_apply_makes_no_call() {
    for rules in [
        MemoryRules::like_rds(),
        MemoryRules::like_cloud_sql(),
        MemoryRules::like_azure(),
    ] {
        let bench = Bench::new(rules);
        let spec = bench.spec(2, "tags = { team = 'food' }", "");
        bench.apply(&spec).await;
        let before = bench.cloud.history().count();
        let (report, _) = bench.apply(&spec).await;
        assert_eq!(report.outcome, Outcome::Done);
        let after = bench.cloud.history().count();
        assert_eq!(
            after,
            Calls {
                observe: before.observe + 2,
                ..before
            }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_only_leaves_the_primary_and_is_done() {
    let bench = Bench::new(MemoryRules::like_rds());
    let spec = bench.spec(2, "", "");
    bench.apply(&spec).await;
    let primary = bench.name("primary");
    let goal = Goal::Destroy {
        replicas_only: true,
    };
    let mut recorder = Recorder::default();
    let report = bench
        .run(
            &spec,
            goal,
            Options::default(),
            &Stop::default(),
            &mut recorder,
        )
        .await;
    assert_eq!(report.outcome, Outcome::Done);
    let left: Vec<_> = bench
        .cloud
        .inventory()
        .instances()
        .keys()
        .cloned()
        .collect();
    assert_eq!(left, [primary]);
}

#[tokio::test(start_paused = true)]
async fn destroy_takes_replicas_first_and_leaves_a_snapshot() {
    for rules in [MemoryRules::like_rds(), MemoryRules::like_cloud_sql()] {
        let bench = Bench::new(rules);
        let spec = bench.spec(2, "", "");
        bench.apply(&spec).await;
        let primary = bench.name("primary");
        let mut recorder = Recorder::default();
        let goal = Goal::Destroy {
            replicas_only: false,
        };
        let report = bench
            .run(
                &spec,
                goal,
                Options::default(),
                &Stop::default(),
                &mut recorder,
            )
            .await;
        assert_eq!(report.outcome, Outcome::Done);
        assert!(bench.cloud.inventory().instances().is_empty());
        let history = bench.cloud.history();
        assert_eq!(history.deleted().last(), Some(&primary));
        assert_eq!(history.offences, Vec::<String>::new());
        assert_eq!(bench.cloud.snapshots(), [primary]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_protected_instance_is_unprotected_before_it_is_deleted() {
    let bench = Bench::new(MemoryRules::like_rds());
    let spec = bench.spec(1, "", "");
    bench.apply(&spec).await;
    let flag = Value::Flag(true);
    bench
        .cloud
        .set_by_hand(&bench.name("primary"), &Field::DeletionProtection, flag);
    let mut recorder = Recorder::default();
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let report = bench
        .run(
            &spec,
            goal,
            Options::default(),
            &Stop::default(),
            &mut recorder,
        )
        .await;
    assert_eq!(report.outcome, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_at_the_end_fails_the_run() {
    let bench = Bench::new(MemoryRules::like_rds());
    let spec = bench.spec(0, "", "");
    let plan = bench.plan(&spec, Goal::Apply).await;
    bench
        .cloud
        .set_faults(|what| (*what == What::Observe).then_some(Fault::Refused));
    let mut recorder = Recorder::default();
    let stop = Stop::default();
    let options = Options::default();
    let report = bench
        .carry_out(&spec, plan, options, &stop, &mut recorder)
        .await;
    assert_eq!(report.outcome, Outcome::FailedPartly);
    assert_eq!(report.remaining, None);
    assert!(
        recorder
            .kinds()
            .any(|kind| matches!(kind, EventKind::ObserveFailed { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn instant_platforms_need_no_time() {
    let zero = Duration::ZERO;
    let durations = Durations {
        create_primary: zero,
        create_replica: zero,
        modify: zero,
        start: zero,
        delete: zero,
        pending: zero,
        answer: zero,
    };
    let bench = Bench::new(MemoryRules {
        durations,
        ..MemoryRules::like_azure()
    });
    let (report, _) = bench.apply(&bench.spec(2, "", "")).await;
    assert_eq!(report.outcome, Outcome::Done);
}
