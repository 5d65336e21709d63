//! The figures that must hold, and the catalog against the facts that it is made from.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod support;

use std::{path::Path, process::Command};

use pgfleet_model::{Availability, ProviderKind, Region, Value};
use pgfleet_pricing::{Amount, Catalog, Gib, Item, Price, PriceCatalog, Quality, Want};
use support::{bill, bill_with, instance};

fn shown(provider: ProviderKind, region: &str, size: &str, multi_az: bool) -> String {
    let bill = bill(
        Catalog::embedded(),
        provider,
        region,
        &[instance(size, multi_az, 1, None)],
    );
    let line = bill
        .components
        .iter()
        .find(|line| line.item == Item::Compute);
    line.unwrap().monthly().shown()
}

#[test]
fn classes_cost_what_the_vendors_list() {
    let (aws, azure) = (ProviderKind::Aws, ProviderKind::Azure);
    assert_eq!(shown(aws, "us-east-1", "db.t3.medium", false), "52.56");
    assert_eq!(shown(aws, "us-east-1", "db.t4g.medium", true), "94.17");
    assert_eq!(shown(azure, "eastus2", "Standard_D4ds_v5", false), "259.88");
    assert_eq!(shown(azure, "eastus2", "Standard_D4ds_v5", true), "519.76");
    assert_eq!(shown(azure, "eastus2", "D4ds_v5", false), "259.88");
    // PostgreSQL's rates, not MySQL's.
    for (class, hour) in [
        ("db.t3.micro", "0.018"),
        ("db.m5.large", "0.178"),
        ("db.r6g.large", "0.225"),
    ] {
        let region = Region::new("us-east-1");
        let class = Catalog::embedded().class(aws, &region, class).unwrap();
        let prices = PriceCatalog::new(Catalog::embedded(), None);
        let quote = prices
            .hour(aws, &region, &class, Availability::Zonal)
            .known();
        assert_eq!(quote.unwrap().usd.to_string(), hour);
    }
}

#[test]
fn a_disk_of_100_gib_costs_its_own_price_in_two_zones() {
    for (multi_az, month) in [(false, "11.50"), (true, "23.00")] {
        let instance = instance("db.t3.medium", multi_az, 100, Some("gp3"));
        let bill = bill(
            Catalog::embedded(),
            ProviderKind::Aws,
            "us-east-1",
            &[instance],
        );
        let line = bill
            .components
            .iter()
            .find(|line| line.item == Item::Storage);
        assert_eq!(line.unwrap().monthly().shown(), month);
    }
}

#[test]
fn a_custom_tier_is_billed_by_its_vcpus_and_memory() {
    let instance = instance("db-custom-2-7680", false, 10, None);
    let bill = bill(
        Catalog::embedded(),
        ProviderKind::Gcp,
        "us-central1",
        &[instance],
    );
    let line = |item| {
        bill.components
            .iter()
            .find(|line| line.item == item)
            .unwrap()
    };
    assert_eq!(line(Item::Vcpu).monthly().to_string(), "60.298");
    assert_eq!(line(Item::Vcpu).quote.usd.to_string(), "0.0413");
    assert_eq!(line(Item::Memory).monthly().to_string(), "38.325");
    assert_eq!(line(Item::Memory).quantity.to_string(), "5475");
}

#[test]
fn only_what_is_above_the_free_baseline_is_billed() {
    let mut provisioned = instance("db.t3.medium", false, 400, Some("gp3"));
    provisioned.storage.iops = Some(13_000);
    provisioned.storage.throughput = Some(500);
    let bill = bill(
        Catalog::embedded(),
        ProviderKind::Aws,
        "us-east-1",
        &[provisioned],
    );
    let lines: Vec<_> = bill
        .components
        .iter()
        .filter(|line| line.item == Item::Iops)
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].monthly().shown(), "20.00");
    assert!(
        bill.components
            .iter()
            .all(|line| line.item != Item::Throughput)
    );
}

#[test]
fn backups_beyond_the_free_part_follow_from_the_volume_of_wal() {
    let mut primary = instance("db.t3.medium", false, 100, Some("gp3"));
    primary.backup_days = Some(7);
    let prices = PriceCatalog::new(Catalog::embedded(), None);
    let (aws, region) = (ProviderKind::Aws, "us-east-1");
    let without = bill_with(&prices, aws, region, &[primary.clone()], None);
    assert_eq!(without.not_included.len(), 1);
    assert_eq!(without.not_included[0].item, Item::Backup);
    let with = bill_with(&prices, aws, region, &[primary], Some(Gib::whole(5)));
    assert!(with.not_included.is_empty());
    let line = with
        .components
        .iter()
        .find(|line| line.item == Item::Backup)
        .unwrap();
    assert_eq!(line.monthly().to_string(), "3.325");
}

#[test]
fn a_standby_in_the_same_zone_costs_what_one_in_another_does() {
    let azure = ProviderKind::Azure;
    let total = |multi_az, beside: u64| {
        let mut primary = instance("Standard_D4ds_v5", multi_az, 128, None);
        let beside = ("same_zone_standby".to_owned(), Value::Number(beside));
        primary.settings.extend([beside]);
        let bill = bill(Catalog::embedded(), azure, "eastus2", &[primary]);
        format!("{:?}", bill.total())
    };
    assert_eq!(total(false, 1), total(true, 0));
    assert_ne!(total(false, 0), total(true, 0));
}

#[test]
fn two_zones_without_a_price_of_their_own_are_estimated_at_twice_one() {
    let region = Region::new("us-east-1");
    let prices = PriceCatalog::new(Catalog::embedded(), None);
    let class = Catalog::embedded()
        .class(ProviderKind::Aws, &region, "db.t3.medium")
        .unwrap();
    let quote = |at| {
        prices
            .hour(ProviderKind::Aws, &region, &class, at)
            .known()
            .unwrap()
    };
    assert_eq!(quote(Availability::Regional).usd.to_string(), "0.144");
    assert_eq!(
        quote(Availability::Regional).origin.quality,
        Quality::Estimated
    );
    assert_eq!(quote(Availability::Zonal).origin.quality, Quality::Observed);
    // One zone is not half of two: what was only seen in two zones stays unknown in one.
    let region = Region::new("eu-central-1");
    let class = Catalog::embedded()
        .class(ProviderKind::Aws, &region, "db.m8g.large")
        .unwrap();
    let price = prices.hour(ProviderKind::Aws, &region, &class, Availability::Zonal);
    assert_eq!(price, Price::NotFound);
}

#[test]
fn a_price_that_was_removed_is_named_and_never_zero() {
    // Per cloud: the line of the class's price, and a class that needs it.
    for (provider, region, size, removed) in [
        (
            ProviderKind::Aws,
            "us-east-1",
            "db.t3.medium",
            "db.t3.medium z ",
        ),
        (
            ProviderKind::Gcp,
            "us-central1",
            "db-custom-2-7680",
            "vcpu z ",
        ),
        (
            ProviderKind::Azure,
            "eastus2",
            "Standard_D4ds_v5",
            "Ddsv5 z ",
        ),
    ] {
        let text = include_str!("../data/catalog.txt");
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with(removed))
            .collect();
        let catalog = Catalog::parse(&(kept.join("\n") + "\n")).unwrap();
        for multi_az in [false, true] {
            // In two zones Google has prices of its own.
            if provider == ProviderKind::Gcp && multi_az {
                continue;
            }
            let instance = instance(size, multi_az, 100, None);
            let bill = bill(&catalog, provider, region, &[instance]);
            let named = bill.unpriced.iter().any(|line| line.detail.contains(size));
            assert!(named, "{provider}: {bill:?}");
            assert!(!bill.total().is_complete(), "{provider}");
        }
        let mut bare = instance(size, false, 100, None);
        bare.storage.gib = None;
        let bill = bill(&catalog, provider, region, &[bare]);
        match (provider, bill.total()) {
            // Its memory still has a price.
            (ProviderKind::Gcp, Amount::AtLeast(_)) | (_, Amount::Unknown) => {}
            (_, total) => panic!("{provider}: {total:?}"),
        }
    }
}

#[test]
fn portable_sizes_are_the_cheapest_that_fit() {
    let pick = |provider, region: &str, vcpus, gib, burstable, arm64| {
        let want = Want {
            vcpus,
            memory_gib: Gib::whole(gib),
            burstable,
            arm64,
        };
        let choice = Catalog::embedded().cheapest(provider, &Region::new(region), &want);
        choice.map(|choice| choice.class.name.to_string())
    };
    let (aws, gcp, azure) = (ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure);
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        pick(aws, "us-east-1", 2, 4, false, false),
        some("db.m6i.large")
    );
    assert_eq!(
        pick(aws, "us-east-1", 2, 4, true, false),
        some("db.t3.medium")
    );
    assert_eq!(
        pick(aws, "us-east-1", 2, 4, true, true),
        some("db.t4g.medium")
    );
    assert_eq!(
        pick(aws, "us-east-1", 2, 16, false, true),
        some("db.r6g.large")
    );
    assert_eq!(
        pick(gcp, "us-central1", 2, 4, false, false),
        some("db-custom-2-4096")
    );
    assert_eq!(
        pick(gcp, "us-central1", 2, 32, false, false),
        some("db-custom-6-32768")
    );
    assert_eq!(
        pick(gcp, "us-central1", 1, 1, true, false),
        some("db-g1-small")
    );
    assert_eq!(
        pick(azure, "eastus2", 4, 16, false, false),
        some("Standard_D4ds_v5")
    );
    assert_eq!(
        pick(azure, "eastus2", 2, 4, true, false),
        some("Standard_B2s")
    );
    assert_eq!(pick(aws, "us-east-1", 4096, 4, false, false), None);
    assert_eq!(pick(aws, "mars-1", 2, 4, false, false), None);
}

#[test]
fn every_class_has_a_price_in_every_region_or_is_named() {
    let catalog = Catalog::embedded();
    let mut priced = 0;
    for provider in [ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure] {
        for region in catalog.regions(provider) {
            for class in catalog.classes(provider) {
                let instance = instance(&class.name, false, 1, None);
                let bill = bill(catalog, provider, region.as_str(), &[instance]);
                let compute = |item| matches!(item, Item::Compute | Item::Vcpu | Item::Memory);
                let lines = bill
                    .components
                    .iter()
                    .filter(|line| compute(line.item))
                    .count();
                let unknown = bill
                    .unpriced
                    .iter()
                    .filter(|line| compute(line.item))
                    .count();
                assert!(lines + unknown > 0, "{region} {}", class.name);
                priced += lines;
            }
        }
    }
    assert!(priced > 2_000, "{priced} prices only");
}

#[test]
fn the_embedded_catalog_is_what_the_script_makes_of_the_facts_with_python() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/make-price-catalog");
    let made = Command::new("python3").arg(script).arg("--print").output();
    let made = made.expect("python3 has to be installed");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let made = String::from_utf8(made.stdout).unwrap();
    assert!(
        made == include_str!("../data/catalog.txt"),
        "run scripts/make-price-catalog"
    );
    assert!(Catalog::parse_embedded().is_ok());
}
