//! Replicas of a primary that pgfleet did not make: it is asked over its URL, and all that is done
//! to it is to keep a slot for each replica.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::fs;

use pgfleet_tests::{Fleet, Machine, fill};

const PASSWORD: &str = "theirs-alone";

/// A primary with a password that is known, made by another fleet.
fn theirs(machine: &Machine) -> Fleet<'_> {
    let fleet = machine.fleet("theirs").with_password(PASSWORD);
    fleet
        .in_primary("password = { env = 'THEIRS' }")
        .env("THEIRS", PASSWORD)
}

/// A plan file that follows the server on this port.
fn plan(machine: &Machine, port: u16, replicas: u32) -> String {
    let path = machine.path().join("follow.toml");
    let text = format!(
        "fleet = 'follow'\nprovider = 'local'\n\
         [primary]\nexisting = 'postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres'\n\
         [[replicas]]\ncount = {replicas}\n[protect]\ndeletion = false\n\
         [local]\ndata_dir = '{}'\n",
        machine.path().join("followers").display()
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn replicas_follow_a_primary_that_is_not_ours_and_leave_nothing_on_it() {
    let machine = Machine::new();
    let theirs = theirs(&machine);
    theirs.apply();
    fill(&theirs, 1);
    let primary = theirs.primary();
    let port = primary.port();

    let two = plan(&machine, port, 2);
    machine.run(&["apply", &two, "--auto-approve"]).exits(0);
    machine.run(&["plan", &two, "--detailed-exitcode"]).exits(0);
    assert_eq!(
        theirs.slots(),
        ["pgfleet__follow_replica_1", "pgfleet__follow_replica_2"]
    );
    let seen = machine.run(&["verify", &two, "--format", "json"]).exits(0);
    let replicas = seen.json()["fleets"][0]["replicas"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(replicas, 2);
    seen.never_says(PASSWORD);

    let one = plan(&machine, port, 1);
    machine.run(&["apply", &one, "--auto-approve"]).exits(0);
    assert_eq!(theirs.slots(), ["pgfleet__follow_replica_1"]);
    // The fleet that the primary belongs to leaves the slots of others alone.
    theirs.is_as_planned();
    machine.run(&["destroy", &one, "--auto-approve"]).exits(0);
    assert!(theirs.slots().is_empty());
    theirs
        .sql(&primary)
        .until("SELECT count(*) FROM pgbench_accounts", "100000");
    theirs.destroy();
}

#[test]
fn a_primary_that_cannot_be_followed_is_refused_and_explained() {
    let machine = Machine::new();
    let nobody = plan(&machine, machine.port(9), 1);
    let refused = machine.run(&["plan", &nobody]).exits(3);
    refused.says("cannot be followed");
    refused.never_says(PASSWORD);

    let theirs = theirs(&machine);
    theirs.apply();
    let sql = theirs.sql(&theirs.primary());
    sql.run(&format!("CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'"));
    let short = plan(&machine, theirs.primary().port(), 1);
    let text = std::fs::read_to_string(&short).unwrap();
    std::fs::write(&short, text.replace("postgres:theirs", "plain:theirs")).unwrap();
    let refused = machine.run(&["plan", &short]).exits(3);
    refused.says("may not replicate");
    refused.never_says(PASSWORD);
    assert!(theirs.slots().is_empty());
    drop(sql);
    theirs.destroy();
}

#[test]
fn a_primary_that_is_not_ours_is_there_where_clouds_are_simulated() {
    let subscription = "00000000-0000-0000-0000-000000000001";
    let on_azure = format!(
        "/subscriptions/{subscription}/resourceGroups/food/providers/\
         Microsoft.DBforPostgreSQL/flexibleServers/orders-2"
    );
    let azure = format!("[azure]\nsubscription = '{subscription}'\nresource_group = 'food'\n");
    for (provider, region, table, other) in [
        (
            "aws",
            "us-east-1",
            "",
            "arn:aws:rds:us-east-1:123456789012:db:orders-2",
        ),
        ("azure", "eastus2", azure.as_str(), on_azure.as_str()),
        (
            "gcp",
            "us-east1",
            "[gcp]\nproject = 'food'\n",
            "food:us-east1:orders-2",
        ),
    ] {
        for reference in ["orders", other] {
            let machine = Machine::new();
            let text = format!(
                "fleet = 'truck'\nprovider = '{provider}'\nregion = '{region}'\n\
                 [primary]\nexisting = '{reference}'\n\
                 [[replicas]]\ncount = 1\n[protect]\ndeletion = false\n{table}"
            );
            fs::write(machine.path().join("truck.toml"), text).unwrap();
            let run = |verb: &str| {
                let run = machine.run(&[verb, "truck.toml", "--simulate", "--auto-approve"]);
                run.exits(0)
            };
            // The replica is as its primary is seen to be, and so has a price.
            run("apply").never_says("the size is not known");
            run("destroy");
            let kept = fs::read_to_string(machine.path().join(".pgfleet-simulated.json")).unwrap();
            let id = reference.rsplit([':', '/']).next().unwrap();
            assert!(
                kept.contains(&format!("\"{id}\"")),
                "{id} is gone from {provider}"
            );
        }
    }
}
