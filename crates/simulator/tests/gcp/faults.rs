//! Faults on demand in Google's form, rates, and the control endpoint.

use crate::client::{Lab, PROJECT, primary};
use pgfleet_simulator::{Clock, CloudName, Fault, FaultEffect, GcpOptions, Rate, Simulator};
use serde_json::{Value, json};

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_again() {
    let mut options = GcpOptions::default();
    options.rate = Some(Rate {
        per_second: 0.0,
        burst: 2.0,
    });
    let lab = Lab::with(options, Clock::AtOnce).await;
    lab.list("").await.ok();
    lab.list("").await.ok();
    let reply = lab.list("").await;
    reply.refused(429, "rateLimitExceeded");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.text("/error/status"), "RESOURCE_EXHAUSTED");
    // Rates hold within a project.
    let other = lab
        .send("GET", "/v1/projects/other/instances", "", "")
        .await;
    other.unwrap().ok();
    lab.simulator
        .control()
        .change_gcp(|options| options.retry_after_seconds = None);
    assert_eq!(lab.list("").await.header("retry-after"), None);
}

#[tokio::test]
async fn faults_hit_actions_and_instances_of_one_cloud() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    let fault = Fault::new(FaultEffect::Throttle)
        .in_cloud(CloudName::Gcp)
        .on("instances.insert")
        .of("shop")
        .in_region(PROJECT);
    control.fault(fault);
    lab.primary("store").await;
    lab.list("").await.ok();
    lab.insert(&primary("shop"))
        .await
        .refused(429, "rateLimitExceeded");
    lab.primary("shop").await;
    let error = |after: bool| {
        let (status, code) = (503, "backendError".to_owned());
        let message = "The service is temporarily unavailable.".to_owned();
        Fault::new(if after {
            FaultEffect::ErrorAfter {
                status,
                code,
                message,
            }
        } else {
            FaultEffect::Error {
                status,
                code,
                message,
            }
        })
    };
    control.fault(error(false));
    lab.delete("shop").await.refused(503, "backendError");
    lab.get("shop").await.ok();
    control.fault(error(true));
    lab.delete("shop").await.refused(503, "backendError");
    lab.get("shop").await.refused(404, "instanceDoesNotExist");
}

#[tokio::test]
async fn answers_are_lost_cut_short_or_no_json() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    control.fault(Fault::new(FaultEffect::LoseAnswer));
    let target = format!("/v1/projects/{PROJECT}/instances");
    let body = primary("shop").to_string();
    assert!(lab.send("POST", &target, "", &body).await.is_err());
    lab.get("shop").await.ok();
    for effect in [FaultEffect::Truncate, FaultEffect::Malformed] {
        control.fault(Fault::new(effect));
        let reply = lab.get("shop").await.ok();
        assert!(serde_json::from_str::<Value>(&reply.body).is_err());
    }
    lab.get("shop").await.ok();
}

#[tokio::test]
async fn tokens_expire_and_new_ones_are_taken() {
    let lab = Lab::at_once().await;
    let control = lab.simulator.control();
    control.expire_credentials(["old"]);
    let target = format!("/v1/projects/{PROJECT}/instances");
    let with = |token: &'static str| format!("Authorization: Bearer {token}\r\n");
    let old = lab.send("GET", &target, &with("old"), "").await.unwrap();
    old.refused(401, "authError")
        .saying("Request had invalid authentication credentials.");
    lab.send("GET", &target, &with("new"), "")
        .await
        .unwrap()
        .ok();
    control.expire_credentials(["*"]);
    let new = lab.send("GET", &target, &with("new"), "").await.unwrap();
    new.refused(401, "authError");
}

#[tokio::test]
async fn requests_are_written_down_with_their_cloud_and_without_bodies_and_tokens() {
    let lab = Lab::at_once().await;
    let target = format!("/sql/v1beta4/projects/{PROJECT}/instances");
    let header = "Authorization: Bearer ya29.secret\r\n";
    let body = primary("shop").to_string();
    lab.send("POST", &target, header, &body).await.unwrap().ok();
    lab.get("none").await.refused(404, "instanceDoesNotExist");
    let control = lab.simulator.control();
    let records = control.requests();
    assert_eq!(records[0].cloud, CloudName::Gcp);
    assert_eq!(records[0].action, "instances.insert");
    assert_eq!(records[0].identifier.as_deref(), Some("shop"));
    assert_eq!(records[0].region, PROJECT);
    assert!(records[0].effect && !records[1].effect);
    assert_eq!(records[1].outcome, "instanceDoesNotExist");
    let told = format!("{records:?} {:?} {}", lab.simulator, control.state());
    assert!(!told.contains("secret") && !told.contains("correct-horse"));
}

#[tokio::test]
async fn the_simulated_cloud_sql_is_controlled_over_http() {
    let builder = Simulator::builder()
        .clock(Clock::Manual)
        .with_control_endpoint(true);
    let lab = Lab::start(builder).await;
    let control = async |method: &str, path: &str, body: &Value| {
        let target = format!("/_simulator/{path}");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        lab.send(method, &target, "", &body).await.unwrap()
    };
    let seed = json!({"project": PROJECT, "instance": primary("shop")});
    let seeded = control("POST", "gcp/seed", &seed).await.ok();
    assert_eq!(seeded.json(), json!({"seeded": true}));
    assert_eq!(lab.get("shop").await.text("/state"), "RUNNABLE");
    let disk = json!({"project": PROJECT, "identifier": "shop", "size_gib": 25});
    control("POST", "gcp/disk", &disk).await.ok();
    let off = json!({"settings": {"activationPolicy": "NEVER"}});
    let change = json!({"project": PROJECT, "identifier": "shop", "patch": off});
    control("POST", "gcp/change", &change).await.ok();
    let status = json!({"project": PROJECT, "identifier": "shop", "status": "SUSPENDED"});
    control("POST", "gcp/status", &status).await.ok();
    let shop = lab.get("shop").await.ok();
    assert_eq!(shop.text("/settings/dataDiskSizeGb"), "25");
    assert_eq!(shop.text("/settings/activationPolicy"), "NEVER");
    assert_eq!(shop.text("/state"), "SUSPENDED");
    control("POST", "gcp/options", &json!({"instance_quota": 1}))
        .await
        .ok();
    let options = control("GET", "gcp/options", &Value::Null).await.ok();
    assert_eq!(options.at("/instance_quota"), 1);
    let state = control("GET", "state", &Value::Null).await.ok();
    assert_ne!(state.at("/gcp/instances"), json!({}));
    for (path, body) in [
        (
            "gcp/seed",
            json!({"project": PROJECT, "instance": {"name": "x"}}),
        ),
        (
            "gcp/disk",
            json!({"project": PROJECT, "identifier": "none", "size_gib": 1}),
        ),
        ("gcp/disk", json!({})),
        ("gcp/options", json!({"x": 1})),
        ("gcp/status", json!({"project": PROJECT})),
    ] {
        assert_eq!(
            control("POST", path, &body).await.status,
            400,
            "{path} {body}"
        );
    }
    assert_eq!(control("POST", "gcp/what", &json!({})).await.status, 404);
}

#[tokio::test]
async fn storage_that_increases_by_itself_grows_within_its_limit() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let limit = json!({"storageAutoResizeLimit": 100});
    lab.set("shop", limit).await.ok();
    let control = lab.simulator.control();
    // Not while the change is under way: its operation ends with the next request.
    lab.get("shop").await.ok();
    assert_eq!(control.grow_gcp_disk(PROJECT, "shop", 60), Ok(()));
    assert_eq!(lab.get("shop").await.text("/settings/dataDiskSizeGb"), "60");
    assert!(control.grow_gcp_disk(PROJECT, "shop", 50).is_err());
    assert!(control.grow_gcp_disk(PROJECT, "shop", 101).is_err());
    lab.set("shop", json!({"storageAutoResize": false}))
        .await
        .ok();
    lab.get("shop").await.ok();
    assert!(control.grow_gcp_disk(PROJECT, "shop", 70).is_err());
}
