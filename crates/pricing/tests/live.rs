//! The live price lists in the shapes that they really have, odd rows and broken answers included.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use pgfleet_model::{Availability, ProviderKind, Region};
use pgfleet_pricing::{
    Catalog, Date, PriceCatalog,
    live::{AzurePages, GcpPages, aws_offer, aws_regions},
};
use serde_json::{Value, json};

fn today() -> Date {
    "2026-09-10".parse().unwrap()
}

fn price(
    catalog: &Catalog,
    provider: ProviderKind,
    region: &str,
    meter: &str,
    regional: bool,
) -> Option<String> {
    let nothing = Catalog::default();
    let prices = PriceCatalog::new(&nothing, Some(catalog.clone()));
    let availability = if regional {
        Availability::Regional
    } else {
        Availability::Zonal
    };
    let quote = prices
        .price(provider, &Region::new(region), meter, availability)
        .known();
    quote.map(|quote| quote.usd.to_string())
}

/// An offer file in the sample's shape, with products of PostgreSQL among the others.
fn offer() -> Value {
    let mut offer: Value =
        serde_json::from_str(include_str!("samples/aws_bulk_offer_excerpt.json")).unwrap();
    offer["publicationDate"] = json!("2026-09-04T17:27:16Z");
    let mut add = |sku: &str, family: &str, attributes: Value, usd: &str| {
        offer["products"][sku] =
            json!({"sku": sku, "productFamily": family, "attributes": attributes});
        offer["terms"]["OnDemand"][sku] = json!({"a": {
            "effectiveDate": "2026-03-01T00:00:00Z",
            "priceDimensions": {"x": {"unit": "Hrs", "beginRange": "0", "pricePerUnit": {"USD": usd}}},
        }});
    };
    let class = |zones: &str, usage: &str| {
        json!({"databaseEngine": "PostgreSQL", "instanceType": "db.t3.medium", "deploymentOption": zones,
               "licenseModel": "No license required", "usagetype": usage, "regionCode": "us-east-1"})
    };
    add(
        "PG1",
        "Database Instance",
        class("Single-AZ", "InstanceUsage:db.t3.medium"),
        "0.0720000000",
    );
    add(
        "PG2",
        "Database Instance",
        class("Multi-AZ", "USE1-Multi-AZUsage:db.t3.medium"),
        "0.145",
    );
    add(
        "PG3",
        "Database Instance",
        class(
            "Multi-AZ (readable standbys)",
            "Multi-AZClusterUsage:db.t3.medium",
        ),
        "9",
    );
    add(
        "PG4",
        "Database Instance",
        class("Single-AZ", "ExtendedSupport:db.t3.medium"),
        "8",
    );
    for (sku, usage, usd) in [
        ("ST1", "RDS:GP3-Storage", "0.115"),
        ("ST2", "USE1-RDS:Multi-AZ-GP3-Storage", "0.230"),
        ("ST3", "RDS:GP3-PIOPS", "0.02"),
        ("ST4", "RDS:ChargedBackupUsage", "0.095"),
        ("ST5", "RDS:Multi-AZCluster-GP3-Storage", "0.345"),
    ] {
        add(
            sku,
            "Database Storage",
            json!({"databaseEngine": "PostgreSQL", "usagetype": usage}),
            usd,
        );
    }
    add(
        "ANY",
        "Database Storage",
        json!({"databaseEngine": "Any", "usagetype": "RDS:GP3-Storage"}),
        "0.5",
    );
    // A rate that has not begun, and one that ended with it.
    offer["terms"]["OnDemand"]["PG1"]["b"] = json!({
        "effectiveDate": "2027-01-01T00:00:00Z",
        "priceDimensions": {"x": {"unit": "Hrs", "pricePerUnit": {"USD": "0.99"}}}});
    offer["terms"]["OnDemand"]["PG1"]["c"] = json!({
        "effectiveDate": "2020-01-01T00:00:00Z",
        "priceDimensions": {"x": {"unit": "Hrs", "pricePerUnit": {"USD": "0.09"}}}});
    offer["terms"]["Reserved"]["PG1"] = json!({"r": {
        "effectiveDate": "2024-01-01T00:00:00Z",
        "priceDimensions": {
            "u": {"unit": "Quantity", "pricePerUnit": {"USD": "216"}},
            "h": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0246"}}},
        "termAttributes": {"LeaseContractLength": "1yr", "OfferingClass": "standard", "PurchaseOption": "Partial Upfront"}}});
    offer
}

fn read_offer(text: &str) -> Result<Catalog, String> {
    let region = Region::new("us-east-1");
    aws_offer(text.as_bytes(), &region, today()).map_err(|error| error.to_string())
}

#[test]
fn an_offer_of_aws_is_read_for_postgresql_alone() {
    let catalog = read_offer(&offer().to_string()).unwrap();
    let price = |meter, regional| price(&catalog, ProviderKind::Aws, "us-east-1", meter, regional);
    assert_eq!(price("db.t3.medium", false).as_deref(), Some("0.072"));
    assert_eq!(price("db.t3.medium", true).as_deref(), Some("0.145"));
    assert_eq!(
        price("gp3", false).as_deref(),
        Some("0.115"),
        "PostgreSQL's row outweighs any engine's"
    );
    assert_eq!(price("gp3", true).as_deref(), Some("0.23"));
    assert_eq!(price("gp3/iops", false).as_deref(), Some("0.02"));
    assert_eq!(price("backup", false).as_deref(), Some("0.095"));
    assert_eq!(price("db.t4g.xlarge", false), None, "MySQL's");
    assert!(
        catalog
            .prices_text()
            .contains("terms db.t3.medium 0 - 216,0.0246 - - -")
    );
    assert!(catalog.prices_text().contains("observed 2026-09-04"));
}

#[test]
fn the_terms_of_an_offer_may_stand_before_its_products() {
    let offer = offer();
    let turned = format!(
        "{{\"terms\": {}, \"products\": {}}}",
        offer["terms"], offer["products"]
    );
    let catalog = read_offer(&turned).unwrap();
    let found = price(
        &catalog,
        ProviderKind::Aws,
        "us-east-1",
        "db.t3.medium",
        false,
    );
    assert_eq!(found.as_deref(), Some("0.072"));
}

#[test]
fn a_broken_offer_is_refused() {
    let whole = offer().to_string();
    assert!(read_offer(&whole[..whole.len() - 200]).is_err(), "cut off");
    for (change, word) in [
        (
            whole.replace("\"USD\":\"0.0720000000\"", "\"CNY\":\"0.5\""),
            "CNY",
        ),
        (whole.replace("0.0720000000", "-0.07"), "negative"),
        (whole.replace("0.0720000000", "NaN"), "not a decimal"),
        (whole.replace("AmazonRDS", "AmazonEC2"), "AmazonEC2"),
        (
            whole.replace("\"PostgreSQL\"", "\"MySQL\""),
            "no price of PostgreSQL",
        ),
        ("{}".to_owned(), "products"),
        ("[]".to_owned(), "offer file"),
        (String::new(), "line 1"),
        (format!("{{\"x\": {}", "[".repeat(1_000_000)), "line 1"),
    ] {
        let error = read_offer(&change).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn the_index_of_aws_names_paths_and_nothing_else() {
    let sample: Value =
        serde_json::from_str(include_str!("samples/aws_region_index.json")).unwrap();
    let regions = aws_regions(&sample["body"].to_string()).unwrap();
    assert_eq!(regions.len(), 2);
    let elsewhere = sample["body"]
        .to_string()
        .replace("/offers/", "https://example.org/");
    assert!(aws_regions(&elsewhere).is_err());
}

/// The rows of the sample, on two pages.
fn azure_pages() -> (String, String) {
    let mut page: Value =
        serde_json::from_str(include_str!("samples/azure_retail_prices_page1.json")).unwrap();
    let items = page["Items"].as_array().unwrap().clone();
    let (first, second) = items.split_at(items.len() / 2);
    page["Items"] = json!(first);
    let mut last = page.clone();
    last["Items"] = json!(second);
    last["NextPageLink"] = Value::Null;
    let mut reservation = second[0].clone();
    for (key, value) in [
        ("type", json!("Reservation")),
        ("reservationTerm", json!("3 Years")),
        ("retailPrice", json!(4000.5)),
        ("skuName", json!("vCore")),
        ("meterName", json!("vCore")),
        ("unitOfMeasure", json!("1 Hour")),
        (
            "productName",
            json!(
                "Azure Database for PostgreSQL Flexible Server General Purpose Ddsv5 Series Compute"
            ),
        ),
    ] {
        reservation[key] = value;
    }
    let mut testing = reservation.clone();
    testing["type"] = json!("DevTestConsumption");
    testing["retailPrice"] = json!(0.001);
    last["Items"]
        .as_array_mut()
        .unwrap()
        .extend([reservation, testing]);
    (page.to_string(), last.to_string())
}

#[test]
fn the_pages_of_azure_are_read_with_their_odd_rows() {
    let (first, last) = azure_pages();
    let mut pages = AzurePages::new(Region::new("eastus2"), today());
    assert!(
        pages
            .page(&first)
            .unwrap()
            .is_some_and(|link| link.contains("$skip=1000"))
    );
    assert_eq!(pages.page(&last).unwrap(), None);
    let catalog = pages.finish().unwrap();
    let price = |meter| price(&catalog, ProviderKind::Azure, "eastus2", meter, false);
    assert_eq!(price("Ddsv5").as_deref(), Some("0.089"), "one vCore");
    assert_eq!(
        price("Standard_D4ds_v5").as_deref(),
        Some("0.356"),
        "the whole server"
    );
    assert_eq!(price("Standard_B1ms").as_deref(), Some("0.017"));
    assert_eq!(price("premium-ssd").as_deref(), Some("0.115"));
    assert_eq!(
        price("ultra-disk").as_deref(),
        Some("0.135"),
        "the latest that has begun"
    );
    assert!(
        catalog
            .prices_text()
            .contains("terms Ddsv5 0 - - - - 4000.5,0")
    );
}

#[test]
fn a_broken_page_of_azure_is_refused() {
    let (first, _) = azure_pages();
    for (text, word) in [
        (first.replace("\"USD\"", "\"EUR\""), "EUR"),
        (first.replace("0.017", "-0.017"), "negative"),
        (first.replace("\"1 Hour\"", "\"1 Day\""), "1 Day"),
        (first[..500].to_owned(), "line 1"),
        ("{}".to_owned(), "Items"),
    ] {
        let mut pages = AzurePages::new(Region::new("eastus2"), today());
        let error = pages.page(&text).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let mut empty = AzurePages::new(Region::new("eastus2"), today());
    empty.page("{\"Items\": []}").unwrap();
    assert!(empty.finish().is_err());
}

/// The sample's page with SKUs of the described kinds in it.
fn gcp_page() -> Value {
    let mut page: Value =
        serde_json::from_str(include_str!("samples/gcp_skus_list_excerpt.json")).unwrap();
    let described: Value =
        serde_json::from_str(include_str!("samples/gcp_cloudsql_descriptions.json")).unwrap();
    for sku in described["skus"].as_array().unwrap() {
        let nanos = (sku[2].as_f64().unwrap() * 1e9).round();
        let nanos: i64 = format!("{nanos}").parse().unwrap();
        page["skus"].as_array_mut().unwrap().push(json!({
            "skuId": sku[0], "description": sku[1], "category": {"usageType": "OnDemand"},
            "serviceRegions": ["us-east1"],
            "pricingInfo": [{"effectiveTime": "2022-04-18T01:08:21.806Z", "pricingExpression": {
                "usageUnit": sku[3],
                "tieredRates": [{"unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}]}}]}));
    }
    page
}

#[test]
fn the_pages_of_google_are_read_by_their_descriptions() {
    let mut pages = GcpPages::new(today());
    assert_eq!(pages.page(&gcp_page().to_string()).unwrap(), None);
    let catalog = pages.finish(&[]).unwrap();
    let price =
        |region, meter, regional| price(&catalog, ProviderKind::Gcp, region, meter, regional);
    assert_eq!(
        price("europe-west4", "vcpu", false).as_deref(),
        Some("0.0454")
    );
    for (meter, regional, wanted) in [
        ("vcpu", false, "0.0413"),
        ("vcpu", true, "0.0826"),
        ("memory", false, "0.007"),
        ("PD_SSD", false, "0.17"),
        ("plus/vcpu", false, "0.0537"),
        ("n4/memory", false, "0.007"),
        ("c4a/vcpu", false, "0.054"),
        ("hyperdisk/throughput", false, "0.08"),
        ("backup", false, "0.08"),
    ] {
        assert_eq!(
            price("us-east1", meter, regional).as_deref(),
            Some(wanted),
            "{meter}"
        );
    }
    assert_eq!(
        price("europe-west3", "vcpu", false),
        None,
        "a commitment is no price"
    );
}

#[test]
fn a_broken_page_of_google_is_refused() {
    let page = gcp_page().to_string();
    for (text, word) in [
        (page.replace("\"USD\"", "\"EUR\""), "EUR"),
        (page.replace("41300000", "-41300000"), "units and nanos"),
        (page.replace("\"GiBy.h\"", "\"GiBy.d\""), "GiBy.d"),
        (page[..700].to_owned(), "line 1"),
    ] {
        let error = GcpPages::new(today()).page(&text).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let mut pages = GcpPages::new(today());
    pages.page(&page).unwrap();
    assert!(pages.finish(&[Region::new("mars-1")]).is_err());
}
