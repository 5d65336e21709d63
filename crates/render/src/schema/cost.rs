//! Costs, comparisons, prices.

use serde_json::{Value, json};

use super::{
    checks,
    shapes::{
        Fields, address, array, boolean, day, decimal, money, object, or_null, provider, text,
        whole, word,
    },
    versioned,
};

const ITEMS: [&str; 8] = [
    "compute",
    "vcpu",
    "memory",
    "storage",
    "iops",
    "throughput",
    "backup",
    "replication",
];

pub(super) fn document() -> Value {
    versioned(vec![
        (
            "fleets",
            array(object(vec![
                ("fleet", text()),
                ("provider", provider()),
                ("region", text()),
                ("cost", cost()),
                ("reserved", array(reservation())),
                ("checks", checks()),
            ])),
        ),
        ("summary", object(sums())),
    ])
}

/// Before, after and the change; null where nothing of it is known.
pub(super) fn sums() -> Fields {
    vec![
        ("monthly_before", or_null(money())),
        ("monthly_after", or_null(money())),
        ("monthly_delta", or_null(money())),
        ("complete", boolean()),
    ]
}

/// The cost of one fleet.
pub(super) fn cost() -> Value {
    let mut fields = vec![("currency", json!({"const": "USD"}))];
    fields.extend(sums());
    let mut instance = vec![("address", address())];
    instance.extend(sums());
    fields.extend([
        ("instances", array(object(instance))),
        ("components", array(component())),
        ("unpriced", array(unpriced())),
        ("not_included", array(object(line()))),
    ]);
    object(fields)
}

/// Whose line of a bill it is.
fn line() -> Fields {
    vec![
        ("address", address()),
        ("item", word(&ITEMS)),
        ("detail", text()),
    ]
}

fn origin() -> Fields {
    vec![
        ("source", text()),
        ("as_of", or_null(day())),
        ("quality", word(&["observed", "derived", "estimated"])),
    ]
}

fn component() -> Value {
    let mut fields = line();
    fields.extend([
        ("quantity", decimal()),
        ("unit", text()),
        ("unit_price", decimal()),
        ("monthly", money()),
    ]);
    fields.extend(origin());
    object(fields)
}

fn unpriced() -> Value {
    let mut fields = line();
    fields.extend([("remedy", text()), ("when", word(&["after", "before"]))]);
    object(fields)
}

fn reservation() -> Value {
    let mut fields = vec![
        ("size", text()),
        ("region", text()),
        ("multi_az", boolean()),
        ("instances", whole()),
        ("years", whole()),
        ("payment", text()),
        ("upfront", money()),
        ("hourly", decimal()),
        ("effective_monthly", money()),
        ("on_demand_monthly", money()),
        ("break_even_month", or_null(whole())),
    ];
    fields.extend(origin());
    object(fields)
}

pub(super) fn comparison() -> Value {
    let instance = object(vec![
        ("address", address()),
        ("region", text()),
        ("size", or_null(text())),
        ("storage_gib", or_null(whole())),
        ("storage_type", or_null(text())),
    ]);
    let cloud = object(vec![
        ("provider", provider()),
        ("region", or_null(text())),
        ("instances", array(instance)),
        ("cost", or_null(cost())),
        ("differences", array(text())),
    ]);
    versioned(vec![
        ("regions_source", text()),
        (
            "fleets",
            array(object(vec![("fleet", text()), ("clouds", array(cloud))])),
        ),
    ])
}

pub(super) fn prices() -> Value {
    let region = object(vec![
        ("region", text()),
        ("compute", whole()),
        ("other", whole()),
        ("reserved", whole()),
        ("oldest", or_null(day())),
        ("newest", or_null(day())),
        ("lacks", array(text())),
    ]);
    let cloud = object(vec![
        ("provider", provider()),
        ("regions", array(region)),
        ("sources", array(object(origin()))),
    ]);
    let catalog = object(vec![("clouds", array(cloud))]);
    versioned(vec![
        ("file", or_null(text())),
        ("refreshed", or_null(catalog.clone())),
        ("embedded", catalog),
    ])
}
