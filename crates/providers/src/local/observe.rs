//! The listing: folders, processes and running servers, turned into pgfleet's words.

mod existing;
mod relate;

use std::{collections::BTreeMap, fs, path::Path};

use futures_util::future::join_all;
use pgfleet_model::{
    Attributes, Condition, Endpoint, Inventory, ObjectVersion, ObservedInstance, Owner, PgVersion,
    Phase, Region, ResourceId, ResourceRef, Role, Value,
};
use pgfleet_postgres::{InstanceLock, Orphan, Server, Status, orphans};
use pgfleet_provider::{ErrorKind, ProviderError};

use super::{
    cluster_name::owner_in,
    config::{MAX_SLOTS, PORT, STANDBY_SETTINGS, ServerConfig, upstream_in},
    errors::Explain,
    host::Host,
    layout::{Layout, Life, Marker},
    platform::{CREATING_INTERRUPTED, DELETING_INTERRUPTED},
    session::{Answers, Session},
};

/// What is known of one folder before it is seen beside the others.
struct Found {
    instance: ObservedInstance,
    upstream: Option<Endpoint>,
    system: Option<u64>,
    answers: Option<Answers>,
    /// The names of a server's slots; `None`: not known.
    slots: Option<Vec<String>>,
    /// The slot that a replica follows over, by its settings.
    slot: Option<String>,
}

impl Found {
    /// Something that nothing is known of but its name.
    fn unknown(resource: ResourceRef, raw_phase: &str) -> Self {
        Self {
            instance: ObservedInstance {
                resource,
                owner: None,
                role: Role::Primary,
                source: None,
                phase: Phase::Unknown,
                raw_phase: raw_phase.to_owned(),
                condition: Condition::Sound,
                endpoint: None,
                version: None,
                attributes: Attributes::default(),
                pending: BTreeMap::new(),
            },
            upstream: None,
            system: None,
            answers: None,
            slots: None,
            slot: None,
        }
    }
}

/// Lists every instance below the data folder, ours or not.
pub(crate) async fn observe(host: &Host) -> Result<Inventory, ProviderError> {
    let root = host.root();
    if root.join("PG_VERSION").exists() {
        return Err(ProviderError::new(
            ErrorKind::Environment,
            format!(
                "{} is itself the data folder of a PostgreSQL server",
                root.display()
            ),
        )
        .remedy("name another folder with `data_dir` in [local]; nothing was touched"));
    }
    let mut found: Vec<Found> = Vec::new();
    let layouts = folders(root)?;
    for result in join_all(layouts.iter().map(|layout| look_at(host, layout))).await {
        found.extend(result?);
    }
    found.extend(join_all(host.existing().iter().map(existing::look_at)).await);
    let known: Vec<ResourceRef> = found
        .iter()
        .map(|one| one.instance.resource.clone())
        .collect();
    let strays = orphans(root)
        .into_iter()
        .filter_map(|orphan| stray(root, &orphan));
    found.extend(strays.filter(|stray| !known.contains(&stray.instance.resource)));
    relate::relate(&mut found);
    Ok(found.into_iter().map(|one| one.instance).collect())
}

/// The folders below the data folder that can be instances.
fn folders(root: &Path) -> Result<Vec<Layout>, ProviderError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(pgfleet_postgres::FileError::new("list", root, error).explain()),
    };
    let mut layouts: Vec<Layout> = entries
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| Layout::new(root, &ResourceId::new(entry.file_name().to_string_lossy())))
        .collect();
    layouts.sort_by(|a, b| a.id().cmp(b.id()));
    Ok(layouts)
}

/// Looks at one folder. `None`: there is nothing in it.
async fn look_at(host: &Host, layout: &Layout) -> Result<Option<Found>, ProviderError> {
    let Some(marker) = layout.marker().map_err(Explain::explain)? else {
        let occupied = layout.is_occupied().map_err(Explain::explain)?;
        return Ok(occupied.then(|| foreign(layout)));
    };
    let config = ServerConfig::read(&layout.config()).map_err(Explain::explain)?;
    let busy = InstanceLock::is_held(&layout.lock());
    let mut tags = marker.tags.clone();
    let owner = Owner::take_from(&mut tags);
    let mut found = Found {
        instance: ObservedInstance {
            resource: resource(layout.id()),
            owner,
            role: Role::Primary,
            source: None,
            phase: Phase::Creating,
            raw_phase: String::new(),
            condition: Condition::Sound,
            endpoint: config.port().map(endpoint),
            version: Some(ObjectVersion(marker.version())),
            attributes: Attributes {
                tags,
                ..Attributes::default()
            },
            pending: BTreeMap::new(),
        },
        upstream: config.upstream(),
        system: system_identifier(&layout.data()),
        answers: None,
        slots: None,
        slot: config.slot(),
    };
    match marker.life {
        Life::Creating | Life::Deleting => unfinished(&mut found, &marker, busy),
        Life::Ready => complete(host, layout, &config, busy, &mut found).await?,
    }
    Ok(Some(found))
}

/// A folder that is being made or removed, or was when that was interrupted.
fn unfinished(found: &mut Found, marker: &Marker, busy: bool) {
    let (phase, going, interrupted) = match marker.life {
        Life::Deleting => (Phase::Deleting, "deleting", DELETING_INTERRUPTED),
        _ => (Phase::Creating, "creating", CREATING_INTERRUPTED),
    };
    let instance = &mut found.instance;
    instance.phase = phase;
    instance.raw_phase = if busy { going } else { interrupted }.to_owned();
    instance.role = match &instance.owner {
        Some(owner) => owner.address.role(),
        None => Role::Primary,
    };
    found.upstream = None;
}

/// A folder with a complete server in it, running or not.
async fn complete(
    host: &Host,
    layout: &Layout,
    config: &ServerConfig,
    busy: bool,
    found: &mut Found,
) -> Result<(), ProviderError> {
    let data = layout.data();
    let major = match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => text.trim().parse::<PgVersion>().ok(),
        Err(_) => None,
    };
    let instance = &mut found.instance;
    let Some(version) = major else {
        let gone = format!("its data folder {} is gone or damaged", data.display());
        instance.condition = Condition::Broken(gone);
        instance.phase = Phase::Failed;
        instance.raw_phase = "no data".to_owned();
        if let Some(owner) = &instance.owner {
            instance.role = owner.address.role();
        }
        return Ok(());
    };
    let server = host.server(layout, Some(version.major))?;
    instance.attributes.postgres = Some(version);
    instance.role = if server.is_marked_standby() {
        Role::Replica
    } else {
        Role::Primary
    };
    written_settings(instance, config, &server).await;
    match server.status() {
        Status::Running { .. } => match ask(layout, running_port(&data).or(config.port())).await {
            Ok(answers) => {
                answered(found, answers);
                // What is in effect counts: a run may have ended between writing and restarting.
                if let Some(port) = running_port(&data) {
                    let instance = &mut found.instance;
                    instance.endpoint = Some(endpoint(port));
                    let settings = &mut instance.attributes.settings;
                    settings.insert(PORT.to_owned(), Value::Number(port.into()));
                }
            }
            Err(why) => {
                instance.phase = if busy {
                    Phase::Modifying
                } else {
                    Phase::Unknown
                };
                instance.raw_phase = format!("running, but not answering: {why}");
            }
        },
        Status::Stopped { .. } | Status::NoData => {
            // Also where somebody is at work on it: a run that was killed may leave a program behind that
            // is, and nobody who starts the server afterwards. Who starts it waits for them.
            instance.phase = Phase::Stopped;
            instance.raw_phase = "stopped".to_owned();
            found.slots = slots_on_disk(&data);
        }
    }
    Ok(())
}

async fn ask(layout: &Layout, port: Option<u16>) -> Result<Answers, String> {
    let port = port.ok_or("its settings name no port")?;
    let session = Session::open(layout, port)
        .await
        .map_err(|error| error.to_string())?;
    session.ask().await.map_err(|error| error.to_string())
}

/// The port that a running server listens on: the fourth line of its pid file.
fn running_port(data: &Path) -> Option<u16> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().nth(3)?.trim().parse().ok()
}

/// What the files say. A running server's own answers go before it.
async fn written_settings(instance: &mut ObservedInstance, config: &ServerConfig, server: &Server) {
    let settings = &mut instance.attributes.settings;
    let names = STANDBY_SETTINGS.into_iter().chain([MAX_SLOTS, PORT]);
    for name in names {
        if let Some(value) = config.number(name) {
            settings.insert(name.to_owned(), Value::Number(value));
        }
    }
    if matches!(server.status(), Status::Running { .. }) {
        return;
    }
    let Ok(control) = server.control().await else {
        return;
    };
    let written = [
        ("max_connections", control.max_connections),
        ("max_wal_senders", control.max_wal_senders),
        ("max_worker_processes", control.max_worker_processes),
        (
            "max_prepared_transactions",
            control.max_prepared_transactions,
        ),
        (
            "max_locks_per_transaction",
            control.max_locks_per_transaction,
        ),
    ];
    for (name, value) in written {
        settings
            .entry(name.to_owned())
            .or_insert(Value::Number(value.into()));
    }
}

/// A server that runs and answers.
fn answered(found: &mut Found, answers: Answers) {
    let instance = &mut found.instance;
    instance.phase = Phase::Available;
    instance.role = if answers.in_recovery {
        Role::Replica
    } else {
        Role::Primary
    };
    instance.raw_phase = match (answers.in_recovery, answers.receiving) {
        (false, _) => "running",
        (true, true) => "running, streaming",
        (true, false) => "running, not streaming",
    }
    .to_owned();
    let version = answers
        .version
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok());
    instance.attributes.postgres = version.or(instance.attributes.postgres);
    let settings = &mut instance.attributes.settings;
    for (name, value) in &answers.settings {
        settings.insert(name.clone(), Value::Number(*value));
    }
    // What is in effect counts: a run may have ended between writing and reloading.
    found.upstream = upstream_in(&answers.conninfo).or(found.upstream.take());
    found.slots = Some(answers.slots.iter().map(|slot| slot.name.clone()).collect());
    found.answers = Some(answers);
}

/// The slots of a server that does not run: a folder for each.
fn slots_on_disk(data: &Path) -> Option<Vec<String>> {
    let entries = fs::read_dir(data.join("pg_replslot")).ok()?;
    Some(
        entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect(),
    )
}

/// A folder with something in it that is not ours.
fn foreign(layout: &Layout) -> Found {
    let nested = layout.folder().join("PG_VERSION").exists();
    let what = if nested {
        "somebody else's PostgreSQL"
    } else {
        "a folder of other content"
    };
    Found::unknown(resource(layout.id()), what)
}

/// A server of ours that runs on although its folder was removed. Its command line bears our
/// tags, since the folder that did is gone.
fn stray(root: &Path, orphan: &Orphan) -> Option<Found> {
    let owner = owner_in(&orphan.command_line)?;
    let root = fs::canonicalize(root).ok()?;
    let id = orphan.data.strip_prefix(&root).ok()?.components().next()?;
    let id = ResourceId::new(id.as_os_str().to_string_lossy());
    let mut found = foreign(&Layout::new(&root, &id));
    found.instance.role = owner.address.role();
    found.instance.owner = Some(owner);
    found.instance.phase = Phase::Failed;
    found.instance.raw_phase = "running without its folder".to_owned();
    found.instance.condition = Condition::Broken("its folder was removed".to_owned());
    Some(found)
}

/// The number that a primary and everything copied from it share: the first eight bytes of the
/// control file, in the machine's own order.
pub(crate) fn system_identifier(data: &Path) -> Option<u64> {
    let bytes = fs::read(data.join("global/pg_control")).ok()?;
    bytes
        .first_chunk::<8>()
        .map(|first| u64::from_ne_bytes(*first))
}

pub(crate) fn resource(id: &ResourceId) -> ResourceRef {
    ResourceRef {
        region: Region::local(),
        id: id.clone(),
    }
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint {
        host: "127.0.0.1".to_owned(),
        port,
    }
}
