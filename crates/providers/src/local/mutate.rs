//! The calls that change something: who may make them, and what each does.

mod alter;
mod create;
mod preflight;
mod primary;
mod remove;
mod replica;

use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};

use pgfleet_model::{Mutation, ObjectVersion, Operation};
use pgfleet_postgres::{
    Account, FileError, InstanceLock, Server, StartError, StartOptions, Status, StopMode,
};
use pgfleet_provider::{ErrorKind, ProviderError, Retry, Secrets};
use secrecy::SecretString;

use super::{
    cluster_name::cluster_name,
    config::{PORT, ServerConfig},
    errors::{Explain, busy, refused},
    host::Host,
    layout::{Layout, Life, Marker},
    ports,
};

pub(crate) use preflight::preflight;

/// How long a server may take to start, to stop, or to begin to stream.
const PATIENCE: Duration = Duration::from_secs(60);

/// The work of an operation, to be run in the background.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), ProviderError>> + Send>>;

/// One instance that an operation works on, locked against everybody else.
struct Site {
    host: Arc<Host>,
    layout: Layout,
    mutation: Mutation,
    marker: Option<Marker>,
    lock: InstanceLock,
}

/// Locks the instance, sees that the mutation may be made, and returns its work.
pub(crate) async fn begin(
    host: Arc<Host>,
    mutation: &Mutation,
    expect: Option<&ObjectVersion>,
    secrets: Secrets,
) -> Result<Work, ProviderError> {
    // First of all: a password that cannot be read fails without a trace.
    let password = admin_password(mutation, secrets).await?;
    let (root, account) = (host.root(), host.account());
    account
        .check_reachable(root)
        .await
        .map_err(Explain::explain)?;
    account.create_folder(root).map_err(Explain::explain)?;
    let layout = Layout::new(root, &mutation.resource.id);
    let lock = take_lock(account, &layout)?.ok_or_else(|| busy(layout.id()))?;
    let marker = layout.marker().map_err(Explain::explain)?;
    admit(&layout, mutation, marker.as_ref(), expect)?;
    let site = Site {
        host,
        layout,
        mutation: mutation.clone(),
        marker,
        lock,
    };
    Ok(match mutation.operation.clone() {
        Operation::CreatePrimary { desired } => Box::pin(primary::make(site, *desired, password)),
        Operation::CreateReplica { desired, source } => {
            Box::pin(replica::make(site, *desired, source))
        }
        Operation::Modify { fields, .. } => Box::pin(alter::modify(site, fields)),
        Operation::Start => Box::pin(alter::start(site)),
        Operation::Delete { source, .. } => Box::pin(remove::delete(site, source)),
    })
}

/// Takes the instance's lock. `None`: somebody else has it.
fn take_lock(account: &Account, layout: &Layout) -> Result<Option<InstanceLock>, ProviderError> {
    let path = layout.lock();
    let mut tries = 0;
    loop {
        if let Some(folder) = path.parent() {
            account.create_folder(folder).map_err(Explain::explain)?;
        }
        // Made for the account first: a lock that root made would keep its owner out.
        let made = account.create_file(&path);
        match made.and_then(|()| InstanceLock::try_acquire(&path)) {
            // The run that removed the last instance removed the folder between the two calls.
            Err(error) if error.source.kind() == io::ErrorKind::NotFound && tries < 10 => {
                tries += 1;
            }
            taken => return taken.map_err(Explain::explain),
        }
    }
}

/// The administrator's password, where the plan names a source for it and it is needed.
async fn admin_password(
    mutation: &Mutation,
    secrets: Secrets,
) -> Result<Option<SecretString>, ProviderError> {
    let Operation::CreatePrimary { desired } = &mutation.operation else {
        return Ok(None);
    };
    let source = desired
        .bootstrap
        .as_ref()
        .and_then(|bootstrap| bootstrap.password.clone());
    let Some(source) = source else {
        return Ok(None);
    };
    // A command may take its time.
    let read = on_disk(move || secrets.read(&source)).await?;
    read.map(Some).map_err(Explain::explain)
}

/// Whether the mutation may be made to what is there, now that nobody else can change it.
fn admit(
    layout: &Layout,
    mutation: &Mutation,
    marker: Option<&Marker>,
    expect: Option<&ObjectVersion>,
) -> Result<(), ProviderError> {
    let id = layout.id();
    let creates = mutation.operation.is_create();
    let Some(marker) = marker else {
        if layout.is_occupied().map_err(Explain::explain)? {
            return Err(refused(format!(
                "{} holds something that is not pgfleet's",
                layout.folder().display()
            ))
            .remedy("move it away, or give the instance another name in the plan file"));
        }
        // A server whose folder was removed has no marker and is deleted all the same.
        let gone = !creates && !matches!(mutation.operation, Operation::Delete { .. });
        return if gone { Err(not_there(id)) } else { Ok(()) };
    };
    match marker.owner() {
        Some(owner) if owner.fleet == mutation.owner.fleet => {}
        _ => return Err(refused(format!("{id} belongs to somebody else"))),
    }
    let moved = expect.is_some_and(|expect| expect.0 != marker.version());
    let conflict = |retry| {
        ProviderError::new(
            ErrorKind::Conflict,
            format!("another run has changed {id} meanwhile"),
        )
        .remedy("run pgfleet plan again, and look at what it says now")
        .retry(retry)
    };
    match (&mutation.operation, marker.life) {
        _ if creates && marker.life == Life::Ready => Err(ProviderError::new(
            ErrorKind::AlreadyExists,
            format!("{id} exists already"),
        )
        .retry(Retry::Reobserve)),
        _ if creates => Ok(()),
        (Operation::Delete { .. }, Life::Deleting | Life::Creating) => Ok(()),
        // What another run has just made or changed is not deleted unseen.
        (Operation::Delete { .. }, Life::Ready) if moved => Err(conflict(Retry::Never)),
        (_, Life::Creating | Life::Deleting) => Err(not_there(id)),
        _ if moved => Err(conflict(Retry::Reobserve)),
        _ => Ok(()),
    }
}

fn not_there(id: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorKind::NotFound, format!("{id} is not there any more"))
        .remedy("run the same command again: it goes by what is there by then")
        .retry(Retry::Reobserve)
}

impl Site {
    /// The instance's server, with the programs of its own major version.
    fn server(&self) -> Result<Server, ProviderError> {
        let text = std::fs::read_to_string(self.layout.data().join("PG_VERSION"));
        let major = text.ok().and_then(|text| text.trim().parse().ok());
        self.host.server(&self.layout, major)
    }

    /// Bears our tags on its command line, so that it is known even without its folder.
    fn start_options(&self) -> StartOptions {
        StartOptions {
            settings: vec![(
                "cluster_name".to_owned(),
                cluster_name(&self.mutation.owner),
            )],
            wait: PATIENCE,
        }
    }

    /// Works on the folder for as long as the disk takes. The work keeps the lock even when nobody
    /// waits for it any more: it cannot be cut short.
    async fn on_layout(
        &self,
        work: impl FnOnce(&Layout) -> Result<(), FileError> + Send + 'static,
    ) -> Result<(), ProviderError> {
        let layout = self.layout.clone();
        let lock = self
            .lock
            .share()
            .map_err(|error| FileError::new("share", layout.lock(), error).explain())?;
        let done = on_disk(move || {
            let _held = lock;
            work(&layout)
        });
        done.await?.map_err(Explain::explain)
    }

    /// Writes the marker with its revision raised.
    fn write_marker(&self, mut marker: Marker) -> Result<Marker, ProviderError> {
        marker.revision += 1;
        self.layout
            .write_marker(self.host.account(), &marker)
            .map_err(Explain::explain)?;
        Ok(marker)
    }

    /// Starts the server on the port in its settings.
    async fn start(&self, server: &Server) -> Result<(), StartError> {
        if matches!(server.status(), Status::Stopped { .. }) {
            self.clear_sockets();
        }
        server.start(&self.start_options(), Some(&self.lock)).await
    }

    /// Stops the server and starts it again, with the settings that are in its file by now.
    async fn restart(&self, server: &Server) -> Result<(), ProviderError> {
        server
            .stop(StopMode::Fast, PATIENCE)
            .await
            .map_err(Explain::explain)?;
        self.start(server).await.map_err(Explain::explain)
    }

    /// Removes the sockets of a server that was killed: PostgreSQL refuses to start over them as
    /// long as their process number is somebody's. The folder is this instance's alone.
    fn clear_sockets(&self) {
        let entries = std::fs::read_dir(self.layout.folder())
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            if entry.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
                // What cannot be removed is reported by the server, with its name.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Starts the server; a replica whose port somebody has taken meanwhile gets another.
    async fn start_anywhere(
        &self,
        server: &Server,
        config: &mut ServerConfig,
        first: u16,
    ) -> Result<(), ProviderError> {
        let mut avoid = std::collections::BTreeSet::new();
        loop {
            match self.start(server).await {
                Ok(()) => return Ok(()),
                Err(StartError::PortTaken { port }) if avoid.len() < 100 => {
                    avoid.extend(config.port());
                    avoid.insert(port);
                    ports::assign(&self.host, first, &avoid, |port| {
                        config.set(PORT, port.to_string());
                        let path = self.layout.config();
                        config
                            .write(self.host.account(), &path)
                            .map_err(Explain::explain)
                    })
                    .await?;
                }
                Err(error) => return Err(error.explain()),
            }
        }
    }
}

/// Runs what blocks for as long as a disk takes where it holds up nobody.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProviderError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ProviderError::new(ErrorKind::Internal, error.to_string()))
}

/// Sixteen random bytes in hexadecimal digits.
pub(crate) fn random_name() -> Result<String, ProviderError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        ProviderError::new(
            ErrorKind::Environment,
            format!("no random numbers: {error}"),
        )
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
