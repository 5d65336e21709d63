//! New instances: defaults, and what is to be said against them.

use crate::client::{Lab, PROJECT, plus, primary, with};
use pgfleet_simulator::{Clock, GcpOptions};
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_instance_has_the_defaults_of_what_is_not_said() {
    let lab = Lab::at_once().await;
    let least = json!({
        "name": "shop", "databaseVersion": "POSTGRES_15", "settings": {"tier": "db-f1-micro"}
    });
    lab.insert(&least).await.ok();
    let shop = lab.get("shop").await.ok();
    for (pointer, value) in [
        ("/kind", json!("sql#instance")),
        ("/state", json!("RUNNABLE")),
        ("/region", json!("us-central1")),
        ("/project", json!(PROJECT)),
        ("/instanceType", json!("CLOUD_SQL_INSTANCE")),
        ("/backendType", json!("SECOND_GEN")),
        ("/settings/kind", json!("sql#settings")),
        ("/settings/edition", json!("ENTERPRISE")),
        ("/settings/availabilityType", json!("ZONAL")),
        ("/settings/dataDiskSizeGb", json!("10")),
        ("/settings/dataDiskType", json!("PD_SSD")),
        ("/settings/storageAutoResize", json!(true)),
        ("/settings/activationPolicy", json!("ALWAYS")),
        ("/settings/ipConfiguration/ipv4Enabled", json!(true)),
        ("/settings/backupConfiguration/enabled", json!(false)),
        ("/secondaryGceZone", Value::Null),
    ] {
        assert_eq!(shop.at(pointer), value, "{pointer}");
    }
}

#[tokio::test]
async fn a_password_is_neither_told_nor_kept() {
    let lab = Lab::at_once().await;
    let begun = lab.insert(&primary("shop")).await.ok();
    let control = lab.simulator.control();
    let told = format!(
        "{} {} {} {:?}",
        begun.body,
        lab.get("shop").await.body,
        control.state(),
        control.requests()
    );
    assert!(!told.contains("correct-horse") && !told.contains("rootPassword"));
}

#[tokio::test]
async fn from_postgresql_16_on_the_usual_edition_is_enterprise_plus() {
    let lab = Lab::at_once().await;
    let newer = json!({
        "name": "shop", "databaseVersion": "POSTGRES_16", "settings": {"tier": "db-g1-small"}
    });
    lab.insert(&newer)
        .await
        .refused(400, "invalid")
        .saying("Invalid request: Invalid Tier (db-g1-small) for (ENTERPRISE_PLUS) Edition.");
    let fitting = with(
        newer,
        json!({"settings": {"tier": "db-perf-optimized-N-2"}}),
    );
    lab.insert(&fitting).await.ok();
    assert_eq!(
        lab.get("shop").await.text("/settings/edition"),
        "ENTERPRISE_PLUS"
    );
}

#[tokio::test]
async fn each_edition_takes_its_own_tiers() {
    let lab = Lab::at_once().await;
    for (edition, tier, taken) in [
        ("ENTERPRISE", "db-custom-1-3840", true),
        ("ENTERPRISE", "db-custom-3-7680", false),
        ("ENTERPRISE", "db-custom-2-7000", false),
        ("ENTERPRISE", "db-perf-optimized-N-2", false),
        ("ENTERPRISE", "db-n1-standard-1", false),
        ("ENTERPRISE", "", false),
        ("ENTERPRISE_PLUS", "db-perf-optimized-N-4", true),
        ("ENTERPRISE_PLUS", "db-custom-2-7680", false),
        ("ENTERPRISE_PLUS", "db-f1-micro", false),
        ("DEVELOPER", "db-f1-micro", false),
    ] {
        let name = format!("{}-{}", tier.to_lowercase(), edition.len());
        let settings = json!({"settings": {"edition": edition, "tier": tier}});
        let reply = lab.insert(&with(primary(&name), settings)).await;
        assert_eq!(
            reply.status == 200,
            taken,
            "{edition} {tier}: {}",
            reply.body
        );
    }
    lab.simulator
        .control()
        .change_gcp(|options| options.tiers.push("db-next-1".to_owned()));
    let settings = json!({"settings": {"tier": "db-next-1"}});
    lab.insert(&with(primary("next"), settings)).await.ok();
}

#[tokio::test]
async fn the_rules_of_names_are_kept() {
    let lab = Lab::at_once().await;
    let longest = "a".repeat(98 - PROJECT.len() - 1);
    for (name, taken) in [
        (longest.as_str(), true),
        (&format!("{longest}a"), false),
        ("Shop", false),
        ("1shop", false),
        ("shop_1", false),
        ("shop-", false),
        ("", false),
    ] {
        let reply = lab.insert(&primary(name)).await;
        assert_eq!(reply.status == 200, taken, "{name}: {}", reply.body);
    }
    let other = with(primary("shop"), json!({"project": "other"}));
    lab.insert(&other).await.refused(400, "errorInvalidProject");
}

#[tokio::test]
async fn a_name_is_given_once() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.insert(&primary("shop"))
        .await
        .refused(409, "instanceAlreadyExists");
    let target = "/v1/projects/other/instances";
    let body = primary("shop").to_string();
    let elsewhere = lab.send("POST", target, "", &body);
    elsewhere.await.unwrap().ok();
}

#[tokio::test]
async fn disks_keep_to_sizes_and_types() {
    let lab = Lab::at_once().await;
    for (settings, taken) in [
        (json!({"dataDiskSizeGb": 9}), false),
        (json!({"dataDiskSizeGb": 10}), true),
        (json!({"dataDiskSizeGb": 65_536}), true),
        (json!({"dataDiskSizeGb": 65_537}), false),
        (json!({"tier": "db-f1-micro", "dataDiskSizeGb": 3062}), true),
        (
            json!({"tier": "db-f1-micro", "dataDiskSizeGb": 3063}),
            false,
        ),
        (json!({"dataDiskType": "PD_HDD"}), true),
        (json!({"dataDiskType": "HYPERDISK_BALANCED"}), false),
        (json!({"dataDiskProvisionedIops": 4000}), false),
        (json!({"storageAutoResizeLimit": 5}), false),
        (json!({"storageAutoResizeLimit": 100}), true),
    ] {
        let name = format!("shop{}", lab.simulator.control().request_count());
        let body = with(primary(&name), json!({"settings": settings}));
        let reply = lab.insert(&body).await;
        assert_eq!(reply.status == 200, taken, "{settings}: {}", reply.body);
    }
    let hdd = json!({"settings": {"dataDiskType": "PD_HDD"}});
    lab.insert(&with(plus("fast"), hdd))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn the_rules_of_labels_are_kept() {
    let lab = Lab::at_once().await;
    let long = "x".repeat(64);
    for (labels, taken) in [
        (
            json!({"team": "data", "note": "", "größe": "klein_1-a"}),
            true,
        ),
        (json!({"Team": "data"}), false),
        (json!({"team": "Data"}), false),
        (json!({"1team": "data"}), false),
        (json!({"team": "a.b"}), false),
        (json!({"": "a"}), false),
        (json!({ &long: "a" }), false),
        (json!({ "a": &long }), false),
    ] {
        let name = format!("shop{}", lab.simulator.control().request_count());
        let body = with(primary(&name), json!({"settings": {"userLabels": labels}}));
        let reply = lab.insert(&body).await;
        assert_eq!(reply.status == 200, taken, "{labels}: {}", reply.body);
    }
    let many: serde_json::Map<String, Value> = (0..65)
        .map(|number| (format!("a{number}"), json!("b")))
        .collect();
    let body = with(primary("many"), json!({"settings": {"userLabels": many}}));
    lab.insert(&body).await.refused(400, "invalid");
}

#[tokio::test]
async fn regions_and_zones_must_be_there_and_go_together() {
    let lab = Lab::at_once().await;
    let in_region = |region: &str| with(primary("shop"), json!({"region": region}));
    lab.insert(&in_region("europe-west99"))
        .await
        .refused(400, "invalid")
        .saying("europe-west99");
    let zone = |zone: &str| json!({"settings": {"locationPreference": {"zone": zone}}});
    for (name, reason) in [
        ("us-central1-a", "errorGceZoneRegion"),
        ("europe-west1-a", "errorUnrecognizedGceZone"),
    ] {
        let body = with(primary("shop"), zone(name));
        lab.insert(&body).await.refused(400, reason);
    }
    lab.insert(&with(primary("shop"), zone("europe-west1-d")))
        .await
        .ok();
    assert_eq!(lab.get("shop").await.text("/gceZone"), "europe-west1-d");
}

#[tokio::test]
async fn a_standby_needs_backups_and_point_in_time_recovery() {
    let lab = Lab::at_once().await;
    let regional = |recovery: bool| {
        let backups = json!({"enabled": true, "pointInTimeRecoveryEnabled": recovery});
        let settings = json!({"availabilityType": "REGIONAL", "backupConfiguration": backups});
        with(primary("shop"), json!({"settings": settings}))
    };
    lab.insert(&regional(false)).await.refused(400, "invalid");
    lab.insert(&regional(true)).await.ok();
    let shop = lab.get("shop").await.ok();
    assert!(shop.text("/secondaryGceZone").starts_with("europe-west1-"));
    assert_ne!(shop.text("/secondaryGceZone"), shop.text("/gceZone"));
}

#[tokio::test]
async fn backups_keep_to_their_bounds() {
    let lab = Lab::at_once().await;
    for (backups, taken) in [
        (json!({"enabled": false}), false),
        (json!({"startTime": "23:59"}), true),
        (json!({"startTime": "24:00"}), false),
        (json!({"transactionLogRetentionDays": 8}), false),
        (
            json!({"backupRetentionSettings": {"retainedBackups": 366}}),
            false,
        ),
        (json!({"binaryLogEnabled": true}), false),
    ] {
        let name = format!("shop{}", lab.simulator.control().request_count());
        let settings = json!({"settings": {"backupConfiguration": backups}});
        let reply = lab.insert(&with(primary(&name), settings)).await;
        assert_eq!(reply.status == 200, taken, "{backups}: {}", reply.body);
    }
    let month = json!({"settings": {"backupConfiguration": {"transactionLogRetentionDays": 35}}});
    lab.insert(&with(plus("long"), month)).await.ok();
}

#[tokio::test]
async fn some_network_must_reach_an_instance() {
    let lab = Lab::at_once().await;
    let network = |configuration: Value| {
        with(
            primary("shop"),
            json!({"settings": {"ipConfiguration": configuration}}),
        )
    };
    lab.insert(&network(json!({"ipv4Enabled": false})))
        .await
        .refused(400, "invalid");
    lab.insert(&network(json!({"privateNetwork": "default"})))
        .await
        .refused(400, "invalid");
    let everybody = |value: &str| json!({"authorizedNetworks": [{"value": value}]});
    for bad in ["", "home", "10.0.0.0/33", "10.0.0/8"] {
        lab.insert(&network(everybody(bad)))
            .await
            .refused(400, "invalid");
    }
    let private = json!({
        "authorizedNetworks": [{"value": "192.0.2.0/24"}, {"value": "192.0.2.1"}],
        "ipv4Enabled": false, "privateNetwork": "projects/lab-1/global/networks/default"
    });
    lab.insert(&network(private)).await.ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/ipAddresses/0/type"), "PRIVATE");
    assert_eq!(shop.at("/ipAddresses/1"), Value::Null);
}

#[tokio::test]
async fn a_project_has_a_limit_of_instances() {
    let mut options = GcpOptions::default();
    options.instance_quota = 1;
    let lab = Lab::with(options, Clock::AtOnce).await;
    lab.primary("one").await;
    lab.insert(&primary("two"))
        .await
        .refused(403, "errorMaxInstancePerLabel");
}

#[tokio::test]
async fn nothing_but_postgresql_is_simulated() {
    let lab = Lab::at_once().await;
    let mysql = with(primary("shop"), json!({"databaseVersion": "MYSQL_8_0"}));
    lab.insert(&mysql).await.refused(400, "invalid");
    let none = with(primary("shop"), json!({"databaseVersion": null}));
    lab.insert(&none).await.refused(501, "unsupportedOperation");
    let future = with(primary("shop"), json!({"databaseVersion": "POSTGRES_20"}));
    lab.insert(&future).await.refused(400, "invalid");
    let old = with(plus("shop"), json!({"databaseVersion": "POSTGRES_11"}));
    lab.insert(&old).await.refused(400, "invalid");
}
