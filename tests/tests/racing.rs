//! Runs that get in each other's way: never a server twice, never a broken one, and afterwards a
//! single run makes what it wants.

use std::time::Duration;

use pgfleet_tests::{Doomed, Fleet, Machine, Random, Struck, say};

/// By how much the second run starts later than the first, at most.
const APART: Duration = Duration::from_millis(1500);

/// Two runs at once, the second a little later; both have ended.
fn together(random: &mut Random, first: Doomed, second: impl FnOnce() -> Doomed) -> [Struck; 2] {
    let offset = match random.below(3) {
        0 => Duration::ZERO,
        _ => random.within(APART),
    };
    std::thread::sleep(offset);
    let second = second();
    let ended = [first.ends(), second.ends()];
    let [one, two] = &ended;
    say(&format!("{offset:?} apart\n{one}\n{two}"));
    ended
}

/// Ended well, or said why not and what to do.
#[track_caller]
fn is_accounted_for(struck: &Struck) {
    let advice = [
        "run the same command again",
        "Run the same command again",
        "run pgfleet plan again",
        "end that program, or choose another port",
    ];
    let told = |text: &str| advice.iter().any(|advice| text.contains(advice));
    let all = struck.events.iter().map(ToString::to_string);
    let text = all.collect::<String>() + &words(&struck.stderr);
    // For people both of these are written as `run the same command again`.
    let known = struck
        .events
        .iter()
        .any(|event| event["outcome"] == "failed-partly" || event["remaining"].as_u64() > Some(0));
    assert!([0, 1, 3, 5].contains(&struck.code), "{struck}");
    assert!(
        struck.code == 0 || known || told(&text),
        "says nothing to do\n{struck}"
    );
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn two_applies_of_one_plan_make_one_fleet() {
    let mut random = Random::seeded();
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    for _ in 0..3 {
        let apply = || Doomed::start(&machine, &fleet, "apply");
        let ended = together(&mut random, apply(), apply);
        ended.iter().for_each(is_accounted_for);
        assert!(ended.iter().any(|run| run.code == 0), "both failed");
        fleet.is_whole(&machine, 2);
        fleet.destroy();
        machine.has_nothing_left();
    }
}

#[test]
fn two_destroys_leave_nothing() {
    let mut random = Random::seeded();
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    for _ in 0..2 {
        fleet.apply();
        let destroy = || Doomed::start(&machine, &fleet, "destroy");
        let offset = random.within(Duration::from_millis(400));
        let first = destroy();
        std::thread::sleep(offset);
        let ended = [first.ends(), destroy().ends()];
        ended.iter().for_each(is_accounted_for);
        fleet.destroy();
        machine.has_nothing_left();
    }
}

#[test]
fn an_apply_against_a_destroy_leaves_a_fleet_or_nothing() {
    let mut random = Random::seeded();
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(2);
    let start = |verb: &str| Doomed::start(&machine, &fleet, verb);
    for round in 0..4 {
        // From nothing and from a whole fleet, either one first.
        let ended = if round % 2 == 0 {
            together(&mut random, start("apply"), || start("destroy"))
        } else {
            together(&mut random, start("destroy"), || start("apply"))
        };
        ended.iter().for_each(is_accounted_for);
        if round == 0 || round == 3 {
            fleet.destroy();
            machine.has_nothing_left();
        } else {
            fleet.apply();
            fleet.is_whole(&machine, 2);
        }
    }
}

/// Two plans of one fleet at once, from nothing and on what is there: then either one's apply
/// makes what it says, with the rows that were there.
fn either_converges(machine: &Machine, one: (&Fleet<'_>, usize), other: (&Fleet<'_>, usize)) {
    let mut random = Random::seeded();
    for round in 0..3 {
        let first = Doomed::start(machine, one.0, "apply");
        let ended = together(&mut random, first, || {
            Doomed::start_as(machine, other.0, "apply", "other.toml")
        });
        ended.iter().for_each(is_accounted_for);
        for (fleet, replicas) in [one, other] {
            say(&fleet.apply().to_string());
            fleet.is_whole(machine, replicas);
            if round == 0 {
                let primary = fleet.sql(&fleet.primary());
                primary.run("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n");
            }
            fleet.all_answer(replicas, "SELECT n FROM kept", "7");
        }
    }
}

#[test]
fn two_plans_that_want_different_counts() {
    let machine = Machine::new();
    let one = machine.fleet("truck").replicas(1);
    let three = one.clone().replicas(3);
    either_converges(&machine, (&one, 1), (&three, 3));
}

#[test]
fn two_plans_that_want_different_tags() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let red = fleet.clone().top("tags = { paint = \"red\" }");
    let blue = fleet.clone().top("tags = { paint = \"blue\" }");
    either_converges(&machine, (&red, 1), (&blue, 1));
}

#[test]
fn two_plans_that_want_different_ports() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let far = fleet.clone().on_port(Some(machine.port(9)));
    either_converges(&machine, (&fleet, 1), (&far, 1));
}

#[test]
fn two_fleets_in_one_folder_leave_each_other_alone() {
    let mut random = Random::seeded();
    let machine = Machine::new();
    let food = machine.fleet("food").replicas(2);
    let toys = machine
        .fleet("toys")
        .replicas(2)
        .on_port(Some(machine.port(8)));
    let start = |fleet: &Fleet<'_>, verb: &str| {
        let file = fleet.ids(0)[0].clone() + ".toml";
        Doomed::start_as(&machine, fleet, verb, &file)
    };
    let all = [food.ids(2), toys.ids(2)].concat();
    for _ in 0..2 {
        let ended = together(&mut random, start(&food, "apply"), || start(&toys, "apply"));
        for run in ended {
            run.exits(0);
        }
        for fleet in [&food, &toys] {
            fleet.is_as_planned();
            fleet.streams_to(&["replica-1", "replica-2"]);
        }
        machine.holds_exactly(&all);
        let ended = together(&mut random, start(&food, "destroy"), || {
            start(&toys, "destroy")
        });
        for run in ended {
            run.exits(0);
        }
        machine.has_nothing_left();
    }
}
