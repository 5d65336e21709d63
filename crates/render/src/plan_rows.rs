//! The lines of a plan as cells, for every form in which people read it.

use pgfleet_model::{
    Action, Attributes, Availability, Change, Drift, DriftReason, Reason, Region, ResourceRef,
};

/// What happens to one instance, a row for each attribute that an update alters: its address, its
/// name, its shape where it is new and its region where that is not the fleet's `home`, and why or what.
pub(crate) fn change_rows(change: &Change, home: &Region) -> Vec<[String; 4]> {
    let address = change.address.to_string();
    let id = change.resource.to_string();
    let place = place(&change.resource, home);
    let because = || {
        let why = match change.reasons.first() {
            Some(Reason::Missing) => "new",
            // Anybody may have begun that, by hand or with another tool.
            Some(Reason::InFlight) if change.action == Action::Delete => "being deleted already",
            Some(Reason::InFlight) => "begun by an earlier run",
            Some(Reason::Rebuild) => "made anew",
            Some(Reason::NotInPlan) => "no longer in the plan",
            Some(Reason::Destroyed) => "taken down",
            Some(Reason::Stopped) => "start it: it is stopped",
            Some(Reason::Field(_)) | None => "",
        };
        match &change.detail {
            Some(detail) => format!("{why}: {detail}"),
            None => why.to_owned(),
        }
    };
    match change.action {
        Action::NoOp => Vec::new(),
        Action::Create => {
            let shape = change.after.as_ref().map(shape).unwrap_or_default();
            let shape = format!("{shape} {place}").trim().to_owned();
            vec![[address, id, shape, because()]]
        }
        Action::Delete => vec![[address, id, place, because()]],
        Action::Update => {
            let first = change.reasons.first();
            let told = matches!(first, Some(Reason::Stopped | Reason::InFlight));
            let why = told.then(|| [address.clone(), id.clone(), place.clone(), because()]);
            let fields = change.fields.iter().map(|field| {
                let from = field
                    .from
                    .as_ref()
                    .map_or_else(|| "none".into(), ToString::to_string);
                let what = format!("{}: {from} -> {}", field.field, field.to);
                [address.clone(), id.clone(), place.clone(), what]
            });
            why.into_iter().chain(fields).collect()
        }
    }
}

/// Where an instance is that is not at home; empty for the others.
fn place(resource: &ResourceRef, home: &Region) -> String {
    if resource.region == *home {
        String::new()
    } else {
        format!("in {}", resource.region)
    }
}

/// The attributes that tell instances apart, in a few words.
fn shape(attributes: &Attributes) -> String {
    let storage = &attributes.storage;
    let disk = storage.gib.map(|gib| {
        let kind = storage.kind.as_deref().unwrap_or_default();
        format!("{gib} GiB {kind}").trim_end().to_owned()
    });
    let multi_az = attributes.availability == Some(Availability::Regional);
    let port = attributes
        .settings
        .get("port")
        .map(|port| format!("port {port}"));
    [
        attributes.size.clone(),
        multi_az.then(|| "Multi-AZ".to_owned()),
        disk,
        port,
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

/// What is pending. Where it is what the plan says, it was left for the window.
fn becomes(field: &str, wanted: &str, observed: &str) -> String {
    if wanted == observed {
        format!("{field} becomes {observed} in the maintenance window, as the plan says")
    } else {
        format!("{field} becomes {observed} by itself, the plan says {wanted}")
    }
}

/// What is left as it is: the same columns.
pub(crate) fn drift_row(drift: &Drift, home: &Region) -> [String; 4] {
    let address = drift
        .address
        .as_ref()
        .map_or_else(|| "-".to_owned(), ToString::to_string);
    let shown = |value: &Option<pgfleet_model::Value>| {
        value
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), ToString::to_string)
    };
    let field = drift
        .field
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let (wanted, observed) = (shown(&drift.wanted), shown(&drift.observed));
    let what = match drift.reason {
        DriftReason::Grown => {
            format!("{field} is {observed}, the plan says {wanted}: left as it is")
        }
        DriftReason::Pending => becomes(&field, &wanted, &observed),
        DriftReason::NotOurs => "follows this primary and is not ours: left alone".to_owned(),
    };
    let place = place(&drift.resource, home);
    [address, drift.resource.to_string(), place, what]
}
