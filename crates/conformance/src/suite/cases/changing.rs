//! Changes in place.

use std::collections::BTreeMap;

use pgfleet_model::{Field, FieldChange, Mutation, Operation, Value};
use pgfleet_planner::Goal;
use pgfleet_provider::{ErrorKind, Retry};

use crate::suite::{
    CaseResult, Shape, Verdict,
    desk::{Desk, changes, expect, same},
};

pub(crate) async fn tags(desk: &Desk<'_>) -> CaseResult {
    desk.apply(&Shape {
        colour: Some("red"),
        ..Shape::of(1)
    })
    .await?;
    let blue = Shape {
        colour: Some("blue"),
        ..Shape::of(1)
    };
    let plan = desk.apply(&blue).await?;
    let wanted = ["primary update tags", "replica-1 update tags"].map(str::to_owned);
    same("the changes", &changes(&plan), &wanted.to_vec())?;
    for address in ["primary", "replica-1"] {
        let live = desk.live(&blue, address).await?;
        let colour = live.attributes.tags.get("colour").map(String::as_str);
        same(&format!("the tag of {address}"), &colour, &Some("blue"))?;
    }
    Ok(Verdict::Ran)
}

pub(crate) async fn resize(desk: &Desk<'_>) -> CaseResult {
    let small = Shape {
        sized: true,
        ..Shape::of(1)
    };
    let large = Shape {
        large: true,
        ..Shape::of(1)
    };
    if !desk.capabilities().resize {
        return said(desk, &large, "size").await;
    }
    desk.apply(&small).await?;
    let plan = desk.apply(&large).await?;
    let wanted = ["primary update size", "replica-1 update size"].map(str::to_owned);
    same("the changes", &changes(&plan), &wanted.to_vec())?;
    let size = &desk.subject.words().sizes[1];
    for address in ["primary", "replica-1"] {
        let live = desk.live(&large, address).await?;
        let reached = live.attributes.size.as_ref() == Some(size)
            || live.pending.get(&Field::Size) == Some(&Value::Text(size.clone()));
        expect(reached, || {
            format!("{address} has the size {:?}", live.attributes.size)
        })?;
    }
    Ok(Verdict::Ran)
}

pub(crate) async fn grow(desk: &Desk<'_>) -> CaseResult {
    let declared = desk.subject.words().gib;
    let grown = Shape {
        // Twice as much: on some platforms each size is twice the one below it.
        more_gib: declared.unwrap_or(20),
        ..Shape::of(1)
    };
    let Some(gib) = declared else {
        return said(desk, &grown, "storage").await;
    };
    desk.apply(&Shape::of(1)).await?;
    desk.apply(&grown).await?;
    for address in ["primary", "replica-1"] {
        let live = desk.live(&grown, address).await?;
        let pending = live.pending.get(&Field::StorageGib).cloned();
        let found = pending.or_else(|| live.attributes.get(&Field::StorageGib));
        same(
            &format!("the disk of {address}"),
            &found,
            &Some(Value::Number((gib * 2).into())),
        )?;
    }
    // Back is no way: what is larger does.
    let back = desk.accepted(&Shape::of(1), Goal::Apply).await?;
    same("the way back", &changes(&back), &Vec::new())?;
    Ok(Verdict::Ran)
}

/// What is not there must be said of the key that asks for it, or by its name.
async fn said(desk: &Desk<'_>, shape: &Shape, key: &str) -> CaseResult {
    let plan = desk.plan(shape, Goal::Apply).await?;
    let named = format!("`{key}`");
    let about = plan.checks.iter().find(|check| {
        let last = check.key.as_ref().and_then(|key| key.rsplit('.').next());
        last == Some(key) || check.message.contains(&named)
    });
    let check = about.ok_or_else(|| format!("no check says that `{key}` has no effect"))?;
    Ok(Verdict::NotSupported(format!(
        "{}: {}",
        check.code, check.message
    )))
}

pub(crate) async fn stale(desk: &Desk<'_>) -> CaseResult {
    let shape = Shape::of(0);
    desk.apply(&shape).await?;
    let live = desk.live(&shape, "primary").await?;
    let owner = live.owner.clone().ok_or("the primary has no owner")?;
    let colour = |colour: &str| {
        let tags = BTreeMap::from([("colour".to_owned(), colour.to_owned())]);
        let field = FieldChange {
            field: Field::Tags,
            from: None,
            to: Value::Map(tags),
        };
        Mutation {
            owner: owner.clone(),
            resource: live.resource.clone(),
            operation: Operation::Modify {
                fields: vec![field],
                in_window: false,
            },
            resume: false,
        }
    };
    if !desk.capabilities().compare_and_set {
        let none = live.version.is_none();
        expect(none, || {
            "it shows revisions and declares no compare-and-set".to_owned()
        })?;
        return Ok(Verdict::NotSupported(
            "the listing shows no revision".to_owned(),
        ));
    }
    let version = live.version.as_ref();
    desk.begin_and_wait(&colour("red"), version)
        .await
        .map_err(|error| error.to_string())?;
    match desk.begin_and_wait(&colour("blue"), version).await {
        Ok(()) => Err("a change was made to a revision that had moved".to_owned()),
        Err(error) => {
            let kind = (error.kind, error.retry);
            same("the error", &kind, &(ErrorKind::Conflict, Retry::Reobserve))?;
            Ok(Verdict::Ran)
        }
    }
}

pub(crate) async fn window(desk: &Desk<'_>) -> CaseResult {
    let before = Shape {
        sized: true,
        ..Shape::of(0)
    };
    let waiting = Shape {
        large: true,
        in_window: true,
        ..Shape::of(0)
    };
    if !desk.capabilities().pending_values {
        let coloured = Shape {
            colour: Some("red"),
            in_window: true,
            ..Shape::of(0)
        };
        desk.apply(&coloured).await?;
        let live = desk.live(&coloured, "primary").await?;
        expect(live.pending.is_empty(), || {
            format!("undeclared: {:?}", live.pending)
        })?;
        let said = "no value is pending after a change for the window".to_owned();
        return Ok(Verdict::NotSupported(said));
    }
    desk.apply(&before).await?;
    desk.apply(&waiting).await?;
    let live = desk.live(&waiting, "primary").await?;
    let sizes = desk.subject.words().sizes.map(Value::Text);
    same(
        "the size",
        &live.attributes.get(&Field::Size).as_ref(),
        &Some(&sizes[0]),
    )?;
    same(
        "the pending size",
        &live.pending.get(&Field::Size),
        &Some(&sizes[1]),
    )?;
    Ok(Verdict::Ran)
}
