//! A simulated Azure and one plan file, `azure.toml`.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use pgfleet_simulator::Clock;
use pgfleet_tests::{Clouds, Vendor};
use serde_json::{Value, json};

pub(crate) const APPLY: [&str; 3] = ["apply", "azure.toml", "--auto-approve"];
pub(crate) const DESTROY: [&str; 3] = ["destroy", "azure.toml", "--auto-approve"];
pub(crate) const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
pub(crate) const LIST: &str = "Servers_ListByResourceGroup";

pub(crate) fn clouds(replicas: usize) -> Clouds {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(Vendor::Azure, replicas);
    clouds
}

pub(crate) fn written(clouds: &Clouds) -> String {
    fs::read_to_string(clouds.machine.path().join("azure.toml")).unwrap()
}

pub(crate) fn write(clouds: &Clouds, text: &str) {
    fs::write(clouds.machine.path().join("azure.toml"), text).unwrap();
}

/// A server that somebody else has made.
pub(crate) fn seed(clouds: &Clouds, name: &str) {
    let theirs = json!({
        "location": "eastus2",
        "tags": {"team": "food"},
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {"version": "16", "storage": {"storageSizeGB": 128}},
    });
    let control = clouds.control();
    control
        .seed_azure(SUBSCRIPTION, "Food", name, theirs)
        .unwrap();
}

/// What somebody asks of a server by hand; fails the test unless Azure takes it.
#[track_caller]
pub(crate) fn by_hand(clouds: &Clouds, method: &str, server: &str, body: &Value) {
    let endpoint = clouds.endpoint();
    let host = endpoint.trim_start_matches("http://");
    let (path, body) = (
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/food/providers/\
             Microsoft.DBforPostgreSQL/flexibleServers/{server}?api-version=2025-08-01"
        ),
        body.to_string(),
    );
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}
