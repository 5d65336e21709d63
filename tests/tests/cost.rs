//! `cost` and `prices`, from plan files and from price lists on loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{fs, path::Path};

use pgfleet_tests::{Machine, PriceLists, Ran};
use serde_json::{Value, json};

const AWS: &str = r#"
fleet = "foodtruck"
provider = "aws"
region = "us-east-1"
[primary]
size = "db.t3.medium"
storage = { gib = 100, type = "gp3" }
[[replicas]]
count = 2
"#;
const GCP: &str = r#"
fleet = "carts"
provider = "gcp"
region = "us-central1"
[primary]
size = "db-custom-2-7680"
storage = { gib = 100 }
"#;
const AZURE: &str = r#"
fleet = "stalls"
provider = "azure"
region = "eastus2"
[primary]
size = "Standard_D4ds_v5"
multi_az = true
storage = { gib = 128 }
[[replicas]]
count = 1
multi_az = true
"#;

/// Runs pgfleet with its prices in the machine's folder and the lists at `lists`.
fn run(machine: &Machine, lists: Option<&PriceLists>, arguments: &[&str]) -> Ran {
    let mut command = machine.command(arguments);
    command.env("PGFLEET_PRICES", prices(machine));
    command.env("PGFLEET_GCP_API_KEY", "planted-key");
    for cloud in ["AWS", "GCP", "AZURE"] {
        let origin = lists.map_or("http://127.0.0.1:1", PriceLists::origin);
        command.env(format!("PGFLEET_{cloud}_PRICES_ENDPOINT"), origin);
    }
    machine.start_command(command).wait()
}

fn prices(machine: &Machine) -> std::path::PathBuf {
    machine.path().join("own/prices.txt")
}

fn write(machine: &Machine, name: &str, plan: &str) {
    fs::write(machine.path().join(name), plan).unwrap();
}

fn sample(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pricing/tests/samples");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn cost_asks_nobody_and_names_every_component() {
    let machine = Machine::new();
    write(&machine, "aws.toml", AWS);
    write(&machine, "gcp.toml", GCP);
    write(&machine, "azure.toml", AZURE);
    let plans = [
        "cost",
        "aws.toml",
        "gcp.toml",
        "azure.toml",
        "--format",
        "json",
    ];
    let ran = run(&machine, None, &plans).exits(0);
    assert!(ran.stderr.is_empty(), "{ran}");
    let json = ran.json();
    let cost = |fleet: usize| &json["fleets"][fleet]["cost"];
    assert_eq!(cost(0)["currency"], "USD");
    assert_eq!(cost(0)["monthly_before"], "0.00");
    assert_eq!(cost(0)["monthly_after"], "192.18");
    assert_eq!(cost(0)["monthly_delta"], "192.18");
    let first = &cost(0)["components"][0];
    for (key, value) in [
        ("address", "primary"),
        ("item", "compute"),
        ("detail", "db.t3.medium Single-AZ"),
        ("quantity", "730"),
        ("unit", "h"),
        ("unit_price", "0.072"),
        ("monthly", "52.56"),
        ("quality", "observed"),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert_eq!(cost(1)["monthly_after"], "115.62");
    assert_eq!(cost(2)["components"][0]["monthly"], "519.76");
    // A replica on Azure has no standby, whatever is asked.
    assert_eq!(cost(2)["components"][2]["monthly"], "259.88");
    let text = run(&machine, None, &["cost", "aws.toml"]).exits(0);
    assert!(
        text.stdout.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    text.says("$192.18").says("not included");
    let markdown = run(
        &machine,
        None,
        &["cost", "gcp.toml", "--format", "markdown"],
    )
    .exits(0);
    markdown.says("| primary | vcpu |");
}

#[test]
fn compare_shows_three_clouds_and_what_differs() {
    let machine = Machine::new();
    write(&machine, "azure.toml", AZURE);
    let ran = run(&machine, None, &["cost", "azure.toml", "--compare"]).exits(0);
    ran.says("azure eastus2")
        .says("aws us-east-1")
        .says("gcp us-east4");
    ran.says("an Azure replica cannot have HA");
    let arguments = ["cost", "azure.toml", "--compare", "--format", "json"];
    let json = run(&machine, None, &arguments).exits(0).json();
    assert_eq!(json["fleets"][0]["clouds"].as_array().unwrap().len(), 3);
    let arguments = ["cost", "azure.toml", "--compare", "--format", "markdown"];
    run(&machine, None, &arguments)
        .exits(0)
        .says("| gcp | us-east4 |");
    machine.fleet("truck").write();
    run(&machine, None, &["cost", "truck.toml", "--compare"]).exits(64);
}

#[test]
fn what_has_no_price_is_named_with_the_remedy() {
    let machine = Machine::new();
    let plan = AWS.replace("us-east-1", "eu-west-1");
    let plan = format!("{plan}\n[protect]\nmonthly_usd = 10\n");
    write(&machine, "aws.toml", &plan);
    let ran = run(&machine, None, &["cost", "aws.toml"]).exits(0);
    ran.says("no price")
        .says("pgfleet prices refresh")
        .says("cost/unpriced");
    ran.never_says("$0.00 + ?");
    let json = run(&machine, None, &["cost", "aws.toml", "--format", "json"]).json();
    let cost = &json["fleets"][0]["cost"];
    assert_eq!(cost["complete"], false);
    assert_eq!(cost["unpriced"].as_array().unwrap().len(), 3);
    assert_eq!(cost["unpriced"][0]["item"], "storage");
}

/// The lists of the three clouds, each in its own shape.
fn lists() -> PriceLists {
    let lists = PriceLists::new();
    let index = sample("aws_region_index.json");
    lists.serve(
        "/offers/v1.0/aws/AmazonRDS/current/region_index.json",
        200,
        index["body"].to_string(),
    );
    let path = index["body"]["regions"]["us-east-1"]["currentVersionUrl"]
        .as_str()
        .unwrap();
    let mut offer = sample("aws_bulk_offer_excerpt.json");
    offer["publicationDate"] = json!("2026-09-04T17:27:16Z");
    offer["products"]["PG"] = json!({"productFamily": "Database Instance", "attributes": {
        "databaseEngine": "PostgreSQL", "instanceType": "db.t3.medium", "deploymentOption": "Single-AZ",
        "usagetype": "InstanceUsage:db.t3.medium", "regionCode": "us-east-1"}});
    offer["terms"]["OnDemand"]["PG"] = json!({"a": {"priceDimensions": {"x": {
        "unit": "Hrs", "pricePerUnit": {"USD": "0.1000000000"}}}}});
    lists.serve(path, 200, offer.to_string());
    let mut first = sample("azure_retail_prices_page1.json");
    let items = first["Items"].as_array().unwrap().clone();
    let (some, rest) = items.split_at(9);
    first["Items"] = json!(some);
    lists.serve("/api/retail/prices?%24filter=", 200, first.to_string());
    first["Items"] = json!(rest);
    first["NextPageLink"] = Value::Null;
    lists.serve("/api/retail/prices?$filter=", 200, first.to_string());
    let mut page = sample("gcp_skus_list_excerpt.json");
    page["nextPageToken"] = json!("second");
    lists.serve("/v1/services/9662-B51E-5089/skus", 200, page.to_string());
    let last = json!({"skus": [], "nextPageToken": ""}).to_string();
    let second = "/v1/services/9662-B51E-5089/skus?currencyCode=USD&pageSize=5000&pageToken=second";
    lists.serve(second, 200, last);
    lists
}

const REFRESH: [&str; 8] = [
    "prices",
    "refresh",
    "--region",
    "us-east-1",
    "--region",
    "eastus2",
    "--region",
    "europe-west4",
];

#[test]
fn a_refresh_overlays_prices_and_a_failed_one_changes_nothing() {
    let machine = Machine::new();
    write(&machine, "aws.toml", AWS);
    let lists = lists();
    run(&machine, Some(&lists), &REFRESH)
        .exits(0)
        .says("aws: prices of 1 region");
    assert!(
        lists.asked().iter().any(|path| path.contains("skip=1000")),
        "a page was left out"
    );
    assert!(
        lists
            .asked()
            .iter()
            .any(|path| path.contains("pageToken=second"))
    );
    let heads = lists.heads();
    assert!(heads.iter().any(|line| line.starts_with("accept")));
    let keys = heads.iter().filter(|line| line.contains("planted-key"));
    assert_eq!(keys.count(), 0, "a key was sent without TLS");
    let json = run(&machine, None, &["cost", "aws.toml", "--format", "json"])
        .exits(0)
        .json();
    let first = &json["fleets"][0]["cost"]["components"][0];
    assert_eq!(
        (&first["unit_price"], &first["as_of"]),
        (&json!("0.1"), &json!("2026-09-04"))
    );
    let whole = fs::read(prices(&machine)).unwrap();
    run(&machine, None, &["prices", "show", "--cloud", "azure"])
        .exits(0)
        .says("refreshed, 1 region");

    // Whatever goes wrong with the last of them, the file stays as it was.
    for (status, body) in [
        (500, "{}".to_owned()),
        (302, String::new()),
        (200, "{\"Items\": [".to_owned()),
        (200, "{\"Items\": [], \"NextPageLink\": null}".to_owned()),
        (
            200,
            sample("azure_retail_prices_page1.json")
                .to_string()
                .replace("\"USD\"", "\"EUR\""),
        ),
        (200, "[".repeat(100_000)),
    ] {
        lists.serve("/api/retail/prices?%24filter=", status, body);
        let ran = run(&machine, Some(&lists), &REFRESH).exits(1);
        ran.says("nothing was changed");
        assert_eq!(fs::read(prices(&machine)).unwrap(), whole);
    }
    let left = fs::read_dir(prices(&machine).parent().unwrap())
        .unwrap()
        .count();
    assert_eq!(left, 1, "a draft was left behind");
}

#[test]
fn a_refreshed_price_resizes_nothing() {
    let machine = Machine::new();
    let plan = AWS.replace("\"db.t3.medium\"", "{ vcpus = 2, memory_gib = 4 }");
    write(&machine, "aws.toml", &plan);
    let size = |machine: &Machine| {
        let json = run(machine, None, &["cost", "aws.toml", "--format", "json"])
            .exits(0)
            .json();
        json["fleets"][0]["cost"]["components"][0]["detail"].clone()
    };
    let before = size(&machine);
    fs::create_dir_all(prices(&machine).parent().unwrap()).unwrap();
    let cheap = "pgfleet-prices 1 USD\norigin 0 observed 2026-09-05 mine\nprovider aws\n\
                 region us-east-1\ndb.x2g.16xlarge z 0.001 0\ndb.r5.large z 0.001 0\n";
    fs::write(prices(&machine), cheap).unwrap();
    assert_eq!(size(&machine), before);
}

#[test]
fn a_damaged_price_file_is_told_of_with_its_line_and_not_used() {
    let machine = Machine::new();
    write(&machine, "aws.toml", AWS);
    fs::create_dir_all(prices(&machine).parent().unwrap()).unwrap();
    fs::write(prices(&machine), "pgfleet-prices 1 USD\nregion NaN\n").unwrap();
    let ran = run(&machine, None, &["cost", "aws.toml"]).exits(0);
    ran.says("prices.txt: line 2").says("$192.18");
}

#[test]
fn endpoints_and_regions_that_are_wrong_are_refused_before_anything_is_sent() {
    let machine = Machine::new();
    let mut command = machine.command(&["prices", "refresh", "--cloud", "azure"]);
    command.env("PGFLEET_PRICES", prices(&machine));
    command.env("PGFLEET_AZURE_PRICES_ENDPOINT", "http://prices.example.org");
    machine
        .start_command(command)
        .wait()
        .exits(1)
        .says("plain http");
    run(&machine, None, &["prices", "refresh", "--region", "mars-1"])
        .exits(64)
        .says("mars-1");
}
