//! States that RDS has words for: what is told of them, and what is not done in them.

use pgfleet_model::REPLICATION_ERROR;

use super::*;

#[test]
fn a_full_disk_is_warned_of_and_a_replica_is_not_rebuilt_for_its_parameters() {
    let mut full = live("primary");
    full.raw_phase = "storage-full".to_owned();
    let plan = planned(&file("", ""), [full]);
    assert!(codes(&plan, Severity::Warning).contains(&"aws/storage-full"));
    takes(&plan);
    let mut unfit = live("replica-1");
    unfit.phase = Phase::Failed;
    unfit.raw_phase = "incompatible-parameters".to_owned();
    refuses(
        &planned(&replicas(1, ""), [live("primary"), unfit.clone()]),
        "aws/incompatible",
    );
    // What cannot be mended is rebuilt.
    unfit.raw_phase = "incompatible-restore".to_owned();
    takes(&planned(&replicas(1, ""), [live("primary"), unfit]));
}

fn text(said: &str) -> Value {
    Value::Text(said.to_owned())
}

#[test]
fn a_key_that_cannot_be_used_and_a_replication_that_fails_are_told() {
    let mut locked = live("primary");
    locked.phase = Phase::Modifying;
    locked.raw_phase = "inaccessible-encryption-credentials-recoverable".to_owned();
    let plan = planned(&file("", ""), [locked]);
    takes(&plan);
    assert!(codes(&plan, Severity::Warning).contains(&"aws/key-inaccessible"));
    let failing = set(live("replica-1"), REPLICATION_ERROR, text("out of disk"));
    let plan = planned(&replicas(1, ""), [live("primary"), failing]);
    takes(&plan);
    assert_eq!(calls(&plan), [""; 0], "it may go on by itself");
    assert!(codes(&plan, Severity::Warning).contains(&"aws/replication-error"));
    let told = plan.checks.iter();
    let mut told = told.filter(|check| check.code == "aws/replication-error");
    assert!(told.any(|check| check.message.contains("out of disk")));
}

#[test]
fn what_has_failed_is_deleted_without_a_last_snapshot() {
    let goal = || Goal::Destroy {
        replicas_only: false,
    };
    let unprotected = |snapshot: bool| {
        let primary = format!("final_snapshot = {snapshot}");
        format!("{}[protect]\ndeletion = false\n", file(&primary, ""))
    };
    for word in ["failed", "incompatible-restore", "incompatible-network"] {
        let mut primary = live("primary");
        primary.phase = Phase::Failed;
        primary.raw_phase = word.to_owned();
        let with = aimed(&unprotected(true), [primary.clone()], goal());
        refuses(&with, "aws/final-snapshot");
        takes(&aimed(&unprotected(false), [primary], goal()));
    }
    takes(&aimed(&unprotected(true), [live("primary")], goal()));
    // A replica leaves none in any case.
    let mut replica = live("replica-1");
    replica.phase = Phase::Failed;
    replica.raw_phase = "failed".to_owned();
    takes(&planned(&file("", ""), [live("primary"), replica]));
}

#[test]
fn a_replica_in_a_region_that_may_not_be_listed_hinders_a_deletion_and_nothing_else() {
    let names = ["theirs in eu-south-2 (a region that may not be listed)".to_owned()];
    let primary = set(
        live("primary"),
        pgfleet_model::UNLISTED_REPLICAS,
        Value::List(names.into()),
    );
    let text = format!("{}[protect]\ndeletion = false\n", file("", ""));
    let plan = planned(&text, [primary.clone()]);
    takes(&plan);
    assert!(codes(&plan, Severity::Warning).contains(&"aws/region-not-listed"));
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let plan = aimed(&text, [primary], goal);
    refuses(&plan, "aws/promotes-replicas");
    let told = plan
        .checks
        .iter()
        .find(|check| check.code == "aws/promotes-replicas");
    assert!(told.unwrap().remedy.contains("rds:DescribeDBInstances"));
}
