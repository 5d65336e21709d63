//! Read replicas: making, promoting, changing places.

use crate::client::{HERE, Lab, PROJECT, THERE, plus, primary, replica, with};
use pgfleet_simulator::{Clock, GcpOptions};
use serde_json::{Value, json};

#[tokio::test]
async fn a_replica_takes_version_region_and_disk_from_its_source() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    let one = lab.get("shop-1").await.ok();
    for (pointer, value) in [
        ("/instanceType", json!("READ_REPLICA_INSTANCE")),
        ("/masterInstanceName", json!(format!("{PROJECT}:shop"))),
        ("/databaseVersion", json!("POSTGRES_17")),
        ("/region", json!(HERE)),
        ("/settings/dataDiskSizeGb", json!("20")),
        ("/settings/databaseReplicationEnabled", json!(true)),
        ("/settings/backupConfiguration/enabled", json!(false)),
    ] {
        assert_eq!(one.at(pointer), value, "{pointer}");
    }
    assert_eq!(lab.get("shop").await.at("/replicaNames"), json!(["shop-1"]));
}

#[tokio::test]
async fn a_replica_may_be_elsewhere_larger_and_with_a_standby() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let more = json!({
        "region": THERE,
        "masterInstanceName": format!("{PROJECT}:shop"),
        "instanceType": "READ_REPLICA_INSTANCE",
        "settings": {
            "tier": "db-custom-4-15360", "dataDiskSizeGb": 50, "availabilityType": "REGIONAL"
        }
    });
    lab.insert(&with(replica("far", "shop"), more)).await.ok();
    let far = lab.get("far").await.ok();
    assert_eq!(far.text("/region"), THERE);
    assert_ne!(far.text("/secondaryGceZone"), "");
}

#[tokio::test]
async fn the_edition_of_a_replica_is_not_taken_from_its_source() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let without = with(
        replica("shop-1", "shop"),
        json!({"settings": {"edition": null}}),
    );
    lab.insert(&without)
        .await
        .refused(400, "invalid")
        .saying("(ENTERPRISE_PLUS) Edition");
}

#[tokio::test]
async fn a_source_without_backups_and_recovery_has_no_replicas() {
    let lab = Lab::at_once().await;
    let without = json!({"backupConfiguration": {"pointInTimeRecoveryEnabled": false}});
    lab.insert(&with(primary("shop"), json!({"settings": without})))
        .await
        .ok();
    lab.insert(&replica("shop-1", "shop"))
        .await
        .refused(400, "invalid")
        .saying("point-in-time recovery");
    lab.simulator
        .control()
        .change_gcp(|options| options.replicas_without_backups = true);
    lab.replica("shop-1", "shop").await;
}

#[tokio::test]
async fn what_a_replica_may_not_say_is_refused() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    for (more, reason) in [
        (
            json!({"settings": {"backupConfiguration": {"enabled": true}}}),
            "errorDisallowedEnablingBackupsForReadReplica",
        ),
        (
            json!({"databaseVersion": "POSTGRES_16"}),
            "errorReadReplicaIncompatibleDatabaseTypes",
        ),
        (
            json!({"instanceType": "CLOUD_SQL_INSTANCE"}),
            "errorInvalidInstanceTypeCloudsql",
        ),
        (
            json!({"settings": {"activationPolicy": "NEVER"}}),
            "errorInvalidReadReplicaActivationPolicy",
        ),
        (json!({"settings": {"dataDiskSizeGb": 19}}), "invalid"),
        (json!({"settings": {"tier": "db-custom-1-3840"}}), "invalid"),
        (
            json!({"masterInstanceName": "other:shop"}),
            "errorInvalidReadReplicaProject",
        ),
        (
            json!({"masterInstanceName": "shop-1"}),
            "errorMatchingSourceDestinationInstanceName",
        ),
    ] {
        let body = with(replica("shop-1", "shop"), more);
        lab.insert(&body).await.refused(400, reason);
    }
    let orphan = with(
        primary("x"),
        json!({"instanceType": "READ_REPLICA_INSTANCE"}),
    );
    lab.insert(&orphan)
        .await
        .refused(400, "errorInvalidInstanceTypeReadReplica");
    lab.insert(&replica("x", "nobody"))
        .await
        .refused(404, "instanceDoesNotExist");
}

#[tokio::test]
async fn a_smaller_replica_is_taken_where_the_option_says_so() {
    let mut options = GcpOptions::default();
    options.allow_smaller_replicas = true;
    let lab = Lab::with(options, Clock::AtOnce).await;
    lab.primary("shop").await;
    let small = json!({"settings": {"tier": "db-custom-1-3840"}});
    lab.insert(&with(replica("shop-1", "shop"), small))
        .await
        .ok();
}

#[tokio::test]
async fn an_instance_has_at_most_ten_replicas() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    for number in 1..=10 {
        lab.replica(&format!("shop-{number}"), "shop").await;
    }
    lab.insert(&replica("shop-11", "shop"))
        .await
        .refused(400, "invalid")
        .saying("maximum number of read replicas (10)");
}

#[tokio::test]
async fn replicas_have_replicas_down_to_the_fourth_level() {
    let lab = Lab::at_once().await;
    lab.primary("a").await;
    for (name, source) in [("b", "a"), ("c", "b"), ("d", "c")] {
        lab.replica(name, source).await;
    }
    lab.insert(&replica("e", "d"))
        .await
        .refused(400, "errorReplicaDepthLimitExceeded");
    lab.delete("c")
        .await
        .refused(400, "errorReplicationMasterInvalidOperation");
}

#[tokio::test]
async fn a_source_that_is_stopped_or_broken_has_no_new_replicas() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.set("shop", json!({"activationPolicy": "NEVER"}))
        .await
        .ok();
    lab.insert(&replica("shop-1", "shop"))
        .await
        .refused(409, "invalidState");
    lab.set("shop", json!({"activationPolicy": "ALWAYS"}))
        .await
        .ok();
    let control = lab.simulator.control();
    control.set_gcp_state(PROJECT, "shop", "SUSPENDED").unwrap();
    lab.insert(&replica("shop-1", "shop"))
        .await
        .refused(409, "invalidState");
    lab.set("shop", json!({"userLabels": {}}))
        .await
        .refused(409, "invalidState");
}

#[tokio::test]
async fn a_promoted_replica_is_an_instance_of_its_own() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    let before = lab.version("shop").await;
    lab.act("shop", "promoteReplica")
        .await
        .refused(400, "invalidOperation");
    lab.act("shop-1", "promoteReplica").await.ok();
    let one = lab.get("shop-1").await.ok();
    assert_eq!(one.text("/instanceType"), "CLOUD_SQL_INSTANCE");
    assert_eq!(one.at("/masterInstanceName"), Value::Null);
    assert_eq!(lab.get("shop").await.at("/replicaNames"), Value::Null);
    assert_eq!(lab.version("shop").await, before + 1);
    let backups = json!({"enabled": true, "pointInTimeRecoveryEnabled": true});
    lab.set("shop-1", json!({"backupConfiguration": backups}))
        .await
        .ok();
    lab.delete("shop").await.ok();
    lab.get("shop-1").await.ok();
}

#[tokio::test]
async fn a_switchover_needs_enterprise_plus_and_a_designated_replica() {
    let lab = Lab::at_once().await;
    lab.primary("small").await;
    lab.replica("small-1", "small").await;
    for verb in ["switchover", "promoteReplica?failover=true"] {
        let reply = lab.act("small-1", verb).await;
        reply
            .refused(400, "invalidOperation")
            .saying("(ENTERPRISE_PLUS)");
    }
    lab.insert(&plus("shop")).await.ok();
    let optimized = json!({"settings": {"edition": null, "tier": "db-perf-optimized-N-2"}});
    let near = with(replica("near", "shop"), optimized.clone());
    let far = with(
        replica("far", "shop"),
        with(optimized, json!({"region": THERE})),
    );
    lab.insert(&near).await.ok();
    lab.insert(&far).await.ok();
    lab.act("shop", "switchover")
        .await
        .refused(400, "invalidOperation");
    lab.act("far", "switchover")
        .await
        .refused(400, "invalidOperation")
        .saying("designated DR replica");
    lab.act("far", "switchover?dbTimeout=soon")
        .await
        .refused(400, "invalid");
    let designate = |name: &str| json!({"replicationCluster": {"failoverDrReplicaName": name}});
    lab.patch("shop", &designate("near"))
        .await
        .refused(400, "invalid");
    lab.patch("shop", &designate("nobody"))
        .await
        .refused(400, "invalid");
    lab.patch("shop", &designate("far")).await.ok();
    assert_eq!(
        lab.get("far").await.at("/replicationCluster/drReplica"),
        true
    );

    lab.act("far", "switchover?dbTimeout=300s").await.ok();
    let (shop, far) = (lab.get("shop").await.ok(), lab.get("far").await.ok());
    assert_eq!(shop.text("/masterInstanceName"), format!("{PROJECT}:far"));
    assert_eq!(shop.at("/settings/backupConfiguration/enabled"), false);
    assert_eq!(far.at("/replicaNames"), json!(["near", "shop"]));
    assert_eq!(far.at("/settings/backupConfiguration/enabled"), true);
    assert_eq!(shop.at("/replicationCluster/drReplica"), true);
    lab.delete("shop").await.ok();
    assert_eq!(lab.get("far").await.at("/replicationCluster"), Value::Null);
    lab.set("far", json!({"userLabels": {"a": "b"}})).await.ok();
}
