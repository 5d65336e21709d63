//! Long-running operations: addresses, words, and what they leave out.

use crate::client::{Lab, path, primary, replica, target};
use pgfleet_simulator::{AzureAddresses, AzureOptions, Clock, Fault, FaultEffect};
use serde_json::{Value, json};

#[tokio::test]
async fn an_operation_is_followed_at_both_addresses() {
    let lab = Lab::manual().await;
    let made = lab.put("food", &primary()).await.accepted();
    assert!(made.header("retry-after").is_some());
    let address = made.header("azure-asyncoperation").unwrap();
    assert!(address.contains("/locations/eastus/azureAsyncOperation/"));
    assert!(address.len() > 2000 && address.contains("&t=") && address.contains("&h="));
    let status = lab.follow(&made, "azure-asyncoperation").await.ok();
    assert_eq!(status.text("/status"), "InProgress");
    assert!(!status.text("/name").is_empty() && !status.text("/startTime").is_empty());
    let result = lab.follow(&made, "location").await.accepted();
    assert!(result.body.is_empty() && result.header("location").is_some());
    lab.advance(1000);
    assert_eq!(lab.status_of(&made).await, "Succeeded");
    let result = lab.follow(&made, "location").await.ok();
    assert_eq!(result.text("/id"), path("food"));
    let gone = lab.delete("food").await.accepted();
    assert!(
        gone.header("location")
            .unwrap()
            .contains("/locations/East%20US/")
    );
    lab.advance(1000);
    assert_eq!(lab.status_of(&gone).await, "Succeeded");
    assert_eq!(lab.follow(&gone, "location").await.status, 204);
}

#[tokio::test]
async fn an_address_that_somebody_has_rebuilt_is_refused() {
    let lab = Lab::manual().await;
    let made = lab.put("food", &primary()).await.accepted();
    let address = made.header("azure-asyncoperation").unwrap();
    let target = target(address);
    let (path, query) = target.split_once('?').unwrap();
    let rebuilt = format!("{path}?api-version=2024-08-01");
    lab.raw("GET", &rebuilt, "", "")
        .await
        .refused(400, "InvalidOperationSignature");
    let other = format!(
        "{}?{query}",
        path.replace("azureAsyncOperation", "operationResults")
    );
    lab.raw("GET", &other, "", "")
        .await
        .refused(400, "InvalidOperationSignature");
    let version = target.replace("2024-08-01", "2025-08-01");
    lab.raw("GET", &version, "", "")
        .await
        .refused(400, "InvalidOperationSignature");
    let region = target.replace("/eastus/", "/westus/");
    lab.raw("GET", &region, "", "")
        .await
        .refused(404, "OperationNotFound");
}

#[tokio::test]
async fn one_of_the_addresses_may_be_missing() {
    let lab = Lab::at_once().await;
    lab.change(|options| {
        options.operation_addresses = AzureAddresses::Location;
        options.retry_after = None;
    });
    let made = lab.put("food", &primary()).await.accepted();
    assert_eq!(made.header("azure-asyncoperation"), None);
    assert_eq!(made.header("retry-after"), None);
    lab.change(|options| options.operation_addresses = AzureAddresses::AsyncOperation);
    let gone = lab.delete("food").await.accepted();
    assert_eq!(gone.header("location"), None);
}

#[tokio::test]
async fn a_creation_may_be_answered_with_the_server() {
    let lab = Lab::at_once().await;
    lab.change(|options| options.answer_created = true);
    let made = lab.put("food", &primary()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.text("/properties/state"), "Provisioning");
    assert!(made.header("azure-asyncoperation").is_some());
}

#[tokio::test]
async fn a_failed_creation_leaves_no_server_and_says_why() {
    let lab = Lab::manual().await;
    let failing = || {
        Fault::new(FaultEffect::EndIn {
            word: "OperationFailed".to_owned(),
        })
    };
    lab.simulator
        .control()
        .fault(failing().on("Servers_CreateOrUpdate"));
    let made = lab.put("food", &primary()).await.accepted();
    lab.advance(1000);
    let status = lab.follow(&made, "azure-asyncoperation").await.ok();
    assert_eq!(status.text("/status"), "Failed");
    assert_eq!(status.text("/error/code"), "OperationFailed");
    lab.follow(&made, "location")
        .await
        .refused(500, "OperationFailed");
    lab.get("food").await.refused(404, "ResourceNotFound");
    lab.fleet(0).await;
    lab.simulator.control().fault(failing().of("replica"));
    let made = lab.put("replica", &replica("food")).await.accepted();
    lab.advance(1000);
    assert_eq!(lab.status_of(&made).await, "Failed");
    lab.get("replica").await.refused(404, "ResourceNotFound");
    assert_eq!(lab.state("food").await, "Ready");
}

#[tokio::test]
async fn a_failed_change_leaves_the_server_as_it_was() {
    let lab = Lab::at_once().await;
    lab.fleet(0).await;
    lab.change(|options| {
        "{0}".clone_into(&mut options.failure_message);
        options.operation_parts_left_out = vec!["name".into(), "startTime".into()];
    });
    let failing = FaultEffect::EndIn {
        word: "InternalServerError".to_owned(),
    };
    lab.simulator
        .control()
        .fault(Fault::new(failing).on("Servers_Update"));
    let change = json!({"properties": {"storage": {"storageSizeGB": 512}}});
    let change = lab.patch("food", &change).await.accepted();
    let status = lab.follow(&change, "azure-asyncoperation").await.ok();
    let wanted =
        json!({"status": "Failed", "error": {"code": "InternalServerError", "message": "{0}"}});
    assert_eq!(status.json(), wanted);
    assert_eq!(
        lab.get("food")
            .await
            .at("/properties/storage/storageSizeGB"),
        128
    );
    assert_eq!(lab.state("food").await, "Ready");
    lab.change(|options| options.operation_parts_left_out.push("error".into()));
    let status = lab.follow(&change, "azure-asyncoperation").await.ok();
    assert_eq!(status.json(), json!({"status": "Failed"}));
}

#[tokio::test]
async fn an_operation_passes_through_a_state_or_ends_in_one() {
    let lab = Lab::manual().await;
    let through = FaultEffect::PassThrough {
        word: "Migrating".to_owned(),
        seconds: 100,
    };
    lab.simulator.control().fault(Fault::new(through));
    let made = lab.put("food", &primary()).await.accepted();
    lab.advance(400);
    assert_eq!(lab.state("food").await, "Migrating");
    assert_eq!(lab.status_of(&made).await, "InProgress");
    lab.advance(60);
    assert_eq!(lab.state("food").await, "Ready");
    assert_eq!(lab.status_of(&made).await, "Succeeded");
    let ending = FaultEffect::EndIn {
        word: "Inaccessible".to_owned(),
    };
    lab.simulator
        .control()
        .fault(Fault::new(ending).on("Servers_Restart"));
    lab.advance(100);
    let restart = lab.post("food", "restart").await.accepted();
    lab.advance(100);
    assert_eq!(lab.state("food").await, "Inaccessible");
    assert_eq!(lab.status_of(&restart).await, "Failed");
    lab.delete("food").await.accepted();
}

#[tokio::test]
async fn a_second_deletion_names_the_running_one() {
    let lab = Lab::manual().await;
    lab.fleet(0).await;
    let first = lab.delete("food").await.accepted();
    let second = lab.delete("food").await.accepted();
    assert_eq!(first.header("location"), second.header("location"));
    let put = lab.put("food", &primary()).await;
    put.refused(409, "ServerIsBusy");
}

#[tokio::test]
async fn retry_after_is_in_real_seconds_of_a_scaled_clock() {
    let lab = Lab::with(AzureOptions::default(), Clock::Scaled(5.0)).await;
    let made = lab.put("food", &primary()).await.accepted();
    assert_eq!(made.header("retry-after"), Some("3"));
    let lab = Lab::at_once().await;
    let made = lab.call("PUT", &path("food"), &primary()).await.accepted();
    assert_eq!(made.header("retry-after"), Some("0"));
    assert_eq!(
        lab.read(&path("food")).await.at("/properties/none"),
        Value::Null
    );
}
