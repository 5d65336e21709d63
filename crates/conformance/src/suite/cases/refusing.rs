//! What is not ours.

use pgfleet_model::{Mutation, Operation};
use pgfleet_planner::Goal;
use pgfleet_provider::Secrets;

use crate::{
    drive,
    suite::{
        CaseResult, Shape, Verdict,
        desk::{Desk, cannot, expect, name, same},
    },
};

/// Something without our tags holds a name of the plan.
pub(crate) async fn foreign(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    desk.apply(&Shape::of(0)).await?;
    let before = desk.accepted(&shape, Goal::Apply).await?;
    let held = name(&before, "replica-1")?;
    if let Some(verdict) = cannot(desk.subject.occupy(&held).await?) {
        return Ok(verdict);
    }
    let plan = desk.plan(&shape, Goal::Apply).await?;
    let refused = plan.checks.iter().any(|check| check.code == "ownership") && plan.is_refused();
    expect(refused, || {
        format!("the plan is not refused: {:?}", drive::refusals(&plan))
    })?;
    same("the steps", &plan.steps, &Vec::new())?;
    // A plan from before it came, and calls that no plan holds.
    let create = before
        .steps
        .first()
        .ok_or("nothing to create")?
        .mutation
        .clone();
    let delete = Operation::Delete {
        final_snapshot: false,
        source: None,
    };
    let delete = Mutation {
        operation: delete,
        ..create.clone()
    };
    let start = Mutation {
        operation: Operation::Start,
        ..create.clone()
    };
    for mutation in [create, delete, start] {
        let verb = mutation.operation.verb();
        let done = desk.begin_and_wait(&mutation, None).await;
        expect(done.is_err(), || format!("a {verb} of it was taken"))?;
        let resumed = Mutation {
            resume: true,
            ..mutation
        };
        let done = desk.begin_and_wait(&resumed, None).await;
        expect(done.is_err(), || {
            format!("a resumed {verb} of it was taken")
        })?;
    }
    let untouched = desk.subject.is_untouched(&held).await;
    expect(untouched, || "it is not as it was".to_owned())?;
    Ok(Verdict::Ran)
}

/// Another fleet of ours holds the name, which is no better.
pub(crate) async fn other_fleet(desk: &Desk<'_>) -> CaseResult {
    let ours = Shape::of(1);
    let plan = desk.apply(&ours).await?;
    let held = name(&plan, "replica-1")?;
    let other = Shape {
        fleet: Some("intruder"),
        ids: vec![held.id.to_string()],
        ..Shape::of(1)
    };
    let plan = desk.plan(&other, Goal::Apply).await?;
    let refused = plan.checks.iter().any(|check| check.code == "ownership") && plan.is_refused();
    expect(refused, || {
        format!("the plan is not refused: {:?}", drive::refusals(&plan))
    })?;
    let live = desk.live(&ours, "replica-1").await?;
    let mut owner = live.owner.clone().ok_or("the replica has no owner")?;
    owner.fleet = "intruder"
        .parse()
        .map_err(|error: pgfleet_model::NameError| error.to_string())?;
    let delete = Operation::Delete {
        final_snapshot: false,
        source: live.source.clone(),
    };
    let delete = Mutation {
        owner,
        resource: held,
        operation: delete,
        resume: false,
    };
    let taken = desk.provider().begin(&delete, None, &Secrets).await;
    expect(taken.is_err(), || {
        "another fleet's replica could be deleted".to_owned()
    })?;
    let after = desk.live(&ours, "replica-1").await?;
    same("the replica", &after.owner, &live.owner)?;
    // Its own fleet still finds everything as planned.
    desk.apply(&ours).await?;
    Ok(Verdict::Ran)
}
