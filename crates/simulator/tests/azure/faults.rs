//! Faults, rates and the state's file, as Azure has them.

use crate::client::{Lab, path, primary, target};
use pgfleet_simulator::{Clock, CloudName, Fault, FaultEffect, Rate, Simulator};
use serde_json::{Value, json};

#[tokio::test]
async fn throttling_names_a_time_to_wait() {
    let lab = Lab::at_once().await;
    lab.simulator
        .control()
        .fault(Fault::new(FaultEffect::Throttle));
    let refused = lab.get("food").await;
    refused.refused(429, "TooManyRequests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    lab.change(|options| {
        options.throttled_seconds = 7;
        options.rate = Some(Rate {
            per_second: 0.0,
            burst: 2.0,
        });
    });
    for _ in 0..2 {
        lab.get("food").await.refused(404, "ResourceNotFound");
    }
    let refused = lab.get("food").await;
    refused
        .refused(429, "SubscriptionRequestsThrottled")
        .saying("'7' seconds");
    assert_eq!(refused.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn an_answer_is_lost_though_the_server_is_made() {
    let lab = Lab::at_once().await;
    let fault = Fault::new(FaultEffect::LoseAnswer).in_cloud(CloudName::Azure);
    lab.simulator
        .control()
        .fault(fault.on("Servers_CreateOrUpdate"));
    let target = format!("{}?api-version=2024-08-01", path("food"));
    let body = primary().to_string();
    let address = lab.simulator.address();
    let lost = crate::client::send(address, "PUT", &target, "", body.as_bytes()).await;
    assert!(lost.is_err());
    assert_eq!(lab.state("food").await, "Ready");
}

#[tokio::test]
async fn scripted_errors_are_written_as_arm_writes_them() {
    let lab = Lab::at_once().await;
    let error = FaultEffect::Error {
        status: 503,
        code: "ServerBusy".to_owned(),
        message: "{0}".to_owned(),
    };
    lab.simulator.control().fault(Fault::new(error).of("food"));
    let refused = lab.get("food").await;
    refused.refused(503, "ServerBusy").saying("{0}");
    lab.simulator
        .control()
        .fault(Fault::new(FaultEffect::Malformed));
    let odd = lab.get("food").await;
    assert!(serde_json::from_str::<serde_json::Value>(&odd.body).is_err());
}

#[tokio::test]
async fn a_new_process_goes_on_with_servers_and_operations() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let start = || Lab::start(Simulator::builder().clock(Clock::Manual).state_file(&file));
    let lab = start().await;
    let made = lab.put("food", &primary()).await.accepted();
    let address = made.header("azure-asyncoperation").unwrap().to_owned();
    let target = target(&address);
    lab.simulator.shutdown().await;
    let lab = start().await;
    let status = lab.raw("GET", target, "", "").await.ok();
    assert_eq!(status.text("/status"), "InProgress");
    lab.advance(1000);
    let status = lab.raw("GET", target, "", "").await.ok();
    assert_eq!(status.text("/status"), "Succeeded");
    assert_eq!(lab.state("food").await, "Ready");
}

#[tokio::test]
async fn a_state_is_set_as_something_outside_would() {
    let lab = Lab::at_once().await;
    lab.put("food", &primary()).await.accepted();
    let control = lab.simulator.control();
    lab.get("food").await.ok();
    control
        .set_azure_state("East US", "food", "Disabled")
        .unwrap();
    assert_eq!(lab.state("food").await, "Disabled");
    assert!(control.set_azure_state("westus", "food", "Ready").is_err());
}

#[tokio::test]
async fn servers_are_seeded_and_grown_from_another_process() {
    let builder = Simulator::builder().clock(Clock::AtOnce);
    let lab = Lab::start(builder.with_control_endpoint(true)).await;
    let mut body = primary();
    body["properties"]["storage"]["autoGrow"] = json!("Enabled");
    let seed = json!({
        "subscription": crate::client::SUBSCRIPTION,
        "resource_group": "food",
        "name": "food",
        "body": body,
    });
    let post = async |what: &str, body: &Value| {
        let path = format!("/_simulator/azure/{what}");
        lab.raw("POST", &path, "", &body.to_string()).await
    };
    assert_eq!(post("seed", &seed).await.ok().at("/seeded"), true);
    let grown = json!({"identifier": "food", "size_gib": 512});
    post("disk", &grown).await.ok();
    assert_eq!(post("disk", &grown).await.status, 400);
    assert_eq!(
        lab.get("food")
            .await
            .at("/properties/storage/storageSizeGB"),
        512
    );
    let options = lab
        .raw("GET", "/_simulator/azure/options", "", "")
        .await
        .ok();
    assert_eq!(options.at("/replica_quota"), 5);
    post("options", &json!({"replica_quota": 1})).await.ok();
    assert_eq!(lab.get("food").await.at("/properties/replicaCapacity"), 1);
    assert_eq!(post("options", &json!({"replicas": 1})).await.status, 400);
}
