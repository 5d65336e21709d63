//! `apply --format json`: one event a line.

use pgfleet_tests::{Machine, Ran};
use serde_json::Value;

#[track_caller]
fn events(ran: &Ran) -> Vec<Value> {
    let parsed: Result<Vec<Value>, _> = ran.stdout.lines().map(serde_json::from_str).collect();
    assert!(parsed.is_ok(), "{parsed:?}\n{ran}");
    parsed.unwrap_or_default()
}

fn names<'a>(events: &'a [Value], fleet: &str) -> Vec<&'a str> {
    let of_fleet = events.iter().filter(|event| event["fleet"] == fleet);
    of_fleet
        .filter_map(|event| event["event"].as_str())
        .collect()
}

#[test]
fn an_apply_is_told_event_by_event() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let flags = ["--auto-approve", "--format", "json"];
    let events = events(&fleet.run("apply", &flags).exits(0));
    let mut last = 0.0;
    for event in &events {
        assert_eq!(event["fleet"], "truck");
        assert!(event["event"].is_string());
        let elapsed = event["elapsed_seconds"].as_f64().unwrap();
        assert!(elapsed >= last, "time goes backwards");
        last = elapsed;
    }
    assert_eq!(
        names(&events, "truck"),
        [
            "fleet-started",
            "step-started",
            "step-accepted",
            "step-done",
            "step-started",
            "step-accepted",
            "step-done",
            "observed",
            "fleet-finished"
        ]
    );
    assert_eq!(events[1]["resource_id"], "truck-primary");
    assert_eq!(events[1]["call"], "initdb");
    assert_eq!(events[7]["remaining"], 0);
    assert_eq!(events[8]["outcome"], "done");
}

#[test]
fn events_of_several_fleets_bear_their_names() {
    let machine = Machine::new();
    let one = machine.fleet("one").write();
    let two = machine.fleet("two").on_port(Some(machine.port(5))).write();
    let flags = ["--auto-approve", "--format", "json"];
    let run = |verb: &str| {
        machine
            .run(&[verb, &one, &two, flags[0], flags[1], flags[2]])
            .exits(0)
    };
    for verb in ["apply", "apply", "destroy"] {
        let events = events(&run(verb));
        for fleet in ["one", "two"] {
            let names = names(&events, fleet);
            assert_eq!(names.first(), Some(&"fleet-started"), "{verb} {fleet}");
            assert_eq!(names.last(), Some(&"fleet-finished"), "{verb} {fleet}");
        }
    }
    machine.has_nothing_left();
}

#[test]
fn a_refusal_has_no_events_and_says_why_on_stderr() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").protected();
    fleet.apply();
    let ran = fleet
        .run("destroy", &["--auto-approve", "--format", "json"])
        .exits(3);
    assert_eq!(events(&ran), [Value::Null; 0]);
    assert!(ran.stderr.contains("protect/deletion"), "{ran}");
}
