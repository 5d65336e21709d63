//! The state's file: Cloud SQL's part of it.

use crate::client::{Lab, PROJECT, primary, replica};
use pgfleet_simulator::{Clock, Simulator, StartError};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

async fn on(path: &Path) -> Lab {
    Lab::start(Simulator::builder().clock(Clock::Manual).state_file(path)).await
}

#[tokio::test]
async fn a_new_process_goes_on_with_what_the_old_one_had_begun() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    let begun = lab.insert(&primary("shop")).await.ok();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("correct-horse"));
    lab.simulator.shutdown().await;

    let lab = on(&path).await;
    assert_eq!(lab.operation(&begun).await.text("/status"), "PENDING");
    lab.advance(600);
    assert_eq!(lab.operation(&begun).await.text("/status"), "DONE");
    lab.insert(&replica("shop-1", "shop")).await.ok();
}

#[tokio::test]
async fn a_file_of_aws_alone_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let old = json!({
        "format_version": "1",
        "clock": {"simulated": 1_700_000_000_000_u64, "wall": 1_700_000_000_000_u64},
        "aws": {"named": 0, "instances": {}, "snapshots": {}}
    });
    fs::write(&path, old.to_string()).unwrap();
    let lab = on(&path).await;
    lab.primary("shop").await;
    let kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(kept["gcp"]["instances"][format!("{PROJECT}/shop")].is_object());
}

#[tokio::test]
async fn a_damaged_part_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    lab.primary("shop").await;
    lab.simulator.shutdown().await;
    let good = fs::read_to_string(&path).unwrap();
    for text in [
        good.replace(r#""name":"shop""#, r#""name":"store""#),
        good.replacen(r#""gcp":{"#, r#""gcp":{"surprise":1,"#, 1),
    ] {
        assert_ne!(text, good);
        fs::write(&path, &text).unwrap();
        let error = Simulator::builder().state_file(&path).start().await;
        let error = error.unwrap_err();
        assert!(matches!(error, StartError::Damaged { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn what_was_there_all_along_can_be_seeded() {
    let lab = Lab::manual().await;
    let control = lab.simulator.control();
    assert_eq!(control.seed_gcp(PROJECT, &primary("shop")), Ok(true));
    assert_eq!(control.seed_gcp(PROJECT, &primary("shop")), Ok(false));
    assert_eq!(
        control.seed_gcp(PROJECT, &replica("shop-1", "shop")),
        Ok(true)
    );
    assert_eq!(lab.get("shop-1").await.text("/state"), "RUNNABLE");
    let operations = lab.call("GET", "operations", &Value::Null).await.ok();
    assert_eq!(operations.at("/items"), Value::Null);
    let error = control
        .seed_gcp(PROJECT, &json!({"name": "Shop"}))
        .unwrap_err();
    assert!(error.contains("instance name (Shop)"), "{error}");
}
