//! What this machine lacks for a plan: programs, ports, room.

use std::path::Path;

use pgfleet_model::{Check, Field, Mutation, Operation, Value};
use pgfleet_postgres::{Account, Status, folder_bytes, free_bytes, port_is_free};
use pgfleet_provider::ProviderError;

use crate::local::{
    config::{PORT, ServerConfig},
    errors::Explain,
    host::Host,
    layout::Layout,
    platform::as_number,
};

/// What an empty primary takes on disk, with its first segments of log, in bytes.
const EMPTY_PRIMARY: u64 = 64 * 1024 * 1024;

/// Looks whether the machine has what the mutations need. Touches nothing.
pub(crate) async fn preflight(
    host: &Host,
    mutations: &[&Mutation],
) -> Result<Vec<Check>, ProviderError> {
    let mut checks = Vec::new();
    let mut needed: u64 = 0;
    for mutation in mutations {
        match &mutation.operation {
            Operation::CreatePrimary { desired } => {
                let major = desired.attributes.postgres.map(|version| version.major);
                host.installation(major)?;
                writable(host).await?;
                needed += EMPTY_PRIMARY;
                let port = desired.attributes.settings.get(PORT);
                checks.extend(port.and_then(|port| taken(host, mutation, port)));
            }
            Operation::CreateReplica { source, .. } => {
                writable(host).await?;
                let layout = Layout::new(host.root(), &source.id);
                needed += folder_bytes(&layout.data()).unwrap_or(0).max(EMPTY_PRIMARY);
            }
            Operation::Modify { fields, .. } => {
                let port = fields
                    .iter()
                    .find(|change| change.field == Field::Setting(PORT.into()));
                checks.extend(port.and_then(|change| taken(host, mutation, &change.to)));
            }
            Operation::Start | Operation::Delete { .. } => {}
        }
    }
    if needed > 0 {
        checks.extend(no_room(host.root(), needed)?);
    }
    Ok(checks)
}

fn taken(host: &Host, mutation: &Mutation, port: &Value) -> Option<Check> {
    let port = as_number(port).and_then(|port| u16::try_from(port).ok())?;
    (!port_is_free(port) && !is_its_own(host, mutation, port)).then(|| {
        Check::error(
            "local/port-taken",
            format!("port {port} is taken by another program"),
        )
        .at(&mutation.owner.address)
        .key("local.port")
        .remedy("end that program, or choose another port")
        .source("docs/local.md")
    })
}

/// Whether it is the instance's own server that has the port: a run started it that was killed
/// before it was done, or is about to be. Who makes the instance anew ends it first.
fn is_its_own(host: &Host, mutation: &Mutation, port: u16) -> bool {
    let layout = Layout::new(host.root(), &mutation.resource.id);
    let set = ServerConfig::read(&layout.config()).is_ok_and(|config| config.port() == Some(port));
    set && host
        .server(&layout, None)
        .is_ok_and(|server| matches!(server.status(), Status::Running { .. }))
}

/// Whether servers can be made below the data folder.
async fn writable(host: &Host) -> Result<(), ProviderError> {
    let (root, account): (&Path, &Account) = (host.root(), host.account());
    account
        .check_reachable(root)
        .await
        .map_err(Explain::explain)?;
    account.check_writable(root).await.map_err(Explain::explain)
}

fn no_room(root: &Path, needed: u64) -> Result<Option<Check>, ProviderError> {
    let free = free_bytes(root).map_err(Explain::explain)?;
    let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
    Ok((free < needed).then(|| {
        Check::error(
            "local/disk-space",
            format!(
                "the plan needs about {} MiB below {}, and {} MiB are free",
                mib(needed),
                root.display(),
                mib(free)
            ),
        )
        .remedy("make room, or name a folder on another disk with `data_dir` in [local]")
        .key("local.data_dir")
        .source("docs/local.md")
    }))
}
