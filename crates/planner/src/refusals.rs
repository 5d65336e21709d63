//! What a comparison runs into and cannot put right, each as a check with its remedy.

use pgfleet_model::{
    Address, Check, DesiredInstance, Field, ObservedInstance, ObservedState, Role, Value,
};

pub(crate) fn located(check: Check, wanted: &DesiredInstance, field: &Field) -> Check {
    let key = match field {
        Field::Postgres | Field::Tags => field.as_str().to_owned(),
        Field::StorageGib => format!("{}.storage.gib", wanted.key),
        Field::StorageType => format!("{}.storage.type", wanted.key),
        Field::Iops | Field::Throughput | Field::Autogrow | Field::AutogrowToGib => {
            format!("{}.storage.{field}", wanted.key)
        }
        _ => format!("{}.{field}", wanted.key),
    };
    check.at(&wanted.address).key(key)
}

/// An instance under a name that the plan wants, which does not bear the fleet's tags.
pub fn not_ours(wanted: &DesiredInstance, live: &ObservedInstance) -> Check {
    let resource = &live.resource;
    let place = if resource.region == pgfleet_model::Region::local() {
        "on this machine".to_owned()
    } else {
        format!("in {}", resource.region)
    };
    let on_a_cloud = resource.region != pgfleet_model::Region::local();
    let check = match &live.owner {
        None if on_a_cloud => Check::error(
            "ownership",
            format!(
                "{resource} exists {place} without pgfleet's tags ({})",
                live.raw_phase
            ),
        )
        .remedy(
            "it was made by hand or by another tool, or released; to let pgfleet manage it, run \
             `pgfleet adopt` with this plan file, or give the instance another name (`id`, `ids`)",
        ),
        None => Check::error(
            "ownership",
            format!(
                "{resource} exists {place} without pgfleet's tags ({})",
                live.raw_phase
            ),
        )
        .remedy(
            "it was made by hand or by another tool; give the instance another name in the \
             plan file (`id`, `ids` or `fleet`), or move it out of the way",
        ),
        Some(owner) => Check::error(
            "ownership",
            format!(
                "{resource} exists {place} and belongs to the fleet {}",
                owner.fleet
            ),
        )
        .remedy("give the instance another name in the plan file (`id`, `ids` or `fleet`)"),
    };
    check
        .at(&wanted.address)
        .key(wanted.key.clone())
        .source("README.md, \"What pgfleet never does\"")
}

pub(crate) fn replaces_a_primary(
    wanted: &DesiredInstance,
    observed: &ObservedState,
) -> Option<Check> {
    let other = (wanted.role() == Role::Primary).then(|| {
        observed
            .surplus
            .iter()
            .find(|live| live.role == Role::Primary)
    })??;
    Some(
        Check::error(
            "primary/never-replaced",
            format!(
                "the plan names the primary {}, and the fleet's primary is {}",
                wanted.resource, other.resource
            ),
        )
        .at(&wanted.address)
        .key("primary.id")
        .remedy(format!(
            "set `id = \"{}\"` in [primary]; a primary is never deleted to make another",
            other.resource
        ))
        .source("README.md, \"What pgfleet never does\""),
    )
}

pub(crate) fn second_primary(primary: &ObservedInstance, live: &ObservedInstance) -> Check {
    Check::error(
        "primary/never-replaced",
        format!(
            "the plan names the primary {}, and {} bears the tags of the fleet's primary too",
            primary.resource, live.resource
        ),
    )
    .at(&Address::Primary)
    .key("primary.id")
    .remedy(format!(
        "save what {} holds, then take pgfleet's tags off it or delete it by hand; apply never \
         deletes a primary beside another",
        live.resource
    ))
    .source("README.md, \"What pgfleet never does\"")
}

pub(crate) fn never_replaced(
    wanted: &DesiredInstance,
    field: &Field,
    from: Option<&Value>,
    to: &Value,
) -> Check {
    let from = from.map_or_else(|| "unknown".to_owned(), Value::to_string);
    let check = Check::error(
        "primary/never-replaced",
        format!("{field} of the primary cannot change from {from} to {to}: it would be replaced"),
    )
    .remedy(format!(
        "set {field} to {from}, or make a new fleet and move the data"
    ))
    .source("README.md, \"What pgfleet never does\"");
    located(check, wanted, field)
}

pub(crate) fn wrong_role(wanted: &DesiredInstance, live: &ObservedInstance) -> Check {
    let check = match wanted.role() {
        Role::Replica => Check::error(
            "role",
            format!(
                "{} was a replica and is a primary now: it was promoted, and may hold writes \
                 that exist nowhere else",
                live.resource
            ),
        )
        .remedy(
            "save what it holds, set `deletion = false` in [protect], then take it out of the plan",
        ),
        Role::Primary => Check::error(
            "role",
            format!(
                "{} is a replica now, and the plan wants it as the primary",
                live.resource
            ),
        )
        .remedy("promote it, or name the fleet's real primary with `id` in [primary]"),
    };
    check
        .at(&wanted.address)
        .key(wanted.key.clone())
        .source("README.md, \"What pgfleet never does\"")
}

pub(crate) fn broken_primary(
    wanted: &DesiredInstance,
    live: &ObservedInstance,
    why: &str,
) -> Check {
    Check::error(
        "primary/broken",
        format!("the primary {} is broken: {why}", live.resource),
    )
    .at(&wanted.address)
    .key(wanted.key.clone())
    .remedy("mend or restore it by hand; pgfleet never replaces a primary, since its data is in it")
    .source("README.md, \"What pgfleet never does\"")
}
