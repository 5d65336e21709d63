//! What a platform has, or says that it has not.

use pgfleet_model::{Field, Operation, Severity, Value};
use pgfleet_planner::Goal;
use pgfleet_provider::{ErrorKind, Secrets};

use crate::{
    drive,
    suite::{
        CaseResult, Shape, Verdict,
        desk::{Desk, expect, same},
    },
};

pub(crate) async fn multi_az_primary(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape {
        multi_az_primary: true,
        ..Shape::of(0)
    };
    two_zones(
        desk,
        &shape,
        "primary",
        desk.capabilities().multi_az_primary,
    )
    .await
}

pub(crate) async fn multi_az_replica(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape {
        multi_az_replica: true,
        ..Shape::of(1)
    };
    two_zones(
        desk,
        &shape,
        "replica-1",
        desk.capabilities().multi_az_replica,
    )
    .await
}

async fn two_zones(desk: &Desk<'_>, shape: &Shape, at: &str, declared: bool) -> CaseResult {
    if !declared {
        return refused(desk, shape).await;
    }
    desk.apply(shape).await?;
    let live = desk.live(shape, at).await?;
    let pending = live.pending.get(&Field::MultiAz).cloned();
    let zones = pending.or_else(|| live.attributes.get(&Field::MultiAz));
    same(
        "whether it is in two zones",
        &zones,
        &Some(Value::Flag(true)),
    )?;
    Ok(Verdict::Ran)
}

/// What is not declared is refused, by the plan file's rules or by a check with a remedy.
async fn refused(desk: &Desk<'_>, shape: &Shape) -> CaseResult {
    if let Err(problems) = desk.spec(shape) {
        return Ok(Verdict::NotSupported(problems));
    }
    let plan = desk.plan(shape, Goal::Apply).await?;
    let refusals = drive::refusals(&plan);
    expect(plan.is_refused(), || {
        "it is not declared, and no check refuses it".to_owned()
    })?;
    let mut errors = plan
        .checks
        .iter()
        .filter(|check| check.severity == Severity::Error);
    let bare = errors.find(|check| check.remedy.is_empty() || check.source.is_empty());
    expect(bare.is_none(), || {
        format!("a check without remedy or source: {bare:?}")
    })?;
    Ok(Verdict::NotSupported(refusals.join("; ")))
}

pub(crate) async fn region(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape {
        abroad: true,
        ..Shape::of(0)
    };
    if !desk.capabilities().regions {
        return refused(desk, &shape).await;
    }
    desk.apply(&shape).await?;
    let live = desk.live(&shape, "abroad-1").await?;
    let region = live.resource.region.to_string();
    same(
        "the replica's region",
        &region,
        &desk.subject.words().other_region,
    )?;
    // A plan without it finds it all the same, and takes it away.
    let plan = desk.apply(&Shape::of(0)).await?;
    same("the changes", &plan.set.effective().count(), &1)?;
    Ok(Verdict::Ran)
}

pub(crate) async fn replicas(desk: &Desk<'_>) -> CaseResult {
    let Some(limit) = desk.capabilities().max_replicas else {
        return Ok(Verdict::NotSupported("it declares no limit".to_owned()));
    };
    let plan = desk.plan(&Shape::of(limit + 1), Goal::Apply).await?;
    let about = plan
        .checks
        .iter()
        .find(|check| check.code.ends_with("replica-limit"));
    expect(about.is_some(), || {
        "no check `PLATFORM/replica-limit`".to_owned()
    })?;
    let plan = desk.plan(&Shape::of(limit), Goal::Apply).await?;
    let about = plan
        .checks
        .iter()
        .find(|check| check.code.ends_with("replica-limit"));
    expect(about.is_none(), || {
        format!("{limit} replicas are too many: {about:?}")
    })?;
    Ok(Verdict::Ran)
}

pub(crate) async fn final_snapshot(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(0);
    desk.apply(&shape).await?;
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let plan = desk.accepted(&shape, goal).await?;
    let asks = |operation: &Operation| {
        matches!(
            operation,
            Operation::Delete {
                final_snapshot: true,
                ..
            }
        )
    };
    let step = plan
        .steps
        .iter()
        .find(|step| asks(&step.mutation.operation));
    if desk.capabilities().final_snapshot {
        expect(step.is_some(), || {
            "no step asks for the snapshot".to_owned()
        })?;
        desk.reach(&shape, goal).await?;
        return Ok(Verdict::Ran);
    }
    if let Some(check) = plan
        .checks
        .iter()
        .find(|check| check.code.contains("snapshot"))
    {
        return Ok(Verdict::NotSupported(format!(
            "{}: {}",
            check.code, check.message
        )));
    }
    let step = step.ok_or("no step and no check says what becomes of the snapshot")?;
    match desk.provider().begin(&step.mutation, None, &Secrets).await {
        Err(error) if error.kind == ErrorKind::Unsupported => {
            Ok(Verdict::NotSupported(error.message))
        }
        other => Err(format!("an undeclared snapshot is answered with {other:?}")),
    }
}
