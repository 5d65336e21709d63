//! The price catalog's load, and the estimate of a fleet of a thousand instances.

use std::{path::Path, sync::Arc};

use pgfleet_pricing::{Catalog, PriceCatalog, from_nothing};
use pgfleet_spec::{SourceFile, parse};

use super::figure::{Figure, Reference, Runs, milliseconds};

const PLAN: &str = "
fleet = 'foodtruck'
provider = 'aws'
region = 'us-east-1'
[primary]
size = 'db.t3.medium'
multi_az = true
storage = { gib = 500, type = 'gp3', iops = 13000 }
[[replicas]]
count = 999
[usage]
wal_gib_per_day = 5
";

pub(crate) fn figures() -> Vec<Figure> {
    let file = SourceFile {
        name: "plan.toml".to_owned(),
        text: PLAN.to_owned(),
    };
    let spec = parse(Arc::new(file), Path::new("/")).unwrap();
    let load = Runs::of(21, || {
        milliseconds(|| {
            Catalog::parse_embedded().unwrap();
        })
    });
    let both = Runs::of(21, || {
        milliseconds(|| {
            let catalog = Catalog::parse_embedded().unwrap();
            let prices = PriceCatalog::new(&catalog, None);
            let estimate = from_nothing(&spec, &prices);
            assert!(estimate.after.unpriced.is_empty());
            assert!(estimate.total().after.is_complete());
        })
    });
    let figure = |what: &str, runs, bound| Figure {
        what: what.to_owned(),
        unit: "ms",
        runs,
        reference: Reference::Bound(bound),
        ratio: 1.0,
    };
    vec![
        figure("loading the price catalog", load, 5.0),
        figure(
            "loading the price catalog and estimating 1,000 instances",
            both,
            20.0,
        ),
    ]
}
