//! Plans in which something is wrong. What each diagnostic looks like is written down in
//! `plans/invalid`; here stands what a golden file cannot say.

mod support;

use support::{codes, json, toml};

const LOCAL: &str = "fleet = 'a'\nprovider = 'local'\n";
const AWS: &str = "fleet = 'a'\nprovider = 'aws'\nregion = 'us-east-1'\n";

#[test]
fn everything_is_reported_at_once_in_the_order_of_the_file() {
    let plan = "fleet = 'A'\nprovider = 'aws'\npostgres = 16\n[primary]\nadmin = 'pg_x'\n\
                [[replicas]]\ncount = -1\nfoo = 1\n[local]\nport = 1\n";
    assert_eq!(
        codes(toml(plan)),
        [
            "spec/bad-name",
            "spec/missing-key",
            "spec/wrong-type",
            "spec/missing-key",
            "spec/bad-admin",
            "spec/out-of-range",
            "spec/unknown-key",
            "spec/other-provider",
        ]
    );
}

#[test]
fn no_message_shows_a_password() {
    for line in [
        "[primary]\npassword = 'hunter2'",
        "[primary]\npassword = ['hunter2']",
        "[primary]\npassword = { env = 'hunter2!' }",
        "[primary]\npassword = { value = 'hunter2' }",
        "[primary]\npasswrod = 'hunter2'",
        "[primary]\nadmin_password = 'hunter2'",
        "[primary]\nexisting = 'mysql://me:hunter2@localhost/x'",
        "[primary]\nexisting = 'postgres://me:hunter2@localhost/x'\nsize = 'x'",
        "[primary]\nexisting = 'host=localhost password=hunter2'",
        "[primary]\nexisting = 'postgres://me:hunter2@localhost/\\u0007'\nx = 1",
        "connect = { password = 'hunter2', sslmode = 'none' }",
        "[primary]\npassword = 'hunter2",
        "[primary]\npassword = hunter2",
        "[primary]\npassword = \"\"\"\nhunter2",
    ] {
        let found = toml(&format!("{LOCAL}{line}\n")).unwrap_err();
        for found in &found {
            let shown = format!("{found:?} {}", found.source.text);
            assert!(!shown.contains("hunter2"), "{line}: {shown}");
        }
    }
    let found = json("{\"primary\": {\"password\": \"hunter2\" \"size\": 1}}").unwrap_err();
    assert!(!found[0].source.text.contains("hunter2"));
}

#[test]
fn storage_is_checked_as_it_is_inherited() {
    let plan = format!(
        "{AWS}[primary]\nsize = 'x'\nstorage = {{ gib = 100, autogrow_to_gib = 200 }}\n\
         [[replicas]]\nstorage = {{ gib = 300 }}\n"
    );
    let found = toml(&plan).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, "spec/autogrow-limit");
    assert_eq!(&plan[found[0].place.clone().unwrap().span], "300");
}

#[test]
fn the_same_identifier_in_two_regions_is_two() {
    let plan = |region: &str| {
        format!(
            "{AWS}[primary]\nsize = 'x'\nid = 'orders'\n\
             [[replicas]]\nregion = '{region}'\nids = ['orders']\n"
        )
    };
    assert!(toml(&plan("eu-west-1")).is_ok());
    assert_eq!(codes(toml(&plan("us-east-1"))), ["spec/duplicate-id"]);
}

#[test]
fn an_existing_primary_is_no_replica() {
    let plan =
        format!("{AWS}[primary]\nexisting = 'orders'\n[[replicas]]\nids = ['a', 'orders']\n");
    assert_eq!(codes(toml(&plan)), ["spec/duplicate-id"]);
}

#[test]
fn a_derived_identifier_may_not_be_given_to_another() {
    let plan = format!("{LOCAL}[primary]\nid = 'a-replica-1'\n[[replicas]]\ncount = 1\n");
    let found = toml(&plan).unwrap_err();
    assert_eq!(found[0].code, "spec/duplicate-id");
    assert!(
        found[0].message.contains("replica-1"),
        "{}",
        found[0].message
    );
}

#[test]
fn json_is_strict() {
    for text in [
        "",
        "[]",
        "{} {}",
        "{\"fleet\": \"a\",}",
        "{'fleet': \"a\"}",
        "{fleet: \"a\"}",
        "{\"fleet\": \"a\" /* x */}",
        "{\"usage\": {\"wal_gib_per_day\": 01}}",
        "{\"usage\": {\"wal_gib_per_day\": NaN}}",
        "{\"usage\": {\"wal_gib_per_day\": .5}}",
        "{\"fleet\" \"a\"}",
    ] {
        assert_eq!(codes(json(text)), ["spec/syntax"], "{text}");
    }
    assert_eq!(
        codes(json("{\"fleet\": \"a\", \"fleet\": \"a\"}")),
        ["spec/duplicate-key"]
    );
    let null = "{\"fleet\": \"a\", \"provider\": \"local\", \"postgres\": null}";
    assert_eq!(codes(json(null)), ["spec/wrong-type"]);
}

#[test]
fn remedies_speak_the_language_of_the_file() {
    let found = json("{\"fleet\": \"a\", \"provider\": \"local\", \"postgres\": 16}").unwrap_err();
    assert_eq!(found[0].remedy, "quote it: \"postgres\": \"16\"");
}
