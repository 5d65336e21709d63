//! Changes: what they merge, what guards them, what cannot change.

use crate::client::{Lab, PROJECT, plus, primary, with};
use serde_json::{Value, json};

#[tokio::test]
async fn a_patch_merges_settings_and_labels_and_null_takes_a_label_away() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let labels = json!({"team": "data", "managed-by": null});
    lab.set("shop", json!({"userLabels": labels})).await.ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.at("/settings/userLabels"), json!({"team": "data"}));
    assert_eq!(shop.text("/settings/tier"), "db-custom-2-7680");
    // Elsewhere a label has a value; so it has in the description.
    let none = json!({"userLabels": {"team": null}});
    let mut store = primary("store");
    store["settings"]["userLabels"] = none["userLabels"].clone();
    lab.insert(&store).await.refused(400, "invalid");
    lab.simulator
        .control()
        .change_gcp(|options| options.null_removes_labels = false);
    let refused = lab.set("shop", none).await;
    refused.refused(400, "invalid").saying("user_labels");
}

#[tokio::test]
async fn settings_version_guards_against_changes_in_between() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let version = lab.version("shop").await;
    let labels = |version: i64| json!({"settingsVersion": version.to_string(), "userLabels": {}});
    lab.set("shop", labels(version)).await.ok();
    let reply = lab.set("shop", labels(version)).await;
    reply
        .refused(412, "staleData")
        .saying("Condition does not match.");
    assert_eq!(lab.version("shop").await, version + 1);
    // Whoever says nothing of it is taken.
    lab.set("shop", json!({"userLabels": {}})).await.ok();
}

#[tokio::test]
async fn replicas_that_come_and_go_count_as_changes_of_their_source() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let version = lab.version("shop").await;
    lab.replica("shop-1", "shop").await;
    assert_eq!(lab.version("shop").await, version + 1);
    lab.delete("shop-1").await.ok();
    assert_eq!(lab.version("shop").await, version + 2);
    let stale = json!({"settingsVersion": version, "tier": "db-custom-4-15360"});
    lab.set("shop", stale).await.refused(412, "staleData");
}

#[tokio::test]
async fn an_update_replaces_the_settings_and_needs_the_version() {
    let lab = Lab::at_once().await;
    let insights = json!({"settings": {"insightsConfig": {"queryInsightsEnabled": true}}});
    lab.insert(&with(primary("shop"), insights)).await.ok();
    let settings = json!({
        "tier": "db-custom-4-15360",
        "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true}
    });
    let put = |settings: Value| json!({"settings": settings});
    let missing = lab
        .call("PUT", "instances/shop", &put(settings.clone()))
        .await;
    missing
        .refused(400, "required")
        .saying("settings.settingsVersion");
    let versioned = with(settings, json!({"settingsVersion": "1"}));
    lab.call("PUT", "instances/shop", &put(versioned.clone()))
        .await
        .ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/settings/tier"), "db-custom-4-15360");
    for gone in ["/settings/userLabels", "/settings/insightsConfig"] {
        assert_eq!(shop.at(gone), Value::Null, "{gone}");
    }
    // A disk stays as large as it is, and a machine what it is.
    assert_eq!(shop.text("/settings/dataDiskSizeGb"), "20");
    assert_eq!(shop.text("/settings/edition"), "ENTERPRISE");
    let stale = lab.call("PUT", "instances/shop", &put(versioned)).await;
    stale.refused(412, "staleData");
}

#[tokio::test]
async fn what_was_read_can_be_sent_back_where_output_only_fields_are_passed_over() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    for name in ["shop", "shop-1"] {
        let read = lab.get(name).await.ok().json();
        let path = format!("instances/{name}");
        let refused = lab.call("PUT", &path, &read).await;
        refused.refused(400, "invalid").saying("output only");
        let control = lab.simulator.control();
        control.change_gcp(|options| options.ignore_output_only = true);
        lab.call("PUT", &path, &read).await.ok();
        let again = lab.get(name).await.ok();
        assert_eq!(again.at("/settings/tier"), read["settings"]["tier"]);
        control.change_gcp(|options| options.ignore_output_only = false);
    }
}

#[tokio::test]
async fn a_disk_grows_and_never_shrinks() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.set("shop", json!({"dataDiskSizeGb": 30})).await.ok();
    lab.set("shop", json!({"dataDiskSizeGb": 29}))
        .await
        .refused(400, "invalid")
        .saying("Disk size cannot be decreased");
    lab.set("shop", json!({"dataDiskSizeGb": 30})).await.ok();
}

#[tokio::test]
async fn what_an_instance_is_cannot_change() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    for (name, body, words) in [
        ("shop", json!({"region": "us-central1"}), "region"),
        ("shop", json!({"name": "store"}), "name"),
        (
            "shop",
            json!({"instanceType": "READ_REPLICA_INSTANCE"}),
            "instanceType",
        ),
        (
            "shop",
            json!({"masterInstanceName": "shop-1"}),
            "masterInstanceName",
        ),
        (
            "shop-1",
            json!({"masterInstanceName": "other"}),
            "masterInstanceName",
        ),
        (
            "shop",
            json!({"settings": {"dataDiskType": "PD_HDD"}}),
            "disk type",
        ),
        (
            "shop",
            json!({"databaseVersion": "POSTGRES_16"}),
            "downgraded",
        ),
        (
            "shop",
            json!({"rootPassword": "other-horse"}),
            "rootPassword",
        ),
        ("shop", json!({"tags": {"a": "b"}}), "tags"),
        (
            "shop",
            json!({"diskEncryptionConfiguration": {"kmsKeyName": "k"}}),
            "encryption",
        ),
    ] {
        let reply = lab.patch(name, &body).await;
        reply.refused(400, "invalid").saying(words);
    }
    let same = json!({
        "name": "shop-1", "region": "europe-west1", "masterInstanceName": format!("{PROJECT}:shop")
    });
    lab.patch("shop-1", &same).await.ok();
}

#[tokio::test]
async fn a_private_network_cannot_be_taken_away() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let network = "projects/lab-1/global/networks/default";
    let set = |value: Value| json!({"ipConfiguration": {"privateNetwork": value}});
    lab.set("shop", set(json!(network))).await.ok();
    assert_eq!(lab.get("shop").await.text("/ipAddresses/2/type"), "PRIVATE");
    lab.set("shop", set(Value::Null))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn a_primary_does_not_outgrow_its_replicas() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    let tier = |tier: &str| json!({"tier": tier});
    let large = "db-custom-4-15360";
    lab.set("shop", tier(large))
        .await
        .refused(400, "invalid")
        .saying("master instance can not be larger than the replica");
    lab.set("shop-1", tier(large)).await.ok();
    lab.set("shop", tier(large)).await.ok();
    lab.set("shop-1", tier("db-custom-2-7680"))
        .await
        .refused(400, "invalid");
    lab.set("shop", tier("db-custom-2-7680")).await.ok();
    lab.set("shop-1", tier("db-custom-2-7680")).await.ok();
}

#[tokio::test]
async fn backups_stay_on_while_there_are_replicas() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    let off = json!({"backupConfiguration": {"pointInTimeRecoveryEnabled": false}});
    lab.set("shop", off.clone())
        .await
        .refused(400, "errorInvalidHasReplicaOperation");
    lab.set("shop-1", json!({"backupConfiguration": {"enabled": true}}))
        .await
        .refused(400, "errorDisallowedEnablingBackupsForReadReplica");
    lab.set("shop-1", json!({"activationPolicy": "NEVER"}))
        .await
        .refused(400, "errorInvalidReadReplicaActivationPolicy");
    lab.delete("shop-1").await.ok();
    lab.set("shop", off).await.ok();
}

#[tokio::test]
async fn an_upgrade_takes_the_replicas_along_where_it_is_told_to() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    lab.patch("shop-1", &json!({"databaseVersion": "POSTGRES_18"}))
        .await
        .refused(400, "errorReadReplicaInvalidOperation");
    let upgrade = json!({"databaseVersion": "POSTGRES_18"});
    lab.patch("shop", &upgrade)
        .await
        .refused(400, "errorReplicationMasterInvalidOperation");
    let all = with(
        upgrade,
        json!({"includeReplicasForMajorVersionUpgrade": true}),
    );
    let begun = lab.patch("shop", &all).await.ok();
    assert_eq!(begun.text("/operationType"), "MAJOR_VERSION_UPGRADE");
    for name in ["shop", "shop-1"] {
        let one = lab.get(name).await.ok();
        assert_eq!(one.text("/databaseVersion"), "POSTGRES_18");
        assert_eq!(
            one.at("/includeReplicasForMajorVersionUpgrade"),
            Value::Null
        );
    }
}

#[tokio::test]
async fn an_instance_changes_its_edition_with_its_tier() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.set("shop", json!({"edition": "ENTERPRISE_PLUS"}))
        .await
        .refused(400, "invalid");
    let both = json!({"edition": "ENTERPRISE_PLUS", "tier": "db-perf-optimized-N-2"});
    lab.set("shop", both).await.ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/settings/edition"), "ENTERPRISE_PLUS");
    let cache = json!({"dataCacheConfig": {"dataCacheEnabled": true}});
    lab.set("shop", cache.clone()).await.ok();
    lab.insert(&plus("more")).await.ok();
    lab.primary("less").await;
    lab.set("less", cache).await.refused(400, "invalid");
}

#[tokio::test]
async fn a_standby_comes_and_goes() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.set("shop", json!({"availabilityType": "REGIONAL"}))
        .await
        .ok();
    assert_ne!(lab.get("shop").await.at("/secondaryGceZone"), Value::Null);
    lab.set("shop", json!({"availabilityType": "ZONAL"}))
        .await
        .ok();
    assert_eq!(lab.get("shop").await.at("/secondaryGceZone"), Value::Null);
}
