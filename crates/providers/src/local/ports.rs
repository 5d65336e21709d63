//! Which port a new server takes.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use pgfleet_model::ResourceId;
use pgfleet_postgres::{FileError, InstanceLock, port_is_free};
use pgfleet_provider::{ErrorKind, ProviderError, Retry};
use tokio::time::{Instant, sleep};

use super::{
    config::ServerConfig,
    errors::Explain,
    host::Host,
    layout::{Layout, PORTS_LOCK, locks},
};

/// The primary's port where the plan names none.
pub(crate) const FIRST: u16 = 5440;

/// How long the choice may take, with every other operation choosing at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ports that the servers below `root` are set to, running or not, or that are kept for them.
fn taken(root: &Path) -> Result<BTreeSet<u16>, FileError> {
    let entries = fs::read_dir(root).map_err(|error| FileError::new("list", root, error))?;
    let mut ports = BTreeSet::new();
    for entry in entries.flatten() {
        let layout = Layout::new(root, &ResourceId::new(entry.file_name().to_string_lossy()));
        // What cannot be read holds no port that we gave it.
        ports.extend(
            ServerConfig::read(&layout.config())
                .unwrap_or_default()
                .port(),
        );
        ports.extend(
            layout
                .marker()
                .ok()
                .flatten()
                .and_then(|marker| marker.reserved_port),
        );
    }
    Ok(ports)
}

/// Chooses the next free port from `first` on and keeps it by `keep`, all under one lock, so that
/// two servers made at once never choose the same.
pub(crate) async fn assign(
    host: &Host,
    first: u16,
    avoid: &BTreeSet<u16>,
    keep: impl FnOnce(u16) -> Result<(), ProviderError> + Send,
) -> Result<u16, ProviderError> {
    let _lock = lock(host).await?;
    let taken = taken(host.root()).map_err(Explain::explain)?;
    let port = (first..=u16::MAX)
        .find(|port| !taken.contains(port) && !avoid.contains(port) && port_is_free(*port))
        .ok_or_else(|| {
            ProviderError::new(
                ErrorKind::Environment,
                format!("no port from {first} to 65535 is free"),
            )
        })?;
    keep(port)?;
    Ok(port)
}

async fn lock(host: &Host) -> Result<InstanceLock, ProviderError> {
    let path = locks(host.root()).join(PORTS_LOCK);
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Made for the account first: a lock that root made would keep its owner out.
        let made = host.account().create_file(&path);
        let taken = made.and_then(|()| InstanceLock::try_acquire(&path));
        match taken.map_err(Explain::explain)? {
            Some(lock) => return Ok(lock),
            None if Instant::now() >= deadline => {
                return Err(ProviderError::new(
                    ErrorKind::Busy,
                    format!("{} is held by another run", path.display()),
                )
                .retry(Retry::Backoff));
            }
            None => sleep(Duration::from_millis(20)).await,
        }
    }
}
