//! What holds of every estimate.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod support;

use pgfleet_model::{
    Action, Address, Attributes, Change, ChangeSet, ProviderKind, Region, ResourceId, ResourceRef,
};
use pgfleet_pricing::{Amount, Catalog, CostEstimate, Estimator, PriceCatalog, Usd};
use proptest::{prelude::*, sample::select};
use support::{bill, instance};

fn clouds() -> impl Strategy<Value = (ProviderKind, &'static str, Vec<&'static str>)> {
    select(vec![
        (
            ProviderKind::Aws,
            "us-east-1",
            vec![
                "db.t3.medium",
                "db.t4g.medium",
                "db.r7g.xlarge",
                "db.m7g.large",
                "db.z1d.large",
            ],
        ),
        (
            ProviderKind::Aws,
            "eu-west-1",
            vec!["db.m5.large", "db.r6g.large", "db.nothing"],
        ),
        (
            ProviderKind::Gcp,
            "europe-west2",
            vec![
                "db-custom-2-7680",
                "db-f1-micro",
                "db-perf-optimized-N-4",
                "db-odd",
            ],
        ),
        (
            ProviderKind::Azure,
            "eastus2",
            vec!["Standard_D4ds_v5", "Standard_B1ms", "Standard_M64ds_v2"],
        ),
        (
            ProviderKind::Azure,
            "eastus",
            vec!["Standard_D4ds_v4", "Standard_D4ds_v5"],
        ),
    ])
}

fn fleet() -> impl Strategy<Value = (ProviderKind, &'static str, Vec<Attributes>)> {
    clouds().prop_flat_map(|(provider, region, sizes)| {
        let one = (
            select(sizes),
            any::<bool>(),
            1..70_000_u32,
            prop::option::of(1..50_000_u32),
        );
        let one = one.prop_map(|(size, multi_az, gib, iops)| {
            let mut instance = instance(size, multi_az, gib, None);
            instance.storage.iops = iops;
            instance
        });
        (
            Just(provider),
            Just(region),
            prop::collection::vec(one, 1..6),
        )
    })
}

fn change(number: usize, before: Option<Attributes>, after: Option<Attributes>) -> Change {
    let address: Address = match number {
        0 => Address::Primary,
        _ => format!("replica-{number}").parse().unwrap(),
    };
    Change {
        resource: ResourceRef {
            region: Region::new("us-east-1"),
            id: ResourceId::new(address.to_string()),
        },
        address,
        action: Action::Update,
        reasons: Vec::new(),
        detail: None,
        before,
        after,
        fields: Vec::new(),
    }
}

proptest! {
    #[test]
    fn adding_a_replica_never_lowers_the_cost((provider, region, fleet) in fleet()) {
        let catalog = Catalog::embedded();
        let more = bill(catalog, provider, region, &fleet);
        let less = bill(catalog, provider, region, &fleet[..fleet.len() - 1]);
        let known = |amount: Amount| amount.known().unwrap_or_default();
        prop_assert!(known(more.total()) >= known(less.total()));
        prop_assert!(more.unpriced.len() >= less.unpriced.len());
    }

    #[test]
    fn components_sum_exactly_to_the_total((provider, region, fleet) in fleet()) {
        let bill = bill(Catalog::embedded(), provider, region, &fleet);
        let mut backwards: Usd = bill.components.iter().rev().map(pgfleet_pricing::CostComponent::monthly).sum();
        prop_assert_eq!(bill.total().known().unwrap_or_default(), backwards);
        for line in &bill.components {
            prop_assert!(line.monthly() > Usd::ZERO || line.quantity.to_string() == "0");
            backwards = backwards.minus(line.monthly());
        }
        prop_assert_eq!(backwards, Usd::ZERO);
        prop_assert_eq!(bill.total().is_complete(), bill.unpriced.is_empty());
    }

    #[test]
    fn before_and_change_make_after_in_what_is_shown((_, _, before) in fleet(), (_, _, after) in fleet()) {
        let changes = (0..before.len().max(after.len()))
            .map(|n| change(n, before.get(n).cloned(), after.get(n).cloned()));
        let set = ChangeSet { changes: changes.collect(), drift: Vec::new() };
        let prices = PriceCatalog::new(Catalog::embedded(), None);
        let estimator = Estimator {
            prices: &prices,
            provider: ProviderKind::Aws,
            primary_region: &Region::new("us-east-1"),
            wal_gib_per_day: None,
        };
        let estimate: CostEstimate = estimator.changes(&set);
        let deltas = estimate.addresses.iter().map(|address| estimate.of(address));
        for delta in deltas.chain([estimate.total()]) {
            let shown = |usd: Option<Usd>| usd.map(|usd| usd.shown().replace('.', "").parse::<i64>().unwrap());
            let cents = (shown(delta.before.known()), shown(delta.change().known()), shown(delta.after.known()));
            if let (Some(before), Some(change), Some(after)) = cents {
                prop_assert_eq!(before + change, after);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_catalogs_panic(text in "pgfleet-prices 1 USD\n([a-z0-9 .,/-]{0,40}\n){0,8}") {
        let _ = Catalog::parse(&text);
    }
}
