//! PUT: what a new server is, and what it may not be.

use crate::client::{Lab, PASSWORD, SUBSCRIPTION, group_path, path, primary, with};
use pgfleet_simulator::{AzureOptions, AzureResourceGroup, Clock};
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_server_is_provisioned_and_then_ready_in_the_documented_casing() {
    let lab = Lab::manual().await;
    let created = lab.put("food", &primary()).await.accepted();
    assert_eq!(
        created.text("/operation"),
        "UpsertServerManagementOperationV2"
    );
    assert_eq!(lab.state("food").await, "Provisioning");
    lab.advance(360);
    let server = lab.get("food").await.ok();
    assert_eq!(server.text("/properties/state"), "Ready");
    assert_eq!(server.text("/id"), path("food"));
    assert_eq!(
        server.text("/type"),
        "Microsoft.DBforPostgreSQL/flexibleServers"
    );
    assert_eq!(server.text("/location"), "East US");
    assert_eq!(
        server.text("/properties/fullyQualifiedDomainName"),
        "food.postgres.database.azure.com"
    );
    assert_eq!(server.at("/properties/storage/storageSizeGB"), 128);
    assert_eq!(server.text("/properties/storage/tier"), "P10");
    assert_eq!(server.text("/properties/replicationRole"), "Primary");
    assert_eq!(
        server.text("/properties/highAvailability/state"),
        "NotEnabled"
    );
    assert_eq!(server.text("/tags/team"), "food");
    assert!(!server.text("/properties/availabilityZone").is_empty());
}

#[tokio::test]
async fn a_server_that_says_ready_is_busy_for_a_while_after_its_creation() {
    let lab = Lab::manual().await;
    lab.put("food", &primary()).await.accepted();
    let tags = json!({"tags": {"a": "b"}});
    lab.patch("food", &tags).await.refused(409, "ServerIsBusy");
    lab.advance(360);
    assert_eq!(lab.state("food").await, "Ready");
    lab.patch("food", &tags)
        .await
        .refused(409, "ServerIsBusy")
        .saying("busy with another");
    lab.advance(20);
    lab.patch("food", &tags).await.accepted();
}

#[tokio::test]
async fn passwords_are_neither_answered_nor_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let builder = pgfleet_simulator::Simulator::builder()
        .clock(Clock::Manual)
        .state_file(&file);
    let lab = Lab::start(builder).await;
    lab.put("food", &primary()).await.accepted();
    lab.advance(1000);
    let answer = lab.get("food").await.ok();
    assert!(!answer.body.contains(PASSWORD) && !answer.body.contains("Password\""));
    let new = json!({"properties": {"administratorLoginPassword": "Another-horse-2"}});
    lab.patch("food", &new).await.accepted();
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("flexibleservers/food"));
    assert!(!kept.contains(PASSWORD) && !kept.contains("Another-horse-2"));
}

#[tokio::test]
async fn names_are_short_lower_case_and_global() {
    let mut options = AzureOptions::default();
    options.resource_groups.push(AzureResourceGroup {
        subscription: SUBSCRIPTION.to_owned(),
        name: "other".to_owned(),
        location: "westus".to_owned(),
    });
    let lab = Lab::with(options, Clock::AtOnce).await;
    for name in ["ab", "Food", "fo_od", "-food", "food-", &"x".repeat(64)] {
        let refused = lab.put(name, &primary()).await;
        refused
            .refused(400, "InvalidParameterValue")
            .saying("serverName");
    }
    lab.put("food", &primary()).await.accepted();
    let elsewhere = path("food").replace("/Food/", "/other/");
    let taken = lab.call("PUT", &elsewhere, &primary()).await;
    taken.refused(409, "ServerNameAlreadyExists");
}

#[tokio::test]
async fn what_a_server_needs_is_demanded() {
    let lab = Lab::at_once().await;
    let without = |path: &str| with(primary(), path, Value::Null);
    lab.put("food", &without("/location"))
        .await
        .refused(400, "LocationRequired");
    for path in [
        "/sku",
        "/sku/tier",
        "/properties/version",
        "/properties/administratorLogin",
        "/properties/administratorLoginPassword",
    ] {
        let refused = lab.put("food", &without(path)).await;
        refused.refused(400, "InvalidParameterValue");
    }
    lab.get("food").await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn unknown_and_read_only_fields_are_refused() {
    let lab = Lab::at_once().await;
    let unknown = with(primary(), "/properties/storageMb", 5);
    let refused = lab.put("food", &unknown).await;
    refused
        .refused(400, "InvalidRequestContent")
        .saying("'properties.storageMb'");
    for (path, value) in [
        ("/properties/state", json!("Ready")),
        ("/properties/fullyQualifiedDomainName", json!("x")),
        ("/properties/highAvailability", json!({"state": "Healthy"})),
        ("/name", json!("food")),
    ] {
        let refused = lab.put("food", &with(primary(), path, value)).await;
        refused
            .refused(400, "InvalidParameterValue")
            .saying("read-only");
    }
    let null = with(primary(), "/properties/pointInTimeUTC", Value::Null);
    lab.put("food", &null)
        .await
        .refused(400, "InvalidRequestContent");
    lab.raw(
        "PUT",
        &format!("{}?api-version=2024-08-01", path("food")),
        "",
        "{not json",
    )
    .await
    .refused(400, "InvalidRequestContent");
}

#[tokio::test]
async fn values_that_azure_does_not_offer_are_refused() {
    let lab = Lab::at_once().await;
    for (path, value) in [
        ("/properties/version", json!("9")),
        ("/properties/storage/storageSizeGB", json!(100)),
        ("/properties/storage/tier", json!("P4")),
        ("/properties/storage/tier", json!("P60")),
        ("/properties/administratorLogin", json!("azure_superuser")),
        ("/properties/administratorLogin", json!("pg_mine")),
        ("/properties/backup", json!({"backupRetentionDays": 36})),
        ("/sku/name", json!("Standard_Z1")),
        ("/sku/tier", json!("MemoryOptimized")),
        ("/properties/createMode", json!("GeoRestore")),
    ] {
        let refused = lab.put("food", &with(primary(), path, value)).await;
        refused.refused(400, "InvalidParameterValue");
    }
    let short = with(
        primary(),
        "/properties/administratorLoginPassword",
        "Short-1",
    );
    lab.put("food", &short)
        .await
        .refused(400, "PasswordTooShort");
    let plain = with(
        primary(),
        "/properties/administratorLoginPassword",
        "onlylowercase",
    );
    lab.put("food", &plain)
        .await
        .refused(400, "PasswordNotComplex");
    let moon = with(primary(), "/location", "moon");
    lab.put("food", &moon)
        .await
        .refused(400, "LocationNotAvailableForResourceType");
}

#[tokio::test]
async fn regions_are_known_with_spaces_and_in_any_case() {
    let lab = Lab::at_once().await;
    lab.put("food", &with(primary(), "/location", "Canada Central"))
        .await
        .accepted();
    let again = with(primary(), "/location", "CANADACENTRAL");
    lab.put("food", &again).await.accepted();
    let elsewhere = lab.put("food", &primary()).await;
    elsewhere
        .refused(409, "InvalidResourceLocation")
        .saying("canadacentral");
}

#[tokio::test]
async fn high_availability_needs_a_tier_and_zones_that_have_it() {
    let lab = Lab::at_once().await;
    let wanted = with(
        primary(),
        "/properties/highAvailability",
        json!({"mode": "ZoneRedundant"}),
    );
    let mut small = with(wanted.clone(), "/sku/name", "Standard_B2s");
    small["sku"]["tier"] = json!("Burstable");
    lab.put("food", &small)
        .await
        .refused(400, "HighAvailabilityNotSupportedForBurstable");
    let no_zones = with(wanted.clone(), "/location", "westus");
    let refused = lab.put("food", &no_zones).await;
    refused.refused(400, "ZoneRedundantHighAvailabilityNotSupported");
    let same = with(no_zones, "/properties/highAvailability/mode", "samezone");
    lab.put("food-west", &same).await.accepted();
    lab.put("food", &wanted).await.accepted();
    let server = lab.get("food").await.ok();
    assert_eq!(
        server.text("/properties/highAvailability/mode"),
        "ZoneRedundant"
    );
    assert_eq!(server.text("/properties/highAvailability/state"), "Healthy");
    let standby = server.text("/properties/highAvailability/standbyAvailabilityZone");
    assert_ne!(standby, server.text("/properties/availabilityZone"));
    lab.put("mars", &with(wanted, "/properties/availabilityZone", "9"))
        .await
        .refused(400, "AvailabilityZoneNotAvailable");
}

#[tokio::test]
async fn quotas_capacity_and_restricted_regions_refuse() {
    let lab = Lab::at_once().await;
    lab.change(|options| {
        options.core_quota = 6;
        options.restricted_regions = vec!["West Europe".to_owned()];
        options.sizes_without_capacity = vec!["Standard_D2ds_v5".to_owned()];
    });
    lab.put("food-1", &primary()).await.accepted();
    lab.put("food-2", &primary())
        .await
        .refused(400, "QuotaExceeded")
        .saying("Current Usage: 4");
    lab.put("food-2", &with(primary(), "/location", "westus2"))
        .await
        .accepted();
    let there = with(primary(), "/location", "westeurope");
    lab.put("food-3", &there)
        .await
        .refused(400, "LocationIsOfferRestricted");
    let short = with(primary(), "/sku/name", "Standard_D2ds_v5");
    lab.put("food-3", &short)
        .await
        .refused(409, "SkuNotAvailable");
    // What is there already may go on.
    lab.change(|options| options.restricted_regions.push("eastus".to_owned()));
    let tags = json!({"tags": {"a": "b"}});
    lab.patch("food-1", &tags).await.accepted();
    let mode = json!({"properties": {"createMode": "Replica"}});
    let refused = lab.patch("food-1", &mode).await;
    refused.refused(400, "InvalidParameterValue");
}

#[tokio::test]
async fn a_put_on_an_existing_server_changes_it_but_nothing_that_is_fixed() {
    let lab = Lab::at_once().await;
    let update = with(primary(), "/properties/createMode", "Update");
    lab.put("food", &update)
        .await
        .refused(404, "ResourceNotFound");
    lab.put("food", &primary()).await.accepted();
    lab.put(
        "food",
        &with(update.clone(), "/properties/storage/storageSizeGB", 256),
    )
    .await
    .accepted();
    assert_eq!(
        lab.get("food")
            .await
            .at("/properties/storage/storageSizeGB"),
        256
    );
    let login = with(update, "/properties/administratorLogin", "other");
    let refused = lab.put("food", &login).await;
    refused
        .refused(400, "InvalidParameterValue")
        .saying("cannot be changed");
}

#[tokio::test]
async fn a_private_server_needs_a_subnet_and_a_dns_zone() {
    let lab = Lab::at_once().await;
    let group = group_path("Food");
    let subnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s");
    let zone = format!("{group}/providers/Microsoft.Network/privateDnsZones/z");
    let alone = json!({"delegatedSubnetResourceId": subnet});
    let refused = lab
        .put("food", &with(primary(), "/properties/network", alone))
        .await;
    refused.refused(400, "EmptyPrivateDnsZoneArmResourceId");
    let both = json!({"delegatedSubnetResourceId": subnet, "privateDnsZoneArmResourceId": zone});
    lab.put("food", &with(primary(), "/properties/network", both))
        .await
        .accepted();
    let server = lab.get("food").await;
    assert_eq!(
        server.text("/properties/network/publicNetworkAccess"),
        "Disabled"
    );
    let moved = json!({"properties": {"network": {"delegatedSubnetResourceId": subnet}}});
    lab.patch("food", &moved)
        .await
        .refused(400, "InvalidParameterValue");
}
