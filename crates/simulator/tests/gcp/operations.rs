//! Operations: how they go, what they keep waiting, how they fail.

use crate::client::{Lab, PROJECT, THERE, plus, primary, replica, with};
use pgfleet_simulator::{Clock, Fault, FaultEffect, GcpOptions};
use serde_json::{Value, json};

#[tokio::test]
async fn an_operation_is_pending_then_runs_then_is_done() {
    let lab = Lab::manual().await;
    let begun = lab.insert(&primary("shop")).await.ok();
    for (pointer, value) in [
        ("/kind", "sql#operation"),
        ("/operationType", "CREATE"),
        ("/status", "PENDING"),
        ("/targetId", "shop"),
        ("/targetProject", PROJECT),
    ] {
        assert_eq!(begun.text(pointer), value);
    }
    assert_eq!(lab.get("shop").await.text("/state"), "PENDING_CREATE");
    lab.advance(5);
    let running = lab.operation(&begun).await;
    assert_eq!(running.text("/status"), "RUNNING");
    assert_ne!(running.at("/startTime"), Value::Null);
    assert_eq!(running.at("/endTime"), Value::Null);
    lab.advance(480);
    let done = lab.operation(&begun).await;
    assert_eq!(done.text("/status"), "DONE");
    assert!(done.text("/endTime") > done.text("/startTime"));
    assert_eq!(done.at("/error"), Value::Null);
    assert_eq!(lab.get("shop").await.text("/state"), "RUNNABLE");
}

#[tokio::test]
async fn a_change_shows_when_its_operation_is_done() {
    let lab = Lab::manual().await;
    lab.primary("shop").await;
    lab.advance(600);
    let begun = lab
        .set("shop", json!({"tier": "db-custom-4-15360"}))
        .await
        .ok();
    assert_eq!(begun.text("/operationType"), "UPDATE");
    lab.advance(60);
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/settings/tier"), "db-custom-2-7680");
    assert_eq!(lab.version("shop").await, 1);
    lab.advance(240);
    assert_eq!(
        lab.get("shop").await.text("/settings/tier"),
        "db-custom-4-15360"
    );
    assert_eq!(lab.version("shop").await, 2);
    // What restarts nothing is fast.
    let begun = lab
        .set("shop", json!({"userLabels": {"a": "b"}}))
        .await
        .ok();
    lab.advance(30);
    assert_eq!(lab.operation(&begun).await.text("/status"), "DONE");
}

#[tokio::test]
async fn a_primary_and_its_replicas_take_one_operation_at_a_time() {
    let lab = Lab::manual().await;
    lab.primary("shop").await;
    lab.insert(&replica("shop-1", "shop"))
        .await
        .refused(409, "operationInProgress");
    lab.advance(600);
    lab.replica("shop-1", "shop").await;
    let labels = json!({"userLabels": {"a": "b"}});
    lab.insert(&replica("shop-2", "shop"))
        .await
        .refused(409, "operationInProgress")
        .saying("Try your request after the current operation is complete.");
    lab.set("shop", labels.clone())
        .await
        .refused(409, "operationInProgress");
    lab.set("shop-1", labels.clone())
        .await
        .refused(409, "operationInProgress");
    lab.delete("shop-1")
        .await
        .refused(409, "operationInProgress");
    lab.act("shop", "restart")
        .await
        .refused(409, "operationInProgress");
    lab.act("shop-1", "promoteReplica")
        .await
        .refused(409, "operationInProgress");
    // Another instance has nothing to do with it, nor has one of another project.
    lab.primary("store").await;
    let body = primary("shop").to_string();
    let target = "/v1/projects/other/instances";
    lab.send("POST", target, "", &body).await.unwrap().ok();
    lab.advance(600);
    lab.set("shop-1", labels).await.ok();
    lab.set("shop", json!({"tier": "db-custom-1-3840"}))
        .await
        .refused(409, "operationInProgress");
    lab.advance(60);
    lab.delete("shop-1").await.ok();
    assert_eq!(lab.get("shop-1").await.text("/state"), "PENDING_DELETE");
    lab.delete("shop").await.refused(409, "operationInProgress");
    lab.advance(120);
    lab.get("shop-1").await.refused(404, "instanceDoesNotExist");
    lab.delete("shop").await.ok();
}

#[tokio::test]
async fn a_primary_can_stay_busy_after_a_replica_is_gone() {
    let mut options = GcpOptions::default();
    options.timing.busy_after_delete = 60;
    let lab = Lab::with(options, Clock::Manual).await;
    lab.primary("shop").await;
    lab.advance(600);
    lab.replica("shop-1", "shop").await;
    lab.advance(600);
    let begun = lab.delete("shop-1").await.ok();
    lab.advance(100);
    assert_eq!(lab.operation(&begun).await.text("/status"), "DONE");
    lab.delete("shop").await.refused(409, "operationInProgress");
    lab.advance(60);
    lab.delete("shop").await.ok();
}

#[tokio::test]
async fn a_restart_shows_and_ends() {
    let lab = Lab::manual().await;
    lab.primary("shop").await;
    lab.advance(600);
    lab.act("shop", "restart").await.ok();
    assert_eq!(lab.get("shop").await.text("/state"), "MAINTENANCE");
    lab.advance(120);
    assert_eq!(lab.get("shop").await.text("/state"), "RUNNABLE");
    lab.call("POST", "instances/shop/restart", &json!({"x": 1}))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn an_operation_can_fail_with_an_error_of_its_own() {
    let lab = Lab::manual().await;
    let control = lab.simulator.control();
    let fail = |word: &str| {
        control.fault(Fault::new(FaultEffect::EndIn {
            word: word.to_owned(),
        }));
    };
    fail("ERROR_GCE_VM_CREATION_FAILURE");
    let begun = lab.insert(&primary("shop")).await.ok();
    lab.advance(600);
    let failed = lab.operation(&begun).await;
    assert_eq!(failed.text("/status"), "DONE");
    assert_eq!(failed.text("/error/kind"), "sql#operationErrors");
    assert_eq!(
        failed.text("/error/errors/0/code"),
        "ERROR_GCE_VM_CREATION_FAILURE"
    );
    assert_eq!(lab.get("shop").await.text("/state"), "FAILED");
    lab.delete("shop").await.ok();
    lab.advance(200);

    lab.primary("shop").await;
    lab.advance(600);
    fail("INTERNAL_ERROR");
    lab.set("shop", json!({"tier": "db-custom-4-15360"}))
        .await
        .ok();
    lab.advance(600);
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/settings/tier"), "db-custom-2-7680");
    assert_eq!(shop.text("/state"), "RUNNABLE");
    fail("REPAIRING");
    lab.set("shop", json!({"tier": "db-custom-4-15360"}))
        .await
        .ok();
    lab.advance(600);
    assert_eq!(lab.get("shop").await.text("/state"), "REPAIRING");
}

#[tokio::test]
async fn an_instance_can_pass_through_a_state_that_nobody_knows() {
    let lab = Lab::manual().await;
    let control = lab.simulator.control();
    control.fault(Fault::new(FaultEffect::PassThrough {
        word: "WARMING_UP".to_owned(),
        seconds: 100,
    }));
    let begun = lab.insert(&primary("shop")).await.ok();
    lab.advance(400);
    let shop = lab.get("shop?$alt=json;enum-encoding=int").await.ok();
    assert_eq!(shop.text("/state"), "WARMING_UP");
    assert_eq!(lab.operation(&begun).await.text("/status"), "RUNNING");
    lab.advance(100);
    assert_eq!(lab.get("shop").await.text("/state"), "RUNNABLE");
}

#[tokio::test]
async fn a_tier_without_capacity_ends_in_a_stockout() {
    let mut options = GcpOptions::default();
    options.tiers_without_capacity = vec!["db-custom-2-7680".to_owned()];
    let lab = Lab::with(options, Clock::AtOnce).await;
    let begun = lab.insert(&primary("shop")).await.ok();
    let failed = lab.operation(&begun).await;
    assert_eq!(failed.text("/error/errors/0/code"), "ERROR_GCE_STOCKOUT");
}

#[tokio::test]
async fn operations_are_listed_the_newest_first() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.primary("store").await;
    lab.set("shop", json!({"userLabels": {"a": "b"}}))
        .await
        .ok();
    let list = |query: &'static str| lab.call("GET", query, &Value::Null);
    let all = list("operations").await.ok();
    let kinds: Vec<_> = (0..3)
        .map(|at| all.text(&format!("/items/{at}/operationType")))
        .collect();
    assert_eq!(kinds, ["UPDATE", "CREATE", "CREATE"]);
    let shop = list("operations?instance=shop").await.ok();
    assert_eq!(shop.at("/items").as_array().unwrap().len(), 2);
    let first = list("operations?maxResults=2").await.ok();
    assert_eq!(first.at("/items").as_array().unwrap().len(), 2);
    let next = format!(
        "operations?maxResults=2&pageToken={}",
        first.text("/nextPageToken")
    );
    let rest = lab.call("GET", &next, &Value::Null).await.ok();
    assert_eq!(rest.text("/items/0/targetId"), "shop");
    assert_eq!(rest.at("/nextPageToken"), Value::Null);
    list("operations/none")
        .await
        .refused(404, "operationDoesNotExist");
}

#[tokio::test]
async fn a_change_of_places_is_one_operation_of_the_whole_group() {
    let lab = Lab::manual().await;
    lab.insert(&plus("shop")).await.ok();
    lab.advance(600);
    let far = json!({
        "region": THERE, "settings": {"edition": null, "tier": "db-perf-optimized-N-2"}
    });
    lab.insert(&with(replica("far", "shop"), far)).await.ok();
    lab.advance(600);
    let pair = json!({"replicationCluster": {"failoverDrReplicaName": "far"}});
    lab.patch("shop", &pair).await.ok();
    lab.advance(600);
    let begun = lab.act("far", "switchover").await.ok();
    assert_eq!(begun.text("/operationType"), "SWITCHOVER");
    lab.set("shop", json!({"userLabels": {}}))
        .await
        .refused(409, "operationInProgress");
    lab.advance(600);
    assert_eq!(lab.get("far").await.at("/masterInstanceName"), Value::Null);
}
