//! Fleets that come, grow, shrink and go.

use std::collections::BTreeSet;

use pgfleet_model::{Condition, EventKind, Mutation, Operation, Phase, Role};
use pgfleet_planner::Goal;

use crate::suite::{
    CaseResult, Shape, Verdict,
    desk::{Desk, addresses, changes, expect, same},
};

const DESTROY: Goal = Goal::Destroy {
    replicas_only: false,
};

pub(crate) async fn create(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(2);
    let plan = desk.apply(&shape).await?;
    let wanted = [
        "primary create missing",
        "replica-1 create missing",
        "replica-2 create missing",
    ];
    same(
        "the changes",
        &changes(&plan),
        &wanted.map(str::to_owned).to_vec(),
    )?;
    let found = addresses(&desk.owned(&shape).await?);
    same(
        "the instances",
        &found,
        &strings(&["primary", "replica-1", "replica-2"]),
    )?;
    Ok(Verdict::Ran)
}

pub(crate) async fn observe(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape {
        colour: Some("red"),
        ..Shape::of(1)
    };
    desk.apply(&shape).await?;
    let primary = desk.live(&shape, "primary").await?;
    let replica = desk.live(&shape, "replica-1").await?;
    same("the primary's role", &primary.role, &Role::Primary)?;
    same("the primary's source", &primary.source, &None)?;
    same("the replica's role", &replica.role, &Role::Replica)?;
    same(
        "the replica's source",
        &replica.source,
        &Some(primary.resource.clone()),
    )?;
    for live in [&primary, &replica] {
        let name = &live.resource;
        same(&format!("{name}'s phase"), &live.phase, &Phase::Available)?;
        same(
            &format!("{name}'s condition"),
            &live.condition,
            &Condition::Sound,
        )?;
        expect(live.endpoint.is_some(), || {
            format!("{name} has no endpoint")
        })?;
        expect(!live.raw_phase.is_empty(), || {
            format!("{name} has no word for its phase")
        })?;
        let colour = live.attributes.tags.get("colour").map(String::as_str);
        same(&format!("{name}'s tag"), &colour, &Some("red"))?;
        let set = desk.capabilities().compare_and_set;
        same(
            &format!("whether {name} has a revision"),
            &live.version.is_some(),
            &set,
        )?;
        expect(live.attributes.postgres.is_some(), || {
            format!("{name} has no version")
        })?;
    }
    expect(primary.endpoint != replica.endpoint, || {
        "they share an endpoint".to_owned()
    })?;
    Ok(Verdict::Ran)
}

pub(crate) async fn twice(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    desk.apply(&shape).await?;
    let calls = desk.begun().len();
    desk.apply(&shape).await?;
    same("calls", &desk.begun().len(), &calls)?;
    Ok(Verdict::Ran)
}

/// A plan may be carried out by two runs, or again after an answer was lost.
pub(crate) async fn same_plan_twice(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    for goal in [Goal::Apply, DESTROY] {
        let plan = desk.reach(&shape, goal).await?;
        let before = desk.owned(&shape).await?;
        desk.carry_out(&shape, plan)
            .await
            .map_err(|why| format!("again, {goal:?}: {why}"))?;
        let names = |owned: &[pgfleet_model::ObservedInstance]| -> Vec<_> {
            owned.iter().map(|live| live.resource.clone()).collect()
        };
        same(
            "the instances",
            &names(&desk.owned(&shape).await?),
            &names(&before),
        )?;
    }
    Ok(Verdict::Ran)
}

pub(crate) async fn scale(desk: &Desk<'_>) -> CaseResult {
    desk.apply(&Shape::of(0)).await?;
    let plan = desk.apply(&Shape::of(2)).await?;
    let wanted = ["replica-1 create missing", "replica-2 create missing"];
    same("the way up", &changes(&plan), &strings(&wanted))?;
    let plan = desk.apply(&Shape::of(1)).await?;
    same(
        "the way down",
        &changes(&plan),
        &strings(&["replica-2 delete not-in-plan"]),
    )?;
    let left = addresses(&desk.owned(&Shape::of(1)).await?);
    same("what is left", &left, &strings(&["primary", "replica-1"]))?;
    Ok(Verdict::Ran)
}

pub(crate) async fn destroy(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(2);
    desk.apply(&shape).await?;
    desk.reach(&shape, DESTROY).await?;
    let is_delete = |mutation: &&Mutation| matches!(mutation.operation, Operation::Delete { .. });
    let begun = desk.begun();
    let deleted: Vec<String> = begun
        .iter()
        .filter(is_delete)
        .map(|m| m.owner.address.to_string())
        .collect();
    same(
        "the last to go",
        &deleted.last().map(String::as_str),
        &Some("primary"),
    )?;
    let all: BTreeSet<&str> = deleted.iter().map(String::as_str).collect();
    same(
        "all that went",
        &all,
        &BTreeSet::from(["primary", "replica-1", "replica-2"]),
    )?;
    same(
        "what is left",
        &addresses(&desk.owned(&shape).await?),
        &Vec::new(),
    )?;
    same(
        "what is left behind",
        &desk.subject.leftovers().await,
        &Vec::new(),
    )?;
    Ok(Verdict::Ran)
}

pub(crate) async fn destroy_replicas(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    desk.apply(&shape).await?;
    desk.reach(
        &shape,
        Goal::Destroy {
            replicas_only: true,
        },
    )
    .await?;
    same(
        "what is left",
        &addresses(&desk.owned(&shape).await?),
        &strings(&["primary"]),
    )?;
    Ok(Verdict::Ran)
}

/// Ends the process in the middle of a create, of the primary first and then of a replica.
pub(crate) async fn resume_create(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    for address in ["primary", "replica-1"] {
        desk.cut_short(&shape, Goal::Apply, |kind| is_accepted(kind, address))
            .await?;
        let plan = desk.accepted(&shape, Goal::Apply).await?;
        // It is in flight, has come to its end meanwhile, or went with the process: never two.
        let of_address = |line: &&String| line.starts_with(address);
        let found: Vec<String> = changes(&plan).iter().filter(of_address).cloned().collect();
        let attached = format!("{address} create in-flight");
        let anew = format!("{address} create missing");
        let outlives = desk.capabilities().outlives_us;
        expect(
            found.is_empty() || found == [attached] || (!outlives && found == [anew]),
            || format!("after a create was cut short: {}", found.join("; ")),
        )?;
    }
    desk.apply(&shape).await?;
    let found = addresses(&desk.owned(&shape).await?);
    same("the instances", &found, &strings(&["primary", "replica-1"]))?;
    Ok(Verdict::Ran)
}

pub(crate) async fn resume_delete(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(1);
    desk.apply(&shape).await?;
    desk.cut_short(&shape, DESTROY, |kind| is_accepted(kind, "replica-1"))
        .await?;
    desk.reach(&shape, DESTROY).await?;
    same(
        "what is left",
        &addresses(&desk.owned(&shape).await?),
        &Vec::new(),
    )?;
    same(
        "what is left behind",
        &desk.subject.leftovers().await,
        &Vec::new(),
    )?;
    Ok(Verdict::Ran)
}

fn is_accepted(kind: &EventKind, wanted: &str) -> bool {
    matches!(kind, EventKind::StepAccepted { address, .. } if address.to_string() == wanted)
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
