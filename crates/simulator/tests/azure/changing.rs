//! PATCH, power, databases: what may change, in which order, and how long it takes.

use crate::client::{Lab, path, primary, replica, with};
use pgfleet_simulator::{Fault, FaultEffect};
use serde_json::{Value, json};

fn size(name: &str) -> Value {
    json!({"sku": {"name": name, "tier": "GeneralPurpose"}})
}

fn disk(gib: i64) -> Value {
    json!({"properties": {"storage": {"storageSizeGB": gib}}})
}

fn grow(word: &str) -> Value {
    json!({"properties": {"storage": {"autoGrow": word}}})
}

#[tokio::test]
async fn a_change_takes_effect_at_its_end() {
    let lab = Lab::manual().await;
    lab.fleet(0).await;
    let change = lab
        .patch("food", &size("standard_d8ds_v5"))
        .await
        .accepted();
    assert_eq!(lab.state("food").await, "Updating");
    assert_eq!(lab.status_of(&change).await, "InProgress");
    assert_eq!(lab.get("food").await.text("/sku/name"), "Standard_D4ds_v5");
    lab.patch("food", &disk(256))
        .await
        .refused(409, "ServerIsBusy");
    lab.delete("food").await.refused(409, "ServerIsBusy");
    lab.advance(300);
    assert_eq!(lab.status_of(&change).await, "Succeeded");
    assert_eq!(lab.get("food").await.text("/sku/name"), "Standard_D8ds_v5");
    assert_eq!(lab.state("food").await, "Ready");
}

#[tokio::test]
async fn a_primary_does_not_outgrow_its_replicas() {
    let lab = Lab::at_once().await;
    lab.fleet(2).await;
    lab.patch("food", &size("Standard_D8ds_v5"))
        .await
        .refused(400, "ReplicaSmallerThanPrimary");
    lab.patch("food", &disk(256))
        .await
        .refused(400, "ReplicaSmallerThanPrimary");
    lab.patch("r1-food", &size("Standard_D8ds_v5"))
        .await
        .accepted();
    lab.patch("food", &size("Standard_D8ds_v5"))
        .await
        .refused(400, "ReplicaSmallerThanPrimary");
    lab.patch("r2-food", &size("Standard_D8ds_v5"))
        .await
        .accepted();
    lab.patch("food", &size("Standard_D8ds_v5"))
        .await
        .accepted();
    // Down: the primary first.
    lab.patch("r1-food", &size("Standard_D4ds_v5"))
        .await
        .refused(400, "ReplicaSmallerThanPrimary");
    lab.patch("food", &size("Standard_D4ds_v5"))
        .await
        .accepted();
    lab.patch("r1-food", &size("Standard_D4ds_v5"))
        .await
        .accepted();
}

#[tokio::test]
async fn autogrow_goes_on_at_replicas_first_and_off_at_the_primary_first() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    lab.patch("food", &grow("Enabled"))
        .await
        .refused(400, "StorageAutoGrowNotAllowed");
    lab.patch("r1-food", &grow("Enabled")).await.accepted();
    lab.patch("food", &grow("enabled")).await.accepted();
    lab.patch("r1-food", &grow("Disabled"))
        .await
        .refused(400, "StorageAutoGrowNotAllowed");
    let without = with(
        replica("food"),
        "/properties/storage",
        json!({"autoGrow": "Disabled"}),
    );
    lab.put("r2-food", &without)
        .await
        .refused(400, "StorageAutoGrowNotAllowed");
    lab.patch("food", &grow("Disabled")).await.accepted();
    lab.patch("r1-food", &grow("Disabled")).await.accepted();
}

#[tokio::test]
async fn storage_never_shrinks_and_its_tier_follows_it() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    lab.patch("food", &disk(64))
        .await
        .refused(400, "StorageSizeReductionNotSupported");
    lab.patch("food", &disk(512)).await.accepted();
    let server = lab.get("food").await;
    assert_eq!(server.text("/properties/storage/tier"), "P20");
    assert_eq!(server.at("/properties/storage/iops"), 2300);
    let other = json!({"properties": {"storage": {"type": "PremiumV2_LRS"}}});
    lab.patch("food", &other)
        .await
        .refused(400, "InvalidParameterValue");
}

#[tokio::test]
async fn the_storage_tier_changes_once_in_twelve_hours() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let tier = |word: &str| json!({"properties": {"storage": {"tier": word}}});
    lab.patch("food", &tier("P30")).await.accepted();
    lab.patch("food", &tier("P20"))
        .await
        .refused(400, "StorageTierChangeNotAllowed");
    lab.advance(12 * 3600);
    lab.patch("food", &tier("P20")).await.accepted();
    assert_eq!(
        lab.get("food").await.text("/properties/storage/tier"),
        "P20"
    );
}

#[tokio::test]
async fn burstable_is_left_before_high_availability_is_enabled() {
    let lab = Lab::manual().await;
    let small = json!({"name": "Standard_B2s", "tier": "Burstable"});
    lab.put("food", &with(primary(), "/sku", small))
        .await
        .accepted();
    lab.advance(1000);
    let zones = json!({"properties": {"highAvailability": {"mode": "ZoneRedundant"}}});
    lab.patch("food", &zones)
        .await
        .refused(400, "HighAvailabilityNotSupportedForBurstable");
    let mut both = zones.clone();
    both["sku"] = size("Standard_D4ds_v5")["sku"].clone();
    lab.patch("food", &both)
        .await
        .refused(400, "HighAvailabilityNotSupportedForBurstable");
    lab.patch("food", &size("Standard_D4ds_v5"))
        .await
        .accepted();
    lab.advance(1000);
    lab.patch("food", &zones).await.accepted();
    lab.advance(40);
    let during = lab.get("food").await;
    assert_eq!(
        during.text("/properties/highAvailability/state"),
        "CreatingStandby"
    );
    lab.advance(480);
    let after = lab.get("food").await;
    assert_eq!(after.text("/properties/highAvailability/state"), "Healthy");
    let off = json!({"properties": {"highAvailability": {"mode": "Disabled"}}});
    lab.patch("food", &off).await.accepted();
    lab.advance(1000);
    let after = lab.get("food").await;
    assert_eq!(
        after.text("/properties/highAvailability/state"),
        "NotEnabled"
    );
}

#[tokio::test]
async fn versions_rise_without_replicas_and_never_fall() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    let version = |word: &str| json!({"properties": {"version": word}});
    lab.patch("food", &version("15"))
        .await
        .refused(400, "InvalidParameterValue");
    let refused = lab.patch("food", &version("17")).await;
    refused.refused(400, "MajorVersionUpgradeNotAllowedWithReplicas");
    let refused = lab.patch("r1-food", &version("17")).await;
    refused.refused(400, "MajorVersionUpgradeNotAllowedForReplica");
    lab.delete("r1-food").await.accepted();
    lab.patch("food", &version("17")).await.accepted();
    assert_eq!(lab.get("food").await.text("/properties/version"), "17");
}

#[tokio::test]
async fn a_change_of_storage_swallows_one_of_backups() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let both = json!({"properties": {
        "storage": {"storageSizeGB": 512},
        "backup": {"backupRetentionDays": 21},
    }});
    lab.patch("food", &both).await.accepted();
    let server = lab.get("food").await;
    assert_eq!(server.at("/properties/storage/storageSizeGB"), 512);
    assert_eq!(server.at("/properties/backup/backupRetentionDays"), 7);
    let alone = json!({"properties": {"backup": {"backupRetentionDays": 21}}});
    lab.patch("food", &alone).await.accepted();
    let server = lab.get("food").await;
    assert_eq!(server.at("/properties/backup/backupRetentionDays"), 21);
}

#[tokio::test]
async fn tags_backups_sign_in_and_windows_change() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let all = json!({
        "tags": {"a": "1", "b": "2"},
        "properties": {
            "backup": {"backupRetentionDays": 21},
            "authConfig": {"activeDirectoryAuth": "Enabled", "tenantId": "t"},
            "maintenanceWindow": {"customWindow": "Enabled", "dayOfWeek": 3, "startHour": 4},
            "administratorLoginPassword": "Another-horse-2",
        },
    });
    lab.patch("food", &all).await.accepted();
    let server = lab.get("food").await;
    assert_eq!(server.at("/tags"), json!({"a": "1", "b": "2"}));
    assert_eq!(server.at("/properties/backup/backupRetentionDays"), 21);
    assert_eq!(
        server.text("/properties/authConfig/activeDirectoryAuth"),
        "Enabled"
    );
    assert_eq!(server.at("/properties/maintenanceWindow/startHour"), 4);
    let nobody = json!({"properties": {"authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Disabled"}}});
    lab.patch("food", &nobody)
        .await
        .refused(400, "InvalidParameterValue");
    let weak = json!({"properties": {"administratorLoginPassword": "Postgres-1"}});
    lab.patch("food", &weak)
        .await
        .refused(400, "PasswordNotComplex");
    let fixed = json!({"properties": {"backup": {"geoRedundantBackup": "Enabled"}}});
    lab.patch("food", &fixed)
        .await
        .refused(400, "InvalidParameterValue");
    lab.patch("food", &json!({"location": "westus"}))
        .await
        .refused(400, "InvalidRequestContent");
}

#[tokio::test]
async fn tags_replace_all_tags_or_join_them() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    lab.patch("food", &json!({"tags": {"a": "1"}}))
        .await
        .accepted();
    assert_eq!(lab.get("food").await.at("/tags"), json!({"a": "1"}));
    lab.change(|options| options.merge_tags = true);
    lab.patch("food", &json!({"tags": {"b": "2", "a": null}}))
        .await
        .accepted();
    assert_eq!(lab.get("food").await.at("/tags"), json!({"b": "2"}));
}

#[tokio::test]
async fn servers_stop_start_and_restart_but_not_beside_replicas() {
    let lab = Lab::manual().await;
    lab.fleet(0).await;
    lab.post("food", "start")
        .await
        .refused(400, "ServerStateNotStopped");
    lab.post("food", "stop").await.accepted();
    assert_eq!(lab.state("food").await, "Stopping");
    lab.advance(120);
    assert_eq!(lab.state("food").await, "Stopped");
    let failing = FaultEffect::EndIn {
        word: "InternalServerError".to_owned(),
    };
    let control = lab.simulator.control();
    control.fault(Fault::new(failing).on("Servers_Start"));
    lab.post("food", "start").await.accepted();
    lab.advance(240);
    assert_eq!(lab.state("food").await, "Stopped");
    lab.patch("food", &disk(256))
        .await
        .refused(400, "ServerStateNotReady");
    lab.post("food", "start").await.accepted();
    lab.advance(240);
    lab.post("food", "restart").await.accepted();
    assert_eq!(lab.state("food").await, "Restarting");
    lab.advance(60);
    lab.put("replica", &replica("food")).await.accepted();
    lab.advance(1000);
    for name in ["food", "replica"] {
        lab.post(name, "stop")
            .await
            .refused(400, "StopNotSupportedWithReplication");
    }
}

#[tokio::test]
async fn databases_and_firewall_rules_are_made_below_a_server() {
    let lab = Lab::manual().await;
    lab.fleet(1).await;
    let database = format!("{}/databases/orders", path("food"));
    let body = json!({"properties": {"charset": "utf8", "collation": "en_US.utf8"}});
    let made = lab.call("PUT", &database, &body).await.accepted();
    lab.read(&database).await.refused(404, "ResourceNotFound");
    lab.advance(15);
    assert_eq!(lab.status_of(&made).await, "Succeeded");
    let found = lab.read(&database).await.ok();
    assert_eq!(
        found.text("/type"),
        "Microsoft.DBforPostgreSQL/flexibleServers/databases"
    );
    assert_eq!(found.text("/properties/charset"), "utf8");
    let listed = lab.read(&format!("{}/databases", path("food"))).await.ok();
    assert_eq!(listed.at("/value").as_array().map(Vec::len), Some(4));
    lab.call("PUT", &database, &body)
        .await
        .refused(409, "DatabaseAlreadyExists");
    let on_replica = format!("{}/databases/orders", path("r1-food"));
    lab.call("PUT", &on_replica, &body)
        .await
        .refused(400, "OperationNotAllowedOnReplica");
    lab.call("PUT", &format!("{}/databases/1st", path("food")), &body)
        .await
        .refused(400, "InvalidParameterValue");
    let rule = format!("{}/firewallRules/office", path("food"));
    let range = json!({"properties": {"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.9"}});
    lab.call("PUT", &rule, &range).await.accepted();
    lab.advance(15);
    lab.read(&rule).await.ok();
    lab.call("DELETE", &database, &Value::Null).await.accepted();
    lab.advance(15);
    lab.read(&database).await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn a_failover_swaps_the_zones() {
    let lab = Lab::at_once().await;
    let zones = json!({"mode": "ZoneRedundant"});
    let at = format!("{}/restart", path("food"));
    let failover = json!({"restartWithFailover": true, "failoverMode": "PlannedFailover"});
    lab.put("food", &primary()).await.accepted();
    lab.call("POST", &at, &failover)
        .await
        .refused(400, "FailoverNotSupportedWithoutHighAvailability");
    let change = json!({"properties": {"highAvailability": zones}});
    lab.patch("food", &change).await.accepted();
    let before = lab.get("food").await.ok();
    lab.call("POST", &at, &failover).await.accepted();
    let after = lab.get("food").await.ok();
    let (zone, standby) = (
        "/properties/availabilityZone",
        "/properties/highAvailability/standbyAvailabilityZone",
    );
    assert_eq!(after.text(zone), before.text(standby));
    assert_eq!(after.text(standby), before.text(zone));
    // A plan that still names the old zone is no change.
    let again = with(primary(), zone, before.text(zone));
    lab.put("food", &again).await.accepted();
    assert_eq!(lab.get("food").await.text(zone), after.text(zone));
}

#[tokio::test]
async fn storage_with_autogrow_grows_by_itself() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let control = lab.simulator.control();
    assert!(control.grow_azure_disk("food", 256).is_err());
    lab.patch("food", &grow("Enabled")).await.accepted();
    lab.get("food").await.ok();
    control.grow_azure_disk("food", 256).unwrap();
    let storage = lab.get("food").await.at("/properties/storage");
    assert_eq!(
        (&storage["storageSizeGB"], &storage["tier"]),
        (&json!(256), &json!("P15"))
    );
    assert!(control.grow_azure_disk("food", 128).is_err());
}

#[tokio::test]
async fn a_premium_ssd_v2_is_as_fast_as_its_size_and_its_operations_let_it_be() {
    let lab = Lab::at_once().await;
    for (number, (gib, iops, throughput, fits)) in [
        (100, 3000, 750, true),
        (100, 53_687, 1200, true),
        (160, 80_000, 1200, true),
        (100, 53_688, 125, false),
        (100, 3000, 751, false),
        (100, 2999, 125, false),
    ]
    .into_iter()
    .enumerate()
    {
        let storage = json!({
            "type": "PremiumV2_LRS", "storageSizeGB": gib, "iops": iops, "throughput": throughput,
        });
        let body = with(primary(), "/properties/storage", storage);
        let answer = lab.put(&format!("food{number}"), &body).await;
        if fits {
            answer.accepted();
        } else {
            answer.refused(400, "InvalidParameterValue");
        }
    }
}

#[tokio::test]
async fn tags_that_differ_only_in_case_are_one() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    let both = json!({"tags": {"Team": "food", "team": "drinks"}});
    lab.patch("food", &both)
        .await
        .refused(400, "InvalidRequestContent");
}
