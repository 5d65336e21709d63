//! One run over a fleet on each simulated cloud, with random faults on all of them at once.

use pgfleet_simulator::{Clock, Fault, FaultEffect};
use pgfleet_tests::{Clouds, Random, Vendor, say, side_by_side, soak};

/// Runs after which a fleet that is still not whole never will be: every fault hits a request or
/// two, and every run gets past some of them.
const RUNS: usize = 8;

fn files() -> Vec<String> {
    Vendor::ALL.iter().map(|vendor| vendor.file()).collect()
}

fn clouds(replicas: usize, clock: Clock) -> Clouds {
    let clouds = Clouds::new(clock);
    for vendor in Vendor::ALL {
        clouds.write(vendor, replicas);
    }
    clouds
}

/// What can go wrong with a request in passing.
fn any_fault(random: &mut Random) -> Fault {
    let effect = match random.below(8) {
        0 | 1 => FaultEffect::Throttle,
        2 | 3 => FaultEffect::LoseAnswer,
        4 => FaultEffect::Reset,
        5 => FaultEffect::Truncate,
        6 => FaultEffect::Error {
            status: [500, 503][usize::from(random.below(2) == 1)],
            code: "InternalFailure".to_owned(),
            message: "Something is out of order for a while.".to_owned(),
        },
        _ => FaultEffect::Slow {
            milliseconds: random.below(300),
        },
    };
    Fault::new(effect)
        .nth(1 + random.below(40))
        .times(1 + random.below(2))
}

fn survives(seed: u64) {
    let mut random = Random::of(seed);
    let clock = match random.below(3) {
        0 => Clock::Scaled(2_000.0),
        _ => Clock::AtOnce,
    };
    let replicas = 1 + usize::from(random.below(2) == 1);
    let clouds = clouds(replicas, clock);
    for _ in 0..random.below(8) {
        clouds.control().fault(any_fault(&mut random));
    }
    let files = files();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    if random.below(2) == 1 {
        let killed = clouds.killed_after(1 + random.below(10), &files);
        say(&format!("killed: {}", killed.code));
    }
    let mut ran = clouds.apply(&files);
    for _ in 1..RUNS {
        if ran.code == 0 {
            break;
        }
        assert!([1, 5].contains(&ran.code), "PGFLEET_SEED={seed}\n{ran}");
        ran = clouds.apply(&files);
    }
    assert_eq!(ran.code, 0, "PGFLEET_SEED={seed} never converges\n{ran}");
    clouds.control().clear_faults();
    for vendor in Vendor::ALL {
        clouds.is_whole(vendor, replicas);
    }
    let deleted = clouds.deletions();
    assert!(deleted.is_empty(), "PGFLEET_SEED={seed}\n{deleted:?}");
}

/// What keeps one cloud from doing anything: each request, listings included, or the changes alone.
fn out_of_order(vendor: Vendor, changes_only: bool) -> Fault {
    let refused = FaultEffect::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "not you".to_owned(),
    };
    let action = match (vendor, changes_only) {
        (Vendor::Aws, true) => "CreateDBInstance",
        (Vendor::Aws, false) => "DescribeDBInstances",
        (Vendor::Azure, true) => "Servers_CreateOrUpdate",
        (Vendor::Azure, false) => "Servers_ListByResourceGroup",
        (Vendor::Gcp, true) => "instances.insert",
        (Vendor::Gcp, false) => "instances.list",
    };
    Fault::new(refused).on(action).times(0)
}

#[test]
fn a_cloud_that_fails_keeps_none_of_the_others_waiting() {
    let files = files();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    for (vendor, changes_only) in Vendor::ALL
        .into_iter()
        .flat_map(|v| [(v, true), (v, false)])
    {
        let clouds = clouds(1, Clock::AtOnce);
        clouds.control().fault(out_of_order(vendor, changes_only));
        let ran = clouds.apply(&files).exits(5);
        for other in Vendor::ALL {
            let ended = if other == vendor {
                "failed; nothing was changed in it"
            } else {
                "as planned: 2 instances"
            };
            ran.says(&format!("truck-{} {ended}", other.name()));
        }
        clouds.control().clear_faults();
        clouds.apply(&files).exits(0);
        for vendor in Vendor::ALL {
            clouds.is_whole(vendor, 1);
        }
    }
}

#[test]
fn random_faults_on_all_clouds_at_once_are_outlived() {
    if let Ok(seed) = std::env::var("PGFLEET_SEED") {
        return survives(seed.parse().unwrap());
    }
    let first = Random::seeded().below(u64::MAX - 10_000);
    let seeds = 50 * soak();
    side_by_side(seeds, |number| {
        let seed = first + u64::try_from(number).unwrap();
        say(&format!("PGFLEET_SEED={seed}"));
        survives(seed);
    });
}
