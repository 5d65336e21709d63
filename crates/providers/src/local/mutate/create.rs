//! What making a primary and making a replica have in common. What fails or is interrupted leaves
//! nothing that counts as an instance.

use std::collections::BTreeSet;

use pgfleet_model::{Bootstrap, DesiredInstance};
use pgfleet_postgres::{Server, StopMode, end_orphan, orphans, passfile_line};
use pgfleet_provider::{ErrorKind, ProviderError};
use tokio::time::{Duration, Instant, sleep};

use super::{PATIENCE, Site, random_name};
use crate::local::{
    errors::Explain,
    layout::{Layout, Life, Marker},
    ports,
    session::{Session, SessionError},
};

/// `pg_hba.conf`: passwords everywhere, and loopback only. `method` is how they are asked for.
pub(super) fn hba(method: &str) -> String {
    format!(
        "# Written by pgfleet.
local  all          all                {method}
host   all          all  127.0.0.1/32  {method}
host   all          all  ::1/128       {method}
local  replication  all                {method}
host   replication  all  127.0.0.1/32  {method}
"
    )
}

/// Makes the folder, marks it as unfinished and keeps a port for it: the `asked` one, or the next
/// free one from `first` on. What an interrupted run left is removed.
pub(super) async fn begin(
    site: &Site,
    desired: &DesiredInstance,
    bootstrap: &Bootstrap,
    asked: Option<u16>,
    first: u16,
) -> Result<Marker, ProviderError> {
    end_leftovers(site).await?;
    site.on_layout(Layout::remove_contents).await?;
    let mut marker = Marker {
        tags: desired.attributes.tags.clone(),
        life: Life::Creating,
        incarnation: random_name()?,
        revision: 0,
        reserved_port: asked,
        database: bootstrap.database.clone(),
        admin: bootstrap.admin.clone(),
    };
    marker.set_owner(&site.mutation.owner);
    site.host
        .account()
        .create_folder(&site.layout.folder())
        .map_err(Explain::explain)?;
    if asked.is_some() {
        return site.write_marker(marker);
    }
    let nothing = BTreeSet::new();
    let mut kept = marker.clone();
    ports::assign(&site.host, first, &nothing, |port| {
        kept = site.write_marker(Marker {
            reserved_port: Some(port),
            ..marker
        })?;
        Ok(())
    })
    .await?;
    Ok(kept)
}

/// The instance is complete; the port is in its settings now.
pub(super) fn complete(site: &Site, marker: Marker) -> Result<(), ProviderError> {
    site.write_marker(Marker {
        life: Life::Ready,
        reserved_port: None,
        ..marker
    })
    .map(drop)
}

/// Ends servers that still run where this instance's folder was, removed under them.
pub(super) async fn end_leftovers(site: &Site) -> Result<(), ProviderError> {
    let data = site.layout.data();
    let resolved = std::fs::canonicalize(site.host.root())
        .map(|root| Layout::new(&root, site.layout.id()).data());
    for orphan in orphans(site.host.root()) {
        if orphan.data == data
            || resolved
                .as_ref()
                .is_ok_and(|resolved| orphan.data == *resolved)
        {
            end_orphan(&orphan).await.map_err(Explain::explain)?;
        }
    }
    let server = site.server()?;
    server
        .stop(StopMode::Immediate, PATIENCE)
        .await
        .map_err(Explain::explain)
        .map(drop)
}

/// The line of a password file that lets a role in on this machine's servers.
pub(super) fn passfile(user: &str, password: &str, host: &str) -> Result<String, ProviderError> {
    let line = passfile_line(host, "*", "*", user, password).map_err(Explain::explain)?;
    Ok(format!("{line}\n"))
}

/// Drops a slot that an earlier replica of this name left; one in use is waited for a little,
/// since a sender takes a moment to see that its replica is gone.
pub(super) async fn free_slot_on(session: &Session, slot: &str) -> Result<(), SessionError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let slots = session.ask().await?.slots;
        match slots.iter().find(|found| found.name == slot) {
            None => return Ok(()),
            Some(found) if found.active && Instant::now() < deadline => {
                sleep(Duration::from_millis(50)).await;
            }
            Some(_) => session.drop_slot(slot).await?,
        }
    }
}

/// Makes a slot in place of whatever has its name. A run that was killed may have asked for it an
/// instant before, and the server makes it after all.
pub(super) async fn make_slot(session: &Session, slot: &str) -> Result<(), SessionError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        free_slot_on(session, slot).await?;
        match session.create_slot(slot).await {
            Err(error) if error.is_duplicate() && Instant::now() < deadline => {}
            made => return made,
        }
    }
}

/// Waits until a replica receives from its primary.
pub(super) async fn until_streaming(layout: &Layout, port: u16) -> Result<(), ProviderError> {
    let deadline = Instant::now() + PATIENCE;
    let session = Session::open(layout, port)
        .await
        .map_err(Explain::explain)?;
    while !session.is_receiving().await.map_err(Explain::explain)? {
        if Instant::now() >= deadline {
            return Err(ProviderError::new(
                ErrorKind::Environment,
                format!(
                    "{} runs, but does not receive from its primary",
                    layout.id()
                ),
            )
            .remedy(format!("its log says why: {}", layout.log().display())));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// A server that could not be completed is removed, so that it fills no disk and holds no port,
/// and its slot with it, which would keep the log for nobody.
pub(super) async fn undo_if_failed(
    site: &Site,
    server: Option<&Server>,
    slot: Option<(&Session, &str)>,
    built: Result<(), ProviderError>,
) -> Result<(), ProviderError> {
    let Err(error) = built else { return Ok(()) };
    // The first error is the one that counts; what cannot be removed is removed by the next run.
    if let Some(server) = server {
        let _ = server.stop(StopMode::Immediate, PATIENCE).await;
    }
    if let Some((primary, slot)) = slot {
        let _ = free_slot_on(primary, slot).await;
    }
    let _ = site.on_layout(Layout::remove).await;
    Err(error)
}
