//! Plans in which nothing is wrong, and what they come to.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use pgfleet_model::{Availability, PasswordSource, ProviderKind, Region, SslMode, Storage, Value};
use pgfleet_spec::{InstanceSize, PrimarySpec};
use support::{VALID, json, meaning, named, to_json, toml};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn a_plan_with_every_key_of_aws() {
    let spec = named(VALID[0].0, VALID[0].1).unwrap();
    assert_eq!(spec.fleet.as_str(), "foodtruck");
    assert_eq!(spec.provider, ProviderKind::Aws);
    assert_eq!(spec.region.as_str(), "us-east-1");
    assert_eq!(spec.postgres.unwrap().to_string(), "16.3");
    assert_eq!(spec.tags["cost center"], "4711");
    assert!(spec.in_window);
    assert_eq!(spec.wal_gib_per_day, Some(5.0));
    assert_eq!(spec.max_price_age_days, Some(180));

    let PrimarySpec::Managed(primary) = &spec.primary else {
        panic!("not managed")
    };
    assert_eq!(primary.id.as_ref().unwrap().as_str(), "orders-db");
    assert_eq!(
        primary.size,
        Some(InstanceSize::Class("db.t3.medium".into()))
    );
    assert_eq!(primary.availability, Availability::Regional);
    assert_eq!(
        primary.storage,
        Storage {
            gib: Some(100),
            kind: Some("gp3".into()),
            iops: Some(3000),
            throughput: Some(125),
            autogrow: None,
            autogrow_to_gib: Some(500),
        }
    );
    assert_eq!(
        (primary.admin.as_str(), primary.database.as_str()),
        ("boss", "foodtruck")
    );
    assert_eq!(
        primary.password,
        Some(PasswordSource::Env("FOODTRUCK_DB_PASSWORD".into()))
    );
    assert_eq!((primary.password_version, primary.backup_days), (2, 14));
    assert!(!primary.final_snapshot);

    let [first, eu, none] = spec.replicas.as_slice() else {
        panic!("not three groups")
    };
    assert_eq!(
        (first.name.as_ref(), first.count, first.index),
        (None, 2, 0)
    );
    assert_eq!(
        first.size,
        Some(InstanceSize::AtLeast {
            vcpus: 2,
            memory_gib: 4.0,
            burstable: true,
            arm64: true
        })
    );
    assert_eq!(first.availability, Availability::Zonal);
    assert_eq!(first.storage, Storage::default());
    assert_eq!((eu.count, eu.index), (2, 1));
    assert_eq!(eu.region, Some(Region::new("eu-west-1")));
    assert_eq!(eu.platform["security_groups"], Value::List(BTreeSet::new()));
    assert_eq!(eu.platform["publicly_accessible"], Value::Flag(true));
    assert_eq!(none.count, 0);

    assert!(!spec.protect.deletion && spec.protect.allow_unpriced);
    assert_eq!(spec.protect.max_deletes, Some(1));
    assert_eq!(spec.protect.monthly_usd.as_deref(), Some("700.25"));
    assert_eq!(
        spec.protect.max_monthly_increase_usd.as_deref(),
        Some("300")
    );
    assert_eq!(spec.connect.user.as_deref(), Some("reader"));
    assert_eq!(spec.connect.sslmode, Some(SslMode::VerifyCa));
    assert_eq!(
        spec.connect.root_cert,
        Some(PathBuf::from("/plans/certs/rds.pem"))
    );
    let command = ["pass", "show", "foodtruck"].map(str::to_owned).to_vec();
    assert_eq!(
        spec.connect.password,
        Some(PasswordSource::Command(command))
    );
    assert_eq!(spec.alerts.lag, Some(Duration::from_millis(500)));
    assert_eq!(spec.alerts.error_rate, Some(0.01));
    let list = Value::List(["sg-1".into(), "sg-2".into()].into());
    assert_eq!(
        spec.platform,
        BTreeMap::from([
            ("account".into(), text("123456789012")),
            ("kms_key".into(), text("alias/food")),
            ("parameter_group".into(), text("food-pg16")),
            ("publicly_accessible".into(), Value::Flag(false)),
            ("security_groups".into(), list),
            ("subnet_group".into(), text("food")),
        ])
    );
}

#[test]
fn a_plan_for_gcp() {
    let spec = named(VALID[1].0, VALID[1].1).unwrap();
    let PrimarySpec::Managed(primary) = &spec.primary else {
        panic!("not managed")
    };
    let size = InstanceSize::AtLeast {
        vcpus: 4,
        memory_gib: 7.5,
        burstable: false,
        arm64: false,
    };
    assert_eq!(primary.size, Some(size));
    assert_eq!(primary.storage.autogrow, Some(true));
    assert_eq!(
        primary.password,
        Some(PasswordSource::File("/run/secrets/foodtruck".into()))
    );
    assert_eq!(
        (primary.admin.as_str(), primary.database.as_str()),
        ("postgres", "postgres")
    );
    assert_eq!((primary.password_version, primary.backup_days), (1, 7));
    assert!(primary.final_snapshot && spec.protect.deletion && !spec.in_window);
    assert_eq!(spec.platform["edition"], text("ENTERPRISE_PLUS"));
    assert_eq!(
        spec.replicas[0].platform["network"],
        text("projects/food/global/networks/eu")
    );
}

#[test]
fn a_plan_for_azure_that_follows_an_existing_primary() {
    let spec = named(VALID[2].0, VALID[2].1).unwrap();
    let PrimarySpec::Existing(existing) = &spec.primary else {
        panic!("not existing")
    };
    assert_eq!(existing.reference, "foodtruck-prod");
    let addresses: Vec<_> = spec
        .addresses()
        .iter()
        .map(|(at, ..)| at.to_string())
        .collect();
    assert_eq!(
        addresses,
        ["reports-1"],
        "a group of no ids is empty; one of no count is one"
    );
    assert_eq!(spec.replicas[0].ids.as_deref(), Some([].as_slice()));
}

#[test]
fn a_local_plan() {
    let spec = named(VALID[3].0, VALID[3].1).unwrap();
    assert_eq!(spec.region, Region::local());
    assert_eq!(spec.platform["data_dir"], text("/plans/data"));
    assert_eq!(spec.platform["port"], Value::Number(5440));
    let least = toml("fleet = 'a'\nprovider = 'local'").unwrap();
    assert!(least.replicas.is_empty());
    assert!(matches!(least.primary, PrimarySpec::Managed(primary) if primary.size.is_none()));
}

#[test]
fn json_says_the_same() {
    for (name, text) in VALID {
        let twin = json(&to_json(text).to_string()).unwrap();
        assert_eq!(meaning(twin), meaning(named(name, text).unwrap()), "{name}");
    }
}

#[test]
fn addresses_and_identifiers() {
    let spec = named(VALID[0].0, VALID[0].1).unwrap();
    let shown: Vec<_> = spec
        .addresses()
        .into_iter()
        .map(|(address, id, region)| format!("{address} {id} {region}"))
        .collect();
    assert_eq!(
        shown,
        [
            "primary orders-db us-east-1",
            "replica-1 foodtruck-replica-1 us-east-1",
            "replica-2 foodtruck-replica-2 us-east-1",
            "eu-1 orders-eu eu-west-1",
            "eu-2 orders-eu-b eu-west-1",
        ]
    );
    let second = NonZeroU32::new(2).unwrap();
    assert_eq!(
        spec.replicas[1].resource_id(&spec.fleet, second).as_str(),
        "orders-eu-b"
    );
}

#[test]
fn every_key_has_its_place() {
    let (name, text) = VALID[0];
    let spec = named(name, text).unwrap();
    for (key, shown) in [
        ("primary.size", "\"db.t3.medium\""),
        ("replicas[0].multi_az", "false"),
        ("replicas[1].ids[1]", "\"orders-eu-b\""),
        ("replicas[1]", "[[replicas]]"),
        ("protect", "[protect]"),
        ("primary.storage.gib", "100"),
        // Not in the file: the nearest around it.
        ("replicas[1].count", "[[replicas]]"),
        ("protect.nothing.of.this", "[protect]"),
    ] {
        let place = spec.place_of(key).unwrap();
        assert_eq!(&text[place.span.clone()], shown, "{key}");
        let line = text.lines().nth(place.line - 1).unwrap();
        assert!(
            line.chars()
                .skip(place.column - 1)
                .collect::<String>()
                .starts_with(shown)
        );
    }
    assert_eq!(spec.place_of("nothing"), None);
}

#[test]
fn a_byte_order_mark_and_other_line_ends_are_accepted() {
    let plain = VALID[3].1;
    let odd = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    assert_eq!(meaning(toml(&odd).unwrap()), meaning(toml(plain).unwrap()));
    let twin = format!("\u{feff}{}", to_json(plain));
    assert_eq!(meaning(json(&twin).unwrap()), meaning(toml(plain).unwrap()));
}

#[test]
fn a_local_url_is_kept_out_of_everything_that_is_shown() {
    let url = "postgresql://me:hunter2@127.0.0.1:5432/orders";
    let spec = toml(&format!(
        "fleet = 'a'\nprovider = 'local'\n[primary]\nexisting = '{url}'\n"
    ))
    .unwrap();
    assert!(matches!(&spec.primary, PrimarySpec::Existing(it) if it.reference == url));
    assert!(!spec.source.text.contains("hunter2"));
    assert!(!format!("{spec:?}").contains("hunter2"));
    let place = spec.place_of("primary.existing").unwrap();
    assert_eq!((place.line, place.column), (4, 12));
}

#[test]
fn money_keeps_the_digits_of_the_file() {
    for amount in ["700.10", "0", "'700.10'", "123456789012.000001"] {
        let plan = format!("fleet = 'a'\nprovider = 'local'\n[protect]\nmonthly_usd = {amount}\n");
        let spec = toml(&plan).unwrap();
        assert_eq!(
            spec.protect.monthly_usd.as_deref(),
            Some(amount.trim_matches('\''))
        );
    }
}
