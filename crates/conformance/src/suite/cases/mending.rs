//! What went wrong behind pgfleet's back, or on the way.

use pgfleet_model::{Condition, Mutation, Operation, Phase};
use pgfleet_planner::Goal;
use pgfleet_provider::{ErrorKind, Secrets};

use crate::suite::{
    CaseResult, Shape, Verdict,
    desk::{Desk, addresses, cannot, changes, name, same},
};

pub(crate) async fn missing(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(2);
    let plan = desk.apply(&shape).await?;
    if let Some(verdict) = cannot(desk.subject.remove(&name(&plan, "replica-1")?).await?) {
        return Ok(verdict);
    }
    let plan = desk.apply(&shape).await?;
    let wanted = vec!["replica-1 create missing".to_owned()];
    // Where something of it is left (its process, its slot), that goes first.
    let found: Vec<String> = changes(&plan)
        .into_iter()
        .filter(|line| line.contains("create"))
        .collect();
    let rebuilt = found == ["replica-1 create rebuild"];
    if !rebuilt {
        same("the changes", &found, &wanted)?;
    }
    let found = addresses(&desk.owned(&shape).await?).len();
    same("the number of instances", &found, &3)?;
    Ok(Verdict::Ran)
}

pub(crate) async fn stopped(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    let plan = desk.apply(&shape).await?;
    let replica = name(&plan, "replica-1")?;
    if !desk.capabilities().start {
        let live = desk.live(&shape, "replica-1").await?;
        let owner = live.owner.ok_or("the replica has no owner")?;
        let start = Mutation {
            owner,
            resource: replica,
            operation: Operation::Start,
            resume: false,
        };
        return match desk.provider().begin(&start, None, &Secrets).await {
            Err(error) if error.kind == ErrorKind::Unsupported => {
                Ok(Verdict::NotSupported(error.message))
            }
            other => Err(format!("an undeclared start is answered with {other:?}")),
        };
    }
    for (address, resource) in [("replica-1", replica), ("primary", name(&plan, "primary")?)] {
        if let Some(verdict) = cannot(desk.subject.stop(&resource).await?) {
            return Ok(verdict);
        }
        let live = desk.live(&shape, address).await?;
        same("the phase", &live.phase, &Phase::Stopped)?;
        let plan = desk.apply(&shape).await?;
        same(
            "the changes",
            &changes(&plan),
            &vec![format!("{address} update stopped")],
        )?;
        let live = desk.live(&shape, address).await?;
        same("the phase after", &live.phase, &Phase::Available)?;
    }
    Ok(Verdict::Ran)
}

pub(crate) async fn broken(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(2);
    let plan = desk.apply(&shape).await?;
    if let Some(verdict) = cannot(desk.subject.damage(&name(&plan, "replica-1")?).await?) {
        return Ok(verdict);
    }
    let plan = desk.apply(&shape).await?;
    let wanted = ["replica-1 delete rebuild", "replica-1 create rebuild"].map(str::to_owned);
    same("the changes", &changes(&plan), &wanted.to_vec())?;
    let live = desk.live(&shape, "replica-1").await?;
    same("the condition after", &live.condition, &Condition::Sound)?;
    Ok(Verdict::Ran)
}

pub(crate) async fn lost_answers(desk: &Desk<'_>) -> CaseResult {
    if let Some(verdict) = cannot(desk.subject.lose_answers().await?) {
        return Ok(verdict);
    }
    let shape = Shape {
        colour: Some("red"),
        ..Shape::of(1)
    };
    desk.apply(&shape).await?;
    desk.apply(&Shape {
        colour: Some("blue"),
        // Tags have a call of their own on some platforms.
        large: desk.capabilities().resize,
        ..shape.clone()
    })
    .await?;
    let found = addresses(&desk.owned(&shape).await?).len();
    same("the number of instances", &found, &2)?;
    desk.reach(
        &shape,
        Goal::Destroy {
            replicas_only: false,
        },
    )
    .await?;
    same(
        "what is left",
        &addresses(&desk.owned(&shape).await?),
        &Vec::new(),
    )?;
    let kept = desk.subject.answers_kept().await;
    same("the calls whose answer was not lost", &kept, &Vec::new())?;
    Ok(Verdict::Ran)
}
