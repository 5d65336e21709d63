//! What happens to instances other than by requests: what has been there all along, disks that grow,
//! changes that somebody made elsewhere.

use super::call::Call;
use super::cloud::Gcp;
use super::route::Route;
use super::service;
use super::state::{Instance, World};
use crate::cloud::Moment;
use hyper::{Method, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};

impl Gcp {
    /// Makes an instance that has been there all along, as the body of an insertion describes it;
    /// false where there is one of this name.
    pub(crate) fn seed(
        &mut self,
        project: &str,
        instance: &Value,
        moment: Moment,
    ) -> Result<bool, String> {
        let uri: Uri = format!("/v1/projects/{project}/instances")
            .parse()
            .map_err(|_| format!("{project} cannot be the id of a project"))?;
        let route = Route::read(&Method::POST, &uri).map_err(|error| error.message)?;
        let body = instance.to_string();
        let mut call = Call {
            route: &route,
            body: body.as_bytes(),
            options: &self.options,
            timing: &self.timing,
            now: moment.now,
            world: &mut self.world,
            begun: None,
        };
        match service::run(&mut call) {
            Ok(_) => {}
            Err(error) if error.reason == "instanceAlreadyExists" => return Ok(false),
            Err(error) => return Err(format!("{}: {}", error.reason, error.message)),
        }
        // The insertion is done, and nobody has seen it.
        if let Some(operation) = self.world.operations.last_mut() {
            operation.ends = moment.now;
        }
        self.world.catch_up(moment);
        self.world.operations.pop();
        Ok(true)
    }

    /// What storage that increases by itself does: the disk becomes this large.
    pub(crate) fn grow_disk(&mut self, project: &str, name: &str, gib: i64) -> Result<(), String> {
        const SIZE: &str = "settings.dataDiskSizeGb";
        let instance = find(&mut self.world, project, name)?;
        let resource = &mut instance.resource;
        if !resource.is_on("settings.storageAutoResize") {
            return Err(format!("{name} has no automatic storage increase"));
        }
        let limit = resource
            .integer("settings.storageAutoResizeLimit")
            .unwrap_or(0);
        if limit > 0 && gib > limit {
            return Err(format!("the storage of {name} is limited to {limit} GB"));
        }
        if resource.integer(SIZE).is_some_and(|size| gib < size) {
            return Err(format!("the disk of {name} is larger than {gib} GB"));
        }
        resource.set_long(SIZE, gib);
        Ok(())
    }

    /// Merges a patch into an instance, without a look at any rule: what somebody did elsewhere.
    pub(crate) fn change(
        &mut self,
        project: &str,
        name: &str,
        patch: &Map<String, Value>,
    ) -> Result<(), String> {
        let instance = find(&mut self.world, project, name)?;
        instance.resource.merge(patch);
        instance.bump();
        Ok(())
    }
}

fn find<'a>(world: &'a mut World, project: &str, name: &str) -> Result<&'a mut Instance, String> {
    let instance = world.instance_mut(project, name);
    instance.ok_or_else(|| format!("there is no instance {name} in {project}"))
}

/// Sets an instance's state; any word is taken.
pub(crate) fn set_state(
    world: &mut World,
    project: &str,
    name: &str,
    state: &str,
) -> Result<(), String> {
    find(world, project, name)?.resource.set("state", state);
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    project: String,
    instance: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grow {
    project: String,
    identifier: String,
    size_gib: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    project: String,
    identifier: String,
    patch: Map<String, Value>,
}

/// What can be told below `/_simulator/gcp/`: `seed`, `disk` and `change`.
pub(crate) fn control(
    gcp: &mut Gcp,
    what: &str,
    body: &Value,
    moment: Moment,
) -> Option<Result<Value, String>> {
    Some(match what {
        "seed" => read(body).and_then(|Seed { project, instance }| {
            let seeded = gcp.seed(&project, &instance, moment)?;
            Ok(json!({"seeded": seeded}))
        }),
        "disk" => read(body).and_then(|grow| {
            let Grow {
                project,
                identifier,
                size_gib,
            } = grow;
            gcp.grow_disk(&project, &identifier, size_gib)?;
            Ok(json!({"size_gib": size_gib}))
        }),
        "change" => read(body).and_then(|change| {
            let Change {
                project,
                identifier,
                patch,
            } = change;
            gcp.change(&project, &identifier, &patch)?;
            Ok(json!({"changed": true}))
        }),
        _ => return None,
    })
}

fn read<T: serde::de::DeserializeOwned>(body: &Value) -> Result<T, String> {
    T::deserialize(body).map_err(|error| error.to_string())
}
