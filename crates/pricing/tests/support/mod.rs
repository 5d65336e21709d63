//! What the tests of the crate share.
#![allow(dead_code, reason = "each test file uses some of it")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use pgfleet_model::{Address, Attributes, Availability, ProviderKind, Region, Storage};
use pgfleet_pricing::{Bill, Billed, Catalog, Estimator, Gib, PriceCatalog};

/// An instance with a class and a disk.
pub(crate) fn instance(size: &str, multi_az: bool, gib: u32, kind: Option<&str>) -> Attributes {
    Attributes {
        size: Some(size.to_owned()),
        availability: Some(if multi_az {
            Availability::Regional
        } else {
            Availability::Zonal
        }),
        storage: Storage {
            gib: Some(gib),
            kind: kind.map(str::to_owned),
            ..Storage::default()
        },
        ..Attributes::default()
    }
}

/// The bill of instances in one region; the first is the primary.
pub(crate) fn bill(
    catalog: &Catalog,
    provider: ProviderKind,
    region: &str,
    instances: &[Attributes],
) -> Bill {
    let prices = PriceCatalog::new(catalog, None);
    bill_with(&prices, provider, region, instances, None)
}

pub(crate) fn bill_with(
    prices: &PriceCatalog<'_>,
    provider: ProviderKind,
    region: &str,
    instances: &[Attributes],
    wal: Option<Gib>,
) -> Bill {
    let region = Region::new(region);
    let addresses: Vec<Address> = (0..instances.len())
        .map(|number| match number {
            0 => "primary".parse().unwrap(),
            _ => format!("replica-{number}").parse().unwrap(),
        })
        .collect();
    let estimator = Estimator {
        prices,
        provider,
        primary_region: &region,
        wal_gib_per_day: wal,
    };
    let billed = addresses.iter().zip(instances);
    estimator.bill(billed.map(|(address, attributes)| Billed {
        address,
        region: &region,
        attributes,
    }))
}
