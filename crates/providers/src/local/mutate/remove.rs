//! Removing servers: the process, the slot, the folder, in this order, so that an interruption
//! leaves an instance that is still listed and can be removed again.

use pgfleet_model::{ResourceId, ResourceRef, Role};
use pgfleet_postgres::StopMode;
use pgfleet_provider::ProviderError;
use tokio::time::{Duration, Instant, sleep};

use super::{
    PATIENCE, Site,
    create::{end_leftovers, free_slot_on},
};
use crate::local::{
    errors::{Explain, refused},
    layout::{Layout, Life, Marker},
    session::SessionError,
    source::Source,
};

/// How long a primary may turn us away that has to drop a slot.
const TURNED_AWAY: Duration = Duration::from_secs(10);
/// How long a connection to it may fail before it counts as stopped.
const LOST: Duration = Duration::from_millis(500);
/// The pause between two tries.
const AGAIN: Duration = Duration::from_millis(100);

pub(super) async fn delete(site: Site, source: Option<ResourceRef>) -> Result<(), ProviderError> {
    if site.mutation.owner.address.role() == Role::Primary {
        refuse_with_replicas(&site)?;
    }
    if site.marker.is_some() {
        let server = site.server()?;
        server
            .stop(StopMode::Fast, PATIENCE)
            .await
            .map_err(Explain::explain)?;
    }
    end_leftovers(&site).await?;
    if let Some(source) = source {
        drop_slot(&site, &source).await?;
    }
    // From here on the data is not whole; until here the server can simply be started again.
    if let Some(marker) = site.marker.clone() {
        site.write_marker(Marker {
            life: Life::Deleting,
            ..marker
        })?;
    }
    site.on_layout(Layout::remove).await
}

/// The last line of defence: a replica may have been made since the plan was.
fn refuse_with_replicas(site: &Site) -> Result<(), ProviderError> {
    let entries = std::fs::read_dir(site.host.root())
        .into_iter()
        .flatten()
        .flatten();
    for entry in entries {
        let id = ResourceId::new(entry.file_name().to_string_lossy());
        let layout = Layout::new(site.host.root(), &id);
        let Ok(Some(marker)) = layout.marker() else {
            continue;
        };
        let owner = marker.owner();
        let fellow = owner.as_ref().is_some_and(|owner| {
            owner.fleet == site.mutation.owner.fleet && owner.address.role() == Role::Replica
        });
        if fellow && id != *site.layout.id() {
            return Err(
                refused(format!("{} still has the replica {id}", site.layout.id()))
                    .remedy("run the same command again: it deletes replicas first"),
            );
        }
    }
    Ok(())
}

/// Drops the replica's slot on a primary that answers. One that does not is going too, or shows the
/// slot as an orphan when it is back; one that turns us away is asked again for a while.
async fn drop_slot(site: &Site, source: &ResourceRef) -> Result<(), ProviderError> {
    let Ok(source) = Source::find(&site.host, source) else {
        return Ok(());
    };
    let slot = source.slot(site.layout.id());
    let began = Instant::now();
    loop {
        let dropped = match source.session().await {
            Ok(session) => free_slot_on(&session, &slot).await,
            Err(error) => Err(error),
        };
        match dropped {
            Err(SessionError::Refused(_)) if began.elapsed() < TURNED_AWAY => {}
            Err(SessionError::Lost(_)) if began.elapsed() < LOST => {}
            // It must not keep the replica: the slot shows as an orphan, and goes with the next apply.
            Err(why) => {
                tracing::warn!(%slot, primary = %source.resource, %why, "the slot stays");
                return Ok(());
            }
            Ok(()) => return Ok(()),
        }
        sleep(AGAIN).await;
    }
}
