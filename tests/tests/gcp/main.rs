//! Fleets on a simulated Cloud SQL, through the binary. What every cloud survives is in
//! `clouds_under_fire.rs`.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

mod engine;
mod identity;
mod shell;
mod trouble;

use std::fs;

use pgfleet_simulator::Clock;
use pgfleet_tests::{Clouds, Vendor};
use serde_json::json;

const APPLY: [&str; 3] = ["apply", "gcp.toml", "--auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "gcp.toml", "--auto-approve"];

fn clouds(replicas: usize) -> Clouds {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(Vendor::Gcp, replicas);
    clouds
}

/// Writes the plan file with one word in another's place.
fn rewrite(clouds: &Clouds, from: &str, to: &str) {
    let path = clouds.machine.path().join("gcp.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// Somebody's instance of this name.
fn seed(clouds: &Clouds, name: &str) {
    let theirs = json!({
        "name": name,
        "region": "us-east1",
        "databaseVersion": "POSTGRES_17",
        "settings": {
            "tier": "db-custom-2-7680",
            "edition": "ENTERPRISE",
            "dataDiskSizeGb": "100",
            "userLabels": {"theirs": "stays"},
            "backupConfiguration": {"enabled": true, "pointInTimeRecoveryEnabled": true},
        },
    });
    clouds.control().seed_gcp("food", &theirs).unwrap();
}

/// The fleet's primary, as an earlier run has made it.
fn seed_ours(clouds: &Clouds) {
    seed(clouds, "truck-gcp-primary");
    let labels = json!({
        "managed-by": "pgfleet",
        "pgfleet-fleet": "truck-gcp",
        "pgfleet-address": "primary",
    });
    let ours = json!({"settings": {"userLabels": labels}});
    let name = "truck-gcp-primary";
    let control = clouds.control();
    control
        .change_gcp_instance("food", name, ours.as_object().unwrap())
        .unwrap();
}
