//! What an apply on a cloud survives: kills, lost answers, throttling, signals, and other applies.
//! Every test runs on each simulated cloud.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::time::Duration;

use pgfleet_simulator::{Clock, Fault, FaultEffect};
use pgfleet_tests::{
    Clouds, Random, Signal, Vendor, on_each_cloud, say, side_by_side, soak, wait_until,
};

/// Replicas of the fleets.
const REPLICAS: usize = 2;
/// The contract: after a signal the command ends within five seconds.
const SOON: Duration = Duration::from_secs(5);

fn at_once(vendor: Vendor) -> Clouds {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(vendor, REPLICAS);
    clouds
}

/// A cloud on which an apply takes about a second, either since each request takes its time, or
/// since what it asks for does.
fn slow(vendor: Vendor, number: usize) -> Clouds {
    if number.is_multiple_of(2) {
        let clouds = at_once(vendor);
        let slow = FaultEffect::Slow { milliseconds: 80 };
        clouds.control().fault(Fault::new(slow).times(0));
        clouds
    } else {
        let clouds = Clouds::new(Clock::Scaled(2_000.0));
        clouds.write(vendor, REPLICAS);
        clouds
    }
}

/// The next apply ends well, and nothing was ever deleted.
#[track_caller]
fn converges(clouds: &Clouds, vendor: Vendor) {
    clouds.apply(&[&vendor.file()]).exits(0);
    clouds.is_whole(vendor, REPLICAS);
    let deleted = clouds.deletions();
    assert!(deleted.is_empty(), "{deleted:?}");
}

/// How many requests an apply from nothing takes, and how many of them change something.
fn requests(vendor: Vendor) -> (usize, usize) {
    let clouds = at_once(vendor);
    clouds.apply(&[&vendor.file()]).exits(0);
    let records = clouds.control().requests();
    let changes = records.iter().filter(|record| record.effect).count();
    say(&format!("{} requests, {changes} changes", records.len()));
    assert!(changes > REPLICAS, "{records:?}");
    (records.len(), changes)
}

fn a_kill_after_each_change(vendor: Vendor) {
    let (_, changes) = requests(vendor);
    side_by_side(changes, |number| {
        let clouds = at_once(vendor);
        let change = u64::try_from(number + 1).unwrap();
        let ran = clouds.killed_after(change, &[&vendor.file()]);
        assert_eq!(ran.code, -1, "was not killed after change {change}\n{ran}");
        converges(&clouds, vendor);
    });
}

fn each_request_in_turn(vendor: Vendor, effect: &FaultEffect, times: u64) {
    let (requests, _) = requests(vendor);
    side_by_side(requests, |number| {
        let clouds = at_once(vendor);
        let nth = u64::try_from(number + 1).unwrap();
        let fault = Fault::new(effect.clone()).nth(nth).times(times);
        clouds.control().fault(fault);
        let ran = clouds.apply(&[&vendor.file()]);
        assert_eq!(ran.code, 0, "{effect:?} at request {nth}\n{ran}");
        clouds.control().clear_faults();
        clouds.is_whole(vendor, REPLICAS);
        assert!(clouds.deletions().is_empty());
    });
}

fn the_answer_to_each_request_lost(vendor: Vendor) {
    each_request_in_turn(vendor, &FaultEffect::LoseAnswer, 1);
}

fn the_answer_to_each_request_cut_off(vendor: Vendor) {
    each_request_in_turn(vendor, &FaultEffect::Truncate, 1);
}

fn throttling_at_each_request(vendor: Vendor) {
    each_request_in_turn(vendor, &FaultEffect::Throttle, 2);
}

/// Applies a plan that is the usual one with these words in others' place, until a run comes to its
/// end before it is killed: each time the next apply converges. How many changes that takes.
fn killed_in_between(vendor: Vendor, made: bool, from: &str, to: &str) -> (u64, Clouds) {
    let mut number = 0;
    loop {
        number += 1;
        assert!(number < 20, "no run came to its end by itself");
        let clouds = Clouds::new(Clock::AtOnce);
        clouds.write(vendor, 0);
        if made {
            clouds.apply(&[&vendor.file()]).exits(0);
        }
        let path = clouds.machine.path().join(vendor.file());
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace(from, to)).unwrap();
        let records = clouds.control().requests();
        let before = records.iter().filter(|record| record.effect).count();
        let change = u64::try_from(before).unwrap() + number;
        let ran = clouds.killed_after(change, &[&vendor.file()]);
        clouds.apply(&[&vendor.file()]).exits(0);
        clouds.is_whole(vendor, 0);
        if ran.code == 0 {
            return (number - 1, clouds);
        }
    }
}

fn a_password_is_changed_whenever_the_run_before_was_killed(vendor: Vendor) {
    let to = "password_version = 2\npassword =";
    let (changes, clouds) = killed_in_between(vendor, true, "password =", to);
    // Azure takes the password and its version at once.
    assert!(changes >= 1, "{changes}");
    let state = clouds.control().state().to_string();
    assert!(state.contains("pgfleet-password-version"), "{state}");
}

fn a_database_is_made_whenever_the_run_before_was_killed(vendor: Vendor) {
    let to = "[primary]\ndatabase = 'Orders'";
    let (_, clouds) = killed_in_between(vendor, false, "[primary]", to);
    let state = clouds.control().state().to_string();
    assert!(state.contains("\"Orders\""), "no database: {state}");
    // Cloud SQL keeps an empty one.
    let mut notes = state.split("pending-database\":\"").skip(1);
    let settled = notes.all(|note| note.starts_with('"'));
    assert!(settled, "a note has stayed: {state}");
}

/// The fleet grows in size and loses a replica, and is then taken down; each time a run is killed
/// after each of its changes in turn.
fn a_resize_and_a_destroy_are_killed_after_each_change(vendor: Vendor) {
    let [small, large] = vendor.sizes();
    for (verb, left) in [("apply", REPLICAS), ("destroy", 0)] {
        let mut number = 0;
        loop {
            number += 1;
            assert!(number < 20, "no run came to its end by itself");
            let clouds = at_once(vendor);
            clouds.apply(&[&vendor.file()]).exits(0);
            let plan = vendor.plan(REPLICAS - 1).replace(small, large);
            std::fs::write(clouds.machine.path().join(vendor.file()), plan).unwrap();
            let records = clouds.control().requests();
            let before = records.iter().filter(|record| record.effect).count();
            let change = u64::try_from(before).unwrap() + number;
            let ran = clouds.verb_killed_after(verb, change, &[&vendor.file()]);
            let arguments = [verb, "--auto-approve", &vendor.file()];
            clouds.run(&arguments).exits(0);
            if left == 0 {
                assert!(clouds.is_empty(vendor), "{ran}");
            } else {
                clouds.is_whole(vendor, REPLICAS - 1);
            }
            if ran.code == 0 {
                break;
            }
        }
        // A change for each instance at least.
        assert!(number > 3, "{verb}: {number}");
    }
}

/// Moments within which a run may be struck, seeded.
fn moments() -> Vec<Duration> {
    let mut random = Random::seeded();
    let count = 20 * soak();
    (0..count)
        .map(|_| random.within(Duration::from_millis(1_500)))
        .collect()
}

fn signals_at_random_moments(vendor: Vendor) {
    let moments = moments();
    side_by_side(moments.len(), |number| {
        let clouds = slow(vendor, number);
        let signal = [Signal::INT, Signal::TERM][number / 2 % 2];
        let run = clouds.doomed(&[&vendor.file()]);
        std::thread::sleep(moments[number]);
        run.signal(signal);
        let struck = run.ends_within(SOON);
        match struck.code {
            0 => {}
            6 => assert_eq!(struck.left(), struck.in_flight(), "{struck}"),
            // It was too early for it to hear signals: nothing has been looked at yet.
            _ => assert!(struck.code == -1 && struck.events.is_empty(), "{struck}"),
        }
        converges(&clouds, vendor);
    });
}

fn kills_at_random_moments(vendor: Vendor) {
    let moments = moments();
    side_by_side(moments.len(), |number| {
        let clouds = slow(vendor, number);
        let run = clouds.doomed(&[&vendor.file()]);
        std::thread::sleep(moments[number]);
        run.signal(Signal::KILL);
        let struck = run.ends();
        assert!([-1, 0].contains(&struck.code), "{struck}");
        converges(&clouds, vendor);
    });
}

/// Two applies at once, of plans with so many replicas each; then one of the second.
fn two_applies(vendor: Vendor, replicas: [usize; 2]) {
    let mut random = Random::seeded();
    let apart: Vec<Duration> = (0..4)
        .map(|_| random.within(Duration::from_millis(300)))
        .collect();
    side_by_side(apart.len(), |number| {
        let clouds = slow(vendor, number);
        std::fs::write(
            clouds.machine.path().join("first.toml"),
            vendor.plan(replicas[0]),
        )
        .unwrap();
        clouds.write(vendor, replicas[1]);
        let first = clouds.doomed(&["first.toml"]);
        std::thread::sleep(apart[number]);
        let ended = [clouds.doomed(&[&vendor.file()]).ends(), first.ends()];
        for run in &ended {
            // Refused (3): the other has the names by now.
            assert!([0, 1, 3, 5].contains(&run.code), "{run}");
        }
        let deleted = clouds.deletions();
        assert!(
            deleted.is_empty(),
            "{deleted:?}\n{}\n{}",
            ended[0],
            ended[1]
        );
        clouds.apply(&[&vendor.file()]).exits(0);
        clouds.is_whole(vendor, replicas[1]);
    });
}

fn two_applies_of_one_plan(vendor: Vendor) {
    two_applies(vendor, [REPLICAS, REPLICAS]);
}

fn two_applies_of_different_plans(vendor: Vendor) {
    two_applies(vendor, [1, 3]);
}

/// What a run of a larger plan is making is not taken away by one of a smaller plan.
fn a_smaller_plan_beside_a_larger_one(vendor: Vendor) {
    let clouds = Clouds::new(Clock::Manual);
    let file = vendor.file();
    let begin = || clouds.run(&["apply", "--auto-approve", "--no-wait", &file]);
    let day = Duration::from_secs(24 * 3600);
    clouds.write(vendor, 1);
    for _ in 0..3 {
        begin();
        clouds.control().advance(day).unwrap();
    }
    clouds.is_whole(vendor, 1);
    clouds.write(vendor, 3);
    begin().exits(6);
    clouds.write(vendor, 1);
    let ran = clouds.apply(&[&file]).exits(3);
    ran.says("is not in the plan and is being made at this moment");
    assert_eq!(clouds.deletions().len(), 0);
    // What is there can go.
    clouds.control().advance(day).unwrap();
    begin().exits(6);
    clouds.control().advance(day).unwrap();
    for _ in 0..3 {
        begin();
        clouds.control().advance(day).unwrap();
    }
    clouds.is_whole(vendor, 1);
}

/// `adopt` and `release` hear a signal while each of their requests in turn waits for its answer.
fn an_adoption_that_is_stopped_at_each_request_is_taken_up(vendor: Vendor) {
    let clouds = at_once(vendor);
    let file = vendor.file();
    clouds.apply(&[&file]).exits(0);
    for verb in ["release", "adopt"] {
        let other = if verb == "adopt" { "release" } else { "adopt" };
        let run = [verb, &file, "--auto-approve"];
        let requests = clouds.asked(&run, 0).len();
        assert!(requests > REPLICAS + 1, "{requests}");
        for nth in 1..=requests {
            clouds.run(&[other, &file, "--auto-approve"]).exits(0);
            let before = clouds.control().request_count();
            let nth = u64::try_from(nth).unwrap();
            let hangs = Fault::new(FaultEffect::Hang).nth(nth);
            clouds.control().fault(hangs);
            let running = clouds.start(&run);
            wait_until("the request that hangs has come", || {
                clouds.control().request_count() >= before + nth
            });
            running.signal(Signal::INT);
            running.wait_within(SOON).exits(6).says("Stopped");
            assert_eq!(clouds.control().request_count(), before + nth);
            clouds.run(&run).exits(0);
        }
    }
    clouds.is_whole(vendor, REPLICAS);
}

on_each_cloud!(
    a_kill_after_each_change,
    the_answer_to_each_request_lost,
    the_answer_to_each_request_cut_off,
    throttling_at_each_request,
    a_password_is_changed_whenever_the_run_before_was_killed,
    a_database_is_made_whenever_the_run_before_was_killed,
    a_resize_and_a_destroy_are_killed_after_each_change,
    signals_at_random_moments,
    kills_at_random_moments,
    two_applies_of_one_plan,
    two_applies_of_different_plans,
    a_smaller_plan_beside_a_larger_one,
    an_adoption_that_is_stopped_at_each_request_is_taken_up,
);
