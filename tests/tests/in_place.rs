//! Changes that leave the servers and their data where they are, and names that the plan chooses.
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use pgfleet_tests::{Fleet, Machine};
use serde_json::{Value, json};

fn steps(fleet: &Fleet<'_>) -> Vec<Value> {
    fleet.plan()["steps"].as_array().unwrap().clone()
}

#[test]
fn tags_are_written_without_a_restart() {
    let machine = Machine::new();
    let fleet = machine
        .fleet("truck")
        .replicas(1)
        .top("tags = { team = \"food\" }");
    fleet.apply();
    let before = [fleet.primary().pid(), fleet.replica(1).pid()];
    let moved = fleet
        .clone()
        .top("tags = { team = \"toys\", stage = \"test\" }");
    assert_eq!(
        moved.changes(),
        ["update primary tags", "update replica-1 tags"]
    );
    for step in steps(&moved) {
        assert_eq!(step["disruption"], "none");
    }
    moved.apply();
    moved.is_as_planned();
    assert_eq!([fleet.primary().pid(), fleet.replica(1).pid()], before);
    let marker = std::fs::read(fleet.replica(1).folder.join("pgfleet.json")).unwrap();
    let marker: Value = serde_json::from_slice(&marker).unwrap();
    assert_eq!(
        marker["tags"],
        json!({"managed-by": "pgfleet", "pgfleet-fleet": "truck",
            "pgfleet-address": "replica-1", "team": "toys", "stage": "test"})
    );
    assert_eq!(
        fleet.changes(),
        ["update primary tags", "update replica-1 tags"]
    );
}

#[test]
fn a_new_port_moves_the_primary_and_the_replicas_follow() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    fleet.apply();
    fleet
        .sql(&fleet.primary())
        .run("CREATE TABLE t AS SELECT 1 AS n");
    let pids = || [fleet.replica(1).pid(), fleet.replica(2).pid()];
    let before = pids();
    let moved = fleet.clone().on_port(Some(machine.port(9)));
    let changes = [
        "update primary port",
        "update replica-1 upstream",
        "update replica-2 upstream",
    ];
    assert_eq!(moved.changes(), changes);
    let steps = steps(&moved);
    assert_eq!(
        (&steps[0]["address"], &steps[0]["disruption"]),
        (&json!("primary"), &json!("restart"))
    );
    for step in &steps[1..] {
        assert_eq!(
            (&step["after"], &step["disruption"]),
            (&json!([1]), &json!("none"))
        );
    }
    moved.apply();
    moved.is_as_planned();
    assert_eq!(moved.primary().port(), machine.port(9));
    assert_eq!(pids(), before, "a replica was restarted");
    moved.streams_to(&["replica-1", "replica-2"]);
    moved.sql(&moved.primary()).run("INSERT INTO t VALUES (2)");
    moved.all_answer(2, "SELECT count(*) FROM t", "2");
    moved.run("verify", &[]).exits(0);
}

#[test]
fn without_a_port_in_the_plan_the_one_it_has_is_kept() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    let anywhere = fleet.on_port(None);
    anywhere.is_as_planned();
    anywhere.primary().stop();
    anywhere.apply();
    assert_eq!(anywhere.primary().port(), machine.port(0));
    anywhere.streams_to(&["replica-1"]);
}

#[test]
fn identifiers_are_the_plan_s_and_exactly_the_one_taken_out_goes() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").in_primary("id = \"truck-primary\"");
    let with = |ids: &str| {
        fleet
            .clone()
            .group(&format!("name = \"eu\"\nids = [{ids}]"))
    };
    let three = with("\"north\", \"middle\", \"south\"");
    three.apply();
    let ids = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    three.streams_to_ids(&ids(&["middle", "north", "south"]));
    let pids = || [machine.server("north").pid(), machine.server("south").pid()];
    let before = pids();

    let two = with("\"north\", \"south\"");
    let plan = two.plan();
    let deleted: Vec<&Value> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] == "delete")
        .map(|change| &change["resource_id"])
        .collect();
    assert_eq!(deleted, ["middle"]);
    assert_eq!(plan["summary"]["create"], 0);
    two.apply();
    two.is_as_planned();
    assert_eq!(pids(), before, "one that stays was restarted");
    two.streams_to_ids(&ids(&["north", "south"]));
    assert!(!machine.server("middle").folder.exists());
}

#[test]
fn groups_keep_their_numbers_and_the_highest_go_first() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck");
    let with = |plain: u8, eu: u8| {
        fleet
            .clone()
            .group(&format!("count = {plain}"))
            .group(&format!("name = \"eu\"\ncount = {eu}"))
    };
    with(1, 2).apply();
    with(1, 2).streams_to(&["eu-1", "eu-2", "replica-1"]);
    let other = with(2, 1);
    assert_eq!(
        other.changes(),
        ["create replica-2 missing", "delete eu-2 not-in-plan"]
    );
    other.apply();
    other.is_as_planned();
    other.streams_to(&["eu-1", "replica-1", "replica-2"]);
}
