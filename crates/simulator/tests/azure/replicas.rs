//! Read replicas: where they may be made, what they may not have, and how they become primaries.

use crate::client::{Lab, path, primary, replica, with};
use serde_json::{Value, json};

#[tokio::test]
async fn a_replica_takes_after_its_source_but_for_tags_and_high_availability() {
    let lab = Lab::at_once().await;
    let source = with(
        primary(),
        "/properties/highAvailability",
        json!({"mode": "SameZone"}),
    );
    lab.put("food", &source).await.accepted();
    lab.put("replica", &replica("food")).await.accepted();
    let made = lab.get("replica").await.ok();
    assert_eq!(made.text("/sku/name"), "Standard_D4ds_v5");
    assert_eq!(made.at("/properties/storage/storageSizeGB"), 128);
    assert_eq!(made.text("/properties/version"), "16");
    assert_eq!(made.text("/properties/highAvailability/mode"), "Disabled");
    assert_eq!(made.at("/tags"), Value::Null);
    assert_eq!(made.text("/properties/replicationRole"), "AsyncReplica");
    assert_eq!(made.text("/properties/replica/role"), "AsyncReplica");
    assert_eq!(made.text("/properties/replica/replicationState"), "Active");
    assert_eq!(
        made.text("/properties/sourceServerResourceId"),
        path("food")
    );
    let far = with(replica("food"), "/location", "westeurope");
    lab.put("far-away", &far).await.accepted();
    assert_eq!(
        lab.get("far-away")
            .await
            .text("/properties/replicationRole"),
        "GeoAsyncReplica"
    );
    let listed = lab.read(&format!("{}/replicas", path("food"))).await.ok();
    assert_eq!(listed.at("/value").as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_source_is_updating_while_a_replica_is_made_or_deleted() {
    let lab = Lab::manual().await;
    lab.fleet(1).await;
    lab.put("r2-food", &replica("food")).await.accepted();
    assert_eq!(lab.state("food").await, "Updating");
    lab.put("r3-food", &replica("food"))
        .await
        .refused(409, "ServerIsBusy")
        .saying("'food'");
    lab.delete("r1-food").await.refused(409, "ServerIsBusy");
    lab.advance(480);
    assert_eq!(lab.state("food").await, "Ready");
    assert_eq!(lab.state("r2-food").await, "Ready");
    lab.put("r3-food", &replica("food"))
        .await
        .refused(409, "ServerIsBusy");
    lab.advance(20);
    lab.delete("r1-food").await.accepted();
    assert_eq!(lab.state("r1-food").await, "Dropping");
    assert_eq!(lab.state("food").await, "Updating");
    lab.put("r3-food", &replica("food"))
        .await
        .refused(409, "ServerIsBusy");
    lab.advance(120);
    lab.get("r1-food").await.refused(404, "ResourceNotFound");
    assert_eq!(lab.state("food").await, "Ready");
}

#[tokio::test]
async fn a_source_has_at_most_five_replicas() {
    let lab = Lab::at_once().await;
    lab.fleet(5).await;
    lab.put("sixth", &replica("food"))
        .await
        .refused(400, "ReadReplicaLimitExceeded");
    lab.delete("r1-food").await.accepted();
    lab.put("sixth", &replica("food")).await.accepted();
}

#[tokio::test]
async fn a_replica_has_replicas_and_those_have_none() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    lab.put("second", &replica("r1-food")).await.accepted();
    lab.put("third", &replica("second"))
        .await
        .refused(400, "CascadingReadReplicaNotSupported");
    lab.put("old", &with(primary(), "/properties/version", "13"))
        .await
        .accepted();
    lab.put("old-1", &replica("old")).await.accepted();
    lab.put("old-2", &replica("old-1"))
        .await
        .refused(400, "CascadingReadReplicaNotSupported");
}

#[tokio::test]
async fn burstable_servers_neither_have_replicas_nor_are_one() {
    let lab = Lab::at_once().await;
    let small = json!({"name": "Standard_B4ms", "tier": "Burstable"});
    lab.put("small", &with(primary(), "/sku", small.clone()))
        .await
        .accepted();
    let refused = lab.put("replica", &replica("small")).await;
    refused.refused(400, "ReadReplicaNotSupportedForBurstable");
    lab.fleet(1).await;
    let refused = lab
        .put("replica", &with(replica("food"), "/sku", small.clone()))
        .await;
    refused.refused(400, "ReadReplicaNotSupportedForBurstable");
    let shrunk = json!({"sku": small});
    lab.patch("food", &shrunk)
        .await
        .refused(400, "BurstableNotSupportedWithReplicas");
    lab.patch("r1-food", &shrunk)
        .await
        .refused(400, "ReadReplicaNotSupportedForBurstable");
}

#[tokio::test]
async fn replicas_have_no_high_availability_no_backups_and_no_administrator() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    let zones = json!({"mode": "ZoneRedundant"});
    let backup = json!({"backupRetentionDays": 14});
    let made = with(
        replica("food"),
        "/properties/highAvailability",
        zones.clone(),
    );
    lab.put("replica", &made)
        .await
        .refused(400, "HighAvailabilityNotSupportedForReplica");
    let changed = json!({"properties": {"highAvailability": zones}});
    lab.patch("r1-food", &changed)
        .await
        .refused(400, "HighAvailabilityNotSupportedForReplica");
    for (name, value) in [
        ("backup", backup),
        ("administratorLoginPassword", json!("Another-horse-2")),
    ] {
        let made = with(
            replica("food"),
            &format!("/properties/{name}"),
            value.clone(),
        );
        lab.put("replica", &made)
            .await
            .refused(400, "InvalidParameterValue");
        let changed = json!({"properties": {name: value}});
        lab.patch("r1-food", &changed)
            .await
            .refused(400, "InvalidParameterValue");
    }
}

#[tokio::test]
async fn a_replica_is_not_made_smaller_than_its_source() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let small = json!({"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"});
    let refused = lab
        .put("replica", &with(replica("food"), "/sku", small))
        .await;
    refused
        .refused(400, "ReplicaSmallerThanPrimary")
        .saying("compute");
    let disk = json!({"storageSizeGB": 64});
    let refused = lab
        .put(
            "replica",
            &with(replica("food"), "/properties/storage", disk),
        )
        .await;
    refused
        .refused(400, "ReplicaSmallerThanPrimary")
        .saying("storage");
    let large = json!({"name": "Standard_E8ds_v5", "tier": "MemoryOptimized"});
    lab.put("replica", &with(replica("food"), "/sku", large))
        .await
        .accepted();
}

#[tokio::test]
async fn a_second_put_of_a_replica_is_refused_and_an_update_is_not() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    let again = lab.put("r1-food", &replica("food")).await;
    again.refused(409, "ReadReplicaAlreadyExistWithGivenName");
    let update = with(replica("food"), "/properties/createMode", "Update");
    let update = with(update, "/tags", json!({"a": "b"}));
    lab.put("r1-food", &update).await.accepted();
    assert_eq!(lab.get("r1-food").await.text("/tags/a"), "b");
    lab.put("more", &primary()).await.accepted();
    let elsewhere = with(update, "/properties/sourceServerResourceId", path("more"));
    lab.put("r1-food", &elsewhere)
        .await
        .refused(400, "InvalidParameterValue");
}

#[tokio::test]
async fn the_source_is_found_in_any_case_or_the_replica_is_refused() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let source = path("food").to_ascii_uppercase();
    let shouted = with(
        replica("food"),
        "/properties/sourceServerResourceId",
        source,
    );
    lab.put("replica", &shouted).await.accepted();
    lab.put("lost", &replica("nothing"))
        .await
        .refused(404, "ResourceNotFound");
    let odd = with(
        replica("food"),
        "/properties/sourceServerResourceId",
        "food",
    );
    lab.put("lost", &odd)
        .await
        .refused(400, "InvalidParameterValue");
    let newer = with(replica("food"), "/properties/version", "17");
    lab.put("lost", &newer)
        .await
        .refused(400, "InvalidParameterValue");
}

#[tokio::test]
async fn replicas_are_deleted_before_the_primary() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    lab.delete("food")
        .await
        .refused(400, "CannotDeleteServerWithReplicas");
    lab.delete("r1-food").await.accepted();
    lab.delete("food").await.accepted();
    assert_eq!(lab.delete("food").await.status, 204);
}

#[tokio::test]
async fn a_promoted_replica_is_a_primary_of_its_own() {
    let lab = Lab::manual().await;
    lab.fleet(1).await;
    let promote = json!({"properties": {"replica": {"promoteMode": "standalone", "promoteOption": "planned"}}});
    lab.patch("food", &promote)
        .await
        .refused(400, "PromoteNotSupportedForNonReplica");
    lab.patch("r1-food", &promote).await.accepted();
    assert_eq!(lab.state("r1-food").await, "Updating");
    assert_eq!(lab.state("food").await, "Updating");
    lab.advance(180);
    let alone = lab.get("r1-food").await.ok();
    assert_eq!(alone.text("/properties/replicationRole"), "Primary");
    assert_eq!(alone.at("/properties/sourceServerResourceId"), Value::Null);
    let replicas = lab.read(&format!("{}/replicas", path("food"))).await;
    assert_eq!(replicas.at("/value"), json!([]));
}

#[tokio::test]
async fn the_role_none_promotes_as_older_versions_have_it() {
    let lab = Lab::at_once().await;
    lab.change(|options| "None".clone_into(&mut options.promoted_role));
    lab.fleet(1).await;
    let promote = json!({"properties": {"replicationRole": "None"}});
    lab.patch("r1-food", &promote).await.accepted();
    assert_eq!(
        lab.get("r1-food").await.text("/properties/replicationRole"),
        "None"
    );
}

#[tokio::test]
async fn a_switchover_needs_two_alike_and_a_virtual_endpoint() {
    let lab = Lab::at_once().await;
    let zones = json!({"mode": "ZoneRedundant"});
    lab.put(
        "food",
        &with(primary(), "/properties/highAvailability", zones),
    )
    .await
    .accepted();
    lab.put("replica", &replica("food")).await.accepted();
    lab.put("second", &replica("food")).await.accepted();
    let switch = json!({"properties": {"replica": {"promoteMode": "Switchover", "promoteOption": "Planned"}}});
    let refused = lab.patch("replica", &switch).await;
    refused
        .refused(400, "SwitchoverNotAllowed")
        .saying("virtual endpoint");
    let endpoint = json!({"properties": {"endpointType": "ReadWrite", "members": ["replica"]}});
    let at = format!("{}/virtualendpoints/food-ep", path("food"));
    lab.call("PUT", &at, &endpoint).await.accepted();
    let larger = json!({"properties": {"storage": {"storageSizeGB": 256}}});
    lab.patch("second", &larger).await.accepted();
    lab.patch("second", &switch)
        .await
        .refused(400, "SwitchoverNotAllowed");
    lab.patch("replica", &switch).await.accepted();
    let new = lab.get("replica").await.ok();
    assert_eq!(new.text("/properties/replicationRole"), "Primary");
    let old = lab.get("food").await.ok();
    assert_eq!(old.text("/properties/replicationRole"), "AsyncReplica");
    assert_eq!(
        old.text("/properties/sourceServerResourceId"),
        path("replica")
    );
    assert_eq!(old.text("/properties/highAvailability/mode"), "Disabled");
    let second = lab
        .get("second")
        .await
        .text("/properties/sourceServerResourceId");
    assert_eq!(second, path("replica"));
}
