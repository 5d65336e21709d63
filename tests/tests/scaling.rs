//! More replicas and fewer, under real rows.

use pgfleet_tests::{Machine, fill, load};
use serde_json::{Value, json};

const ACCOUNTS: &str = "SELECT count(*) FROM pgbench_accounts";
const HISTORY: &str = "SELECT count(*) FROM pgbench_history";

#[test]
fn two_four_one_none_and_two_again_with_every_row_on_every_replica() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let mut written = 0;
    let mut begun = false;
    for count in [2, 4, 1, 0, 2] {
        let fleet = fleet.clone().replicas(count);
        fleet
            .apply()
            .says(&format!("truck as planned: {} instance", count + 1));
        fleet.is_as_planned();
        let names: Vec<String> = (1..=count).map(|n| format!("replica-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        fleet.streams_to(&names);
        let folders: Vec<String> = machine
            .folders()
            .into_iter()
            .filter(|name| name != ".locks")
            .collect();
        assert_eq!(folders.len(), count + 1, "{folders:?}");
        if !begun {
            fill(&fleet, 1);
            begun = true;
        }
        load(&fleet, 50);
        written += 200;
        fleet.all_answer(count, ACCOUNTS, "100000");
        fleet.all_answer(count, HISTORY, &written.to_string());
    }
}

#[test]
fn rows_written_while_replicas_come_are_on_all_of_them() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    fill(&fleet, 2);
    let grown = fleet.clone().replicas(3);
    let file = grown.write();
    let mut run = machine.start(&["apply", &file, "--auto-approve"]);
    let mut written = 0;
    while run.goes_on() {
        load(&fleet, 25);
        written += 100;
    }
    run.wait().exits(0);
    assert!(written > 0);
    grown.all_answer(3, HISTORY, &written.to_string());
    grown.all_answer(3, ACCOUNTS, "200000");
    grown.is_as_planned();
}

#[test]
fn growth_beyond_the_senders_restarts_the_standbys_before_their_primary() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    let senders = |fleet: &pgfleet_tests::Fleet<'_>| {
        let shown = fleet.sql(&fleet.primary()).text("SHOW max_wal_senders");
        shown.parse::<u32>().unwrap()
    };
    let before = senders(&fleet);
    let six = fleet.clone().replicas(6);
    let plan = six.plan();
    let check = &plan["checks"][0];
    assert_eq!(check["code"], "postgres/standby-settings");
    let steps = plan["steps"].as_array().unwrap();
    let restarts: Vec<&Value> = steps
        .iter()
        .filter(|step| step["disruption"] == "restart")
        .collect();
    let order: Vec<&str> = restarts
        .iter()
        .filter_map(|step| step["address"].as_str())
        .collect();
    assert_eq!(order, ["replica-1", "replica-2", "primary"]);
    assert_eq!(
        restarts[2]["after"],
        json!([restarts[0]["id"], restarts[1]["id"]])
    );
    let creates: Vec<&Value> = steps
        .iter()
        .filter(|step| step["call"] == "pg_basebackup")
        .collect();
    assert_eq!(creates.len(), 4);
    assert!(
        creates
            .iter()
            .all(|step| step["after"] == json!([restarts[2]["id"]]))
    );

    six.apply();
    six.is_as_planned();
    assert!(senders(&six) > before);
    let names: Vec<String> = (1..=6).map(|n| format!("replica-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    six.streams_to(&names);
    six.sql(&six.primary())
        .run("CREATE TABLE t AS SELECT 1 AS n");
    six.all_answer(6, "SELECT count(*) FROM t", "1");

    // More than the plan needs is left: a smaller fleet is no reason for a restart.
    let one = fleet.replicas(1);
    let expected: Vec<String> = (2..=6)
        .map(|n| format!("delete replica-{n} not-in-plan"))
        .collect();
    assert_eq!(one.changes(), expected);
}
