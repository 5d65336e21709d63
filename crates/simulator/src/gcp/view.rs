//! An instance as the API tells of it.

use super::names;
use super::operations::DESIGNATED;
use super::resource::Resource;
use super::rules::NEWEST;
use super::state::{Instance, World, digest};
use serde_json::{Map, Value, json};

/// All that is known of an instance. Passwords are not: they are kept nowhere.
pub(crate) fn instance(instance: &Instance, world: &World, api: &str) -> Map<String, Value> {
    let Instance {
        project,
        name,
        resource,
        databases: _,
    } = instance;
    let mut view = resource.clone();
    let region = instance.region();
    view.set("kind", "sql#instance");
    view.set("name", name.as_str());
    view.set("project", project.as_str());
    view.set("backendType", "SECOND_GEN");
    view.set(
        "selfLink",
        format!("https://sqladmin.googleapis.com/{api}/projects/{project}/instances/{name}"),
    );
    view.set("connectionName", format!("{project}:{region}:{name}"));
    if let Some(version) = resource.text("databaseVersion") {
        let minor = names::major(version).map_or(0, |major| 24_u32.saturating_sub(major));
        view.set("databaseInstalledVersion", format!("{version}_{minor}"));
    }
    view.set("sqlNetworkArchitecture", "NEW_NETWORK_ARCHITECTURE");
    view.set("satisfiesPzs", false);
    let hex = digest(&instance.key());
    let account = format!(
        "p{}-{}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
        &hex[..12],
        &hex[12..18]
    );
    view.set("serviceAccountEmailAddress", account);
    view.set("etag", digest(&format!("{:?}", resource.0)));
    if let Some(source) = instance.source() {
        view.set("masterInstanceName", format!("{project}:{source}"));
        let cluster = world
            .instance(project, source)
            .and_then(|primary| primary.resource.text(DESIGNATED));
        if cluster == Some(name) {
            view.set("replicationCluster.drReplica", true);
        }
    }
    let replicas: Vec<&str> = world
        .replicas_of(project, name)
        .into_iter()
        .map(|replica| replica.name.as_str())
        .collect();
    if !replicas.is_empty() {
        view.set("replicaNames", json!(replicas));
    }
    if instance.state() != "PENDING_CREATE" {
        view.set("ipAddresses", addresses(instance, &hex));
        upgrades(&mut view);
    }
    view.0
}

/// Addresses of the ranges for documentation (RFC 5737) and for private networks.
fn addresses(instance: &Instance, hex: &str) -> Value {
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2).unwrap_or_default(), 16);
    let byte = |at: usize| byte(at).unwrap_or(1).clamp(1, 254);
    let mut all = Vec::new();
    if instance
        .resource
        .is_on("settings.ipConfiguration.ipv4Enabled")
    {
        all.push(json!({"type": "PRIMARY", "ipAddress": format!("203.0.113.{}", byte(0))}));
        all.push(json!({"type": "OUTGOING", "ipAddress": format!("198.51.100.{}", byte(2))}));
    }
    if instance
        .resource
        .get("settings.ipConfiguration.privateNetwork")
        .is_some()
    {
        let address = format!("10.{}.{}.{}", byte(4), byte(6), byte(8));
        all.push(json!({"type": "PRIVATE", "ipAddress": address}));
    }
    Value::Array(all)
}

fn upgrades(view: &mut Resource) {
    let Some(major) = view.text("databaseVersion").and_then(names::major) else {
        return;
    };
    let newer = (major + 1..=NEWEST).filter(|newer| *newer > 9);
    let versions: Vec<Value> = newer
        .map(|newer| {
            json!({
                "majorVersion": format!("POSTGRES_{newer}"),
                "name": format!("POSTGRES_{newer}"),
                "displayName": format!("PostgreSQL {newer}"),
            })
        })
        .collect();
    if !versions.is_empty() {
        view.set("upgradableDatabaseVersions", Value::Array(versions));
    }
}
