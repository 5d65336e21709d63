//! `DescribeDBInstances`, `DescribeDBSnapshots` and `DescribePendingMaintenanceActions`.

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::names;
use super::pages::page;
use super::state::{Instance, Snapshot};
use super::xml::Xml;

pub(crate) fn instances(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    let one = match call
        .arguments
        .text("DBInstanceIdentifier")
        .filter(|text| !text.is_empty())
    {
        Some(_) => Some(call.existing("DBInstanceIdentifier")?),
        None => None,
    };
    for filter in call.arguments.filters() {
        if ![
            "db-cluster-id",
            "db-instance-id",
            "dbi-resource-id",
            "domain",
            "engine",
        ]
        .contains(&filter.name.as_str())
        {
            return Err(unknown_filter(&filter.name));
        }
    }
    let matching = call
        .world
        .in_place(&call.place)
        .filter(|instance| one.as_ref().is_none_or(|key| instance.key() == *key))
        .filter(|instance| one.is_some() || !call.options.unlisted.contains(&instance.identifier))
        .filter(|instance| is_wanted(call, instance))
        .map(|instance| (instance.identifier.clone(), instance));
    let page = page(call, 100, matching)?;
    xml.list("DBInstances", "DBInstance", page.items, |xml, instance| {
        let (world, options, now) = (&*call.world, call.options, call.now);
        if options.untagged.contains(&instance.identifier) {
            let untagged = Instance {
                tags: Vec::new(),
                ..instance.clone()
            };
            return super::render::instance(xml, &untagged, world, options, now);
        }
        super::render::instance(xml, instance, world, options, now);
    });
    xml.optional("Marker", page.marker);
    Ok(())
}

fn is_wanted(call: &Call<'_>, instance: &Instance) -> bool {
    call.arguments.filters().iter().all(|filter| {
        filter
            .values
            .iter()
            .any(|value| match filter.name.as_str() {
                "db-instance-id" => names::instance(value, &call.place)
                    .is_ok_and(|(place, name)| place.key(&name) == instance.key()),
                "dbi-resource-id" => *value == instance.resource_id,
                "engine" => value == "postgres",
                // There are neither clusters nor domains.
                _ => false,
            })
    })
}

fn unknown_filter(name: &str) -> ApiError {
    ApiError::value(format!("Unrecognized filter name: {name}"))
}

pub(crate) fn snapshots(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    for filter in call.arguments.filters() {
        if ![
            "db-instance-id",
            "db-snapshot-id",
            "dbi-resource-id",
            "snapshot-type",
            "engine",
        ]
        .contains(&filter.name.as_str())
        {
            return Err(unknown_filter(&filter.name));
        }
    }
    let name = call
        .arguments
        .text("DBSnapshotIdentifier")
        .map(str::to_ascii_lowercase);
    let instance = call
        .arguments
        .text("DBInstanceIdentifier")
        .map(str::to_ascii_lowercase);
    let prefix = call.place.key("");
    let matching: Vec<(String, &Snapshot)> = call
        .world
        .snapshots
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .map(|(_, snapshot)| (snapshot.identifier.clone(), snapshot))
        .filter(|(_, snapshot)| {
            name.as_ref()
                .is_none_or(|name| *name == snapshot.identifier)
        })
        .filter(|(_, snapshot)| {
            instance
                .as_ref()
                .is_none_or(|name| *name == snapshot.instance)
        })
        .filter(|(_, snapshot)| {
            call.arguments
                .text("DbiResourceId")
                .is_none_or(|id| id == snapshot.resource_id)
                && call
                    .arguments
                    .text("SnapshotType")
                    .is_none_or(|kind| kind == "manual")
        })
        .filter(|(_, snapshot)| {
            call.arguments.filters().iter().all(|filter| {
                filter
                    .values
                    .iter()
                    .any(|value| match filter.name.as_str() {
                        "db-instance-id" => *value == snapshot.instance,
                        "db-snapshot-id" => *value == snapshot.identifier,
                        "dbi-resource-id" => *value == snapshot.resource_id,
                        "snapshot-type" => value == "manual",
                        _ => value == "postgres",
                    })
            })
        })
        .collect();
    if let Some(name) = name.filter(|_| matching.is_empty()) {
        return Err(ApiError::new(
            404,
            "DBSnapshotNotFound",
            format!("DBSnapshot {name} not found."),
        ));
    }
    let page = page(call, 100, matching)?;
    xml.list(
        "DBSnapshots",
        "DBSnapshot",
        page.items,
        super::render::snapshot,
    );
    xml.optional("Marker", page.marker);
    Ok(())
}

/// Nothing is ever due here: maintenance comes to no simulated instance.
pub(crate) fn maintenance(call: &mut Call<'_>, xml: &mut Xml) -> ApiResult<()> {
    if let Some(resource) = call.arguments.text("ResourceIdentifier") {
        let found = names::arn(resource, "db")
            .is_some_and(|(place, name)| call.world.instances.contains_key(&place.key(&name)));
        if !found {
            return Err(ApiError::new(
                404,
                "ResourceNotFoundFault",
                format!("The specified resource ID was not found: {resource}"),
            ));
        }
    }
    for filter in call.arguments.filters() {
        if !["db-cluster-id", "db-instance-id"].contains(&filter.name.as_str()) {
            return Err(unknown_filter(&filter.name));
        }
    }
    xml.element("PendingMaintenanceActions", |_| {});
    Ok(())
}
