//! The protocol: what a request is, and what answers look like.

use crate::client::{HERE, Lab, PROJECT, primary, replica, with};
use crate::http::exchange;
use pgfleet_simulator::{Clock, GcpOptions};
use serde_json::{Value, json};
use tokio::net::TcpStream;

#[tokio::test]
async fn enums_are_taken_by_name_and_by_number() {
    let lab = Lab::at_once().await;
    let body = with(
        primary("shop"),
        json!({
            "databaseVersion": 408,
            "instanceType": 1,
            "settings": {"edition": 2, "availabilityType": 2, "dataDiskType": 1}
        }),
    );
    lab.insert(&body).await.ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/databaseVersion"), "POSTGRES_17");
    assert_eq!(shop.text("/instanceType"), "CLOUD_SQL_INSTANCE");
    assert_eq!(shop.text("/settings/edition"), "ENTERPRISE");
    assert_eq!(shop.text("/settings/availabilityType"), "REGIONAL");
    assert_eq!(shop.text("/settings/dataDiskType"), "PD_SSD");
}

#[tokio::test]
async fn enums_are_answered_as_the_caller_asks() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    for query in [
        "$alt=json;enum-encoding=int",
        "%24alt=json%3Benum-encoding%3Dint",
    ] {
        let shop = lab.get(&format!("shop?{query}")).await.ok();
        assert_eq!(shop.at("/databaseVersion"), 408);
        assert_eq!(shop.at("/state"), 1);
        assert_eq!(shop.at("/settings/edition"), 2);
        assert_eq!(shop.at("/ipAddresses/0/type"), 1);
        let list = lab.list(query).await.ok();
        assert_eq!(list.at("/items/0/instanceType"), 1);
        let operations = lab
            .call("GET", &format!("operations?{query}"), &Value::Null)
            .await;
        assert_eq!(operations.at("/items/0/operationType"), 3);
        assert_eq!(operations.at("/items/0/status"), 3);
    }
    assert_eq!(lab.get("shop?alt=json").await.text("/state"), "RUNNABLE");
}

#[tokio::test]
async fn an_unspecified_enum_is_as_good_as_none() {
    let lab = Lab::at_once().await;
    let body = with(
        primary("shop"),
        json!({"instanceType": 0, "settings": {"availabilityType": 0}}),
    );
    lab.insert(&body).await.ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/settings/availabilityType"), "ZONAL");
}

#[tokio::test]
async fn long_integers_are_taken_either_way_and_answered_as_texts() {
    let lab = Lab::at_once().await;
    for (name, size) in [
        ("one", json!(30)),
        ("two", json!("30")),
        ("three", json!(30.0)),
    ] {
        let body = with(primary(name), json!({"settings": {"dataDiskSizeGb": size}}));
        lab.insert(&body).await.ok();
        let one = lab.get(name).await.ok();
        assert_eq!(one.at("/settings/dataDiskSizeGb"), "30");
        assert_eq!(one.at("/settings/settingsVersion"), "1");
    }
}

#[tokio::test]
async fn unknown_fields_are_refused_by_name_and_place() {
    let lab = Lab::at_once().await;
    let body = with(primary("shop"), json!({"settings": {"diskSize": 10}}));
    let reply = lab.insert(&body).await;
    reply.refused(400, "invalid").saying(
        "Invalid JSON payload received. Unknown name \"diskSize\" at 'body.settings': Cannot find \
         field.",
    );
    assert_eq!(reply.text("/error/status"), "INVALID_ARGUMENT");
    assert_eq!(
        reply.text("/error/details/0/fieldViolations/0/field"),
        "body.settings"
    );
    lab.get("shop").await.refused(404, "instanceDoesNotExist");
}

#[tokio::test]
async fn values_of_the_wrong_kind_are_refused() {
    let lab = Lab::at_once().await;
    for (more, place) in [
        (json!({"settings": {"tier": 5}}), "body.settings.tier"),
        (
            json!({"settings": {"dataDiskSizeGb": "ten"}}),
            "data_disk_size_gb",
        ),
        (
            json!({"settings": {"dataDiskSizeGb": 10.5}}),
            "data_disk_size_gb",
        ),
        (
            json!({"settings": {"storageAutoResize": "true"}}),
            "storage_auto_resize",
        ),
        (json!({"settings": {"userLabels": {"a": 1}}}), "user_labels"),
        (
            json!({"settings": {"edition": "CHEAP"}}),
            "Settings.Edition",
        ),
        (json!({"settings": {"edition": 77}}), "Settings.Edition"),
        (
            json!({"databaseVersion": "POSTGRES_99"}),
            "body.database_version",
        ),
        (json!({"settings": []}), "body.settings"),
        (
            json!({"settings": {"databaseFlags": {"a": "b"}}}),
            "database_flags",
        ),
    ] {
        let reply = lab.insert(&with(primary("shop"), more)).await;
        reply.refused(400, "invalid").saying(place);
    }
    let broken = lab
        .send(
            "POST",
            &format!("/v1/projects/{PROJECT}/instances"),
            "",
            "{\"name\":",
        )
        .await
        .unwrap();
    broken.refused(400, "invalid").saying("Unexpected token");
}

#[tokio::test]
async fn what_is_output_only_is_refused_or_passed_over() {
    let lab = Lab::at_once().await;
    let body = with(
        primary("shop"),
        json!({"createTime": "2026-01-01T00:00:00Z"}),
    );
    let reply = lab.insert(&body).await;
    reply.refused(400, "invalid").saying("body.create_time");
    lab.simulator
        .control()
        .change_gcp(|options| options.ignore_output_only = true);
    lab.insert(&body).await.ok();
    assert!(*lab.get("shop").await.text("/createTime") > *"2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn proto_names_are_taken_as_well() {
    let lab = Lab::at_once().await;
    let body = json!({
        "name": "shop", "database_version": "POSTGRES_15",
        "settings": {"tier": "db-f1-micro", "data_disk_size_gb": 12}
    });
    lab.insert(&body).await.ok();
    assert_eq!(lab.get("shop").await.text("/settings/dataDiskSizeGb"), "12");
}

#[tokio::test]
async fn unknown_query_parameters_are_refused() {
    let lab = Lab::at_once().await;
    lab.list("colour=red")
        .await
        .refused(400, "invalid")
        .saying("Unknown name \"colour\": Cannot bind query parameter.");
    lab.list("maxResults=many").await.refused(400, "invalid");
    // Google's clients send what they leave open as empty.
    lab.list("filter=&maxResults=0&pageToken=&location=")
        .await
        .ok();
    lab.list("location=europe-west1")
        .await
        .refused(501, "unsupportedOperation");
    lab.list("prettyPrint=false&key=abc&quotaUser=me")
        .await
        .ok();
}

#[tokio::test]
async fn what_is_not_covered_says_so() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.act("shop", "clone")
        .await
        .refused(501, "unsupportedOperation");
    let body = with(primary("more"), json!({"settings": {"timeZone": "UTC"}}));
    lab.insert(&body)
        .await
        .refused(501, "unsupportedOperation")
        .saying("body.settings.time_zone");
    lab.call("GET", "what", &Value::Null)
        .await
        .refused(404, "notFound");
}

#[tokio::test]
async fn both_versions_of_the_api_show_the_same_things_with_links_of_their_own() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    for (start, link) in [
        ("/v1", "/v1/"),
        ("/sql/v1", "/v1/"),
        ("/sql/v1beta4", "/sql/v1beta4/"),
    ] {
        let target = format!("{start}/projects/{PROJECT}/instances/shop");
        let shop = lab.send("GET", &target, "", "").await.unwrap().ok();
        let expected =
            format!("https://sqladmin.googleapis.com{link}projects/{PROJECT}/instances/shop");
        assert_eq!(shop.text("/selfLink"), expected);
        assert_eq!(
            shop.text("/connectionName"),
            format!("{PROJECT}:{HERE}:shop")
        );
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let lab = Lab::at_once().await;
    let mut stream = TcpStream::connect(lab.simulator.address()).await.unwrap();
    let target = format!("/v1/projects/{PROJECT}/instances");
    let reply = exchange(&mut stream, "POST", &target, "", b"{}")
        .await
        .unwrap();
    reply.refused(400, "invalid");
    // The same connection serves further requests, also of another cloud.
    let other = exchange(&mut stream, "POST", "/", "", b"").await.unwrap();
    assert!(other.body.contains("MissingAuthenticationToken"));
    lab.act("shop", "restart")
        .await
        .refused(404, "instanceDoesNotExist");
}

#[tokio::test]
async fn errors_have_the_form_that_the_options_ask_for() {
    let lab = Lab::at_once().await;
    let as_it_is = lab.get("shop").await.at("/error");
    let mut names: Vec<&String> = as_it_is.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["code", "errors", "message"]);
    let control = lab.simulator.control();
    control.change_gcp(|options| options.error_status = Some(true));
    assert_eq!(lab.get("shop").await.text("/error/status"), "NOT_FOUND");
    control.change_gcp(|options| {
        options.error_status = Some(false);
        options.error_reasons = false;
    });
    let reply = lab.insert(&with(primary("shop"), json!({"x": 1}))).await;
    assert_eq!(reply.at("/error").as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_is_optional_unless_it_is_demanded() {
    let mut options = GcpOptions::default();
    options.require_token = true;
    let lab = Lab::with(options, Clock::AtOnce).await;
    let reply = lab.list("").await;
    reply
        .refused(401, "required")
        .saying("Request is missing required authentication credential.");
    assert_eq!(reply.text("/error/status"), "UNAUTHENTICATED");
    let target = format!("/v1/projects/{PROJECT}/instances");
    for (header, status) in [
        ("Authorization: Bearer ya29.token\r\n", 200),
        ("Authorization: Basic dXNlcg==\r\n", 401),
        ("Authorization: Bearer \r\n", 401),
    ] {
        let reply = lab.send("GET", &target, header, "").await.unwrap();
        assert_eq!(reply.status, status, "{header}");
    }
}

#[tokio::test]
async fn who_may_not_do_something_is_told_which_permission_is_missing() {
    let mut options = GcpOptions::default();
    options.denied_permissions = vec!["cloudsql.instances.create".to_owned()];
    options.projects = vec![PROJECT.to_owned()];
    let lab = Lab::with(options, Clock::AtOnce).await;
    let reply = lab.insert(&primary("shop")).await;
    reply
        .refused(403, "forbidden")
        .saying("Possibly missing permission cloudsql.instances.create on resource");
    lab.list("").await.ok();
    let other = lab
        .send("GET", "/v1/projects/other/instances", "", "")
        .await;
    other.unwrap().refused(403, "notAuthorized");
}

#[tokio::test]
async fn a_project_whose_api_is_off_answers_how_to_turn_it_on() {
    let mut options = GcpOptions::default();
    options.api_disabled = vec![PROJECT.to_owned()];
    let lab = Lab::with(options, Clock::AtOnce).await;
    let reply = lab.list("").await;
    reply
        .refused(403, "accessNotConfigured")
        .saying("has not been used in project lab-1 before or it is disabled");
    assert_eq!(reply.text("/error/details/0/reason"), "SERVICE_DISABLED");
    let other = lab
        .send("GET", "/v1/projects/other/instances", "", "")
        .await;
    other.unwrap().ok();
}

#[tokio::test]
async fn an_instance_that_is_not_there_can_be_hidden() {
    let lab = Lab::at_once().await;
    lab.get("shop").await.refused(404, "instanceDoesNotExist");
    lab.simulator
        .control()
        .change_gcp(|options| options.hide_absent = true);
    lab.get("shop").await.refused(403, "notAuthorized");
    lab.delete("shop").await.refused(403, "notAuthorized");
    lab.insert(&replica("shop-1", "shop"))
        .await
        .refused(403, "notAuthorized");
}
