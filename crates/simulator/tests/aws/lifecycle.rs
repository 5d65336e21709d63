//! What instances go through by themselves, under a clock that is moved by hand.

use crate::client::{HERE, Lab, THERE, arn};
use pgfleet_simulator::{AwsOptions, Clock, Fault, FaultEffect};

/// The statuses that an instance shows while ten-second steps are made, without repeats.
async fn statuses(lab: &Lab, identifier: &str, steps: u64) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..steps {
        let status = lab.status(identifier).await;
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        lab.advance(10);
    }
    seen
}

#[tokio::test]
async fn a_new_primary_is_creating_then_backing_up_then_available() {
    let lab = Lab::manual().await;
    let reply = lab.create("food", &[("DBName", "orders")]).await.ok();
    assert_eq!(reply.first("DBInstanceStatus"), "creating");
    assert_eq!(
        reply.first("PendingModifiedValues"),
        "<MasterUserPassword>****</MasterUserPassword>"
    );
    assert!(!reply.body.contains("<Endpoint>") && !reply.body.contains("InstanceCreateTime"));
    assert_eq!(
        statuses(&lab, "food", 60).await,
        ["creating", "backing-up", "available"]
    );
    let reply = lab.describe("food").await;
    assert_eq!(reply.first("PendingModifiedValues"), "");
    assert_eq!(reply.first("Port"), "5432");
    assert!(reply.first("Address").starts_with("food."));
    assert!(
        reply
            .first("Address")
            .ends_with(".us-east-1.rds.amazonaws.com")
    );
    assert!(reply.first("LatestRestorableTime").ends_with('Z'));
    assert!(!reply.body.contains("correct-horse"));
}

#[tokio::test]
async fn a_multi_az_primary_gets_its_standby_before_its_backup() {
    let lab = Lab::manual().await;
    lab.create("food", &[("MultiAZ", "true")]).await.ok();
    let seen = statuses(&lab, "food", 90).await;
    assert_eq!(seen, ["creating", "modifying", "backing-up", "available"]);
    assert!(
        !lab.describe("food")
            .await
            .first("SecondaryAvailabilityZone")
            .is_empty()
    );
}

#[tokio::test]
async fn a_new_replica_is_creating_then_available_and_its_source_is_busy_meanwhile() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    lab.replica("food-1", "food", &[]).await.ok();
    assert_eq!(lab.status("food").await, "available");
    lab.advance(30);
    assert_eq!(lab.status("food").await, "backing-up");
    lab.modify("food", &[("MultiAZ", "true")])
        .await
        .refused(400, "InvalidDBInstanceState");
    lab.replica("food-2", "food", &[]).await.ok();
    let on_promote = lab.on("PromoteReadReplica", "food-1", &[]).await;
    on_promote.refused(400, "InvalidDBInstanceState");
    assert!(!lab.describe("food-1").await.body.contains("StatusInfos"));
    assert_eq!(
        statuses(&lab, "food-1", 60).await,
        ["creating", "available"]
    );
    assert_eq!(lab.status("food").await, "available");
    let reply = lab.describe("food-1").await;
    assert_eq!(reply.first("StatusType"), "read replication");
    assert_eq!(
        reply.first("Status"),
        "active",
        "the first Status is the security group's"
    );
    assert!(
        reply
            .first("StatusInfos")
            .contains("<Status>replicating</Status>")
    );
}

#[tokio::test]
async fn a_modified_instance_stays_available_for_a_while() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    let reply = lab
        .modify("food", &[("DBInstanceClass", "db.m6g.xlarge")])
        .await
        .ok();
    assert_eq!(reply.first("DBInstanceStatus"), "available");
    assert_eq!(
        reply.first("PendingModifiedValues"),
        "<DBInstanceClass>db.m6g.xlarge</DBInstanceClass>"
    );
    lab.advance(20);
    assert_eq!(lab.status("food").await, "available");
    assert_eq!(
        statuses(&lab, "food", 60).await,
        ["available", "modifying", "available"]
    );
    let reply = lab.describe("food").await;
    assert_eq!(reply.first("DBInstanceClass"), "db.m6g.xlarge");
    assert_eq!(reply.first("PendingModifiedValues"), "");
}

#[tokio::test]
async fn grown_storage_is_optimized_for_long_while_the_instance_can_be_used() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    lab.modify("food", &[("AllocatedStorage", "200")])
        .await
        .ok();
    let seen = statuses(&lab, "food", 45).await;
    assert_eq!(seen, ["available", "modifying", "storage-optimization"]);
    lab.modify("food", &[("DBInstanceClass", "db.m6g.xlarge")])
        .await
        .ok();
    let again = lab.modify("food", &[("AllocatedStorage", "300")]).await;
    again
        .refused(400, "InvalidParameterCombination")
        .saying("being optimized");
    lab.advance(4000);
    assert_eq!(lab.status("food").await, "available");
    let within_six_hours = lab.modify("food", &[("AllocatedStorage", "300")]).await;
    within_six_hours
        .refused(400, "InvalidParameterCombination")
        .saying("being optimized");
    lab.advance(6 * 3600);
    lab.modify("food", &[("AllocatedStorage", "300")])
        .await
        .ok();
}

#[tokio::test]
async fn without_apply_immediately_changes_wait_for_the_window() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    let later = [
        ("DBInstanceClass", "db.m6g.xlarge"),
        ("DeletionProtection", "true"),
    ];
    let reply = lab.on("ModifyDBInstance", "food", &later).await.ok();
    assert_eq!(reply.first("DeletionProtection"), "true");
    assert!(
        reply
            .first("PendingModifiedValues")
            .contains("db.m6g.xlarge")
    );
    let mut days = 0;
    while lab.describe("food").await.first("DBInstanceClass") == "db.m6g.large" {
        days += 1;
        assert!(days <= 8, "the window has not come within a week");
        lab.advance(24 * 3600);
    }
    assert_eq!(
        lab.describe("food").await.first("PendingModifiedValues"),
        ""
    );
}

#[tokio::test]
async fn a_clock_that_does_all_at_once_waits_for_the_window_too() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    lab.on("ModifyDBInstance", "food", &[("MultiAZ", "true")])
        .await
        .ok();
    let reply = lab.describe("food").await;
    assert_eq!(
        reply.first("PendingModifiedValues"),
        "<MultiAZ>true</MultiAZ>"
    );
    assert!(reply.body.contains("<MultiAZ>false</MultiAZ>"));
    lab.modify("food", &[]).await.ok();
    let reply = lab.describe("food").await;
    assert!(reply.body.contains("<MultiAZ>true</MultiAZ>"));
    assert_eq!(reply.first("PendingModifiedValues"), "");
}

#[tokio::test]
async fn a_new_parameter_group_waits_for_a_reboot() {
    let mut options = AwsOptions::default();
    options.accept_any_group = true;
    let lab = Lab::with(options, Clock::Manual).await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    let reply = lab
        .modify("food", &[("DBParameterGroupName", "tuned")])
        .await
        .ok();
    assert_eq!(reply.first("ParameterApplyStatus"), "applying");
    lab.advance(60);
    assert_eq!(
        lab.describe("food").await.first("ParameterApplyStatus"),
        "pending-reboot"
    );
    lab.on("RebootDBInstance", "food", &[]).await.ok();
    assert_eq!(lab.status("food").await, "rebooting");
    lab.advance(120);
    let reply = lab.describe("food").await;
    assert_eq!(reply.first("DBInstanceStatus"), "available");
    assert_eq!(reply.first("ParameterApplyStatus"), "in-sync");
}

#[tokio::test]
async fn a_password_change_shows_as_pending_and_then_as_resetting() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    let reply = lab
        .on(
            "ModifyDBInstance",
            "food",
            &[("MasterUserPassword", "another-horse")],
        )
        .await;
    assert!(reply.ok().first("PendingModifiedValues").contains("****"));
    let seen = statuses(&lab, "food", 30).await;
    assert_eq!(
        seen,
        ["available", "resetting-master-credentials", "available"]
    );
}

#[tokio::test]
async fn promotion_reboots_and_turns_backups_on_afterwards() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    lab.replica("food-1", "food", &[]).await.ok();
    lab.advance(1000);
    lab.on(
        "PromoteReadReplica",
        "food-1",
        &[("BackupRetentionPeriod", "3")],
    )
    .await
    .ok();
    let seen = statuses(&lab, "food-1", 80).await;
    assert_eq!(
        seen,
        [
            "available",
            "modifying",
            "rebooting",
            "backing-up",
            "available"
        ]
    );
    let reply = lab.describe("food-1").await;
    assert!(!reply.body.contains("ReadReplicaSource"));
    assert_eq!(reply.first("BackupRetentionPeriod"), "3");
    lab.on("PromoteReadReplica", "food-1", &[])
        .await
        .refused(400, "InvalidDBInstanceState");
}

#[tokio::test]
async fn stopped_and_started() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    lab.on("StartDBInstance", "food", &[])
        .await
        .refused(400, "InvalidDBInstanceState");
    lab.on("StopDBInstance", "food", &[]).await.ok();
    assert_eq!(statuses(&lab, "food", 30).await, ["stopping", "stopped"]);
    lab.modify("food", &[("MultiAZ", "true")])
        .await
        .refused(400, "InvalidDBInstanceState");
    lab.replica("food-1", "food", &[])
        .await
        .refused(400, "InvalidDBInstanceState");
    lab.on("StartDBInstance", "food", &[]).await.ok();
    assert_eq!(statuses(&lab, "food", 30).await, ["starting", "available"]);
}

#[tokio::test]
async fn deleting_a_primary_promotes_its_replicas_here_and_orphans_those_elsewhere() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    lab.replica("food-1", "food", &[]).await.ok();
    lab.replica_in(THERE, "food-eu", &arn(HERE, "food"), &[])
        .await
        .ok();
    lab.advance(1000);
    let reply = lab.describe("food").await;
    assert_eq!(
        reply.all("ReadReplicaDBInstanceIdentifier"),
        [arn(THERE, "food-eu"), "food-1".to_owned()]
    );
    lab.on("DeleteDBInstance", "food", &[("SkipFinalSnapshot", "true")])
        .await
        .ok();
    assert_eq!(lab.status("food").await, "deleting");
    lab.advance(1000);
    lab.describe("food")
        .await
        .refused(404, "DBInstanceNotFound");
    assert!(
        !lab.describe("food-1")
            .await
            .body
            .contains("ReadReplicaSource")
    );
    let there = lab.call(THERE, "DescribeDBInstances", &[]).await;
    assert_eq!(
        there.first("ReadReplicaSourceDBInstanceIdentifier"),
        arn(HERE, "food")
    );
    assert!(
        there
            .first("StatusInfos")
            .contains("<Status>terminated</Status>")
    );
    assert!(
        there
            .first("StatusInfos")
            .contains("<Normal>false</Normal>")
    );
}

#[tokio::test]
async fn scripts_can_make_work_fail_or_pass_through_unknown_statuses() {
    let lab = Lab::manual().await;
    let control = lab.simulator.control();
    let word = || "incompatible-network".to_owned();
    control.fault(Fault::new(FaultEffect::EndIn { word: word() }).of("bad"));
    control.fault(
        Fault::new(FaultEffect::PassThrough {
            word: "delete-precheck".to_owned(),
            seconds: 100,
        })
        .of("odd"),
    );
    lab.create("bad", &[]).await.ok();
    lab.create("odd", &[]).await.ok();
    assert_eq!(
        statuses(&lab, "bad", 60).await,
        ["creating", "backing-up", "incompatible-network"]
    );
    control.set_aws_status(HERE, "bad", "storage-full").unwrap();
    assert_eq!(lab.status("bad").await, "storage-full");
    assert!(control.set_aws_status(HERE, "none", "x").is_err());

    lab.create("late", &[]).await.ok();
    control.fault(
        Fault::new(FaultEffect::PassThrough {
            word: "delete-precheck".to_owned(),
            seconds: 100,
        })
        .of("late")
        .on("ModifyDBInstance"),
    );
    lab.advance(1000);
    lab.modify("late", &[("DBInstanceClass", "db.m6g.xlarge")])
        .await
        .ok();
    let seen = statuses(&lab, "late", 90).await;
    assert_eq!(
        seen,
        ["available", "modifying", "delete-precheck", "available"]
    );
    assert_eq!(lab.status("odd").await, "available");
}
