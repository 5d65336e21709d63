//! The state and its clock: seeded, kept in a file at each change, found again, never lost.

use crate::client::{HERE, Lab};
use pgfleet_simulator::{AwsOptions, Clock, Simulator, StartError};
use std::fs;
use std::path::Path;

async fn on(path: &Path) -> Lab {
    Lab::start(Simulator::builder().clock(Clock::Manual).state_file(path)).await
}

#[tokio::test]
async fn a_new_process_finds_what_the_old_one_left_and_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    lab.create("food", &[("Tags.Tag.1.Key", "a")]).await.ok();
    let first = lab.describe("food").await;
    lab.simulator.shutdown().await;
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("correct-horse"));

    let lab = on(&path).await;
    let again = lab.describe("food").await;
    assert_eq!(again.first("DBInstance"), first.first("DBInstance"));
    assert_eq!(again.first("DBInstanceStatus"), "creating");
    lab.advance(1000);
    assert_eq!(lab.status("food").await, "available");
    drop(lab);
}

#[tokio::test]
async fn each_change_is_in_the_file_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    for name in ["one", "two", "three"] {
        lab.create(name, &[]).await.ok();
        let kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(kept["aws"]["instances"][format!("123456789012/us-east-1/{name}")].is_object());
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left.len(), 2, "only the state and its lock: {left:?}");
}

#[tokio::test]
async fn a_scaled_clock_goes_on_while_no_process_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    lab.create("food", &[]).await.ok();
    lab.simulator.shutdown().await;
    let builder = Simulator::builder()
        .clock(Clock::Scaled(1e9))
        .state_file(&path);
    let lab = Lab::start(builder).await;
    while lab.status("food").await != "available" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_simulators_do_not_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    let error = Simulator::builder()
        .state_file(&path)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("state.json is in use"));
    lab.simulator.shutdown().await;
    on(&path).await;
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let lab = on(&path).await;
    lab.create("food", &[]).await.ok();
    lab.simulator.shutdown().await;
    let good = fs::read_to_string(&path).unwrap();
    let damaged = [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace(r#""format_version":"1""#, r#""format_version":"2""#),
        good.replace(
            r#""allocated_storage":100"#,
            r#""allocated_storage":"much""#,
        ),
        good.replace(r#""identifier":"food""#, r#""identifier":"meal""#),
        good.replacen(r#""aws":{"#, r#""aws":{"surprise":1,"#, 1),
        good.replacen(r#""aws":{"#, r#""surprise":{},"aws":{"#, 1),
    ];
    for text in damaged {
        fs::write(&path, &text).unwrap();
        let error = Simulator::builder()
            .state_file(&path)
            .start()
            .await
            .unwrap_err();
        assert!(matches!(error, StartError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("state.json"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/state.json");
    let error = Simulator::builder()
        .state_file(&path)
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("none/state.json"), "{error}");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let lab = Lab::at_once().await;
    let port = lab.simulator.address().port();
    let error = Simulator::builder().port(port).start().await.unwrap_err();
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
}

#[tokio::test]
async fn scaled_time_passes_by_itself() {
    let lab = Lab::with(AwsOptions::default(), Clock::Scaled(100_000.0)).await;
    lab.create("food", &[]).await.ok();
    while lab.status("food").await != "available" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_there_all_along_can_be_seeded() {
    let lab = Lab::manual().await;
    let shop = [
        ("DBInstanceIdentifier", "shop"),
        ("DBInstanceClass", "db.m6g.large"),
        ("AllocatedStorage", "50"),
        ("EngineVersion", "16.3"),
    ];
    let control = lab.simulator.control();
    assert_eq!(control.seed_aws(HERE, &shop), Ok(true));
    assert_eq!(control.seed_aws(HERE, &shop), Ok(false));
    assert_eq!(lab.status("shop").await, "available");
    lab.replica("shop-1", "shop", &[]).await.ok();
    assert!(
        control
            .seed_aws(HERE, &[("DBInstanceIdentifier", "x")])
            .is_err()
    );
}
