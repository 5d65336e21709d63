//! Altering and starting servers.

use std::collections::BTreeSet;

use pgfleet_model::{Endpoint, Field, FieldChange, Value};
use pgfleet_postgres::{Status, port_is_free};
use pgfleet_provider::{ErrorKind, ProviderError};

use super::{
    Site,
    create::{free_slot_on, until_streaming},
};
use crate::local::{
    config::{ORPHAN_SLOTS, PORT, ServerConfig, UPSTREAM},
    errors::{Explain, refused},
    layout::{FOREIGN_SLOT, Marker, slot_name},
    session::{Session, read_pgpass},
};

/// Starts a stopped server.
pub(super) async fn start(site: Site) -> Result<(), ProviderError> {
    let server = site.server()?;
    let mut config = ServerConfig::read(&site.layout.config()).map_err(Explain::explain)?;
    match config.upstream() {
        Some(upstream) => {
            let first = upstream.port.saturating_add(1);
            site.start_anywhere(&server, &mut config, first).await?;
        }
        None => site.start(&server).await.map_err(Explain::explain)?,
    }
    raise_revision(&site)
}

/// Alters settings and tags, with a restart where PostgreSQL needs one.
pub(super) async fn modify(site: Site, fields: Vec<FieldChange>) -> Result<(), ProviderError> {
    let server = site.server()?;
    let mut marker = marker(&site)?;
    let mut config = ServerConfig::read(&site.layout.config()).map_err(Explain::explain)?;
    // What is stopped is started with the new settings by the step that follows.
    let runs = matches!(server.status(), Status::Running { .. });
    let mut restart = false;
    let mut follow = false;
    for FieldChange { field, from: _, to } in &fields {
        match (field, to) {
            (Field::Tags, Value::Map(tags)) => marker.tags.extend(tags.clone()),
            (Field::Address, _) => marker.set_owner(&site.mutation.owner),
            (Field::Setting(name), Value::List(keep)) if name == ORPHAN_SLOTS => {
                // Without a server there is nobody to ask; the next listing shows them again.
                if runs {
                    drop_slots(&site, &config, keep).await?;
                }
            }
            (Field::Setting(name), Value::Text(upstream)) if name == UPSTREAM => {
                let (user, _) = read_pgpass(&site.layout.pgpass()).map_err(Explain::explain)?;
                let slot = config.slot().unwrap_or_else(|| slot_name(site.layout.id()));
                config.follow(&site.layout, &endpoint(upstream)?, &user, &slot);
                follow = true;
            }
            (Field::Setting(name), Value::Number(number)) => {
                if name == PORT {
                    check_port(*number)?;
                }
                config.set(name, number.to_string());
                restart = true;
            }
            (field, _) => return Err(refused(format!("{field} cannot be altered"))),
        }
    }
    if restart || follow {
        config
            .write(site.host.account(), &site.layout.config())
            .map_err(Explain::explain)?;
    }
    if restart && runs {
        site.restart(&server).await?;
    } else if follow && runs {
        server.reload().map_err(Explain::explain)?;
        if let Some(port) = config.port() {
            until_streaming(&site.layout, port).await?;
        }
    }
    site.write_marker(marker).map(drop)
}

fn endpoint(text: &str) -> Result<Endpoint, ProviderError> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        Some(Endpoint {
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| refused(format!("`{text}` is no HOST:PORT")))
}

fn marker(site: &Site) -> Result<Marker, ProviderError> {
    site.marker
        .clone()
        .ok_or_else(|| refused(format!("{} has no marker", site.layout.id())))
}

fn raise_revision(site: &Site) -> Result<(), ProviderError> {
    site.write_marker(marker(site)?).map(drop)
}

fn check_port(port: u64) -> Result<(), ProviderError> {
    match u16::try_from(port) {
        Ok(port) if port_is_free(port) => Ok(()),
        _ => Err(ProviderError::new(
            ErrorKind::Environment,
            format!("port {port} is taken by another program"),
        )
        .remedy("end that program, or choose another port with `port` in [local]")),
    }
}

/// Drops the slots of ours that no replica uses, but for those to be kept.
async fn drop_slots(
    site: &Site,
    config: &ServerConfig,
    keep: &BTreeSet<String>,
) -> Result<(), ProviderError> {
    let port = config
        .port()
        .ok_or_else(|| refused("its settings name no port"))?;
    let session = Session::open(&site.layout, port)
        .await
        .map_err(Explain::explain)?;
    let known = known_slots(site);
    for slot in session.ask().await.map_err(Explain::explain)?.slots {
        let ours = slot.name.starts_with("pgfleet_") && !slot.name.starts_with(FOREIGN_SLOT);
        if ours && !keep.contains(&slot.name) && !known.contains(&slot.name) {
            free_slot_on(&session, &slot.name)
                .await
                .map_err(Explain::explain)?;
        }
    }
    Ok(())
}

/// The slots of the folders that are there now: one may have come since the plan was made.
fn known_slots(site: &Site) -> Vec<String> {
    let entries = std::fs::read_dir(site.host.root())
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| {
            slot_name(&pgfleet_model::ResourceId::new(
                entry.file_name().to_string_lossy(),
            ))
        })
        .collect()
}
