//! Planning alone, in memory: a thousand fleets of a primary and five replicas.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use pgfleet_model::{
    Attributes, Condition, Endpoint, Inventory, ObservedInstance, Owner, Phase, ResourceRef, Role,
    Value,
};
use pgfleet_planner::{Goal, plan};
use pgfleet_providers::local::LocalPlatform;
use pgfleet_spec::{SourceFile, Spec, parse};

use super::figure::{Figure, Reference, Runs, milliseconds};

const FLEETS: usize = 1000;

pub(crate) fn figures() -> Vec<Figure> {
    let specs: Vec<Spec> = (0..FLEETS).map(spec).collect();
    let nothing = Inventory::default();
    let everything: Inventory = specs.iter().flat_map(instances).collect();
    let planned = |inventory: &Inventory, changes: usize| {
        let platform = LocalPlatform::default();
        Runs::of(11, || {
            milliseconds(|| {
                for spec in &specs {
                    let plan = plan(spec, inventory, &platform, Goal::Apply).unwrap();
                    assert_eq!(plan.set.effective().count(), changes);
                }
            })
        })
    };
    let figure = |what: &str, runs| Figure {
        what: what.to_owned(),
        unit: "ms",
        runs,
        reference: Reference::Bound(100.0),
        ratio: 1.0,
    };
    vec![
        figure(
            "planning 1,000 fleets of 1 + 5, all to be made",
            planned(&nothing, 6),
        ),
        figure(
            "planning 1,000 fleets of 1 + 5, all as planned",
            planned(&everything, 0),
        ),
    ]
}

fn spec(number: usize) -> Spec {
    let text = format!(
        "fleet = 'fleet-{number}'\nprovider = 'local'\n[local]\nport = 5440\n\
         [[replicas]]\ncount = 5\n"
    );
    let name = "plan.toml".to_owned();
    parse(Arc::new(SourceFile { name, text }), Path::new("/")).unwrap()
}

/// The fleet as it is when it is as planned.
fn instances(spec: &Spec) -> Vec<ObservedInstance> {
    let primary = spec.addresses().remove(0);
    let source = ResourceRef {
        region: primary.2,
        id: primary.1,
    };
    let number = |name: &str, value: u64| (name.to_owned(), Value::Number(value));
    spec.addresses()
        .into_iter()
        .map(|(address, id, region)| {
            let role = address.role();
            let mut settings = BTreeMap::from([
                number("max_connections", 100),
                number("max_wal_senders", 12),
                number("max_replication_slots", 10),
                number("port", 5440),
            ]);
            match role {
                Role::Primary => settings.insert("orphan_slots".into(), Value::List([].into())),
                Role::Replica => {
                    settings.insert("upstream".into(), Value::Text("127.0.0.1:5440".into()))
                }
            };
            ObservedInstance {
                resource: ResourceRef { region, id },
                owner: Some(Owner {
                    fleet: spec.fleet.clone(),
                    address,
                }),
                role,
                source: (role == Role::Replica).then(|| source.clone()),
                phase: Phase::Available,
                raw_phase: "running".to_owned(),
                condition: Condition::Sound,
                endpoint: Some(Endpoint {
                    host: "127.0.0.1".to_owned(),
                    port: 5440,
                }),
                version: None,
                attributes: Attributes {
                    settings,
                    ..Attributes::default()
                },
                pending: BTreeMap::new(),
            }
        })
        .collect()
}
