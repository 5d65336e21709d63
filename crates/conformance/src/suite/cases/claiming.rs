//! Whose an instance is, changed by its tags alone.

use std::time::Duration;

use pgfleet_model::{ObservedInstance, Owner, ResourceRef};
use pgfleet_planner::Goal;
use pgfleet_provider::{Backoff, ErrorKind, ProviderError};

use crate::suite::{
    CaseResult, Shape, Verdict,
    desk::{Desk, changes, expect, same},
};

/// Tags are taken off, which makes an instance somebody else's, and put on again; nothing else of
/// it changes.
pub(crate) async fn claim(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    desk.apply(&shape).await?;
    let before = desk.live(&shape, "replica-1").await?;
    let resource = &before.resource;
    match claimed(desk, resource, None).await {
        Ok(()) => {}
        Err(error) if error.kind == ErrorKind::Unsupported => {
            return Ok(Verdict::NotSupported(error.to_string()));
        }
        Err(error) => return Err(format!("the tags are not taken off: {error}")),
    }
    for _ in 0..2 {
        expect(desk.live(&shape, "replica-1").await.is_err(), || {
            "it bears the tags still".to_owned()
        })?;
        let plan = desk.plan(&shape, Goal::Apply).await?;
        let refused = plan.checks.iter().any(|check| check.code == "ownership");
        expect(refused && plan.is_refused(), || {
            format!("a plan takes it for its own: {}", changes(&plan).join("; "))
        })?;
        // Another process sees the same.
        desk.restart().await;
    }
    for _ in 0..2 {
        // Once more is no trouble.
        let again = claimed(desk, resource, before.owner.as_ref()).await;
        again.map_err(|error| format!("the tags are not put on: {error}"))?;
        let after = desk.live(&shape, "replica-1").await?;
        same(
            "the instance",
            &after,
            &ObservedInstance {
                version: after.version.clone(),
                ..before.clone()
            },
        )?;
    }
    desk.apply(&shape).await?;
    Ok(Verdict::Ran)
}

/// Claims an instance, and asks again while it is busy, as everybody who claims does.
async fn claimed(
    desk: &Desk<'_>,
    resource: &ResourceRef,
    owner: Option<&Owner>,
) -> Result<(), ProviderError> {
    let (backoff, mut attempt, mut pause_so_far) = (Backoff::default(), 0, Duration::ZERO);
    loop {
        let answer = desk.provider().claim(resource, owner).await;
        attempt += 1;
        let pause = match &answer {
            Err(error) if error.kind == ErrorKind::Busy => {
                backoff.pause(error.retry, attempt, pause_so_far, 0.5)
            }
            _ => None,
        };
        let Some(pause) = pause else { return answer };
        pause_so_far += pause;
        tokio::time::sleep(pause).await;
    }
}
