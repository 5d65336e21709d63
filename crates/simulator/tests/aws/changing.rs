//! The rules of modifying, renaming, stopping and deleting, one by one.

use crate::client::{HERE, Lab};

const COMBINATION: &str = "InvalidParameterCombination";

#[tokio::test]
async fn storage_never_shrinks_and_grows_by_a_tenth_at_least() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    lab.modify("food", &[("AllocatedStorage", "99")])
        .await
        .refused(400, COMBINATION);
    let reply = lab
        .modify("food", &[("AllocatedStorage", "101")])
        .await
        .ok();
    assert_eq!(
        reply.first("PendingModifiedValues"),
        "<AllocatedStorage>110</AllocatedStorage>"
    );
    assert_eq!(lab.describe("food").await.first("AllocatedStorage"), "110");
    let reply = lab.modify("food", &[("AllocatedStorage", "200")]).await;
    reply
        .refused(400, COMBINATION)
        .saying("previous storage change is being optimized");
    lab.advance(6 * 3600);
    lab.modify("food", &[("AllocatedStorage", "200")])
        .await
        .ok();
}

#[tokio::test]
async fn size_and_iops_go_in_one_modification() {
    let lab = Lab::at_once().await;
    lab.create("food", &[("StorageType", "io1"), ("Iops", "1000")])
        .await
        .ok();
    for one in [("AllocatedStorage", "200"), ("Iops", "2000")] {
        let reply = lab.modify("food", &[one]).await;
        reply
            .refused(400, COMBINATION)
            .saying("both the storage size and iops");
    }
    lab.modify("food", &[("AllocatedStorage", "200"), ("Iops", "2000")])
        .await
        .ok();
    let reply = lab.describe("food").await;
    assert_eq!(
        (reply.first("AllocatedStorage"), reply.first("Iops")),
        ("200", "2000")
    );
}

#[tokio::test]
async fn from_400_gib_on_gp3_is_told_its_iops() {
    let lab = Lab::at_once().await;
    lab.create("food", &[("AllocatedStorage", "300")])
        .await
        .ok();
    let size = ("AllocatedStorage", "400");
    let reply = lab.modify("food", &[size]).await;
    reply
        .refused(400, COMBINATION)
        .saying("both the storage size and iops");
    // What it had is too little for the striped volumes.
    let reply = lab.modify("food", &[size, ("Iops", "3000")]).await;
    reply.refused(400, COMBINATION).saying("Invalid IOPS value");
    lab.modify("food", &[size, ("Iops", "12000")]).await.ok();
    let figures = async || {
        let reply = lab.describe("food").await;
        ["AllocatedStorage", "Iops", "StorageThroughput"].map(|name| reply.first(name).to_owned())
    };
    assert_eq!(figures().await, ["400", "12000", "500"]);
    lab.advance(6 * 3600);
    for one in [("AllocatedStorage", "500"), ("Iops", "13000")] {
        let reply = lab.modify("food", &[one]).await;
        reply
            .refused(400, COMBINATION)
            .saying("both the storage size and iops");
    }
    let io1 = [
        ("StorageType", "io1"),
        ("AllocatedStorage", "400"),
        ("Iops", "12000"),
    ];
    lab.modify("food", &io1[..1])
        .await
        .refused(400, COMBINATION);
    lab.modify("food", &io1).await.ok();
    assert_eq!(figures().await, ["400", "12000", ""]);
}

#[tokio::test]
async fn iops_rise_by_a_tenth_at_least() {
    let lab = Lab::at_once().await;
    let size = ("AllocatedStorage", "500");
    lab.create("food", &[size]).await.ok();
    for (wanted, becomes) in [
        ("12001", "13200"),
        ("14520", "14520"),
        ("14521", "15972"),
        // Down they go by any step.
        ("15971", "15971"),
    ] {
        lab.advance(6 * 3600);
        lab.modify("food", &[size, ("Iops", wanted)]).await.ok();
        let reply = lab.describe("food").await;
        assert_eq!(reply.first("Iops"), becomes, "{wanted}");
    }
}

#[tokio::test]
async fn a_modification_that_changes_nothing_leaves_nothing_pending() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.advance(1000);
    let same = [
        ("DBInstanceClass", "db.m6g.large"),
        ("AllocatedStorage", "100"),
        ("MultiAZ", "false"),
        ("EngineVersion", "16.3"),
        ("BackupRetentionPeriod", "7"),
    ];
    let reply = lab.modify("food", &same).await.ok();
    assert_eq!(reply.first("PendingModifiedValues"), "");
    lab.modify("missing", &same)
        .await
        .refused(404, "DBInstanceNotFound");
}

#[tokio::test]
async fn an_instance_can_be_renamed_and_its_replicas_follow() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    lab.replica("food-1", "food", &[]).await.ok();
    let taken = lab
        .modify("food", &[("NewDBInstanceIdentifier", "food-1")])
        .await;
    taken.refused(400, "DBInstanceAlreadyExists");
    lab.modify("food", &[("NewDBInstanceIdentifier", "meal")])
        .await
        .ok();
    lab.describe("food")
        .await
        .refused(404, "DBInstanceNotFound");
    let reply = lab.describe("food-1").await;
    assert_eq!(reply.first("ReadReplicaSourceDBInstanceIdentifier"), "meal");
}

#[tokio::test]
async fn a_protected_instance_is_not_deleted() {
    let lab = Lab::at_once().await;
    lab.create("food", &[("DeletionProtection", "true")])
        .await
        .ok();
    let skip = [("SkipFinalSnapshot", "true")];
    let reply = lab.on("DeleteDBInstance", "food", &skip).await;
    reply
        .refused(400, COMBINATION)
        .saying("disable deletion protection");
    lab.on(
        "ModifyDBInstance",
        "food",
        &[("DeletionProtection", "false")],
    )
    .await
    .ok();
    lab.on("DeleteDBInstance", "food", &skip).await.ok();
    lab.describe("food")
        .await
        .refused(404, "DBInstanceNotFound");
}

#[tokio::test]
async fn a_final_snapshot_is_taken_unless_it_is_skipped() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    let both = [
        ("SkipFinalSnapshot", "true"),
        ("FinalDBSnapshotIdentifier", "last"),
    ];
    lab.on("DeleteDBInstance", "food", &[])
        .await
        .refused(400, COMBINATION);
    lab.on("DeleteDBInstance", "food", &both)
        .await
        .refused(400, COMBINATION);
    lab.on("DeleteDBInstance", "food", &both[1..]).await.ok();
    let reply = lab
        .call(
            HERE,
            "DescribeDBSnapshots",
            &[("DBSnapshotIdentifier", "last")],
        )
        .await
        .ok();
    assert_eq!(
        (reply.first("Status"), reply.first("DBInstanceIdentifier")),
        ("available", "food")
    );
    lab.create("food", &[]).await.ok();
    lab.on("DeleteDBInstance", "food", &both[1..])
        .await
        .refused(400, "DBSnapshotAlreadyExists");
    let missing = [("DBSnapshotIdentifier", "none")];
    lab.call(HERE, "DescribeDBSnapshots", &missing)
        .await
        .refused(404, "DBSnapshotNotFound");
}

#[tokio::test]
async fn a_replica_takes_no_final_snapshot() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    lab.replica("food-1", "food", &[]).await.ok();
    for more in [&[("FinalDBSnapshotIdentifier", "last")][..], &[]] {
        let reply = lab.on("DeleteDBInstance", "food-1", more).await;
        reply
            .refused(400, COMBINATION)
            .saying("can not be specified when deleting a replica");
    }
    lab.on(
        "DeleteDBInstance",
        "food-1",
        &[("SkipFinalSnapshot", "true")],
    )
    .await
    .ok();
    assert!(
        lab.describe("food")
            .await
            .first("ReadReplicaDBInstanceIdentifiers")
            .is_empty()
    );
}

#[tokio::test]
async fn deletion_goes_by_the_status() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    let reply = lab
        .on(
            "DeleteDBInstance",
            "food",
            &[("FinalDBSnapshotIdentifier", "last")],
        )
        .await;
    reply
        .refused(400, "InvalidDBInstanceState")
        .saying("not currently in the available state");
    let skip = [("SkipFinalSnapshot", "true")];
    lab.on("DeleteDBInstance", "food", &skip).await.ok();
    let reply = lab.on("DeleteDBInstance", "food", &skip).await;
    reply
        .refused(400, "InvalidDBInstanceState")
        .saying("is already being deleted");
    lab.create("food", &[])
        .await
        .refused(400, "DBInstanceAlreadyExists");
    lab.advance(1000);
    lab.on("DeleteDBInstance", "food", &skip)
        .await
        .refused(404, "DBInstanceNotFound");
    lab.create("food", &[]).await.ok();
}

#[tokio::test]
async fn what_has_replicas_or_is_one_cannot_be_stopped() {
    let lab = Lab::at_once().await;
    lab.create("food", &[]).await.ok();
    lab.replica("food-1", "food", &[]).await.ok();
    for name in ["food", "food-1"] {
        lab.on("StopDBInstance", name, &[])
            .await
            .refused(400, "InvalidDBInstanceState");
    }
    let failover = [("ForceFailover", "true")];
    lab.on("RebootDBInstance", "food", &failover)
        .await
        .refused(400, COMBINATION);
}
